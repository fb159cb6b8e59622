"""Signature sheets of a bundle of which a part was accepted: where they are, and who names them."""

from collections.abc import Callable

from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign.bundles.freeze import signed_sheets
from campaign.deliveries import gone_lists
from campaign.models.bundle import Bundle, DeliveryAttempt, DeliveryOutcome
from campaign.models.signature import Letter, Signature, SignatureState
from tests.factories import add_confirmed, post
from tests.integration.bundles.conftest import reload
from tests.integration.deliveries.conftest import Record, form
from tests.integration.deliveries.test_envelopes import after, posting
from tests.integration.deliveries.test_reroute import (
    Reroute,
    awaited_on_paper,
    reroute,
    with_sheets,
)

__all__ = ["reroute", "with_sheets"]


def delete_record(staff: FlaskClient, session: Session, bundle: Bundle) -> None:
    """Delete the newest record of the bundle."""
    session.rollback()
    tried = select(DeliveryAttempt.public_id).where(DeliveryAttempt.bundle_id == bundle.id)
    newest = session.scalars(tried.order_by(DeliveryAttempt.id.desc())).first()
    session.rollback()
    assert post(staff, f"/desk/deliveries/attempts/{newest}/remove").status_code == 303


def count_signed(session: Session, bundle: Bundle) -> list[int]:
    """Count the people on sheets that the records of a bundle name."""
    session.rollback()
    tried = select(DeliveryAttempt).where(DeliveryAttempt.bundle_id == bundle.id)
    return [*gone_lists.count_signed_with(session, session.scalars(tried).all()).values()]


def test_the_page_names_the_sheets_that_a_record_counts_once_the_part_is_deleted(
    staff: FlaskClient, session: Session, with_sheets: Bundle, record: Record, reroute: Reroute
) -> None:
    record(with_sheets, DeliveryOutcome.PART, taken=1)
    assert post(staff, after(with_sheets, "part"), {"numbers": "1"}).status_code == 303
    reroute(with_sheets.id)
    assert count_signed(session, with_sheets) == [2]
    delete_record(staff, session, with_sheets)
    page = staff.get(f"/desk/bundles/{with_sheets.public_id}/deliver").text
    assert "1 letter · 2 people on signed sheets" in page
    record(with_sheets, DeliveryOutcome.ACCEPTED)
    assert count_signed(session, with_sheets) == [2]


def test_sheets_go_on_with_the_letters_of_a_part_that_is_deleted(
    staff: FlaskClient, session: Session, with_sheets: Bundle, record: Record, reroute: Reroute
) -> None:
    record(with_sheets, DeliveryOutcome.PART, taken=1)
    assert post(staff, after(with_sheets, "part"), {"numbers": "1"}).status_code == 303
    reroute(with_sheets.id)
    delete_record(staff, session, with_sheets)
    assert signed_sheets.count_carried(session, reroute(with_sheets.id)) == 2


def test_neither_page_nor_record_counts_sheets_that_moved_on(
    staff: FlaskClient, session: Session, with_sheets: Bundle, record: Record, reroute: Reroute
) -> None:
    record(with_sheets, DeliveryOutcome.REFUSED)
    assert post(staff, after(with_sheets, "split"), {"letters_each": "1"}).status_code == 303
    assert post(staff, after(with_sheets, "post"), posting()).status_code == 303
    reroute(with_sheets.id)
    delete_record(staff, session, with_sheets)
    page = staff.get(f"/desk/bundles/{with_sheets.public_id}/deliver").text
    assert "1 letter" in page
    assert "people on signed sheets" not in page
    record(with_sheets, DeliveryOutcome.ACCEPTED)
    assert count_signed(session, with_sheets) == []


ASKED = "What happened to the signature sheets?"


