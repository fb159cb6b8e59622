"""What was written down out of reach comes in late: it is taken as of its day and time."""

from collections.abc import Callable
from datetime import date, time, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign.core import clock, db
from campaign.core.audit import AuditEntry
from campaign.core.errors import Invalid, Refused
from campaign.deliveries import record_delivery
from campaign.deliveries.correct_record import correct_visit
from campaign.deliveries.envelopes import split_bundle
from campaign.deliveries.recording_rules import Numbers, went_after_stop
from campaign.models.bundle import Bundle, DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Campaign
from campaign.models.delivery import GateVisit
from campaign.models.signature import Letter
from campaign.tracking.letter_trips import trips_of
from tests.integration.deliveries.conftest import Record, Reroute
from tests.integration.deliveries.test_second_attempts import Tell, tell, three

__all__ = ["tell", "three"]

MORNING, AFTERNOON = time(10, 0), time(15, 0)


@pytest.fixture
def day(session: Session, bundle: Bundle) -> date:
    """The day of the visits."""
    zone = bundle.campaign.timezone
    session.expunge(bundle)
    session.rollback()
    return clock.today(zone) - timedelta(days=1)


def told(session: Session) -> list[tuple[str, int]]:
    session.rollback()
    attempts = session.scalars(select(DeliveryAttempt).order_by(DeliveryAttempt.id))
    return [(attempt.outcome.value, attempt.messages) for attempt in attempts]


@pytest.mark.parametrize(
    "outcome", [DeliveryOutcome.REFUSED, DeliveryOutcome.LEFT, DeliveryOutcome.COURIER]
)
def test_a_colleague_who_was_there_later_does_not_keep_an_earlier_visit_out(
    bundle: Bundle, session: Session, record: Record, day: date, outcome: DeliveryOutcome
) -> None:
    record(bundle, DeliveryOutcome.ACCEPTED, day=day, happened_time=AFTERNOON)
    record(bundle, outcome, day=day, happened_time=MORNING)
    later = 7 if outcome is DeliveryOutcome.REFUSED else 0
    assert told(session) == [("accepted", later), (outcome.value, 7)]


def test_a_refusal_of_that_day_comes_in_also_where_nobody_knows_which_was_first(
    bundle: Bundle, session: Session, record: Record, day: date
) -> None:
    record(bundle, DeliveryOutcome.ACCEPTED, day=day, happened_time=AFTERNOON)
    record(bundle, DeliveryOutcome.REFUSED, day=day)
    assert told(session) == [("accepted", 7), ("refused", 7)]


@pytest.mark.both_engines
def test_a_visit_after_all_had_gone_is_not_recorded(
    bundle: Bundle, session: Session, record: Record, day: date
) -> None:
    record(bundle, DeliveryOutcome.ACCEPTED, day=day, happened_time=MORNING)
    for outcome in (DeliveryOutcome.REFUSED, DeliveryOutcome.LEFT):
        with pytest.raises(Refused, match="nothing-here"):
            record(bundle, outcome, day=day, happened_time=AFTERNOON)


def test_two_who_were_there_together_and_give_other_times_record_it_once(
    bundle: Bundle, session: Session, record: Record, day: date
) -> None:
    record(bundle, DeliveryOutcome.ACCEPTED, day=day, happened_time=AFTERNOON)
    with pytest.raises(Invalid) as refused:
        record(bundle, DeliveryOutcome.ACCEPTED, day=day, happened_time=time(14, 55))
    assert refused.value.fields == {"outcome": "delivery-recorded"}


def test_a_part_that_comes_in_late_is_named_and_the_later_visit_had_the_rest(
    bundle: Bundle, session: Session, record: Record, day: date
) -> None:
    record(bundle, DeliveryOutcome.ACCEPTED, day=day)
    before = day - timedelta(days=1)
    part = record(bundle, DeliveryOutcome.PART, day=before, taken=3).attempts[0]
    assert told(session) == [("accepted", 4), ("part", 3)]
    [entry] = session.scalars(select(AuditEntry).where(AuditEntry.action == "delivery.recount"))
    assert entry.detail == {"before": 7, "after": 4}
    named = session.get_one(DeliveryAttempt, part.id)
    split_bundle.name_part(session, named, [Numbers(1, 3)], actor="test")
    assert [(span.first_number, span.last_number) for span in named.taken] == [(1, 3)]


def test_a_part_that_was_counted_stays_and_no_more_letters_go_than_were_there(
    bundle: Bundle, session: Session, record: Record, day: date
) -> None:
    record(bundle, DeliveryOutcome.PART, day=day, happened_time=AFTERNOON, taken=4)
    with pytest.raises(Invalid) as whole:
        record(bundle, DeliveryOutcome.LEFT, day=day, happened_time=MORNING)
    assert whole.value.fields == {"outcome": "more-than-were-there"}
    with pytest.raises(Invalid) as part:
        record(bundle, DeliveryOutcome.PART, day=day, happened_time=MORNING, taken=4)
    assert list(part.value.fields.values()) == ["more-than-were-there"]
    record(bundle, DeliveryOutcome.PART, day=day, happened_time=MORNING, taken=2)
    assert told(session) == [("part", 4), ("part", 2)]


