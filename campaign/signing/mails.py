"""The mails of signing.

Anybody can sign with any address, and nobody may send texts of their own through us. Of what was
typed, a mail names the given name alone, and only one that looks like a name. The words of a
letter that was not kept come back to a mailbox that has confirmed one, and to no other.
"""

import re
import unicodedata
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NewType, Self, TypedDict

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from campaign.campaigns.content.address_and_salutation import goes_by_post
from campaign.campaigns.lifecycle import takes_confirmations
from campaign.core import clock, db, i18n
from campaign.core.settings import current_settings, site_url
from campaign.core.text.email_addresses import spelling
from campaign.mail.messages import Mail, MailState, OutboxMail, address_fingerprint, lock_address
from campaign.models.campaign import Campaign
from campaign.models.signature import Signature, SignatureState
from campaign.signing import signed_links
from campaign.signing.campaign_terms import SigningPlan
from campaign.signing.checks.review_decision import is_read_first
from campaign.signing.signatures_per_mailbox import is_full
from campaign.signing.signed_links import signed_link

_NAME_LIMIT = 40
_NAME_WORDS = 4
_LIKE_A_DOMAIN = re.compile(r"\.[^\W\d_]{2}")  # email apps make a link of it; "J.R." is none
MailName = NewType("MailName", str)  # A given name that a mail may say; `mail_name` makes it
WAITING = "waiting"  # The kind of link: to one letter, as long as it waits or is there
WAIT = timedelta(minutes=15)
APART = timedelta(hours=6)
_MOST = 20


def mail_name(given_name: str) -> MailName:
    """The given name as a mail may say it; empty where it could be a text."""
    words = given_name.split()
    if (
        len(given_name) > _NAME_LIMIT
        or len(words) > _NAME_WORDS
        or _LIKE_A_DOMAIN.search(given_name)
    ):
        return MailName("")
    parts = (part for part in given_name if part not in " .-'\u2019\u200c\u200d")
    is_name = all(unicodedata.category(part)[0] in "LM" for part in parts)
    return MailName(given_name if is_name else "")


class CaseFacts(TypedDict):
    """What all mails about a case name."""

    person_name: str
    person_died: bool
    reference: str
    cards: bool
    case_url: str


def case_facts(case: Campaign | SigningPlan, locale: str) -> CaseFacts:
    return {
        "person_name": case.name_in(locale),
        "person_died": case.person_died,
        "reference": case.reference,
        "cards": case.cards,
        "case_url": site_url(f"/{locale}/actions/{case.slug}"),
    }


class LetterMail(Mail):
    writer: MailName
    person_name: str
    person_died: bool = False
    reference: str
    case_url: str
    cards: bool = False


def letter_url(locale: str, token: str) -> str:
    return site_url(f"/{locale}/letter/{token}")


def last_day_to_confirm(expires_at: datetime, *, now: datetime, locale: str) -> str:
    zone = current_settings().timezone
    day = clock.day_of(expires_at, zone) - timedelta(days=1)
    return i18n.say_weekday(max(day, clock.day_of(now, zone)), locale)


class UnconfirmedLetter(LetterMail):
    """The link that leads to the button which confirms a letter, as long as it opens one."""

    link: str
    confirm_by: str = ""
    by_post: bool = False  # Whether no letter of the case is handed over
    news: bool = False  # Whether its writer asked for news about the case too
    network: bool = False  # ... and for emails about new actions
    read_first: bool = False  # Whether the page Check said so; known when the mail goes out

    def recheck(self, session: Session) -> Self | None:
        """Drop it if the letter was confirmed, taken back or got a newer link since."""
        digest = signed_links.digest_of(self.link.rpartition("/")[2])
        waits = select(Signature).where(
            Signature.token_digest == digest,
            # Who is invalid is told nothing of it: the mail comes as it would have.
            or_(
                Signature.state == SignatureState.PENDING,
                Signature.state_before == SignatureState.PENDING,
            ),
        )
        signature = session.scalar(waits)
        return replace(self, read_first=is_read_first(session, signature)) if signature else None


class ConfirmLetter(UnconfirmedLetter, kind="confirm-letter", budget="confirm"):
    days: int  # After so many, the letter is deleted
    replaces: bool = False  # Whether the same person's letter waited, and its link opens none now


class RemindLetter(UnconfirmedLetter, kind="remind-letter", budget="notice"):
    """The one reminder of a letter that was not confirmed; its link replaces the first."""


class AlreadySigned(LetterMail, kind="already-signed", budget="notice", as_typed="own_words"):
    letters_url: str
    """Asks for the link to one's letters: this mail goes to what was typed, which may be another's
    spelling, and opens none itself."""
    why: str
    own_words: str
    network_url: str = ""
    news: bool = False  # Whether news about the case was asked for with it, and is not on already
    network: bool = False  # ... and emails about new actions


class WaitingLetter(CaseFacts):
    writer: MailName
    by_post: bool
    read_first: bool
    link: str


class LettersWaiting(Mail, kind="letters-waiting", recheck_only=("email",)):
    """The links of all letters of a mailbox that wait; which, is known when it goes out."""

    email: str
    letters: list[WaitingLetter]
    days: int

    def recheck(self, session: Session) -> Self | None:
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
            _describe(session, signature)
            for signature in signatures
            if _can_be_confirmed(session, signature, self.email)
        ]
        return replace(self, letters=letters[:_MOST]) if letters else None


def _can_be_confirmed(session: Session, signature: Signature, email: str) -> bool:
    campaign = signature.campaign
    return (
        signature.shown_state is SignatureState.PENDING
        and spelling(signature.email) == spelling(email)
        and takes_confirmations(campaign.status, campaign.act_by, campaign.closed_at)
        and not is_full(session, signature)
    )


def _describe(session: Session, signature: Signature) -> WaitingLetter:
    return {
        **case_facts(signature.campaign, signature.locale),
        "writer": mail_name(signature.given_name),
        "by_post": goes_by_post(signature.campaign),
        "read_first": is_read_first(session, signature),
        "link": letter_url(signature.locale, signed_link(WAITING, signature.public_id)),
    }


def queue_waiting(session: Session, *, to: str, locale: str, now: datetime) -> None:
    """Have a link mailed later with others, for a letter whose own mail does not go out.

    One mail every few hours at most: nobody can flood a mailbox with it, and nobody can keep a
    confirmation from coming.
    """
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
