"""Lists of deliveries ask the database as often for three as for one."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, update
from sqlalchemy.orm import Session

from campaign.bundles.freeze import freeze_bundle
from campaign.core import clock, db
from campaign.dashboard.to_deliver import list_stop_todos
from campaign.deliveries import visits
from campaign.deliveries.envelopes import reroute_bundle
from campaign.models.bundle import Bundle, DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Campaign, CampaignStatus, StopKind
from campaign.models.delivery import GateVisit
from campaign.models.staff import Role
from tests.factories import make_campaign, make_staff_user, make_target_mission

Count = Callable[[Callable[[], Sequence[Any]]], int]


@pytest.fixture
def count(app: Flask, session: Session) -> Count:
    """How many statements something takes that nobody has loaded yet."""

    def run(do: Callable[[], Sequence[Any]]) -> int:
        asked: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            asked.append(statement)

        engine = app.extensions["database"].engine
        event.listen(engine, "before_cursor_execute", note)
        assert do()
        event.remove(engine, "before_cursor_execute", note)
        return len(asked)

    return run


def carry(session: Session, campaign: Campaign, number: int, into: Bundle | None) -> Bundle:
    """A bundle through a mission of its own, delivered after the stop, and given up."""
    mission = make_target_mission(number, slug=f"mission-{number}")
    session.add(mission)
    session.flush()
    bundle = freeze_bundle.new_bundle(session, campaign, mission, "test")
    bundle.returned_to_id = into.id if into else None
    facts = {"mission_id": mission.id, "happened_on": clock.today("Asia/Tokyo")}
    visit = GateVisit(key=db.new_public_id(), delegates="", received_by="", notes="", **facts)
    session.add(visit)
    visit.attempts.append(
        DeliveryAttempt(
            campaign_id=campaign.id,
            bundle_id=bundle.id,
            messages=1,
            outcome=DeliveryOutcome.ACCEPTED,
            **facts,
        )
    )
    session.flush()
    return bundle


def test_three_deliveries_take_as_many_statements_as_one(
    session: Session, campaign: Campaign, count: Count
) -> None:
    by = make_staff_user(session, Role.ADMIN)
    session.execute(
        update(Campaign).values(
            status=CampaignStatus.STOPPED,
            status_reasons={"en": "Stop."},
            stopped_at=db.utcnow() - timedelta(days=9),
        )
    )

    def asked() -> list[int]:
        session.flush()
        session.expunge_all()
        case, old = session.get_one(Campaign, campaign_id), session.get_one(Bundle, first_id)
        admin = session.get_one(type(by), by_id)
        late = count(
            lambda: [
                attempt.bundle.zone
                for attempt in visits.list_late_of(session, case)
                if attempt.bundle
            ]
        )
        session.expunge_all()
        today = count(lambda: list_stop_todos(session, by=admin, now=db.utcnow()))
        session.expunge_all()
        returned = count(
            lambda: [bundle.destination for bundle in reroute_bundle.list_returned(session, old)]
        )
        return [late, today, returned]

    campaign_id, by_id = campaign.id, by.id
    first_id = carry(session, campaign, 21, None).id
    carry(session, campaign, 22, session.get_one(Bundle, first_id))
    few = asked()
    for number in (23, 24, 25):
        carry(
            session,
            session.get_one(Campaign, campaign_id),
            number,
            session.get_one(Bundle, first_id),
        )
    assert asked() == few


def test_today_asks_as_often_for_three_follow_ups_of_a_stop_for_harm_as_for_one(
    session: Session, count: Count
) -> None:
    now, by = db.utcnow(), make_staff_user(session, Role.ADMIN)
    harm = {"status": CampaignStatus.STOPPED, "stop_kind": StopKind.HARM, "stopped_at": now}
    stopped = make_campaign(session, **harm)
    asked = []
    for _number in range(3):
        later = make_campaign(session, status=CampaignStatus.OPEN, opened_at=now - timedelta(9))
        later.follows = stopped
        session.flush()
        asked.append(count(lambda: list_stop_todos(session, by=by, now=now)))
    (linked,) = list_stop_todos(session, by=by, now=now)
    assert (linked.slug, linked.total) == ("linked-to-harm", 3)
    assert asked == asked[:1] * 3
