"""The migration of waiting seats goes up and down with letters that wait."""

from collections.abc import Callable
from importlib import import_module

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign import migrations
from campaign.signing.models import Letter, Signature
from tests.integration.signing.conftest import FORM

BEFORE = import_module("campaign.migrations.versions.0036_waiting_seats").down_revision


def test_down_and_up_again_with_three_letters_of_one_mailbox(
    app: Flask, case: str, unit: Session, signatures: Callable[[], list[Signature]]
) -> None:
    for name in ("Ana", "Bo", "Cleo"):
        app.test_client().post(f"{case}/sign", data={**FORM, "given_name": name})
    assert [one.seat for one in signatures()] == [1, 2, 4]
    unit.close()
    engine = app.extensions["database"].engine
    migrations.downgrade(engine, BEFORE)
    migrations.upgrade(engine)
    assert [one.given_name for one in signatures()] == ["Ana", "Bo"]
    assert len(unit.scalars(select(Letter)).all()) == 2
    app.test_client().post(f"{case}/sign", data={**FORM, "given_name": "Cleo"})
    assert [one.seat for one in signatures()] == [1, 2, 4]
