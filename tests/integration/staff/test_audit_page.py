"""The page of the audit: filters, names, pages by key, CSV."""

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from campaign.core import audit
from campaign.core.audit import AuditEntry
from campaign.directory import duplicate_entries, where_used
from campaign.models.bundle import Bundle, BundleKind, Journey
from campaign.models.campaign import Campaign
from campaign.models.directory import Post
from campaign.models.paper_signature import PaperSheet, SheetKind
from campaign.models.reply import Channel, Reply
from campaign.models.screening import Decision, ScreeningAct
from campaign.models.staff import Role, StaffUser
from campaign.staff.audit_log import find_entries, name_subjects
from campaign.staff.audit_log.find_entries import PER_PAGE, Filter
from tests.factories import (
    STAFF_PASSWORD,
    give_session,
    make_campaign,
    make_staff_user,
    make_target_mission,
    make_target_official,
    post,
    set_password,
    sign_in,
)

DOUBLED = "Embassy of the Double, Ottawa"
NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


@pytest.fixture
def admin(client: FlaskClient, app: Flask) -> StaffUser:
    return sign_in(client, app, Role.ADMIN, name="Ada Lovell", email="ada@example.org")


def _days(session: Session, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """An entry a day from 3 March 2026 on, by turns of two people."""
    for number in range(count):
        monkeypatch.setattr(audit, "utcnow", lambda at=number: NOON + timedelta(days=at))
        audit.record(session, f"staff:{number % 2 + 1}", "officials.edit", "official:x")


def words_of(answer: TestResponse) -> str:
    """Return the page without what keeps names apart in a right-to-left language."""
    return answer.text.replace("<bdi>", "").replace("</bdi>", "")


@pytest.mark.both_engines
def test_entries_are_found_by_who_what_about_and_when(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    _days(session, monkeypatch, 6)
    audit.record(session, "staff:1", "missions.edit", "mission:y")

    def list_ids(**chosen: object) -> list[int]:
        entries = find_entries.list_entries(session, Filter(**chosen), zone="UTC")  # type: ignore[arg-type]
        return [entry.id for entry in entries]

    first = list_ids()[-1]
    assert list_ids() == [first + number for number in range(6, -1, -1)]
    assert list_ids(actor="staff:2") == [first + 5, first + 3, first + 1]
    assert list_ids(action="missions.edit") == [first + 6]
    assert list_ids(actor="staff:2", action="missions.edit") == []
    assert list_ids(subjects=("mission:y", "mission:z")) == [first + 6]
    assert list_ids(subjects=()) == []
    third, fifth = (NOON + timedelta(days=2)).date(), (NOON + timedelta(days=4)).date()
    assert list_ids(since=third, until=fifth) == [first + 4, first + 3, first + 2]
    assert list_ids(since=(NOON + timedelta(days=90)).date()) == []
    assert list_ids(until=(NOON - timedelta(days=1)).date()) == []
    assert (
        find_entries.list_entries(
            session, Filter(since=third), zone="UTC", before=first + 3, limit=1
        )[0].id
        == first + 2
    )


def test_clocks_that_differ_do_not_turn_time_back(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in (NOON, NOON - timedelta(minutes=3)):
        monkeypatch.setattr(audit, "utcnow", lambda at=at: at)
        audit.record(session, "command", "officials.edit", "official:x")
    times = session.scalars(select(AuditEntry.at).order_by(AuditEntry.id)).all()
    assert times == [NOON, NOON]


@pytest.mark.both_engines
def test_each_filter_goes_by_an_index(session: Session) -> None:
    if session.get_bind().dialect.name != "sqlite":
        pytest.skip("PostgreSQL's planner reads an empty table as a whole")
    for clause in ("actor = 'a'", "action = 'a'", "actor = 'a' AND action = 'b'", "subject = 's'"):
        plan = session.connection().exec_driver_sql(
            f"EXPLAIN QUERY PLAN SELECT * FROM audit_entry WHERE {clause} ORDER BY id DESC LIMIT 50"
        )
        steps = " ".join(row[3] for row in plan)
        assert "USING INDEX" in steps, clause
        assert "TEMP B-TREE" not in steps, clause


def test_the_page_speaks_in_names_and_sentences(
    client: FlaskClient, admin: StaffUser, session: Session
) -> None:
    campaign = make_campaign(session)
    friend = make_staff_user(session, Role.ORGANIZER, name="Hana Ito", email="h@example.org")
    audit.record(session, f"staff:{admin.id}", "campaign.team-add", campaign, staff=friend.id)
    audit.record(session, "staff:987", "campaign.stopped", "campaign:654")
    session.commit()
    page = words_of(client.get("/desk/audit"))
    assert "Added someone to a campaign’s team" in page
    assert f'<a href="/desk/campaigns/{campaign.slug}">{campaign.reference}</a>' in page
    assert "person: Hana Ito" in page
    assert ">Someone who left</td>" in page
    sought = {"about": campaign.reference, "what": "campaign.team-add"}
    only = words_of(post(client, "/desk/audit", sought, follow_redirects=True))
    assert f'name="about" type="search" value="{campaign.reference}"' in only
    assert "Hana Ito" in only
    assert ">Someone who left</td>" not in only
    for query in ("subject=campaign:99", "since=2999-01-01", "who=staff:12345"):
        assert "No entries match your filters." in words_of(client.get(f"/desk/audit?{query}"))
    wrong = ("since=31-02-2026", "what=%27%3B--", "who=Hana", "before=abc", "before=" + "9" * 30)
    for query in wrong:
        assert "Ada Lovell" in words_of(client.get(f"/desk/audit?{query}"))


def test_a_day_that_is_none_is_said_and_stays(client: FlaskClient, admin: StaffUser) -> None:
    asked = {"since": "2026-02-31", "until": "abc"}
    for answer in (
        client.get("/desk/audit", query_string=asked),
        post(client, "/desk/audit", asked | {"what": "officials.edit"}),
    ):
        assert answer.status_code == 200
        assert "There is no 31 February 2026." in answer.text
        assert "Enter the date as year, month and day" in answer.text
        assert 'type="text" value="2026-02-31"' in answer.text
        assert 'type="text" value="abc"' in answer.text


@pytest.mark.both_engines
@pytest.mark.parametrize(
    ("query", "finds"),
    [
        ("until=9999-12-31", True),
        ("since=9999-12-31", False),
        ("since=0001-01-01", True),
        ("until=0001-01-01", False),
    ],
)
def test_the_first_and_the_last_of_all_days_are_days(
    client: FlaskClient, admin: StaffUser, session: Session, query: str, finds: bool
) -> None:
    audit.record(session, f"staff:{admin.id}", "officials.edit", "official:x")
    session.commit()
    answer = client.get(f"/desk/audit?{query}")
    assert answer.status_code == 200
    assert ("official:x<" in words_of(answer)) is finds


@pytest.mark.parametrize("name", ["Hana Ito", "h@example.org", "HANA ITO"])
def test_a_name_is_looked_up_and_goes_no_further(
    client: FlaskClient, admin: StaffUser, session: Session, name: str
) -> None:
    """Neither the address, which servers write down, nor the audit holds what was typed."""
    friend = make_staff_user(session, Role.ORGANIZER, name="Hana Ito", email="h@example.org")
    audit.record(session, "command", "accounts.role", f"staff:{friend.id}")
    audit.record(session, "command", "officials.edit", "official:x")
    session.commit()
    answer = post(client, "/desk/audit", {"about": name, "who": "command"})
    assert answer.location == f"/desk/audit?who=command&subject=staff:{friend.id}"
    page = words_of(client.get(answer.location))
    assert ">Hana Ito</td>" in page
    assert "official:x<" not in page
    assert 'value="Hana Ito"' in page
    post(client, "/desk/audit/entries.csv", {"subject": f"staff:{friend.id}", "about": name})
    assert _last_detail(session) == {"filter": {"subject": [f"staff:{friend.id}"]}}


@pytest.mark.parametrize("typed", ["Maria Xul", "maria:Xul", "staff:77"])
def test_what_nothing_is_called_is_kept_in_the_form_alone(
    client: FlaskClient, admin: StaffUser, session: Session, typed: str
) -> None:
    answer = post(client, "/desk/audit", {"about": typed})
    assert answer.status_code == 200
    assert "No entries match your filters." in answer.text
    assert f'value="{typed}"' in answer.text
    for fields in ({"about": typed}, {"subject": typed}, {"who": typed}, {"since": typed}):
        post(client, "/desk/audit/entries.csv", fields)
        assert "Xul" not in str(_last_detail(session))


def test_replies_sheets_and_other_campaigns_are_named_not_numbered(
    client: FlaskClient, admin: StaffUser, session: Session
) -> None:
    campaign, other = make_campaign(session), make_campaign(session)
    reply = Reply(
        campaign=campaign, received_on=date(2026, 11, 20), channel=Channel.LETTER, locale="es"
    )
    sheet = PaperSheet(
        campaign_id=campaign.id, kind=SheetKind.SHEET, collected_on=date(2026, 11, 1), country="CA"
    )
    session.add_all([reply, sheet])
    session.flush()
    by = f"staff:{admin.id}"
    say = partial(audit.record, session, by)
    say("reply.log", f"reply:{reply.id}", campaign=campaign.id)
    say("paper.sheet-add", f"paper-sheet:{sheet.id}", campaign=campaign.id)
    say("campaign.clone", f"campaign:{campaign.id}", other=other.id)
    say("letter.approved", "screening-act:7", campaigns=[campaign.id, other.id])
    say("reply.log", "reply:987654", known=True, channel="meeting")
    say("campaign.edit", f"campaign:{campaign.id}", fields=["act_by", "new_one"])
    say("campaign.open", f"campaign:{campaign.id}", before="scheduled")
    say("campaign.screening", f"campaign:{campaign.id}", held=["insult"])
    session.commit()
    page = words_of(client.get("/desk/audit"))
    assert f'/desk/replies/{reply.public_id}">{campaign.reference}, reply of ' in page
    assert f'/desk/paper/{sheet.public_id}/about">{campaign.reference}, sheet ' in page
    assert f"other: {other.reference}" in page
    assert f"campaigns: {campaign.reference}, {other.reference}" in page
    assert "Decision 7" in page
    assert "sender known: yes" in page
    assert "received by: Meeting" in page
    assert "fields: Deadline, new_one" in page
    assert "before: Scheduled" in page
    assert "reviewed instead of refused: An insult" in page


def test_a_campaign_stands_for_all_that_belongs_to_it(
    client: FlaskClient, admin: StaffUser, session: Session
) -> None:
    campaign, other = make_campaign(session, reference="UA 58/20"), make_campaign(session)
    reply = Reply(
        campaign=campaign, received_on=date(2026, 11, 20), channel=Channel.LETTER, locale="es"
    )
    bundles = [_bundle(campaign, 1), _bundle(other, 1)]
    session.add_all([reply, *bundles])
    session.flush()
    say = partial(audit.record, session, "command")
    say("bundle.freeze", f"bundle:{bundles[0].id}")
    say("bundle.freeze", f"bundle:{bundles[1].id}")
    say("reply.log", f"reply:{reply.id}", campaign=campaign.id)
    say("reply.log", "reply:987", campaign=campaign.id)
    say("reply.delete", "reply:987", campaign=campaign.id)
    say("letter.decision-undone", "screening-act:7", campaigns=[3, campaign.id])
    say("letter.decision-undone", "screening-act:8", campaigns=[campaign.id + 40])
    say("campaign.clone", f"campaign:{other.id}", other=campaign.id)
    say("campaign.clone", f"campaign:{other.id}", other=campaign.id + 40)
    session.commit()

    def list_found(**chosen: object) -> list[tuple[str, str]]:
        chosen = {"subjects": (f"campaign:{campaign.id}",)} | chosen
        entries = find_entries.list_entries(session, Filter(**chosen), zone="UTC")  # type: ignore[arg-type]
        return [(entry.action, entry.subject) for entry in entries]

    assert list_found() == [
        ("campaign.clone", f"campaign:{other.id}"),
        ("letter.decision-undone", "screening-act:7"),
        ("reply.delete", "reply:987"),
        ("reply.log", "reply:987"),
        ("reply.log", f"reply:{reply.id}"),
        ("bundle.freeze", f"bundle:{bundles[0].id}"),
    ]
    assert list_found(action="bundle.freeze") == [("bundle.freeze", f"bundle:{bundles[0].id}")]
    page = words_of(post(client, "/desk/audit", {"about": "ua 58/20"}, follow_redirects=True))
    assert page.count("UA 58/20 · 001") == 1
    assert 'type="search" value="UA 58/20"' in page


@pytest.mark.both_engines
@pytest.mark.parametrize(
    "typed",
    [
        "UA 58/20 · 001",
        "UA 58/20, reply of 20 November 2026",
        "Decision 7: Approved",
        "Decision 7",
        "Ana Prueba",
        "Embassy of the Republic, Ottawa",
    ],
)
def test_what_is_typed_as_the_column_shows_it_is_found(
    client: FlaskClient, admin: StaffUser, session: Session, typed: str
) -> None:
    campaign = make_campaign(session, reference="UA 58/20")
    official = campaign.targets[0].official
    official.name, mission = "Ana Prueba", campaign.targets[0].mission
    assert mission is not None
    reply = Reply(
        campaign=campaign, received_on=date(2026, 11, 20), channel=Channel.LETTER, locale="es"
    )
    act = ScreeningAct(id=7, staff_id=admin.id, decision=Decision.APPROVED, letters=1)
    bundle = _bundle(campaign, 1)
    session.add_all([reply, act, bundle, _bundle(campaign, 2)])
    session.flush()
    for kind, key in (
        ("bundle", bundle.id),
        ("bundle", bundle.id + 1),
        ("reply", reply.id),
        ("screening-act", 7),
        ("official", official.public_id),
        ("mission", mission.public_id),
    ):
        audit.record(session, "command", "officials.edit", f"{kind}:{key}")
    session.commit()
    page = words_of(post(client, "/desk/audit", {"about": typed}, follow_redirects=True))
    assert page.count(">Changed an official</td>") == 1
    of_decision = ": Approved" if typed == "Decision 7" else ""
    assert f">{typed}{of_decision}<" in page
    assert f'type="search" value="{typed}{of_decision}"' in page


def _bundle(campaign: Campaign, sequence: int) -> Bundle:
    return Bundle(
        campaign_id=campaign.id,
        mission_id=campaign.targets[0].mission_id,
        sequence=sequence,
        kind=BundleKind.FIRST,
        frozen={},
        letter_count=0,
    )


@pytest.mark.both_engines
def test_pages_follow_each_other_without_a_gap(
    client: FlaskClient, admin: StaffUser, session: Session
) -> None:
    for number in range(PER_PAGE + 3):
        audit.record(session, "command", "officials.edit", f"official:n{number}")
    session.commit()
    page = words_of(client.get("/desk/audit?who=command"))
    older = page.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    second = client.get(older).text
    assert all(f"official:n{number}<" in page for number in range(3, PER_PAGE + 3))
    assert all(f"official:n{number}<" in second for number in range(3))
    assert "official:n3<" not in second
    assert 'rel="next"' not in second


@pytest.mark.both_engines
def test_the_filter_downloads_as_csv_that_starts_no_formula_and_leaves_an_entry(
    client: FlaskClient, admin: StaffUser, session: Session
) -> None:
    evil = make_staff_user(session, Role.STAFF, name="=HYPERLINK(1)", email="e@example.org")
    audit.record(session, f"staff:{evil.id}", "bundle.download", "bundle:1")
    session.commit()
    answer = post(client, "/desk/audit/entries.csv", {"what": "bundle.download"})
    assert answer.headers["Content-Disposition"] == 'attachment; filename="audit.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [(row["who"], row["action"], row["subject"]) for row in rows] == [
        ("'=HYPERLINK(1)", "bundle.download", "bundle:1")
    ]
    assert _last_detail(session) == {"filter": {"what": "bundle.download"}}


def test_the_filter_stays_while_the_download_asks_who_it_is(
    client: FlaskClient, admin: StaffUser, session: Session
) -> None:
    me = session.get_one(StaffUser, admin.id)
    set_password(session, me)
    session.commit()
    give_session(client, me.fs_uniquifier, proved_ago=16 * 60)
    answer = {"what": "bundle.download", "proof": STAFF_PASSWORD, "again": "1"}
    page = post(client, "/desk/audit/entries.csv", answer).text
    assert re.search(r'<option value="bundle.download" selected', page)


def _last_detail(session: Session) -> dict[str, object]:
    """Of the newest entry, which is a download of the audit."""
    session.rollback()
    last = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert last is not None
    assert last.action == "audit.export"
    return last.detail


def test_only_admins_find_it(client: FlaskClient, app: Flask) -> None:
    sign_in(client, app, Role.STAFF)
    assert client.get("/desk/audit").status_code == 404
    assert post(client, "/desk/audit/entries.csv").status_code == 404


def test_officials_and_people_are_named_not_numbered(
    client: FlaskClient, admin: StaffUser, session: Session
) -> None:
    campaign, other = make_campaign(session), make_staff_user(session, name="Olivia Roy")
    session.flush()
    official = campaign.targets[0].official
    subject, who = f"campaign:{campaign.id}", f"staff:{admin.id}"
    audit.record(session, who, "campaign.targets", subject, officials=[official.id])
    audit.record(session, who, "campaign.successor", subject, before=official.id, after=0)
    audit.record(session, who, "campaign.hand-over", subject, before=other.id)
    session.commit()
    page = words_of(client.get("/desk/audit"))
    for words in (f"officials: {official.name}", f"before: {official.name}", "before: Olivia Roy"):
        assert words in re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))


