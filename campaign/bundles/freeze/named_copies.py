"""Which offices that receive a copy the letters of a bundle name: those that their writers read."""

from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.campaigns.content.rewritten_letters import read_signing_times
from campaign.models.signature import Letter


def keep_named_copies(session: Session, bundle_id: int, facts: Frozen) -> Frozen:
    """Return the facts without copies that no letter of the bundle names."""
    spoken = (words for target in facts.targets.values() for words in target.addressing.values())
    if not any(any(words.copied_since) for words in spoken):
        return facts
    ids = session.scalars(select(Letter.id).where(Letter.bundle_id == bundle_id)).all()
    moments = set(read_signing_times(session, ids))
    if not moments:
        return facts
    targets = {}
    for key, target in facts.targets.items():
        addressing = {code: words.signed_at(*moments) for code, words in target.addressing.items()}
        targets[key] = replace(target, addressing=addressing)
    return replace(facts, targets=targets)
