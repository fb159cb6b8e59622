"""Fifty at once: one row, one count. First it is shown that the race is there without a guard."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from campaign import db, jobs
from campaign.campaigns.models import Campaign
from campaign.campaigns.tally import count_of
from campaign.errors import NotFound
from campaign.signing import confirming, tokens
from campaign.signing.models import Signature, SignatureState
from tests.integration.signing.conftest import FORM
from tests.waiting import until_one_waits

MANY = 50
AT_ONCE = 10
"""Connections that are open at a time; PostgreSQL's pool has twenty."""


def at_once(work: Callable[[int], Any]) -> list[Any]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(work, range(MANY)))


def test_looking_first_and_inserting_then_lets_two_in(app: Flask) -> None:
    """What the unique constraint is for: both look, both see nobody, both insert."""
    engine: Engine = app.extensions["database"].engine
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE scratch (email VARCHAR(40))"))
    both_have_looked = threading.Barrier(2)

    def look_then_insert(_: int) -> None:
        with engine.connect() as connection:
            there = connection.execute(text("SELECT count(*) FROM scratch")).scalar_one()
            connection.rollback()
            both_have_looked.wait(timeout=30)
            if not there:
                connection.execute(text("INSERT INTO scratch VALUES ('a@example.org')"))
                connection.commit()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(look_then_insert, range(2)))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM scratch")).scalar_one() == 2


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
    assert len(sent) == 5
    newest = sent[-1]["link"]
    assert app.test_client().get(newest).status_code == 200


def test_fifty_people_of_one_household_take_two_seats(
    app: Flask, case: str, signatures: Callable[[], list[Signature]]
) -> None:
    def sign(number: int) -> int:
        form = {**FORM, "given_name": "abcdefghij"[number % 10]}
        return app.test_client().post(f"{case}/sign", data=form).status_code

    assert set(at_once(sign)) == {303}
    assert sorted(one.seat for one in signatures()) == [1, 2]


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
    assert [one.state for one in signatures()] == [SignatureState.CONFIRMED]
    with app.app_context():
        jobs.run_now("campaigns.count")
        with db.reading() as unit:
            assert count_of(unit, campaign) == 1


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
                confirming.get_by_token(other, token)
            clicks.set()
            confirming.confirm(other, token=token, now=db.utcnow())

    with ThreadPoolExecutor(1) as pool:
        with app.app_context(), db.transaction() as unit:
            digest = tokens.digest_of(tokens.new_token())
            unit.execute(text("UPDATE signature SET token_digest = :new"), {"new": digest})
            clicked = pool.submit(click)
            assert clicks.wait(timeout=30)
            until_one_waits(unit.get_bind())  # type: ignore[arg-type]
        with pytest.raises(NotFound, match="letter-link"):
            clicked.result(timeout=30)
    assert [one.state for one in signatures()] == [SignatureState.PENDING]
