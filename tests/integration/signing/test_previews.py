"""What organizers see of a draft."""

import io

import pypdfium2
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.revision import RiskFlag, RiskKind
from campaign.models.staff import Role
from tests.factories import make_campaign, sign_in


@pytest.fixture
def address(session: Session) -> str:
    """Preview of a draft in English."""
    draft = make_campaign(session, status=CampaignStatus.DRAFT)
    session.commit()
    return f"/desk/campaigns/{draft.slug}/preview/en"


@pytest.mark.parametrize("path", ["", "/letter.pdf"])
def test_previews_are_for_organizers(
    client: FlaskClient, app: Flask, address: str, path: str
) -> None:
    assert client.get(f"{address}{path}").status_code in {302, 303}
    sign_in(client, app, Role.STAFF)
    assert client.get(f"{address}{path}").status_code == 404


def test_a_draft_is_shown_as_its_page_would_stand(
    client: FlaskClient, app: Flask, address: str
) -> None:
    sign_in(client, app, Role.ORGANIZER)
    response = client.get(address)
    assert response.status_code == 200
    assert "Amara Okafor: threatened" in response.text
    assert "Preview" in response.text
    assert response.headers["Cache-Control"] == "no-store"
    french = client.get(address.replace("/en", "/fr"))
    assert "Amara Okafor : menacée" in french.text
    assert '<html lang="fr"' in french.text


def test_a_specimen_of_the_letter_is_printed(client: FlaskClient, app: Flask, address: str) -> None:
    sign_in(client, app, Role.ORGANIZER)
    response = client.get(f"{address}/letter.pdf?letter=es")
    assert response.mimetype == "application/pdf"
    document = pypdfium2.PdfDocument(io.BytesIO(response.data))
    text = document[0].get_textpage().get_text_range()
    document.close()
    assert "Señora Gobernadora:" in text
    assert "Robin Beauchamp" in text
    assert "Specimen" in text


@pytest.mark.parametrize("path", ["no-such/preview/en", "no-such/preview/en/letter.pdf"])
def test_what_does_not_exist_is_not_found(client: FlaskClient, app: Flask, path: str) -> None:
    sign_in(client, app, Role.ORGANIZER)
    assert client.get(f"/desk/campaigns/{path}").status_code == 404


def test_a_sample_email_links_with_our_address(
    client: FlaskClient, app: Flask, address: str
) -> None:
    sign_in(client, app, Role.ORGANIZER)
    assert "http://127.0.0.1:5000/en/privacy" in client.get(f"{address}/mails/confirm-letter").text


def test_an_unknown_language_is_not_found(client: FlaskClient, app: Flask, address: str) -> None:
    sign_in(client, app, Role.ORGANIZER)
    assert client.get(address.replace("/en", "/xx")).status_code == 404


def test_who_can_mend_an_address_is_told_which_and_where(
    client: FlaskClient, app: Flask, session: Session
) -> None:
    draft = make_campaign(session, status=CampaignStatus.DRAFT)
    official = draft.targets[0].official
    office = "Chair of the Committee on Delegated Powers and Regulatory Reform, Altamar"
    official.office = {"en": f"{office}, {office}, {office}"[:200]}
    session.commit()
    sign_in(client, app, Role.ORGANIZER)
    response = client.get(f"/desk/campaigns/{draft.slug}/preview/en/letter.pdf")
    assert response.status_code == 422
    assert official.name in response.text
    assert official.office["en"] in response.text
    assert f'href="/desk/officials/{official.slug}"' in response.text


def test_an_address_without_room_keeps_a_campaign_from_opening_and_is_named(
    client: FlaskClient, app: Flask, session: Session
) -> None:
    draft = make_campaign(session, status=CampaignStatus.DRAFT)
    official = draft.targets[0].official
    office = "Chair of the Committee on Delegated Powers and Regulatory Reform of Altamar"
    official.office = {"en": f"{office}, {office}, {office}"[:200]} | {
        "es": "Gobernadora",
        "fr": "Élue",
    }
    session.commit()
    sign_in(client, app, Role.ORGANIZER)
    page = client.get(f"/desk/campaigns/{draft.slug}").text
    assert f"The address of {official.name} in English does not fit the envelope window" in page
    assert official.office["en"] in page
    assert f'href="/desk/officials/{official.slug}"' in page
    assert "The address of Ines Quintero Vidal in Spanish" not in page


def test_previews_mark_what_risk_flags_rule_out(
    client: FlaskClient, app: Flask, session: Session, address: str
) -> None:
    sign_in(client, app, Role.ORGANIZER)
    assert "Risk flags rule out words in this preview" not in client.get(address).text
    draft = session.scalars(select(Campaign)).one()
    opening = draft.targets[0].official.office["en"]
    draft.risk_flags = [
        RiskFlag(kind=RiskKind.WITNESS, words=words) for words in ("Okafor", opening)
    ]
    session.commit()
    for path, marked in (
        ("", "Okafor"),
        ("/letter?letter=en", opening),
        ("/mails/confirm-letter", "Okafor"),
    ):
        page = client.get(f"{address}{path}").text
        assert "Risk flags rule out words in this preview" in page
        assert f"<mark>{marked}</mark>" in page
