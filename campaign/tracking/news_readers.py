"""How many would get news of a case by mail: what the desk says beside the box."""

from flask_babel import format_number, gettext, ngettext
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.core import db
from campaign.mail import bad_addresses
from campaign.models.campaign import Campaign
from campaign.models.signature import Signature, SignatureState

MOST = 10_000
"""Mailboxes that are counted: beyond it the number changes no decision, and would take long."""
_SEATS = 3
"""Signatures that one mailbox can have on a campaign: of so many more, enough mailboxes are."""


def count_readers(unit: Session, campaign: Campaign) -> int:
    """Mailboxes that asked for news of the case; `MOST` says that there may be more."""
    wanting = (
        select(Signature.email_hmac)
        .where(
            Signature.campaign_id == campaign.id,
            Signature.state == SignatureState.CONFIRMED,
            Signature.consent_updates_at.is_not(None),
            ~bad_addresses.is_bad(Signature.email_hmac),
        )
        .limit(MOST * _SEATS)
        .subquery()
    )
    found = unit.scalar(select(func.count(wanting.c.email_hmac.distinct()))) or 0
    return min(found, MOST)


def news_readers_in_words(campaign: Campaign) -> str:
    """The same, as the desk says it."""
    people = count_readers(db.session(), campaign)
    if people >= MOST:
        return str(gettext("%(people)s people or more", people=format_number(MOST)))
    words = ngettext("%(people)s person", "%(people)s people", people, people=format_number(people))
    return str(words)
