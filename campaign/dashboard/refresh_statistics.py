"""Keeping the figures true: what changed is counted again, each minute, a block at a time.

Triggers write down in which block of signatures something changed (`figures_due`). A block is
counted anew as a whole, and the sums of the campaigns in it change by the difference: the sums are
those of the blocks, always. Besides, a few of the blocks that were counted longest ago are counted
again each time, so that within a day whatever no trigger saw is mended as well.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from campaign.bundles.freeze.waiting_counts import BLOCK, keep_block
from campaign.core import clock, db, jobs
from campaign.dashboard.campaign_statistics import Counts, Figures, add_counts, from_json, to_json
from campaign.dashboard.count_statistics import count_block
from campaign.models.campaign import Campaign
from campaign.models.signature import Signature, SignatureState
from campaign.models.statistics import CampaignFigures, FiguresBlock, FiguresDue, FiguresRun

_AT_ONCE = 4
"""Blocks of one transaction: on SQLite nobody signs while it lasts, some tenths of a second."""
_MINUTES_A_DAY = 1440
_RECENT = timedelta(days=35)


@jobs.job("overview.count", every_minutes=1)
def count() -> None:
    """Count again what changed, and some of what was counted longest ago."""
    with db.transaction() as session:
        lock_run(session)
        _mark_moved_zones(session)
        _mark_oldest(session)
    while _count_due():
        pass
    with db.transaction() as session:
        lock_run(session).counted_at = db.utcnow()


@jobs.job("overview.recount")
def recount() -> None:
    """Count everything from nothing."""
    with db.transaction() as session:
        lock_run(session)
        last = session.scalar(select(func.max(Signature.id))) or 0
        session.execute(delete(FiguresBlock))
        for row in session.scalars(select(CampaignFigures)):
            _write(row, Counter(), db.utcnow())
        session.add_all(FiguresDue(block=block) for block in range(last // BLOCK + 1))
    count()


def forget_rehearsed(session: Session, campaign: Campaign) -> None:
    """Show no invented letter as waiting: the sums follow with the next count."""
    row = session.get(CampaignFigures, campaign.id)
    if row is not None:
        row.recent = {}
        row.confirmed = row.pending = row.held = row.waiting = 0


def find_run(session: Session) -> FiguresRun | None:
    """Find when was counted last."""
    return session.get(FiguresRun, 1)


def figures_of(session: Session, campaign: Campaign) -> tuple[Figures, CampaignFigures | None]:
    """Return the campaign's figures, and the row that keeps them."""
    row, run = session.get(CampaignFigures, campaign.id), find_run(session)
    counted = run.counted_at if run else None
    since = campaign.opened_at
    rehearsed = since is not None and (counted is None or counted < since)
    return Figures(from_json(row.counts) if row and not rehearsed else Counter()), row


def lock_run(session: Session) -> FiguresRun:
    """Let one worker count at a time: the others wait here."""
    session.execute(db.insert_into(session, FiguresRun).values(id=1).on_conflict_do_nothing())
    return session.get_one(FiguresRun, 1, with_for_update=True, populate_existing=True)


def _mark_moved_zones(session: Session) -> None:
    """Have the days of a campaign that has another time zone now counted anew."""
    moved = session.execute(
        select(Campaign.id, Campaign.timezone)
        .join(CampaignFigures, CampaignFigures.campaign_id == Campaign.id)
        .where(CampaignFigures.timezone != Campaign.timezone)
    ).all()
    for campaign_id, zone in moved:
        first, last = session.execute(
            select(func.min(Signature.id), func.max(Signature.id)).where(
                Signature.campaign_id == campaign_id
            )
        ).one()
        if first is not None:
            blocks = range(first // BLOCK, last // BLOCK + 1)
            session.add_all(FiguresDue(block=block) for block in blocks)
        session.get_one(CampaignFigures, campaign_id).timezone = zone


def _mark_oldest(session: Session) -> None:
    blocks = session.scalar(select(func.count()).select_from(FiguresBlock)) or 0
    oldest = session.scalars(
        select(FiguresBlock.block)
        .order_by(FiguresBlock.counted_at)
        .limit(-(-blocks // _MINUTES_A_DAY))
    )
    session.add_all(FiguresDue(block=block) for block in oldest.all())


def _count_due() -> bool:
    """Count some of the blocks that are due; return whether there were any."""
    with db.transaction() as session:
        lock_run(session)
        due = select(FiguresDue.block).distinct().order_by(FiguresDue.block.desc()).limit(_AT_ONCE)
        blocks = session.scalars(due).all()
        # Before counting: what is changed from here on writes a row of its own.
        session.execute(delete(FiguresDue).where(FiguresDue.block.in_(blocks)))
        now, changes = db.utcnow(), defaultdict[int, Counts](Counter)
        for block in blocks:
            for campaign_id, difference in _count_anew(session, block, now).items():
                changes[campaign_id].update(difference)
        _change_sums(session, changes, now)
    return bool(blocks)


def _count_anew(session: Session, block: int, now: datetime) -> dict[int, Counts]:
    """Count a block and keep it; return what is different now, by campaign."""
    row = session.get(FiguresBlock, block)
    before = _counts_of_json(row.counts) if row else {}
    after = count_block(session, block)
    difference: dict[int, Counts] = {}
    for campaign_id in before.keys() | after.keys():
        change = Counter(after.get(campaign_id, Counter()))
        change.subtract(before.get(campaign_id, Counter()))
        if any(change.values()):
            difference[campaign_id] = change
    if row is None:
        row = FiguresBlock(block=block)
        session.add(row)
    if row.counts is None or difference:
        row.counts = json.dumps(after, ensure_ascii=False)
        keep_block(session, block)
    row.counted_at = now
    return difference


def _change_sums(session: Session, changes: Mapping[int, Counts], now: datetime) -> None:
    campaigns = session.execute(
        select(Campaign.id, Campaign.timezone).where(Campaign.id.in_(list(changes)))
    )
    kept = {
        row.campaign_id: row
        for row in session.scalars(
            select(CampaignFigures).where(CampaignFigures.campaign_id.in_(list(changes)))
        )
    }
    for campaign_id, zone in campaigns:
        row = kept.get(campaign_id)
        if row is None:
            row = CampaignFigures(campaign_id=campaign_id, counts="{}")
            session.add(row)
        row.timezone = zone
        _write(row, add_counts(from_json(row.counts), changes[campaign_id]), now)


def _write(row: CampaignFigures, counts: Counts, now: datetime) -> None:
    figures, since = Figures(counts), clock.day_of(now - _RECENT, row.timezone)
    row.counts = to_json(counts)
    row.recent = {day.isoformat(): n for day, n in figures.daily().items() if day >= since}
    row.confirmed = figures.confirmed
    row.pending = figures.in_state(SignatureState.PENDING)
    row.held = figures.in_state(SignatureState.HELD)
    row.waiting = figures.waiting


def _counts_of_json(text: str) -> dict[int, Counts]:
    return {int(key): Counter(counts) for key, counts in json.loads(text).items()}
