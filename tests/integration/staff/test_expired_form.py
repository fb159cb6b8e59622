"""Who was signed out while typing is told so, in the language of their desk, and loses nothing."""

import re
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from campaign.models.campaign import CampaignStatus
from campaign.models.staff import Role
from tests.factories import csrf_token, make_campaign, post, sign_in

OURS = {"Sec-Fetch-Site": "same-origin", "Accept-Language": "en"}
TYPED = {"title": "Un titre", "summary": "Élue & menacée", "asks": "A", "background": ""}


@pytest.fixture
def address(session: Session) -> str:
    """The form of a text in French."""
    slug = make_campaign(session, status=CampaignStatus.DRAFT, opened_at=None).slug
    session.commit()
    return f"/desk/campaigns/{slug}/editions/fr"


def test_a_form_sent_after_signing_out_is_kept_and_leads_back(
    app: Flask, client: FlaskClient, address: str
) -> None:
    user = sign_in(client, app, Role.ADMIN, locale="fr")
    old = csrf_token(client)
    assert post(client, "/desk/sign-out").status_code == 303
    refused = client.post(address, data=TYPED | {"csrf_token": old}, headers=OURS)
    assert refused.status_code == 400
    assert '<html lang="fr"' in refused.text, "the last language of this browser"
    assert "Votre session est fermée" in refused.text
    assert f'href="/desk/sign-in?next={address}"' in refused.text
    again = _hidden(refused.text)
    assert again | TYPED == again

    sign_in(client, app, Role.ADMIN, locale="fr", email="autre@example.org")
    asked = client.post(address, data=again, headers=OURS)
    assert asked.status_code == 400
    assert "/desk/sign-in" not in asked.text
    saved = client.post(address, data=_hidden(asked.text), headers=OURS)
    assert saved.status_code == 303
    assert "Élue &amp; menacée" in client.get(address).text
    assert user.locale == "fr"


def test_what_another_site_or_a_secret_sent_is_not_offered_again(
    app: Flask, client: FlaskClient, address: str
) -> None:
    sign_in(client, app, Role.ORGANIZER)
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {}):
        page = client.post(address, data=TYPED, headers=headers)
        assert page.status_code == 400
        assert "Un titre" not in page.text
    page = client.post("/desk/sign-in", data={"password": "do not show"}, headers=OURS)
    assert page.status_code == 400
    assert "do not show" not in page.text


def test_without_a_cookie_the_browser_says_the_language_and_a_deed_leads_to_its_page(
    client: FlaskClient,
) -> None:
    headers = OURS | {"Accept-Language": "es"}
    page = client.post("/desk/replies/abc/delete", headers=headers)
    assert '<html lang="es"' in page.text
    assert 'href="/desk/sign-in?next=/desk/replies/abc"' in page.text


def _hidden(page: str) -> dict[str, str]:
    fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page)
    return {name: unescape(value) for name, value in fields}
