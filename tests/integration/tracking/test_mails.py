"""The mails on letters that were signed, as they go out, in every language."""

import json
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core.settings import Settings
from campaign.mail.messages import Mail, OutboxMail
from campaign.mail.sender import isolate_names, render
from campaign.signing.mails import (
    AlreadySigned,
    ConfirmLetter,
    LetterMail,
    LettersWaiting,
    RemindLetter,
    last_day_to_confirm,
    mail_name,
)
from campaign.tracking.mails import (
    CaseContinued,
    CaseNews,
    CaseStopped,
    CaseUpdate,
    LetterHandedOver,
    LettersErased,
    LetterStillHere,
    MyLetters,
    NoLetters,
)

ISOLATES = dict.fromkeys((0x2068, 0x2069))
LINK = "http://127.0.0.1:5000/en/x/planted-link"
_CASE: dict[str, Any] = {
    "person_name": "Amara Okafor",
    "reference": "UA 1/26",
    "case_url": "http://127.0.0.1:5000/en/actions/ua-1-26",
}
_SIGNED = _CASE | {"writer": mail_name("Ana")}
_STOPPED = _SIGNED | {"unsubscribe": LINK}
_NEWS = _STOPPED | {"letters_url": "http://127.0.0.1:5000/en/my-letters"}
BACK = ("refused", "unopened")
_GATE = {"mission": "Embassy, Ottawa", "day": "4 December 2026", "place": "At the gate"}
REMINDER = RemindLetter(link=LINK, confirm_by="Thursday 3 December", **_SIGNED)
MAILS: list[Mail] = [
    REMINDER,
    MyLetters(link=LINK, until="5 December 2026 at 14:59", zone="Toronto"),
    NoLetters(home_url=LINK),
    LettersErased(stays=["The printed letter.", "A list."], home_url=LINK),
    CaseUpdate(what="reply", title="They answer", text="**Two** lines.", lang="en", **_NEWS),
    *(
        CaseUpdate(what=kind, title="She is safe", text="Now.", lang="en", **_NEWS)
        for kind in ("good-news", "further-information")
    ),
    CaseUpdate(what="outcome", title="She is safe", text="", lang="en", **_NEWS),
    *(
        CaseUpdate(what=kind, title="She is safe", text="", lang="en", corrects=True, **_NEWS)
        for kind in ("outcome", "good-news")
    ),
    *(
        CaseStopped(stop_kind=kind, reason=reason, lang="en", **_STOPPED)
        for kind in ("harm", "safe", "other")
        for reason in ("She asked us to.", "")
    ),
    CaseStopped(stop_kind="harm", reason="", undecided=True, **_STOPPED),
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
        for outcome in ("accepted", "left", "posted", "courier", "by-post", *BACK, "withdrawn")
        for numbers in (["00001"], ["00001", "00002"])
    ),
    *(
        LetterHandedOver(numbers=[], outcome=f"sheet-{outcome}", by_hand=True, **_NEWS, **_GATE)
        for outcome in ("accepted", "left", "posted", "courier", "by-post", *BACK, "part")
    ),
    LetterHandedOver(
        numbers=["00001"],
        outcome="courier",
        also=[("refused", ["00002"]), ("withdrawn", ["00003"])],
        corrects=True,
        **_NEWS,
        **_GATE,
    ),
    LetterHandedOver(
        numbers=["00001"], outcome="withdrawn", corrects=True, withdrawn=True, **_NEWS, **_GATE
    ),
    *(
        LetterStillHere(
            letters=letters,
            sheet=sheet,
            recipient="Embassy, Ottawa",
            was_delivered=was_delivered,
            withdrawn=withdrawn,
            by_hand=not letters,
            **_NEWS,
        )
        for letters, sheet in ((0, True), (1, False), (2, False), (1, True))
        for was_delivered in (False, True)
        for withdrawn in (False, True)[: 1 + (not sheet)]
    ),
    ConfirmLetter(link=LINK, days=7, confirm_by="Thursday 3 December", network=True, **_SIGNED),
    *(
        AlreadySigned(letters_url=LINK, why=why, own_words="She waits.", **_SIGNED)
        for why in ("already", "same", "waiting")
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


def assert_parts_agree(message: Any, kind: str) -> None:
    """Both parts begin with the same line, name the sender's address, and have the same words."""
    plain = message.get_body(("plain",)).get_content().translate(ISOLATES)
    html = message.get_body(("html",)).get_content()
    body = html.partition("<body>")[2]
    [first] = re.findall(r'<div class="mail">\s*<p>(.*?)</p>', body, re.DOTALL)
    assert "UA 1/26" not in body, "a reference stays on one line"
    whole = plain.replace("UA 1/26", "UA\xa01/26")
    assert unescape(first).translate(ISOLATES) == whole.partition("\n")[0], kind
    hint = r'<p class="plain">.*?</p>'
    shown = unescape(re.sub(r"<[^>]*>", " ", re.sub(hint, "", body, flags=re.DOTALL)))
    assert _words(shown) == _words(plain), kind
    assert "12\xa0Example Street, Ottawa ON K1A\xa00A1" in plain
    assert "12\xa0Example Street, Ottawa ON K1A\xa00A1" in shown


def assert_apart(plain: str, kind: str) -> None:
    """No sentence, and no link, follows what is before it without white space."""
    assert not re.findall(r"[^\s(]https?://", plain), kind
    without_addresses = re.sub(r"\S+(://|@)\S+", "", plain)
    assert not re.findall(r"\w+[.!?؟:][^\W\d_]+", without_addresses), kind


def _words(text: str) -> Counter[str]:
    return Counter(re.findall(r"[\w%]+", re.sub(r"\S+(://|@)\S+", "", text)))


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
        assert_parts_agree(message, mail.kind)
        assert_apart(plain.get_content().translate(ISOLATES), mail.kind)


@pytest.mark.parametrize(
    ("lang", "says"),
    [
        ("en", "This text is not available in your language yet. Here it is in Spanish."),
        ("fr", "Ce texte n’est pas encore disponible dans votre langue. Le voici en espagnol."),
    ],
)
def test_a_text_in_another_language_than_its_readers_has_its_language_named_before_it(
    app: Flask, session: Session, settings: Settings, lang: str, says: str
) -> None:
    told = [mail for mail in MAILS if getattr(mail, "title", "") or getattr(mail, "reason", "")]
    for own in ("es", lang):
        for mail in told:
            replace(mail, lang=own).send(session, to="ana@example.org", locale=lang)
    messages: list[Any] = [render(row, settings) for row in session.scalars(select(OutboxMail))]
    for number, message in enumerate(messages):
        for kind in ("plain", "html"):
            body = message.get_body((kind,)).get_content().translate(ISOLATES)
            before, named, text = body.partition(says)
            assert bool(named) is (number < len(told)), body
            if named:
                assert re.search("They answer|She is safe|She asked us to|It goes on", text)
                assert not re.search("They answer|She is safe|She asked us to", before)


def test_a_card_is_called_a_card(app: Flask, session: Session, settings: Settings) -> None:
    about_cards = [mail for mail in MAILS if isinstance(mail, LetterMail | CaseNews)]
    for number, mail in enumerate(about_cards):
        changes = {"asks_cards": True} if isinstance(mail, CaseContinued) else {}
        card = replace(mail, cards=True, **changes)
        assert card.send(session, to=f"ana{number}@example.org", locale="en")
    for row in session.scalars(select(OutboxMail)):
        message: Any = render(row, settings)
        words = str(message["Subject"]) + message.get_body(("plain",)).get_content()
        assert " card" in words or "sheet" in words, row.kind
        ours = (
            words.replace("my-letters", "")
            .replace("My letters", "")
            .replace("link to your letters", "")
            .replace(settings.organisation_name, "")
        )
        assert "letter" not in ours.casefold(), row.kind


@pytest.mark.parametrize("lang", ["en", "fr", "es", "ar"])
@pytest.mark.parametrize("name", ["Clemencia Adelaida Salas Salazar", "Las madres del 10 de mayo"])
def test_a_subject_fits_sixty_characters(
    app: Flask, session: Session, settings: Settings, lang: str, name: str
) -> None:
    names = {"person_name": name, "writer": mail_name("Maximiliano Bartholomew")}
    for number, mail in enumerate(MAILS):
        for cards in (False, True):
            changes = {**names, "cards": cards, "asks_cards": cards}
            long = {key: value for key, value in changes.items() if hasattr(mail, key)}
            replace(mail, **long).send(session, to=f"a{number}@example.org", locale=lang)
    for row in session.scalars(select(OutboxMail)):
        subject = str(render(row, settings)["Subject"])
        assert len(subject.translate(ISOLATES)) <= 60, (row.kind, subject)


def test_a_household_sees_in_the_subject_whose_letter_it_is(
    app: Flask, session: Session, settings: Settings
) -> None:
    one_letter = [mail for mail in MAILS if isinstance(mail, LetterMail | CaseNews)]
    for number, mail in enumerate((REMINDER, *one_letter)):
        mail.send(session, to=f"ana{number}@example.org", locale="en")
    subjects = [
        str(render(row, settings)["Subject"]) for row in session.scalars(select(OutboxMail))
    ]
    assert subjects[0] == "Ana – Reminder: your letter for Amara Okafor"
    assert all(subject.startswith("Ana – ") for subject in subjects), subjects


def test_names_are_set_apart_in_arabic_and_links_stay_whole(
    app: Flask, session: Session, settings: Settings
) -> None:
    REMINDER.send(session, to="ana@example.org", locale="ar")
    message: Any = render(session.scalars(select(OutboxMail)).one(), settings)
    words = message.get_body(("plain",)).get_content()
    assert "\u2068Amara Okafor\u2069 (\u2068UA 1/26\u2069)" in words
    assert {LINK, f"{LINK}/not-mine", _CASE["case_url"]} <= set(words.split())


@pytest.mark.parametrize(
    ("line", "apart"),
    [
        ("من أجل Ana Bé (UA 1/26).", "من أجل \u2068Ana Bé\u2069 (\u2068UA 1/26\u2069)."),
        ("من \u2068Ana\u2069", "من \u2068Ana\u2069"),
        ("الحالة: https://x.example/a?b=c.", "الحالة: https://x.example/a?b=c."),
        ("12 Main St, Ottawa، مكتب", "\u206812 Main St, Ottawa\u2069، مكتب"),
        ("مكتب 12\xa0Rue, H3A\xa01A1", "مكتب \u206812\xa0Rue, H3A\xa01A1\u2069"),
        ("Title in English (UA 1/26)", "Title in English (UA 1/26)"),
    ],
)
def test_a_line_of_arabic_sets_latin_names_apart(line: str, apart: str) -> None:
    assert isolate_names(line) == apart


def test_own_words_come_back_in_arabic_as_they_were_typed(
    app: Flask, session: Session, settings: Settings
) -> None:
    words = "أكتب من Ottawa (Canada).\n\n\nAna"
    AlreadySigned(letters_url=LINK, why="already", own_words=words, **_SIGNED).send(
        session, to="ana@example.org", locale="ar"
    )
    message: Any = render(session.scalars(select(OutboxMail)).one(), settings)
    assert f"\n\n{words}\n\n" in message.get_body(("plain",)).get_content()


@pytest.mark.parametrize(("left", "day"), [(7, "3"), (1, "27"), (0, "27")])
def test_the_day_by_which_to_confirm_is_one_on_which_the_link_works(
    app: Flask, left: int, day: str
) -> None:
    now = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)
    with app.app_context():
        last_day = last_day_to_confirm(now + timedelta(days=left), now=now, locale="fr")
    assert f" {day} " in last_day


