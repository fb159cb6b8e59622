"""An admin rewords the reason of a stop: the page says the new one, the audit keeps the old."""

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns import status_changes
from campaign.core.audit import AuditEntry
from campaign.core.clock import utcnow
from campaign.mail.messages import OutboxMail
from campaign.models.campaign import StopKind
from campaign.models.staff import Role
from tests.factories import make_campaign, post, sign_in

OLD, NEW = "Planted-Witness is in danger.", "More letters could do harm."


def test_a_reason_is_reworded_by_an_admin_without_a_second_mail(
    client: FlaskClient, app: Flask, session: Session
) -> None:
    campaign = make_campaign(session)
    status_changes.stop_campaign(
        session, campaign, actor="staff:1", now=utcnow(), reasons={"en": OLD}, kind=StopKind.HARM
    )
    session.commit()
    url = f"/desk/campaigns/{campaign.slug}/reason"
    sign_in(client, app, Role.ORGANIZER)
    assert post(client, url, {"reason_en": NEW}).status_code == 404
    sign_in(client, app, Role.ADMIN)
    assert OLD in client.get(url).text
    assert post(client, url, {"reason_en": " "}).status_code == 422
    assert post(client, url, {"reason_en": NEW}).status_code == 303
    page = client.get(f"/en/actions/{campaign.slug}").text
    assert NEW in page
    assert OLD not in page
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "campaign.reason")).one()
    assert "Planted" not in str(entry.detail)
    assert OLD in client.get("/desk/audit").text
    assert session.scalars(select(OutboxMail.id)).all() == []
    assert "another letter could do harm" in page
    assert post(client, url, {"reason_en": NEW, "kind": "safe"}).status_code == 303
    assert "another letter could do harm" not in client.get(f"/en/actions/{campaign.slug}").text
    session.rollback()
    entries = select(AuditEntry.detail).where(AuditEntry.action == "campaign.reason")
    (detail,) = session.scalars(entries.where(AuditEntry.id > entry.id))
    assert (detail["kind"], detail["before"]) == ("safe", "harm")


def test_an_open_campaign_has_no_reason_to_reword(
    client: FlaskClient, app: Flask, session: Session
) -> None:
    campaign = make_campaign(session)
    session.commit()
    sign_in(client, app, Role.ADMIN)
    url = f"/desk/campaigns/{campaign.slug}/reason"
    assert client.get(url).status_code == 409
    assert post(client, url, {"reason_en": NEW}).status_code == 409
