"""Letters that go by post to an official's own address: frozen, posted, followed; no mission."""

import json
import re
from datetime import time, timedelta
from html import unescape
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import force_locale
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from campaign.bundles import file_names
from campaign.bundles.changes import cancel_bundle
from campaign.bundles.destinations import find_destination, slug_of
from campaign.bundles.documents.cover_letter import Covered, cover_context
from campaign.bundles.documents.cover_texts import language_of
from campaign.bundles.documents.verify import verify_copy
from campaign.bundles.freeze import freeze_bundle, waiting_counts
from campaign.bundles.freeze.bundle_facts import facts_of
from campaign.bundles.freeze.choices import BundleChoice
from campaign.bundles.freeze.eligible import list_offers
from campaign.bundles.freeze.freeze_bundle import freeze as freeze_destination
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.commands.print_bundle import bundle as command
from campaign.core import audit, db, jobs
from campaign.core.clock import today
from campaign.core.errors import Invalid, NotFound, Refused
from campaign.core.settings import Settings
from campaign.dashboard import count_figures, statistics_page
from campaign.deliveries import visits
from campaign.deliveries.envelopes import mark_posted, reroute_bundle, split_bundle
from campaign.deliveries.envelopes.reroute_bundle import find_postal_official
from campaign.deliveries.remaining_letters import count_left
from campaign.directory.duplicate_entries import merge
from campaign.mail.messages import OutboxMail
from campaign.mail.sender import render
from campaign.models.bundle import Bundle, BundleKind, BundleState, DeliveryOutcome
from campaign.models.campaign import Campaign, CampaignStatus, Target, TargetKind
from campaign.models.delivery import EnvelopeRun, GateVisit, RunState
from campaign.models.directory import Official
from campaign.models.notice import Notice
from campaign.models.signature import Letter, Origin, Signature, SignatureState
from campaign.models.staff import Role
from campaign.signing.mails import LettersWaiting
from campaign.signing.reminders import remind_one
from campaign.staff.audit_log.describe_entries import describe_entries
from campaign.storage import storage
from campaign.tracking.letter_trips import list_trips
from campaign.tracking.timeline import marks_of
from tests.factories import (
    add_confirmed,
    make_campaign,
    make_staff_user,
    make_target_mission,
    make_target_official,
    post,
    sign_in,
)
from tests.integration.bundles.conftest import Freeze, Print, reload
from tests.integration.bundles.test_changes import take_back
from tests.integration.bundles.test_cover_texts import text_of
from tests.integration.bundles.test_print import contents, zip_of
from tests.integration.deliveries.conftest import Record, form
from tests.integration.deliveries.test_envelopes import after, posting
from tests.integration.signing.conftest import FORM

LINES = (
    "Ines Quintero Vidal", "Governor of Altamar", "Plaza Principal 1", "97000 Altamar", "MEXICO",
)  # fmt: skip


@pytest.fixture
def campaign(session: Session) -> Campaign:
    """An open campaign that writes to an official of another country by post, committed."""
    open_campaign = make_campaign(
        session, targets=[Target(official=make_target_official(), kind=TargetKind.TO, position=0)]
    )
    session.commit()
    return open_campaign


def official_of(campaign: Campaign) -> Official:
    return campaign.targets[0].official


def test_a_bundle_by_post_has_the_official_s_address_and_the_organisation_s_paper(
    bundle: Bundle,
) -> None:
    frozen = Frozen.from_json(bundle.frozen)
    assert (bundle.mission_id, bundle.official) == (None, bundle.campaign.targets[0].official)
    assert frozen.by_post
    assert frozen.mission.lines == LINES
    assert [target.addressing["en"].lines for target in frozen.targets.values()] == [LINES]
    assert (frozen.layout, frozen.mission.host_country) == ("us-10", "CA")
    assert file_names.zip_name(bundle) == "UA-1-26_by-post-governor-1_001"


def test_numbers_of_bundles_by_post_go_on_and_do_not_meet_those_of_a_mission(
    session: Session, settings: Settings, campaign: Campaign, bundle: Bundle, freeze: Freeze
) -> None:
    add_confirmed(session, campaign, 2)
    session.commit()
    second = reload(session, freeze(campaign.id))
    assert (second.sequence, second.kind) == (2, BundleKind.SUPPLEMENTARY)
    official, mission = official_of(campaign), make_target_mission(5)
    campaign.targets[0].mission = mission
    add_confirmed(session, campaign, 1)
    session.flush()
    third = freeze_destination(
        session, campaign=campaign, mission=mission, settings=settings, locale="en", actor="test"
    )
    assert (third.sequence, third.kind, third.letter_count) == (1, BundleKind.FIRST, 1)
    ids = {letter.bundle_id for letter in session.scalars(select(Letter))}
    assert ids == {bundle.id, second.id, third.id}
    assert freeze_bundle.next_number(session, campaign, official) == 8
    assert freeze_bundle.next_number(session, campaign, mission) == 2


