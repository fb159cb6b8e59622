"""The desk's pages of a campaign's texts, letters and targets."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from campaign.campaigns.content.templates import current_template, find_template
from campaign.campaigns.status_changes import stop_campaign
from campaign.core.clock import utcnow
from campaign.models.campaign import Campaign, CampaignStatus, Target, TargetKind
from campaign.models.staff import Role
from tests.factories import (
    add_confirmed,
    make_campaign,
    make_target_mission,
    make_target_official,
    post,
    sign_in,
)

DESK = "/desk/campaigns/ua-1-26"
TEXT = {
    "title": "Amara Okafor: still threatened", "summary": "Three sentences.",
    "asks": "- Protect her\n2) Find out", "background": "It *happened*.\r\n\r\nThen.",
    "outcome": "",
}  # fmt: skip
LETTER = {
    "based_on": "1", "subject": "Protection", "opening": "I write about ((person_name)).",
    "closing": "Thank you.",
    "points-0-key": "protect", "points-0-text": "Protect her.", "points-0-required": "y",
    "points-0-position": "2",
    "points-1-key": "investigate", "points-1-text": "Find out who.", "points-1-position": "1",
    "points-2-key": "recognise", "points-2-text": "", "points-2-position": "3",
    "points-3-key": "", "points-3-text": "Answer her letters.", "points-3-position": "",
}  # fmt: skip


@pytest.fixture
def campaign(session: Session) -> Campaign:
    opened = make_campaign(session)
    session.commit()
    return opened


@pytest.fixture
def desk(client: FlaskClient, app: Flask) -> Iterator[FlaskClient]:
    """An organizer's browser."""
    sign_in(client, app, Role.ORGANIZER)
    return client


def fresh(session: Session, campaign: Campaign) -> Campaign:
    session.rollback()
    session.expire_all()
    return campaign


def test_a_text_is_saved_without_the_bullets(
    desk: FlaskClient, campaign: Campaign, session: Session
) -> None:
    assert post(desk, f"{DESK}/editions/en", TEXT).status_code == 303
    edition = next(
        edition for edition in fresh(session, campaign).editions if edition.locale == "en"
    )
    assert edition.asks == ["Protect her", "Find out"]
    assert edition.background == "It *happened*.\n\nThen."


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"title": ""}, "Write a title"),
        ({"summary": ""}, "Keep a title, a summary and what the letter asks"),
        ({"summary": "x" * 1201}, "Use at most 1200 characters"),
        ({"asks": "a\n" * 9}, "Use at most 8 lines"),
        ({"asks": "a" * 301}, "Use at most 300 characters"),
        ({"background": "x" * 20_001}, "Use at most 20000 characters"),
        ({"outcome": "a\u202eb"}, "characters here are hidden"),
    ],
)
def test_a_text_that_cannot_be_saved_is_kept_on_the_page(
    desk: FlaskClient, campaign: Campaign, session: Session, change: dict[str, str], words: str
) -> None:
    response = post(desk, f"{DESK}/editions/en", TEXT | change)
    assert response.status_code == 422
    assert words in response.text
    assert "Find out" in response.text or "asks" in change
    edition = next(
        edition for edition in fresh(session, campaign).editions if edition.locale == "en"
    )
    assert edition.summary != TEXT["summary"]


def test_a_draft_can_have_half_a_text(desk: FlaskClient, session: Session) -> None:
    draft = make_campaign(session, status=CampaignStatus.DRAFT, locales=["en"])
    session.commit()
    half = {"title": "Titre", "summary": "", "asks": "", "background": "", "outcome": ""}
    assert post(desk, f"{DESK}/editions/fr", half).status_code == 303
    assert len(fresh(session, draft).editions) == 2
    assert "is incomplete. It needs a title" in desk.get(DESK).text


def test_beside_a_translation_stands_the_main_language(
    desk: FlaskClient, campaign: Campaign
) -> None:
    assert campaign.editions[0].title in desk.get(f"{DESK}/editions/fr").text


def test_a_letter_is_saved_in_the_order_of_its_places(
    desk: FlaskClient, campaign: Campaign, session: Session
) -> None:
    assert post(desk, f"{DESK}/letters/en", LETTER).status_code == 303
    template = current_template(session, fresh(session, campaign), "en")
    assert template.version == 2
    assert [(point.key, point.required, point.text) for point in template.points] == [
        ("investigate", False, "Find out who."),
        ("protect", True, "Protect her."),
        ("answer-her-letters", False, "Answer her letters."),
    ]
    assert "Version 2" in desk.get(f"{DESK}/letters/en").text
    assert "threatened in ((country))" in desk.get(f"{DESK}/letters/en/1").text


