"""The migration of waiting seats goes up and down with letters that wait."""

from collections.abc import Callable
from importlib import import_module

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign import migrations
from campaign.models.signature import Letter, Signature, SignatureState
from tests.integration.signing.conftest import FORM

BEFORE = import_module("campaign.migrations.versions.0036_waiting_seats").down_revision


def test_down_and_up_again_with_three_letters_of_one_mailbox(
    app: Flask, case: str, session: Session, signatures: Callable[[], list[Signature]]
) -> None:
    for name in ("Ana", "Bo", "Cleo"):
        app.test_client().post(f"{case}/sign", data={**FORM, "given_name": name})
    assert [one.seat for one in signatures()] == [1, 2, 4]
    session.close()
    engine = app.extensions["database"].engine
    migrations.downgrade(engine, BEFORE)
    migrations.upgrade(engine)
    assert [one.given_name for one in signatures()] == ["Ana", "Bo"]
    assert len(session.scalars(select(Letter)).all()) == 2
    app.test_client().post(f"{case}/sign", data={**FORM, "given_name": "Cleo"})
    assert [one.seat for one in signatures()] == [1, 2, 4]


def test_down_what_was_withdrawn_or_false_takes_a_free_seat_and_is_kept(
    app: Flask, case: str, session: Session, signatures: Callable[[], list[Signature]]
) -> None:
    for name in ("Ana", "Bo", "Cleo", "Dov", "Eli"):
        app.test_client().post(f"{case}/sign", data={**FORM, "given_name": name})
    _, _, cleo, dov, eli = session.scalars(select(Signature).order_by(Signature.id)).all()
    cleo.state = SignatureState.WITHDRAWN
    dov.state, dov.state_before = SignatureState.INVALID, SignatureState.PENDING
    eli.state, eli.state_before = SignatureState.INVALID, SignatureState.CONFIRMED
    session.delete(session.scalars(select(Signature).where(Signature.seat == 2)).one())
    session.commit()
    session.close()
    engine = app.extensions["database"].engine
    migrations.downgrade(engine, BEFORE)
    migrations.upgrade(engine)
    seats = [(one.given_name, one.seat) for one in signatures()]
    assert seats == [("Ana", 1), ("Cleo", 2), ("Eli", 3)]
    assert len(session.scalars(select(Letter)).all()) == 3
