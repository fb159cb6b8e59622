"""When a letter came under review tells the day in clear, and the moment whoever has the key."""

import re
from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import DateTime, column, select, table, text, update
from sqlalchemy.orm import Session

from campaign import migrations
from campaign.core import clock, db
from campaign.models.campaign import Campaign
from campaign.models.notice import LettersLink
from campaign.models.screening import Decision, Hold
from campaign.models.signature import Signature
from campaign.models.staff import Role
from campaign.screening import review_queue
from campaign.signing.checks.review_decision import store_hold
from tests.factories import add_confirmed, make_staff_user
from tests.integration.screening.conftest import Write, set_rules

BEFORE = import_module("campaign.migrations.versions.0063_days_of_review").down_revision
SECOND = timedelta(seconds=1)
WAITING = (Decision.OPEN, Decision.RETURNED, Decision.ASIDE)
OLD_HOLD = table("hold", column("decision"), column("held_at", DateTime(timezone=True)))
LISTED = re.compile(r'data-label="Since">([^<]*)</td>')


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


def read_times(app: Flask) -> dict[str, datetime]:
    """What is in clear in `held_at`, of each decision."""
    with app.extensions["database"].engine.connect() as connection:
        rows = connection.execute(text("SELECT decision, held_at FROM hold"))
        return {decision: to_utc(held_at) for decision, held_at in rows}


def test_the_row_tells_the_day(app: Flask, session: Session, held: int, moment: datetime) -> None:
    with app.test_request_context():
        day = clock.cut_to_day(moment, "UTC")
        assert to_utc(read_clear(app)["held_at"]) == day
        assert read_hold(session).moment == moment


def test_a_letter_whose_decision_is_undone_has_its_moment(
    app: Flask, session: Session, held: int, moment: datetime
) -> None:
    public_id, seen = session.get_one(Signature, held).public_id, {read_hold(session).version}
    by = make_staff_user(session, Role.STAFF)
    later = moment + timedelta(hours=1)
    with app.test_request_context():
        act = review_queue.decide(
            session, public_ids=[public_id], decision=Decision.APPROVED, by=by, now=later, seen=seen
        )
        review_queue.undo(session, by=by, now=later, act_id=act.id)
        session.commit()
    hold = read_hold(session)
    assert (hold.decision, hold.moment) == (Decision.OPEN, moment)


def test_a_letter_that_comes_under_review_again_has_its_moment(
    app: Flask, session: Session, held: int, moment: datetime
) -> None:
    signature = session.get_one(Signature, held)
    with app.test_request_context():
        store_hold(session, signature, ["first"], moment + 5 * SECOND)
        session.commit()
    assert read_hold(session).moment == moment + 5 * SECOND


def test_a_letter_whose_moment_nobody_knows_is_shown_with_its_day(
    app: Flask, session: Session, campaign: Campaign, staff: FlaskClient, write: Write
) -> None:
    """On a desk where it is the evening before when a day of UTC begins."""
    settings = app.extensions["settings"]
    app.extensions["settings"] = settings.model_copy(update={"timezone": "America/Toronto"})
    set_rules(session, campaign, first=5)
    write("I write because I care.")
    write("There is a table where more than one waits.")
    for exact_at, day in ((None, "9 March"), ("2026-03-09T02:00:00", "8 March")):
        with app.app_context(), db.transaction() as other:
            hold = other.scalars(select(Hold).order_by(Hold.signature_id)).first()
            assert hold is not None
            hold.held_at, hold.exact_at = datetime(2026, 3, 9, tzinfo=UTC), exact_at
        assert day in LISTED.findall(staff.get("/desk/screening/").text)[0]


@pytest.mark.both_engines
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Toronto"])
def test_the_migration_seals_the_moment_and_gives_it_back(
    app: Flask, session: Session, campaign: Campaign, moment: datetime, zone: str
) -> None:
    """Of what waits, wherever its campaign is; of what was decided there is the day alone."""
    campaign.timezone = zone
    signatures = add_confirmed(session, campaign, 5)
    facts = {"campaign_id": campaign.id, "reasons": ["first"], "held_at": moment}
    decisions = (*WAITING, Decision.APPROVED, Decision.REJECTED)
    for signature, decision in zip(signatures, decisions, strict=True):
        session.add(Hold(signature_id=signature.id, decision=decision, **facts))
    session.commit()
    day = clock.cut_to_day(moment, zone)
    engine = app.extensions["database"].engine
    migrations.downgrade(engine, BEFORE)
    with engine.begin() as connection:
        decided = OLD_HOLD.c.decision.in_((Decision.APPROVED, Decision.REJECTED))
        connection.execute(update(OLD_HOLD).where(decided).values(held_at=day))
    before = read_times(app)
    assert before == dict.fromkeys(WAITING, moment) | dict.fromkeys(decisions[3:], day)
    migrations.upgrade(engine)
    in_clear = read_times(app)
    assert {at: clock.cut_to_day(at, "UTC") for at in in_clear.values()} == {
        at: at for at in in_clear.values()
    }, "one column, one zone"
    assert {clock.day_of(in_clear[waiting], "UTC") for waiting in WAITING} == {
        clock.day_of(moment, "UTC")
    }
    assert {clock.day_of(in_clear[final], "UTC") for final in decisions[3:]} == {
        clock.day_of(moment, zone)
    }
    session.expire_all()
    moments = {hold.decision: hold.moment for hold in session.scalars(select(Hold))}
    assert moments == in_clear | dict.fromkeys(WAITING, moment)
    session.close()
    migrations.downgrade(engine, BEFORE)
    assert read_times(app) == in_clear | dict.fromkeys(WAITING, moment)
    migrations.upgrade(engine)


@pytest.mark.both_engines
def test_the_migration_leaves_of_links_that_have_expired_the_day(
    app: Flask, session: Session
) -> None:
    now = clock.utcnow()
    asked_at, later = now - timedelta(days=3, minutes=5), now + timedelta(hours=5)
    for number, expires_at in enumerate((asked_at + timedelta(days=1), later)):
        link = LettersLink(email="a@example.org", email_hmac=b"a" * 32, locale="en")
        link.token_digest, link.created_at = bytes([number]) * 32, asked_at
        link.expires_at = expires_at
        session.add(link)
    session.commit()
    session.close()
    engine = app.extensions["database"].engine
    migrations.downgrade(engine, BEFORE)
    migrations.upgrade(engine)
    expired, open_link = session.scalars(select(LettersLink).order_by(LettersLink.id))
    day = clock.cut_to_day(asked_at, "UTC")
    assert (expired.created_at, expired.expires_at) == (day, day)
    assert (open_link.created_at, open_link.expires_at) == (day, clock.end_of_hour(later))
