"""Letters whose signature is found good again wait again, where their bundle was made without them.

A bundle that was made again leaves out what an invalidation set aside, and keeps it. Where that is
undone, the letter stands in no file and would go nowhere.
"""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.orm import Session

from campaign.bundles import bundle_status
from campaign.bundles.changes.cancel_bundle import WAITS
from campaign.bundles.volumes.load_letters import WITHDRAWN
from campaign.campaigns.stop_rule import may_go_out_sql
from campaign.core import audit, db, jobs
from campaign.core.db.batches import batched
from campaign.models.bundle import Bundle, BundleState
from campaign.models.campaign import Campaign
from campaign.models.signature import Letter, Signature, SignatureState
from campaign.signing.letter.compose import number_of

ACTOR = "job:bundles.restore"
_AT_ONCE = 400
"""Letters that one statement lets go."""


@jobs.job("bundles.restore", every_minutes=3)
def restore_all() -> None:
    """Let wait again what was left out, of every bundle that is ready and not stopped."""
    with db.reading() as session:
        ids = session.scalars(
            select(Bundle.id)
            .join(Campaign, Campaign.id == Bundle.campaign_id)
            .where(
                Bundle.id.in_(select(Letter.bundle_id).where(*_good_again())),
                Bundle.state == BundleState.READY,
                may_go_out_sql(),
            )
            .order_by(Bundle.id)
        ).all()
    for bundle_id in ids:
        with db.transaction() as session:
            restore(session, session.get_one(Bundle, bundle_id), actor=ACTOR)


def restore(session: Session, bundle: Bundle, *, actor: str) -> int:
    """Let the letters of a bundle wait again whose signatures are good again; how many.

    None of a bundle that is being made: it may still print them. They stay in its total, and its
    papers name them as left out.
    """
    bundle_status.hold(session, bundle)
    if bundle.state is not BundleState.READY:
        return 0
    rows = session.execute(
        select(Letter.id, Letter.sequence)
        .where(Letter.bundle_id == bundle.id, *_good_again())
        .order_by(Letter.sequence)
    ).all()
    if not rows:
        return 0
    left = [{"number": number_of(row.sequence or 0), "reason": WITHDRAWN} for row in rows]
    bundle.released = [*bundle.released, *left]
    for some in batched([row.id for row in rows], _AT_ONCE):
        session.execute(
            update(Letter)
            .where(Letter.id.in_(some), Letter.bundle_id == bundle.id)
            .values(**WAITS)
            .execution_options(synchronize_session=False)
        )
    audit.record(
        session,
        actor=actor,
        action="bundle.restore",
        subject=f"bundle:{bundle.id}",
        letters=len(rows),
    )
    return len(rows)


def _good_again() -> Iterator[ColumnElement[bool]]:
    """Conditions on letters; by the index of those that are set aside, whose people are few."""
    yield Letter.set_aside == WITHDRAWN
    yield exists().where(
        Signature.id == Letter.signature_id,
        Signature.state == SignatureState.CONFIRMED,
        Signature.forgotten_at.is_(None),
    )
