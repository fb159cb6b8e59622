"""Days of a visit and of a posting are those of the mission, and told in their order."""

import re
from datetime import date, time, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign.core import clock, db
from campaign.deliveries.envelopes import split_bundle
from campaign.deliveries.recording_rules import Numbers
from campaign.deliveries.remaining_letters import went_with
from campaign.deliveries.visits import list_attempts_of
from campaign.models.bundle import Bundle, DeliveryAttempt, DeliveryOutcome
from campaign.models.delivery import EnvelopeRun, RunState
from campaign.models.directory import Mission
from campaign.models.signature import Letter, Signature
from campaign.tracking.letter_trips import list_trips, trips_of
from campaign.tracking.timeline import marks_of
from tests.days import ZONE, days_ago, today
from tests.factories import post
from tests.integration.deliveries.conftest import Record, form
from tests.integration.deliveries.test_envelopes import after, posting

EAST, WEST = "Pacific/Kiritimati", "Pacific/Pago_Pago"
"""Twenty-five hours apart: their days are never the same."""


@pytest.fixture
def old(session: Session, bundle: Bundle) -> Bundle:
    """A bundle that was frozen ten days ago."""
    bundle.created_at = db.utcnow() - timedelta(days=10)
    session.commit()
    return bundle


def put(session: Session, bundle: Bundle, zone: str) -> None:
    """Have its mission lie in a time zone."""
    session.execute(update(Mission).where(Mission.id == bundle.mission_id).values(timezone=zone))
    session.commit()


def gate(bundle: Bundle) -> str:
    return f"/desk/bundles/{bundle.public_id}/deliver"


def day_in(page: str, name: str) -> str:
    match = re.search(rf'<input[^>]*name="{name}"[^>]*value="([^"]*)"', page)
    assert match, name
    return match[1]


def told(session: Session, bundle: Bundle) -> list[str]:
    """The way of its first letter, as its writer reads it."""
    session.rollback()
    session.expire_all()
    letter = session.scalars(select(Letter).where(Letter.bundle_id == bundle.id)).first()
    assert letter is not None
    return [trip.fate.value for trip in trips_of(session, [letter])]


@pytest.mark.parametrize("zone", [EAST, WEST])
def test_the_gate_fills_in_the_day_of_the_mission_and_names_its_zone(
    staff: FlaskClient, old: Bundle, session: Session, zone: str
) -> None:
    put(session, old, zone)
    page = staff.get(gate(old)).text
    assert day_in(page, "happened_on") == clock.today(zone).isoformat()
    assert f'data-zone="{zone}"' in page
    assert f"where the mission is: {zone.rpartition('/')[2].replace('_', ' ')}" in page


def test_a_day_that_has_begun_in_the_east_is_to_come_in_the_west(
    staff: FlaskClient, old: Bundle, session: Session
) -> None:
    sent = form(happened_on=clock.today(EAST).isoformat())
    put(session, old, WEST)
    answer = post(staff, gate(old), sent)
    assert answer.status_code == 422
    assert "This day has not come yet where the mission is. Check the date." in answer.text
    put(session, old, EAST)
    assert post(staff, gate(old), sent).status_code == 303


@pytest.mark.parametrize("zone", [EAST, WEST])
def test_a_time_that_is_still_to_come_at_the_mission_is_refused(
    staff: FlaskClient, old: Bundle, session: Session, zone: str
) -> None:
    put(session, old, zone)
    soon = clock.utcnow() + timedelta(minutes=30)
    if clock.day_of(soon, zone) == clock.today(zone):  # a day to come is refused as such
        sent = form(
            happened_on=clock.today(zone).isoformat(),
            happened_time=clock.time_of(soon, zone).isoformat("minutes"),
            notes="Keep this note.",
        )
        answer = post(staff, gate(old), sent)
        assert answer.status_code == 422
        assert "This time has not come yet where the mission is. Check the time." in answer.text
        assert "Keep this note." in answer.text
    now = clock.time_of(clock.utcnow(), zone).isoformat("minutes")
    sent = form(happened_on=clock.today(zone).isoformat(), happened_time=now)
    assert post(staff, gate(old), sent).status_code == 303


