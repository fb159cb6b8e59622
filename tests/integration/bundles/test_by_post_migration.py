"""The migration of bundles by post goes up and down with such a bundle, and what belongs to it."""

from importlib import import_module

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaign import migrations
from campaign.core.clock import today
from campaign.models.bundle import Bundle, DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Target, TargetKind
from campaign.models.delivery import GateVisit
from campaign.models.directory import Mission
from tests.factories import add_confirmed, make_campaign, make_target_official
from tests.integration.bundles.conftest import Freeze, reload

BEFORE = import_module("campaign.migrations.versions.0039_by_post").down_revision


@pytest.mark.both_engines
def test_down_and_up_again_with_bundles_by_post_and_through_a_mission(
    app: Flask, session: Session, freeze: Freeze
) -> None:
    target = Target(official=make_target_official(7), kind=TargetKind.TO, position=0)
    posted, carried = make_campaign(session, targets=[target]), make_campaign(session)
    add_confirmed(session, posted, 2)
    add_confirmed(session, carried, 1)
    session.commit()
    official_id, mission_id = posted.targets[0].official_id, carried.targets[0].mission_id
    by_post, by_hand = freeze(posted.id), freeze(carried.id)
    visit = GateVisit(
        key="k" * 22,
        happened_on=today("UTC"),
        delegates="",
        received_by="",
        notes="",
        attempts=[
            DeliveryAttempt(
                campaign_id=posted.id,
                bundle_id=by_post,
                happened_on=today("UTC"),
                messages=2,
                outcome=DeliveryOutcome.POSTED,
            )
        ],
    )
    session.add(visit)
    session.commit()
    session.close()
    engine = app.extensions["database"].engine
    migrations.downgrade(engine, BEFORE)
    with engine.connect() as connection:
        query = text(
            "SELECT mission.slug FROM bundle JOIN mission ON mission.id = bundle.mission_id "
            "JOIN delivery_attempt ON delivery_attempt.mission_id = mission.id "
            "JOIN gate_visit ON gate_visit.mission_id = mission.id"
        )
        assert connection.execute(query).scalars().all() == [f"by-post-{official_id}"]
    migrations.upgrade(engine)
    assert reload(session, by_post).official_id == official_id
    assert reload(session, by_hand).mission_id == mission_id
    assert session.scalars(select(GateVisit)).one().destination.slug == "governor-7"
    assert session.scalars(select(DeliveryAttempt.mission_id)).one() is None
    assert session.scalars(select(Mission.id)).all() == [mission_id]
    assert sorted(session.scalars(select(Bundle.letter_count))) == [1, 2]