@pytest.mark.both_engines
@pytest.mark.parametrize(
    "wrong", [{"mission_id": 1}, {"official_id": None}], ids=["two destinations", "none"]
)
def test_the_database_lets_a_bundle_have_one_destination(
    session: Session, bundle: Bundle, wrong: dict[str, int | None]
) -> None:
    session.add(make_target_mission(6, id=1))
    session.flush()
    with pytest.raises(IntegrityError, match="one_destination"):
        session.execute(update(Bundle).where(Bundle.id == bundle.id).values(wrong))


@pytest.mark.both_engines
def test_the_database_lets_no_two_bundles_by_post_have_one_number(
    session: Session, bundle: Bundle
) -> None:
    twin = freeze_bundle.new_bundle(session, bundle.campaign, bundle.destination, "test")
    with pytest.raises(IntegrityError):
        session.execute(update(Bundle).where(Bundle.id == twin.id).values(sequence=1))


def test_nothing_is_frozen_for_an_official_without_a_street(
    session: Session, campaign: Campaign, freeze: Freeze
) -> None:
    add_confirmed(session, campaign, 1)
    official_of(campaign).address = []
    session.commit()
    with pytest.raises(Refused) as refused:
        freeze(campaign.id)
    assert refused.value.slug == "address-missing"


def test_what_waits_by_post_is_listed_with_the_sheets_and_not_for_those_who_get_a_copy(
    session: Session, campaign: Campaign
) -> None:
    campaign.targets.append(
        Target(official=make_target_official(8), kind=TargetKind.COPY, position=1)
    )
    (person,) = add_confirmed(session, campaign, 1)
    person.origin, person.letters = Origin.PAPER, []
    session.commit()
    ((where, (sheets,)),) = waiting_counts.list_by_mission(session)
    assert (slug_of(where), sheets.on_paper) == ("post:governor-1", 1)
    add_confirmed(session, campaign, 3)
    session.commit()
    ((_where, (waiting,)),) = waiting_counts.list_by_mission(session)
    assert (waiting.letters, waiting.mission) == (3, official_of(campaign))
    (offer,) = list_offers(session, official_of(campaign))
    assert (offer.letters, offer.on_paper) == (3, 1)


@pytest.mark.both_engines
def test_post_alone_names_the_only_official_and_asks_where_there_are_several(
    session: Session, campaign: Campaign
) -> None:
    assert find_destination(session, "post", campaign) is official_of(campaign)
    assert find_destination(session, "post:governor-1") is official_of(campaign)
    campaign.targets.append(Target(official=make_target_official(8), position=1))
    session.flush()
    with pytest.raises(Refused) as refused:
        find_destination(session, "post", campaign)
    assert refused.value.data["destinations"] == "post:governor-1, post:governor-8"
    with pytest.raises(NotFound):
        find_destination(session, "post:nobody")


@pytest.mark.parametrize(("letters", "cards"), [(1, False), (7, False), (7, True), (0, False)])
def test_the_cover_letter_greets_the_official_and_asks_nobody_to_pass_anything_on(
    session: Session, settings: Settings, campaign: Campaign, letters: int, *, cards: bool
) -> None:
    choice = BundleChoice(format="card" if cards else "letter")
    target = campaign.targets[0]
    frozen = facts_of(
        campaign,
        official_of(campaign),
        pairs={(target.id, "en")} if letters else (),
        at=db.utcnow(),
        settings=settings,
        locale="en",
        choice=choice,
    )
    with force_locale("en"):
        cover = cover_context(frozen, None, Covered({target.id: letters}, 2, "https://gate"))
    words = " ".join((*cover.paragraphs, *cover.closing))
    assert cover.addressee_lines == LINES
    assert cover.salutation == ("Dear Governor," if letters else "Ines Quintero Vidal:")
    assert ("card" in cover.paragraphs[0]) is cards
    assert "pass" not in words
    assert cover.counts == ()
    assert language_of(official_of(campaign), ["en", "fr", "es"]) == "es"
    official_of(campaign).salutation = {"fr": "Monsieur le Gouverneur,"}
    assert language_of(official_of(campaign), ["en", "fr", "es"]) == "fr"


