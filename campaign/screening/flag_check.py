"""Letters that were confirmed before a risk flag was set: those that say it are held, in silence.

Each signature tells by which flags it was judged (`Signature.flags_checked`), and freezing takes
only those that the newest saw (`bundles/freeze/select_letters.py`): a job that died, or was never
sent for, loses nothing. Letters in bundles stay there. Of somebody who has one there and says a
flag, the others wait as they are: frozen they are not. Once it leaves its bundle, all are checked.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session, load_only

from campaign.campaigns.content.risks import newest_flag
from campaign.core import db, jobs
from campaign.core.db.batches import read_each
from campaign.models.campaign import Campaign
from campaign.models.revision import RiskFlag
from campaign.models.signature import Letter, Signature, SignatureState
from campaign.screening.invalidation_job import READ_AT_ONCE, Pace
from campaign.signing.checks.review_decision import (
    find_silent_reasons,
    is_checked,
    select_newest_flag,
    store_hold,
)
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
HAS_PRINTED = Signature.letters.any(Letter.bundle_id.is_not(None))
"""Whether a letter of the signature is in a bundle."""


def awaits_check(campaign_id: int) -> ColumnElement[bool]:
    """Whether a signature is still to be checked."""
    return ~is_checked(campaign_id) & ~names_flag(campaign_id)


def names_flag(campaign_id: int | InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """Whether it was checked, says a flag, and stays as it is for a letter that is in a bundle."""
    is_newest = -Signature.flags_checked == select_newest_flag(campaign_id)
    return (Signature.flags_checked < 0) & is_newest & HAS_PRINTED


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
    waits = Signature.letters.any(Letter.bundle_id.is_(None))
    unchecked = (*are_confirmed(campaign_id), awaits_check(campaign_id), waits)
    query = select(Signature.id).where(Signature.id > after, *unchecked)
    with db.reading() as session:
        return session.scalars(query.order_by(Signature.id).limit(READ_AT_ONCE)).all()


def are_confirmed(campaign_id: int) -> tuple[ColumnElement[bool], ...]:
    return (
        Signature.campaign_id == campaign_id,
        Signature.state == SignatureState.CONFIRMED,
        Signature.forgotten_at.is_(None),
    )


def _check(session: Session, campaign_id: int, ids: Sequence[int]) -> None:
    # No flag is set meanwhile, no bundle frozen and no letter changed.
    held = select(Campaign).where(Campaign.id == campaign_id).with_for_update(key_share=True)
    newest = newest_flag(session.scalars(held).one())
    in_bundles = select(Signature.id).where(Signature.id.in_(ids), HAS_PRINTED)
    printed, clean = set(session.scalars(in_bundles)), list[int]()
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
        elif signature_id in printed:
            signature.flags_checked = -newest
        else:
            signature.state_before = SignatureState.CONFIRMED
            move_signature(signature, SignatureState.HELD)
            signature.flags_checked, has_held = newest, True
            session.flush()
            store_hold(session, signature, reasons, now)
    db.update_rows(session, Signature, Signature.id.in_(clean), flags_checked=newest)
    if has_held:
        jobs.enqueue(session, "campaigns.count")
