"""An outcome tells of the end before it: not of another, after the campaign was reopened."""

from datetime import datetime, timedelta
from importlib import import_module

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from campaign import migrations
from campaign.campaigns import status_changes
from campaign.campaigns.public_counts import recount
from campaign.core import db
from campaign.dashboard.today import list_todos
from campaign.models.campaign import Campaign, Update, UpdateEdition, UpdateKind
from campaign.models.staff import Role
from campaign.public.case_page import ending_of, posts_of
from campaign.tracking.letter_trips import list_trips
from campaign.tracking.timeline import marks_of
from tests.days import today
from tests.factories import add_confirmed, make_campaign, make_staff_user, sign_in

BEFORE = import_module("campaign.migrations.versions.0064_reopened_at").down_revision
HOUR = timedelta(hours=1)


def publish_outcome(campaign: Campaign, at: datetime) -> None:
    outcome = Update(kind=UpdateKind.OUTCOME, happened_on=today(), published_at=at)
    outcome.editions.append(UpdateEdition(locale="en", title="She is free."))
    campaign.updates.append(outcome)


def close(session: Session, campaign: Campaign, at: datetime) -> None:
    status_changes.close_campaign(session, campaign, actor="test", now=at)
    session.commit()


def test_after_a_reopening_the_outcome_of_the_second_end_is_still_to_be_told(
    app: Flask, session: Session
) -> None:
    campaign, now = make_campaign(session), db.utcnow()
    [signature] = add_confirmed(session, campaign, 1)
    admin = make_staff_user(session, role=Role.ADMIN)

    def is_told() -> bool:
        with app.test_request_context("/"):
            todos = {todo.slug for todo in list_todos(session, by=admin, now=now)}
            ending = ending_of(campaign, posts_of(campaign, "en"), "en")
            marks = {
                mark.title
                for mark in marks_of(session, signature, list_trips(session, signature))
                if mark.state == "ahead"
            }
        assert ("tell-outcome" in todos) == ("Outcome" in marks)
        assert (ending.text == "She is free.") == ("Outcome" not in marks)
        return "Outcome" not in marks

    close(session, campaign, now - 4 * HOUR)
    publish_outcome(campaign, now - 3 * HOUR)
    session.commit()
    assert is_told()
    status_changes.open_campaign(session, campaign, actor="test", now=now - 2 * HOUR)
    close(session, campaign, now - HOUR)
    assert not is_told()
    publish_outcome(campaign, now)
    session.commit()
    assert is_told()


@pytest.mark.both_engines
def test_an_upgrade_learns_from_the_audit_when_a_campaign_was_reopened(
    app: Flask, session: Session
) -> None:
    opened, reopened = make_campaign(session, opened_at=None), make_campaign(session)
    for campaign in (opened, reopened):
        close(session, campaign, db.utcnow())
        status_changes.open_campaign(session, campaign, actor="test", now=db.utcnow())
    close(session, reopened, db.utcnow())
    status_changes.open_campaign(session, reopened, actor="test", now=db.utcnow())
    session.commit()
    known = reopened.reopened_at
    session.close()
    engine = app.extensions["database"].engine
    migrations.downgrade(engine, BEFORE)
    migrations.upgrade(engine)
    again = session.get_one(Campaign, reopened.id).reopened_at
    assert known is not None
    assert again is not None
    assert abs(again - known) < HOUR
    assert session.get_one(Campaign, opened.id).reopened_at is None


def test_no_one_waits_for_the_outcome_of_a_campaign_to_which_no_one_wrote(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    campaign = make_campaign(session)
    close(session, campaign, db.utcnow())
    sign_in(client, app, Role.ADMIN)
    home, waiting = f"/desk/campaigns/{campaign.slug}", "People who wrote are waiting"
    page = client.get(home).text
    assert "The campaign has ended, and its page does not say how." in page
    assert waiting not in page
    assert "Tell people how" not in client.get("/desk/today").text
    session.rollback()
    add_confirmed(session, campaign, 1)
    recount(session, campaign)
    session.commit()
    assert waiting in client.get(home).text
    assert "Tell people how" in client.get("/desk/today").text


@pytest.mark.parametrize("is_stopped", [False, True])
def test_who_wrote_waits_for_the_outcome_after_a_stop_as_after_a_close(
    app: Flask, session: Session, is_stopped: bool
) -> None:
    campaign, now = make_campaign(session), db.utcnow()
    add_confirmed(session, campaign, 1)
    admin = make_staff_user(session, role=Role.ADMIN)
    long_ago = now - timedelta(days=400)
    close(session, campaign, now - HOUR if not is_stopped else long_ago)

    def waits() -> bool:
        with app.test_request_context("/"):
            todos = {todo.slug for todo in list_todos(session, by=admin, now=now)}
        return "tell-outcome" in todos

    if is_stopped:
        assert not waits(), "of what ended long ago"
        reasons = {"en": "She is free."}
        status_changes.stop_campaign(
            session, campaign, actor="test", now=now - HOUR, reasons=reasons
        )
        session.commit()
    assert waits()
    publish_outcome(campaign, now)
    session.commit()
    assert not waits()
