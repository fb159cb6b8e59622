"""When a letter came under review tells the day in clear, and the moment whoever has the key."""

from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaign import migrations
from campaign.core import clock, db
from campaign.core.settings import current_settings
from campaign.models.campaign import Campaign
from campaign.models.screening import Decision, Hold
from campaign.models.signature import Signature
from campaign.models.staff import Role
from campaign.screening import review_queue
from campaign.signing.checks.review_decision import store_hold
from tests.factories import make_staff_user
from tests.integration.screening.conftest import Write, set_rules

BEFORE = import_module("campaign.migrations.versions.0063_days_of_review").down_revision
SECOND = timedelta(seconds=1)


@pytest.fixture
def moment(monkeypatch: pytest.MonkeyPatch) -> datetime:
    moment = clock.cut_to_hour(clock.utcnow()) - timedelta(minutes=22, seconds=1.5)
    monkeypatch.setattr(db, "utcnow", lambda: moment)
    return moment


@pytest.fixture
def held(session: Session, campaign: Campaign, write: Write, moment: datetime) -> int:
    set_rules(session, campaign, first=5)
    write("I write because I care.")
    return session.scalars(select(Hold.signature_id)).one()


def read_hold(session: Session) -> Hold:
    session.rollback()
    return session.scalars(select(Hold).execution_options(populate_existing=True)).one()


def read_clear(app: Flask) -> dict[str, object]:
    """The row as a thief reads it."""
    with app.extensions["database"].engine.connect() as connection:
        return dict(connection.execute(text("SELECT * FROM hold")).one()._mapping)


def to_utc(value: object) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def test_the_row_tells_the_day(app: Flask, session: Session, held: int, moment: datetime) -> None:
    with app.test_request_context():
        day = clock.cut_to_day(moment, current_settings().timezone)
        assert to_utc(read_clear(app)["held_at"]) == day
        assert read_hold(session).moment == moment
        public_id = session.get_one(Signature, held).public_id
        by = make_staff_user(session, Role.STAFF)
        review_queue.decide(
            session, public_ids=[public_id], decision=Decision.APPROVED, by=by, now=moment
        )
        session.commit()
    hold = read_hold(session)
    assert (hold.held_at, hold.exact_at) == (day, None), "once it is decided there is the day alone"


def test_a_letter_that_comes_under_review_again_has_its_moment(
    app: Flask, session: Session, held: int, moment: datetime
) -> None:
    signature = session.get_one(Signature, held)
    with app.test_request_context():
        store_hold(session, signature, ["first"], moment + 5 * SECOND)
        session.commit()
    assert read_hold(session).moment == moment + 5 * SECOND


def test_the_migration_seals_the_moment_and_gives_it_back(
    app: Flask, session: Session, held: int, moment: datetime
) -> None:
    session.close()
    engine = app.extensions["database"].engine
    migrations.downgrade(engine, BEFORE)
    before = read_clear(app)
    assert "exact_at" not in before
    assert to_utc(before["held_at"]) == moment
    migrations.upgrade(engine)
    assert to_utc(read_clear(app)["held_at"]) < moment
    assert read_hold(session).moment == moment
