"""One mail with the links of all letters that wait, where an address has had those of a day.

It goes some minutes after the letter that asked for it, and no more often than every few hours:
nobody can flood a mailbox with it, and nobody can keep a confirmation from coming.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns.lifecycle import takes_confirmations
from campaign.core import db
from campaign.core.email_addresses import spelling
from campaign.core.settings import current_settings
from campaign.mail.messages import Context, address_fingerprint, lock_address, message
from campaign.mail.models import MailState, OutboxMail
from campaign.models.signature import Signature, SignatureState
from campaign.signing.mails import mail_name
from campaign.signing.signed_links import signed_link

WAITING = "waiting"
"""The kind of link: to one letter, as long as it waits or is there."""
WAIT = timedelta(minutes=15)
APART = timedelta(hours=6)
_MOST = 20
"""Letters in one mail."""
_KIND = "letters-waiting"


def list_waiting(session: Session, context: Context) -> Context | None:
    """Every letter of the mailbox that can be confirmed now; None where none waits any more."""
    email, now = str(context["email"]), db.utcnow()
    rows = session.scalars(
        select(Signature)
        .where(
            Signature.email_hmac == address_fingerprint(email),
            Signature.token_expires_at > now,
            # Who is invalid is told nothing of it: the mail comes as it would have.
            Signature.state.in_((SignatureState.PENDING, SignatureState.INVALID)),
        )
        .order_by(Signature.id.desc())
    )
    found = [_told(row) for row in rows if _can_be_confirmed(row, email)][:_MOST]
    return context | {"letters": found} if found else None


def _can_be_confirmed(row: Signature, email: str) -> bool:
    campaign = row.campaign
    return (
        row.shown_state is SignatureState.PENDING
        and spelling(row.email) == spelling(email)
        and takes_confirmations(campaign.status, campaign.act_by, campaign.closed_at)
    )


def _told(row: Signature) -> dict[str, Any]:
    base = f"{current_settings().base_url.rstrip('/')}/{row.locale}"
    return {
        "writer": mail_name(row.given_name),
        "person_name": row.campaign.person_name,
        "reference": row.campaign.reference,
        "link": f"{base}/letter/{signed_link(WAITING, row.public_id)}",
    }


@message(_KIND, limited=False, recheck=list_waiting)
def send_letters_waiting(*, email: str, letters: list[dict[str, Any]], days: int) -> Context:
    """The links of all letters of a mailbox that wait; which, is known when it goes out."""
    return {"email": email, "letters": letters, "days": days}


def queue_waiting(session: Session, *, to: str, locale: str, now: datetime) -> None:
    """Have a link mailed later with others, for a letter whose own mail does not go out."""
    fingerprint = address_fingerprint(to)
    lock_address(session, fingerprint)
    had = session.execute(
        select(OutboxMail.state, OutboxMail.recipient, OutboxMail.due_at).where(
            OutboxMail.recipient_hmac == fingerprint,
            OutboxMail.kind == _KIND,
            OutboxMail.due_at > now - APART,
        )
    ).all()
    if any(
        state is MailState.WAITING and spelling(recipient or "") == spelling(to)
        for state, recipient, _ in had
    ):
        return
    # Those of other spellings that wait, and that anybody can have made, put this one off no more
    # than one that went out just now.
    due = max([now + WAIT, *(min(due_at, now) + APART for _, _, due_at in had)])
    days = current_settings().confirm_days
    send_letters_waiting(session, to=to, locale=locale, due_at=due, email=to, letters=[], days=days)
