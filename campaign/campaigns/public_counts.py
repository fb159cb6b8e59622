"""How many people have written, counted apart from signing.

A letter held without a word to its writer counts as its writer is shown (docs/adr/0021). Signing
never updates a campaign's row, or many would wait for each other: a job counts once a minute.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from flask import has_app_context
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Mapped, Session

from campaign.campaigns import lifecycle
from campaign.core import db, jobs
from campaign.core.settings import current_settings
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.signature import Origin, Signature, SignatureState
from campaign.models.statistics import CampaignTally

HELD_IN_SILENCE = (Signature.state == SignatureState.HELD) & (
    Signature.state_before == SignatureState.CONFIRMED
)
Counts = tuple[int, int, int]
"""Who signed; of these, who also sent their letter themselves; and who signed on paper."""
_STILL_COUNTED = timedelta(days=30)
"""After closing, late confirmations still move the number; later it stands, erased or not."""


@jobs.job("campaigns.count", every_minutes=1)
def count_signatures() -> None:
    """Write the numbers that changed, and of all when they were counted.

    Whoever was confirmed before that moment is in the number, also where another withdrew and it
    stayed the same: `signing/confirm_letter.py:count_for` would count them twice.
    """
    now = db.utcnow()
    with db.reading() as session:
        written = _find_written(session, now)
        true = dict.fromkeys(written, (0, 0, 0)) | _count(session, list(written))
    if written:
        with db.transaction() as session:
            for campaign_id, counts in true.items():
                if counts != written[campaign_id]:
                    _write(session, campaign_id, counts, now)
            db.update_rows(
                session, CampaignTally, CampaignTally.campaign_id.in_(written), counted_at=now
            )


def recount(session: Session, campaign: Campaign) -> int:
    """Count one campaign now, also one that ended long ago; gives the number."""
    counts = (0, 0, 0)
    if not lifecycle.is_rehearsal(campaign.status):
        counts = _count(session, [campaign.id]).get(campaign.id, (0, 0, 0))
    _write(session, campaign.id, counts, db.utcnow())
    return counts[0]


def count_of(session: Session, campaign: Campaign) -> int:
    return counts_of(session, [campaign])[campaign.id]


def in_steps(count: int) -> int:
    """Return a number as the public sees it: it moves in steps of `public_count_step`."""
    return count - count % (first_step() or 1)


def first_step() -> int:
    """The least number above none that the public sees; 0 where it sees each."""
    step = current_settings().public_count_step if has_app_context() else 1
    return step if step > 1 else 0


def counted_publicly() -> ColumnElement[bool]:
    """Whether a signature is in the public number, for a query on signatures.

    Whoever is told of signatures is told of these: of others a held letter would give itself away.
    """
    return or_(db.unindexed(Signature.state) == SignatureState.CONFIRMED, HELD_IN_SILENCE)


def is_counted_publicly(signature: Signature) -> bool:
    is_shown = signature.shown_state is SignatureState.CONFIRMED
    return is_shown and signature.state is not SignatureState.INVALID


def counts_of(session: Session, campaigns: Iterable[Campaign]) -> dict[int, int]:
    """The same for several, by the campaign's id; those never counted have 0."""
    ids = [campaign.id for campaign in campaigns]
    tallies = select(CampaignTally.campaign_id, CampaignTally.confirmed)
    rows = session.execute(tallies.where(CampaignTally.campaign_id.in_(ids)))
    return dict.fromkeys(ids, 0) | dict(rows.all())


def last_count(session: Session, campaign: Campaign) -> tuple[datetime | None, int]:
    """When who signed was counted last, and how many they were; None: it was done just now."""
    tally = session.get(CampaignTally, campaign.id)
    if tally is not None:
        return tally.counted_at, tally.confirmed
    return None, _count(session, [campaign.id]).get(campaign.id, (0, 0, 0))[0]


def count_sent_by_self(session: Session, campaign: Campaign) -> int:
    return _find_tallied(session, campaign, CampaignTally.sent_by_self)


def count_on_paper(session: Session, campaign: Campaign) -> int:
    return _find_tallied(session, campaign, CampaignTally.on_paper)


def _find_tallied(session: Session, campaign: Campaign, column: Mapped[int]) -> int:
    return session.scalar(select(column).where(CampaignTally.campaign_id == campaign.id)) or 0


def add_on_paper(session: Session, campaign: Campaign, people: int, on_paper: int) -> None:
    """Count a sheet that came late; while the campaign is counted, the job does so."""
    now = db.utcnow()
    is_recent = campaign.closed_at is not None and campaign.closed_at > now - _STILL_COUNTED
    if campaign.status is CampaignStatus.OPEN or is_recent:
        return
    db.update_rows(
        session,
        CampaignTally,
        CampaignTally.campaign_id == campaign.id,
        confirmed=CampaignTally.confirmed + people,
        on_paper=CampaignTally.on_paper + on_paper,
        counted_at=now,
    )


def _find_written(session: Session, now: datetime) -> dict[int, tuple[int | None, ...]]:
    """What the tally says of the campaigns that are counted; nothing of those it does not have."""
    rows = session.execute(
        select(
            Campaign.id, CampaignTally.confirmed, CampaignTally.sent_by_self, CampaignTally.on_paper
        )
        .outerjoin(CampaignTally, CampaignTally.campaign_id == Campaign.id)
        .where(
            # Before it opens there are rehearsal letters only, and those are never counted.
            Campaign.status.in_(lifecycle.PUBLIC),
            or_(
                Campaign.status == CampaignStatus.OPEN,
                Campaign.closed_at > now - _STILL_COUNTED,
                CampaignTally.campaign_id.is_(None),
            ),
        )
    )
    return {campaign_id: tuple(counts) for campaign_id, *counts in rows}


def _count(session: Session, ids: list[int]) -> dict[int, Counts]:
    number = func.count()
    query = (
        select(Signature.campaign_id, number)
        .where(Signature.campaign_id.in_(ids), Signature.state == SignatureState.CONFIRMED)
        .group_by(Signature.campaign_id)
    )
    # Each count has an index of its own; together they would read every row.
    confirmed = Counter(dict(session.execute(query).all()))
    sent = Counter(dict(session.execute(query.where(Signature.sent_by_self_at.is_not(None))).all()))
    elsewhere = query.add_columns(Signature.origin).where(Signature.origin != Origin.ONLINE)
    paper = {
        campaign_id: count
        for campaign_id, count, origin in session.execute(elsewhere.group_by(Signature.origin))
        if origin is Origin.PAPER
    }
    silent = session.execute(
        select(Signature.campaign_id, number, func.count(Signature.sent_by_self_at))
        .where(Signature.campaign_id.in_(ids), HELD_IN_SILENCE)
        .group_by(Signature.campaign_id)
    )
    for campaign_id, count, sending in silent:
        confirmed[campaign_id] += count
        sent[campaign_id] += sending
    return {
        campaign_id: (count, sent[campaign_id], paper.get(campaign_id, 0))
        for campaign_id, count in confirmed.items()
    }


def _write(session: Session, campaign_id: int, counts: Counts, now: datetime) -> None:
    names = ("confirmed", "sent_by_self", "on_paper")
    values = dict(zip(names, counts, strict=True)) | {"counted_at": now}
    session.execute(
        db.insert_into(session, CampaignTally)
        .values(campaign_id=campaign_id, **values)
        .on_conflict_do_update(index_elements=[CampaignTally.campaign_id], set_=values)
    )