def test_an_entry_of_the_directory_that_is_merged_away_or_deleted_keeps_its_name(
    client: FlaskClient, admin: StaffUser, session: Session
) -> None:
    kept, gone = make_target_official(1), make_target_official(2, slug="ana", name="Ana Prueba")
    deleted, mission = make_target_official(3, slug="no-name", name=""), make_target_mission(1)
    doubled = make_target_mission(2, slug="doubled", name={"en": "Embassy of the Double"})
    session.add_all([kept, gone, deleted, mission, doubled])
    session.flush()
    gone_id, who = gone.public_id, f"staff:{admin.id}"
    audit.record(session, who, "officials.create", f"official:{gone_id}")
    session.commit()
    for directory, first, second in (
        ("officials", kept.slug, "ana"),
        ("missions", mission.slug, "doubled"),
    ):
        merged = {"first": first, "second": second}
        assert post(client, f"/desk/{directory}/merge", merged).status_code == 303
    post(client, "/desk/officials/no-name/delete")
    pages = {
        typed: _show_words(post(client, "/desk/audit", {"about": typed}, follow_redirects=True))
        for typed in ("Ana Prueba", f"official:{gone_id}", "Governor of Altamar", DOUBLED)
    }
    assert "merged entry: Ana Prueba" in pages["Ana Prueba"]
    assert "Added an official Ana Prueba" in pages["Ana Prueba"]
    assert pages["Ana Prueba"] == pages[f"official:{gone_id}"]
    assert f"merged entry: {DOUBLED}" not in pages["Ana Prueba"]
    assert f"merged entry: {DOUBLED}" in pages[DOUBLED]
    office = "Governor of Altamar"  # of one without a name
    assert f"Deleted an official {office}" in pages[office]
    assert all(gone_id not in page for page in pages.values())


