"""Two tabs of one person at the desk: neither takes the other's draft, both texts can be had."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.factories import csrf_token, post
from tests.integration.campaigns.conftest import DESK
from tests.integration.campaigns.test_autosave import OFFER, PAGES

MANY, AT_ONCE = 50, 10
BOTH = "Another tab has newer text. It is shown above yours"


def opened(page: str) -> dict[str, str]:
    """What a tab that shows this page sends with its drafts."""
    return {
        name: re.findall(rf'name="{name}" value="([^"]*)" autocomplete', page)[0]
        for name in ("draft_tab", "draft_shown")
    }


@pytest.mark.parametrize(("page", "draft_url", "field"), PAGES)
def test_a_tab_overwrites_no_draft_of_another_one(
    desk: FlaskClient, page: str, draft_url: str, field: str
) -> None:
    first, second = (opened(desk.get(page).text) for _ in range(2))
    for words in ("First half", "First whole"):
        assert post(desk, draft_url, first | {field: words}).status_code == 204
    assert post(desk, draft_url, second | {field: "Second"}).status_code == 409
    assert "First whole" in desk.get(f"{page}?draft=1").text

    both = post(desk, page, second | {field: "Second", "keep": "1"})
    assert both.status_code == 422
    assert BOTH in both.text
    other, form = both.text.split("Text in the other tab")[1].split("<form", 1)
    assert "First whole" in other
    assert "Second" in form
    still = opened(both.text)
    assert post(desk, draft_url, still | {field: "Second"}).status_code == 409
    mark = re.findall(r'name="keep" value="(\w+)"', both.text)[0]
    kept = post(desk, page, still | {field: "First and second", "keep": mark})
    assert kept.status_code == 303
    assert "First and second" in desk.get(f"{page}?draft=1").text
    assert post(desk, draft_url, first | {field: "First again"}).status_code == 409


def test_a_draft_that_was_only_offered_is_not_written_over(desk: FlaskClient) -> None:
    url = f"{DESK}/drafts/facts/-"
    assert post(desk, url, {"draft_tab": "yesterday", "person_name": "Ana"}).status_code == 204
    ignoring, going_on = (opened(desk.get(f"{DESK}/facts{q}").text) for q in ("", "?draft=1"))
    assert post(desk, url, ignoring | {"person_name": "Bo"}).status_code == 409
    assert post(desk, url, going_on | {"person_name": "Ana Maria"}).status_code == 204
    assert post(desk, url, going_on | {"person_name": "Ana M."}).status_code == 204


@pytest.mark.parametrize(
    ("page", "draft_url", "field"),
    [
        (f"{DESK}/reach", f"{DESK}/drafts/reach/-", "hosts"),
        (f"{DESK}/letter-options", f"{DESK}/drafts/options/-", "forbidden_words"),
    ],
)
def test_saving_or_throwing_away_takes_no_newer_draft_with_it(
    desk: FlaskClient, page: str, draft_url: str, field: str
) -> None:
    first, second = (opened(desk.get(page).text) for _ in range(2))
    assert post(desk, draft_url, first | {field: "first.org"}).status_code == 204
    saved = post(desk, page, second | {field: "second.org", "based_on": "0"})
    assert saved.status_code == 303
    assert OFFER in desk.get(page).text
    offered = re.findall(r'name="draft_shown" value="(\w+)"', desk.get(page).text)[0]
    assert post(desk, draft_url, first | {field: "newer.org"}).status_code == 204
    refused = post(desk, f"{draft_url}/drop", {"draft_shown": offered}, follow_redirects=True)
    assert "Another tab has newer text" in refused.text
    assert "newer.org" in desk.get(f"{page}?draft=1").text


def test_two_texts_that_came_too_late_both_stay(desk: FlaskClient, other: FlaskClient) -> None:
    page, words = f"{DESK}/letter-options", "forbidden_words"
    assert post(other, page, {words: "theirs", "based_on": "0"}).status_code == 303
    first = post(desk, page, {words: "first", "based_on": "0"})
    assert first.location == f"{DESK}/merge/options/-"
    second = post(desk, page, {words: "second", "based_on": "0"})
    assert second.status_code == 422
    assert "You have another text to merge" in second.text
    assert "second</textarea>" in second.text
    assert "first" in desk.get(first.location).text
    done = {"seen": "1", "choice-0": "mine"}
    assert post(desk, first.location, done).status_code == 303
    assert post(desk, page, {words: "second", "based_on": "0"}).location == first.location


def test_of_fifty_tabs_at_once_one_keeps_its_text_and_all_others_are_told(
    app: Flask, desk: FlaskClient
) -> None:
    token, cookie = csrf_token(desk), desk.get_cookie("session")
    assert cookie is not None

    def keep(number: int) -> int:
        client = app.test_client()
        client.set_cookie("session", cookie.value)
        typed = {"csrf_token": token, "draft_tab": f"tab-{number}", "hosts": f"tab-{number}.org"}
        return client.post(f"{DESK}/drafts/reach/-", data=typed).status_code

    with ThreadPoolExecutor(AT_ONCE) as pool:
        codes = list(pool.map(keep, range(MANY)))
    assert sorted(codes) == [204] + [409] * (MANY - 1)
    assert f"tab-{codes.index(204)}.org" in desk.get(f"{DESK}/reach?draft=1").text