def test_the_whole_is_noted_as_posted_and_its_writers_follow_it(
    app: Flask, staff: FlaskClient, session: Session, bundle: Bundle
) -> None:
    assert "7 letters to post" in staff.get("/desk/today").text
    page = staff.get(f"/desk/bundles/{bundle.public_id}/deliver").text
    assert 'value="posted"' in page
    assert 'value="refused"' not in page
    assert "By post to Ines Quintero Vidal" in page
    signature = session.scalars(select(Signature)).first()
    assert signature is not None
    signature.consent_updates_at = db.utcnow()
    session.commit()
    with app.test_request_context("/en/"):
        ahead = [
            mark.title
            for mark in marks_of(session, signature, list_trips(session, signature))
            if mark.state == "ahead"
        ]
    assert "Posted to: Ines Quintero Vidal" in ahead
    assert "Delivered" not in ahead
    sent = post(
        staff,
        f"/desk/bundles/{bundle.public_id}/deliver",
        {
            "key": db.new_public_id(),
            "outcome": "posted",
            "happened_on": today("America/Toronto").isoformat(),
            "happened_time": "00:00",
        },
    )
    assert sent.status_code == 303, sent.text
    shown = staff.get(sent.location).text
    assert re.search(r"\b00:00", shown)
    assert "local time" not in shown
    session.rollback()
    visit = session.scalars(select(GateVisit)).one()
    assert (visit.mission_id, visit.destination) == (None, bundle.official)
    with app.test_request_context("/en/"):
        marks = {
            mark.title: mark.state
            for mark in marks_of(session, signature, list_trips(session, signature))
        }
    assert marks["Posted to: Ines Quintero Vidal"] == "done"
    assert "By post to Ines Quintero Vidal" in staff.get(f"/desk/deliveries/{visit.public_id}").text
    assert "By post to Ines Quintero Vidal" in staff.get("/desk/deliveries/").text
    assert "to post" not in staff.get("/desk/today").text


def test_the_mail_says_that_it_was_sent_by_post_to_the_official(
    app: Flask, session: Session, settings: Settings, bundle: Bundle, record: Record
) -> None:
    signature = session.scalars(select(Signature).order_by(Signature.id)).first()
    assert signature is not None
    signature.consent_updates_at = db.utcnow()
    session.commit()
    record(bundle, DeliveryOutcome.POSTED)
    session.rollback()
    with app.app_context():
        jobs.run_now("following.find-news")
        for notice_id in session.scalars(select(Notice.id)).all():
            session.rollback()
            jobs.run_now("following.tell", notice_id)
    session.rollback()
    mail = session.scalars(select(OutboxMail)).one()
    with app.app_context():
        words = render(mail, settings).get_body(("plain",))
    assert words is not None
    plain = " ".join(words.get_content().split())
    assert "It is addressed to: Ines Quintero Vidal, Governor of Altamar." in plain


def test_the_mail_of_a_stop_says_that_the_bundle_goes_by_post(
    app: Flask, session: Session, settings: Settings, bundle: Bundle
) -> None:
    make_staff_user(session, Role.STAFF, email="staff@example.org")
    bundle.campaign.status, bundle.campaign.stopped_at = CampaignStatus.STOPPED, db.utcnow()
    session.commit()
    jobs.run_now("deliveries.find-stops")
    session.rollback()
    mail = session.scalars(select(OutboxMail)).one()
    with app.app_context():
        words = render(mail, settings).get_body(("plain",))
    assert words is not None
    assert "001, by post to Ines Quintero Vidal, Governor of Altamar" in words.get_content()


@pytest.mark.both_engines
def test_envelopes_by_post_are_weighed_and_posted_one_by_one(
    app: Flask, session: Session, staff: FlaskClient, bundle: Bundle
) -> None:
    with app.app_context(), db.transaction() as own:
        run_id = split_bundle.split_bundle(
            own, own.get_one(Bundle, bundle.id), letters_each=5, with_letters=True, actor="test"
        ).id
    session.rollback()
    run = session.get_one(EnvelopeRun, run_id)
    weights = mark_posted.weigh_envelopes(session, run, run.envelopes, "en")
    assert {key: (weight.sheets, weight.words) for key, weight in weights.items()} == {
        1: (6, "30 g"),
        2: (3, "15 g"),
    }
    assert "Check the rate" in staff.get(f"/desk/bundles/{bundle.public_id}/after").text
    with app.app_context(), db.transaction() as own:
        day = today("America/Toronto")
        attempt = mark_posted.post_envelopes(
            own,
            own.get_one(EnvelopeRun, run_id),
            mark_posted.Posting(1, 1, day),
            key=db.new_public_id(),
            actor="test",
        )
        assert (attempt.messages, attempt.mission_id) == (5, None)
    session.rollback()
    session.expire_all()
    assert set(mark_posted.weigh_envelopes(session, run, run.envelopes, "en")) == {2}


