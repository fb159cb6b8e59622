"""A copy or a follow-up that still says what the campaign it was made from says."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from campaign.campaigns import copied_texts, status_changes
from campaign.campaigns.create_and_edit import clone_campaign, continue_campaign
from campaign.core import db
from campaign.models.campaign import Campaign, CampaignStatus
from tests.days import days_ago
from tests.factories import post
from tests.ticks import tick

COPIED = "The page text in English is still that of the copied campaign."
NAMED = "names the person of the copied campaign: Amara Okafor."
REPEATED = "The page text in English is still that of the earlier action. It says nothing new."


@pytest.fixture
def copy(session: Session, draft: Campaign) -> Campaign:
    """A copy about someone else whose texts nobody has touched."""
    draft.picture = "pictures/amara.jpg"
    copy = clone_campaign(session, draft, actor="a", created_by_id=None, reference="UA 7/26")
    copy.person_name = "Hana Okello"
    for edition in copy.editions:
        edition.person_name = ""
        edition.background = "Okafor was arrested at home."
    session.commit()
    return copy


def slugs(session: Session, campaign: Campaign) -> set[tuple[str, str, str]]:
    gaps = copied_texts.list_gaps(session, campaign)
    assert not any(gap.blocking for gap in gaps)
    return {(gap.slug, gap.part, gap.locale) for gap in gaps}


def test_a_copy_says_where_it_is_still_about_the_other_person(
    other: FlaskClient, session: Session, copy: Campaign
) -> None:
    page = other.get(f"/desk/campaigns/{copy.slug}").text
    todo = page.partition("Still to do")[2]
    for words in (COPIED, NAMED, "The picture is still that of the copied campaign."):
        assert words in todo, words
    session.rollback()
    copy.issued_on, copy.act_by = days_ago(0), days_ago(-30)
    session.commit()
    assert "is complete" not in other.get("/desk/today").text
    session.rollback()
    for edition in copy.editions:
        edition.title, edition.summary, edition.background = "Free Hana", "Hana Okello.", ""
        edition.asks = ["Free her."]
    copy.picture = ""
    session.commit()
    assert slugs(session, copy) == {("text-copied", "letter", code) for code in ("en", "fr", "es")}
    for letter in copy.templates:
        letter.opening = "I write to you about ((person_name))."
    session.commit()
    assert slugs(session, copy) == set()
    session.rollback()
    assert "is complete" in other.get("/desk/today").text
    session.rollback()
    copy.templates[0].opening = "Okafor has done nothing."
    session.commit()
    letter = copy.templates[0]
    assert slugs(session, copy) == {("other-person", "letter", letter.locale)}
    copy.status = CampaignStatus.OPEN
    session.commit()
    page = other.get(f"/desk/campaigns/{copy.slug}").text
    assert "names the person of the copied campaign: Okafor." in page
    assert "nothing is missing" not in page


@pytest.mark.both_engines
@pytest.mark.parametrize(
    ("name", "text", "finds"),
    [
        ("Hana Okello", "AMARA OKAFOR is in prison.", True),
        ("Hana Okello", "Amara is in prison.", True),
        ("Hana Okafor", "Okafor is in prison.", False),
        ("Amara Okafor", "Amara Okafor is in prison.", False),
        ("Hana Okello", "Amaranth is a plant.", False),
    ],
)
def test_a_name_is_found_by_what_only_the_other_person_has(
    session: Session, copy: Campaign, name: str, text: str, finds: bool
) -> None:
    copy.person_name = name
    for edition in copy.editions:
        edition.title, edition.summary, edition.background = "Free her", "Short.", text
        edition.asks = []
    named = {slug for slug, _part, _locale in slugs(session, copy)}
    assert ("other-person" in named) == finds


@pytest.mark.parametrize(
    ("subject", "is_told"),
    [
        ("Protection for ((person_name))", True),
        ("Protection for Amara Okafor", True),
        ("Protection for Hana Okello", True),
        ("Freedom for ((person_name))", False),
    ],
)
def test_a_letter_in_which_only_the_name_is_another_is_still_the_copied_one(
    other: FlaskClient, session: Session, copy: Campaign, subject: str, is_told: bool
) -> None:
    for letter in copy.templates:
        if letter.locale == "en":
            letter.subject = subject
    session.commit()
    sentence = "The letter in English is still that of the copied campaign."
    assert (sentence in other.get(f"/desk/campaigns/{copy.slug}").text) == is_told
    session.rollback()
    copy.person_name = "Amara Okafor"
    session.commit()
    assert sentence not in other.get(f"/desk/campaigns/{copy.slug}").text


@pytest.mark.both_engines
def test_a_follow_up_says_that_its_text_has_nothing_new(
    desk: FlaskClient, session: Session, draft: Campaign
) -> None:
    later = continue_campaign(session, draft, actor="a", created_by_id=None, reference="UA 8/26")
    session.commit()
    assert REPEATED in desk.get(f"/desk/campaigns/{later.slug}").text.partition("Still to do")[2]
    session.rollback()
    for edition in later.editions:
        edition.background = "She was moved."
    session.commit()
    assert slugs(session, later) == set()


ALT = dict.fromkeys(("en", "fr", "es"), "A portrait")
QUESTION = "Some parts are still from another campaign"
REFUSAL = "Fix these items first, or tick the box to continue."


@pytest.mark.parametrize("is_follow_up", [False, True])
@pytest.mark.parametrize("to", ["open", "scheduled", "review"])
def test_who_opens_what_is_still_about_another_campaign_is_asked(
    other: FlaskClient,
    session: Session,
    draft: Campaign,
    copy: Campaign,
    app: Flask,
    to: str,
    is_follow_up: bool,
) -> None:
    if is_follow_up:
        copy = continue_campaign(session, draft, actor="a", created_by_id=None, reference="UA 8/26")
    copy.act_by, copy.picture_alt = days_ago(-30), ALT
    session.commit()
    if to == "review":
        settings = app.extensions["settings"]
        app.extensions["settings"] = settings.model_copy(update={"second_person_opens": True})
    home, words = f"/desk/campaigns/{copy.slug}", REPEATED if is_follow_up else COPIED
    assert "(you are asked again when you open the campaign)" in other.get(home).text
    page = other.get(f"{home}/status?to={to}").text
    assert QUESTION in page
    assert words in page
    session.rollback()
    sent = {"to": to, "open_at": f"{days_ago(-3)}T09:00"}
    refused = post(other, f"{home}/status", sent)
    assert refused.status_code == 422
    assert refused.text.count(REFUSAL) == 2  # above the form and at the field
    session.rollback()
    assert copy.status is CampaignStatus.DRAFT
    session.rollback()
    seen = tick(refused, "copied_seen")
    assert post(other, f"{home}/status", sent | seen).status_code == 303
    session.refresh(copy)
    assert copy.status.value == to
    if to == "open":
        shown = other.get(home).text
        assert words in shown
        assert "nothing is missing" not in shown
    if to == "scheduled":
        assert copy.open_at is not None
        due = copy.open_at
        session.rollback()
        status_changes.open_scheduled(due)
        session.refresh(copy)
        assert copy.status is CampaignStatus.OPEN


@pytest.mark.both_engines
def test_the_tick_holds_for_what_was_listed_with_it(
    other: FlaskClient, session: Session, copy: Campaign
) -> None:
    copy.act_by, copy.picture_alt = days_ago(-30), ALT
    first = copy.editions[0]
    words = first.title, first.summary
    first.title, first.summary = "Ours", "Ours as well."
    session.commit()
    url = f"/desk/campaigns/{copy.slug}/status?to=open"
    seen = tick(other.get(url), "copied_seen")
    session.rollback()
    first.title, first.summary = words
    session.commit()
    refused = post(other, url, seen)
    assert refused.status_code == 422
    assert not re.search(r'name="copied_seen"[^>]*\bchecked', refused.text)
    session.rollback()
    assert post(other, url, tick(refused, "copied_seen")).status_code == 303


def test_a_closed_copy_is_asked_about_once_more(
    other: FlaskClient, session: Session, copy: Campaign
) -> None:
    copy.status, copy.act_by, copy.closed_at = CampaignStatus.CLOSED, days_ago(2), db.utcnow()
    copy.picture_alt = ALT
    session.commit()
    sent = {"to": "open", "act_by": days_ago(-9).isoformat()}
    assert REFUSAL in post(other, f"/desk/campaigns/{copy.slug}/status", sent).text
    session.refresh(copy)
    assert (copy.status, copy.act_by) == (CampaignStatus.CLOSED, days_ago(2))


def test_what_says_nothing_of_another_campaign_has_no_tick(desk: FlaskClient) -> None:
    page = desk.get("/desk/campaigns/ua-1-26/status?to=open").text
    assert QUESTION not in page
    assert "copied_seen" not in page
