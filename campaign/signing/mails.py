"""The mails of signing.

Anybody can sign with any address, and nobody may send texts of their own through us. Of what was
typed, a mail names the given name alone, and only one that looks like a name. The words of a
letter that was not kept come back to a mailbox that has confirmed one, and to no other.
"""

import unicodedata

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from campaign.mail.messages import Context, message
from campaign.models.signature import Signature, SignatureState
from campaign.signing import signed_links

_NAME_LIMIT = 40
_NAME_WORDS = 4


def mail_name(given_name: str) -> str:
    """The given name as a mail may say it; empty where it could be a text."""
    words = given_name.split()
    if len(given_name) > _NAME_LIMIT or len(words) > _NAME_WORDS:
        return ""
    parts = (part for part in given_name if part not in " .-'\u2019\u200c\u200d")
    return given_name if all(unicodedata.category(one)[0] in "LM" for one in parts) else ""


def still_unconfirmed(session: Session, context: Context) -> Context | None:
    """A mail that waits, unless its letter was confirmed, taken back or got a newer link since."""
    digest = signed_links.digest_of(str(context["link"]).rpartition("/")[2])
    waits = select(Signature.id).where(
        Signature.token_digest == digest,
        # Who is invalid is told nothing of it: the mail comes as it would have.
        or_(
            Signature.state == SignatureState.PENDING,
            Signature.state_before == SignatureState.PENDING,
        ),
    )
    return context if session.scalar(waits) is not None else None


@message("confirm-letter", budget="confirm", recheck=still_unconfirmed)
def send_confirm_letter(
    *, given_name: str, person_name: str, reference: str, link: str, case_url: str, days: int
) -> Context:
    """The link that leads to the button which confirms a letter."""
    return {
        "writer": mail_name(given_name),
        "person_name": person_name,
        "reference": reference,
        "link": link,
        "case_url": case_url,
        "days": days,
    }


@message("already-signed", budget="notice")
def send_already_signed(
    *,
    given_name: str,
    person_name: str,
    reference: str,
    case_url: str,
    letters_url: str,
    why: str,
    own_words: str,
) -> Context:
    """Tells the owner of a mailbox that a letter was not kept, why, and what can be done.

    `letters_url` asks for the link to one's letters: this mail goes to what was typed, which may
    be another's spelling, and opens none itself. `why` is the ruling.
    """
    return {
        "writer": mail_name(given_name),
        "person_name": person_name,
        "reference": reference,
        "case_url": case_url,
        "letters_url": letters_url,
        "why": why,
        "own_words": own_words,
    }


@message("remind-letter", budget="notice", recheck=still_unconfirmed)
def send_remind_letter(
    *, given_name: str, person_name: str, reference: str, link: str, case_url: str, days: int
) -> Context:
    """The one reminder of a letter that was not confirmed; its link replaces the first."""
    return {
        "writer": mail_name(given_name),
        "person_name": person_name,
        "reference": reference,
        "link": link,
        "case_url": case_url,
        "days": days,
    }
