"""News of a case by email: who wants it, and the lasting link that switches it off and on."""

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext, ngettext
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.campaigns.public_counts import counted_publicly
from campaign.core import clock, db
from campaign.core.errors import NotFound
from campaign.core.i18n import say_number
from campaign.core.settings import site_url
from campaign.mail import bad_addresses
from campaign.models.campaign import Campaign
from campaign.models.signature import Signature
from campaign.signing.signed_links import opened_link, signed_link
from campaign.signing.states import LIVE

_KIND = "case-news"


@dataclass(frozen=True, slots=True)
class NewsLink:
    """One signature on one case; who shares its mailbox has a consent, and a link, of their own."""

    signature: Signature | None  # None where nothing is held any more

    @property
    def campaign(self) -> Campaign | None:
        return self.signature.campaign if self.signature else None

    @property
    def is_on(self) -> bool:
        return self.signature is not None and self.signature.consent_updates_at is not None


def unsubscribe_url(signature: Signature) -> str:
    return site_url(f"/news-off/{signed_link(_KIND, signature.public_id)}")


def open_news(session: Session, link: str) -> NewsLink:
    """Return nothing where the signature was erased. Raises NotFound (`news-link`)."""
    public_id = opened_link(_KIND, link)
    if public_id is None:
        raise NotFound("news-link")
    signature = session.scalar(select(Signature).where(Signature.public_id == public_id))
    if signature is None or signature.shown_state not in LIVE:
        return NewsLink(None)
    return NewsLink(signature)


def switch_news(session: Session, signature: Signature | None, *, on: bool, now: datetime) -> None:
    """Switch the news on, from now, or off. Who has it on already keeps the time of consent."""
    if signature is None or signature.shown_state not in LIVE:
        return
    if not on:
        signature.consent_updates_at = None
    elif signature.consent_updates_at is None:
        signature.consent_updates_at = clock.cut_to_day(now, signature.campaign.timezone)
    session.flush()


def is_still_wanted(session: Session, link: str) -> bool:
    """Whether the reader of an email with that link to switch news off wants them, with a letter.

    Of two who share a mailbox one mail speaks to both: it goes as long as one of them wants it.
    """
    public_id = opened_link(_KIND, link.rpartition("/")[2])
    row = session.execute(
        select(Signature.campaign_id, Signature.email_hmac).where(Signature.public_id == public_id)
    ).one_or_none()
    if row is None:
        return False
    wants = select(Signature.id).where(
        Signature.campaign_id == row.campaign_id,
        Signature.email_hmac == row.email_hmac,
        counted_publicly(),
        Signature.consent_updates_at.is_not(None),
    )
    return db.has_row(session, wants)


MOST = 10_000
"""Mailboxes that are counted: beyond it the number changes no decision, and would take long."""
_SEATS = 3
"""Signatures that one mailbox can have on a campaign: of so many more, enough mailboxes are."""


def count_readers(session: Session, campaign: Campaign) -> int:
    """Count mailboxes that asked for news of the case; `MOST`: there may be more."""
    wanting = (
        select(Signature.email_hmac)
        .where(
            Signature.campaign_id == campaign.id,
            counted_publicly(),
            Signature.consent_updates_at.is_not(None),
            ~bad_addresses.is_bad(Signature.email_hmac),
        )
        .limit(MOST * _SEATS)
        .subquery()
    )
    count = session.scalar(select(func.count(wanting.c.email_hmac.distinct()))) or 0
    return min(count, MOST)


def news_readers_in_words(campaign: Campaign) -> str:
    people = count_readers(db.session(), campaign)
    if people >= MOST:
        return gettext("%(people)s people or more", people=say_number(MOST))
    return ngettext("%(people)s person", "%(people)s people", people, people=say_number(people))
