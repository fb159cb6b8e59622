"""What is typed at the desk is kept for its writer alone, also in two tabs at once."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from campaign.campaigns.content.drafts import forget_drafts
from campaign.core import db
from campaign.models.campaign import Campaign
from campaign.models.revision import DeskDraft, NewCampaignDraft
from campaign.models.staff import StaffUser
from tests.factories import csrf_token, post
from tests.integration.campaigns.conftest import DESK, Send

REPLIES = "/desk/replies/campaigns/ua-1-26/new"
OFFER = "did not save it"
TAB = {"draft_tab": "mine"}
FACTS = {"reference": "UA 77/26", "country": "MX", "person_name": "", "default_locale": "en",
         "format": "letter", "timezone": "America/Toronto", "letter_locales": "en",
         "follows": ""}  # fmt: skip
PAGES = [
    (f"{DESK}/risks", f"{DESK}/drafts/risks/-", "witness"),
    (f"{DESK}/picture", f"{DESK}/drafts/picture/-", "alt_en"),
    (f"{DESK}/reach", f"{DESK}/drafts/reach/-", "hosts"),
    (f"{DESK}/screening", f"{DESK}/drafts/screening/-", "watched"),
    (f"{DESK}/letter-options", f"{DESK}/drafts/options/-", "forbidden_words"),
    (f"{DESK}/updates", f"{DESK}/drafts/update/-", "title_en"),
    (f"{DESK}/facts", f"{DESK}/drafts/facts/-", "person_name"),
    ("/desk/campaigns/new", "/desk/campaigns/new/draft", "person_name"),
    (REPLIES, f"{REPLIES}/draft", "text"),
]


@pytest.mark.parametrize(("page", "draft_url", "field"), PAGES)
def test_what_is_typed_is_offered_again_to_its_writer_alone(
    desk: FlaskClient, other: FlaskClient, session: Session, page: str, draft_url: str, field: str
) -> None:
    assert f'data-autosave="{draft_url}"' in desk.get(page).text
    assert post(desk, draft_url, TAB | {field: "Planted words"}).status_code == 204
    table = "new_campaign_draft" if page.endswith("campaigns/new") else "desk_draft"
    sealed = session.execute(text(f"SELECT content FROM {table}")).scalar_one()
    session.rollback()
    assert b"Planted" not in bytes(sealed)
    offered = desk.get(page).text
    assert OFFER in offered
    assert "Planted words" not in offered
    again = desk.get(f"{page}?draft=1").text
    assert "Planted words" in again
    assert OFFER not in again
    assert OFFER not in other.get(page).text
    assert "Planted words" not in other.get(f"{page}?draft=1").text
    assert post(desk, f"{draft_url}/drop", TAB).status_code == 303
    assert OFFER not in desk.get(page).text


@pytest.mark.parametrize(("page", "draft_url", "field"), PAGES)
def test_a_button_keeps_it_where_scripts_are_off(
    desk: FlaskClient, page: str, draft_url: str, field: str
) -> None:
    kept = post(desk, page, {field: "Planted words", "keep": "1"})
    assert kept.status_code == 303
    assert "Draft kept" in desk.get(kept.location).text
    assert OFFER in desk.get(page).text


def test_a_target_that_was_chosen_is_offered_again(
    desk: FlaskClient, send: Send, draft: Campaign
) -> None:
    slug = draft.targets[0].official.slug
    typed = {
        "rows-0-official": slug,
        "rows-0-kind": "copy",
        "rows-0-position": "1",
        "rows-0-mission": "",
        "mission": "suggested",
        "kind": "to",
        **TAB,
    }
    assert send("/drafts/targets/-", typed).status_code == 204
    assert OFFER in desk.get(f"{DESK}/targets").text
    assert '<option selected value="copy">' in desk.get(f"{DESK}/targets?draft=1").text
    assert send("/targets", typed | {"rows-0-kind": "to", "based_on": "0"}).status_code == 303
    assert OFFER not in desk.get(f"{DESK}/targets").text


def test_a_campaign_that_is_made_leaves_no_draft(desk: FlaskClient, session: Session) -> None:
    url = "/desk/campaigns/new"
    assert post(desk, f"{url}/draft", FACTS | TAB).status_code == 204
    assert post(desk, url, FACTS | TAB).status_code == 422
    assert session.scalar(select(func.count()).select_from(NewCampaignDraft)) == 1
    session.rollback()
    assert post(desk, url, FACTS | TAB | {"person_name": "Ana"}).status_code == 303
    assert session.scalar(select(func.count()).select_from(NewCampaignDraft)) == 0


def test_saving_the_rules_or_the_risks_forgets_the_draft(desk: FlaskClient, send: Send) -> None:
    for page, field in (("risks", "witness"), ("reach", "hosts")):
        assert send(f"/drafts/{page}/-", TAB | {field: "Half"}).status_code == 204
        assert send(f"/{page}", TAB | {field: "example.org"}).status_code == 303
        assert OFFER not in desk.get(f"{DESK}/{page}").text


def test_a_reply_that_is_deleted_takes_with_it_what_was_typed_of_it(
    desk: FlaskClient, other: FlaskClient, session: Session
) -> None:
    facts = {
        "received_on": "2026-11-02",
        "channel": "letter",
        "language": "en",
        "who": "",
        "text": "We took note.",
        "title_en": "An answer",
    }
    answer = post(desk, REPLIES, facts)
    assert answer.status_code == 303
    url = str(answer.location)
    assert (
        post(other, f"{url}/draft", {"text": "We took note of [[her sister]]."}).status_code == 204
    )
    assert OFFER in other.get(url).text
    assert OFFER not in desk.get(url).text
    assert "[[her sister]]" in other.get(f"{url}?draft=1").text
    assert post(desk, f"{url}/delete").status_code == 303
    assert session.scalar(select(func.count()).select_from(DeskDraft)) == 0
    assert post(other, f"{url}/draft", {"text": "x"}).status_code == 404


@pytest.mark.both_engines
def test_drafts_of_campaigns_that_never_began_are_forgotten_too(
    app: Flask, desk: FlaskClient, session: Session
) -> None:
    assert post(desk, "/desk/campaigns/new/draft", FACTS).status_code == 204
    me = session.scalars(select(StaffUser)).first()
    assert me is not None
    row = session.scalars(select(NewCampaignDraft)).one()
    forget_drafts()
    row.saved_at = db.utcnow() - timedelta(days=2000)
    session.commit()
    forget_drafts()
    assert session.scalar(select(func.count()).select_from(NewCampaignDraft)) == 0


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
    refusal = "because the text named above is still your draft"
    assert [refusal in desk.get(f"{DESK}/facts{q}").text for q in ("", "?draft=1")] == [True, False]
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


@pytest.mark.both_engines
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
