"""How many people have written, counted apart from signing."""

from datetime import timedelta

from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import Session

from campaign.campaigns import public_counts
from campaign.core import db, jobs
from campaign.models.campaign import CampaignStatus
from campaign.models.signature import SignatureState
from campaign.models.statistics import CampaignTally
from tests.factories import add_confirmed, make_campaign


def test_a_campaign_never_counted_has_nobody(unit: Session) -> None:
    assert public_counts.count_of(unit, make_campaign(unit)) == 0


def test_the_job_counts_what_is_confirmed_in_each_campaign(unit: Session) -> None:
    busy, quiet = make_campaign(unit), make_campaign(unit)
    signatures = add_confirmed(unit, busy, 4)
    signatures[0].state = SignatureState.PENDING
    signatures[1].state = SignatureState.WITHDRAWN
    unit.commit()
    jobs.run_now("campaigns.count")
    assert public_counts.counts_of(unit, [busy, quiet]) == {busy.id: 2, quiet.id: 0}
    unit.commit()
    signatures[0].state = SignatureState.CONFIRMED
    unit.commit()
    jobs.run_now("campaigns.count")
    assert public_counts.count_of(unit, busy) == 3


def test_where_nothing_changed_nothing_is_written(unit: Session, app: Flask) -> None:
    campaign = make_campaign(unit)
    add_confirmed(unit, campaign, 1)
    unit.commit()
    jobs.run_now("campaigns.count")
    written: list[str] = []
    engine = app.extensions["database"].engine
    event.listen(
        engine,
        "before_cursor_execute",
        lambda _c, _u, statement, *_: written.append(statement.split()[0]),
    )
    jobs.run_now("campaigns.count")
    assert set(written) - {"BEGIN"} == {"SELECT"}


def test_a_campaign_that_ended_long_ago_keeps_its_number(unit: Session) -> None:
    campaign = make_campaign(
        unit, status=CampaignStatus.CLOSED, closed_at=db.utcnow() - timedelta(days=200)
    )
    signatures = add_confirmed(unit, campaign, 2)
    unit.commit()
    jobs.run_now("campaigns.count")
    unit.commit()
    signatures[0].state = SignatureState.ERASED
    unit.commit()
    jobs.run_now("campaigns.count")
    assert public_counts.count_of(unit, campaign) == 2
    assert public_counts.recount(unit, campaign) == 1
    assert public_counts.count_of(unit, campaign) == 1


def test_a_row_that_is_there_is_written_over(unit: Session) -> None:
    campaign = make_campaign(unit)
    unit.add(CampaignTally(campaign_id=campaign.id, confirmed=99))
    unit.commit()
    jobs.run_now("campaigns.count")
    assert public_counts.count_of(unit, campaign) == 0
