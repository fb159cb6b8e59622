"""Once a day, whatever is no longer needed of people who wrote is erased.

Of a campaign that ended (and whose last letters were handed over) so many months ago: everybody,
but for whom a closed one still has a letter to hand over. Of one that goes on: those whose every
letter was handed over so long ago; that they have signed is still known by a fingerprint, so that
nobody counts twice, until the campaign has ended as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask import current_app
from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from campaign import audit, db, jobs
from campaign.bundles import emptying as bundle_files
from campaign.bundles.models import DeliveryAttempt
from campaign.bundles.print_models import CarriedSignature
from campaign.campaigns import lifecycle
from campaign.campaigns.models import Campaign, CampaignStatus
from campaign.deliveries.covering import gone
from campaign.deliveries.rules import GONE_OUT
from campaign.following.erasing import settle
from campaign.following.forgetting import forget, unlink
from campaign.following.terms import all_is_over, ended_at, months_before
from campaign.paper import scans
from campaign.paper.models import PaperRow, PaperSheet, Scan
from campaign.settings import Settings
from campaign.signing.models import Letter, Origin, Signature, SignatureState

ACTOR = "job:retention.erase"
_BATCH = 500
"""Signatures of one transaction: on SQLite nobody signs while it lasts."""
_LOOKED_AT = timedelta(days=30)
"""After so long an ended campaign is looked through again: sheets may have come late."""


@dataclass(frozen=True, slots=True)
class Due:
    """A campaign of which somebody may have to be erased."""

    campaign_id: int
    over: date
    """What happened on this day or before has had its time."""
    ended: datetime | None
    """When it ended; None: it goes on, or was used too lately."""
    hands_over: bool = True
    """Whether letters that wait may still be handed over: not after a stop."""


@jobs.job("retention.erase", every_minutes=1440)
def erase_what_is_over() -> None:
    """Erase what the settings say that is kept no longer."""
    settings: Settings = current_app.extensions["settings"]
    now = db.utcnow()
    if not settings.retention_months:
        return
    with db.reading() as unit:
        due = list_due(unit, months=settings.retention_months, now=now)
    erased = [_erase(one, now, keep_files=settings.keep_printed_files) for one in due]
    if any(erased):
        settle()


def list_due(unit: Session, *, months: int, now: datetime) -> list[Due]:
    """The campaigns to look through, of which something was handed over or which ended."""
    over = months_before(now.date(), months)
    delivered = (
        select(func.max(DeliveryAttempt.happened_on))
        .where(
            DeliveryAttempt.campaign_id == Campaign.id,
            DeliveryAttempt.outcome.in_(GONE_OUT),
        )
        .scalar_subquery()
    )
    rows = unit.execute(
        select(
            Campaign.id,
            Campaign.status,
            Campaign.closed_at,
            Campaign.stopped_at,
            Campaign.forgotten_at,
            delivered.label("delivered_on"),
        )
        .where(Campaign.status.in_(lifecycle.PUBLIC))
        .order_by(Campaign.id)
    )
    found = []
    for row in rows:
        ended = ended_at(row.status, row.closed_at, row.stopped_at)
        if all_is_over(ended, row.delivered_on, over):
            if row.forgotten_at is None or row.forgotten_at < max(now - _LOOKED_AT, ended or now):
                found.append(Due(row.id, over, ended, row.status is not CampaignStatus.STOPPED))
        elif row.delivered_on is not None:
            found.append(Due(row.id, over, None))
    return found


def count_due(unit: Session, due: Sequence[Due]) -> int:
    """How many signatures these campaigns have that should be erased by now."""
    return sum(
        unit.scalar(select(func.count(Signature.id)).where(*_which(one))) or 0 for one in due
    )


def _erase(due: Due, now: datetime, *, keep_files: bool) -> bool:
    """Erase it batch by batch; one line in the audit tells of all. Whether there was anything."""
    last = signatures = 0
    while True:
        with db.transaction() as unit:
            ids = _next(unit, due, last)
            if ids:
                forget(unit, ids, now)
                if due.ended is not None:
                    unlink(unit, due.campaign_id, ids, now)
        signatures += len(ids)
        if len(ids) < _BATCH:
            break
        last = ids[-1]
    with db.transaction() as unit:
        return _finish(unit, due, now, signatures, keep_files=keep_files)


def _next(unit: Session, due: Due, last: int) -> Sequence[int]:
    return unit.scalars(
        select(Signature.id)
        .where(Signature.id > last, *_which(due))
        .order_by(Signature.id)
        .limit(_BATCH)
        .with_for_update()
    ).all()


def _which(due: Due) -> list[ColumnElement[bool]]:
    """Whose time is over; of an ended campaign also those that were emptied while it went on."""
    mine = Signature.campaign_id == due.campaign_id
    if due.ended is not None:
        again = Signature.forgotten_at <= due.ended
        still = or_(Signature.forgotten_at.is_(None), again)
        whose = [mine, Signature.state != SignatureState.ERASED, still]
        return [*whose, ~_is_awaited()] if due.hands_over else whose
    letter = aliased(Letter)
    delivered = select(DeliveryAttempt.bundle_id).where(
        DeliveryAttempt.campaign_id == due.campaign_id, DeliveryAttempt.happened_on <= due.over
    )
    written = select(Letter.signature_id).where(Letter.bundle_id.in_(delivered))
    out = and_(letter.set_aside.is_(None), gone(letter, until=due.over))
    here = exists().where(letter.signature_id == Signature.id, ~out).correlate(Signature)
    state = Signature.state == SignatureState.CONFIRMED
    return [mine, state, Signature.forgotten_at.is_(None), Signature.id.in_(written), ~here]


def _is_awaited() -> ColumnElement[bool]:
    """Whether something that somebody signed still lies here, to be handed over."""
    letter = aliased(Letter)
    here = exists().where(
        letter.signature_id == Signature.id, letter.set_aside.is_(None), ~gone(letter)
    )
    carried = (
        exists()
        .where(
            CarriedSignature.signature_id == Signature.id,
            DeliveryAttempt.bundle_id == CarriedSignature.bundle_id,
            DeliveryAttempt.outcome.in_(GONE_OUT),
        )
        .correlate(Signature)
    )
    on_sheet = and_(Signature.origin == Origin.PAPER, ~carried)
    known = and_(Signature.state == SignatureState.CONFIRMED, Signature.forgotten_at.is_(None))
    return and_(known, or_(here.correlate(Signature), on_sheet))


def _finish(unit: Session, due: Due, now: datetime, signatures: int, *, keep_files: bool) -> bool:
    """Remove the files in which nobody is to be found any more, and write down what was done."""
    gone_scans = 0
    if due.ended is not None:
        if not _waits_for_hand_over(unit, due):
            gone_scans = _forget_sheets(unit, due.campaign_id)
        unit.execute(
            update(Campaign).where(Campaign.id == due.campaign_id).values(forgotten_at=now)
        )
    emptied = 0
    if not keep_files:
        emptied = bundle_files.empty_forgotten(unit, due.campaign_id, now)
    if not (signatures or gone_scans or emptied):
        return False
    audit.record(
        unit,
        actor=ACTOR,
        action="mailbox.retention",
        subject=f"campaign:{due.campaign_id}",
        signatures=signatures,
        scans=gone_scans,
        bundles=emptied,
    )
    return True


def _waits_for_hand_over(unit: Session, due: Due) -> bool:
    mine = Signature.campaign_id == due.campaign_id
    return due.hands_over and bool(
        unit.scalar(select(Signature.id).where(mine, _is_awaited()).limit(1))
    )


def _forget_sheets(unit: Session, campaign_id: int) -> int:
    """Erase what rows of sheets say that are no signature, and the scans; how many there were."""
    sheets = select(PaperSheet.id).where(PaperSheet.campaign_id == campaign_id)
    unit.execute(
        update(PaperRow)
        .where(PaperRow.sheet_id.in_(sheets))
        .values(details=None, email_hmac=None)
        .execution_options(synchronize_session=False)
    )
    found = unit.scalars(select(Scan).where(Scan.sheet_id.in_(sheets))).all()
    scans.forget_files(unit, *found)
    for scan in found:
        unit.delete(scan)
    unit.flush()
    return len(found)
