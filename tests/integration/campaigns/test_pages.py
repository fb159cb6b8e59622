"""The desk's pages of campaigns: list, draft, facts, overview, status, updates."""

import io
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from markupsafe import escape
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns.content.pictures import LEAST_WIDTH
from campaign.core import clock
from campaign.models.campaign import (
    Campaign,
    CampaignStatus,
    StopKind,
    Target,
    TargetKind,
    Update,
    UpdateKind,
    UpdatePicture,
)
from campaign.models.staff import Role
from tests.days import days_ago
from tests.factories import make_campaign, make_target_official, post, sign_in

DESK = "/desk/campaigns"
PAGES = ["/", "/new", "/ua-1-26", "/ua-1-26/facts", "/ua-1-26/editions/en", "/ua-1-26/letters/en",
         "/ua-1-26/letters/en/1", "/ua-1-26/targets", "/ua-1-26/updates",
         "/ua-1-26/status?to=closed"]  # fmt: skip
FORMS = [page for page in PAGES[1:] if page not in {"/ua-1-26", "/ua-1-26/letters/en/1"}]
FACTS: dict[str, Any] = {
    "reference": "UA 58/20",
    "index_number": "",
    "country": "MX",
    "format": "letter",
    "person_name": "Amara Okafor",
    "person_pronouns": "she",
    "themes": ["women", "defenders"],
    "issued_on": f"{days_ago(26)}",
    "act_by": f"{days_ago(-30)}",
    "timezone": "America/Toronto",
    "default_locale": "en",
    "letter_locales": ["es", "en"],
    "follows": "",
}


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
    session.refresh(campaign)
    return campaign


@pytest.mark.parametrize("page", PAGES)
def test_an_organizer_sees_every_page(desk: FlaskClient, campaign: Campaign, page: str) -> None:
    response = desk.get(DESK + page)
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("page", PAGES)
def test_who_is_not_signed_in_is_sent_to_sign_in(
    client: FlaskClient, campaign: Campaign, page: str
) -> None:
    response = client.get(DESK + page)
    assert response.status_code == 302
    assert "Amara" not in response.text


@pytest.mark.parametrize("page", PAGES)
def test_for_staff_the_pages_are_not_there(
    client: FlaskClient, app: Flask, campaign: Campaign, page: str
) -> None:
    sign_in(client, app, Role.STAFF)
    assert client.get(DESK + page).status_code == 404


@pytest.mark.parametrize("page", FORMS)
def test_a_form_without_its_token_changes_nothing(
    desk: FlaskClient, campaign: Campaign, session: Session, page: str
) -> None:
    response = desk.post(DESK + page, data=FACTS | {"to": "closed", "reason_en": "x"})
    assert response.status_code == 400
    assert fresh(session, campaign).status is CampaignStatus.OPEN
    assert session.query(Campaign).count() == 1


@pytest.mark.parametrize(
    "page",
    [
        "/ua-9-99",
        "/ua-9-99/facts",
        "/ua-1-26/editions/xx",
        "/ua-1-26/letters/..%2f",
        "/1",
        "/ua-1-26/letters/en/9",
        "/ua-1-26/letters/en?for=nobody",
        "/ua-1-26/status?to=draught",
        "/ua-1-26/status",
    ],
)
def test_what_does_not_exist_is_not_found(desk: FlaskClient, campaign: Campaign, page: str) -> None:
    assert desk.get(DESK + page).status_code == 404


def test_pages_that_only_show_take_no_form(desk: FlaskClient, campaign: Campaign) -> None:
    assert post(desk, f"{DESK}/ua-1-26").status_code == 405
    assert desk.delete(f"{DESK}/ua-1-26/facts").status_code == 405


def test_the_list_keeps_its_state_in_the_address(desk: FlaskClient, session: Session) -> None:
    make_campaign(session, person_name="Ana Abril")
    make_campaign(session, person_name="Zoe Zafra")
    make_campaign(session, person_name="Dora Duda", status=CampaignStatus.DRAFT)
    session.commit()
    page = desk.get(f"{DESK}/?status=open&sort=person&order=down").text
    assert page.index("Zoe Zafra") < page.index("Ana Abril")
    assert "Dora Duda" not in page
    assert "status=open&amp;sort=person" in page
    assert 'aria-sort="descending"' in page


