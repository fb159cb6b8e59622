"""What lists say of a bundle: how it fared last, and of envelopes how many went."""

from collections.abc import Callable
from datetime import date, time, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from campaign.core import clock, db
from campaign.deliveries.envelopes import split_bundle
from campaign.deliveries.envelopes.mark_posted import Posting, post_envelopes
from campaign.deliveries.recording_rules import Numbers
from campaign.deliveries.visits import BundleOutcome, find_outcomes
from campaign.models.bundle import Bundle, DeliveryOutcome
from campaign.models.delivery import GateVisit
from campaign.models.staff import Role
from tests.days import days_ago
from tests.factories import post, sign_in
from tests.integration.deliveries.conftest import Record, let_go


@pytest.fixture
def lasting(session: Session, bundle: Bundle) -> Bundle:
    """Seven letters that are ready, to be read outside of any transaction."""
    assert bundle.campaign.slug
    return let_go(session, bundle)


def end_of(session: Session, bundle: Bundle) -> BundleOutcome:
    session.rollback()
    session.expire_all()
    outcome = find_outcomes(session, [session.get_one(Bundle, bundle.id)])[bundle.id]
    session.rollback()
    return outcome


@pytest.mark.both_engines
def test_the_newest_is_that_of_the_latest_time_and_not_what_was_recorded_last(
    lasting: Bundle, session: Session, record: Record
) -> None:
    day = days_ago(1)
    record(lasting, DeliveryOutcome.REFUSED, day=day, happened_time=time(15))
    record(lasting, DeliveryOutcome.PART, day=day, happened_time=time(9), taken=2)
    assert end_of(session, lasting) == BundleOutcome("refused", earlier=("part",))


def test_envelopes_are_counted_only_while_a_posting_was_the_last(
    lasting: Bundle, session: Session, record: Record
) -> None:
    today: date = clock.today("America/Toronto")
    before = today - timedelta(days=1)
    record(lasting, DeliveryOutcome.REFUSED, day=before)
    run = split_bundle.split_bundle(
        session,
        session.get_one(Bundle, lasting.id),
        letters_each=1,
        with_letters=False,
        actor="test",
    )
    post_envelopes(session, run, Posting(1, 2, before), key=db.new_public_id(), actor="test")
    session.commit()
    assert end_of(session, lasting) == BundleOutcome("posted", 2, 7)
    record(lasting, DeliveryOutcome.ACCEPTED, day=today)
    assert end_of(session, lasting) == BundleOutcome("accepted", earlier=("posted",))


def test_all_ways_in_which_letters_went_are_named(
    lasting: Bundle, session: Session, record: Record
) -> None:
    day = days_ago(1)
    visit = record(lasting, DeliveryOutcome.PART, day=day, taken=3)
    [part] = session.get_one(GateVisit, visit.id).attempts
    split_bundle.name_part(session, part, [Numbers(1, 3)], actor="test")
    run = split_bundle.split_bundle(
        session,
        session.get_one(Bundle, lasting.id),
        letters_each=2,
        with_letters=False,
        actor="test",
    )
    for number, way in enumerate((DeliveryOutcome.POSTED, DeliveryOutcome.COURIER), start=1):
        posting = Posting(number, number, day, outcome=way)
        post_envelopes(session, run, posting, key=db.new_public_id(), actor="test")
    session.commit()
    assert end_of(session, lasting) == BundleOutcome("posted", 2, 2, earlier=("part",))


def test_a_stop_stands_beside_what_happened_before_it(
    staff: FlaskClient, lasting: Bundle, session: Session, record: Record, stop: Callable[[], None]
) -> None:
    day = days_ago(1)
    visit = record(lasting, DeliveryOutcome.PART, day=day, happened_time=time(9), taken=3)
    [part] = session.get_one(GateVisit, visit.id).attempts
    split_bundle.name_part(session, part, [Numbers(1, 3)], actor="test")
    session.commit()
    record(lasting, DeliveryOutcome.REFUSED, day=day, happened_time=time(15))
    stop()
    before = BundleOutcome("refused", earlier=("part",), held="held-back")
    assert end_of(session, lasting) == before
    record(lasting, DeliveryOutcome.STOPPED)
    assert end_of(session, lasting) == before, "that it was stopped is said once"
    shown = staff.get("/desk/bundles/").text
    places = [shown.index(words) for words in ("Accepted in part", "Refused", "On hold: stopped")]
    assert places == sorted(places)
    assert "Not delivered: stopped" not in shown


