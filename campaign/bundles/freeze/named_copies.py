"""Which offices that receive a copy the letters of a bundle name: those that their writers read."""

from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.core.db.batches import batched, read_each
from campaign.models.signature import ExactTimes, Letter, Signature

_BATCH = 400
_TIMES = (Letter.id, Signature.signed_at, Signature.confirmed_at, Signature.exact_times)


def keep_named_copies(session: Session, bundle_id: int, facts: Frozen) -> Frozen:
    """Return the facts without copies that no letter of the bundle names."""
    spoken = (words for target in facts.targets.values() for words in target.addressing.values())
    if not any(any(words.copied_since) for words in spoken):
        return facts
    ids = session.scalars(select(Letter.id).where(Letter.bundle_id == bundle_id)).all()
    query = select(*_TIMES).join(Signature, Signature.id == Letter.signature_id)
    moments = [
        ExactTimes.of(row.signed_at, row.confirmed_at, row.exact_times).signed_at
        for batch in batched(ids, _BATCH)
        for _letter_id, row in read_each(session, query, Letter.id, batch)
        if row is not None
    ]
    if not moments:
        return facts
    first, last = min(moments), max(moments)
    targets = {}
    for key, target in facts.targets.items():
        addressing = {
            code: words.signed_between(first, last) for code, words in target.addressing.items()
        }
        targets[key] = replace(target, addressing=addressing)
    return replace(facts, targets=targets)