@pytest.mark.parametrize(
    "query", ["status=x", "sort=id;drop", "order=sideways", "page=-1", "page=99999999999", "page=²"]
)
def test_a_bent_address_of_the_list_is_the_list(
    desk: FlaskClient, campaign: Campaign, query: str
) -> None:
    response = desk.get(f"{DESK}/?{query}")
    assert response.status_code == 200
    assert "Amara Okafor" in response.text


def test_an_empty_list_offers_to_write_the_first(desk: FlaskClient) -> None:
    assert "There are no campaigns yet." in desk.get(f"{DESK}/").text


def test_a_draft_is_made(desk: FlaskClient, session: Session) -> None:
    response = post(desk, f"{DESK}/new", FACTS)
    assert (response.status_code, response.location) == (303, f"{DESK}/ua-58-20")
    created = session.scalars(select(Campaign)).one()
    assert created.themes == ["women", "defenders"]
    assert (f"{created.act_by}", created.letter_locales) == (FACTS["act_by"], ["es", "en"])
    assert "Still to do" in desk.get(response.location).text


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("reference", "", "Enter the reference"),
        ("reference", "ua 1/26", "Another campaign has this reference"),
        ("reference", "U" * 41, "Use at most 40 characters"),
        ("person_name", "  ", "Enter the person’s name"),
        ("person_name", "Amara\x01", "characters here are hidden"),
        ("person_name", "Amara \u202eOkafor", "characters here are hidden"),
        ("person_pronouns", "x" * 41, "Use at most 40 characters"),
        ("country", "", "Choose the country"),
        ("act_by", "4.12.2026", "Enter the date as"),
        ("act_by", "9026-12-04", "This date is too far away"),
    ],
)
def test_what_cannot_be_taken_is_said_and_what_was_typed_is_kept(
    desk: FlaskClient, campaign: Campaign, field: str, value: str, words: str
) -> None:
    response = post(desk, f"{DESK}/new", FACTS | {"index_number": "AMR 41/2020", field: value})
    assert response.status_code == 422
    assert words in response.text
    assert "AMR 41/2020" in response.text
    assert f'href="#{field}"' in response.text
    assert desk.get(f"{DESK}/ua-58-20").status_code == 404


@pytest.mark.parametrize(
    "field", ["country", "format", "timezone", "default_locale", "letter_locales", "follows"]
)
def test_a_choice_that_was_not_offered_is_refused(
    desk: FlaskClient, session: Session, field: str
) -> None:
    response = post(desk, f"{DESK}/new", FACTS | {field: "elsewhere"})
    assert response.status_code == 422
    assert session.query(Campaign).count() == 0


def test_facts_are_changed(desk: FlaskClient, campaign: Campaign, session: Session) -> None:
    response = post(desk, f"{DESK}/ua-1-26/facts", FACTS | {"act_by": "2099-12-04"})
    assert response.status_code == 303
    changed = fresh(session, campaign)
    assert (changed.reference, changed.slug) == ("UA 58/20", "ua-1-26")


def test_an_open_campaign_keeps_a_language_for_letters(
    desk: FlaskClient, campaign: Campaign, session: Session
) -> None:
    data = FACTS | {"act_by": f"{campaign.act_by}", "letter_locales": []}
    response = post(desk, f"{DESK}/ua-1-26/facts", data)
    assert response.status_code == 422
    assert "Keep at least one language for letters" in response.text
    assert len(fresh(session, campaign).letter_locales) == 3


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x>'])
def test_markup_in_a_name_stays_text(desk: FlaskClient, session: Session, text: str) -> None:
    make_campaign(session, person_name=text)
    session.commit()
    for page in PAGES:
        assert text not in desk.get(DESK + page).text
    assert str(escape(text)) in desk.get(f"{DESK}/").text


