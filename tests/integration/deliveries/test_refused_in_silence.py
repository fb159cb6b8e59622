"""What came back of a letter under review: its writer reads of it as the others do."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.deliveries import record_delivery
from campaign.deliveries.carried_paper import list_papers
from campaign.models.bundle import Bundle, DeliveryOutcome
from campaign.models.delivery import GateVisit
from campaign.models.signature import Signature
from campaign.tracking.letter_trips import list_trips
from campaign.tracking.timeline import marks_of, status_of
from tests.integration.bundles.conftest import reload
from tests.integration.deliveries.conftest import Approve, Flag, MakeWithout, Record, signature_of

pytestmark = pytest.mark.both_engines
AHEAD = ["Delivered", "Answered", "Outcome"]
UNTOLD = ["Signed", "Confirmed", "Printed as letter 00002"]
TOLD = [*UNTOLD, "Refused at the door"]


def read_way(app: Flask, session: Session, signature_id: int) -> tuple[str, list[str]]:
    session.rollback()
    session.expire_all()
    signature = session.get_one(Signature, signature_id)
    with app.test_request_context():
        trips = list_trips(session, signature)
        marks = marks_of(session, signature, trips)
        return status_of(signature, trips), [mark.title for mark in marks]


@pytest.mark.both_engines
@pytest.mark.parametrize("is_remade", [True, False])
def test_a_refusal_of_the_print_with_the_letter_is_told_at_once(
    app: Flask,
    session: Session,
    printed: Bundle,
    record: Record,
    make_without: MakeWithout,
    approve: Approve,
    flag: Flag,
    again: Callable[..., None],
    is_remade: bool,
) -> None:
    bundle = SimpleNamespace(id=printed.id)
    signature_id = signature_of(session, printed, 2).id
    (make_without if is_remade else flag)(printed, 2)
    papers = list_papers(session, reload(session, bundle.id))
    with_it = next(paper.value for paper in papers if "00002" in paper.holds)
    session.rollback()
    record(bundle, DeliveryOutcome.REFUSED, paper=with_it)
    assert read_way(app, session, signature_id) == ("printed", [*TOLD, *AHEAD])
    approve(bundle.id, 2, waits=False)
    assert read_way(app, session, signature_id) == ("printed", [*TOLD, *AHEAD])
    again("bundles.restore")
    assert read_way(app, session, signature_id) == ("printed", [*TOLD, *AHEAD])


@pytest.mark.parametrize("chosen", ["newest", "removed"])
def test_a_refusal_of_a_print_without_the_letter_is_never_told(
    app: Flask,
    session: Session,
    printed: Bundle,
    record: Record,
    make_without: MakeWithout,
    approve: Approve,
    chosen: str,
) -> None:
    bundle = SimpleNamespace(id=printed.id)
    signature_id = signature_of(session, printed, 2).id
    make_without(printed, 2)
    newest, *others = list_papers(session, reload(session, bundle.id))
    without = [newest] if chosen == "newest" else [each for each in others if each.removed]
    values = [paper.value for paper in without]
    session.rollback()
    for value in values:
        record(bundle, DeliveryOutcome.REFUSED, paper=value, place=value)
    approve(bundle.id, 2)
    ways = ["Signed", "Confirmed", "Printed"]
    assert read_way(app, session, signature_id) == ("confirmed", [*ways, *AHEAD])


def test_a_refusal_that_was_a_mistake_is_not_told_once_its_record_is_deleted(
    app: Flask,
    session: Session,
    printed: Bundle,
    record: Record,
    make_without: MakeWithout,
    approve: Approve,
) -> None:
    bundle = SimpleNamespace(id=printed.id)
    signature_id = signature_of(session, printed, 2).id
    make_without(printed, 2)
    papers = list_papers(session, reload(session, bundle.id))
    with_it = next(paper.value for paper in papers if "00002" in paper.holds)
    session.rollback()
    record(bundle, DeliveryOutcome.REFUSED, paper=with_it)
    session.rollback()
    record_delivery.remove_visit(session, session.scalars(select(GateVisit)).one(), actor="test")
    session.commit()
    approve(bundle.id, 2, waits=False)
    assert read_way(app, session, signature_id) == ("printed", [*UNTOLD, *AHEAD])
