"""The network's mails as they go out: words, and the headers by which programs end them."""

import re
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from campaign.core import jobs
from campaign.core.settings import Settings
from campaign.mail.messages import Mail, OutboxMail
from campaign.mail.sender import render
from campaign.models.network import MemberState
from campaign.network.mails import (
    NetworkAction,
    NetworkAlready,
    NetworkConfirm,
    NetworkDigest,
    News,
)
from tests.factories import make_campaign, make_members
from tests.integration.network.conftest import HOST, Members

NEWS: News = {
    "kind": "new",
    "campaign": 1,
    "country": "Mexico",
    "reference": "UA 1/26",
    "person_name": "Amara Okafor",
    "cards": False,
    "title": "Amara Okafor: threatened <b>",
    "text": "Her *two* guards are back.",
    "lang": "en",
    "deadline": "Friday",
    "url": "https://x.example/en/actions/ua-1-26?from=mailing",
}
LINKS = {"preferences_url": "https://x.example/own", "leave_url": "https://x.example/own/leave"}


@pytest.mark.parametrize("lang", ["en", "fr", "es", "ar"])
@pytest.mark.parametrize("kind", ["new", "further-information", "good-news", "weekly", "monthly"])
def test_news_says_why_it_came_and_how_not_to_get_more(
    session: Session, settings: Settings, lang: str, kind: str
) -> None:
    links = LINKS | {"unsubscribe": f"{HOST}/{'x' * 90}"}
    message: Mail
    if kind in {"weekly", "monthly"}:
        items: list[News] = [NEWS, NEWS | {"kind": "good-news", "deadline": ""}]
        message = NetworkDigest(items=items, frequency=kind, **links)
    else:
        message = NetworkAction(news=NEWS | {"kind": kind}, **links)
    message.send(session, to="ana@example.org", locale=lang)
    mail = render(session.query(OutboxMail).one(), settings)
    sent = message_from_bytes(bytes(mail), policy=policy.default)
    assert isinstance(sent, EmailMessage)
    assert sent["List-Unsubscribe"] == f"<{HOST}/{'x' * 90}>"
    assert sent["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"List-Unsubscribe: <{HOST}/{'x' * 90}>".encode() in bytes(mail).splitlines()
    plain, html = (sent.get_body((kind,)).get_content() for kind in ("plain", "html"))  # type: ignore[union-attr]
    assert LINKS["leave_url"] in plain.strip().splitlines()[-1]
    assert NEWS["url"] in plain.split()
    assert f'href="{LINKS["leave_url"]}"' in html
    assert "threatened &lt;b&gt;" in html
    assert "&" not in str(sent["Subject"])
    assert f'lang="{lang}"' in html
    assert "<img" not in html
    # Before the first title that is in English.
    named = re.compile("anglais|inglés|الإنجليزية|in English")
    for body in (plain, html):
        assert bool(named.search(body.partition("threatened")[0])) is (lang != "en")


def test_an_action_that_asks_for_cards_leads_to_a_card(
    session: Session, settings: Settings
) -> None:
    message = NetworkAction(news=NEWS | {"cards": True}, unsubscribe=f"{HOST}/x", **LINKS)
    message.send(session, to="ana@example.org", locale="en")
    mail = render(session.query(OutboxMail).one(), settings)
    for part in ("plain", "html"):
        words = mail.get_body((part,)).get_content()  # type: ignore[union-attr]
        assert "Write a card" in words
        assert "letter" not in words.replace(settings.organisation_name, "").casefold()


@pytest.mark.parametrize("lang", ["en", "fr", "es", "ar"])
def test_mails_of_joining_hold_their_links(session: Session, settings: Settings, lang: str) -> None:
    confirm: Mail = NetworkConfirm(link="https://x.example/l", days=7)
    for message in (confirm, NetworkAlready(**LINKS)):
        message.send(session, to="ana@example.org", locale=lang)
    first, second = (render(mail, settings) for mail in session.query(OutboxMail).order_by("id"))
    for part in ("plain", "html"):
        assert "https://x.example/l" in first.get_body((part,)).get_content()  # type: ignore[union-attr]
        assert LINKS["preferences_url"] in second.get_body((part,)).get_content()  # type: ignore[union-attr]
    assert first["List-Unsubscribe"] is None


def test_the_address_in_the_header_of_a_sent_mail_ends_the_membership(
    app: Flask, client: FlaskClient, session: Session, members: Members
) -> None:
    campaign = make_campaign(session)
    make_members(session, 1)
    session.commit()
    jobs.run_now("network.announce", campaign.id)
    jobs.run_now("network.sweep")
    jobs.run_now("mail.sweep")
    [path] = app.extensions["settings"].outbox.glob("*.eml")
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    address = str(mail["List-Unsubscribe"]).strip("<>").removeprefix(HOST)
    name, _, value = str(mail["List-Unsubscribe-Post"]).partition("=")
    response = client.post(address, data={name: value}, headers={"Origin": "https://mail.example"})
    assert response.status_code == 200
    assert members()[0].state is MemberState.LEFT
