"""Letters that are here again, as a record was deleted, while others of their bundle went on."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign import migrations, storage
from campaign.bundles.changes import cancel_bundle
from campaign.core import clock, db
from campaign.core.settings import Settings
from campaign.deliveries import record_delivery
from campaign.deliveries.envelopes import reroute_bundle, split_bundle
from campaign.deliveries.recording_rules import Numbers
from campaign.deliveries.visits import BundleOutcome, find_outcomes
from campaign.models.bundle import Bundle, BundleState, DeliveryAttempt, DeliveryOutcome
from campaign.models.delivery import GateVisit, LetterMove, Rerouting
from campaign.models.directory import Mission
from campaign.models.signature import Letter
from campaign.tracking.letter_place import Place, find_place
from campaign.tracking.letter_trips import trips_of
from tests.factories import make_target_mission
from tests.integration.bundles.conftest import reload
from tests.integration.deliveries.conftest import Record, Reroute
from tests.integration.deliveries.test_reroute import listed

MOVED = "001 (consulate-montreal)"


@pytest.fixture
def moved(session: Session, bundle: Bundle, record: Record, reroute: Reroute, app: Flask) -> Bundle:
    """Of seven letters, four were recorded as accepted; three went on; the record is deleted."""
    visit = record(bundle, DeliveryOutcome.PART, taken=4)
    part = session.get_one(DeliveryAttempt, visit.attempts[0].id)
    split_bundle.name_part(session, part, [Numbers(1, 4)], actor="test")
    session.commit()
    moved_id = reroute(bundle.id)
    with app.app_context(), db.transaction() as own:
        own.execute(update(Bundle).where(Bundle.id == moved_id).values(state=BundleState.READY))
        own.execute(update(Letter).where(Letter.bundle_id == moved_id).values(first_page=1))
        record_delivery.remove_visit(own, own.get_one(GateVisit, visit.id), actor="test")
    session.rollback()
    return reload(session, moved_id)


@pytest.fixture
def moved_before(session: Session, moved: Bundle) -> Bundle:
    """The same, an hour ago."""
    hour_ago = db.utcnow() - timedelta(hours=1)
    session.execute(update(Bundle).where(Bundle.id == moved.id).values(created_at=hour_ago))
    session.execute(update(Rerouting).values(created_at=hour_ago))
    session.execute(update(LetterMove).values(moved_at=hour_ago))
    session.commit()
    return reload(session, moved.id)


def list_moved_letters(session: Session) -> list[Letter]:
    session.rollback()
    session.expire_all()
    return [*session.scalars(select(Letter).order_by(Letter.id))][-3:]


@pytest.mark.parametrize(
    "outcome", [DeliveryOutcome.ACCEPTED, DeliveryOutcome.REFUSED, DeliveryOutcome.UNOPENED]
)
def test_a_visit_takes_or_brings_back_those_alone_that_were_with_it(
    session: Session, bundle: Bundle, moved_before: Bundle, record: Record, outcome: DeliveryOutcome
) -> None:
    visit = record(bundle, outcome, happened_time=clock.time_of(db.utcnow(), bundle.zone))
    assert visit.attempts[0].messages == 4
    letters = list_moved_letters(session)
    assert trips_of(session, letters) == []
    assert {find_place(session, letter.signature) for letter in letters} == {Place.PRINTED}
    here = [(f"0000{number}", outcome.value, "") for number in range(1, 5)]
    went_on = [(f"0000{number}", "", MOVED) for number in range(5, 8)]
    assert listed(session, bundle.id) == here + went_on


@pytest.mark.both_engines
def test_a_part_without_a_time_brought_back_what_went_on_that_day(
    session: Session, bundle: Bundle, record: Record, reroute: Reroute
) -> None:
    visit = record(bundle, DeliveryOutcome.PART, taken=4)
    part = session.get_one(DeliveryAttempt, visit.attempts[0].id)
    split_bundle.name_part(session, part, [Numbers(1, 4)], actor="test")
    session.commit()
    moved_id = reroute(bundle.id)
    session.execute(update(Letter).where(Letter.bundle_id == moved_id).values(first_page=1))
    session.commit()
    trips = trips_of(session, list_moved_letters(session))
    assert [trip.fate for trip in trips] == [DeliveryOutcome.REFUSED]
    assert listed(session, bundle.id)[4:] == [
        (f"0000{number}", "refused", MOVED) for number in (5, 6, 7)
    ]


@pytest.mark.parametrize("outcome", [DeliveryOutcome.ACCEPTED, DeliveryOutcome.REFUSED])
def test_once_more_was_recorded_of_it_they_wait_instead_of_going_back(
    session: Session,
    bundle: Bundle,
    moved_before: Bundle,
    record: Record,
    staff: FlaskClient,
    outcome: DeliveryOutcome,
) -> None:
    record(bundle, outcome, happened_time=clock.time_of(db.utcnow(), bundle.zone))
    session.rollback()
    cancel_bundle.cancel(
        session, session.merge(moved_before), storage.storage(), reason="", actor=""
    )
    session.commit()
    letters = list_moved_letters(session)
    assert [letter.bundle_id for letter in letters] == [None] * 3
    assert trips_of(session, letters) == []
    assert find_place(session, letters[0].signature) is not Place.GONE
    for page in ("", "/deliver", "/after"):
        shown = staff.get(f"/desk/bundles/{reload(session, bundle.id).public_id}{page}").text
        session.rollback()
        assert "The contents went to a bundle that was cancelled." in shown
        assert "go through this mission" not in shown


def test_what_left_first_and_waits_was_not_refused_with_what_went_on_later(
    session: Session, bundle: Bundle, moved_before: Bundle, record: Record, reroute: Reroute
) -> None:
    record(bundle, DeliveryOutcome.REFUSED, happened_time=clock.time_of(db.utcnow(), bundle.zone))
    reroute(bundle.id)
    session.rollback()
    cancel_bundle.cancel(
        session, session.merge(moved_before), storage.storage(), reason="", actor=""
    )
    session.commit()
    letters = list_moved_letters(session)
    assert [letter.bundle_id for letter in letters] == [None] * 3
    assert trips_of(session, letters) == []
    went_on = [(f"0000{number}", "", "waiting") for number in range(5, 8)]
    assert listed(session, bundle.id)[4:] == went_on


def test_where_nothing_was_recorded_since_they_go_back(
    session: Session, bundle: Bundle, moved: Bundle
) -> None:
    assert cancel_bundle.find_bundle_before(session, moved) == reload(session, bundle.id)
    session.rollback()
    cancel_bundle.cancel(session, session.merge(moved), storage.storage(), reason="", actor="")
    assert set(session.scalars(select(Letter.bundle_id))) == {bundle.id}


def test_pages_say_which_are_to_be_delivered_and_which_are_not(
    staff: FlaskClient, session: Session, bundle: Bundle, moved: Bundle, record: Record
) -> None:
    page = f"/desk/bundles/{bundle.public_id}"
    shown = staff.get(page).text
    assert "Do not deliver all of UA 1/26 · 001" in shown
    numbers = 'Remove these numbers and lock them up: <span dir="ltr">00005–00007</span>'
    assert numbers in " ".join(shown.split())
    assert "Lock up the printed sheets of this bundle" not in shown
    gate = " ".join(staff.get(f"{page}/deliver").text.split())
    assert numbers in gate[gate.index('id="alarms"') : gate.index("</form>")]
    listing = staff.get("/desk/bundles/").text
    assert "Do not deliver all of it. Printed again: Consulate of the Republic" in listing
    today = staff.get("/desk/today").text
    assert "2 bundles are printed and ready for delivery" in today
    assert "4 letters" in today
    record(reload(session, bundle.id), DeliveryOutcome.REFUSED)
    assert "In 1 campaign not everything could be delivered" in staff.get("/desk/today").text


def test_after_a_stop_the_first_sheets_of_what_went_on_are_still_to_be_destroyed(
    staff: FlaskClient,
    session: Session,
    bundle: Bundle,
    moved: Bundle,
    record: Record,
    stop: Callable[[], None],
) -> None:
    record(bundle, DeliveryOutcome.ACCEPTED)
    stop()
    shown = staff.get("/desk/today").text.partition("Stopped: do not deliver 2 printed")[2]
    assert "<bdi>001</bdi> · <bdi>Embassy of the Republic" in shown


def test_the_list_says_that_a_part_is_elsewhere_and_how_the_others_fared(
    session: Session, bundle: Bundle, moved: Bundle, record: Record
) -> None:
    def end() -> BundleOutcome:
        return find_outcomes(session, [reload(session, bundle.id)])[bundle.id]

    assert end() == BundleOutcome("", moved="part")
    record(bundle, DeliveryOutcome.REFUSED)
    assert end() == BundleOutcome("refused", moved="part")
    record(bundle, DeliveryOutcome.ACCEPTED)
    assert end() == BundleOutcome("accepted", moved="rest")


@pytest.mark.both_engines
def test_a_database_of_before_learns_when_they_left(
    session: Session,
    settings: Settings,
    bundle: Bundle,
    moved_before: Bundle,
    record: Record,
    reroute: Reroute,
    app: Flask,
) -> None:
    """Three left an hour ago and went on now, as the others did."""
    moved_id = moved_before.id
    session.add(make_target_mission(8, slug="consulate-vancouver"))
    session.commit()
    record(reload(session, bundle.id), DeliveryOutcome.REFUSED)
    reroute(reload(session, bundle.id).id)
    with app.app_context(), db.transaction() as own:
        third = own.scalars(select(Mission).where(Mission.slug == "consulate-vancouver")).one()
        reroute_bundle.reroute_bundle(
            own, own.get_one(Bundle, moved_id), third, settings=settings, actor="test"
        )
    kept = list_moments(session)
    assert len(kept) == 10
    session.close()
    engine = app.extensions["database"].engine
    migrations.downgrade(engine, "0070")
    migrations.upgrade(engine)
    learned = list_moments(session)
    assert learned.keys() == kept.keys()
    # A move is noted a moment before its re-routing.
    assert all(abs(learned[key] - kept[key]) < timedelta(minutes=5) for key in kept)


def list_moments(session: Session) -> dict[tuple[int, int], datetime]:
    session.rollback()
    session.expire_all()
    return {
        (move.letter_id, move.bundle_id): move.moved_at
        for move in session.scalars(select(LetterMove))
    }