def test_an_unknown_placeholder_is_named_by_its_field_with_the_known_ones(
    desk: FlaskClient, campaign: Campaign, session: Session
) -> None:
    data = LETTER | {"points-0-text": "Ask ((name.__class__)).", "closing": "((person name"}
    response = post(desk, f"{DESK}/letters/en", data)
    assert response.status_code == 422
    assert "((name.__class__)) is not a placeholder" in response.text
    assert "((supporter_name))" in response.text
    assert 'href="#points-0-text"' in response.text
    assert 'href="#closing"' in response.text
    assert "Answer her letters." in response.text
    assert current_template(session, fresh(session, campaign), "en").version == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"subject": ""}, "Write the subject line"),
        ({"opening": ""}, "Write the opening"),
        ({"points-1-text": "x" * 601}, "Use at most 600 characters"),
        ({"points-1-position": "first"}, "Enter a position from 1 to 99"),
        ({"points-1-position": "0"}, "Enter a position from 1 to 99"),
        ({"points-1-key": "protect"}, "the same key"),
    ],
)
def test_a_letter_that_cannot_be_saved_keeps_its_rows(
    desk: FlaskClient, campaign: Campaign, session: Session, change: dict[str, str], words: str
) -> None:
    response = post(desk, f"{DESK}/letters/en", LETTER | change)
    assert response.status_code == 422
    assert words in response.text
    assert "Answer her letters." in response.text
    assert current_template(session, fresh(session, campaign), "en").version == 1


def test_a_key_that_was_made_up_is_refused(desk: FlaskClient, campaign: Campaign) -> None:
    data = LETTER | {"points-3-key": "../../etc"}
    assert post(desk, f"{DESK}/letters/en", data).status_code == 422


def test_more_rows_are_given_without_saving(
    desk: FlaskClient, campaign: Campaign, session: Session
) -> None:
    rows = {f"points-{n}-text": f"Point {n} here" for n in range(6)}
    response = post(desk, f"{DESK}/letters/en", LETTER | rows | {"more": "Add rows"})
    assert response.status_code == 200
    assert "Point 5 here" in response.text
    assert 'name="points-7-text"' in response.text
    assert current_template(session, fresh(session, campaign), "en").version == 1


@pytest.mark.parametrize("page", ["letters/en", "languages/points"])
def test_more_rows_are_given_before_anything_is_written(
    desk: FlaskClient, campaign: Campaign, page: str
) -> None:
    empty = {"subject": "", "opening": "", "closing": "", "points-0-position": "none"}
    response = post(desk, f"{DESK}/{page}", empty | {"more": "Add rows"})
    assert response.status_code == 200
    assert "error-summary" not in response.text
    assert 'class="error"' not in response.text


def test_thirteen_points_are_too_many(desk: FlaskClient, campaign: Campaign) -> None:
    rows = {f"points-{n}-text": f"Point {n} here" for n in range(90)}
    response = post(desk, f"{DESK}/letters/en", LETTER | rows)
    assert response.status_code == 422
    assert "at most twelve talking points" in response.text


@pytest.mark.both_engines
def test_a_new_language_starts_with_the_keys_of_the_main_one(
    desk: FlaskClient, session: Session
) -> None:
    make_campaign(session, locales=["en"], letter_locales=["en"], status=CampaignStatus.DRAFT)
    session.commit()
    page = desk.get(f"{DESK}/letters/fr").text
    assert 'value="protect"' in page
    assert "Please have ((person_name)) protected." in page


def test_a_letter_for_one_target_is_its_own(
    desk: FlaskClient, campaign: Campaign, session: Session
) -> None:
    target = campaign.targets[0]
    response = post(
        desk, f"{DESK}/letters/en?for={target.official.slug}", LETTER | {"based_on": "0"}
    )
    assert response.status_code == 303
    assert response.location.endswith(f"?for={target.official.slug}")
    fresh(session, campaign)
    own = find_template(session, campaign, "en", target)
    assert own is not None
    assert own.version == 1
    assert current_template(session, campaign, "en").version == 1


def rows_of(campaign: Campaign, **change: Any) -> dict[str, Any]:
    (target,) = campaign.targets
    mission = target.mission.slug if target.mission else ""
    return {
        "rows-0-official": target.official.slug,
        "rows-0-kind": "to",
        "rows-0-mission": mission,
        "rows-0-position": "1",
        "official": "",
        "kind": "to",
        "mission": "suggested",
    } | change


def test_a_target_is_added_with_the_mission_that_is_suggested(
    desk: FlaskClient, campaign: Campaign, session: Session
) -> None:
    copied = make_target_official(7, country="GT")
    embassy = make_target_mission(7, sending_country="GT")
    session.add_all([copied, embassy])
    session.commit()
    data = rows_of(campaign, **{"official": copied.slug, "kind": "copy", "rows-0-position": "9"})
    session.rollback()
    assert post(desk, f"{DESK}/targets", data).status_code == 303
    added = fresh(session, campaign).targets[1]
    assert (added.official, added.kind, added.mission) == (copied, TargetKind.COPY, embassy)


@pytest.mark.both_engines
def test_who_was_chosen_stays_chosen_where_the_targets_are_not_saved(
    desk: FlaskClient, campaign: Campaign, session: Session
) -> None:
    nowhere = make_target_official(7, country="GT", address=[])
    session.add(nowhere)
    session.commit()
    data = rows_of(campaign, official=nowhere.slug, kind="to", mission="")
    slug = nowhere.slug
    session.rollback()
    response = post(desk, f"{DESK}/targets", data)
    assert response.status_code == 422
    assert f'value="{slug}" checked' in response.text
    assert len(fresh(session, campaign).targets) == 1


