"""From a row of a sheet to the columns of a signature."""

import os
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import force_locale, gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core import db, i18n
from campaign.core.settings import current_settings
from campaign.models.paper_signature import PaperSheet
from campaign.models.signature import Disclosure, Origin, Signature, SignatureState
from campaign.paper_signatures.check_row import Details
from campaign.paper_signatures.duplicates import Fingerprints
from campaign.public.printables import sheet_statement
from campaign.signing.consents import Consents, record_of

PAPER_SEAT = 3
"""One mailbox gets news of a campaign for one row of paper; the seats of online signers stay."""
Columns = dict[str, Any]


def common_columns(session: Session, sheet: PaperSheet) -> Columns:
    """Return what all signatures of a sheet share: signed on its day, confirmed now."""
    campaign, ours = sheet.campaign, i18n.languages()
    locale = campaign.default_locale if campaign.default_locale in ours else ours[0]
    signed = datetime.combine(sheet.collected_on, time(12), ZoneInfo(campaign.timezone))
    return {
        "campaign_id": campaign.id,
        "state": SignatureState.CONFIRMED,
        "origin": sheet.origin,
        "seat": PAPER_SEAT,
        "locale": locale,
        "letter_locale": (campaign.letter_locales or [locale])[0],
        "own_words": "",
        "points": [],
        # What the printed sheet promises: officials see name and town.
        "disclosure": Disclosure.TOWN,
        "consent_wording_id": _wording_id(session, locale),
        "consent_delivery_at": signed,
        "source": "sheet",
        "signed_at": signed,
        "confirmed_at": db.utcnow(),
    }


def own_columns(
    common: Columns, details: Details, prints: Fingerprints, *, gets_email: bool
) -> Columns:
    """Return what is the person's own."""
    consented_at = common["consent_delivery_at"] if gets_email else None
    return {
        "given_name": details.given_name,
        "family_name": details.family_name,
        # An address is kept for news alone; without one the fingerprint is a random one.
        "email": details.email if gets_email else "",
        "email_hmac": prints.email if gets_email else os.urandom(32),
        "person_hmac": prints.person,
        "locality": details.locality,
        "region": details.region,
        "postal_code": details.postal_code,
        "country": details.country,
        "consent_updates_at": consented_at if details.news else None,
        "consent_network_at": consented_at if details.network else None,
    }


def wants_news(details: Details) -> bool:
    """Tell whether the person ticked something for which emails are sent."""
    return bool(details.email) and (details.news or details.network)


def gets_news(
    session: Session, campaign_id: int, prints: Fingerprints, *, besides: int | None = None
) -> bool:
    """Tell whether a row of paper already gets this mailbox the news; not `besides`."""
    taken = select(Signature.id).where(
        Signature.campaign_id == campaign_id,
        Signature.email_hmac == prints.email,
        Signature.seat == PAPER_SEAT,
    )
    return any(signature_id != besides for signature_id in session.scalars(taken))


def list_news_addresses(session: Session, campaign_id: int) -> set[bytes]:
    """List fingerprints of all mailboxes that get the news for a row of paper."""
    fingerprints = session.scalars(
        select(Signature.email_hmac).where(
            Signature.campaign_id == campaign_id, Signature.origin != Origin.ONLINE
        )
    )
    return {bytes(fingerprint) for fingerprint in fingerprints}


def _wording_id(session: Session, locale: str) -> int:
    """Return the record of what the printed sheet says in that language."""
    settings = current_settings()
    with force_locale(locale):
        words = Consents(
            delivery=sheet_statement(settings.organisation_name),
            updates=gettext("News about this case"),
            network=gettext("New urgent actions"),
        )
    return record_of(session, locale, words).id
