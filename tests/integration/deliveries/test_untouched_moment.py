"""A moment that nobody touched says when it was recorded, not when the page was opened."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core import clock, db
from campaign.deliveries.recording_rules import went_after_stop
from campaign.models.bundle import Bundle, DeliveryOutcome
from campaign.models.delivery import GateVisit
from tests.days import days_ago
from tests.factories import post
from tests.integration.deliveries.conftest import Record, form
from tests.integration.deliveries.test_envelopes import posting

OLD_PAGE = "and you did not change the date and time"


def gate(bundle: Bundle) -> str:
    return f"/desk/bundles/{bundle.public_id}/deliver"


def opened(bundle: Bundle, ago: timedelta) -> dict[str, str]:
    """What the page sends that was opened so long ago and of which the moment was not touched."""
    offered = db.utcnow() - ago
    return form(
        offered=offered.isoformat(),
        happened_on=clock.day_of(offered, bundle.zone).isoformat(),
        happened_time=clock.time_of(offered, bundle.zone).isoformat("minutes"),
    )


def filled_in(page: str) -> dict[str, str]:
    names = ("offered", "happened_on", "happened_time")
    inputs = re.findall(r"<input[^>]*>", page)
    values = {}
    for name in names:
        [tag] = [each for each in inputs if f'name="{name}"' in each]
        value = re.search(r'value="([^"]*)"', tag)
        values[name] = value[1] if value else ""
    return values


def moment(visit: GateVisit, zone: str) -> datetime:
    return clock.moment_of(visit.happened_on, visit.happened_time or time.min, zone)


def recorded(session: Session) -> list[GateVisit]:
    session.rollback()
    return list(session.scalars(select(GateVisit)))


def test_the_page_says_which_moment_it_filled_in(staff: FlaskClient, bundle: Bundle) -> None:
    fields = filled_in(staff.get(gate(bundle)).text)
    offered = datetime.fromisoformat(fields["offered"]).astimezone(UTC)
    assert fields["happened_on"] == clock.day_of(offered, bundle.zone).isoformat()
    assert fields["happened_time"] == clock.time_of(offered, bundle.zone).isoformat("minutes")


def test_untouched_it_is_the_moment_of_recording_and_so_after_a_stop_that_came_meanwhile(
    staff: FlaskClient, session: Session, bundle: Bundle, stop: Callable[[], None]
) -> None:
    before, zone = db.utcnow().replace(second=0, microsecond=0), bundle.zone
    sent, page = opened(bundle, timedelta(minutes=4)), gate(bundle)
    stop()
    assert post(staff, page, sent).status_code == 303
    [visit] = recorded(session)
    assert moment(visit, zone) >= before
    assert went_after_stop(visit.attempts[0])


def test_untouched_on_a_page_of_long_ago_it_is_asked_for(
    staff: FlaskClient, session: Session, bundle: Bundle
) -> None:
    before, zone = db.utcnow().replace(second=0, microsecond=0), bundle.zone
    sent = opened(bundle, timedelta(minutes=40))
    answer = post(staff, gate(bundle), sent)
    assert answer.status_code == 422
    assert OLD_PAGE in answer.text
    assert "Planted Attaché" in answer.text
    assert recorded(session) == []
    now = filled_in(answer.text)
    assert post(staff, gate(bundle), sent | now).status_code == 303
    [visit] = recorded(session)
    assert moment(visit, zone) >= before


@pytest.mark.parametrize("offered", ["", "yesterday", "2026-01-01T10:00", "0001-01-01T00:00+14:00"])
def test_a_moment_that_somebody_typed_stays(
    staff: FlaskClient, session: Session, bundle: Bundle, offered: str
) -> None:
    hour_ago, zone = db.utcnow() - timedelta(hours=1), bundle.zone
    sent = opened(bundle, timedelta(hours=1)) | {"offered": offered}
    assert post(staff, gate(bundle), sent).status_code == 303
    [visit] = recorded(session)
    assert hour_ago - moment(visit, zone) < timedelta(minutes=1)


def test_a_time_typed_on_a_page_of_long_ago_stays(
    staff: FlaskClient, session: Session, bundle: Bundle
) -> None:
    zone = bundle.zone
    sent = opened(bundle, timedelta(minutes=40))
    typed = db.utcnow() - timedelta(minutes=20)
    sent["happened_on"] = clock.day_of(typed, zone).isoformat()
    sent["happened_time"] = clock.time_of(typed, zone).isoformat("minutes")
    assert post(staff, gate(bundle), sent).status_code == 303
    [visit] = recorded(session)
    assert typed - moment(visit, zone) < timedelta(minutes=1)


def test_a_moment_is_that_of_the_mission_s_clocks(
    staff: FlaskClient, session: Session, bundle: Bundle
) -> None:
    """Where another day is than in UTC and than with the organization, for some hours at least."""
    zone, page = "Pacific/Kiritimati", gate(bundle)
    assert bundle.mission is not None
    bundle.mission.timezone = zone
    session.commit()
    sent = opened(bundle, timedelta(minutes=2))
    session.rollback()
    before = db.utcnow().replace(second=0, microsecond=0)
    assert post(staff, page, sent).status_code == 303
    [visit] = recorded(session)
    assert timedelta() <= moment(visit, zone) - before < timedelta(minutes=5)


def test_the_day_of_a_posting_that_nobody_touched_is_asked_for_once_it_is_over(
    staff: FlaskClient, session: Session, bundle: Bundle, record: Record
) -> None:
    page = f"/desk/bundles/{bundle.public_id}/after"
    record(bundle, DeliveryOutcome.REFUSED, day=days_ago(3))
    post(staff, f"{page}/split", {"letters_each": "1"})
    yesterday = days_ago(1).isoformat()
    sent = posting(posted_on=yesterday, offered=yesterday)
    answer = post(staff, f"{page}/post", sent)
    assert answer.status_code == 422
    assert "The day has changed since you opened this page" in answer.text
    [offered] = re.findall(r'<input[^>]* name="offered"[^>]* value="([^"]*)"', answer.text)
    assert post(staff, f"{page}/post", sent | {"offered": offered}).status_code == 303
    session.rollback()
    newest = select(GateVisit).order_by(GateVisit.id.desc()).limit(1)
    assert session.scalars(newest).one().happened_on == days_ago(1)
