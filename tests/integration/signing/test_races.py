"""Fifty at once: one row, one count."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from campaign.campaigns.public_counts import count_of
from campaign.core import db, jobs
from campaign.core.db.personal_columns import new_seal_id, sealed_columns
from campaign.core.errors import NotFound
from campaign.models.campaign import Campaign
from campaign.models.signature import Signature, SignatureState
from campaign.signing import confirm_letter, signed_links
from tests.integration.signing.conftest import FORM
from tests.lock_waits import until_one_waits
from tests.races import overtake

MANY = 50
NAMES = ("Ana", "Bo", "Cleo", "Dov", "Eli", "Fay")
AT_ONCE = 10
"""Connections that are open at a time; PostgreSQL's pool has twenty."""


def at_once(work: Callable[[int], Any]) -> list[Any]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(work, range(MANY)))


@pytest.mark.both_engines
def test_fifty_signings_of_one_alias_make_one_row(
    app: Flask,
    case: str,
    signatures: Callable[[], list[Signature]],
    mails: Callable[[], list[dict[str, Any]]],
) -> None:
    aliases = ["ab@gmail.com", "A.B+x@gmail.com", "a.b@googlemail.com"]

    def sign(number: int) -> int:
        form = {**FORM, "email": aliases[number % 3], "own_words": f"Text {number}."}
        return app.test_client().post(f"{case}/sign", data=form).status_code

    assert set(at_once(sign)) == {303}
    [signature] = signatures()
    assert len(signature.letters) == 1
    sent = mails()
    assert [mail["kind"] for mail in sent].count("confirm-letter") == 5
    newest = [mail for mail in sent if mail["kind"] == "confirm-letter"][-1]["link"]
    assert app.test_client().get(newest).status_code == 200
    queued = [mail["to"] for mail in sent if mail["kind"] == "letters-waiting"]
    assert len(queued) == len(set(queued))


@pytest.mark.both_engines
def test_fifty_signings_under_six_names_keep_six_letters_and_lose_none(
    app: Flask, case: str, signatures: Callable[[], list[Signature]]
) -> None:
    def sign(number: int) -> int:
        form = {**FORM, "given_name": NAMES[number % len(NAMES)]}
        return app.test_client().post(f"{case}/sign", data=form).status_code

    assert set(at_once(sign)) == {303}
    assert sorted(signature.given_name for signature in signatures()) == sorted(NAMES)
    assert sorted(signature.seat for signature in signatures()) == [1, 2, 4, 5, 6, 7]


def six_wait(app: Flask, case: str, session: Session) -> list[str]:
    """Tokens of six people's letters that wait in one mailbox."""
    for name in NAMES:
        app.test_client().post(f"{case}/sign", data={**FORM, "given_name": name})
    for row in session.scalars(select(Signature)):
        row.token_digest = signed_links.digest_of(row.given_name)
    session.commit()
    return list(NAMES)


@pytest.mark.both_engines
def test_the_database_lets_nobody_count_who_has_none_of_the_two_seats(
    app: Flask, case: str, session: Session
) -> None:
    six_wait(app, case, session)
    with pytest.raises(IntegrityError):
        session.execute(text("UPDATE signature SET state = 'confirmed' WHERE seat = 4"))
    session.rollback()
    with pytest.raises(IntegrityError):
        session.execute(text("UPDATE signature SET seat = 1 WHERE seat = 4"))
    session.rollback()


@pytest.mark.both_engines
def test_fifty_confirmations_of_six_people_count_two(
    app: Flask, case: str, session: Session, signatures: Callable[[], list[Signature]]
) -> None:
    names = six_wait(app, case, session)
    session.close()

    def click(number: int) -> int:
        link = f"/en/letter/{names[-1 - number % len(names)]}"
        return app.test_client().post(link).status_code

    answers = at_once(click)
    assert answers.count(303) == 2
    assert set(answers) <= {200, 303, 409}
    kept = signatures()
    assert len(kept) == len(names)
    confirmed = [
        signature.seat for signature in kept if signature.state is SignatureState.CONFIRMED
    ]
    assert sorted(confirmed) == [1, 2]