@pytest.mark.parametrize("at", [None, MORNING])
def test_a_refusal_on_the_day_of_a_part_is_about_the_rest_unless_times_say_otherwise(
    three: Bundle, session: Session, record: Record, at: time | None
) -> None:
    day = clock.today("America/Toronto") - timedelta(days=1)
    visit = record(three, DeliveryOutcome.PART, day=day, taken=1)
    session.rollback()
    part = session.get_one(DeliveryAttempt, visit.attempts[0].id)
    split_bundle.name_part(session, part, [Numbers(1, 1)], actor="test")
    session.commit()
    record(three, DeliveryOutcome.REFUSED, day=day, happened_time=at)
    assert told(session) == [("part", 1), ("refused", 2)]
    assert ways_of(session) == [["accepted"], ["refused"] * 2, ["refused"] * 2]
    facts = record_delivery.RecordFacts(happened_on=day, happened_time=AFTERNOON)
    correct_visit(session, session.get_one(GateVisit, visit.id), facts, actor="test")
    session.commit()
    if at is None:
        assert told(session) == [("part", 1), ("refused", 2)]
    else:
        assert told(session) == [("part", 1), ("refused", 3)]
        assert ways_of(session) == [["refused", "accepted"], ["refused"] * 2, ["refused"] * 2]


def test_until_a_part_is_named_nobody_knows_what_came_back_after_it(
    three: Bundle, session: Session, record: Record
) -> None:
    day = clock.today("America/Toronto") - timedelta(days=1)
    record(three, DeliveryOutcome.PART, day=day, taken=1)
    record(three, DeliveryOutcome.REFUSED, day=day)
    assert ways_of(session) == [["part"]] * 3


def ways_of(session: Session) -> list[list[str]]:
    letters = session.scalars(select(Letter).order_by(Letter.sequence)).all()
    return [[trip.fate.value for trip in trips_of(session, [letter])] for letter in letters]


def test_once_a_late_record_is_removed_the_later_visit_is_about_all_again(
    bundle: Bundle, session: Session, record: Record, day: date
) -> None:
    record(bundle, DeliveryOutcome.ACCEPTED, day=day, happened_time=AFTERNOON)
    late = record(bundle, DeliveryOutcome.LEFT, day=day, happened_time=MORNING)
    assert told(session) == [("accepted", 0), ("left", 7)]
    record_delivery.remove_visit(session, session.get_one(GateVisit, late.id), actor="test")
    session.commit()
    assert told(session) == [("accepted", 7)]


def test_who_was_told_of_the_later_visit_is_not_told_again_of_the_earlier_part(
    three: Bundle, session: Session, record: Record, tell: Tell
) -> None:
    day = clock.today("America/Toronto")
    record(three, DeliveryOutcome.ACCEPTED, day=day)
    assert tell() == ["first", "second", "third"]
    part = record(three, DeliveryOutcome.PART, day=day - timedelta(days=1), taken=2).attempts[0]
    session.rollback()
    split_bundle.name_part(
        session, session.get_one(DeliveryAttempt, part.id), [Numbers(1, 2)], actor="test"
    )
    session.commit()
    assert tell() == ["first", "second", "third"]


def test_a_refusal_comes_in_after_a_colleague_sent_the_letters_elsewhere(
    bundle: Bundle, session: Session, record: Record, reroute: Reroute, day: date
) -> None:
    record(bundle, DeliveryOutcome.REFUSED, day=day, happened_time=AFTERNOON)
    reroute(bundle.id)
    record(bundle, DeliveryOutcome.REFUSED, day=day, happened_time=MORNING)
    assert told(session) == [("refused", 7), ("refused", 7)]
    with pytest.raises(Refused, match="moved-since"):
        record(bundle, DeliveryOutcome.ACCEPTED, day=day, happened_time=MORNING)


def test_stopped_is_said_of_a_visit_before_a_colleague_s(
    bundle: Bundle, session: Session, record: Record, day: date, stop: Callable[[], None]
) -> None:
    record(bundle, DeliveryOutcome.ACCEPTED, day=day, happened_time=AFTERNOON)
    stop()
    record(bundle, DeliveryOutcome.STOPPED, day=day, happened_time=MORNING)
    assert told(session) == [("accepted", 7), ("stopped", 7)]


@pytest.mark.both_engines
def test_what_went_out_after_a_stop_is_recorded_and_known_as_such(
    bundle: Bundle, session: Session, record: Record, day: date, stop: Callable[[], None]
) -> None:
    stop()
    session.execute(update(Campaign).values(stopped_at=db.utcnow() - timedelta(days=2)))
    session.commit()
    visit = record(bundle, DeliveryOutcome.ACCEPTED, day=day)
    assert told(session) == [("accepted", 7)]
    attempt = session.get_one(DeliveryAttempt, visit.attempts[0].id)
    assert went_after_stop(attempt)
