"""Letters that were confirmed before a risk flag was set: those that say it are held, in silence.

Each signature tells by which flags it was judged (`Signature.flags_checked`), and no file is
given out that holds a letter which the newest did not see (`refuse_unchecked`): a job that died, or
was never sent for, loses nothing. Letters in bundles are checked too, until all of somebody's are
out of our hands. What is held there goes the way of what was withdrawn
(`bundles/changes/withdrawals.py`).
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session, load_only

from campaign.campaigns.content.risks import newest_flag
from campaign.core import db, jobs
from campaign.core.db.batches import read_each
from campaign.core.errors import Refused
from campaign.models.bundle import Bundle
from campaign.models.campaign import Campaign, Target
from campaign.models.delivery import LetterMove
from campaign.models.revision import RiskFlag
from campaign.models.signature import Letter, Signature, SignatureState
from campaign.screening.gone_letters import is_gone
from campaign.screening.invalidation_job import READ_AT_ONCE, Pace
from campaign.signing.checks.review_decision import find_silent_reasons, is_checked, store_hold
from campaign.signing.states import move_signature

_READ = (
    Signature.campaign_id,
    Signature.state,
    Signature.given_name,
    Signature.family_name,
    Signature.letter_locale,
    Signature.own_words,
    Signature.full_text,
    Signature.flags_checked,
)


def refuse_unchecked(session: Session, campaign: Campaign, *which: ColumnElement[bool]) -> None:
    """Refuse (`letters-unchecked`) where such letters were not searched for the newest flags."""
    query = (
        select(Letter.id)
        .join(Signature, Signature.id == Letter.signature_id)
        .join(Target, Target.id == Letter.target_id)
        .where(*are_confirmed(campaign.id), ~is_checked(campaign.id), *which)
    )
    if campaign.risk_flags and db.has_row(session, query.limit(1)):
        # At once: what is refused is not committed, and the job needs nothing of it.
        jobs.queue().send("screening.check-flags", (campaign.id,))
        raise Refused("letters-unchecked", campaign=campaign.slug)


def refuse_unchecked_in(session: Session, bundle: Bundle) -> None:
    """Refuse as `refuse_unchecked` where letters in its files that are here were not searched."""
    in_it = and_(Letter.bundle_id == bundle.id, Letter.set_aside.is_(None))
    left_it = exists().where(LetterMove.letter_id == Letter.id, LetterMove.bundle_id == bundle.id)
    refuse_unchecked(session, bundle.campaign, or_(in_it, left_it), ~is_gone())


@jobs.job("screening.check-flags")
def check_letters(campaign_id: int) -> None:
    pace, after = Pace(), 0
    with db.reading() as session:
        campaign = session.get(Campaign, campaign_id)
        newest = newest_flag(campaign) if campaign else 0
    while ids := _list_unchecked(campaign_id, after):
        rest: Sequence[int] = ids
        while rest:
            batch, rest = rest[: pace.size], rest[pace.size :]
            with pace.turn() as session:
                _check(session, campaign_id, batch)
        after = ids[-1]
    with db.transaction() as session:
        is_behind = Campaign.flags_checked < newest
        db.update_row(session, Campaign, campaign_id, is_behind, flags_checked=newest)


@jobs.job("screening.resume-flags", every_minutes=5)
def resume() -> None:
    newest = select(func.max(RiskFlag.id)).where(RiskFlag.campaign_id == Campaign.id)
    with db.reading() as session:
        is_behind = Campaign.flags_checked < newest.scalar_subquery()
        ids = session.scalars(select(Campaign.id).where(is_behind)).all()
    for campaign_id in ids:
        check_letters(campaign_id)


def _list_unchecked(campaign_id: int, after: int) -> Sequence[int]:
    unchecked = (*are_confirmed(campaign_id), ~is_checked(campaign_id), _has_letters_here())
    query = select(Signature.id).where(Signature.id > after, *unchecked)
    with db.reading() as session:
        return session.scalars(query.order_by(Signature.id).limit(READ_AT_ONCE)).all()


def _has_letters_here() -> ColumnElement[bool]:
    return Signature.letters.any(or_(Letter.bundle_id.is_(None), ~is_gone()))


def are_confirmed(campaign_id: int) -> tuple[ColumnElement[bool], ...]:
    return (
        Signature.campaign_id == campaign_id,
        Signature.state == SignatureState.CONFIRMED,
        Signature.forgotten_at.is_(None),
    )


def _check(session: Session, campaign_id: int, ids: Sequence[int]) -> None:
    # No flag is set meanwhile, no bundle frozen, no letter changed and no delivery recorded.
    held = select(Campaign).where(Campaign.id == campaign_id).with_for_update(key_share=True)
    newest = newest_flag(session.scalars(held).one())
    here = select(Signature.id).where(Signature.id.in_(ids), _has_letters_here())
    ids, clean = session.scalars(here.order_by(Signature.id)).all(), list[int]()
    now, has_held = db.utcnow(), False
    rows = (
        select(Signature.id, Signature)
        .where(*are_confirmed(campaign_id))
        .order_by(Signature.id)
        .options(load_only(*_READ))
        .with_for_update()
    )
    for signature_id, row in read_each(session, rows, Signature.id, ids):
        signature = row.Signature if row else None
        reasons = find_silent_reasons(signature, after=signature.flags_checked) if signature else []
        if signature is None or not reasons:
            clean.append(signature_id)  # Printing sets aside what does not open.
        else:
            signature.state_before = SignatureState.CONFIRMED
            move_signature(signature, SignatureState.HELD)
            signature.flags_checked, has_held = newest, True
            session.flush()
            store_hold(session, signature, reasons, now)
    db.update_rows(session, Signature, Signature.id.in_(clean), flags_checked=newest)
    if has_held:
        jobs.enqueue(session, "campaigns.count")
