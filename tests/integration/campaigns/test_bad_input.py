"""What is typed or sent wrong at the desk: a message by its field, and nothing half kept."""

import io
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.paper_signature import PaperImport
from campaign.models.staff import Role
from tests.days import days_ago
from tests.factories import make_campaign, post, sign_in
from tests.integration.campaigns.conftest import DESK, Send
from tests.integration.campaigns.test_risks_and_picture import bomb

FACTS = {"reference": "UA 1/26", "country": "MX", "person_name": "Amara Okafor", "follows": "",
         "default_locale": "en", "format": "letter", "timezone": "America/Toronto",
         "letter_locales": "en"}  # fmt: skip
IMPORTS = "/desk/paper/imports/new"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"act_by": "2026-02-31"}, "There is no 31 February 2026."),
        ({"issued_on": "31 February"}, "as year, month and day"),
        ({"country": "XX"}, "Choose one of the answers offered"),
        ({"country": ""}, "Choose the country whose officials can act"),
        ({"reference": "…"}, "letters or digits"),
        ({"timezone": "Mars/Olympus"}, "Choose one of the answers offered"),
        ({"default_locale": "tlh"}, "Choose one of the answers offered"),
        ({"person_name": "x" * 201}, "at most"),
    ],
)
def test_facts_that_cannot_be_are_refused_by_their_field(
    send: Send, desk: FlaskClient, change: dict[str, str], message: str
) -> None:
    before = desk.get(f"{DESK}/facts").text
    refused = send("/facts", FACTS | change)
    assert refused.status_code == 422
    assert message in refused.text
    (name,) = change
    assert f'aria-describedby="{name}' in refused.text or f'href="#{name}"' in refused.text
    assert f'href="#{name}"' not in before


@pytest.mark.parametrize("typed", ["2027-02-31", "31 February"])
def test_a_day_that_is_none_stays_where_it_was_typed(send: Send, typed: str) -> None:
    """A browser shows nothing in a date field of what is no day."""
    page = send("/facts", FACTS | {"act_by": typed}).text
    (field,) = re.findall(r'<input[^>]* name="act_by"[^>]*>', page)
    assert 'type="text"' in field
    assert f'value="{typed}"' in field
    (other,) = re.findall(r'<input[^>]* name="issued_on"[^>]*>', page)
    assert 'type="date"' in other


@pytest.mark.both_engines
def test_further_information_that_leads_back_to_itself_is_refused_by_its_field(
    desk: FlaskClient, send: Send, session: Session, draft: Campaign
) -> None:
    later = make_campaign(session, status=CampaignStatus.DRAFT, opened_at=None, follows_id=draft.id)
    session.commit()
    sign_in(desk, desk.application, Role.ADMIN)
    refused = send("/facts", FACTS | {"follows": later.slug})
    assert refused.status_code == 422
    assert "already continues this one" in refused.text
    session.expire_all()
    assert draft.follows_id is None


def _paper(app: Flask, client: FlaskClient, session: Session) -> str:
    slug = make_campaign(session).slug
    session.commit()
    sign_in(client, app, Role.STAFF)
    return slug


def _send_file(client: FlaskClient, slug: str, body: bytes) -> Any:
    return post(client, IMPORTS, {"campaign": slug, "file": (io.BytesIO(body), "list.csv")})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<!doctype html><html><body>Sign in</body></html>", "This file is a web page"),
        (b'{"persons": [', "Fix line 1"),
        (b'[{"name": "Ana"}]', "We read only CSV (UTF-8), XLSX"),
        (b"PK\x03\x04" + bytes(80), "This file is damaged"),
        (b"", "empty"),
    ],
)
def test_a_list_of_signatures_that_is_none_is_refused_in_words_and_not_kept(
    app: Flask, client: FlaskClient, session: Session, body: bytes, message: str
) -> None:
    refused = _send_file(client, _paper(app, client, session), body)
    assert refused.status_code == 422
    assert message in refused.text
    assert session.scalar(select(func.count()).select_from(PaperImport)) == 0


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1252"])
def test_a_list_of_signatures_is_read_in_every_encoding_that_offices_use(
    app: Flask, client: FlaskClient, session: Session, encoding: str
) -> None:
    slug = _paper(app, client, session)
    body = "Nom;Prénom;Ville\nNúñez;Ana;Montréal\n".encode(encoding)
    sent = _send_file(client, slug, body)
    assert sent.status_code == 303
    page = client.get(sent.location).text
    assert "Montréal" in page
    assert 'value="given_name" selected' in page


def test_columns_of_one_name_are_both_shown_and_only_one_may_mean_it(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    slug = _paper(app, client, session)
    sent = _send_file(client, slug, b"Name;Town;Town\nAna;Ottawa;Hull\n")
    assert sent.status_code == 303
    mapping = {
        "meaning-0": "name",
        "meaning-1": "locality",
        "meaning-2": "locality",
        "on_paper": "paper",
        "collected_on": days_ago(5).isoformat(),
        "country": "CA",
        "locale": "en",
    }
    refused = post(client, sent.location, mapping)
    assert refused.status_code == 422
    assert "Two columns have the same meaning" in refused.text


def test_a_file_of_a_hundred_megabytes_is_refused_before_it_is_read(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    _paper(app, client, session)
    for place in (IMPORTS, "/desk/missions/imports"):
        refused = client.post(
            place,
            data=b"x",
            content_type="multipart/form-data; boundary=x",
            environ_overrides={"CONTENT_LENGTH": str(100 * 1024 * 1024)},
        )
        assert refused.status_code == 413
        assert "split" in refused.text


def test_a_scan_of_fifty_thousand_pixels_a_side_is_refused_for_its_size(
    desk: FlaskClient, session: Session, draft: Campaign
) -> None:
    typed = {
        "received_on": "2026-11-02",
        "channel": "letter",
        "language": "en",
        "who": "",
        "text": "We took note.",
        "title_en": "An answer",
        "scan": (io.BytesIO(bomb()), "scan.png"),
    }
    refused = post(desk, f"/desk/replies/campaigns/{draft.slug}/new", typed)
    assert refused.status_code == 422
    assert "The scan is too large" in refused.text
    assert "We took note." in refused.text
