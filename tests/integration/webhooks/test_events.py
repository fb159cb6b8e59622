"""What other programs are told: each deed once, in its transaction, and nothing of who did it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns.content.updates import post_update
from campaign.campaigns.status_changes import close_campaign, open_campaign, stop_campaign
from campaign.core import db
from campaign.models.api_token import ApiScope
from campaign.models.campaign import Campaign, UpdateKind
from campaign.models.reply import Reply
from campaign.models.signature import Signature, SignatureState
from campaign.models.webhook import EndpointState, EventKind, WebhookEndpoint, WebhookEvent
from campaign.replies import publish_reply
from campaign.replies.publish_reply import mark_parts
from campaign.screening import review_queue
from campaign.tracking.change_or_withdraw import withdraw_letter
from tests.days import today
from tests.factories import make_token
from tests.integration.replies.test_replies import make_reply
from tests.integration.signing.conftest import FORM
from tests.integration.tracking.conftest import Deliver, ana, box, deliver, freeze, mails, sign

__all__ = ["ana", "box", "deliver", "freeze", "mails"]

Told = Callable[[], list[tuple[str, dict[str, Any]]]]


@pytest.fixture
def told(session: Session) -> Told:
    """Reads what a program that is told everything would be told, with its data."""
    session.add(
        WebhookEndpoint(
            address="https://example.org/",
            secret="whsec_x",
            events=[kind.value for kind in EventKind],
            state=EndpointState.READY,
        )
    )
    session.commit()

    def read() -> list[tuple[str, dict[str, Any]]]:
        session.rollback()
        bodies = session.scalars(select(WebhookEvent.body).order_by(WebhookEvent.id))
        return [(body["type"], body["data"]) for body in map(json.loads, bodies)]

    return read


def test_a_confirmation_tells_ids_and_consents_once_and_the_person_is_a_second_call(
    app: Flask,
    client: FlaskClient,
    case: str,
    campaign: Campaign,
    told: Told,
    mails: Any,
    session: Session,
) -> None:
    client.post(f"{case}/sign", data=FORM | {"consent_updates": "y"})
    assert told() == []
    link = str(mails()[0]["link"]).removeprefix("http://127.0.0.1:5000")
    for _ in range(2):
        client.post(link)
    signature = session.scalars(select(Signature)).one()
    consents = {"delivery": True, "news": True, "network": False}
    data = {"signature": signature.public_id, "action": campaign.slug, "consents": consents}
    assert told() == [("signature.confirmed", data)]
    secret = make_token(app, ApiScope.PEOPLE)
    url = f"/api/osdi/people/{signature.public_id}"
    person = client.get(url, headers={"OSDI-API-Token": secret}).json
    assert person["email_addresses"][0]["address"] == FORM["email"]
    assert client.get(url).status_code == 401


def test_a_held_letter_is_told_of_when_it_is_approved_and_not_again(
    app: Flask, session: Session, campaign: Campaign, told: Told
) -> None:
    held = sign(session, campaign, email="held@example.org", state=SignatureState.HELD)
    with app.app_context(), db.transaction() as other:
        signature = other.get_one(Signature, held.id)
        review_queue.enqueue_followups(other, signature, db.utcnow())
        assert other.scalars(select(WebhookEvent)).all() == []
        signature.state = SignatureState.CONFIRMED
        for _ in range(2):
            review_queue.enqueue_followups(other, signature, db.utcnow())
    assert [kind for kind, _data in told()] == ["signature.confirmed"]


def test_what_is_not_committed_is_not_told(app: Flask, told: Told, ana: Signature) -> None:
    with app.app_context(), db.transaction() as session:
        withdraw_letter(session, session.get_one(Signature, ana.id), db.utcnow())
        session.rollback()
    assert told() == []


def test_a_withdrawal_is_told(app: Flask, told: Told, ana: Signature, campaign: Campaign) -> None:
    with app.app_context(), db.transaction() as session:
        withdraw_letter(session, session.get_one(Signature, ana.id), db.utcnow())
    data = {"signature": ana.public_id, "action": campaign.slug}
    assert told() == [("signature.withdrawn", data)]


def test_after_an_erasure_the_log_has_ids_that_lead_nowhere(
    client: FlaskClient, told: Told, box: str, ana: Signature, campaign: Campaign, session: Session
) -> None:
    public_id = ana.public_id
    assert client.post(f"{box}/erase").status_code in {302, 303}
    assert told() == [("signature.erased", {"signature": public_id, "action": campaign.slug})]
    left = select(Signature).where(Signature.public_id == public_id)
    assert session.scalars(left).all() == []


def test_an_action_that_opens_closes_is_stopped_or_has_an_outcome_is_told(
    session: Session, campaign: Campaign, told: Told
) -> None:
    act = {"actor": "test", "now": db.utcnow()}
    close_campaign(session, campaign, **act)
    open_campaign(session, campaign, **act, act_by=campaign.act_by)
    post_update(
        session,
        campaign,
        actor="test",
        kind=UpdateKind.OUTCOME,
        happened_on=today(),
        words={campaign.default_locale: ("She is free", "Thank you.")},
    )
    stop_campaign(session, campaign, **act, reasons={campaign.default_locale: "Harm."})
    session.commit()
    kinds = ["action.closed", "action.opened", "action.outcome", "action.stopped"]
    assert told() == [(kind, {"action": campaign.slug}) for kind in kinds]


def test_a_delivery_and_a_reply_are_told_of(
    app: Flask,
    session: Session,
    ana: Signature,
    campaign: Campaign,
    told: Told,
    freeze: Callable[[Campaign], int],
    deliver: Deliver,
) -> None:
    deliver(freeze(campaign))
    [(kind, data)] = told()
    assert (kind, data["outcome"], data["letters"]) == ("delivery.recorded", "accepted", 1)
    assert (data["action"], data["happened_on"]) == (campaign.slug, today().isoformat())
    reply = make_reply(session, session.get_one(Campaign, campaign.id))
    session.flush()
    publish_reply.publish(session, reply, actor="staff:1", look=mark_parts(reply))
    session.commit()
    published = session.scalars(select(Reply)).one()
    assert told()[-1] == (
        "reply.published",
        {
            "reply": published.public_id,
            "action": campaign.slug,
            "received_on": published.received_on.isoformat(),
        },
    )