def test_an_envelope_counts_and_names_no_sheet_that_was_removed_by_hand(
    app: Flask, session: Session, staff: FlaskClient, bundle: Bundle
) -> None:
    def count() -> tuple[dict[int, int], list[int]]:
        session.rollback()
        session.expire_all()
        run = session.get_one(EnvelopeRun, run_id)
        here = count_left(session, run.bundle)
        lines = mark_posted.list_ways(session, run, here=here).lines
        letters = mark_posted.list_letters(session, run, run.envelopes)
        counts = mark_posted.count_letters(run.envelopes, letters)
        return counts, [line.letters for line in lines]

    def rows() -> list[tuple[str, str]]:
        page = staff.get(f"/desk/bundles/{bundle.public_id}/after").text
        return re.findall(r'<td>(0000[^<]*)</td>\s*<td class="num">(\d)</td>', page)

    def withdraw(number: int) -> None:
        signatures = select(Letter.signature_id).where(Letter.sequence == number)
        session.execute(
            update(Signature)
            .where(Signature.id.in_(signatures))
            .values(state=SignatureState.WITHDRAWN, withdrawn_at=db.utcnow())
        )
        session.commit()

    with app.app_context(), db.transaction() as own:
        run_id = split_bundle.split_bundle(
            own, own.get_one(Bundle, bundle.id), letters_each=5, with_letters=True, actor="test"
        ).id
    assert count() == ({1: 5, 2: 2}, [7])
    withdraw(2)
    assert count() == ({1: 4, 2: 2}, [6])
    assert rows()[0] == ("00001, 00003 to 00005", "4")
    with app.app_context(), db.transaction() as own:
        mark_posted.post_envelopes(
            own,
            own.get_one(EnvelopeRun, run_id),
            mark_posted.Posting(1, 1, today("America/Toronto"), withdrawn_in=False),
            key=db.new_public_id(),
            actor="test",
        )
    assert count() == ({1: 4, 2: 2}, [4, 2])
    # As its address sheet names them: 00002 is in it no more.
    assert rows() == [("00001, 00003 to 00005", "4"), ("00006 to 00007", "2")]
    withdraw(7)
    assert rows() == [("00001, 00003 to 00005", "4"), ("00006", "1")]


def test_no_page_about_posting_speaks_of_a_mission(
    app: Flask, session: Session, staff: FlaskClient, bundle: Bundle, record: Record
) -> None:
    tomorrow = (today("America/Toronto") + timedelta(days=1)).isoformat()
    not_yet = "This day has not come yet (Toronto time). Check the date."
    gate = f"/desk/bundles/{bundle.public_id}/deliver"
    page = staff.get(gate).text
    assert f'data-future="{not_yet}"' in page
    answer = post(staff, gate, form(outcome="posted", happened_on=tomorrow))
    assert not_yet in answer.text
    assert "mission" not in answer.text.split("<main")[1].split("</main>")[0]
    with app.app_context(), db.transaction() as own:
        split_bundle.split_bundle(
            own, own.get_one(Bundle, bundle.id), letters_each=4, with_letters=False, actor="test"
        ).state = RunState.READY
    answer = post(staff, after(bundle, "post"), posting(posted_on=tomorrow))
    assert not_yet in answer.text
    day = today("America/Toronto")
    assert post(staff, after(bundle, "post"), posting(posted_on=day.isoformat())).status_code == 303
    visit = record(bundle, DeliveryOutcome.POSTED, day=day, happened_time=time(0, 0))
    correct = f"/desk/deliveries/{visit.public_id}/correct"
    seen = re.search(r'name="seen"[^>]*value="([^"]*)"', staff.get(correct).text)
    assert seen is not None
    sent = form(happened_on=tomorrow, seen=unescape(seen[1]))
    assert not_yet in post(staff, correct, sent).text
    assert "Empty: none of their letters are here" in staff.get(after(bundle)).text


