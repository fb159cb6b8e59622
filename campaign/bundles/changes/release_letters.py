"""Letters that were frozen and not printed wait again, so that none is lost.

Of a bundle that failed, all. What it had printed is removed; where it was ready before, or holds
letters that another mission refused, it stands as given up and its number stays used. Otherwise
nothing of it was ever given out, and its number is free again. Of a bundle that is ready, those
that were set aside: once their cause is mended, the next bundle prints them. And those that it was
made again without, once their signature is found good again: they stand in no file. What went out
in an earlier print after all waits no more.
"""

from collections.abc import Collection, Iterator
from dataclasses import replace

from sqlalchemy import ColumnElement, String, cast, delete, exists, select
from sqlalchemy.orm import Session

from campaign.bundles import bundle_status
from campaign.bundles.changes import cancel_bundle
from campaign.core import audit, db, jobs
from campaign.core.db.batches import batched
from campaign.core.errors import Refused
from campaign.models.bundle import Bundle, BundleState
from campaign.models.released import ReleasedLetter
from campaign.models.signature import (
    LEFT_OUT,
    TAKEN_OUT,
    WITHDRAWN,
    Letter,
    Signature,
    SignatureState,
)
from campaign.signing.letter.compose import number_of
from campaign.storage import Storage

ACTOR = "job:bundles.restore"
_AT_ONCE = 400  # letters that one statement lets go


def release(session: Session, bundle: Bundle, store: Storage, *, actor: str) -> int:
    """Let a bundle's unprinted letters wait again; gives how many.

    Raises Refused: `not-ready` while it is being printed, `handed-over` where it failed after
    letters of it had gone out.
    """
    bundle_status.lock_bundle(session, bundle)
    if bundle.state not in {BundleState.FAILED, BundleState.READY}:
        raise Refused("not-ready")
    failed = bundle.state is BundleState.FAILED
    if failed:
        bundle_status.refuse_handed_over(session, bundle)
        stays = has_past(session, bundle)
        freed = cancel_bundle.give_up(session, bundle, store, reason="", actor=actor)
    else:
        freed = _let_wait(session, bundle, Letter.set_aside.is_not(None))
    audit.record(session, actor, "bundle.release", bundle, letters=freed, failure=bundle.failure)
    if failed and not stays:
        session.execute(delete(Bundle).where(Bundle.id == bundle.id))
    return freed


def has_past(session: Session, bundle: Bundle) -> bool:
    """Whether something is known of it that must stay: its files were ready, or letters moved."""
    return bundle.ready_at is not None or bundle_status.is_rerouted(session, bundle)


def _let_wait(session: Session, bundle: Bundle, *conditions: ColumnElement[bool]) -> int:
    """Let these letters go, and keep their numbers: the bundle's papers name them."""
    rows = session.execute(
        select(
            Letter.id,
            Letter.sequence,
            Letter.set_aside,
            Letter.first_page,
            Letter.volume_id,
            Letter.pages,
        )
        .where(Letter.bundle_id == bundle.id, *conditions)
        .order_by(Letter.sequence)
    ).all()
    now = db.utcnow().isoformat()
    left = [
        ReleasedLetter(
            number=number_of(row.sequence or 0),
            reason=WITHDRAWN if row.set_aside == LEFT_OUT else row.set_aside or WITHDRAWN,
            letter=row.id,
            at=now,
            page=row.first_page,
            left_out=row.set_aside == LEFT_OUT,
            volume=row.volume_id,
            pages=row.pages,
        )
        for row in rows
    ]
    bundle.released = [*bundle.released, *left]
    for ids in batched([row.id for row in rows], _AT_ONCE):
        here = (Letter.id.in_(ids), Letter.bundle_id == bundle.id)
        cancel_bundle.let_wait(session, bundle.campaign, *here)
    return len(rows)


@jobs.job("bundles.restore", every_minutes=3)
def restore_all() -> None:
    left_out = Bundle.id.in_(select(Letter.bundle_id).where(*_good_again()))
    with db.reading() as session:
        ids = session.scalars(bundle_status.select_ready(left_out)).all()
    for bundle_id in ids:
        with db.transaction() as session:
            restore(session, session.get_one(Bundle, bundle_id), actor=ACTOR)


def restore(session: Session, bundle: Bundle, *, actor: str) -> int:
    """Let letters wait again whose signatures are good again; 0 while it is being made."""
    bundle_status.lock_bundle(session, bundle)
    if bundle.state is not BundleState.READY:
        return 0
    count = _let_wait(session, bundle, *_good_again())
    if count:
        audit.record(session, actor, "bundle.restore", bundle, letters=count)
    return count


def take_back(session: Session, bundle: Bundle, numbers: Collection[str]) -> None:
    """Put letters that still wait into the bundle again: they went out in a print of it after all.

    So for those in a newer bundle of which nothing has gone out: there only their sheets are left.
    They have no proof: their code is no more bound to them. Those released before their volume was
    kept go on waiting, and those that were changed since (`keep_waiting`).
    """
    let_go = {
        entry.letter: entry for entry in bundle.released if entry.number in numbers and entry.volume
    }
    counts = Letter.signature.has(state=SignatureState.CONFIRMED, forgotten_at=None)
    if let_go:
        _leave_newer(session, bundle, Letter.id.in_(let_go), counts)
    waiting = select(Letter.id).where(Letter.id.in_(let_go), Letter.bundle_id.is_(None), counts)
    for letter_id in session.scalars(waiting).all():
        entry = let_go[letter_id]
        place = {
            "bundle_id": bundle.id,
            "volume_id": entry.volume,
            "sequence": int(entry.number),
            "first_page": entry.page,
            "pages": entry.pages,
        }
        if db.update_rows(
            session, Letter, Letter.id == letter_id, Letter.bundle_id.is_(None), **place
        ):
            bundle.released = [other for other in bundle.released if other != entry]
    session.flush()


def _leave_newer(session: Session, bundle: Bundle, *conditions: ColumnElement[bool]) -> None:
    printed = Letter.set_aside.is_(None), Letter.first_page.is_not(None), *conditions
    newer = select(Bundle).where(
        Bundle.campaign_id == bundle.campaign_id,
        Bundle.id != bundle.id,
        Bundle.state == BundleState.READY,
        exists().where(Letter.bundle_id == Bundle.id, *printed).correlate(Bundle),
        ~bundle_status.handed_over(),
    )
    for other in session.scalars(newer).all():
        count = _let_wait(session, other, *printed)
        audit.record(session, ACTOR, "bundle.gone-before", other, letters=count)


def keep_waiting(session: Session, signature: Signature) -> None:
    """Let changed letters wait, whatever print goes out: that has the words of before."""
    letter_ids = {letter.id for letter in signature.letters}
    some_released = cast(Bundle.released, String) != "[]"
    of_campaign = Bundle.campaign_id == signature.campaign_id
    for bundle in session.scalars(select(Bundle).where(of_campaign, some_released)):
        if any(entry.letter in letter_ids for entry in bundle.released):
            bundle.released = [
                replace(entry, volume=None) if entry.letter in letter_ids else entry
                for entry in bundle.released
            ]


def _good_again() -> Iterator[ColumnElement[bool]]:
    """Conditions on letters; by the index of those that are set aside, whose people are few."""
    yield Letter.set_aside.in_(TAKEN_OUT)
    yield exists().where(
        Signature.id == Letter.signature_id,
        Signature.state == SignatureState.CONFIRMED,
        Signature.forgotten_at.is_(None),
    )
