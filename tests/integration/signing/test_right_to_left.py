"""Pages, mails and sheets of paper in Arabic: right to left, and each foreign name in order."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core.settings import Settings
from campaign.mail.messages import OutboxMail
from campaign.mail.sender import render
from campaign.models.campaign import Campaign
from tests.integration.signing.conftest import FORM

Mails = Callable[[], list[dict[str, Any]]]
_STYLES = Path(__file__).parents[3] / "static/css"
# Sides of the screen; `text-align: left` and the like have logical counterparts.
_PHYSICAL = re.compile(
    r"(?:^|[{;\s])(?:(?:margin|padding|border)-(?:left|right)|left|right|float:(?:left|right)"
    r"|text-align:(?:left|right))\s*[:;}]",
    re.MULTILINE,
)


def arabic(case: str) -> str:
    return case.replace("/en/", "/ar/")


@pytest.mark.parametrize("path", ["", "/write", "/no-such-page"])
def test_a_page_in_arabic_runs_from_right_to_left_in_its_own_face(
    client: FlaskClient, case: str, path: str
) -> None:
    page = client.get(arabic(case) + path).text
    assert '<html lang="ar" dir="rtl">' in page
    preloads = re.findall(r'rel="preload" href="([^"]+)"', page)
    assert [href for href in preloads if "noto-naskh-arabic-core" in href]
    assert not [href for href in preloads if "source-sans" in href]


def test_no_other_page_fetches_the_arabic_face(client: FlaskClient, case: str) -> None:
    page = client.get(case).text
    assert 'dir="ltr"' in page
    assert "naskh" not in page


def test_a_text_without_arabic_keeps_its_own_direction(client: FlaskClient, case: str) -> None:
    page = client.get(arabic(case)).text
    assert re.search(r'<h1[^>]* lang="en" dir="ltr"', page)


def test_a_mail_in_arabic_runs_from_right_to_left(
    app: Flask, client: FlaskClient, case: str, session: Session, settings: Settings
) -> None:
    client.post(arabic(case) + "/sign", data=FORM)
    message = render(session.scalars(select(OutboxMail)).one(), settings)
    html = message.get_body(("html",))
    assert html is not None
    assert '<html lang="ar" dir="rtl">' in html.get_content()
    link = re.search(r'<a href="([^"]+)" dir="ltr">\1</a>', html.get_content())
    assert link


def test_numbers_are_written_with_the_figures_that_cldr_has_for_arabic(
    client: FlaskClient, campaign: Campaign, case: str
) -> None:
    page = client.get(arabic(case)).text
    assert campaign.act_by is not None
    assert str(campaign.act_by.day) in page
    assert not re.search("[\u0660-\u0669]", page)


@pytest.mark.parametrize("name", ["public.css", "desk.css"])
def test_style_sheets_know_no_left_and_right(name: str) -> None:
    style = (_STYLES / name).read_text("utf-8")
    assert _PHYSICAL.findall(style) == []
    # Chromium knows it by this name alone: without it, Latin names stand at the wrong side.
    assert style.count("text-align:match-parent") == style.count("text-align:-webkit-match-parent")
