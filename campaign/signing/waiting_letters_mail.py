"""One mail with the links of all letters that wait, where an address has had those of a day.

It goes some minutes after the letter that asked for it, and no more often than every few hours:
nobody can flood a mailbox with it, and nobody can keep a confirmation from coming.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Self, TypedDict

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns.lifecycle import takes_confirmations
from campaign.core import db
from campaign.core.email_addresses import spelling
from campaign.core.settings import current_settings
from campaign.mail.messages import Mail, address_fingerprint, lock_address
from campaign.mail.models import MailState, OutboxMail
from campaign.models.signature import Signature, SignatureState
from campaign.signing.mails import MailName, mail_name
from campaign.signing.signed_links import signed_link

WAITING = "waiting"
"""The kind of link: to one letter, as long as it waits or is there."""
WAIT = timedelta(minutes=15)
APART = timedelta(hours=6)
_MOST = 20
"""Letters in one mail."""


class WaitingLetter(TypedDict):
    writer: MailName
    person_name: str
    person_died: bool
    reference: str
    link: str


class LettersWaiting(Mail, kind="letters-waiting", recheck_only=("email",)):
    """The links of all letters of a mailbox that wait; which, is known when it goes out."""

    email: str
    letters: list[WaitingLetter]
    days: int

    def recheck(self, session: Session) -> Self | None:
        """List every letter that can be confirmed now; None where none waits any more."""
        signatures = session.scalars(
            select(Signature)
            .where(
                Signature.email_hmac == address_fingerprint(self.email),
                Signature.token_expires_at > db.utcnow(),
                # Who is invalid is told nothing of it: the mail comes as it would have.
                Signature.state.in_((SignatureState.PENDING, SignatureState.INVALID)),
            )
            .order_by(Signature.id.desc())
        )
        letters = [
            _describe(signature)
            for signature in signatures
            if _can_be_confirmed(signature, self.email)
        ]
        return replace(self, letters=letters[:_MOST]) if letters else None


def _can_be_confirmed(signature: Signature, email: str) -> bool:
    campaign = signature.campaign
    return (
        signature.shown_state is SignatureState.PENDING
        and spelling(signature.email) == spelling(email)
        and takes_confirmations(campaign.status, campaign.act_by, campaign.closed_at)
    )


def _describe(signature: Signature) -> WaitingLetter:
    base = f"{current_settings().base_url.rstrip('/')}/{signature.locale}"
    return {
        "writer": mail_name(signature.given_name),
        "person_name": signature.campaign.person_name,
        "person_died": signature.campaign.person_died,
        "reference": signature.campaign.reference,
        "link": f"{base}/letter/{signed_link(WAITING, signature.public_id)}",
    }


def queue_waiting(session: Session, *, to: str, locale: str, now: datetime) -> None:
    """Have a link mailed later with others, for a letter whose own mail does not go out."""
    fingerprint = address_fingerprint(to)
    lock_address(session, fingerprint)
    sent = session.execute(
        select(OutboxMail.state, OutboxMail.recipient, OutboxMail.due_at).where(
            OutboxMail.recipient_hmac == fingerprint,
            OutboxMail.kind == LettersWaiting.kind,
            OutboxMail.due_at > now - APART,
        )
    ).all()
    if any(
        state is MailState.WAITING and spelling(recipient or "") == spelling(to)
        for state, recipient, _ in sent
    ):
        return
    # Those of other spellings that wait, and that anybody can have made, put this one off no more
    # than one that went out just now.
    due = max([now + WAIT, *(min(due_at, now) + APART for _, _, due_at in sent)])
    mail = LettersWaiting(email=to, letters=[], days=current_settings().confirm_days)
    mail.send(session, to=to, locale=locale, due_at=due)
