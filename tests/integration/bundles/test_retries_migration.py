"""The migration of tries goes up and down with data in the tables."""

from importlib import import_module

import pytest
from flask import Flask
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from campaign import migrations
from campaign.models.bundle import Bundle, BundleState
from campaign.models.signature import Letter
from campaign.models.statistics import FiguresDue
from tests.factories import add_confirmed, make_campaign
from tests.integration.bundles.conftest import Freeze, reload

BEFORE = import_module("campaign.migrations.versions.0027_tries").down_revision


@pytest.mark.both_engines
def test_down_and_up_again_with_a_bundle_that_was_tried_and_letters_set_aside(
    app: Flask, session: Session, freeze: Freeze
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 1, id=1500)
    add_confirmed(session, campaign, 1, id=2500)
    session.commit()
    bundle_id = freeze(campaign.id)
    bundle = reload(session, bundle_id)
    bundle.state, bundle.tries, bundle.failure = BundleState.ASSEMBLING, 3, "took-too-long"
    letter = session.scalars(select(Letter).where(Letter.signature_id == 2500)).one()
    letter.set_aside = "missing-glyph"
    session.commit()
    session.execute(delete(FiguresDue))
    session.commit()
    session.close()
    engine = app.extensions["database"].engine
    migrations.downgrade(engine, BEFORE)
    migrations.upgrade(engine)
    bundle = session.get_one(Bundle, bundle_id)
    assert (bundle.tries, bundle.failure) == (0, "took-too-long")
    # Whoever seals a row anew, as a way back below 0045 does, has its block counted again.
    assert 2 in set(session.scalars(select(FiguresDue.block)))
