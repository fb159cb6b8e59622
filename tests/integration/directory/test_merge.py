"""Duplicates become one: what depends on either follows, nothing is there twice or lost."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.bundles import file_names
from campaign.bundles.freeze.bundle_facts import facts_of
from campaign.bundles.freeze.choices import EVERYTHING
from campaign.core import db, i18n, jobs
from campaign.core.audit import AuditEntry
from campaign.core.settings import Settings
from campaign.directory.duplicate_entries import find_duplicates
from campaign.directory.imports.read_rows import Held
from campaign.directory.officials import note_held
from campaign.models.bundle import Bundle, BundleKind, BundleState, Journey
from campaign.models.campaign import Target, TargetKind
from campaign.models.delivery import LetterMove
from campaign.models.directory import (
    ContactDetail,
    Membership,
    Mission,
    MissionKind,
    Official,
    Post,
)
from campaign.models.signature import Letter
from campaign.models.staff import Role
from tests.factories import (
    add_confirmed,
    make_campaign,
    make_target_mission,
    make_target_official,
    post,
    sign_in,
)

MERGE = "/desk/officials/merge"
PAIR = {"first": "governor-1", "second": "ines"}


@pytest.fixture
def desk(app: Flask, client: FlaskClient) -> FlaskClient:
    sign_in(client, app, Role.ORGANIZER)
    return client


def double(**overrides: Any) -> Official:
    return make_target_official(8, slug="ines", **overrides)


def bundle_of(session: Session, campaign: Any, mission: Mission, sequence: int = 1) -> Bundle:
    bundle = Bundle(
        campaign_id=campaign.id,
        mission_id=mission.id,
        sequence=sequence,
        kind=BundleKind.FIRST,
        state=BundleState.READY,
        frozen={},
        letter_count=1,
    )
    session.add(bundle)
    session.flush()
    return bundle


def put_in(bundle: Bundle, letter: Letter) -> None:
    letter.bundle_id, letter.sequence = bundle.id, 1


def test_suggestions_say_why_and_stay_away_once_somebody_said_no(
    desk: FlaskClient, session: Session
) -> None:
    first = make_target_official(source_id="Q1")
    second = double(source_id="Q1", name="INÉS Quintero Vidál")
    for official in (first, second):
        official.contacts = [ContactDetail(type="email", value="same@example.org", note="")]
    session.add_all([first, second, make_target_official(9, slug="ana", name="Ana Pérez")])
    session.commit()
    page = desk.get("/desk/officials/duplicates").get_data(as_text=True)
    for why in ("Same id", "Same email", "Same name and country"):
        assert why in page
    assert "Ana Pérez" not in page
    post(desk, "/desk/officials/duplicates/two", PAIR)
    page = desk.get("/desk/officials/duplicates").get_data(as_text=True)
    assert "We found no possible duplicates" in page


def test_each_field_is_chosen_and_all_that_depends_moves_over(
    desk: FlaskClient, session: Session
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 2)
    kept = campaign.targets[0].official
    other = double(locality="Mérida", office={"en": "Governor", "ar": "حاكمة"})
    kept.contacts = [ContactDetail(type="email", value="a@example.org", note="")]
    other.contacts = [
        ContactDetail(type="email", value="a@example.org", note=""),
        ContactDetail(type="fax", value="+52 999 555 0100", note=""),
    ]
    second = make_campaign(session, targets=[Target(official=other)])
    session.commit()
    page = desk.get(MERGE, query_string=PAIR).get_data(as_text=True)
    assert "Recipient in 1 campaign" in page
    response = post(desk, MERGE, PAIR | {"address": "second", "office": "first"})
    assert response.headers["Location"] == "/desk/officials/governor-1"
    session.expire_all()
    (official,) = session.scalars(select(Official)).all()
    assert official.locality == "Mérida"
    assert (official.office["en"], official.office["ar"]) == ("Governor of Altamar", "حاكمة")
    assert sorted(contact.value for contact in official.contacts) == [
        "+52 999 555 0100",
        "a@example.org",
    ]
    assert set(session.scalars(select(Target.official_id))) == {official.id}
    assert {target.campaign_id for target in session.scalars(select(Target))} == {
        campaign.id,
        second.id,
    }
    entry = session.scalar(select(AuditEntry).where(AuditEntry.action == "officials.merge"))
    assert entry is not None
    assert entry.detail["moved"] == {"target": 1}


LEAVING = "Ines Quintero Vidal has left office, but is still a recipient."
OVER = date(2026, 1, 31)


def hold(session: Session, official: Official, start: date | None, end: date | None) -> None:
    session.add(official)
    session.flush()
    note_held(session, official, Held(dict(official.office), start, end))
    official.left_on = end


def _chosen(page: str) -> list[str]:
    return re.findall(r'name="left_on" value="(first|second)" checked', page)


def days_held(session: Session) -> set[tuple[date | None, date | None]]:
    session.rollback()
    session.expire_all()
    return {(held.started_on, held.ended_on) for held in session.scalars(select(Membership))}


@pytest.mark.parametrize("start", [None, date(2020, 1, 1)])
@pytest.mark.parametrize("has_days", [True, False])
@pytest.mark.parametrize("choice", ["first", "second"])
def test_whether_and_when_each_left_office_is_compared_and_chosen(
    desk: FlaskClient, session: Session, choice: str, has_days: bool, start: date | None
) -> None:
    campaign = make_campaign(session)
    kept = campaign.targets[0].official
    if has_days:
        note_held(session, kept, Held(dict(kept.office)))
    hold(session, double(), start, OVER)
    slug = campaign.slug
    session.commit()
    page = desk.get(MERGE, query_string=PAIR).text
    assert "Still in office" in page
    assert "31 January 2026 · Governor of Altamar" in page
    assert _chosen(page) == ["second"], "the day is not lost by default"
    merged = post(desk, MERGE, PAIR | {"left_on": choice}, follow_redirects=True).text
    session.expire_all()
    has_left = choice == "second"
    (official,) = session.scalars(select(Official)).all()
    assert official.left_on == (OVER if has_left else None)
    assert (start, OVER) in days_held(session), "what was on record is not lost"
    assert any(end is None for _start, end in days_held(session)) is not has_left
    assert ("left office on 31 January 2026" in merged) is has_left
    assert ("Left office today" in merged) is not has_left
    assert (LEAVING in desk.get(f"/desk/campaigns/{slug}").text) is has_left
    session.rollback()
    jobs.run_now("officials.end-terms")
    session.expire_all()
    assert official.left_on == (OVER if has_left else None)


def test_who_left_today_by_one_entry_and_is_said_to_hold_the_office_does_so_tomorrow(
    desk: FlaskClient, session: Session
) -> None:
    today = i18n.today_at_home()
    session.add(make_target_official())
    hold(session, double(), None, today)
    session.commit()
    post(desk, MERGE, PAIR | {"left_on": "first"})
    assert days_held(session) == {(None, today), (None, None)}


def test_who_left_another_office_has_not_left_this_by_default(
    desk: FlaskClient, session: Session
) -> None:
    session.add(make_target_official())
    session.add(double(office={"en": "Mayor"}, left_on=OVER))  # as a file said it: no last day
    session.commit()
    page = desk.get(MERGE, query_string=PAIR).text
    assert _chosen(page) == ["first"]
    assert "31 January 2026 · Mayor" in page
    post(desk, MERGE, PAIR | {"left_on": "first"})
    session.expire_all()
    (official,) = session.scalars(select(Official)).all()
    assert official.left_on is None
    held = [(held.post.label["en"], held.ended_on) for held in official.memberships]
    assert ("Mayor", OVER) in held
    assert ("Mayor", None) not in held


def test_two_offices_left_the_same_day_are_both_kept(desk: FlaskClient, session: Session) -> None:
    left = {"left_on": OVER}  # as a file said it: no last day
    session.add_all([make_target_official(**left), double(office={"en": "Mayor"}, **left)])
    session.commit()
    post(desk, MERGE, PAIR)
    held = session.execute(select(Post.key, Membership.ended_on).join(Membership.post)).all()
    assert {tuple(row) for row in held} == {("governor of altamar", OVER), ("mayor", OVER)}


@pytest.mark.parametrize("choice", ["first", "second"])
def test_two_days_of_leaving_stay_both_with_the_offices(
    desk: FlaskClient, session: Session, choice: str
) -> None:
    hold(session, make_target_official(), None, OVER)
    hold(session, double(), None, date(2026, 2, 15))
    session.commit()
    assert _chosen(desk.get(MERGE, query_string=PAIR).text) == ["first"]
    post(desk, MERGE, PAIR | {"left_on": choice})
    session.expire_all()
    chosen = OVER if choice == "first" else date(2026, 2, 15)
    assert session.scalars(select(Official.left_on)).all() == [chosen]
    assert days_held(session) == {(None, OVER), (None, date(2026, 2, 15))}


def test_a_last_day_to_come_of_either_entry_stays(desk: FlaskClient, session: Session) -> None:
    kept, other = make_target_official(), double()
    session.add_all([kept, other])
    session.flush()
    to_come = i18n.today_at_home() + timedelta(days=9)
    note_held(session, kept, Held(dict(kept.office)))
    note_held(session, other, Held(dict(other.office), ended_on=to_come))
    session.commit()
    assert "Left office on" not in desk.get(MERGE, query_string=PAIR).text
    post(desk, MERGE, PAIR)
    assert days_held(session) == {(None, to_come)}


def twin_targets(session: Session) -> tuple[Any, Target, Target]:
    """A campaign that aims at both, with letters of three supporters to each."""
    campaign = make_campaign(session)
    campaign.targets.append(
        Target(official=double(), position=1, mission=campaign.targets[0].mission)
    )
    session.flush()
    add_confirmed(session, campaign, 3)
    first, second = campaign.targets
    return campaign, first, second


@pytest.mark.both_engines
def test_a_campaign_that_aims_at_both_keeps_one_target_and_each_letter_once(
    desk: FlaskClient, session: Session
) -> None:
    campaign, first, second = twin_targets(session)
    alone = session.scalars(select(Letter).where(Letter.target_id == first.id)).first()
    assert alone is not None
    session.delete(alone)  # one supporter wrote only to the double
    printed = session.scalars(select(Letter).where(Letter.target_id == second.id)).all()[1]
    put_in(bundle_of(session, campaign, campaign.targets[0].mission), printed)
    printed_id, second_id = printed.id, second.id
    session.commit()
    post(desk, MERGE, PAIR)
    session.expire_all()
    (target,) = session.scalars(select(Target)).all()
    assert target.id == second_id  # what is printed names its target
    assert (target.official.slug, target.kind, target.position) == ("governor-1", TargetKind.TO, 0)
    letters = session.scalars(select(Letter)).all()
    assert {letter.target_id for letter in letters} == {target.id}
    assert len({letter.signature_id for letter in letters}) == len(letters) == 3
    assert printed_id in {letter.id for letter in letters}


def test_letters_to_both_that_are_printed_keep_the_two_apart(
    desk: FlaskClient, session: Session
) -> None:
    campaign, first, second = twin_targets(session)
    for number, target in enumerate((first, second), 1):
        letter = session.scalars(select(Letter).where(Letter.target_id == target.id)).first()
        assert letter is not None
        put_in(bundle_of(session, campaign, campaign.targets[0].mission, number), letter)
    session.commit()
    response = post(desk, MERGE, PAIR)
    assert response.status_code == 409
    assert f"Letters to both are already printed in {campaign.reference}" in response.get_data(True)
    session.rollback()
    assert session.scalar(select(func.count(Official.id))) == 2
    assert session.scalar(select(func.count(Letter.id))) == 6


def test_a_target_that_a_bundle_names_stays_though_its_letter_has_left_the_bundle(
    desk: FlaskClient, session: Session
) -> None:
    campaign, _first, second = twin_targets(session)
    moved = session.scalars(select(Letter).where(Letter.target_id == second.id)).all()[1]
    bundle = bundle_of(session, campaign, campaign.targets[0].mission)
    session.add(
        LetterMove(letter_id=moved.id, bundle_id=bundle.id, sequence=1, moved_at=db.utcnow())
    )
    second_id, moved_id = second.id, moved.id
    session.commit()
    assert post(desk, MERGE, PAIR).status_code == 303
    session.expire_all()
    (target,) = session.scalars(select(Target)).all()
    assert target.id == second_id
    assert session.get_one(Letter, moved_id).target_id == second_id


def test_missions_become_one_with_their_bundles_numbered_on(
    desk: FlaskClient, session: Session, settings: Settings
) -> None:
    campaign = make_campaign(session)
    here = campaign.targets[0].mission
    there = make_target_mission(8, slug="double", head_of_mission="Ana Núñez", hours="9 to 12")
    session.add(there)
    session.flush()
    both = [bundle_of(session, campaign, destination) for destination in (here, there)]
    for printed in both:
        facts = facts_of(
            campaign,
            printed.mission,
            pairs=(),
            at=db.utcnow(),
            settings=settings,
            locale="en",
            choice=EVERYTHING,
        )
        printed.frozen = facts.to_json()
    names = [file_names.zip_name(bundle) for bundle in both]
    bundles = [bundle.id for bundle in both]
    journey = Journey(mission=there)
    session.add(journey)
    session.commit()
    pair = {"first": here.slug, "second": there.slug}
    session.rollback()
    assert "Same countries" in desk.get("/desk/missions/duplicates").get_data(as_text=True)
    page = desk.get("/desk/missions/merge", query_string=pair).get_data(as_text=True)
    assert page.count("1 bundle") == 2
    post(desk, "/desk/missions/merge", pair | {"hours": "second"})
    session.expire_all()
    (mission,) = session.scalars(select(Mission)).all()
    assert (mission.hours, mission.head_of_mission) == ("9 to 12", "Tomas Arbelaez")
    assert session.scalars(select(Journey.mission_id)).all() == [mission.id]
    rows = session.execute(
        select(Bundle.id, Bundle.mission_id, Bundle.sequence).order_by(Bundle.id)
    )
    assert [tuple(row) for row in rows] == [
        (bundles[0], mission.id, 1),
        (bundles[1], mission.id, 2),
    ]
    kept = session.scalars(select(Bundle).order_by(Bundle.id)).all()
    assert [file_names.zip_name(bundle) for bundle in kept] == names, "as their papers call them"


@pytest.mark.parametrize("second", ["governor-1", "nobody", ""])
def test_one_is_not_made_of_one_or_of_nobody(
    desk: FlaskClient, session: Session, second: str
) -> None:
    session.add(make_target_official())
    session.commit()
    response = post(desk, MERGE, {"first": "governor-1", "second": second})
    assert response.status_code in {200, 404, 409}
    session.rollback()
    assert session.scalar(select(func.count(Official.id))) == 1


@pytest.mark.parametrize("chosen", ["first", "second"])
def test_no_choice_is_offered_where_words_of_both_are_kept(
    desk: FlaskClient, session: Session, chosen: str
) -> None:
    """Nor are words deleted by choosing an entry that has none."""
    session.add(make_target_official(salutation={"en": "Excellency,", "fr": "Excellence,"}))
    session.add(double(salutation={"fr": "", "es": "Excelencia:"}))
    session.commit()
    page = desk.get(MERGE, query_string=PAIR).text
    assert 'name="salutation"' not in page
    for words in ("Excellency,", "Excellence,", "Excelencia:"):
        assert page.count(words) == 1
    post(desk, MERGE, PAIR | {"salutation": chosen})
    session.expire_all()
    (official,) = session.scalars(select(Official)).all()
    assert official.salutation == {"en": "Excellency,", "fr": "Excellence,", "es": "Excelencia:"}


def test_a_get_merges_nothing(desk: FlaskClient, session: Session) -> None:
    session.add_all([make_target_official(), double()])
    session.commit()
    assert desk.get(MERGE, query_string=PAIR).status_code == 200
    assert session.scalar(select(func.count(Official.id))) == 2


@pytest.mark.both_engines
def test_pairs_have_a_number_and_pages_and_all_of_a_page_can_be_two(
    desk: FlaskClient, session: Session
) -> None:
    session.add_all(
        make_target_mission(at, slug=f"m-{at}-{side}", sending_country="KE", locality=f"City {at}")
        for at in range(60)
        for side in "ab"
    )
    session.commit()
    page = desk.get("/desk/missions/duplicates?page=2").get_data(as_text=True)
    assert "60 pairs may be the same" in page
    assert page.count("Keep as separate entries") == 10
    fields = {
        name: re.findall(rf'name="{name}" value="([^"]+)"', page)[-10:]
        for name in ("first", "second")
    }
    post(desk, "/desk/missions/duplicates/two", fields)
    assert "50 pairs may be the same" in desk.get("/desk/missions/duplicates").get_data(
        as_text=True
    )


@pytest.mark.both_engines
@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ({"locality": "Paris"}, {"locality": "باريس"}, "place"),
        (
            {"locality": "Paris", "kind": MissionKind.HIGH_COMMISSION},
            {"locality": "Paris"},
            "place",
        ),
        (
            {"locality": "Lyon", "kind": MissionKind.CONSULATE},
            {"locality": "LYON", "kind": MissionKind.CONSULATE},
            "place",
        ),
        ({"locality": "", "address": ["1 Old Road, Paris"]}, {"locality": "Paris"}, "countries"),
        ({"locality": "8e arrondissement"}, {"locality": "Paris"}, "countries"),
        (
            {"locality": "", "kind": MissionKind.CONSULATE},
            {"locality": "", "kind": MissionKind.CONSULATE},
            "",
        ),
        ({"locality": "Paris", "source_id": "Q1"}, {"locality": "Paris", "source_id": "Q2"}, ""),
    ],
)
def test_two_lists_that_call_one_town_by_two_names_have_one_mission(
    session: Session, first: dict[str, Any], second: dict[str, Any], reason: str
) -> None:
    session.add_all(
        make_target_mission(at, host_country="FR", **facts)
        for at, facts in enumerate((first, second))
    )
    session.flush()
    pairs = find_duplicates(session, Mission).rows
    assert [pair.reasons for pair in pairs] == ([(reason,)] if reason else [])


def test_texts_and_the_preferred_language_go_by_the_names_of_languages(
    desk: FlaskClient, session: Session
) -> None:
    office = {"en": "Minister", "ar": "الوزير،"}
    session.add_all([make_target_official(slug="one", office=office), double()])
    session.commit()
    page = desk.get("/desk/officials/merge", query_string={"first": "one", "second": "ines"}).text
    assert "English: \u2068Minister\u2069\u00a0· Arabic: \u2068الوزير،\u2069" in page
    assert "<bdi>Spanish</bdi>" in page


@pytest.mark.parametrize("address", ["first", "second"])
@pytest.mark.parametrize("checked", ["first", "second"])
def test_the_day_of_a_check_goes_with_the_address_that_was_checked(
    desk: FlaskClient, session: Session, address: str, checked: str
) -> None:
    days = {"first": None, "second": None, checked: date(2026, 1, 1)}
    for slug, day in days.items():
        session.add(make_target_mission(slug=slug, address=[f"1 {slug} Road"], last_checked_on=day))
    session.commit()
    pair = {"first": "first", "second": "second"}
    page = desk.get("/desk/missions/merge", query_string=pair).text
    assert f"1 {checked} Road, Ottawa, ON, K1P 0A1 · Last checked on 1 January 2026" in page
    assert 'name="last_checked_on"' not in page
    sent = pair | {"address": address, "last_checked_on": "second"}
    assert post(desk, "/desk/missions/merge", sent).status_code == 303
    session.expire_all()
    (mission,) = session.scalars(select(Mission)).all()
    assert mission.address == [f"1 {address} Road"]
    assert mission.last_checked_on == days[address]


def test_of_two_checks_of_one_address_the_later_stays(desk: FlaskClient, session: Session) -> None:
    session.add(make_target_mission(slug="first", last_checked_on=date(2026, 1, 1)))
    session.add(make_target_mission(slug="second", last_checked_on=date(2026, 2, 1)))
    session.commit()
    pair = {"first": "first", "second": "second"}
    assert post(desk, "/desk/missions/merge", pair).status_code == 303
    session.expire_all()
    assert session.scalars(select(Mission.last_checked_on)).all() == [date(2026, 2, 1)]