def test_a_ready_draft_is_opened_after_a_question(desk: FlaskClient, session: Session) -> None:
    draft = make_campaign(session, status=CampaignStatus.DRAFT, opened_at=None)
    session.commit()
    address = f"{DESK}/{draft.slug}/status?to=open"
    assert address in desk.get(f"{DESK}/{draft.slug}").text
    assert desk.get(address).status_code == 200
    assert fresh(session, draft).status is CampaignStatus.DRAFT
    session.rollback()
    assert post(desk, address).status_code == 303
    assert fresh(session, draft).status is CampaignStatus.OPEN


def test_a_draft_that_lacks_something_shows_what_and_does_not_open(
    desk: FlaskClient, session: Session
) -> None:
    draft = make_campaign(session, status=CampaignStatus.DRAFT, targets=[])
    session.commit()
    address = f"{DESK}/{draft.slug}/status?to=open"
    page = desk.get(address).text
    assert "No official is chosen to receive letters." in page
    assert f'href="{DESK}/{draft.slug}/targets"' in page
    assert post(desk, address).status_code == 422
    assert fresh(session, draft).status is CampaignStatus.DRAFT


@pytest.mark.both_engines
def test_a_draft_does_not_open_while_no_copy_can_be_sent_to_who_is_to_receive_it(
    desk: FlaskClient, session: Session
) -> None:
    judge = make_target_official(9, name="Jane Doe", address=[])
    draft = make_campaign(session, status=CampaignStatus.DRAFT, opened_at=None)
    draft.targets.append(Target(kind=TargetKind.COPY, official=judge, position=1))
    session.commit()
    page = desk.get(f"{DESK}/{draft.slug}").text
    assert "Jane Doe receives a copy, but has no complete postal address and no email" in page
    assert f'href="/desk/officials/{judge.slug}"' in page
    session.rollback()
    assert post(desk, f"{DESK}/{draft.slug}/status?to=open").status_code == 422
    fresh(session, draft).targets[1].official.address = ["1 Street"]
    session.commit()
    assert post(desk, f"{DESK}/{draft.slug}/status?to=open").status_code == 303


def test_a_mission_without_a_street_is_pointed_out_with_a_link_to_it(
    desk: FlaskClient, campaign: Campaign, session: Session
) -> None:
    mission = campaign.targets[0].mission
    assert mission
    mission.address = []
    session.commit()
    page = desk.get(f"{DESK}/{campaign.slug}").text
    assert "The address of the mission for Ines Quintero Vidal has no street." in page
    assert f'href="/desk/missions/{mission.slug}"' in page


def test_a_stop_asks_for_a_reason_and_shows_it(
    desk: FlaskClient, campaign: Campaign, session: Session
) -> None:
    address = f"{DESK}/ua-1-26/status?to=stopped"
    for typed, problem in (
        ({"kind": "safe", "reason_en": " "}, "Enter a reason in at least one language"),
        ({"reason_en": "She asks it."}, "Choose why you are stopping it"),
        ({"reason_en": ""}, "Choose why you are stopping it"),
        ({"reason_en": ""}, "Enter a reason in at least one language"),
        ({"kind": "war", "reason_en": "She asks it."}, "Choose one of the answers"),
    ):
        response = post(desk, address, typed)
        assert response.status_code == 422
        assert problem in response.text
        assert typed["reason_en"] in response.text
    assert fresh(session, campaign).status is CampaignStatus.OPEN
    session.rollback()
    answers = {"kind": "safe", "reason_en": "She is free.", "reason_fr": "Elle est libre."}
    assert post(desk, address, answers).status_code == 303
    stopped = fresh(session, campaign)
    assert (stopped.status, stopped.stop_kind) == (CampaignStatus.STOPPED, StopKind.SAFE)
    page = desk.get(f"{DESK}/ua-1-26").text
    assert "She is free." in page
    assert "could do harm" not in page
    assert desk.get(f"{DESK}/ua-1-26/status?to=open").status_code == 409