def status_on_its_page(staff: FlaskClient, bundle: Bundle) -> str:
    page = staff.get(f"/desk/bundles/{bundle.public_id}").text
    assert ("The bundle is ready" in page) == ('status is-good">Ready<' in page)
    status = page.partition("<dt>Status</dt>")[2].partition("</dd>")[0].rpartition("<dd>")[2]
    assert status in staff.get("/desk/bundles/").text, "the list says the same"
    return status


@pytest.mark.both_engines
@pytest.mark.parametrize("outcome", [DeliveryOutcome.STOPPED, DeliveryOutcome.REFUSED])
def test_a_delivery_that_is_recorded_late_is_the_status_and_not_what_found_nothing_left(
    app: Flask,
    staff: FlaskClient,
    lasting: Bundle,
    session: Session,
    record: Record,
    stop: Callable[[], None],
    outcome: DeliveryOutcome,
) -> None:
    campaign = session.get_one(Bundle, lasting.id).campaign.slug
    stop()
    record(lasting, outcome)
    record(lasting, DeliveryOutcome.ACCEPTED, day=days_ago(1), happened_time=time(9))
    assert end_of(session, lasting) == BundleOutcome("accepted")
    assert ">Accepted<" in status_on_its_page(staff, lasting)
    page = staff.get(f"/desk/bundles/{lasting.public_id}").text
    assert "· nothing left to deliver" in page
    assert "0 letters" not in page
    sign_in(staff, app, Role.ORGANIZER)
    statistics = staff.get(f"/desk/campaigns/{campaign}/figures").text
    assert "Accepted ·" in statistics.partition('data-label="Last delivery attempt"')[2][:200]


@pytest.mark.both_engines
def test_what_found_nothing_left_is_not_published(
    staff: FlaskClient, lasting: Bundle, session: Session, record: Record
) -> None:
    empty = record(lasting, DeliveryOutcome.REFUSED).id
    record(lasting, DeliveryOutcome.ACCEPTED, day=days_ago(1), happened_time=time(9))
    visit = session.get_one(GateVisit, empty)
    address = f"/desk/deliveries/attempts/{visit.attempts[0].public_id}/publish"
    page = f"/desk/deliveries/{visit.public_id}"
    session.rollback()
    shown = staff.get(page).text
    assert "nothing left to deliver" in shown
    assert address not in shown
    words = "According to this record, nothing was left to deliver."
    assert words in staff.get(address, follow_redirects=True).text
    assert words in post(staff, address, {"title_en": "Delivered", "body_en": "Words."}).text


@pytest.mark.both_engines
def test_the_page_of_a_bundle_has_the_status_that_the_list_has(
    staff: FlaskClient, lasting: Bundle, record: Record, stop: Callable[[], None]
) -> None:
    assert ">Ready<" in status_on_its_page(staff, lasting)
    record(lasting, DeliveryOutcome.REFUSED, day=days_ago(2))
    assert ">Refused<" in status_on_its_page(staff, lasting)
    stop()
    assert ">On hold: stopped<" in status_on_its_page(staff, lasting)
    post(staff, f"/desk/bundles/{lasting.public_id}/held-back", {"fate": "destroyed"})
    assert ">Stopped: destroyed<" in status_on_its_page(staff, lasting)


def test_a_delivered_bundle_is_not_called_ready_and_can_be_downloaded(
    staff: FlaskClient, lasting: Bundle, record: Record
) -> None:
    record(lasting, DeliveryOutcome.ACCEPTED)
    assert ">Accepted<" in status_on_its_page(staff, lasting)
    assert "Download the bundle" in staff.get(f"/desk/bundles/{lasting.public_id}").text


def test_a_bundle_that_was_stopped_half_posted_names_its_envelopes(
    lasting: Bundle, session: Session, record: Record, stop: Callable[[], None]
) -> None:
    day = days_ago(1)
    record(lasting, DeliveryOutcome.REFUSED, day=day)
    run = split_bundle.split_bundle(
        session,
        session.get_one(Bundle, lasting.id),
        letters_each=1,
        with_letters=False,
        actor="test",
    )
    post_envelopes(session, run, Posting(1, 2, day), key=db.new_public_id(), actor="test")
    session.commit()
    stop()
    assert end_of(session, lasting) == BundleOutcome("posted", 2, 7, held="held-back")
