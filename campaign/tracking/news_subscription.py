"""News of a case by email: who wants it, and the lasting link that switches it off and on.

One email goes to a mailbox and speaks to all who share it; so does its link.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext, ngettext
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, object_session

from campaign.campaigns.public_counts import counted_publicly
from campaign.core import clock, db, i18n
from campaign.core.errors import NotFound
from campaign.core.i18n import say_number
from campaign.core.sealing import log_wrong_key
from campaign.core.settings import site_url
from campaign.core.text.email_addresses import spelling
from campaign.mail import bad_addresses, suppression_list
from campaign.models.campaign import Campaign, UpdateKind
from campaign.models.paper_signature import PaperRow
from campaign.models.signature import Origin, Signature, SignatureState
from campaign.paper_signatures.check_row import Details
from campaign.signing.consents import note_news_words
from campaign.signing.mails import MailName, mail_name
from campaign.signing.signed_links import opened_link, signed_link
from campaign.signing.states import LIVE

_KIND = "case-news"


@dataclass(frozen=True, slots=True)
class NewsLink:
    """One mailbox on one case: who shares it gets the same emails, and stops them with one link."""

    signature: Signature | None  # to whom the email was; None where nothing is held any more
    writers: list[Signature]  # whose news can be switched

    @property
    def campaign(self) -> Campaign | None:
        return self.signature.campaign if self.signature else None

    @property
    def readers(self) -> list[Signature]:
        return [writer for writer in self.writers if writer.consent_updates_at is not None]


def hears_news(*, of_end: bool = False) -> ColumnElement[bool]:
    """Whether the writer of a signature is told news; of a stop and an outcome, also while held.

    Who was told that their letter is read first, or was asked to change it, would else wait for
    ever. Of a letter that is held or excluded in silence this says what of any other.
    """
    is_held = db.unindexed(Signature.state) == SignatureState.HELD
    return or_(counted_publicly(), is_held) if of_end else counted_publicly()


def gets_news(campaign_id: int, *, of_end: bool = False) -> tuple[ColumnElement[bool], ...]:
    """Whether news of the case is emailed: for who sends it, and who says to how many it goes."""
    return (
        Signature.campaign_id == campaign_id,
        hears_news(of_end=of_end),
        Signature.consent_updates_at.is_not(None),
        *is_reachable(),
    )


def gets_correction(campaign_id: int) -> tuple[ColumnElement[bool], ...]:
    """Whether an earlier email is corrected though its reader, who withdrew, gets no more news."""
    return (
        Signature.campaign_id == campaign_id,
        Signature.state == SignatureState.WITHDRAWN,
        Signature.forgotten_at.is_(None),
        *is_reachable(),
    )


def is_reachable() -> tuple[ColumnElement[bool], ...]:
    return (
        ~bad_addresses.is_bad(Signature.email_hmac),
        ~suppression_list.is_suppressed_sql(Signature.email_hmac),
    )


def unsubscribe_url(signature: Signature) -> str:
    """Return the link; of a row on paper it names the row, which outlives its signature."""
    session, subject = object_session(signature), signature.public_id
    if session is not None and signature.origin is not Origin.ONLINE:
        query = select(PaperRow.public_id).where(PaperRow.signature_id == signature.id)
        if row_id := session.scalar(query):
            subject = signed_link(_of_mailbox(signature), row_id)
    return site_url(f"/news-off/{signed_link(_KIND, subject)}")


def _of_mailbox(signature: Signature) -> str:
    """Name the kind of link that is good for its mailbox alone: a row may be keyed in anew."""
    return f"{_KIND}:{spelling(signature.email)}"


def open_news(session: Session, link: str) -> NewsLink:
    """Return nothing where no signature gets the news by it. Raises NotFound (`news-link`)."""
    subject = opened_link(_KIND, link)
    if subject is None:
        raise NotFound("news-link")
    signature = _find_signature(session, subject)
    if signature is None:
        return NewsLink(None, [])
    # Of others, who has not confirmed was sent no news, and may not be of this mailbox at all.
    confirmed = set(LIVE) - {SignatureState.PENDING}
    return NewsLink(
        signature,
        [
            writer
            for writer in list_sharing(session, signature)
            if writer.shown_state in (LIVE if writer is signature else confirmed)
        ],
    )


def _find_signature(session: Session, subject: str) -> Signature | None:
    """Find whose news the link is about: of a row that doubles, the letter that counts for it.

    Only of the mailbox to which the link was sent: whoever reads its emails opens no other letter.
    """
    row_id, _, proof = subject.partition(".")
    if proof:
        row = session.scalar(select(PaperRow).where(PaperRow.public_id == row_id))
        for signature in (row.signature, row.twin) if row else ():
            if signature is None or signature.is_nobodys:
                continue
            if opened_link(_of_mailbox(signature), subject) is not None:
                return signature
        return None
    signature = session.scalar(select(Signature).where(Signature.public_id == subject))
    if signature is None or not signature.is_nobodys:
        return signature
    # Earlier emails to a row name its signature: what is left of it is its place in a bundle.
    row = session.scalar(select(PaperRow).where(PaperRow.signature_id == signature.id))
    if row is None or row.details is None or row.twin is None or row.twin.is_nobodys:
        return None
    address = Details.of_json(row.details).email
    return row.twin if address and spelling(address) == spelling(row.twin.email) else None


def list_readers(
    session: Session, signature: Signature, *conditions: ColumnElement[bool], of_end: bool = False
) -> list[Signature]:
    """List those of its mailbox who asked for the news: of nobody else does its email speak."""
    wants = Signature.consent_updates_at.is_not(None)
    return list_sharing(session, signature, wants, hears_news(of_end=of_end), *conditions)


def list_sharing(
    session: Session, signature: Signature, *conditions: ColumnElement[bool]
) -> list[Signature]:
    """List those of its case and mailbox; what has another spelling may be another mailbox."""
    query = select(Signature.id).where(
        Signature.campaign_id == signature.campaign_id,
        Signature.email_hmac == signature.email_hmac,
        *conditions,
    )
    own, sharing = spelling(signature.email), []
    for signature_id in session.scalars(query.order_by(Signature.id)).all():
        with log_wrong_key("signature cannot be opened", signature=signature_id):
            other = session.get(Signature, signature_id)
            if other and spelling(other.email) == own:
                sharing.append(other)
    return sharing


def name_readers(given_names: Iterable[str]) -> list[MailName]:
    """Name them all; none where a name may be a text."""
    names = [mail_name(name) for name in given_names if name]
    return list(dict.fromkeys(names)) if all(names) else []


def switch_news(
    session: Session, signature: Signature, *, on: bool, now: datetime, agreed_to: str = ""
) -> None:
    """Switch the news on, from now, or off. Who has it on already keeps the time of consent.

    `agreed_to` is what the page said of them, in its language; it is recorded.
    """
    if signature.shown_state not in LIVE:
        return
    today = clock.cut_to_day(now, signature.campaign.timezone)
    if not on:
        signature.consent_updates_at, signature.news_stopped_at = None, today
    elif signature.consent_updates_at is None:
        signature.consent_updates_at, signature.news_stopped_at = today, None
        if agreed_to:
            note_news_words(session, signature, agreed_to, i18n.locale())
    session.flush()


def is_still_wanted(session: Session, link: str, *, of_end: bool = False) -> bool:
    """Whether the reader of an email with that link to switch news off wants them, with a letter.

    Of two who share a mailbox one mail speaks to both: it goes as long as one of them wants it.
    """
    subject = opened_link(_KIND, link.rpartition("/")[2])
    signature = _find_signature(session, subject) if subject else None
    return signature is not None and bool(list_readers(session, signature, of_end=of_end))


MOST = 4_000
"""Mailboxes that are counted: beyond it the number changes no decision, and would take long."""
_SEATS = 3
"""Signatures that one mailbox can have on a campaign: of so many more, enough mailboxes are."""


def count_readers(session: Session, campaign: Campaign, *, of_end: bool = False) -> int:
    """Count mailboxes to which news of the case goes; `MOST`: there may be more."""
    wanting = (
        select(Signature.email_hmac)
        .where(*gets_news(campaign.id, of_end=of_end))
        .limit(MOST * _SEATS)
        .subquery()
    )
    count = session.scalar(select(func.count(wanting.c.email_hmac.distinct()))) or 0
    return min(count, MOST)


def news_readers_in_words(campaign: Campaign, kind: str | None = None) -> str:
    """Say to how many an update of that kind goes; nothing where to no one."""
    people = count_readers(db.session(), campaign, of_end=kind == UpdateKind.OUTCOME)
    if people >= MOST:
        return gettext("%(people)s people or more", people=say_number(MOST))
    if not people:
        return ""
    return ngettext("%(people)s person", "%(people)s people", people, people=say_number(people))
