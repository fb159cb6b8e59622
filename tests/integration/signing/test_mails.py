"""The two mails of signing, as they go out."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign.core import db, jobs
from campaign.core.settings import Settings
from campaign.mail.messages import OutboxMail
from campaign.mail.sender import render
from campaign.mail.views import list_mails
from campaign.models.campaign import Campaign, LetterFormat
from campaign.models.signature import Signature
from campaign.signing.mails import APART, WAIT, last_day_to_confirm, queue_waiting
from tests.integration.network.conftest import FORM as JOIN
from tests.integration.signing.conftest import FORM

Mails = Callable[[], list[dict[str, Any]]]


def texts(app: Flask, session: Session, settings: Settings) -> list[tuple[str, str, str]]:
    """Subject, text and HTML of every mail."""
    contents = []
    for mail in session.scalars(select(OutboxMail).order_by(OutboxMail.id)):
        message = render(mail, settings)
        plain, html = message.get_body(("plain",)), message.get_body(("html",))
        assert plain is not None
        assert html is not None
        contents.append((str(message["Subject"]), plain.get_content(), html.get_content()))
    return contents


def outbox(settings: Settings) -> list[str]:
    """Subject and text of every mail that went out."""
    return [f"{mail.subject}\n{mail.text}" for mail in list_mails(settings.outbox)]


@pytest.mark.parametrize("lang", ["en", "fr", "es", "ar"])
def test_the_mail_says_why_it_came_and_how_not_to_get_another(
    app: Flask,
    client: FlaskClient,
    case: str,
    session: Session,
    settings: Settings,
    mails: Mails,
    lang: str,
) -> None:
    done = client.post(case.replace("/en/", f"/{lang}/") + "/sign", data=FORM)
    link = mails()[0]["link"]
    assert link.startswith(f"http://127.0.0.1:5000/{lang}/letter/")
    [(subject, plain, html)] = texts(app, session, settings)
    assert "Amara Okafor" in subject
    assert link in plain.split()
    assert f'href="{link}"' in html
    assert f'lang="{lang}"' in html
    lines = [line for line in plain.splitlines() if line]
    assert "Maëlle" in subject
    assert "Maëlle" in lines[0]
    assert "UA 1/26" in lines[0]
    day = last_day_to_confirm(db.utcnow() + timedelta(days=7), now=db.utcnow(), locale=lang)
    for shown in (plain, client.get(done.location).text):
        assert day in " ".join(shown.split())
    assert f"{link}/not-mine" in lines[-1].split()


@pytest.mark.parametrize(
    ("news", "network", "told"),
    [
        ("", "", ""),
        ("", "y", "email you about new actions."),
        ("y", "", "email you news about this case."),
        ("y", "y", "email you news about this case and about new actions."),
    ],
)
def test_mails_and_page_of_the_confirmation_name_the_emails_that_were_asked_for(
    app: Flask,
    client: FlaskClient,
    case: str,
    session: Session,
    settings: Settings,
    mails: Mails,
    news: str,
    network: str,
    told: str,
) -> None:
    ticked = {"consent_updates": news, "consent_network": network}
    client.post(f"{case}/sign", data=FORM | ticked)
    session.execute(update(Signature).values(signed_at=db.utcnow() - timedelta(days=2)))
    session.commit()
    jobs.run_now("signing.remind")
    assert [mail["kind"] for mail in mails()] == ["confirm-letter", "remind-letter"]
    link = mails()[1]["link"].removeprefix("http://127.0.0.1:5000")
    asks, thanks = client.get(link).text, client.post(link, follow_redirects=True).text
    shown = [part for mail in texts(app, session, settings) for part in mail[1:]]
    assert re.search(r"(deliver it|new actions|this case)\.\n\n\S", shown[0]), shown[0]
    for part in (asks, *shown):
        words = " ".join(part.split())
        assert told in words
        assert ("When you confirm, we also start" in words) is bool(told)
    assert ("about new actions." in thanks) is bool(network)
    assert ("We email you news about this case" in thanks) is bool(news and network)


@pytest.mark.both_engines
def test_the_outbox_says_that_an_email_is_still_being_sent(
    app: Flask, client: FlaskClient, case: str
) -> None:
    empty, sending = "No emails yet.", "An email is being sent. Reload this page in a moment."
    page = client.get("/outbox/").text
    assert (empty in page, sending in page) == (True, False)
    client.post(f"{case}/sign", data=FORM)
    page = client.get("/outbox/").text
    assert (empty in page, sending in page) == (False, True)
    with app.app_context():
        jobs.run_now("mail.sweep")
    page = client.get("/outbox/").text
    assert (empty in page, sending in page, "Amara Okafor" in page) == (False, False, True)


def test_the_second_mail_says_that_nothing_was_changed(
    app: Flask, client: FlaskClient, case: str, session: Session, settings: Settings, mails: Mails
) -> None:
    client.post(f"{case}/sign", data=FORM)
    client.post(mails()[0]["link"])
    client.post(f"{case}/sign", data=FORM | {"own_words": "I write once more."})
    client.post(f"{case}/sign", data=FORM)
    (subject, plain, html), (same_subject, *same_bodies) = texts(app, session, settings)[1:]
    assert "already" in subject
    assert subject == same_subject
    for words in (plain, html):
        assert "we did not save the new one" in words
        assert "I write once more." in words
    for words in same_bodies:
        assert "It is saved." in words
        assert "we did not save" not in words
        assert FORM["own_words"] not in words
    assert "/letter/" not in plain + html
    asks = f"{settings.base_url.rstrip('/')}/en/my-letters"
    assert asks in plain.split()
    assert f'href="{asks}"' in html


def test_no_mail_loads_anything_from_elsewhere(
    app: Flask, client: FlaskClient, case: str, session: Session, settings: Settings
) -> None:
    client.post(f"{case}/sign", data=FORM)
    [(_, _, html)] = texts(app, session, settings)
    assert "<img" not in html
    assert "src=" not in html


@pytest.mark.parametrize("cards", [False, True])
def test_the_mail_of_a_letter_that_replaces_another_says_so(
    app: Flask,
    client: FlaskClient,
    campaign: Campaign,
    case: str,
    session: Session,
    settings: Settings,
    cards: bool,
) -> None:
    campaign.format = LetterFormat.CARD if cards else LetterFormat.LETTER
    session.commit()
    for words in ("First.", "Second."):
        client.post(f"{case}/sign", data={**FORM, "own_words": words})
    kind = "card" if cards else "letter"
    told = f"This {kind} replaces the one signed before with the same name and email address."
    first, second = texts(app, session, settings)
    for body in second[1:]:
        assert f"{told} The earlier link no longer works. Use this one." in body
        assert "First." not in body, "nobody sends words through us to who has confirmed nothing"
    assert all(told not in body for body in first[1:])


def test_both_mails_name_their_campaign_so_that_a_stop_holds_them_back(
    client: FlaskClient, campaign: Campaign, case: str, session: Session, mails: Mails
) -> None:
    client.post(f"{case}/sign", data=FORM)
    client.post(mails()[0]["link"])
    client.post(f"{case}/sign", data=FORM)
    rows = session.execute(select(OutboxMail.kind, OutboxMail.campaign_id).order_by(OutboxMail.id))
    assert list(rows) == [("confirm-letter", campaign.id), ("already-signed", campaign.id)]


def test_the_page_after_signing_is_the_same_whether_or_not_a_mail_could_go(
    client: FlaskClient, case: str, mails: Mails, settings: Settings
) -> None:
    pages = set()
    for number in range(settings.mails_per_address_per_day + 1):
        form = FORM | {"given_name": f"Name{'abcdefgh'[number]}", "postal_code": f"K1A 0A{number}"}
        done = client.post(f"{case}/sign", data=form)
        pages.add(client.get(done.location).text)
    sent = [mail for mail in mails() if mail["kind"] == "confirm-letter"]
    assert len(sent) == settings.mails_per_address_per_day
    [page] = pages
    assert "some links come later, within about 6 hours" in page
    assert "We send the same link" not in page


def test_what_others_ask_for_keeps_no_confirmation_from_coming(
    client: FlaskClient, case: str, mails: Mails, settings: Settings
) -> None:
    for _ in range(settings.mails_per_address_per_day + 1):
        client.post("/en/network", data=JOIN | {"email": FORM["email"]})
        client.post("/en/my-letters", data={"email": FORM["email"]})
    client.post(f"{case}/sign", data=FORM)
    kinds = [mail["kind"] for mail in mails()]
    assert kinds[-1] == "confirm-letter"
    assert (kinds.count("network-confirm"), kinds.count("my-letters")) == (1, 3)


def test_letters_over_the_day_s_number_come_together_in_one_mail(
    app: Flask,
    client: FlaskClient,
    case: str,
    session: Session,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("Ana", "Bo", "Cleo"):
        client.post(f"{case}/sign", data={**FORM, "given_name": name})
    for number in range(4):
        client.post(f"{case}/sign", data={**FORM, "given_name": "Ana", "own_words": f"{number}!"})
    [waiting] = session.scalars(select(OutboxMail).where(OutboxMail.kind == "letters-waiting"))
    assert WAIT - timedelta(minutes=1) < waiting.due_at - waiting.created_at <= WAIT
    session.rollback()
    with app.app_context():
        jobs.run_now("mail.sweep")
    assert not any("Confirm what you signed" in mail for mail in outbox(settings))
    later = db.utcnow() + WAIT
    monkeypatch.setattr(db, "utcnow", lambda: later)
    with app.app_context():
        jobs.run_now("mail.sweep")
    [sent] = [mail for mail in outbox(settings) if "Confirm what you signed" in mail]
    links = re.findall(r"http://127.0.0.1:5000(/en/letter/[^/\s]+)\s", sent)
    assert f"{links[0]}/not-mine" in sent
    assert [name for name in ("Ana", "Bo", "Cleo") if f"{name} for Amara" in sent] == [
        "Ana",
        "Bo",
        "Cleo",
    ]
    assert len(links) == 3
    assert client.get(links[0]).status_code == 200
    assert client.post(links[0]).status_code == 303
    assert "already confirmed" in client.post(links[0]).text
    assert client.get(links[0].replace(".", ".x")).status_code == 404
    for _ in range(3):  # two of the five mails were overtaken, and nobody got them
        client.post(f"{case}/sign", data={**FORM, "given_name": "Bo"})
    rows = select(OutboxMail).where(OutboxMail.kind == "letters-waiting").order_by(OutboxMail.id)
    first, second = session.scalars(rows)
    assert first.due_at > later  # of what went out, the hour that ends then is known
    assert second.due_at >= later + APART


@pytest.mark.both_engines
def test_no_number_of_spellings_keeps_the_mail_of_a_mailbox_from_coming(
    app: Flask, session: Session
) -> None:
    now = db.utcnow()
    with app.app_context():
        for number in range(28):
            queue_waiting(session, to=f"maelle+{number}@example.org", locale="en", now=now)
        queue_waiting(session, to="maelle@example.org", locale="en", now=now)
        session.flush()
        rows = session.scalars(select(OutboxMail).order_by(OutboxMail.id)).all()
    assert len({row.recipient_hmac for row in rows}) == 1
    assert (len(rows), rows[-1].recipient) == (29, "maelle@example.org")
    assert now + WAIT < rows[-1].due_at <= now + APART
