"""Invented people sign a campaign that has not opened, so that its team can rehearse."""

import structlog
from sqlalchemy import func, select

from campaign.campaigns import rehearsal
from campaign.core import db, jobs
from campaign.core.errors import DomainError
from campaign.demo.synthesis import synthesise
from campaign.models.campaign import Campaign
from campaign.models.signature import Signature, SignatureState
from campaign.signing.checks import review_decision

log = structlog.get_logger()

_OWN_WORDS = 0.5
"""Of a rehearsal, half the letters have own words: these are what is looked at."""


@jobs.job("demo.rehearse")
def rehearse(campaign_id: int, number: int) -> None:
    """Have `number` invented people sign, or as many as the rehearsal has room for."""
    with db.reading() as session:
        campaign = session.get_one(Campaign, campaign_id)
        slug, locales = campaign.slug, list(campaign.letter_locales)
        mine = select(func.count(Signature.id)).where(Signature.campaign_id == campaign_id)
        room = rehearsal.MOST_SIGNATURES - (session.scalar(mine) or 0)
        newest = session.scalar(select(func.max(Signature.id))) or 0
    count = min(number, room)
    if count <= 0:
        return
    try:
        synthesise(slug, signatures=count, own_words=_OWN_WORDS, locales=locales)
    except DomainError as problem:
        # It has opened meanwhile, or lacks a letter: there is nobody to tell but the log.
        log.warning("rehearsal not made", campaign=campaign_id, reason=problem.slug)
        return
    _screen(campaign_id, after=newest)


def _screen(campaign_id: int, *, after: int) -> None:
    """Hold what the campaign's rules hold, as if each letter had been confirmed by a mail.

    One behind the other: the first of a campaign, and what many have written, are known only by
    those that came before. Letters of an earlier run stay as they were decided about.
    """
    with db.transaction() as session:
        campaign = session.get_one(Campaign, campaign_id)
        try:
            rehearsal.hold(session, campaign)
        except DomainError:
            return
        confirmed = select(Signature).where(
            Signature.campaign_id == campaign_id,
            Signature.state == SignatureState.CONFIRMED,
            Signature.id > after,
        )
        invented = session.scalars(confirmed.order_by(Signature.id)).all()
        for signature in invented:
            signature.state = SignatureState.PENDING
        session.flush()
        for signature in invented:
            signature.state = SignatureState.CONFIRMED
            review_decision.judge_changed(session, signature, db.utcnow())