def test_nothing_happened_to_a_bundle_before_it_was_frozen(
    staff: FlaskClient, bundle: Bundle, record: Record, session: Session
) -> None:
    answer = post(staff, gate(bundle), form(happened_on="2019-01-01", notes="Keep this note."))
    assert answer.status_code == 422
    assert "We froze the bundle after this day." in answer.text
    assert "Keep this note." in answer.text
    assert session.scalars(select(DeliveryAttempt)).all() == []
    record(bundle, DeliveryOutcome.REFUSED)
    post(staff, after(bundle, "split"), {"letters_each": "2"})
    for day in (days_ago(40), days_ago(-2)):
        sent = posting(posted_on=day.isoformat(), sure="1")
        assert post(staff, after(bundle, "post"), sent).status_code == 422


def test_a_time_before_the_freeze_is_refused_at_the_gate(
    staff: FlaskClient, bundle: Bundle, session: Session
) -> None:
    frozen_at = clock.utcnow() - timedelta(days=2)
    session.execute(update(Bundle).values(created_at=frozen_at))
    session.commit()
    early = frozen_at - timedelta(minutes=1)
    # Where it is early in the day, the minute before may be of the day before.
    day, at = clock.day_of(early, bundle.zone), clock.time_of(early, bundle.zone)
    refusals = (
        "By the clocks where the mission is, we froze the bundle after this time.",
        "We froze the bundle after this day.",
    )
    moment = {"happened_on": day.isoformat(), "happened_time": at.isoformat("minutes")}
    answer = post(staff, gate(bundle), form(**moment))
    assert answer.status_code == 422
    assert any(refusal in answer.text for refusal in refusals)


def test_a_posting_before_the_letters_came_back_is_asked_about(
    staff: FlaskClient, old: Bundle, session: Session, record: Record
) -> None:
    record(old, DeliveryOutcome.REFUSED)
    post(staff, after(old, "split"), {"letters_each": "7"})
    session.execute(update(EnvelopeRun).values(state=RunState.READY))
    session.commit()
    assert day_in(staff.get(after(old)).text, "posted_on") == today().isoformat()
    sent = posting(posted_on=days_ago(1).isoformat())
    answer = post(staff, after(old, "post"), sent)
    assert answer.status_code == 422
    assert "The mission returned the letters after this day" in answer.text
    assert 'name="sure"' in answer.text
    assert told(session, old) == ["refused"]
    assert post(staff, after(old, "post"), sent | {"sure": "y"}).status_code == 303
    assert told(session, old) == ["posted"], "on the day of the refusal it was gone"


def test_a_posting_bears_the_day_of_the_post_office_or_a_later_one_of_the_mission(
    staff: FlaskClient, old: Bundle, session: Session, record: Record
) -> None:
    record(old, DeliveryOutcome.REFUSED, day=days_ago(3))
    post(staff, after(old, "split"), {"letters_each": "1"})
    session.execute(update(EnvelopeRun).values(state=RunState.READY))
    session.commit()
    for zone, day in ((WEST, today()), (EAST, clock.today(EAST))):
        put(session, old, zone)
        assert day_in(staff.get(after(old)).text, "posted_on") == day.isoformat()
    put(session, old, WEST)
    sent = posting(posted_on=today().isoformat(), last="1")
    assert post(staff, after(old, "post"), sent).status_code == 303
    impossible = post(staff, after(old, "post"), posting(posted_on=days_ago(40).isoformat()))
    assert impossible.status_code == 422
    assert 'name="sure"' not in impossible.text, "nobody can be sure of a day that cannot be"


@pytest.mark.both_engines
def test_a_refusal_stands_before_the_posting_of_its_day(
    staff: FlaskClient, old: Bundle, session: Session, record: Record
) -> None:
    record(old, DeliveryOutcome.REFUSED, day=days_ago(1), happened_time=time(23, 30))
    post(staff, after(old, "split"), {"letters_each": "7"})
    sent = posting(posted_on=days_ago(1).isoformat())
    assert post(staff, after(old, "post"), sent).status_code == 303
    assert told(session, old) == ["refused", "posted"]