def test_other_bundles_without_a_mission_are_no_companions(
    session: Session, bundle: Bundle, freeze: Freeze
) -> None:
    other = make_campaign(
        session, targets=[Target(official=make_target_official(8), kind=TargetKind.TO)]
    )
    add_confirmed(session, other, 1)
    session.commit()
    second = reload(session, freeze(other.id))
    second.state = bundle.state
    session.flush()
    assert list(visits.list_companions(session, bundle)) == []
    assert list(visits.list_ticked(session, bundle, [second.id])) == []


def test_letters_frozen_by_post_stay_when_a_mission_is_chosen_and_go_to_it_once_given_up(
    app: Flask, session: Session, settings: Settings, campaign: Campaign, bundle: Bundle
) -> None:
    mission = make_target_mission(5)
    campaign.targets[0].mission = mission
    add_confirmed(session, campaign, 1)
    session.commit()
    assert reload(session, bundle.id).destination is official_of(campaign)
    assert [
        (slug_of(waiting.mission), waiting.letters)
        for waiting in waiting_counts.list_waiting(session)
    ] == [(mission.slug, 1)]
    assert list_offers(session, official_of(campaign)) == []
    bundle_id = bundle.id
    session.rollback()
    with app.app_context(), db.transaction() as own:
        cancel_bundle.cancel(
            own, own.get_one(Bundle, bundle_id), storage(), actor="test", reason="x"
        )
    session.rollback()
    assert [
        (slug_of(waiting.mission), waiting.letters)
        for waiting in waiting_counts.list_waiting(session)
    ] == [(mission.slug, 8)]


def test_a_bundle_by_post_can_go_to_a_mission_instead_and_back(
    app: Flask, session: Session, settings: Settings, bundle: Bundle
) -> None:
    mission = make_target_mission(5)
    session.add(mission)
    session.commit()
    with pytest.raises(Invalid):
        reroute_bundle.reroute_bundle(
            session, bundle, bundle.destination, settings=settings, actor="test"
        )
    moved = reroute_bundle.reroute_bundle(session, bundle, mission, settings=settings, actor="test")
    entry = audit.find_last(session, f"bundle:{bundle.id}", "bundle.reroute")
    with app.test_request_context():
        (line,) = describe_entries(session, [entry] if entry else [])
    assert line.details == [
        ("letters", "7"),
        ("destination", "Embassy of the Republic, Ottawa"),
        ("new bundle", moved.name),
    ]
    frozen = Frozen.from_json(moved.frozen)
    assert not frozen.by_post
    assert "Embassy of the Republic" in frozen.mission.lines
    assert moved.letter_count == 7
    moved.state = bundle.state
    session.flush()
    official = find_postal_official(session, moved)
    assert official is bundle.official
    back = reroute_bundle.reroute_bundle(session, moved, official, settings=settings, actor="test")
    assert (back.sequence, back.official_id) == (2, official.id)
    assert Frozen.from_json(back.frozen).mission.lines == LINES


@pytest.mark.both_engines
def test_two_officials_become_one_and_their_bundles_go_on_being_numbered(
    session: Session, settings: Settings, campaign: Campaign, bundle: Bundle
) -> None:
    kept = make_target_official(8)
    session.add(kept)
    session.flush()
    freeze_bundle.new_bundle(session, campaign, kept, "test")
    merge(session, kept=kept, gone=official_of(campaign), take=(), actor="test")
    session.expire_all()
    assert (bundle.official_id, bundle.sequence) == (kept.id, 2)
    assert file_names.zip_name(bundle) == "UA-1-26_by-post-governor-1_001"


def test_lists_figures_and_the_desk_say_by_post(
    app: Flask, session: Session, client: FlaskClient, campaign: Campaign, bundle: Bundle
) -> None:
    add_confirmed(session, campaign, 2)
    session.commit()
    sign_in(client, app, "admin")
    for address in (
        "/desk/bundles/",
        f"/desk/bundles/{bundle.public_id}",
        f"/desk/bundles/{bundle.public_id}/after",
        f"/desk/bundles/new?campaign={campaign.slug}&mission=post:governor-1",
        "/desk/bundles/new/letters?mission=post:governor-1",
        "/desk/bundles/new/paper?mission=post:governor-1",
        f"/desk/campaigns/{campaign.slug}/figures",
        f"/desk/exports/{campaign.slug}",
    ):
        page = client.get(address)
        if page.status_code == 404:
            continue
        assert page.status_code == 200, address
        assert "By post to Ines Quintero Vidal" in unescape(page.text), address
    figures, _kept = count_figures.figures_of(session, campaign)
    (row,) = statistics_page.mission_rows(session, campaign, figures)
    assert slug_of(row.mission) == "post:governor-1"


