"""A campaign in all its languages on one page, the order of points, and the live preview."""

from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from campaign.campaigns.content.templates import current_template
from campaign.models.campaign import Campaign
from tests.factories import post
from tests.integration.campaigns.conftest import DESK, Send

Fresh = Callable[[], Campaign]


def fields(page: str) -> dict[str, Any]:
    """What the form of a page would send, as far as it is text."""

    class Reader(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.found: dict[str, Any] = {}
            self.area = ""

        def handle_starttag(self, tag: str, attrs: Any) -> None:
            names = dict(attrs)
            name = names.get("name") or ""
            if tag == "textarea":
                self.area, self.found[name] = name, ""
            elif tag == "input" and name != "csrf_token":
                kind = names.get("type", "text")
                if kind == "submit" or (kind in {"checkbox", "radio"} and "checked" not in names):
                    return
                self.found[name] = names.get("value") or ""

        def handle_endtag(self, tag: str) -> None:
            self.area = "" if tag == "textarea" else self.area

        def handle_data(self, data: str) -> None:
            if self.area:
                self.found[self.area] += data

    reader = Reader()
    reader.feed(page)
    # The parser of a browser drops the line end after <textarea>.
    return {name: str(value).strip() for name, value in reader.found.items()}


def test_only_the_language_that_was_changed_is_saved(
    desk: FlaskClient, send: Send, fresh: Fresh
) -> None:
    page = desk.get(f"{DESK}/languages/texts").text
    assert "Not written: What happened, How it ended." in page
    typed = fields(page) | {"summary_fr": "Trois phrases.", "background_ar": ""}
    assert send("/languages/texts", typed).status_code == 303
    editions = {edition.locale: edition for edition in fresh().editions}
    assert editions["fr"].summary == "Trois phrases."
    assert set(editions) == {"en", "fr", "es"}
    assert "Saved version 1" in desk.get(f"{DESK}/history/edition/fr").text
    assert "No versions of this part are saved" in desk.get(f"{DESK}/history/edition/es").text


def test_a_language_that_somebody_else_saved_is_merged_and_the_others_are_saved(
    desk: FlaskClient, other: FlaskClient, send: Send, fresh: Fresh
) -> None:
    typed = fields(desk.get(f"{DESK}/languages/texts").text)
    hers = typed | {"title_fr": "Le sien"}
    assert post(other, f"{DESK}/languages/texts", hers).status_code == 303
    late = send("/languages/texts", typed | {"title_fr": "Le mien", "title_es": "El mío"})
    assert (late.status_code, late.location) == (303, f"{DESK}/merge/edition/fr")
    titles = {edition.locale: edition.title for edition in fresh().editions}
    assert (titles["fr"], titles["es"]) == ("Le sien", "El mío")
    assert "Le mien" in desk.get(late.location).text


@pytest.mark.parametrize(
    ("page", "change", "words"),
    [
        ("texts", {"title_fr": ""}, "Write a title"),
        ("texts", {"asks_es": "a\n" * 9}, "Use at most 8 lines"),
        ("letters", {"opening_es": "((person_nam))"}, "Did you mean ((person_name))?"),
        ("points", {"rows-1-text_fr": "((reference_nr))"}, "Did you mean ((reference))?"),
    ],
)
def test_what_cannot_be_saved_is_said_by_its_field_and_nothing_is(
    desk: FlaskClient, send: Send, fresh: Fresh, page: str, change: dict[str, str], words: str
) -> None:
    typed = fields(desk.get(f"{DESK}/languages/{page}").text)
    response = send(f"/languages/{page}", typed | change | {"title_en": "Not kept"})
    assert response.status_code == 422
    assert words in response.text
    assert all(edition.title != "Not kept" for edition in fresh().editions)
    assert {template.version for template in fresh().templates} == {1}


def test_points_are_written_in_all_languages_and_moved_without_scripts(
    desk: FlaskClient, send: Send, fresh: Fresh, session: Session
) -> None:
    typed = fields(desk.get(f"{DESK}/languages/points").text)
    moved = send("/languages/points", typed | {"move": "down:0"})
    assert moved.status_code == 200
    assert {template.version for template in fresh().templates} == {1}
    new = {"rows-3-text_en": "Answer her.", "rows-3-text_fr": "Répondez.", "rows-3-required": "y"}
    typed = fields(moved.text) | new
    assert send("/languages/points", typed).status_code == 303
    campaign = fresh()
    english = [
        (point.key, point.required) for point in current_template(session, campaign, "en").points
    ]
    assert english == [
        ("investigate", False),
        ("protect", True),
        ("recognise", False),
        ("answer-her", True),
    ]
    french = [point.key for point in current_template(session, campaign, "fr").points]
    assert french[-1] == "answer-her"
    assert len(current_template(session, campaign, "es").points) == 3
    assert "Not written: point 4." in desk.get(f"{DESK}/languages/points").text


def test_the_letters_own_page_moves_its_points_too(desk: FlaskClient, send: Send) -> None:
    typed = fields(desk.get(f"{DESK}/letters/en").text)
    page = send("/letters/en", typed | {"move": "up:2"}).text
    assert page.index("Please say publicly") < page.index("Please find out who")


def test_markdown_is_shown_as_the_page_does_and_scripts_in_it_are_inert(
    desk: FlaskClient, send: Send
) -> None:
    evil = "**Strong** <script>alert(1)</script> [x](javascript:alert(1)) ![y](http://x/y.png)"
    shown = send("/text-preview/fr?field=background", {"background": evil}).text
    assert "<strong>Strong</strong>" in shown
    for inert in ("<script", 'javascript:alert(1)"', "<img"):
        assert inert not in shown
    typed = {"title": "T", "summary": "S", "asks": "A", "background": evil, "preview": "1"}
    plain = send("/editions/fr", typed)
    assert plain.status_code == 200
    assert "<strong>Strong</strong>" in plain.text
    assert "<script>alert" not in plain.text
    assert send("/text-preview/xx?field=background").status_code == 404
    assert desk.get(f"{DESK}/languages/nothing").status_code == 404