def test_a_merge_of_before_says_the_id_it_kept(
    client: FlaskClient, admin: StaffUser, session: Session
) -> None:
    audit.record(session, f"staff:{admin.id}", "officials.merge", "official:x", gone="yZsQ")
    session.commit()
    assert "merged entry: yZsQ" in _show_words(client.get("/desk/audit?subject=official:yZsQ"))


@pytest.mark.both_engines
def test_two_who_are_called_alike_are_found_and_shown_by_that_name(
    client: FlaskClient, admin: StaffUser, session: Session
) -> None:
    first = make_target_official(1, name="Ana Prueba")
    second = make_target_official(2, slug="ana", name="Ana Prueba")
    session.add_all([first, second])
    session.flush()
    duplicate_entries.tell_apart(session, first=first, second=second, actor=f"staff:{admin.id}")
    audit.record(session, "command", "officials.edit", f"official:{first.public_id}")
    audit.record(session, "command", "officials.edit", f"official:{second.public_id}")
    session.commit()
    answer = post(client, "/desk/audit", {"about": "Ana Prueba"}, follow_redirects=True)
    assert 'type="search" value="Ana Prueba"' in answer.text
    assert "are not the same Ana Prueba other: Ana Prueba" in _show_words(answer)


def _show_words(answer: TestResponse) -> str:
    """Return the table of a page, without its tags."""
    table = words_of(answer).partition("<tbody>")[2].partition("</tbody>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", table))


