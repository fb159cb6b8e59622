"""What the tests of following share: signed letters, links to them, a bundle and its delivery."""

import json
from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign.core import db, jobs
from campaign.core.audit import AuditEntry
from campaign.core.db import new_public_id
from campaign.deliveries import record_delivery
from campaign.mail.messages import OutboxMail
from campaign.models.bundle import Bundle, BundleState, DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.signature import Signature
from campaign.signing import signed_links
from tests.days import days_ago, today
from tests.factories import add_confirmed, freeze_waiting

Mails = Callable[[], list[dict[str, Any]]]
Deliver = Callable[..., None]
Erase = Callable[[], list[dict[str, Any]]]
ANA = "ana@example.org"


@pytest.fixture
def ana(session: Session, campaign: Campaign) -> Signature:
    """Ana's confirmed letter; she wants news."""
    return sign(session, campaign, email=ANA, given_name="Ana", family_name="Plantada")


def sign(session: Session, campaign: Campaign, *, email: str, **overrides: Any) -> Signature:
    """A confirmed letter in English, committed; its token is `token-<id>`."""
    facts: dict[str, Any] = {
        "email": email,
        "email_hmac": db.database().keyring.fingerprint(email, "email"),
        "letter_locale": "en",
        "own_words": "I have followed this case for a year.",
        "consent_updates_at": db.utcnow(),
    }
    [signature] = add_confirmed(session, campaign, 1, **(facts | overrides))
    signature.token_digest = signed_links.digest_of(f"token-{signature.id}")
    session.commit()
    return signature


@pytest.fixture
def mails(app: Flask) -> Mails:
    """Reads the outbox: each mail's kind, address and context."""

    def read() -> list[dict[str, Any]]:
        with app.app_context(), db.reading() as session:
            return [
                {"kind": mail.kind, "to": mail.recipient} | json.loads(mail.context or "{}")
                for mail in session.scalars(select(OutboxMail).order_by(OutboxMail.id))
            ]

    return read


@pytest.fixture
def box(client: FlaskClient, ana: Signature, mails: Mails) -> str:
    """Address of the page with all of Ana's letters."""
    assert client.post("/en/my-letters", data={"email": ANA}).status_code == 303
    return str(mails()[-1]["link"]).removeprefix("http://127.0.0.1:5000")


@pytest.fixture
def freeze(app: Flask) -> Callable[[Campaign], int]:
    """Freezes what waits; gives the bundle's id."""

    def run(campaign: Campaign) -> int:
        campaign_id = campaign.id  # before the lock is taken: it may have to be read again
        with app.app_context(), db.transaction() as session:
            return freeze_waiting(session, session.get_one(Campaign, campaign_id)).id

    return run


@pytest.fixture
def deliver(app: Flask) -> Deliver:
    """Records that a bundle was brought to the gate."""

    def run(
        bundle_id: int,
        outcome: DeliveryOutcome = DeliveryOutcome.ACCEPTED,
        clock: time | None = None,
        taken: int | None = None,
        day: date | None = None,
        sheets_back: bool = False,
    ) -> None:
        with app.app_context(), db.transaction() as session:
            bundle = session.get_one(Bundle, bundle_id)
            bundle.state = BundleState.READY
            record_delivery.record_visit(
                session,
                carried=[record_delivery.CarriedBundle(bundle, taken, sheets_back=sheets_back)],
                happened=record_delivery.VisitFacts(
                    outcome=outcome,
                    happened_on=day or today(),
                    happened_time=clock,
                    place="At the gate of the embassy",
                ),
                key=new_public_id(),
                actor="test",
            )

    return run


def reload(session: Session, signature: Signature) -> Signature:
    """The row as it now stands."""
    session.rollback()
    session.expire_all()
    return session.get_one(Signature, signature.id)


@pytest.fixture
def erase(app: Flask, session: Session) -> Erase:
    """Runs the daily job; gives what it wrote into the audit so far."""

    def run() -> list[dict[str, Any]]:
        session.commit()
        jobs.run_now("retention.erase")
        session.rollback()
        session.expire_all()
        asked = select(AuditEntry.detail).where(AuditEntry.action == "mailbox.retention")
        return list(session.scalars(asked.order_by(AuditEntry.id)))

    return run


def long_ago(session: Session, days: int) -> None:
    """Has every delivery be so many days ago."""
    session.execute(update(DeliveryAttempt).values(happened_on=days_ago(days)))


def end(session: Session, campaign: Campaign, days: int, *, stopped: bool = True) -> None:
    """Has the campaign be stopped, or closed, since so many days."""
    campaign.status = CampaignStatus.STOPPED if stopped else CampaignStatus.CLOSED
    campaign.closed_at = campaign.stopped_at = db.utcnow() - timedelta(days=days)
    session.flush()
