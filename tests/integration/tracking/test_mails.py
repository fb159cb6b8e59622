"""The mails on letters that were signed, as they go out, in every language."""

import json
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core.settings import Settings
from campaign.mail.messages import Mail
from campaign.mail.models import OutboxMail
from campaign.mail.sender import render
from campaign.signing.mails import AlreadySigned, ConfirmLetter, LetterMail, RemindLetter, mail_name
from campaign.signing.waiting_letters_mail import LettersWaiting
from campaign.tracking.mails import (
    CaseContinued,
    CaseNews,
    CaseStopped,
    CaseUpdate,
    LetterHandedOver,
    LettersErased,
    MyLetters,
    NoLetters,
)

LINK = "http://127.0.0.1:5000/en/x/planted-link"
_CASE: dict[str, Any] = {
    "person_name": "Amara Okafor",
    "reference": "UA 1/26",
    "case_url": "http://127.0.0.1:5000/en/actions/ua-1-26",
}
_SIGNED = _CASE | {"writer": mail_name("Ana")}
_STOPPED = _CASE | {"unsubscribe": LINK}
_NEWS = _STOPPED | {"letters_url": "http://127.0.0.1:5000/en/my-letters"}
_GATE = {"mission": "Embassy, Ottawa", "day": "4 December 2026", "place": "At the gate"}
REMINDER = RemindLetter(link=LINK, days=5, **_SIGNED)
MAILS: list[Mail] = [
    REMINDER,
    MyLetters(link=LINK, hours=24),
    NoLetters(home_url=LINK),
    LettersErased(kept=True, home_url="http://127.0.0.1:5000/en/"),
    CaseUpdate(what="reply", title="They answer", text="**Two** lines.", lang="en", **_NEWS),
    *(
        CaseUpdate(what=kind, title="She is safe", text="Now.", lang="en", **_NEWS)
        for kind in ("good-news", "further-information")
    ),
    CaseUpdate(what="outcome", title="She is safe", text="", lang="en", **_NEWS),
    *(
        CaseStopped(stop_kind=kind, reason=reason, lang="en", **_STOPPED)
        for kind in ("harm", "safe", "other")
        for reason in ("She asked us to.", "")
    ),
    CaseContinued(
        earlier_id=1,
        title="It goes on",
        text="Three sentences.",
        lang="en",
        deadline="Friday, December 4",
        **_NEWS,
    ),
    *(
        LetterHandedOver(numbers=numbers, outcome=outcome, **_NEWS, **_GATE)
        for outcome in ("accepted", "left", "posted", "courier")
        for numbers in (["00001"], ["00001", "00002"])
    ),
    ConfirmLetter(link=LINK, days=7, **_SIGNED),
    *(
        AlreadySigned(letters_url=LINK, why=why, own_words="She waits.", **_SIGNED)
        for why in ("already", "waiting")
    ),
    AlreadySigned(letters_url="", why="full", own_words="", **(_SIGNED | {"case_url": LINK})),
    LettersWaiting(
        email="ana@example.org",
        days=7,
        letters=[
            {
                "writer": mail_name(name),
                "person_name": "Amara Okafor",
                "reference": "UA 1/26",
                "link": LINK,
            }
            for name in ("Ana", "")
        ],
    ),
]


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
@pytest.mark.parametrize("lang", ["en", "fr", "es", "ar"])
def test_every_mail_is_made_in_every_language(
    app: Flask, session: Session, settings: Settings, lang: str
) -> None:
    for number, mail in enumerate(MAILS):
        assert mail.send(session, to=f"ana{number}@example.org", locale=lang)
    messages = [render(row, settings) for row in session.scalars(select(OutboxMail))]
    assert len(messages) == len(MAILS)
    for message, mail in zip(messages, MAILS, strict=True):
        plain: Any = message.get_body(("plain",))
        html: Any = message.get_body(("html",))
        assert str(message["Subject"])
        if LINK in str(mail):
            assert LINK in plain.get_content(), mail.kind
            assert f'href="{LINK}"' in html.get_content(), mail.kind
        assert (message["List-Unsubscribe"] is not None) == bool(mail.unsubscribe)
        assert "<img" not in html.get_content()
        assert "**" not in plain.get_content(), mail.kind
        assert f'lang="{lang}"' in html.get_content()


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_a_card_is_called_a_card(app: Flask, session: Session, settings: Settings) -> None:
    about_cards = [mail for mail in MAILS if isinstance(mail, LetterMail | CaseNews)]
    for number, mail in enumerate(about_cards):
        changes = {"asks_cards": True} if isinstance(mail, CaseContinued) else {}
        card = replace(mail, cards=True, **changes)
        assert card.send(session, to=f"ana{number}@example.org", locale="en")
    for row in session.scalars(select(OutboxMail)):
        message: Any = render(row, settings)
        words = str(message["Subject"]) + message.get_body(("plain",)).get_content()
        assert " card" in words, row.kind
        ours = (
            words.replace("my-letters", "")
            .replace("link to your letters", "")
            .replace(settings.organisation_name, "")
        )
        assert "letter" not in ours.casefold(), row.kind


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_the_reminder_says_that_its_link_replaces_the_first(
    app: Flask, session: Session, settings: Settings
) -> None:
    REMINDER.send(session, to="ana@example.org", locale="en")
    message: Any = render(session.scalars(select(OutboxMail)).one(), settings)
    assert "This link replaces the one in our first mail" in message.get_body().get_content()


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_a_forged_line_end_reaches_no_header(
    app: Flask, session: Session, settings: Settings
) -> None:
    evil = replace(REMINDER, person_name="Amara\r\nBcc: mallory@example.org")
    evil.send(session, to="ana@example.org", locale="en")
    message = render(session.scalars(select(OutboxMail)).one(), settings)
    assert message["Bcc"] is None
    assert b"\nBcc:" not in bytes(message).partition(b"\n\n")[0]


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_an_apostrophe_stays_one_in_text_and_markup_is_escaped_in_html(
    app: Flask, session: Session, settings: Settings
) -> None:
    planted = "N'Golo <i>"
    for number, mail in enumerate(MAILS):
        names = ("person_name", "writer", "mission", "place", "title", "reason", "own_words")
        changes = {name: planted for name in names if hasattr(mail, name)}
        replace(mail, **changes).send(session, to=f"ana{number}@example.org", locale="en")
    for row in session.scalars(select(OutboxMail)):
        message: Any = render(row, settings)
        words = str(message["Subject"]) + message.get_body(("plain",)).get_content()
        html = message.get_body(("html",)).get_content()
        assert "&" not in words, row.kind
        assert "<i>" not in html, row.kind
        assert "&amp;" not in html, row.kind


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("why", "again"), [("already", True), ("full", False), ("waiting", False)])
def test_who_signs_for_the_first_time_is_not_told_that_it_was_again(
    app: Flask, session: Session, settings: Settings, why: str, again: bool
) -> None:
    mail = AlreadySigned(letters_url=LINK, why=why, own_words="", **_SIGNED)
    mail.send(session, to="ana@example.org", locale="en")
    message: Any = render(session.scalars(select(OutboxMail)).one(), settings)
    for part in ("plain", "html"):
        words = message.get_body((part,)).get_content()
        assert ("with this address, again." in words) == again
        assert "with this address again" not in words


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_a_mail_that_waited_since_an_earlier_state_goes_out(app: Flask, settings: Settings) -> None:
    context = {**_STOPPED, "reason": "She asked us to.", "letters_url": LINK}
    row = OutboxMail(kind="case-stopped", locale="en", context=json.dumps(context))
    row.public_id, row.recipient = "x", "ana@example.org"
    with app.app_context():
        message: Any = render(row, settings)
    assert "another letter could do harm" in message.get_body(("plain",)).get_content()
    assert message["List-Unsubscribe"] == f"<{LINK}>"
