"""The printing ledger: who prints which volume, what came of it, what kind of failure kept it.

Every function here that changes it is a short transaction of its own, and holds or loses a lease.
"""

import errno
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from campaign.bundles import bundle_status
from campaign.bundles.changes import withdrawals
from campaign.core import db, metrics
from campaign.core.db.leases import LEASE, Lease, LeasedRow
from campaign.core.isolation.worker import WorkProcessStopped
from campaign.models.bundle import Bundle, BundleState, Volume, VolumeState
from campaign.models.signature import Letter
from campaign.models.taken_out import TakenOut
from campaign.printing.print_letters import PrintedLetter, SetAside
from campaign.printing.problems import NO_ROOM, OUT_OF_MEMORY, TOOK_TOO_LONG
from campaign.signing.letter.compose import number_of
from campaign.storage import FilesAway

RETRY_AFTER = timedelta(seconds=30)
"""How long a volume rests after an attempt that failed for the machine's sake."""
AWAY = "storage-away"
FAILED = "tries-used-up"  # whatever else: the log of the worker says what
MOST_TRIES = 5
PATIENT = frozenset({AWAY, NO_ROOM})
"""What passes by itself, or by somebody who makes room: it is waited for, however long."""
_FULL = (errno.ENOSPC, errno.EDQUOT)
_OF_A_RENDER_PROCESS = frozenset({NO_ROOM, OUT_OF_MEMORY, TOOK_TOO_LONG})
VOLUMES = Lease(Volume, held=VolumeState.PRINTING, waiting=(VolumeState.WAITING,))


@dataclass(frozen=True, slots=True)
class VolumeClaim(LeasedRow):
    bundle_id: int
    sequence: int


LetterCodes: TypeAlias = bytes
"""By a name of its own: `bytes` is a field of PrintedVolume."""


@dataclass(frozen=True, slots=True)
class PrintedVolume:
    """What printing a volume gave; no file where every letter was set aside."""

    pages: int = 0
    bytes: int = 0
    sha256: str | None = None
    printed: Sequence[PrintedLetter] = ()
    set_aside: Sequence[SetAside] = ()
    codes: LetterCodes | None = None
    """Of the letters that are printed; none where the bundle has none."""


def claim(volume_id: int) -> VolumeClaim | None:
    """Take the volume, if nobody has it and it is to be printed; None otherwise."""
    place = select(Volume.bundle_id, Volume.sequence).where(Volume.id == volume_id)
    with db.transaction() as session:
        hold = VOLUMES.claim(session, volume_id, _is_wanted(), printed_letters=0)
        if hold is None:
            return None
        return VolumeClaim(volume_id, hold.attempt, *session.execute(place).one())


def claim_next(bundle_id: int) -> VolumeClaim | None:
    """Take the first volume of the bundle that is to be printed; None where there is none."""
    with db.reading() as session:
        ids = list_due(session, bundle_id)
    return next((claimed for volume_id in ids if (claimed := claim(volume_id))), None)


def claim_beside(volume_id: int) -> VolumeClaim | None:
    """Take another volume of this one's bundle; None where there is none to be printed."""
    with db.reading() as session:
        bundle_id = session.scalar(select(Volume.bundle_id).where(Volume.id == volume_id))
    return None if bundle_id is None else claim_next(bundle_id)


def _is_wanted() -> ColumnElement[bool]:
    """Whether a volume may be printed. A stop holds back every bundle at once."""
    printing = Bundle.state == BundleState.PRINTING
    return bundle_status.bundle_may_go_out(Volume.bundle_id, printing)


def list_due(session: Session, bundle_id: int) -> list[int]:
    """List the ids of the bundle's volumes that can be taken now, in order."""
    due = select(Volume.id).where(Volume.bundle_id == bundle_id, VOLUMES.is_due(), _is_wanted())
    return list(session.scalars(due.order_by(Volume.sequence)))


def beat(taken: VolumeClaim, printed_letters: int | None = None) -> bool:
    """Keep the volume for another while, note what is done; False where it is lost or stopped."""
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
    too_long = longest + timedelta(seconds=1)
    with db.transaction() as session:
        return sum(
            db.update_rows(session, table, table.lease_until > too_long, lease_until=longest)
            for table in (Volume, Bundle)
        )


