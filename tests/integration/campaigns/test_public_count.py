"""How many people have written, counted apart from signing."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import Session

from campaign.campaigns import public_counts
from campaign.core import db, jobs
from campaign.models.campaign import CampaignStatus
from campaign.models.signature import SignatureState
from campaign.models.statistics import CampaignTally
from tests.factories import add_confirmed, make_campaign


def test_a_campaign_never_counted_has_nobody(session: Session) -> None:
    assert public_counts.count_of(session, make_campaign(session)) == 0


@pytest.mark.both_engines
def test_the_job_counts_what_is_confirmed_in_each_campaign(session: Session) -> None:
    busy, quiet = make_campaign(session), make_campaign(session)
    signatures = add_confirmed(session, busy, 4)
    signatures[0].state = SignatureState.PENDING
    signatures[1].state = SignatureState.WITHDRAWN
    session.commit()
    jobs.run_now("campaigns.count")
    assert public_counts.counts_of(session, [busy, quiet]) == {busy.id: 2, quiet.id: 0}
    session.commit()
    signatures[0].state = SignatureState.CONFIRMED
    session.commit()
    jobs.run_now("campaigns.count")
    assert public_counts.count_of(session, busy) == 3


def test_where_nothing_changed_only_the_moment_of_the_count_is_written(
    session: Session, app: Flask
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 1)
    session.commit()
    jobs.run_now("campaigns.count")
    written: list[str] = []
    engine = app.extensions["database"].engine
    event.listen(
        engine, "before_cursor_execute", lambda _c, _u, statement, *_: written.append(statement)
    )
    before, people = public_counts.last_count(session, campaign)
    session.rollback()
    written.clear()
    jobs.run_now("campaigns.count")
    [change] = [line for line in written if not line.startswith(("BEGIN", "SELECT"))]
    assert change.startswith("UPDATE campaign_tally SET counted_at=")
    assert change.count("=") == 1
    after, still = public_counts.last_count(session, campaign)
    assert (people, still) == (1, 1)
    assert before is not None
    assert after is not None
    assert before < after


def test_a_campaign_that_ended_long_ago_keeps_its_number(session: Session) -> None:
    campaign = make_campaign(
        session, status=CampaignStatus.CLOSED, closed_at=db.utcnow() - timedelta(days=200)
    )
    signatures = add_confirmed(session, campaign, 2)
    session.commit()
    jobs.run_now("campaigns.count")
    session.commit()
    signatures[0].state = SignatureState.ERASED
    session.commit()
    jobs.run_now("campaigns.count")
    assert public_counts.count_of(session, campaign) == 2
    assert public_counts.recount(session, campaign) == 1
    assert public_counts.count_of(session, campaign) == 1


def test_a_row_that_is_there_is_written_over(session: Session) -> None:
    campaign = make_campaign(session)
    session.add(CampaignTally(campaign_id=campaign.id, confirmed=99))
    session.commit()
    jobs.run_now("campaigns.count")
    assert public_counts.count_of(session, campaign) == 0