def record_part(staff: FlaskClient, bundle: Bundle, **facts: str) -> None:
    """Record on the delivery page that one letter was accepted, the first."""
    sent = form(outcome="part", happened_time="", **{f"taken_{bundle.id}": "1"}, **facts)
    url = f"/desk/bundles/{bundle.public_id}/deliver"
    assert post(staff, url, sent).status_code == 303
    assert post(staff, after(bundle, "part"), {"numbers": "1"}).status_code == 303


def test_sheets_that_came_back_with_a_part_go_with_the_next_attempt(
    staff: FlaskClient, session: Session, with_sheets: Bundle, record: Record
) -> None:
    url = f"/desk/bundles/{with_sheets.public_id}/deliver"
    assert ASKED in staff.get(url).text
    record_part(staff, with_sheets, **{f"sheets_{with_sheets.id}": "back"})
    assert count_signed(session, with_sheets) == []
    attempt = session.scalars(select(DeliveryAttempt.public_id)).one()
    session.rollback()
    shown = staff.get(f"/desk/deliveries/attempts/{attempt}", follow_redirects=True).text
    assert "The signature sheets came back." in shown
    assert awaited_on_paper(session) == 2
    assert "1 letter · 2 people on signed sheets" in staff.get(url).text
    record(with_sheets, DeliveryOutcome.ACCEPTED)
    assert count_signed(session, with_sheets) == [2]
    assert awaited_on_paper(session) == 0


def test_sheets_that_came_back_with_a_part_move_on_with_the_rest(
    staff: FlaskClient, session: Session, with_sheets: Bundle, reroute: Reroute
) -> None:
    record_part(staff, with_sheets, **{f"sheets_{with_sheets.id}": "back"})
    assert signed_sheets.count_carried(session, reroute(with_sheets.id)) == 2


def test_sheets_that_came_back_wait_where_no_letter_is_left(
    staff: FlaskClient, session: Session, with_sheets: Bundle
) -> None:
    record_part(staff, with_sheets, **{f"sheets_{with_sheets.id}": "back"})
    campaign = session.get_one(Bundle, with_sheets.id).campaign
    assert signed_sheets.waiting_on_paper(session, campaign) == 0
    session.rollback()
    second = select(Letter.signature_id).where(Letter.sequence == 2)
    withdrawn = update(Signature).where(Signature.id.in_(second))
    session.execute(withdrawn.values(state=SignatureState.WITHDRAWN))
    assert signed_sheets.waiting_on_paper(session, campaign) == 2


def test_a_record_from_before_this_was_asked_says_that_sheets_were_accepted(
    staff: FlaskClient, session: Session, with_sheets: Bundle
) -> None:
    record_part(staff, with_sheets)
    assert count_signed(session, with_sheets) == [2]
    page = staff.get(f"/desk/bundles/{with_sheets.public_id}/deliver").text
    assert ASKED not in page


def test_of_a_bundle_that_came_along_the_sheets_are_named_and_asked_about_too(
    staff: FlaskClient, session: Session, with_sheets: Bundle, make_ready: Callable[[], int]
) -> None:
    add_confirmed(session, session.get_one(Bundle, with_sheets.id).campaign, 2)
    session.commit()
    own = reload(session, make_ready())
    url = f"/desk/bundles/{own.public_id}/deliver"
    page = staff.get(url).text
    assert "2 letters · 2 people on signed sheets" in page
    assert "What happened to the signature sheets of UA 1/26 · 001?" in page
    assert ASKED not in page
    ids = (own.id, with_sheets.id)
    taken = {f"taken_{each}": "1" for each in ids} | {f"with_{with_sheets.id}": "y"}
    sent = form(outcome="part", happened_time="", **taken, **{f"sheets_{with_sheets.id}": "back"})
    assert post(staff, url, sent).status_code == 303
    session.rollback()
    shown = dict(
        session.execute(select(DeliveryAttempt.bundle_id, DeliveryAttempt.sheets_back)).all()
    )
    assert shown == {own.id: False, with_sheets.id: True}
