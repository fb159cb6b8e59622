"""Signature sheets of a bundle of which a part was accepted: where they are, and who names them."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.bundles.freeze import signed_sheets
from campaign.deliveries import gone_lists
from campaign.models.bundle import Bundle, DeliveryAttempt, DeliveryOutcome
from tests.factories import post
from tests.integration.deliveries.conftest import Record
from tests.integration.deliveries.test_envelopes import after, posting
from tests.integration.deliveries.test_reroute import Reroute, reroute, with_sheets

pytestmark = pytest.mark.both_engines
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
