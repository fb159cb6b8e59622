"""The two mails of signing, as they go out."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns.models import Campaign
from campaign.mail.models import OutboxMail
from campaign.mail.sender import render
from campaign.settings import Settings
from tests.integration.signing.conftest import FORM

Mails = Callable[[], list[dict[str, Any]]]


def texts(app: Flask, unit: Session, settings: Settings) -> list[tuple[str, str, str]]:
    """Subject, text and HTML of every mail."""
    found = []
    for mail in unit.scalars(select(OutboxMail).order_by(OutboxMail.id)):
        message = render(mail, settings)
        plain, html = message.get_body(("plain",)), message.get_body(("html",))
        assert plain is not None
        assert html is not None
        found.append((str(message["Subject"]), plain.get_content(), html.get_content()))
    return found


@pytest.mark.parametrize("lang", ["en", "fr", "es", "ar"])
def test_the_mail_says_why_it_came_and_how_not_to_get_another(
    app: Flask, client: FlaskClient, case: str, unit: Session, settings: Settings, mails: Mails,
    lang: str,
) -> None:  # fmt: skip
    client.post(case.replace("/en/", f"/{lang}/") + "/sign", data=FORM)
    link = mails()[0]["link"]
    assert link.startswith(f"http://127.0.0.1:5000/{lang}/letter/")
    [(subject, plain, html)] = texts(app, unit, settings)
    assert "Amara Okafor" in subject
    assert link in plain.split()
    assert f'href="{link}"' in html
    assert f'lang="{lang}"' in html
    lines = [line for line in plain.splitlines() if line]
    assert "UA 1/26" in lines[0]
    assert "7" in lines[-1]


def test_the_second_mail_says_that_nothing_was_changed(
    app: Flask, client: FlaskClient, case: str, unit: Session, settings: Settings, mails: Mails
) -> None:
    client.post(f"{case}/sign", data=FORM)
    client.post(mails()[0]["link"])
    client.post(f"{case}/sign", data=FORM)
    subject, plain, html = texts(app, unit, settings)[1]
    assert "already" in subject
    assert "Nothing was changed" in plain
    assert "Nothing was changed" in html
    assert "/letter/" not in plain + html
    asks = f"{settings.base_url.rstrip('/')}/en/my-letters"
    assert asks in plain.split()
    assert f'href="{asks}"' in html


def test_no_mail_loads_anything_from_elsewhere(
    app: Flask, client: FlaskClient, case: str, unit: Session, settings: Settings
) -> None:
    client.post(f"{case}/sign", data=FORM)
    [(_, _, html)] = texts(app, unit, settings)
    assert "<img" not in html
    assert "src=" not in html


def test_both_mails_name_their_campaign_so_that_a_stop_holds_them_back(
    client: FlaskClient, campaign: Campaign, case: str, unit: Session, mails: Mails
) -> None:
    client.post(f"{case}/sign", data=FORM)
    client.post(mails()[0]["link"])
    client.post(f"{case}/sign", data=FORM)
    rows = unit.execute(select(OutboxMail.kind, OutboxMail.campaign_id).order_by(OutboxMail.id))
    assert list(rows) == [("confirm-letter", campaign.id), ("already-signed", campaign.id)]


def test_the_page_after_signing_is_the_same_whether_or_not_a_mail_could_go(
    client: FlaskClient, case: str, mails: Mails, settings: Settings
) -> None:
    pages = set()
    for number in range(settings.mails_per_address_per_day + 1):
        form = FORM | {"given_name": f"Name{'abcdefgh'[number]}", "postal_code": f"K1A 0A{number}"}
        done = client.post(f"{case}/sign", data=form)
        pages.add(client.get(done.location).text)
    assert len(mails()) == settings.mails_per_address_per_day
    [page] = pages
    assert "none comes now: sign again tomorrow" in page
