"""What comes after a part, or after some envelopes: each letter goes out once, and is told once."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign import db
from campaign.accounts.models import Role
from campaign.bundles.models import Bundle, DeliveryAttempt, DeliveryOutcome
from campaign.campaigns.models import Campaign
from campaign.following.models import Notice
from campaign.mail.models import OutboxMail
from tests.factories import post, sign_in
from tests.integration.bundles.conftest import reload
from tests.integration.deliveries.conftest import Record
from tests.integration.deliveries.test_envelopes import after, posting
from tests.integration.following.conftest import sign

Tell = Callable[[], list[str]]


@pytest.fixture
def three(
    unit: Session, campaign: Campaign, make_ready: Callable[[], int], client: FlaskClient,
    app: Flask, fresh_pages: None,
) -> Bundle:  # fmt: skip
    """Letters of three mailboxes that want news, numbered 1 to 3; somebody of the staff is in."""
    for name in ("first", "second", "third"):
        sign(unit, campaign, email=f"{name}@example.org")
    made = reload(unit, make_ready())
    unit.expunge(made)
    unit.rollback()
    sign_in(client, app, Role.STAFF)
    return made


@pytest.fixture
def tell(unit: Session, again: Callable[[str, int], None]) -> Tell:
    """Mails the news of every attempt; gives who was told of a hand-over, in order."""

    def run() -> list[str]:
        unit.rollback()
        attempts = unit.scalars(select(DeliveryAttempt.id).order_by(DeliveryAttempt.id)).all()
        unit.rollback()
        for one in attempts:
            again("following.delivery-recorded", one)
        notices = unit.scalars(select(Notice.id).order_by(Notice.id)).all()
        unit.rollback()
        for one in notices:
            again("following.tell", one)
        told = select(OutboxMail.recipient).where(OutboxMail.kind == "letter-handed-over")
        found = unit.scalars(told.order_by(OutboxMail.id)).all()
        unit.rollback()
        return [str(one).partition("@")[0] for one in found]

    return run


def test_who_was_told_of_a_part_is_not_told_again_when_the_rest_is_accepted(
    client: FlaskClient, three: Bundle, unit: Session, record: Record, tell: Tell
) -> None:
    week_ago = db.utcnow().date() - timedelta(days=7)
    record(three, DeliveryOutcome.PART, taken=2, day=week_ago)
    assert post(client, after(three, "part"), {"numbers": "1-2"}).status_code == 303
    assert tell() == ["first", "second"]
    rest = record(three, DeliveryOutcome.ACCEPTED)
    assert tell() == ["first", "second", "third"]
    assert unit.get_one(DeliveryAttempt, rest.attempts[0].id).messages == 1


def test_who_was_told_of_a_posting_is_not_told_again_when_the_rest_is_accepted(
    client: FlaskClient, three: Bundle, record: Record, tell: Tell
) -> None:
    record(three, DeliveryOutcome.REFUSED)
    post(client, after(three, "split"), {"letters_each": "1"})
    assert post(client, after(three, "post"), posting(last="1")).status_code == 303
    assert tell() == ["first"]
    record(three, DeliveryOutcome.ACCEPTED)
    assert tell() == ["first", "second", "third"]
