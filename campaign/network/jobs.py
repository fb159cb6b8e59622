"""Jobs that members and campaigns set off, and those that find what a lost message left behind."""

from collections.abc import Callable
from datetime import timedelta

import structlog
from sqlalchemy import or_, select

from campaign.core import db, jobs, logs
from campaign.models.campaign import Campaign, Update
from campaign.models.network import MemberState, NetworkMember
from campaign.models.signature import Signature, SignatureState
from campaign.network import mailings, memberships
from campaign.network.send_mailings import send

log = structlog.get_logger()

_SIGNED_LATELY = timedelta(days=10)
"""A letter can be confirmed for seven days; within three more its writer is in the network."""


@jobs.job("network.announce")
def announce(campaign_id: int) -> None:
    """Make the mailing of a campaign that has opened."""
    with db.transaction() as session:
        mailings.announce(session, session.get_one(Campaign, campaign_id), now=db.utcnow())


@jobs.job("network.announce-update")
def announce_update(update_id: int) -> None:
    """Make the mailing of an update."""
    with db.transaction() as session:
        mailings.announce_update(session, session.get_one(Update, update_id), now=db.utcnow())


@jobs.job("network.join-signer")
def join_signer(signature_id: int) -> None:
    """Make a member of a supporter who asked for it with a letter that is now confirmed."""
    with db.transaction() as session:
        signature = session.get(Signature, signature_id, with_for_update={"read": True})
        if signature is None:
            return  # erased meanwhile
        memberships.join_signer(session, signature, now=db.utcnow())


@jobs.job("network.sweep", every_minutes=5)
def sweep() -> None:
    """Take up what was lost: announcements, mailings that stand still, signers who asked."""
    now = db.utcnow()
    with db.transaction() as session:
        mailings.announce_missed(session, now=now)
        waiting = mailings.list_unfinished(session)
    for signature_id in _list_missed_signers():
        _do_anyway(join_signer, signature_id)
    for mailing_id in waiting:
        _do_anyway(send, mailing_id)


def _do_anyway(work: Callable[[int], None], subject: int) -> None:
    """Log what fails: it keeps no other from being taken up."""
    try:
        work(subject)
    except Exception as problem:
        log.error(
            "network work failed",
            work=work.__name__,
            subject=subject,
            problem=type(problem).__name__,
            place=logs.place_of(problem),
        )


@jobs.job("network.forget-unconfirmed", every_minutes=60)
def forget_unconfirmed() -> None:
    """Delete memberships that nobody confirmed."""
    with db.transaction() as session:
        memberships.forget_unconfirmed(session, now=db.utcnow())


def _list_missed_signers() -> list[int]:
    """List those who confirmed by a link; letters that were invented for a rehearsal have none."""
    answered = select(NetworkMember.id).where(
        NetworkMember.email_hmac == Signature.email_hmac,
        or_(
            NetworkMember.state == MemberState.ACTIVE,
            NetworkMember.left_at >= Signature.consent_network_at,
        ),
    )
    missed = select(Signature.id).where(
        Signature.state == SignatureState.CONFIRMED,
        Signature.signed_at > db.utcnow() - _SIGNED_LATELY,
        Signature.consent_network_at.is_not(None),
        Signature.token_digest.is_not(None),
        ~answered.exists(),
    )
    with db.reading() as session:
        return list(session.scalars(missed))
