"""The mails of signing.

Anybody can sign with any address, and nobody may send texts of their own through us. Of what was
typed, a mail names the given name alone, and only one that looks like a name. The words of a
letter that was not kept come back to a mailbox that has confirmed one, and to no other.
"""

import unicodedata
from datetime import datetime, timedelta
from typing import NewType, Self

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from campaign.core import clock, i18n
from campaign.core.settings import current_settings
from campaign.mail.messages import Mail
from campaign.models.signature import Signature, SignatureState
from campaign.signing import signed_links

_NAME_LIMIT = 40
_NAME_WORDS = 4
MailName = NewType("MailName", str)
"""A given name that a mail may say; `mail_name` makes it."""


def mail_name(given_name: str) -> MailName:
    """The given name as a mail may say it; empty where it could be a text."""
    words = given_name.split()
    if len(given_name) > _NAME_LIMIT or len(words) > _NAME_WORDS:
        return MailName("")
    parts = (part for part in given_name if part not in " .-'\u2019\u200c\u200d")
    is_name = all(unicodedata.category(part)[0] in "LM" for part in parts)
    return MailName(given_name if is_name else "")


class LetterMail(Mail):
    writer: MailName
    person_name: str
    person_died: bool = False
    reference: str
    case_url: str
    cards: bool = False


def last_day_to_confirm(expires_at: datetime, *, now: datetime, locale: str) -> str:
    """Return the last day on whose evening a link still works, in words."""
    zone = current_settings().timezone
    day = clock.day_of(expires_at, zone) - timedelta(days=1)
    return i18n.say_weekday(max(day, clock.day_of(now, zone)), locale)


class UnconfirmedLetter(LetterMail):
    """The link that leads to the button which confirms a letter, as long as it opens one."""

    link: str
    confirm_by: str = ""
    """`last_day_to_confirm`."""

    def recheck(self, session: Session) -> Self | None:
        """Drop it if the letter was confirmed, taken back or got a newer link since."""
        digest = signed_links.digest_of(self.link.rpartition("/")[2])
        waits = select(Signature.id).where(
            Signature.token_digest == digest,
            # Who is invalid is told nothing of it: the mail comes as it would have.
            or_(
                Signature.state == SignatureState.PENDING,
                Signature.state_before == SignatureState.PENDING,
            ),
        )
        return self if session.scalar(waits) is not None else None


class ConfirmLetter(UnconfirmedLetter, kind="confirm-letter", budget="confirm"):
    """The first mail."""

    days: int
    """After so many, the letter is deleted."""


class RemindLetter(UnconfirmedLetter, kind="remind-letter", budget="notice"):
    """The one reminder of a letter that was not confirmed; its link replaces the first."""


class AlreadySigned(LetterMail, kind="already-signed", budget="notice"):
    """Tells the owner of a mailbox that a letter was not kept, why, and what can be done."""

    letters_url: str
    """Asks for the link to one's letters: this mail goes to what was typed, which may be another's
    spelling, and opens none itself."""
    why: str
    """The ruling."""
    own_words: str
