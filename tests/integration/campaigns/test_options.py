"""The desk's page of what supporters may do with the letter."""

from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaign.core.audit import AuditEntry
from campaign.models.campaign import Campaign
from campaign.models.staff import Role
from tests.factories import post, sign_in
from tests.integration.campaigns.conftest import DESK
from tests.integration.signing.conftest import FORM


def test_options_are_set_audited_and_hold_at_once(
    client: FlaskClient, app: Flask, session: Session, campaign: Campaign, case: str
) -> None:
    sign_in(client, app, Role.ORGANIZER)
    form = {**FORM, "own_words": "Elena saw it."}
    assert client.post(f"{case}/check", data=form).status_code == 200
    before = campaign.changed_at
    address = f"/desk/campaigns/{campaign.slug}/letter-options"
    words = {"forbidden_words": "  Elena\r\n\r\nthe  blue house\r\nElena", "full_text_edit": "y"}
    assert post(client, address, words).status_code == 303
    session.refresh(campaign)
    assert campaign.forbidden_words == ["Elena", "the blue house"]
    lying = bytes(session.scalars(text("SELECT forbidden_words FROM campaign")).one())
    assert b"Elena" not in lying
    assert b"blue" not in lying
    assert (campaign.full_text_edit, campaign.print_translation) == (True, False)
    assert campaign.changed_at - before > timedelta(0)
    assert client.post(f"{case}/check", data=form).status_code == 422
    page = client.get(address).text
    assert "the blue house" in page
    lines = session.scalars(
        select(AuditEntry).where(AuditEntry.action == "campaign.letter-options")
    )
    [line] = lines.all()
    assert line.detail["forbidden_words"] == 2
    assert "Elena" not in str(line.detail)


def test_options_that_cannot_be_are_refused(
    client: FlaskClient, app: Flask, session: Session, campaign: Campaign
) -> None:
    sign_in(client, app, Role.ORGANIZER)
    address = f"/desk/campaigns/{campaign.slug}/letter-options"
    for words in ("x" * 81, "\n".join(map(str, range(201))), "?!"):
        assert post(client, address, {"forbidden_words": words}).status_code == 422
    session.refresh(campaign)
    assert campaign.forbidden_words == []
    sign_in(client, app, Role.STAFF)
    assert client.get(address).status_code == 404


def test_reach_names_the_sheets_on_which_the_requests_are_small(
    desk: FlaskClient, draft: Campaign, session: Session
) -> None:
    assert "small type" not in desk.get(f"{DESK}/reach").text
    english = next(edition for edition in draft.editions if edition.locale == "en")
    english.asks = ["Restore at once what was agreed, and then see that it lasts. " * 4] * 8
    session.commit()
    page = " ".join(desk.get(f"{DESK}/reach").text.split())
    assert "English: The title and requests are long." in page
    assert "français: The title" not in page