def test_what_is_about_no_row_has_words_and_is_found_by_them(
    client: FlaskClient, admin: StaffUser, session: Session
) -> None:
    audit.record(session, f"staff:{admin.id}", "api.people", "network")
    audit.record(session, "command", "audit.backup", "instance")
    audit.record(session, f"staff:{admin.id}", "crm.import-check", "contact-import:4", faults=6)
    session.commit()
    page = _show_words(client.get("/desk/audit"))
    assert "Read people who agreed to our emails Urgent action network" in page
    assert "Made a backup This site" in page
    assert "rows with errors: 6" in page
    about = {"about": "urgent action network"}
    answer = post(client, "/desk/audit", about, follow_redirects=True)
    assert 'type="search" value="Urgent action network"' in answer.text
    assert "This site" not in _show_words(answer)


@pytest.mark.both_engines
def test_a_successor_is_told_of_by_the_name_of_who_was_before(
    client: FlaskClient, admin: StaffUser, session: Session
) -> None:
    before = make_target_official(1, name="Ana Prueba")
    session.add(before)
    session.flush()
    replaced = {"predecessor": before.public_id}
    audit.record(session, f"staff:{admin.id}", "officials.take-over", "official:x", **replaced)
    session.commit()
    assert "replaces: Ana Prueba" in _show_words(client.get("/desk/audit"))


