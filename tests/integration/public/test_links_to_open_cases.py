"""Where pages lead: from an ended case to those who need a letter, from the thanks to others."""

import json
import re
from html import unescape
from urllib.parse import unquote

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns.status_changes import close_campaign, stop_campaign
from campaign.core import db
from campaign.mail.messages import OutboxMail
from campaign.models.campaign import Campaign, CampaignStatus, StopKind
from tests.factories import add_confirmed, make_campaign
from tests.integration.signing.conftest import FORM


@pytest.fixture
def link(client: FlaskClient, case: str, session: Session) -> str:
    """Address of a letter that waits for its confirmation."""
    client.post(f"{case}/sign", data=FORM)
    mail = session.scalars(select(OutboxMail)).one()
    link = str(json.loads(mail.context or "{}")["link"]).removeprefix("http://127.0.0.1:5000")
    session.rollback()
    return link


def test_an_ended_case_leads_to_people_who_need_a_letter_now(
    client: FlaskClient, session: Session, campaign: Campaign, case: str
) -> None:
    other = make_campaign(session, reference="UA 7/26", slug="ua-7-26")
    session.commit()
    assert "Other cases you can write about now" not in client.get(case).text
    close_campaign(session, campaign, actor="command", now=db.utcnow(), reasons={"en": "Safe."})
    session.commit()
    page = client.get(case).text
    others = page[page.index("Other cases you can write about now") :]
    assert f'href="/en/actions/{other.slug}"' in others
    assert "What we asked" in page
    assert "someone who would write" not in page


@pytest.mark.parametrize("kind", StopKind)
def test_no_page_of_one_stopped_for_harm_offers_to_write_for_the_same_person(
    client: FlaskClient, session: Session, campaign: Campaign, case: str, link: str, kind: StopKind
) -> None:
    campaign.follows = earlier = make_campaign(session, person_name="Amara N. Okafor")
    waits = {"status": CampaignStatus.DRAFT, "opened_at": None}
    between = make_campaign(session, follows=campaign, **waits, person_name="A. Okafor")
    later = make_campaign(session, follows=between, person_name="A. Okafor")
    other = make_campaign(session, act_by=None, person_name="Berta Cruz")
    session.commit()
    client.post(link)
    reasons = {"en": "Writing puts her in danger."}
    stop_campaign(session, campaign, actor="command", now=db.utcnow(), reasons=reasons, kind=kind)
    session.commit()
    pages = {
        client.get(case): {earlier, later, other},
        client.get(f"{case}/write"): {earlier, later, other},
        client.post(f"{case}/sign", data=FORM): {earlier, later, other},
        client.get(f"{case}/sent"): {earlier, later, other},
        client.get(link): {later},
    }
    for page, offered in pages.items():
        shown = re.split("(?:Other cases|Another case) you can write about now", page.text)[1]
        links = set(re.findall(r'href="/en/actions/([^"/]+)"', shown))
        expected = {other} if kind is StopKind.HARM else offered
        assert links == {action.slug for action in expected}, page.request.path


@pytest.mark.both_engines
@pytest.mark.parametrize("kind", StopKind)
def test_no_page_of_one_stopped_for_harm_offers_a_copy_about_the_same_person(
    client: FlaskClient, session: Session, campaign: Campaign, case: str, link: str, kind: StopKind
) -> None:
    copy = make_campaign(session, person_name="AMARA  Okafór")
    other = make_campaign(session, act_by=None, person_name="Berta Cruz")
    elsewhere = make_campaign(session, act_by=None, country="FR")
    session.commit()
    client.post(link)
    reasons = {"en": "Writing puts her in danger."}
    stop_campaign(session, campaign, actor="command", now=db.utcnow(), reasons=reasons, kind=kind)
    session.commit()
    others = {copy, other, elsewhere} if kind is not StopKind.HARM else {other, elsewhere}
    pages = {
        client.get(case): others,
        client.post(f"{case}/sign", data=FORM): others,
        client.get(f"{case}/sent"): others,
        client.get(link): {copy} if copy in others else {elsewhere},
    }
    for page, offered in pages.items():
        shown = re.split("(?:Other cases|Another case) you can write about now", page.text)[1]
        links = set(re.findall(r'href="/en/actions/([^"/]+)"', shown))
        assert links == {action.slug for action in offered}, page.request.path