def test_everybody_reads_on_the_case_page_that_letters_go_by_post(
    client: FlaskClient, case: str
) -> None:
    page = client.get(case).text
    assert "Sent by post" in page
    assert "delivered through" not in page
    assert "We print and post your letter." in page
    assert "deliver your letter" not in page
    assert "We post your letter either way." in client.post(f"{case}/you", data=FORM).text


def test_the_emails_before_confirming_say_that_the_letter_is_posted(
    app: Flask, client: FlaskClient, session: Session, settings: Settings, case: str
) -> None:
    client.post(f"{case}/sign", data=FORM)
    [signature] = session.scalars(select(Signature))
    assert remind_one(session, signature.id, db.utcnow() + timedelta(hours=settings.remind_hours))
    waiting = LettersWaiting(email=signature.email, letters=[], days=7).recheck(session)
    assert waiting is not None
    waiting.send(session, to=signature.email, locale="en")
    mails = session.scalars(select(OutboxMail)).all()
    kinds = {"confirm-letter", "remind-letter", "letters-waiting"}
    assert kinds == {mail.kind for mail in mails}
    for mail in mails:
        for part in ("plain", "html"):
            words = render(mail, settings).get_body((part,)).get_content()  # type: ignore[union-attr]
            assert " post it." in words, mail.kind
            assert "deliver it." not in words, mail.kind


def test_the_printed_bundle_verifies_and_has_no_sheet_for_a_gate(
    app: Flask,
    session: Session,
    settings: Settings,
    campaign: Campaign,
    print_bundle: Print,
    freeze: Freeze,
    tmp_path: Path,
) -> None:
    add_confirmed(session, campaign, 1, letter_locale="en")
    session.commit()
    bundle_id = freeze(campaign.id)
    assert print_bundle(bundle_id) is BundleState.READY
    path = zip_of(app, bundle_id, tmp_path)
    result = verify_copy(path)
    assert (result.ok, result.letters) == (True, 1)
    files = contents(path)
    assert "delivery-sheet.pdf" not in files
    assert {"cover-letter.pdf", "labels.pdf", "envelopes.pdf"} <= set(files)
    readme = " ".join(files["README.html"].decode().split())
    assert "Check the rate at the post office" in readme
    assert "gate" not in readme
    assert json.loads(files["manifest.json"])["bundle"]["mission"] == "by-post-governor-1"


def test_what_is_to_be_destroyed_of_a_bundle_by_post_is_what_it_has(
    app: Flask,
    session: Session,
    settings: Settings,
    campaign: Campaign,
    print_bundle: Print,
    freeze: Freeze,
    staff: FlaskClient,
    tmp_path: Path,
) -> None:
    add_confirmed(session, campaign, 2, letter_locale="en")
    session.commit()
    bundle_id = freeze(campaign.id)
    assert print_bundle(bundle_id) is BundleState.READY
    take_back(session, bundle_id, 2)
    jobs.run_now("bundles.remake")
    assert print_bundle(bundle_id) is BundleState.READY
    papers = "Destroy the lists, cover letter, contents and labels that were printed before."
    url = f"/desk/bundles/{reload(session, bundle_id).public_id}"
    session.rollback()
    pages = (staff.get(url).text, staff.get(f"{url}/after").text)
    files = contents(zip_of(app, bundle_id, tmp_path))
    texts = (*pages, files["README.html"].decode(), text_of(files["contents.pdf"]))
    for text in texts:
        joined = " ".join(text.split())
        assert papers in joined
        assert "delivery sheet" not in joined.lower()


@pytest.mark.both_engines
def test_the_command_names_the_officials_where_a_campaign_writes_to_several_by_post(
    session: Session,
    settings: Settings,
    campaign: Campaign,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("CAMPAIGN_INSTANCE", str(settings.folder))
    monkeypatch.setenv("CAMPAIGN_DATABASE_URL", settings.sqlalchemy_url)
    campaign.targets.append(Target(official=make_target_official(8), position=1))
    slug = campaign.slug
    session.commit()
    result = CliRunner().invoke(command, [slug, "--mission", "post", "--out", str(tmp_path)])
    assert result.exit_code == 1
    assert "post:governor-1, post:governor-8" in result.stderr