def test_an_official_without_a_name_is_called_and_found_by_the_office(
    client: FlaskClient, admin: StaffUser, session: Session
) -> None:
    governor = make_target_official(1, name="")
    governor.slug = "governor-yucatan"
    governor.office = {"en": "Governor of Yucatán", "fr": "Gouverneur du Yucatán"}
    session.add(governor)
    session.flush()
    subject = f"official:{governor.public_id}"
    audit.record(session, f"staff:{admin.id}", "campaign.targets", subject, officials=[governor.id])
    session.commit()
    page = _show_words(client.get("/desk/audit"))
    assert "officials: Governor of Yucatán" in page
    assert "governor-yucatan" not in page
    for typed in ("Governor of Yucatán", "governor-yucatan"):
        assert name_subjects.find_subjects(session, typed) == (subject,)
    assert 'value="Governor of Yucatán"' in client.get(f"/desk/audit?subject={subject}").text
    where_used.record_change(
        session, governor, "delete", "command", gone_name=where_used.get_gone_name(governor)
    )
    [gone] = session.scalars(select(AuditEntry).where(AuditEntry.action == "officials.delete"))
    assert gone.detail["gone_name"] == "Governor of Yucatán"


@pytest.mark.parametrize(
    ("language", "name"),
    [
        ("en", "Embassy of the Republic, Ottawa"),
        ("fr", "Ambassade de la République, Ottawa"),
        ("ar", "Embassy of the Republic، Ottawa"),
    ],
)
def test_a_mission_and_a_journey_to_it_are_called_by_its_name(
    client: FlaskClient, admin: StaffUser, session: Session, language: str, name: str
) -> None:
    mission, unnamed = make_target_mission(1), make_target_mission(2, name={})
    session.add_all([mission, unnamed])
    session.flush()
    journeys = [Journey(mission_id=mission.id), Journey()]
    session.add_all(journeys)
    session.flush()
    say = partial(audit.record, session, "command")
    for entry in (mission, unnamed):
        say("missions.edit", f"mission:{entry.public_id}", fields=["address", "door_notes"])
    for journey in journeys:
        say("bundle.freeze-together", f"journey:{journey.id}", bundles=2)
    session.get_one(StaffUser, admin.id).locale = language
    session.commit()
    page = _show_words(client.get("/desk/audit"))
    assert page.count(name) == 2
    assert "embassy-1" not in page
    assert "embassy-2" in page
    if language == "en":
        assert "By post bundles: 2" in page
        assert "fields: Full address, Access notes" in page


