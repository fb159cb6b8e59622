"""Figures follow what happens to signatures and letters, and agree with tally and bundles."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from campaign.bundles.freeze.waiting_counts import list_waiting
from campaign.campaigns import public_counts
from campaign.core import db, jobs
from campaign.dashboard import count_figures
from campaign.dashboard.read_figures import Figures
from campaign.models.bundle import WaitingLetters
from campaign.models.campaign import Campaign
from campaign.models.signature import Letter, LinkEnd, Origin, Signature, SignatureState, SpentLink
from campaign.models.statistics import CampaignFigures, FiguresBlock, FiguresDue
from campaign.signing.states import empty_signature
from tests.factories import add_confirmed, freeze_waiting, make_campaign


def _counted(session: Session, campaign: Campaign) -> Figures:
    session.commit()
    jobs.run_now("overview.count")
    session.expire_all()
    return count_figures.figures_of(session, campaign)[0]


@pytest.mark.both_engines
def test_figures_follow_every_change_and_agree_with_tally_and_bundles(
    app: Flask, session: Session
) -> None:
    campaign, other = make_campaign(session), make_campaign(session)
    signed = add_confirmed(session, campaign, 5, region=lambda n: "Québec" if n < 2 else "nowhere")
    add_confirmed(session, other, 3)
    pending = add_confirmed(
        session, campaign, 1, state=SignatureState.PENDING, confirmed_at=None, source="poster"
    )[0]
    figures = _counted(session, campaign)
    assert (figures.confirmed, figures.in_state("pending"), figures.waiting) == (5, 1, 5)
    assert figures.regions("CA") == {"QC": 2, "": 3}
    assert figures.count("own") == sum(bool(signature.own_words) for signature in signed)
    assert _counted(session, other).confirmed == 3

    on_paper = add_confirmed(session, other, 1, origin=Origin.PAPER)
    figures = _counted(session, other)
    assert figures.confirmed == 4
    assert sum(number for _key, number in figures.of("letter").items()) == 3, "a row is no letter"
    session.delete(on_paper[0])

    pending.state, pending.confirmed_at = SignatureState.CONFIRMED, db.utcnow()
    signed[0].state = SignatureState.WITHDRAWN
    empty_signature(signed[1])
    session.delete(signed[2])
    figures = _counted(session, campaign)
    assert figures.confirmed == public_counts.recount(session, campaign) == 3
    assert {state for (state, _), n in figures.of("state").items() if n} == {
        "confirmed",
        "withdrawn",
        "erased",
    }
    assert figures.regions("CA") == {"": 2, "ON": 1}
    assert figures.count("source", "poster") == 1

    assert (
        sum(waiting.letters for waiting in list_waiting(session) if waiting.campaign is campaign)
        == 3
    )
    bundle = freeze_waiting(session, campaign, settings=app.extensions["settings"])
    figures = _counted(session, campaign)
    assert figures.waiting == 0
    assert figures.count("bundle", bundle.id) == figures.letters(campaign.targets[0].id) == 3


def test_what_waits_is_exact_between_two_counts(app: Flask, session: Session) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 4)
    session.commit()
    assert [waiting.letters for waiting in list_waiting(session)] == [4]
    session.rollback()
    jobs.run_now("overview.count")
    kept = select(func.sum(WaitingLetters.letters))
    assert session.scalar(kept) == 4
    assert session.scalars(select(FiguresDue.id)).all() == []
    assert [waiting.letters for waiting in list_waiting(session)] == [4]
    signature = session.scalars(select(Signature)).first()
    assert signature is not None
    signature.state = SignatureState.WITHDRAWN
    add_confirmed(session, campaign, 2)
    session.flush()
    assert [waiting.letters for waiting in list_waiting(session)] == [5]
    assert session.scalar(kept) == 4, "nothing was counted meanwhile"


def test_a_statement_past_the_models_is_followed_as_well(session: Session) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 4)
    assert _counted(session, campaign).confirmed == 4
    session.execute(
        update(Signature).where(Signature.id % 2 == 0).values(state=SignatureState.INVALID)
    )
    assert _counted(session, campaign).confirmed == 2
    session.execute(delete(Letter))
    assert _counted(session, campaign).waiting == 0
    session.execute(delete(Signature))
    assert _counted(session, campaign).counts == {}


def test_what_does_not_count_makes_no_work(session: Session) -> None:
    campaign = make_campaign(session)
    signed = add_confirmed(session, campaign, 2)
    _counted(session, campaign)
    signed[0].reminded_at = db.utcnow()
    signed[1].letters[0].pages = 2
    session.commit()
    assert session.scalars(select(FiguresDue)).all() == []


@pytest.mark.both_engines
def test_a_wrong_block_heals_and_everything_can_be_counted_from_nothing(session: Session) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 3)
    true = dict(_counted(session, campaign).counts)
    block = session.scalars(select(FiguresBlock)).one()
    wrong = f'{{"{campaign.id}": {{"state\\tconfirmed\\tonline": 9}}}}'
    block.counts = wrong
    row = session.get_one(CampaignFigures, campaign.id)
    row.counts = '{"state\\tconfirmed\\tonline": 9}'
    assert dict(_counted(session, campaign).counts) == true
    session.get_one(CampaignFigures, campaign.id).counts = '{"state\\tconfirmed\\tonline": 70}'
    session.commit()
    jobs.run_now("overview.recount")
    session.expire_all()
    assert dict(count_figures.figures_of(session, campaign)[0].counts) == true
    assert session.get_one(CampaignFigures, campaign.id).confirmed == 3


@pytest.mark.both_engines
def test_days_are_those_of_the_campaigns_time_zone_also_when_it_moves(session: Session) -> None:
    campaign = make_campaign(session, timezone="America/Toronto")
    late = datetime(2026, 3, 2, 3, 30, tzinfo=UTC)
    add_confirmed(session, campaign, 1, signed_at=late, confirmed_at=late)
    assert [day.day for day in _counted(session, campaign).daily()] == [1]
    campaign.timezone = "Asia/Tokyo"
    assert [day.day for day in _counted(session, campaign).daily()] == [2]


def test_the_region_that_somebody_typed_is_not_in_the_figures(session: Session) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 1, region="12 Hidden Lane")
    assert "Hidden" not in str(_counted(session, campaign).counts)
    raw = session.connection().exec_driver_sql("SELECT counts FROM figures_block").scalars().all()
    assert all(b"confirmed" not in bytes(counts) for counts in raw)


def test_letters_that_expired_stay_counted_when_their_links_are_forgotten(session: Session) -> None:
    campaign = make_campaign(session)
    ended = db.utcnow() - timedelta(hours=1)
    for n in range(3):
        session.add(
            SpentLink(
                token_digest=bytes([n]) * 32,
                campaign_id=campaign.id,
                end=LinkEnd.ERASED if n == 2 else LinkEnd.EXPIRED,
                ended_at=ended,
            )
        )
    session.commit()
    for _ in range(2):
        jobs.run_now("overview.count-mails")
        session.expire_all()
        assert session.get_one(CampaignFigures, campaign.id).expired == 2
        session.execute(delete(SpentLink))
        session.commit()


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_what_is_committed_while_others_count_is_not_lost(app: Flask, session: Session) -> None:
    campaign = make_campaign(session)
    first, second = add_confirmed(session, campaign, 2)
    _counted(session, campaign)
    with db.database().sessions() as slow:
        slow.get_one(Signature, second.id).state = SignatureState.WITHDRAWN
        slow.flush()
        first.state = SignatureState.WITHDRAWN
        assert _counted(session, campaign).confirmed == 1
        slow.commit()
    assert _counted(session, campaign).confirmed == 0
