"""What somebody who has just written can do next: another open action."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns.campaigns import find_open
from campaign.core import i18n
from campaign.models.signature import Signature
from campaign.public.case_page import edition_for, other_language
from campaign.public.deadline import Deadline, deadline_of


@dataclass(frozen=True, slots=True)
class NextAction:
    """An open action in a few words."""

    slug: str
    reference: str
    country: str
    title: str
    content_lang: str
    """Language of the title, where it is not the page's."""
    deadline: Deadline | None


def next_action(
    session: Session, signature: Signature, locale: str, now: datetime
) -> NextAction | None:
    """Return the open action with the nearest last day that this mailbox has not signed."""
    signed = select(Signature.campaign_id).where(Signature.email_hmac == signature.email_hmac)
    campaign = find_open(session, now, besides=signed)
    if campaign is None:
        return None
    edition = edition_for(campaign, locale)
    return NextAction(
        slug=campaign.slug,
        reference=campaign.reference,
        country=i18n.country_name(campaign.country, locale),
        title=edition.title if edition else campaign.person_name,
        content_lang=other_language(edition, locale),
        deadline=deadline_of(campaign.act_by, locale, now, campaign.timezone),
    )