def test_details_say_in_words_what_the_program_keeps_as_slugs_codes_and_days(
    client: FlaskClient, admin: StaffUser, session: Session
) -> None:
    campaign, official = make_campaign(session), make_target_official(7, name="Ana Prueba")
    office = Post(country="MX", key="governor", label={"en": "Governor", "fr": "Gouverneure"})
    bundle = _bundle(campaign, 4)
    session.add_all([official, office, bundle])
    session.flush()
    kept = {"post": office.public_id, "on": "2026-12-01", "predecessor": official.public_id}
    looked = {"who": f"staff:{admin.id}", "what": "campaign.edit", "since": "2026-03-01"}
    details: list[tuple[str, dict[str, Any], str]] = [
        ("officials.take-over", kept, "office: Governor day: 1 December 2026 replaces: Ana Prueba"),
        ("officials.posts", {"posts": [office.public_id]}, "offices: Governor"),
        ("officials.posts", {"posts": [3, 4]}, "Changed an official’s offices UA"),
        ("export.ask", {"columns": "plain"}, "columns: All columns, with our own names"),
        ("campaign.reason", {"languages": ["en", "es"]}, "languages: English, Spanish"),
        ("campaign.letter", {"locale": "fr"}, "language: French"),
        ("letter.rejected", {"letters": ["xrcWcf", "yZsQab"]}, "letters: 2"),
        (
            "audit.export",
            {"filter": looked},
            "Ada Lovell, Changed a campaign’s facts, From 1 March",
        ),
        ("crm.import-check", {"taken": 12}, "rows that can be imported: 12"),
        ("officials.merge", {"taken": ["address"]}, "copied: Full address"),
        ("accounts.role", {"before": "staff", "after": "admin"}, "before: Staff after: Admin"),
        ("delivery.remove", {"bundle": bundle.id}, f"bundle: {campaign.reference} · 004"),
        (
            "bundle.ready",
            {"sha256": "ab12", "check_code": "C0DE"},
            "checksum: ab12 check code: C0DE",
        ),
        ("campaign.opening-missed", {"harm_stops": [campaign.slug]}, f"harm: {campaign.reference}"),
        ("campaign.extend", {"before": "2026-12-01"}, "before: 1 December 2026"),
        ("campaign.opening-missed", {"gaps": ["no-target", "embargo"]}, "missing: An official to"),
        ("bundle.failed", {"reason": "nothing-printed"}, "reason: Nothing could be printed"),
        ("bundle.release", {"failure": "no-room"}, "failure: The disk is full"),
        ("audit.restore", {"anchor": "fits"}, "audit log anchor: Confirmed"),
        ("bundle.ready", {"printed": 2, "set_aside": 1}, "printed: 2 not printed: 1"),
        ("officials.import", {"left": 0}, "unchanged or not added: 0"),
        ("delivery.remove", {"notice": 76543}, "Deleted the record of a delivery"),
        ("campaign.picture", {"picture": "pic-key"}, "Changed a campaign’s picture"),
        ("delivery.correct", {"happened_time_before": "14:30:00"}, "earlier time: 14:30"),
        ("campaign.review", {"before": "scheduled"}, "Sent a campaign for approval"),
    ]
    for action, detail, _words in details:
        audit.record(session, "command", action, f"campaign:{campaign.id}", **detail)
    session.commit()
    page = _show_words(client.get("/desk/audit"))
    for _action, _detail, words in details:
        assert words in page
    for unsaid in ("xrcWcf", "76543", "pic-key"):
        assert unsaid not in page


def test_only_our_own_words_for_who_acted_begin_with_a_capital(
    client: FlaskClient, admin: StaffUser, session: Session
) -> None:
    nameless = make_staff_user(session, Role.STAFF, name="", email="olga@voix.example.org")
    for actor in (f"staff:{nameless.id}", "command", "job:mail.send"):
        audit.record(session, actor, "audit.backup", "instance")
    session.commit()
    page = words_of(client.get("/desk/audit"))
    for who in ("olga@voix.example.org", "The command line", "The system"):
        assert f'data-label="Who">{who}</td>' in page
