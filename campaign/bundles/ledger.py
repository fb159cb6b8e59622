"""The printing ledger: who prints which volume, and what came of it.

The database is the ledger, the queue only carries hints. A volume is claimed by a conditional
UPDATE that counts the attempt; what an attempt gives counts only while it is still the last one.
So a worker that dies costs time, and two workers never both finish one volume. Every function
here is a short transaction of its own.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, and_, or_, select, update
from sqlalchemy.orm import Session

from campaign import db
from campaign.bundles.models import Bundle, BundleState, Volume, VolumeState
from campaign.campaigns.models import Campaign, CampaignStatus
from campaign.leases import LEASE
from campaign.signing.models import Letter

RETRY_AFTER = timedelta(seconds=30)
"""How long a volume rests after an attempt that failed for the machine's sake."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A volume that is ours, as long as `attempt` is the last one."""

    volume_id: int
    bundle_id: int
    sequence: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a letter stands in its volume's PDF."""

    letter_id: int
    first_page: int
    pages: int


@dataclass(frozen=True, slots=True)
class Aside:
    """A letter that was not printed: the slug of the reason, and what its wording needs."""

    letter_id: int
    slug: str
    detail: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What printing a volume gave; no file where every letter was set aside."""

    pages: int
    bytes: int
    sha256: str | None
    printed: tuple[Place, ...]
    set_aside: tuple[Aside, ...]


def claim(volume_id: int) -> Claim | None:
    """Take the volume, if nobody has it and it is to be printed; None otherwise."""
    now = db.utcnow()
    with db.transaction() as unit:
        row = unit.execute(
            update(Volume)
            .where(Volume.id == volume_id, due(now))
            .values(
                state=VolumeState.PRINTING,
                attempt=Volume.attempt + 1,
                printed_letters=0,
                lease_until=now + LEASE,
            )
            .returning(Volume.id, Volume.bundle_id, Volume.sequence, Volume.attempt)
            .execution_options(synchronize_session=False)
        ).first()
    return Claim(*row) if row else None


def claim_next(bundle_id: int) -> Claim | None:
    """Take the first volume of the bundle that is to be printed; None where there is none."""
    with db.reading() as unit:
        ids = list_due(unit, bundle_id)
    return next((taken for one in ids if (taken := claim(one))), None)


def claim_beside(volume_id: int) -> Claim | None:
    """Take another volume of this one's bundle; None where there is none to be printed."""
    with db.reading() as unit:
        bundle_id = unit.scalar(select(Volume.bundle_id).where(Volume.id == volume_id))
    return None if bundle_id is None else claim_next(bundle_id)


def due(now: Any) -> ColumnElement[bool]:
    """Which volumes can be taken at this moment. A stop holds back every bundle at once."""
    live = (
        select(Bundle.id)
        .join(Campaign, Campaign.id == Bundle.campaign_id)
        .where(Bundle.state == BundleState.PRINTING, Campaign.status != CampaignStatus.STOPPED)
    )
    return and_(
        Volume.state.in_([VolumeState.WAITING, VolumeState.PRINTING]),
        or_(Volume.lease_until.is_(None), Volume.lease_until < now),
        Volume.bundle_id.in_(live),
    )


def list_due(unit: Session, bundle_id: int) -> list[int]:
    """Ids of the bundle's volumes that can be taken now, in order."""
    return list(
        unit.scalars(
            select(Volume.id)
            .where(Volume.bundle_id == bundle_id, due(db.utcnow()))
            .order_by(Volume.sequence)
        )
    )


def beat(taken: Claim, printed_letters: int | None = None) -> bool:
    """Keep the volume for another while; note how many of its letters are done.

    False where it is lost, or its campaign was stopped meanwhile: nothing more is to be printed.
    """
    values: dict[str, Any] = {"lease_until": db.utcnow() + LEASE}
    if printed_letters is not None:
        values["printed_letters"] = printed_letters
    with db.transaction() as unit:
        return _update_ours(unit, taken, values, unstopped(Volume.bundle_id))