@pytest.mark.both_engines
def test_fifty_confirmations_count_once(
    app: Flask,
    campaign: Campaign,
    case: str,
    mails: Callable[[], list[dict[str, Any]]],
    signatures: Callable[[], list[Signature]],
) -> None:
    app.test_client().post(f"{case}/sign", data=FORM)
    link = mails()[0]["link"]
    answers = at_once(lambda _: app.test_client().post(link).status_code)
    assert sorted(answers) == [200] * (MANY - 1) + [303]
    assert [signature.state for signature in signatures()] == [SignatureState.CONFIRMED]
    with app.app_context():
        jobs.run_now("campaigns.count")
        with db.reading() as session:
            assert count_of(session, campaign) == 1


@pytest.mark.both_engines
def test_of_two_homes_that_confirm_at_once_one_counts(
    app: Flask, case: str, session: Session, signatures: Callable[[], list[Signature]]
) -> None:
    for name, code in (("Ana", "K1A 0A1"), ("Bo", "H2X 1Y4")):
        form = {**FORM, "given_name": name, "postal_code": code}
        app.test_client().post(f"{case}/sign", data=form)
    for row in session.scalars(select(Signature)):
        row.token_digest = signed_links.digest_of(row.given_name)
    session.commit()
    session.close()
    answers = at_once(
        lambda number: app.test_client().post(f"/en/letter/{NAMES[number % 2]}").status_code
    )
    assert answers.count(303) == 1
    states = sorted(signature.state.value for signature in signatures())
    assert states == ["confirmed", "pending"]


@pytest.mark.both_engines
def test_a_link_that_is_replaced_while_it_is_clicked_confirms_nothing(
    app: Flask,
    case: str,
    mails: Callable[[], list[dict[str, Any]]],
    signatures: Callable[[], list[Signature]],
) -> None:
    app.test_client().post(f"{case}/sign", data=FORM)
    token = mails()[0]["link"].rpartition("/")[2]
    clicks = threading.Event()

    def click() -> None:
        with app.app_context(), db.transaction() as other:
            if other.get_bind().dialect.name == "postgresql":
                confirm_letter.get_by_token(other, token)
            clicks.set()
            confirm_letter.confirm(other, token=token, now=db.utcnow())

    with ThreadPoolExecutor(1) as pool:
        with app.app_context(), db.transaction() as session:
            digest = signed_links.digest_of(signed_links.new_token())
            session.execute(text("UPDATE signature SET token_digest = :new"), {"new": digest})
            clicked = pool.submit(click)
            assert clicks.wait(timeout=30)
            until_one_waits(session.get_bind())  # type: ignore[arg-type]
        with pytest.raises(NotFound, match="letter-link"):
            clicked.result(timeout=30)
    assert [signature.state for signature in signatures()] == [SignatureState.PENDING]


@pytest.mark.both_engines
def test_words_that_are_replaced_while_they_are_confirmed_are_not(
    app: Flask,
    case: str,
    mails: Callable[[], list[dict[str, Any]]],
    signatures: Callable[[], list[Signature]],
) -> None:
    app.test_client().post(f"{case}/sign", data=FORM)
    token = mails()[0]["link"].rpartition("/")[2]
    [signature] = signatures()

    def replace(session: Session) -> None:
        names = [column.name for column in sealed_columns(db.table_of(Signature))]
        values = {name: getattr(signature, name) for name in names}
        values |= {"seal_id": new_seal_id(), "own_words": "Something that I never wrote."}
        db.update_row(session, Signature, signature.id, **values)

    def confirm(session: Session, _signature: Signature) -> None:
        seen, now = signature.version, db.utcnow()
        confirm_letter.confirm(session, token=token, now=now, seen=seen)

    with pytest.raises(confirm_letter.LetterReplaced):
        overtake(app, replace, lambda other: confirm_letter.get_by_token(other, token), confirm)
    assert [row.state for row in signatures()] == [SignatureState.PENDING]
