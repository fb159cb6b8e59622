"""The mails of signing.

None holds a word that the signer typed: anybody can sign with any address, and nobody may send
texts of their own through us.
"""

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from campaign.mail.messages import Context, message
from campaign.signing import tokens
from campaign.signing.models import Signature, SignatureState


def still_unconfirmed(unit: Session, context: Context) -> Context | None:
    """A mail that waits, unless its letter was confirmed, taken back or got a newer link since."""
    digest = tokens.digest_of(str(context["link"]).rpartition("/")[2])
    waits = select(Signature.id).where(
        Signature.token_digest == digest,
        # Who is invalid is told nothing of it: the mail comes as it would have.
        or_(
            Signature.state == SignatureState.PENDING,
            Signature.state_before == SignatureState.PENDING,
        ),
    )
    return context if unit.scalar(waits) is not None else None


@message("confirm-letter", recheck=still_unconfirmed)
def send_confirm_letter(
    *,
    person_name: str,
    reference: str,
    link: str,
    case_url: str,
    days: int,
    by_post: bool = False,
) -> Context:
    """The link that leads to the button which confirms a letter."""
    return {
        "person_name": person_name,
        "reference": reference,
        "link": link,
        "case_url": case_url,
        "days": days,
        "by_post": by_post,
    }


@message("already-signed")
def send_already_signed(
    *, person_name: str, reference: str, case_url: str, letters_url: str, mailbox_full: bool
) -> Context:
    """Tells the owner of a mailbox that it has signed before, and that nothing was changed.

    `letters_url` asks for the link to one's letters: this mail goes to what was typed, which may
    be another's spelling, and opens none itself.
    """
    return {
        "person_name": person_name,
        "reference": reference,
        "case_url": case_url,
        "letters_url": letters_url,
        "mailbox_full": mailbox_full,
    }


@message("remind-letter", recheck=still_unconfirmed)
def send_remind_letter(
    *,
    person_name: str,
    reference: str,
    link: str,
    case_url: str,
    days: int,
    by_post: bool = False,
) -> Context:
    """The one reminder of a letter that was not confirmed; its link replaces the first."""
    return {
        "person_name": person_name,
        "reference": reference,
        "link": link,
        "case_url": case_url,
        "days": days,
        "by_post": by_post,
    }