def give_back(taken: VolumeClaim, fault: str | None = None) -> None:
    """Leave the volume to a later attempt; the bundle's page names the `fault` until then."""
    with db.transaction() as session:
        ours = VOLUMES.give_back(session, taken, RETRY_AFTER, state=VolumeState.WAITING)
        if ours and fault:
            _note_fault(session, taken, fault)


def _note_fault(session: Session, taken: VolumeClaim, fault: str | None) -> None:
    """Write nothing where nothing changes: volumes of a bundle are printed side by side."""
    is_new = (Bundle.state == BundleState.PRINTING, Bundle.failure.is_distinct_from(fault))
    db.update_row(session, Bundle, taken.bundle_id, *is_new, failure=fault)


def finish(taken: VolumeClaim, result: PrintedVolume) -> bool:
    """Write down what was printed; False, and nothing written, if it was lost or stopped."""
    with db.transaction() as session:
        volume = session.get(Volume, taken.row_id)
        taken_out = _find_taken_out(session, volume, result) if volume else None
        ours = VOLUMES.finish(
            session,
            taken,
            bundle_status.bundle_may_go_out(Volume.bundle_id),
            state=VolumeState.PRINTED,
            printed_letters=len(result.printed),
            page_count=result.pages,
            byte_count=result.bytes,
            sha256=result.sha256,
            letter_codes=result.codes,
            printed_at=db.utcnow(),
        )
        if ours and volume and taken_out is not None:
            volume.bundle.taken_out = taken_out
        if ours:
            _write_letters(session, result)
            _note_fault(session, taken, None)
    if ours:
        metrics.count_printed(len(result.printed))
    return ours


def _find_taken_out(session: Session, volume: Volume, result: PrintedVolume) -> TakenOut | None:
    """Find what is out of the bundle now; None where this volume changes nothing of it.

    Since it was sent to be made again some were withdrawn, and others found good: it prints these.
    """
    out = [letter for letter in volume.bundle.taken_out.letters if letter.volume == volume.sequence]
    if not volume.sha256 or not (out or result.set_aside):
        return None
    # Before the volume is written: whoever withdraws waits, and others write of this bundle too.
    bundle_status.lock_bundle(session, volume.bundle)
    aside = [int(letter.key) for letter in result.set_aside]
    withdrawn = withdrawals.list_withdrawn_since(session, volume.bundle, aside)
    numbers = select(Letter.sequence).where(
        Letter.id.in_([int(letter.key) for letter in result.printed]),
        Letter.sequence.in_([int(letter.number) for letter in out]),
    )
    printed = [number_of(number or 0) for number in session.scalars(numbers)]
    return volume.bundle.taken_out.minus(printed).plus(*withdrawn)


def _write_letters(session: Session, result: PrintedVolume) -> None:
    printed = [
        {
            "id": int(letter.key),
            "first_page": letter.first_page,
            "pages": letter.pages,
            "set_aside": None,
            "set_aside_detail": None,
        }
        for letter in result.printed
    ]
    ids = [int(letter.key) for letter in result.set_aside]
    names = select(Letter.id, Letter.seal_id).where(Letter.id.in_(ids))
    row_names = dict(session.execute(names).all())
    set_aside = [
        {
            "id": int(letter.key),
            "seal_id": row_names[int(letter.key)],
            "first_page": None,
            "pages": None,
            "set_aside": letter.slug,
            "set_aside_detail": json.dumps(dict(letter.detail), ensure_ascii=False),
        }
        for letter in result.set_aside
    ]
    for rows in (printed, set_aside):
        if rows:
            session.execute(update(Letter), rows)


def all_printed(session: Session, bundle_id: int) -> bool:
    left = select(Volume.id).where(
        Volume.bundle_id == bundle_id, Volume.state != VolumeState.PRINTED
    )
    return not db.has_row(session, left)


def fault_of(problem: BaseException) -> str:
    """The kind, as a slug, as far as somebody can do something about it; else FAILED."""
    for cause in _causes(problem):
        if isinstance(cause, FilesAway):
            return AWAY
        if isinstance(cause, OSError) and cause.errno in _FULL:
            return NO_ROOM
        if isinstance(cause, WorkProcessStopped) and cause.slug in _OF_A_RENDER_PROCESS:
            return cause.slug
    return FAILED


def _causes(problem: BaseException) -> Iterator[BaseException]:
    """The problem, then what brought it about: a workbook wraps what the disk said."""
    cause: BaseException | None = problem
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
