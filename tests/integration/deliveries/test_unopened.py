"""No one opened at the gate: the same rules as after a refusal, and no word of a refusal."""

from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core.settings import Settings
from campaign.mail.messages import OutboxMail
from campaign.mail.sender import render
from campaign.models.bundle import Bundle, DeliveryOutcome
from campaign.models.delivery import GateVisit
from campaign.models.signature import Letter
from tests.factories import post
from tests.integration.deliveries.conftest import Record, form
from tests.integration.deliveries.test_envelopes import after
from tests.integration.deliveries.test_second_attempts import Tell, tell, three

__all__ = ["tell", "three"]


def test_where_no_one_opened_nothing_says_that_they_refused_and_it_is_tried_again(
    client: FlaskClient,
    three: Bundle,
    session: Session,
    settings: Settings,
    record: Record,
    tell: Tell,
) -> None:
    mistaken = record(three, DeliveryOutcome.ACCEPTED, place="the wrong door")
    assert len(tell()) == 3
    assert post(client, f"/desk/deliveries/{mistaken.public_id}/remove").status_code == 303

    bundle_page = f"/desk/bundles/{three.public_id}"
    gate = f"{bundle_page}/deliver"
    assert ">No one opened</label>" in client.get(gate).text
    assert post(client, gate, form(outcome="unopened", received_by="")).status_code == 303
    [visit] = session.scalars(select(GateVisit)).all()
    publish = f"/desk/deliveries/attempts/{visit.attempts[0].public_id}/publish"
    assert "3 letters not delivered: no one opened" in client.get(publish).text
    assert after(three) in client.get(f"/desk/deliveries/{visit.public_id}").text
    writer = session.scalars(select(Letter.signature_id).where(Letter.sequence == 1)).one()
    session.rollback()
    letter = f"/en/letter/token-{writer}"
    came_back = "No one opened when we brought your letter. We still have it and can try again."
    assert came_back in client.get(letter).text
    assert ">No one opened the door<" in client.get(letter).text
    for page in (letter, publish, bundle_page, "/desk/deliveries/", "/desk/bundles/"):
        text = client.get(page).text
        assert "o one opened" in text
        assert "efused" not in text, page

    assert len(tell()) == 6, "the first email was not true"
    email = session.scalars(select(OutboxMail).order_by(OutboxMail.id.desc())).first()
    assert email is not None
    message: Any = render(email, settings)
    assert "Letter not delivered" in message["Subject"]
    words = " ".join(message.get_body(("plain",)).get_content().split())
    assert "no one opened at the Embassy" in words
    assert "We still have your letter 00003 and can try again." in words

    session.rollback()
    assert post(client, gate, form(happened_time="00:01")).status_code == 303
    assert "<h1>We delivered your letter</h1>" in client.get(letter).text
    assert len(tell()) == 9
