"""Reminder and expiry of letters that wait for their confirmation."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from campaign.campaigns.status_changes import close_campaign, stop_campaign
from campaign.core import db, jobs
from campaign.mail import bad_addresses
from campaign.mail.messages import MailState, OutboxMail
from campaign.models.campaign import Campaign
from campaign.models.signature import Letter, Signature, SignatureState, SpentLink, WordsPrint
from campaign.signing import reminders
from campaign.signing.mails import WAITING, AlreadySigned, mail_name
from campaign.signing.signed_links import signed_link
from tests.integration.signing.conftest import FORM
from tests.integration.tracking.conftest import Mails


@pytest.fixture
def first(client: FlaskClient, campaign: Campaign, mails: Mails) -> str:
    """The link of a letter that waits."""
    client.post(f"/en/actions/{campaign.slug}/sign", data=FORM)
    return path(mails()[-1])


def path(mail: dict[str, Any]) -> str:
    return str(mail["link"]).removeprefix("http://127.0.0.1:5000")


def age(session: Session, **since: int) -> None:
    """Let the letters have been signed so long ago."""
    by = timedelta(**since)
    for signature in session.scalars(select(Signature)):
        signature.signed_at -= by
        signature.token_expires_at = (signature.token_expires_at or signature.signed_at) - by
    session.commit()


def kinds(mails: Mails) -> list[str]:
    return [mail["kind"] for mail in mails()]


def test_one_reminder_comes_after_two_days_and_its_link_replaces_the_first(
    client: FlaskClient, first: str, session: Session, mails: Mails
) -> None:
    age(session, hours=47)
    jobs.run_now("signing.remind")
    assert kinds(mails) == ["confirm-letter"]
    age(session, hours=1)
    for _ in range(3):
        jobs.run_now("signing.remind")
    assert kinds(mails) == ["confirm-letter", "remind-letter"]
    reminder = mails()[1]
    assert reminder["confirm_by"]
    assert client.get(first).status_code == 404
    assert client.post(path(reminder)).status_code == 303
    session.expire_all()
    assert session.scalars(select(Signature)).one().state is SignatureState.CONFIRMED


def test_a_damaged_letter_keeps_no_other_from_its_reminder(
    client: FlaskClient, first: str, session: Session, campaign: Campaign, mails: Mails
) -> None:
    client.post(f"/en/actions/{campaign.slug}/sign", data=FORM | {"email": "omar@example.org"})
    damaged = session.scalars(select(Signature.id).order_by(Signature.id)).first()
    session.execute(text("UPDATE signature SET email = own_words WHERE id = :id"), {"id": damaged})
    session.execute(
        update(Signature).values(
            signed_at=db.utcnow() - timedelta(hours=49),
            token_expires_at=db.utcnow() + timedelta(days=5),
        )
    )
    session.commit()
    jobs.run_now("signing.remind")
    assert [(mail["kind"], mail["to"]) for mail in mails()][2:] == [
        ("remind-letter", "omar@example.org")
    ]


def test_a_link_that_waits_is_not_mailed_once_its_letter_was_taken_back(
    first: str, session: Session
) -> None:
    session.scalars(select(Signature)).one().state = SignatureState.WITHDRAWN
    session.commit()
    jobs.run_now("mail.sweep")
    [mail] = session.scalars(select(OutboxMail))
    assert (mail.state, mail.failure) == (MailState.FAILED, "no longer wanted")


@pytest.mark.parametrize("end", [close_campaign, stop_campaign])
def test_no_reminder_comes_when_the_campaign_has_ended(
    first: str, session: Session, campaign: Campaign, mails: Mails, end: Callable[..., None]
) -> None:
    age(session, hours=49)
    end(session, campaign, actor="test", now=db.utcnow(), reasons={"en": "It is over."})
    session.commit()
    jobs.run_now("signing.remind")
    assert kinds(mails) == ["confirm-letter"]


def test_a_stop_holds_a_reminder_that_waits(
    first: str, session: Session, campaign: Campaign, mails: Mails
) -> None:
    age(session, hours=49)
    jobs.run_now("signing.remind")
    stop_campaign(session, campaign, actor="test", now=db.utcnow(), reasons={"en": "It is over."})
    session.commit()
    jobs.run_now("mail.sweep")
    assert set(session.scalars(select(OutboxMail.state))) == {MailState.FAILED}


def test_a_bad_address_gets_no_reminder_and_a_confirmation_clears_it(
    client: FlaskClient, first: str, session: Session, campaign: Campaign, mails: Mails
) -> None:
    signature = session.scalars(select(Signature)).one()
    bad_addresses.mark(session, signature.email_hmac, "5.1.1")
    session.commit()
    age(session, hours=49)
    jobs.run_now("signing.remind")
    assert kinds(mails) == ["confirm-letter"]
    client.post(f"/en/actions/{campaign.slug}/sign", data=FORM)
    assert kinds(mails) == ["confirm-letter", "confirm-letter"]
    client.post(path(mails()[-1]))
    session.expire_all()
    assert session.scalar(select(bad_addresses.BadAddress.status)) is None


def test_a_reminder_that_is_not_taken_leaves_the_first_link_good(
    client: FlaskClient, first: str, session: Session, campaign: Campaign, mails: Mails
) -> None:
    for _ in range(5):
        mail = AlreadySigned(
            writer=mail_name("Maëlle"),
            person_name="Amara Okafor",
            reference="UA 1/26",
            case_url="https://example.org",
            letters_url="https://example.org",
            why="already",
            own_words="",
        )
        mail.send(session, to=FORM["email"], locale="en", campaign_id=campaign.id)
    session.commit()
    age(session, hours=49)
    jobs.run_now("signing.remind")
    assert "remind-letter" not in kinds(mails)
    session.expire_all()
    assert session.scalars(select(Signature.reminded_at)).one() is None
    assert client.post(first).status_code == 303


@pytest.mark.both_engines
def test_of_many_reminders_at_once_one_goes_out(
    app: Flask, first: str, session: Session, mails: Mails
) -> None:
    age(session, hours=49)
    signature_id = session.scalars(select(Signature.id)).one()
    session.rollback()
    start = threading.Barrier(8)

    def remind(_: int) -> bool:
        with app.app_context():
            start.wait(timeout=30)
            with db.transaction() as other:
                return reminders.remind_one(other, signature_id, db.utcnow())

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(remind, range(8))) == [False] * 7 + [True]
    assert kinds(mails).count("remind-letter") == 1


def test_what_was_confirmed_is_neither_reminded_of_nor_expired(
    client: FlaskClient, first: str, session: Session, mails: Mails
) -> None:
    client.post(first)
    age(session, days=30)
    jobs.run_now("signing.remind")
    jobs.run_now("signing.expire")
    assert kinds(mails) == ["confirm-letter"]
    assert session.scalars(select(Signature.state)).all() == [SignatureState.CONFIRMED]


def test_after_seven_days_the_letter_is_deleted_and_its_link_says_what_to_do(
    client: FlaskClient,
    first: str,
    session: Session,
    campaign: Campaign,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reminders, "_BATCH", 1)
    client.post(f"/en/actions/{campaign.slug}/sign", data=FORM | {"email": "b@example.org"})
    for signature in session.scalars(select(Signature)):
        session.merge(
            WordsPrint(signature_id=signature.id, band=0, campaign_id=campaign.id, value=7)
        )
    session.commit()
    age(session, days=6)
    public_id = session.scalars(select(Signature.public_id)).first() or ""
    jobs.run_now("signing.expire")
    assert session.scalar(select(func.count(Signature.id))) == 2
    age(session, days=1)
    jobs.run_now("signing.expire")
    session.expire_all()
    for model in (Signature, Letter, WordsPrint):
        assert session.scalar(select(func.count()).select_from(model)) == 0
    for response in (client.get(first), client.post(first)):
        assert response.status_code == 410
        assert "Write again" in response.text
        assert f"/en/actions/{campaign.slug}" in response.text
    # The link of a mail with several letters, of which the database keeps nothing.
    later = client.get(f"/en/letter/{signed_link(WAITING, public_id)}")
    assert later.status_code == 410
    assert "You did not confirm your letter in time" in later.text
    assert 'href=""' not in later.text
    session.execute(update(SpentLink).values(ended_at=db.utcnow() - timedelta(days=181)))
    session.commit()
    jobs.run_now("signing.expire")
    assert client.get(first).status_code == 404