def test_the_page_says_what_writing_takes(client: FlaskClient, case: str) -> None:
    assert "It takes about three minutes, and you need no account." in client.get(case).text


def test_few_cases_need_no_search(
    client: FlaskClient, session: Session, campaign: Campaign
) -> None:
    assert 'role="search"' not in client.get("/en/").text
    assert 'role="search"' in client.get("/en/?q=nobody").text
    for number in range(2, 9):
        make_campaign(session, reference=f"UA {number}/26", slug=f"ua-{number}-26")
    session.commit()
    assert 'role="search"' in client.get("/en/").text


def test_every_link_to_a_paper_says_what_it_is(client: FlaskClient, case: str) -> None:
    page = client.get(case).text
    papers = re.findall(r'<a href="[^"]*(?:poster|sheet)\.pdf[^"]*">(.*?)</a>', page)
    labels = [unescape(re.sub(r"<[^>]+>", "", label)) for label in papers]
    assert labels == [
        "Poster, A4",
        "Poster, US Letter",
        "Signature sheet, A4",
        "Signature sheet, US Letter",
    ]


def test_thanks_ask_for_others_before_all_else(
    client: FlaskClient, session: Session, campaign: Campaign, link: str
) -> None:
    other = make_campaign(session, reference="UA 7/26", slug="ua-7-26")
    add_confirmed(session, campaign, 30)
    session.commit()
    client.post(link)
    page = client.get(link).text
    order = [
        "Your letter is confirmed.",
        "more to reach 50",
        "Ask someone you know to write",
        f"/en/actions/{other.slug}",
        'id="way"',
        'id="send"',
    ]
    places = [page.index(mark) for mark in order]
    assert places == sorted(places)


def test_what_is_passed_on_leads_to_the_follow_up_that_takes_letters(
    client: FlaskClient, session: Session, campaign: Campaign, case: str, link: str
) -> None:
    client.post(link)
    later = make_campaign(session, follows=campaign, status=CampaignStatus.DRAFT, opened_at=None)
    for status, shared in (
        (CampaignStatus.DRAFT, campaign),
        (CampaignStatus.OPEN, later),
        (CampaignStatus.CLOSED, campaign),
    ):
        later.status = status
        session.commit()
        for page in (client.get(link), client.get(f"{case}/sent")):
            message = page.text.partition('<textarea id="message"')[2].partition("</textarea>")[0]
            assert message.endswith(f"/en/actions/{shared.slug}")
    campaign.status, later.status = CampaignStatus.CLOSED, CampaignStatus.OPEN
    session.commit()
    assert 'id="message"' not in client.get(link).text


def test_what_is_passed_on_says_why_and_until_when(
    client: FlaskClient, campaign: Campaign, link: str
) -> None:
    client.post(link)
    page = unescape(client.get(link).text)
    message = page[page.index('<textarea id="message"') :].partition(">")[2].partition("<")[0]
    assert f"I have written for {campaign.person_name}." in message
    assert "Write by" in message
    assert message.endswith(f"/en/actions/{campaign.slug}")
    whatsapp = re.search(r'href="https://wa\.me/\?text=([^"]+)"', page)
    assert whatsapp is not None
    assert unquote(whatsapp[1]) == message


def test_a_title_says_that_something_is_to_be_mended(client: FlaskClient, case: str) -> None:
    assert "<title>Error: " in client.post(f"{case}/check", data={}).text
    assert "<title>Error: " not in client.get(f"{case}/write").text
