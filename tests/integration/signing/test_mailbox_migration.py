"""The migration of waiting seats goes up and down with letters that wait."""

from collections.abc import Callable
from importlib import import_module

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign import migrations
from campaign.models.signature import Letter, Signature, SignatureState
from tests.integration.signing.conftest import FORM

BEFORE = import_module("campaign.migrations.versions.0036_waiting_seats").down_revision


@pytest.mark.both_engines
def test_down_and_up_again_with_letters_of_two_mailboxes(
    app: Flask, case: str, session: Session, signatures: Callable[[], list[Signature]]
) -> None:
    """Down, what was withdrawn or false takes a free seat and is kept."""

    def sign(name: str, **other: str) -> None:
        app.test_client().post(f"{case}/sign", data={**FORM, "given_name": name, **other})

    for name in ("Ana", "Bo", "Cleo"):
        sign(name)
    assert [signature.seat for signature in signatures()] == [1, 2, 4]
    for name in ("Ada", "Ben", "Cem", "Dov", "Eli"):
        sign(name, email="of-five@example.org")
    ben, cem, dov, eli = session.scalars(select(Signature).order_by(Signature.id)).all()[4:]
    cem.state = SignatureState.WITHDRAWN
    dov.state, dov.state_before = SignatureState.INVALID, SignatureState.PENDING
    eli.state, eli.state_before = SignatureState.INVALID, SignatureState.CONFIRMED
    assert ben.seat == 2
    session.delete(ben)
    session.commit()
    session.close()
    engine = app.extensions["database"].engine
    migrations.downgrade(engine, BEFORE)
    migrations.upgrade(engine)
    seats = [(signature.given_name, signature.seat) for signature in signatures()]
    assert seats == [("Ana", 1), ("Bo", 2), ("Ada", 1), ("Cem", 2), ("Eli", 3)]
    assert len(session.scalars(select(Letter)).all()) == 5
    sign("Cleo")
    assert [signature.seat for signature in signatures()] == [1, 2, 1, 2, 3, 4]