@pytest.mark.both_engines
@pytest.mark.parametrize(
    ("first", "second", "way"),
    [
        ({"day": 1, "at": time(10)}, {"day": 1, "at": time(15)}, ["refused", "accepted"]),
        ({"day": 1, "at": time(10)}, {"day": 1, "at": None}, ["refused", "accepted"]),
        ({"day": 1, "at": None}, {"day": 1, "at": time(0, 5)}, ["refused", "accepted"]),
        ({"day": 2, "at": time(23)}, {"day": 1, "at": time(1)}, ["refused", "accepted"]),
    ],
)
def test_what_happened_is_told_by_day_then_by_time(
    old: Bundle,
    session: Session,
    record: Record,
    first: dict[str, Any],
    second: dict[str, Any],
    way: list[str],
) -> None:
    """A refusal, and an acceptance that was recorded after it."""
    for outcome, moment in ((DeliveryOutcome.REFUSED, first), (DeliveryOutcome.ACCEPTED, second)):
        record(old, outcome, day=days_ago(moment["day"]), happened_time=moment["at"])
    assert told(session, old) == way
    assert [attempt.outcome.value for attempt in list_attempts_of(session, old)] == way
    refused = session.scalars(
        select(DeliveryAttempt).where(DeliveryAttempt.outcome == DeliveryOutcome.REFUSED)
    ).one()
    letters = select(Letter).where(Letter.bundle_id == old.id, went_with(session, refused))
    assert len(session.scalars(letters).all()) == 7, "and its writers are told of it as well"


@pytest.mark.both_engines
def test_what_went_at_an_earlier_moment_was_not_refused_though_that_was_recorded_first(
    old: Bundle, session: Session, record: Record
) -> None:
    """A phone sends late that a part was accepted three minutes before the refusal."""
    record(old, DeliveryOutcome.REFUSED, day=days_ago(1), happened_time=time(0, 42))
    assert told(session, old) == ["refused"]
    record(old, DeliveryOutcome.PART, day=days_ago(1), happened_time=time(0, 39), taken=2)
    assert told(session, old) == ["part"], "nobody knows yet which letters came back"
    part = select(DeliveryAttempt).where(DeliveryAttempt.outcome == DeliveryOutcome.PART)
    split_bundle.name_part(session, session.scalars(part).one(), [Numbers(1, 2)], actor="test")
    session.commit()
    assert told(session, old) == ["accepted"]
    refusal = select(DeliveryAttempt).where(DeliveryAttempt.outcome == DeliveryOutcome.REFUSED)
    refused = session.scalars(refusal).one()
    letters = select(Letter.sequence).where(Letter.bundle_id == old.id, went_with(session, refused))
    assert sorted(session.scalars(letters)) == [3, 4, 5, 6, 7]
    assert refused.messages == 5, "as the record says"


def test_the_day_of_a_freeze_is_that_of_the_mission(
    old: Bundle, session: Session, record: Record
) -> None:
    put(session, old, WEST)
    frozen: date = clock.day_of(old.created_at, WEST)
    record(old, DeliveryOutcome.REFUSED, day=frozen)
    assert told(session, old) == ["refused"]


def test_a_refusal_far_in_the_west_stands_after_the_signing_and_the_freeze(
    app: Flask, old: Bundle, session: Session, record: Record
) -> None:
    """Signed after midnight, and refused an hour later, where it is still the day before."""
    early = clock.moment_of(days_ago(3), time(0, 30), ZONE)
    session.execute(update(Signature).values(signed_at=early, confirmed_at=early))
    old.created_at = early
    put(session, old, WEST)
    refused = early + timedelta(hours=1)
    day, at = clock.day_of(refused, WEST), clock.time_of(refused, WEST)
    assert day < days_ago(3)
    record(old, DeliveryOutcome.REFUSED, day=day, happened_time=at)
    session.rollback()
    with app.test_request_context("/en/"):
        signature = session.scalars(select(Signature).order_by(Signature.id)).first()
        assert signature is not None
        titles = [
            mark.title
            for mark in marks_of(session, signature, list_trips(session, signature))
            if mark.state == "done"
        ]
    assert titles == ["Signed", "Confirmed", "Printed as letter 00001", "Refused at the door"]