def unstopped(bundle_id: Any) -> ColumnElement[bool]:
    """Whether a bundle's campaign lets anything go out."""
    running = (
        select(Bundle.id)
        .join(Campaign, Campaign.id == Bundle.campaign_id)
        .where(Campaign.status != CampaignStatus.STOPPED)
    )
    return cast("ColumnElement[bool]", bundle_id.in_(running))


def shorten_leases() -> int:
    """Bring leases that lie too far ahead back to the longest there is; gives how many.

    Only a clock that was set back makes one. A worker that lives extends its lease meanwhile, so
    that it keeps what it has; one that is dead holds it no longer than any other.
    """
    longest = db.utcnow() + LEASE
    count = 0
    with db.transaction() as unit:
        for table in (Volume, Bundle):
            done = unit.execute(
                update(table)
                .where(table.lease_until > longest + timedelta(seconds=1))
                .values(lease_until=longest)
                .execution_options(synchronize_session=False)
            )
            count += cast("CursorResult[Any]", done).rowcount
    return count


def give_back(taken: Claim, fault: str | None = None) -> None:
    """Leave the volume to a later attempt: this one failed, for no fault of a letter.

    What the `fault` was is said on the bundle's page until a volume is printed again.
    """
    values = {"state": VolumeState.WAITING, "lease_until": db.utcnow() + RETRY_AFTER}
    with db.transaction() as unit:
        if _update_ours(unit, taken, values) and fault:
            _note_fault(unit, taken, fault)


def _note_fault(unit: Session, taken: Claim, fault: str | None) -> None:
    """Write nothing where nothing changes: volumes of a bundle are printed side by side."""
    unit.execute(
        update(Bundle)
        .where(
            Bundle.id == taken.bundle_id,
            Bundle.state == BundleState.PRINTING,
            Bundle.failure.is_distinct_from(fault),
        )
        .values(failure=fault)
        .execution_options(synchronize_session=False)
    )


def finish(taken: Claim, outcome: Outcome) -> bool:
    """Write down what was printed; False, and nothing written, if the volume was lost meanwhile.

    Or if its campaign was stopped: what is not printed by then is not printed.
    """
    with db.transaction() as unit:
        ours = _update_ours(
            unit,
            taken,
            {
                "state": VolumeState.PRINTED,
                "lease_until": None,
                "printed_letters": len(outcome.printed),
                "page_count": outcome.pages,
                "byte_count": outcome.bytes,
                "sha256": outcome.sha256,
                "printed_at": db.utcnow(),
            },
            unstopped(Volume.bundle_id),
        )
        if ours:
            _write_letters(unit, outcome)
            _note_fault(unit, taken, None)
    return ours


def _write_letters(unit: Session, outcome: Outcome) -> None:
    rows: list[dict[str, Any]] = [
        {
            "id": one.letter_id,
            "first_page": one.first_page,
            "pages": one.pages,
            "set_aside": None,
            "set_aside_detail": None,
        }
        for one in outcome.printed
    ]
    rows += [
        {
            "id": one.letter_id,
            "first_page": None,
            "pages": None,
            "set_aside": one.slug,
            "set_aside_detail": json.dumps(dict(one.detail), ensure_ascii=False),
        }
        for one in outcome.set_aside
    ]
    unit.execute(update(Letter), rows)


def _update_ours(
    unit: Session, taken: Claim, values: dict[str, Any], *conditions: ColumnElement[bool]
) -> bool:
    done = unit.execute(
        update(Volume)
        .where(
            Volume.id == taken.volume_id,
            Volume.attempt == taken.attempt,
            Volume.state == VolumeState.PRINTING,
            *conditions,
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return cast("CursorResult[Any]", done).rowcount == 1


def all_printed(unit: Session, bundle_id: int) -> bool:
    """Whether every volume of the bundle is printed."""
    left = select(Volume.id).where(
        Volume.bundle_id == bundle_id, Volume.state != VolumeState.PRINTED
    )
    return unit.scalar(left.limit(1)) is None
