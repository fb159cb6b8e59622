"""The printing ledger: who prints which volume, and what came of it.

Every function here that changes it is a short transaction of its own, and holds or loses a lease.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, select, update
from sqlalchemy.orm import Session

from campaign.bundles import bundle_status
from campaign.campaigns.stop_rule import may_go_out_sql
from campaign.core import db
from campaign.core.db.leases import LEASE, Lease, LeasedRow
from campaign.models.bundle import Bundle, BundleState, Volume, VolumeState
from campaign.models.campaign import Campaign
from campaign.models.signature import Letter

RETRY_AFTER = timedelta(seconds=30)
"""How long a volume rests after an attempt that failed for the machine's sake."""
VOLUMES = Lease(Volume, held=VolumeState.PRINTING, waiting=(VolumeState.WAITING,))


@dataclass(frozen=True, slots=True)
class Claim(LeasedRow):
    """A volume that is ours."""

    bundle_id: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a letter stands in its volume's PDF."""

    letter_id: int
    first_page: int
    pages: int


@dataclass(frozen=True, slots=True)
class UnprintedLetter:
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
    set_aside: tuple[UnprintedLetter, ...]


def claim(volume_id: int) -> Claim | None:
    """Take the volume, if nobody has it and it is to be printed; None otherwise."""
    place = select(Volume.bundle_id, Volume.sequence).where(Volume.id == volume_id)
    with db.transaction() as session:
        hold = VOLUMES.claim(session, volume_id, _is_wanted(), printed_letters=0)
        if hold is None:
            return None
        return Claim(volume_id, hold.attempt, *session.execute(place).one())


def claim_next(bundle_id: int) -> Claim | None:
    """Take the first volume of the bundle that is to be printed; None where there is none."""
    with db.reading() as session:
        ids = list_due(session, bundle_id)
    return next((claimed for volume_id in ids if (claimed := claim(volume_id))), None)


def claim_beside(volume_id: int) -> Claim | None:
    """Take another volume of this one's bundle; None where there is none to be printed."""
    with db.reading() as session:
        bundle_id = session.scalar(select(Volume.bundle_id).where(Volume.id == volume_id))
    return None if bundle_id is None else claim_next(bundle_id)


def _is_wanted() -> ColumnElement[bool]:
    """Whether a volume may be printed. A stop holds back every bundle at once."""
    live = (
        select(Bundle.id)
        .join(Campaign, Campaign.id == Bundle.campaign_id)
        .where(Bundle.state == BundleState.PRINTING, may_go_out_sql())
    )
    return Volume.bundle_id.in_(live)


def list_due(session: Session, bundle_id: int) -> list[int]:
    """List the ids of the bundle's volumes that can be taken now, in order."""
    return list(
        session.scalars(
            select(Volume.id)
            .where(Volume.bundle_id == bundle_id, VOLUMES.is_due(), _is_wanted())
            .order_by(Volume.sequence)
        )
    )


def beat(taken: Claim, printed_letters: int | None = None) -> bool:
    """Keep the volume for another while; note how many of its letters are done.

    False where it is lost, or its campaign was stopped meanwhile: nothing more is to be printed.
    """
    values = {} if printed_letters is None else {"printed_letters": printed_letters}
    with db.transaction() as session:
        return VOLUMES.beat(
            session, taken, bundle_status.bundle_may_go_out(Volume.bundle_id), **values
        )


def shorten_leases() -> int:
    """Bring leases that lie too far ahead back to the longest there is; gives how many.

    Only a clock that was set back makes one. A worker that lives extends its lease meanwhile, so
    that it keeps what it has; one that is dead holds it no longer than any other.
    """
    longest = db.utcnow() + LEASE
    count = 0
    with db.transaction() as session:
        for table in (Volume, Bundle):
            done = session.execute(
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
    with db.transaction() as session:
        ours = VOLUMES.give_back(session, taken, RETRY_AFTER, state=VolumeState.WAITING)
        if ours and fault:
            _note_fault(session, taken, fault)


def _note_fault(session: Session, taken: Claim, fault: str | None) -> None:
    """Write nothing where nothing changes: volumes of a bundle are printed side by side."""
    session.execute(
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
    with db.transaction() as session:
        ours = VOLUMES.finish(
            session,
            taken,
            bundle_status.bundle_may_go_out(Volume.bundle_id),
            state=VolumeState.PRINTED,
            printed_letters=len(outcome.printed),
            page_count=outcome.pages,
            byte_count=outcome.bytes,
            sha256=outcome.sha256,
            printed_at=db.utcnow(),
        )
        if ours:
            _write_letters(session, outcome)
            _note_fault(session, taken, None)
    return ours


def _write_letters(session: Session, outcome: Outcome) -> None:
    printed: list[dict[str, object]] = [
        {
            "id": letter.letter_id,
            "first_page": letter.first_page,
            "pages": letter.pages,
            "set_aside": None,
            "set_aside_detail": None,
        }
        for letter in outcome.printed
    ]
    ids = [letter.letter_id for letter in outcome.set_aside]
    names = select(Letter.id, Letter.seal_id).where(Letter.id.in_(ids))
    row_names = {row.id: row.seal_id for row in session.execute(names)}
    set_aside: list[dict[str, object]] = [
        {
            "id": letter.letter_id,
            "seal_id": row_names[letter.letter_id],
            "first_page": None,
            "pages": None,
            "set_aside": letter.slug,
            "set_aside_detail": json.dumps(dict(letter.detail), ensure_ascii=False),
        }
        for letter in outcome.set_aside
    ]
    for rows in (printed, set_aside):
        if rows:
            session.execute(update(Letter), rows)


def all_printed(session: Session, bundle_id: int) -> bool:
    left = select(Volume.id).where(
        Volume.bundle_id == bundle_id, Volume.state != VolumeState.PRINTED
    )
    return session.scalar(left.limit(1)) is None
