"""The mails on letters that were signed, as they go out, in every language."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core.settings import Settings
from campaign.mail.models import OutboxMail
from campaign.mail.sender import render
from campaign.signing.mails import send_already_signed, send_confirm_letter, send_remind_letter
from campaign.signing.waiting_letters_mail import send_letters_waiting
from campaign.tracking import mails

LINK = "http://127.0.0.1:5000/en/x/planted-link"
_CASE = {
    "person_name": "Amara Okafor",
    "reference": "UA 1/26",
    "case_url": "http://127.0.0.1:5000/en/actions/ua-1-26",
}
_SIGNED = _CASE | {"given_name": "Ana"}
_NEWS = _CASE | {"letters_url": "http://127.0.0.1:5000/en/my-letters", "unsubscribe": LINK}
_GATE = {"mission": "Embassy, Ottawa", "day": "4 December 2026", "place": "At the gate"}
KINDS: list[tuple[Any, dict[str, Any]]] = [
    (send_remind_letter, _SIGNED | {"link": LINK, "days": 5}),
    (mails.send_my_letters, {"link": LINK, "hours": 24}),
    (mails.send_no_letters, {"home_url": LINK}),
    (mails.send_letters_erased, {"kept": True, "home_url": "http://127.0.0.1:5000/en/"}),
    (
        mails.send_case_update,
        _NEWS | {"what": "reply", "title": "They answer", "text": "**Two** lines.", "lang": "en"},
    ),
    *(
        (
            mails.send_case_update,
            _NEWS | {"what": kind, "title": "She is safe", "text": "Now.", "lang": "en"},
        )
        for kind in ("good-news", "further-information")
    ),
    (
        mails.send_case_update,
        _NEWS | {"what": "outcome", "title": "She is safe", "text": "", "lang": "en"},
    ),
    *(
        (mails.send_case_stopped, _NEWS | {"stop_kind": kind, "reason": reason, "lang": "en"})
        for kind in ("harm", "safe", "other")
        for reason in ("She asked us to.", "")
    ),
    (
        mails.send_case_continued,
        _NEWS
        | {
            "earlier_id": 1,
            "title": "It goes on",
            "text": "Three sentences.",
            "lang": "en",
            "deadline": "Friday, December 4",
            "asks_cards": False,
        },
    ),
    *(
        (mails.send_letter_handed_over, _NEWS | _GATE | {"numbers": numbers, "outcome": outcome})
        for outcome in ("accepted", "left", "posted", "courier")
        for numbers in (["00001"], ["00001", "00002"])
    ),
    (send_confirm_letter, _SIGNED | {"link": LINK, "days": 7}),
    *(
        (
            send_already_signed,
            _SIGNED | {"letters_url": LINK, "why": why, "own_words": "She waits."},
        )
        for why in ("already", "waiting")
    ),
    (
        send_already_signed,
        _SIGNED | {"case_url": LINK, "letters_url": "", "why": "full", "own_words": ""},
    ),
    (
        send_letters_waiting,
        {
            "email": "ana@example.org",
            "days": 7,
            "letters": [
                _CASE | {"writer": "Ana", "link": LINK},
                _CASE | {"writer": "", "link": LINK},
            ],
        },
    ),
]


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
@pytest.mark.parametrize("lang", ["en", "fr", "es", "ar"])
def test_every_mail_is_made_in_every_language(
    app: Flask, session: Session, settings: Settings, lang: str
) -> None:
    for number, (send, context) in enumerate(KINDS):
        assert send(session, to=f"ana{number}@example.org", locale=lang, **context)
    made = [render(one, settings) for one in session.scalars(select(OutboxMail))]
    assert len(made) == len(KINDS)
    for message, (send, context) in zip(made, KINDS, strict=True):
        plain: Any = message.get_body(("plain",))
        html: Any = message.get_body(("html",))
        assert str(message["Subject"])
        if LINK in str(context.values()):
            assert LINK in plain.get_content(), send
            assert f'href="{LINK}"' in html.get_content(), send
        assert (message["List-Unsubscribe"] is not None) == ("unsubscribe" in context)
        assert "<img" not in html.get_content()
        assert "**" not in plain.get_content(), send
        assert f'lang="{lang}"' in html.get_content()


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_a_card_is_called_a_card(app: Flask, session: Session, settings: Settings) -> None:
    told = [one for one in KINDS if "reference" in one[1]]
    for number, (send, context) in enumerate(told):
        facts = context | ({"asks_cards": True} if "asks_cards" in context else {})
        assert send(session, to=f"ana{number}@example.org", locale="en", cards=True, **facts)
    for one in session.scalars(select(OutboxMail)):
        message: Any = render(one, settings)
        words = str(message["Subject"]) + message.get_body(("plain",)).get_content()
        assert " card" in words, one.kind
        ours = (
            words.replace("my-letters", "")
            .replace("link to your letters", "")
            .replace(settings.organisation_name, "")
        )
        assert "letter" not in ours.casefold(), one.kind


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_the_reminder_says_that_its_link_replaces_the_first(
    app: Flask, session: Session, settings: Settings
) -> None:
    send, context = KINDS[0]
    send(session, to="ana@example.org", locale="en", **context)
    message: Any = render(session.scalars(select(OutboxMail)).one(), settings)
    assert "This link replaces the one in our first mail" in message.get_body().get_content()


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_a_forged_line_end_reaches_no_header(
    app: Flask, session: Session, settings: Settings
) -> None:
    send, context = KINDS[6]
    evil = context | {"person_name": "Amara\r\nBcc: mallory@example.org"}
    send(session, to="ana@example.org", locale="en", **evil)
    message = render(session.scalars(select(OutboxMail)).one(), settings)
    assert message["Bcc"] is None
    assert b"\nBcc:" not in bytes(message).partition(b"\n\n")[0]
