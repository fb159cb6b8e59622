"""Figures follow what happens to signatures and letters, and agree with tally and bundles."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from campaign.bundles.freeze.freeze_bundle import freeze
from campaign.bundles.freeze.waiting_counts import list_waiting
from campaign.campaigns import public_counts
from campaign.core import db, jobs
from campaign.dashboard import refresh
from campaign.dashboard.campaign_statistics import Figures
from campaign.models.bundle import WaitingLetters
from campaign.models.campaign import Campaign
from campaign.models.signature import Letter, LinkEnd, Signature, SignatureState, SpentLink
from campaign.models.statistics import CampaignFigures, FiguresBlock, FiguresDue
from campaign.privacy.erase_supporter import bury
from tests.factories import add_confirmed, make_campaign


def _counted(unit: Session, campaign: Campaign) -> Figures:
    unit.commit()
    jobs.run_now("overview.count")
    unit.expire_all()
    return refresh.figures_of(unit, campaign)[0]


def test_figures_follow_every_change_and_agree_with_tally_and_bundles(
    app: Flask, unit: Session
) -> None:
    campaign, other = make_campaign(unit), make_campaign(unit)
    made = add_confirmed(unit, campaign, 5, region=lambda n: "Québec" if n < 2 else "nowhere")
    add_confirmed(unit, other, 3)
    pending = add_confirmed(
        unit, campaign, 1, state=SignatureState.PENDING, confirmed_at=None, source="poster"
    )[0]
    figures = _counted(unit, campaign)
    assert (figures.confirmed, figures.in_state("pending"), figures.waiting) == (5, 1, 5)
    assert figures.regions("CA") == {"QC": 2, "": 3}
    assert figures.one("own") == sum(bool(one.own_words) for one in made)
    assert _counted(unit, other).confirmed == 3

    pending.state, pending.confirmed_at = SignatureState.CONFIRMED, db.utcnow()
    made[0].state = SignatureState.WITHDRAWN
    bury(made[1])
    unit.delete(made[2])
    figures = _counted(unit, campaign)
    assert figures.confirmed == public_counts.recount(unit, campaign) == 3
    assert {state for (state, _), n in figures.of("state").items() if n} == {
        "confirmed", "withdrawn", "erased",
    }  # fmt: skip
    assert figures.regions("CA") == {"": 2, "ON": 1}
    assert figures.one("source", "poster") == 1

    assert sum(one.letters for one in list_waiting(unit) if one.campaign is campaign) == 3
    bundle = freeze(
        unit, campaign=campaign, mission=campaign.targets[0].mission,
        settings=app.extensions["settings"], locale="en", actor="test",
    )  # fmt: skip
    figures = _counted(unit, campaign)
    assert figures.waiting == 0
    assert figures.one("bundle", bundle.id) == figures.letters(campaign.targets[0].id) == 3


def test_what_waits_is_exact_between_two_counts(app: Flask, unit: Session) -> None:
    campaign = make_campaign(unit)
    add_confirmed(unit, campaign, 4)
    unit.commit()
    assert [one.letters for one in list_waiting(unit)] == [4]
    unit.rollback()
    jobs.run_now("overview.count")
    kept = select(func.sum(WaitingLetters.letters))
    assert unit.scalar(kept) == 4
    assert unit.scalars(select(FiguresDue.id)).all() == []
    assert [one.letters for one in list_waiting(unit)] == [4]
    made = unit.scalars(select(Signature)).first()
    assert made is not None
    made.state = SignatureState.WITHDRAWN
    add_confirmed(unit, campaign, 2)
    unit.flush()
    assert [one.letters for one in list_waiting(unit)] == [5]
    assert unit.scalar(kept) == 4, "nothing was counted meanwhile"


def test_a_statement_past_the_models_is_followed_as_well(unit: Session) -> None:
    campaign = make_campaign(unit)
    add_confirmed(unit, campaign, 4)
    assert _counted(unit, campaign).confirmed == 4
    unit.execute(
        update(Signature).where(Signature.id % 2 == 0).values(state=SignatureState.INVALID)
    )
    assert _counted(unit, campaign).confirmed == 2
    unit.execute(delete(Letter))
    assert _counted(unit, campaign).waiting == 0
    unit.execute(delete(Signature))
    assert _counted(unit, campaign).counts == {}


def test_what_does_not_count_makes_no_work(unit: Session) -> None:
    campaign = make_campaign(unit)
    signed = add_confirmed(unit, campaign, 2)
    _counted(unit, campaign)
    signed[0].reminded_at = db.utcnow()
    signed[1].letters[0].pages = 2
    unit.commit()
    assert unit.scalars(select(FiguresDue)).all() == []


def test_a_wrong_block_heals_and_everything_can_be_counted_from_nothing(unit: Session) -> None:
    campaign = make_campaign(unit)
    add_confirmed(unit, campaign, 3)
    true = dict(_counted(unit, campaign).counts)
    block = unit.scalars(select(FiguresBlock)).one()
    wrong = f'{{"{campaign.id}": {{"state\\tconfirmed\\tonline": 9}}}}'
    block.counts = wrong
    row = unit.get_one(CampaignFigures, campaign.id)
    row.counts = '{"state\\tconfirmed\\tonline": 9}'
    assert dict(_counted(unit, campaign).counts) == true
    unit.get_one(CampaignFigures, campaign.id).counts = '{"state\\tconfirmed\\tonline": 70}'
    unit.commit()
    jobs.run_now("overview.recount")
    unit.expire_all()
    assert dict(refresh.figures_of(unit, campaign)[0].counts) == true
    assert unit.get_one(CampaignFigures, campaign.id).confirmed == 3


def test_days_are_those_of_the_campaigns_time_zone_also_when_it_moves(unit: Session) -> None:
    campaign = make_campaign(unit, timezone="America/Toronto")
    late = datetime(2026, 3, 2, 3, 30, tzinfo=UTC)
    add_confirmed(unit, campaign, 1, signed_at=late, confirmed_at=late)
    assert [day.day for day in _counted(unit, campaign).daily()] == [1]
    campaign.timezone = "Asia/Tokyo"
    assert [day.day for day in _counted(unit, campaign).daily()] == [2]


def test_the_region_that_somebody_typed_is_not_in_the_figures(unit: Session) -> None:
    campaign = make_campaign(unit)
    add_confirmed(unit, campaign, 1, region="12 Hidden Lane")
    assert "Hidden" not in str(_counted(unit, campaign).counts)
    raw = unit.connection().exec_driver_sql("SELECT counts FROM figures_block").scalars().all()
    assert all(b"confirmed" not in bytes(one) for one in raw)


def test_letters_that_expired_stay_counted_when_their_links_are_forgotten(unit: Session) -> None:
    campaign = make_campaign(unit)
    ended = db.utcnow() - timedelta(hours=1)
    for n in range(3):
        unit.add(
            SpentLink(
                token_digest=bytes([n]) * 32,
                campaign_id=campaign.id,
                end=LinkEnd.ERASED if n == 2 else LinkEnd.EXPIRED,
                ended_at=ended,
            )
        )
    unit.commit()
    for _ in range(2):
        jobs.run_now("overview.count-mails")
        unit.expire_all()
        assert unit.get_one(CampaignFigures, campaign.id).expired == 2
        unit.execute(delete(SpentLink))
        unit.commit()


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_what_is_committed_while_others_count_is_not_lost(app: Flask, unit: Session) -> None:
    campaign = make_campaign(unit)
    first, second = add_confirmed(unit, campaign, 2)
    _counted(unit, campaign)
    with db.database().sessions() as slow:
        slow.get_one(Signature, second.id).state = SignatureState.WITHDRAWN
        slow.flush()
        first.state = SignatureState.WITHDRAWN
        assert _counted(unit, campaign).confirmed == 1
        slow.commit()
    assert _counted(unit, campaign).confirmed == 0