def test_the_reminder_says_that_its_link_replaces_the_first(
    app: Flask, session: Session, settings: Settings
) -> None:
    REMINDER.send(session, to="ana@example.org", locale="en")
    message: Any = render(session.scalars(select(OutboxMail)).one(), settings)
    assert "The link in our first email no longer works" in message.get_body().get_content()


def test_a_forged_line_end_reaches_no_header(
    app: Flask, session: Session, settings: Settings
) -> None:
    evil = replace(REMINDER, person_name="Amara\r\nBcc: mallory@example.org")
    evil.send(session, to="ana@example.org", locale="en")
    message = render(session.scalars(select(OutboxMail)).one(), settings)
    assert message["Bcc"] is None
    assert b"\nBcc:" not in bytes(message).partition(b"\n\n")[0]


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


@pytest.mark.parametrize(
    ("why", "again"), [("already", True), ("same", True), ("full", False), ("waiting", False)]
)
def test_who_signs_for_the_first_time_is_not_told_that_it_was_again(
    app: Flask, session: Session, settings: Settings, why: str, again: bool
) -> None:
    mail = AlreadySigned(letters_url=LINK, why=why, own_words="", **_SIGNED)
    mail.send(session, to="ana@example.org", locale="en")
    message: Any = render(session.scalars(select(OutboxMail)).one(), settings)
    for part in ("plain", "html"):
        words = message.get_body((part,)).get_content()
        assert ("You have already confirmed" in words) == again
        assert ("We could not save" in words) != again


def test_a_mail_that_waited_since_an_earlier_state_goes_out(app: Flask, settings: Settings) -> None:
    context = {**_STOPPED, "reason": "She asked us to.", "letters_url": LINK}
    row = OutboxMail(kind="case-stopped", locale="en", context=json.dumps(context))
    row.public_id, row.recipient = "x", "ana@example.org"
    with app.app_context():
        message: Any = render(row, settings)
    assert "another letter could do harm" in message.get_body(("plain",)).get_content()
    assert message["List-Unsubscribe"] == f"<{LINK}>"
