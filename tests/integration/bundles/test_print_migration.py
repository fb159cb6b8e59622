"""The migration of prints goes up and down with data in the tables."""

from importlib import import_module

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaign import migrations, storage
from campaign.bundles.changes import cancel_bundle
from campaign.models.bundle import (
    Bundle,
    BundleState,
    CarriedSignature,
    DeliveryAttempt,
    DeliveryOutcome,
)
from campaign.models.signature import Origin
from tests.days import today
from tests.factories import add_confirmed, make_campaign
from tests.integration.bundles.conftest import Freeze, Print, reload

BEFORE = import_module("campaign.migrations.versions.0013_print").down_revision


@pytest.fixture
def bundles(session: Session, freeze: Freeze, print_bundle: Print) -> tuple[int, int]:
    """One that was handed over, with two people on sheets, and one that was given up."""
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 1)
    for signature in add_confirmed(session, campaign, 2):
        signature.origin, signature.letters = Origin.PAPER, []
    session.commit()
    first = freeze(campaign.id, on_paper=1)
    assert print_bundle(first) is BundleState.READY
    bundle = reload(session, first)
    session.add(
        DeliveryAttempt(
            campaign_id=bundle.campaign_id,
            mission_id=bundle.mission_id,
            bundle_id=first,
            happened_on=today(),
            messages=1,
            outcome=DeliveryOutcome.ACCEPTED,
            notes={},
        )
    )
    add_confirmed(session, bundle.campaign, 1)
    session.commit()
    second = freeze(bundle.campaign_id)
    other = reload(session, second)
    cancel_bundle.cancel(session, other, storage.storage(), reason="Wrong paper", actor="command")
    session.commit()
    return first, second


@pytest.mark.both_engines
def test_down_and_up_again_with_bundles_that_travelled_and_were_given_up(
    app: Flask, session: Session, bundles: tuple[int, int]
) -> None:
    first, second = bundles
    session.close()
    engine = app.extensions["database"].engine
    migrations.downgrade(engine, BEFORE)
    with engine.connect() as connection:
        states = connection.execute(text("SELECT id, state, failure FROM bundle ORDER BY id"))
        assert [tuple(row) for row in states] == [
            (first, "ready", None),
            (second, "failed", "cancelled"),
        ]
    migrations.upgrade(engine)
    bundle = session.get_one(Bundle, first)
    assert (bundle.taken_out, bundle.released) == ((), [])
    carried = session.execute(
        select(CarriedSignature.bundle_id, CarriedSignature.position).order_by(
            CarriedSignature.position
        )
    )
    assert [tuple(row) for row in carried] == [(first, 1), (first, 2)]
