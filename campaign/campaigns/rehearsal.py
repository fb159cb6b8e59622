"""Rehearsal: what a campaign was signed and bundled with before it opened, and wiping it.

Signatures of a campaign that has not opened are invented, never counted and never mailed. Higher
layers hand in how each removes its own, so that the wipe and the opening are one transaction: no
invented letter is ever in an open campaign.
"""

from collections.abc import Callable, Sequence

from flask import Flask, current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns import lifecycle
from campaign.core import audit, db, jobs
from campaign.core.errors import Refused
from campaign.models.campaign import Campaign
from campaign.models.signature import Signature

MOST_SIGNATURES = 2000
"""So many invented letters a rehearsal holds at most: four volumes show all there is to see."""

Remover = Callable[[Session, Campaign], None]


def init_app(app: Flask, *, removers: Sequence[Remover]) -> None:
    """Take what a wipe calls, in this order: what leans on other rows goes before these."""
    app.extensions["rehearsal_removers"] = removers


def wipe(session: Session, campaign: Campaign) -> None:
    """Remove all of the rehearsal. The caller holds the campaign."""
    removers: Sequence[Remover] = current_app.extensions["rehearsal_removers"]
    for remove in removers:
        remove(session, campaign)
    session.flush()


def has_rehearsal(session: Session, campaign: Campaign) -> bool:
    """Return whether opening it deletes what it was rehearsed with."""
    signed = select(Signature.id).where(Signature.campaign_id == campaign.id)
    return lifecycle.is_rehearsal(campaign.status) and db.has_row(session, signed)


def wipe_by_hand(session: Session, campaign: Campaign, *, actor: str) -> None:
    lock_rehearsal(session, campaign)
    wipe(session, campaign)
    audit.record(session, actor, "campaign.rehearsal-wiped", campaign)


def begin(session: Session, campaign: Campaign, *, actor: str, signatures: int) -> None:
    """Have so many invented people sign. Raises Refused (`rehearsal-over`)."""
    lock_rehearsal(session, campaign)
    number = max(1, min(signatures, MOST_SIGNATURES))
    audit.record(session, actor, "campaign.rehearsal", campaign, signatures=number)
    jobs.enqueue(session, "demo.rehearse", campaign.id, number)


def take_part(session: Session, campaign: Campaign, *, actor: str) -> None:
    """Hold it, for a letter that one of the team signs. Raises Refused (`rehearsal-over`)."""
    lock_rehearsal(session, campaign)
    audit.record(session, actor, "campaign.rehearsal", campaign, signatures=1)


def lock_rehearsal(session: Session, campaign: Campaign) -> None:
    """Keep it from opening until this transaction ends. Raises Refused (`rehearsal-over`)."""
    session.refresh(campaign, with_for_update={"key_share": True})
    if not lifecycle.is_rehearsal(campaign.status):
        raise Refused("rehearsal-over", campaign=campaign.slug)