def test_the_last_target_of_an_open_campaign_stays(
    desk: FlaskClient, campaign: Campaign, session: Session
) -> None:
    response = post(desk, f"{DESK}/targets", rows_of(campaign, **{"rows-0-remove": "y"}))
    assert response.status_code == 422
    assert "Keep at least one official" in response.text
    assert len(fresh(session, campaign).targets) == 1


def test_a_target_with_letters_is_not_removed(
    desk: FlaskClient, campaign: Campaign, session: Session
) -> None:
    add_confirmed(session, campaign, 1)
    session.commit()
    data = rows_of(campaign, **{"rows-0-remove": "y"})
    session.rollback()
    response = post(desk, f"{DESK}/targets", data)
    assert response.status_code == 422
    assert "You cannot remove this recipient" in response.text
    assert len(fresh(session, campaign).targets) == 1


def test_whom_people_wrote_to_does_not_become_a_copy(
    desk: FlaskClient, campaign: Campaign, session: Session
) -> None:
    other = make_target_official(7)
    session.add(other)
    add_confirmed(session, campaign, 1)
    session.commit()
    data = rows_of(campaign, official=other.slug, kind="to", **{"rows-0-kind": "copy"})
    session.rollback()
    response = post(desk, f"{DESK}/targets", data)
    assert response.status_code == 422
    assert "You cannot change this recipient to “Receives a copy”." in response.text
    assert f'value="{data["official"]}" checked' in response.text
    assert '<option selected value="copy">' in response.text
    [target] = fresh(session, campaign).targets
    assert target.kind is TargetKind.TO


@pytest.mark.parametrize(
    "change",
    [
        {"rows-0-kind": "bcc"},
        {"rows-0-mission": "nowhere"},
        {"official": "nobody"},
        {"mission": "nowhere", "official": ""},
        {"rows-0-position": "x"},
    ],
)
def test_targets_that_were_not_offered_are_refused(
    desk: FlaskClient, campaign: Campaign, session: Session, change: dict[str, str]
) -> None:
    data = rows_of(campaign, **change)
    session.rollback()
    assert post(desk, f"{DESK}/targets", data).status_code == 422
    assert len(fresh(session, campaign).targets) == 1


def test_an_open_campaign_says_what_it_would_lack_and_where_it_is_mended(
    desk: FlaskClient, campaign: Campaign, session: Session
) -> None:
    assert campaign.status is CampaignStatus.OPEN
    long = LETTER | {"opening": "I write about ((person_name)).\n\n" * 60}
    refused = post(desk, f"{DESK}/letters/en", long)
    assert refused.status_code == 422
    assert "does not fit on one page with the longest name. It is" in refused.text
    assert "fits: " in refused.text  # what the page says of the saved letter is of the saved letter
    assert "Version 2" not in refused.text
    mission = campaign.targets[0].mission
    assert mission is not None
    mission.last_checked_on = None
    campaign.targets[0].mission = None
    session.commit()
    chosen = rows_of(campaign, **{"rows-0-mission": mission.slug})
    refused = post(desk, f"{DESK}/targets", chosen)
    assert refused.status_code == 422
    assert "No one has checked the address of the mission for" in refused.text
    assert re.search(rf"missions/{mission.slug}[^>]*>Check the mission</a>", refused.text)
    assert "We could not save this" not in refused.text


def test_of_a_stopped_campaign_the_text_of_its_end_says_where_it_is_shown(
    desk: FlaskClient, campaign: Campaign, session: Session
) -> None:
    warning = "under the heading “How cases like this end”"
    assert warning not in desk.get(f"{DESK}/editions/en").text
    reasons = {"en": "Letters could do harm."}
    stop_campaign(session, campaign, actor="a", now=utcnow(), reasons=reasons)
    session.commit()
    assert warning in desk.get(f"{DESK}/editions/en").text
    assert "We deliver letters to" not in desk.get(DESK).text


def test_the_town_in_another_script_is_not_named_twice(
    client: FlaskClient, app: Flask, session: Session, campaign: Campaign
) -> None:
    (target,) = campaign.targets
    assert target.mission
    target.mission.name = {"en": "Embassy in Ottawa", "ar": "السفارة في أوتاوا"}
    session.commit()
    sign_in(client, app, Role.ORGANIZER, locale="ar")
    assert "عبر السفارة في أوتاوا." in client.get(DESK).text


def test_a_letter_that_is_too_long_for_two_officials_is_one_answer_to_check(
    desk: FlaskClient, campaign: Campaign, session: Session
) -> None:
    facts: dict[str, Any] = {"kind": TargetKind.TO, "position": 1}
    official, mission = make_target_official(2, name="Ana Duarte"), make_target_mission(2)
    campaign.targets.append(Target(official=official, mission=mission, **facts))
    session.commit()
    long = LETTER | {"opening": "I write about ((person_name)).\n\n" * 60}
    refused = post(desk, f"{DESK}/letters/en", long)
    assert refused.text.count("does not fit on one page with the longest name. It is") == 4
    assert "Check one answer" in refused.text