def test_a_closed_campaign_opens_again_with_a_new_day(desk: FlaskClient, session: Session) -> None:
    closed = make_campaign(session, status=CampaignStatus.CLOSED, act_by=date(2026, 1, 1))
    session.commit()
    address = f"{DESK}/{closed.slug}/status?to=open"
    assert post(desk, address, {"act_by": "2026-01-01"}).status_code == 422
    assert post(desk, address, {"act_by": "2099-01-01"}).status_code == 303
    assert fresh(session, closed).act_by == date(2099, 1, 1)


def test_an_update_is_posted(desk: FlaskClient, campaign: Campaign, session: Session) -> None:
    data = {"kind": "good-news", "happened_on": "2026-11-20", "title_en": "Safe", "body_en": "*So*"}
    page = desk.get(f"{DESK}/ua-1-26/updates").text
    assert "Tell the supporters who asked for news about this case</label>" in page
    assert "No supporter gets news about this case." in page
    assert post(desk, f"{DESK}/ua-1-26/updates", data | {"tell_signers": "y"}).status_code == 303
    (update,) = fresh(session, campaign).updates
    assert (update.kind, update.editions[0].title) == (UpdateKind.GOOD_NEWS, "Safe")
    assert (update.tell_signers, update.tell_network) == (True, False)
    assert "Safe" in desk.get(f"{DESK}/ua-1-26/updates").text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"title_en": ""}, "Write a title in the same language"),
        ({"title_en": "", "body_en": ""}, "Write a title in the campaign"),
        ({"happened_on": ""}, "Enter the day"),
        ({"title_fr": "x" * 201}, "Use at most 200 characters"),
    ],
)
def test_an_update_that_cannot_be_posted_is_kept(
    desk: FlaskClient, campaign: Campaign, session: Session, change: dict[str, str], words: str
) -> None:
    data = {
        "kind": "reply",
        "happened_on": "2026-11-20",
        "title_en": "Safe",
        "body_en": "She is.",
        "body_es": "Texto guardado",
        "title_es": "T",
    }
    response = post(desk, f"{DESK}/ua-1-26/updates", data | change)
    assert response.status_code == 422
    assert words in response.text
    assert "Texto guardado" in response.text
    assert fresh(session, campaign).updates == []


def test_an_update_is_of_no_day_that_is_to_come_where_the_campaign_is(
    desk: FlaskClient, campaign: Campaign, session: Session
) -> None:
    """Between these two zones it is never the same day."""
    east, west = "Pacific/Kiritimati", "Pacific/Pago_Pago"
    day = clock.today(east).isoformat()
    data = {"kind": "good-news", "happened_on": day, "title_en": "Safe", "body_en": "So."}
    for zone, status in ((west, 422), (east, 303)):
        fresh(session, campaign).timezone = zone
        session.commit()
        answer = post(desk, f"{DESK}/ua-1-26/updates", data)
        assert answer.status_code == status
        assert ("has not come yet (Pago Pago time)" in answer.text) == (status == 422)


def test_an_update_says_how_wide_its_picture_is_at_least(
    desk: FlaskClient, campaign: Campaign
) -> None:
    page = desk.get(f"{DESK}/ua-1-26/updates").text
    assert f"at least {LEAST_WIDTH} pixels wide" in page


def test_a_handover_is_not_posted_by_hand(desk: FlaskClient, campaign: Campaign) -> None:
    data = {"kind": "delivery", "happened_on": "2026-11-20", "title_en": "Handed over"}
    assert post(desk, f"{DESK}/ua-1-26/updates", data).status_code == 422


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"happened_on": "2099-01-01"}, "This day has not come yet (Toronto time)."),
        ({"kind": "stop"}, "Choose one of the answers"),
        ({"title_fr": "En sûreté"}, "Write the text in this language too"),
    ],
)
def test_an_update_that_would_mislead_is_refused(
    desk: FlaskClient, campaign: Campaign, session: Session, change: dict[str, str], words: str
) -> None:
    data = {"kind": "good-news", "happened_on": "2026-11-20", "title_en": "Safe", "body_en": "So."}
    response = post(desk, f"{DESK}/ua-1-26/updates", data | change)
    assert response.status_code == 422
    assert words in response.text
    assert fresh(session, campaign).updates == []


