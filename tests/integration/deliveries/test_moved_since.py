"""Letters that a colleague moved after a delivery that is recorded only now."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign import storage
from campaign.bundles.changes import cancel_bundle
from campaign.core import clock, db
from campaign.core.errors import Refused
from campaign.deliveries import record_delivery
from campaign.deliveries.carried_paper import list_papers
from campaign.deliveries.moved_letters import MovedSince
from campaign.models.bundle import Bundle, DeliveryAttempt, DeliveryOutcome
from campaign.models.delivery import GateVisit
from campaign.models.signature import Signature
from campaign.tracking.letter_trips import trips_of
from tests.factories import post
from tests.integration.bundles.conftest import reload
from tests.integration.deliveries.conftest import Record, Reroute, form
from tests.integration.deliveries.test_back_beside_moved import list_moved_letters, moved
from tests.integration.deliveries.test_carried_paper import BEFORE, withdraw_on, withdrawn
from tests.integration.deliveries.test_envelopes import after, posting
from tests.integration.deliveries.test_reroute import with_sheets

__all__ = ["moved", "with_sheets", "withdrawn"]


def before(bundle: Bundle) -> dict[str, Any]:
    """Day and time of an hour ago, where the mission is."""
    moment = db.utcnow() - BEFORE
    zone = bundle.zone
    return {"day": clock.day_of(moment, zone), "happened_time": clock.time_of(moment, zone)}


def test_the_withdrawn_letter_alone_is_not_recorded_as_delivered(
    session: Session,
    printed: Bundle,
    withdrawn: Callable[..., Signature],
    reroute: Reroute,
    record: Record,
) -> None:
    withdrawn()
    facts = before(printed) | {"paper": list_papers(session, printed)[0].value}
    moved_to = reroute(printed.id)
    printed = reload(session, printed.id)
    for outcome in (DeliveryOutcome.ACCEPTED, DeliveryOutcome.PART):
        with pytest.raises(MovedSince) as refused:
            record(printed, outcome, taken=1, **facts)
        assert (refused.value.delivered, refused.value.some_left) == (False, False)
    with pytest.raises(Refused, match="nothing-here"):
        record(printed, DeliveryOutcome.ACCEPTED, paper=facts["paper"])
    assert session.scalars(select(DeliveryAttempt)).all() == []
    cancel_bundle.cancel(session, reload(session, moved_to), storage.storage(), reason="", actor="")
    session.commit()
    visit = record(reload(session, printed.id), DeliveryOutcome.ACCEPTED, **facts)
    assert visit.attempts[0].messages == 7


def test_the_page_of_a_bundle_that_moved_leads_to_the_record_of_an_earlier_attempt(
    staff: FlaskClient, printed: Bundle, reroute: Reroute
) -> None:
    page = f"/desk/bundles/{printed.public_id}"
    earlier = f'<a href="{page}/deliver">Record an earlier delivery attempt</a>'
    assert earlier not in staff.get(page).text
    reroute(printed.id)
    assert earlier in staff.get(page).text
    assert "You can still record an earlier delivery attempt." in staff.get(f"{page}/deliver").text


@pytest.mark.both_engines
def test_a_print_is_named_with_the_letters_on_it_that_are_in_another_bundle(
    staff: FlaskClient,
    session: Session,
    printed: Bundle,
    withdrawn: Callable[..., Signature],
    reroute: Reroute,
    record: Record,
) -> None:
    part = record(printed, DeliveryOutcome.PART, taken=4).public_id
    assert post(staff, after(printed, "part"), {"numbers": "1-4"}).status_code == 303
    reroute(printed.id)
    assert post(staff, f"/desk/deliveries/{part}/remove").status_code == 303
    withdrawn()
    page = staff.get(f"/desk/bundles/{printed.public_id}/deliver").text
    assert re.search(r"7 letters, printed on [^.]+\. 3 of them are in another bundle\.", page)


def test_sheets_that_moved_are_not_delivered_twice(
    session: Session, with_sheets: Bundle, reroute: Reroute, record: Record
) -> None:
    old = db.utcnow() - timedelta(days=2)
    session.execute(update(Bundle).values(created_at=old))
    session.commit()
    facts = before(reload(session, with_sheets.id))
    withdraw_on(session, with_sheets, facts["day"], 1)
    paper = list_papers(session, reload(session, with_sheets.id))[0].value
    reroute(with_sheets.id)
    with_sheets = reload(session, with_sheets.id)
    with pytest.raises(MovedSince):
        record(with_sheets, DeliveryOutcome.ACCEPTED, paper=paper, **facts)


def test_of_a_bundle_of_which_some_moved_the_others_can_be_recorded_as_a_part(
    session: Session, bundle: Bundle, moved: Bundle, record: Record
) -> None:
    facts = before(bundle)
    for outcome, taken in ((DeliveryOutcome.ACCEPTED, None), (DeliveryOutcome.PART, 5)):
        with pytest.raises(MovedSince) as refused:
            record(bundle, outcome, taken=taken, **facts)
        assert refused.value.some_left
    part = record(bundle, DeliveryOutcome.PART, taken=4, **facts).attempts[0]
    assert part.messages == 4
    assert [trip.fate for trip in trips_of(session, list_moved_letters(session))] == [
        DeliveryOutcome.PART
    ]


def test_where_they_are_delivered_from_there_the_record_says_so(
    session: Session, bundle: Bundle, moved: Bundle, record: Record
) -> None:
    record(moved, DeliveryOutcome.ACCEPTED)
    with pytest.raises(MovedSince) as refused:
        record(bundle, DeliveryOutcome.ACCEPTED, **before(bundle))
    assert refused.value.delivered


def test_page_and_phone_say_where_they_are_and_what_to_do(
    session: Session, bundle: Bundle, reroute: Reroute, staff: FlaskClient
) -> None:
    gate = f"/desk/bundles/{bundle.public_id}/deliver"
    typed = form(happened_on=f"{before(bundle)['day'] - timedelta(days=1)}")
    reroute(bundle.id)
    page = post(staff, gate, typed)
    assert page.status_code == 422
    sent = post(staff, gate, typed, headers={"Accept": "application/json"})
    for answer in (page.text, sent.json["problems"][0]):
        assert "a colleague moved what was in this bundle to" in answer
        assert "Consulate of the Republic, Montréal · 001" in answer
        assert "no one may deliver it there" in answer
        assert "choose “Accepted in part”" not in answer


@pytest.mark.both_engines
def test_envelopes_whose_letters_moved_since_are_not_recorded_as_posted(
    session: Session, bundle: Bundle, reroute: Reroute, staff: FlaskClient
) -> None:
    post(staff, after(bundle, "split"), {"letters_each": "1"})
    assert post(staff, after(bundle, "post"), posting()).status_code == 303
    session.rollback()
    reroute(bundle.id)
    day = f"{before(bundle)['day'] - timedelta(days=1)}"
    late = post(staff, after(bundle, "post"), posting(first="2", last="3", posted_on=day))
    assert late.status_code == 422
    assert "Consulate of the Republic, Montréal · 001" in late.text
    assert "no one may deliver it there" in late.text


def test_a_later_record_hides_nothing_of_those_that_moved(
    session: Session, bundle: Bundle, moved: Bundle, record: Record, staff: FlaskClient
) -> None:
    facts = before(bundle)
    record(bundle, DeliveryOutcome.ACCEPTED)
    with pytest.raises(MovedSince) as refused:
        record(bundle, DeliveryOutcome.ACCEPTED, **facts)
    assert not refused.value.go_back
    gate = f"/desk/bundles/{reload(session, bundle.id).public_id}/deliver"
    session.rollback()
    typed = form(happened_on=f"{facts['day'] - timedelta(days=1)}", place="")
    page = post(staff, gate, typed).text
    assert "First delete the later record of this bundle" in page
    visit = session.scalars(select(GateVisit)).one()
    record_delivery.remove_visit(session, visit, actor="test")
    session.commit()
    cancel_bundle.cancel(session, reload(session, moved.id), storage.storage(), reason="", actor="")
    session.commit()
    assert (
        record(reload(session, bundle.id), DeliveryOutcome.ACCEPTED, **facts).attempts[0].messages
        == 7
    )