def test_the_link_to_an_outcome_chooses_that_kind(desk: FlaskClient, campaign: Campaign) -> None:
    page = desk.get(f"{DESK}/ua-1-26/updates?kind=outcome").text
    assert '<option value="outcome" selected' in page or 'selected value="outcome"' in page
    assert 'value="stop"' not in page


def test_an_outcome_of_an_open_campaign_leads_to_its_closing(
    desk: FlaskClient, campaign: Campaign
) -> None:
    data = {"kind": "outcome", "happened_on": "2026-11-20", "title_en": "Free", "body_en": "So."}
    response = post(desk, f"{DESK}/ua-1-26/updates", data)
    assert response.location.endswith(f"{DESK}/ua-1-26/status?to=closed")
    assert "close it here" in desk.get(response.location).text


def test_an_update_is_taken_back_and_waits_to_be_mended(
    desk: FlaskClient, campaign: Campaign, session: Session
) -> None:
    data = {"kind": "good-news", "happened_on": "2026-11-20", "title_en": "Safe", "body_en": "So."}
    post(desk, f"{DESK}/ua-1-26/updates", data)
    (update,) = fresh(session, campaign).updates
    session.rollback()
    back = f"{DESK}/ua-1-26/updates/take-back"
    assert post(desk, back, {"update": str(update.id + 1)}).status_code == 404
    taken = post(desk, back, {"update": str(update.id)})
    assert fresh(session, campaign).updates == []
    assert "Nothing has been published yet." in desk.get(f"{DESK}/ua-1-26/updates").text
    assert 'value="Safe"' in desk.get(taken.location).text


def test_the_picture_of_a_post_taken_back_is_served_only_where_something_else_shows_it(
    desk: FlaskClient, campaign: Campaign, session: Session
) -> None:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(out, "JPEG")
    data = {
        "kind": "good-news",
        "happened_on": "2026-11-20",
        "title_en": "Safe",
        "body_en": "So.",
        "alt_en": "A door",
        "picture": (io.BytesIO(out.getvalue()), "door.jpg"),
    }
    assert post(desk, f"{DESK}/ua-1-26/updates", data).status_code == 303
    (update,) = fresh(session, campaign).updates
    key = update.picture
    another = Update(
        campaign=make_campaign(session), kind=UpdateKind.GOOD_NEWS, happened_on=date(2026, 11, 20)
    )
    another.more_pictures = [UpdatePicture(position=1, key=key, alt={})]
    session.add(another)
    session.commit()
    back = {"update": str(update.id)}
    assert post(desk, f"{DESK}/ua-1-26/updates/take-back", back).status_code == 303
    assert desk.get(f"/{key}").status_code == 200, "another post shows the same"
    session.delete(another)
    session.commit()
    assert desk.get(f"/{key}").status_code == 404


def test_a_reply_posted_by_hand_is_taken_back_and_a_handover_is_not(
    desk: FlaskClient, campaign: Campaign, session: Session
) -> None:
    data = {"kind": "reply", "happened_on": "2026-11-20", "title_en": "This person owns"}
    post(desk, f"{DESK}/ua-1-26/updates", data)
    (update,) = fresh(session, campaign).updates
    session.rollback()
    back = f"{DESK}/ua-1-26/updates/take-back"
    assert post(desk, back, {"update": str(update.id)}).status_code == 303
    assert fresh(session, campaign).updates == []
    handover = Update(campaign=campaign, kind=UpdateKind.DELIVERY, happened_on=date(2026, 11, 20))
    session.add(handover)
    session.commit()
    refused = post(desk, back, {"update": str(handover.id)})
    assert refused.status_code == 409
    assert "on its own page" in refused.text
    assert len(fresh(session, campaign).updates) == 1
