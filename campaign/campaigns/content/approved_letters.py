"""What the directory says on letters that a second person approves before a campaign opens."""

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from campaign.campaigns import lifecycle
from campaign.campaigns.content.address_and_salutation import Addressing, addressing_of, host_of
from campaign.campaigns.content.risks import naming_of
from campaign.campaigns.record_change import needs_second_person
from campaign.directory.risk_flags import LetterWatch, Naming
from campaign.models.campaign import Campaign, Target
from campaign.models.directory import Mission, Official

_COLUMNS = {Official: Target.official_id, Mission: Target.mission_id}
_IS_WAITING = Campaign.status.in_(lifecycle.APPROVED_BY_OTHERS)


def watch_letters(session: Session, entries: Sequence[Official | Mission]) -> LetterWatch:
    """Note what letters say that wait for their opening, and that name one of the entries.

    What is returned lists the campaigns whose letters say something else by then.
    """
    if not needs_second_person():
        return list
    named = or_(*(_COLUMNS[type(entry)] == entry.id for entry in entries))
    targeting = Campaign.id.in_(select(Target.campaign_id).where(named))
    campaigns = session.scalars(select(Campaign).where(_IS_WAITING, targeting)).all()
    before = {campaign.id: _list_addressing(campaign) for campaign in campaigns}
    kind = entries[0].__tablename__

    def list_rewritten() -> list[Naming]:
        return [
            naming_of(session, campaign, kind, is_flagged=False)
            for campaign in campaigns
            if _list_addressing(campaign) != before[campaign.id]
        ]

    return list_rewritten


def find_watched(session: Session, model: type[Official | Mission]) -> set[int]:
    """Find the ids of all entries that `watch_letters` has something to note of."""
    if not needs_second_person():
        return set()
    named = select(_COLUMNS[model]).join(Campaign, Campaign.id == Target.campaign_id)
    return {entry_id for entry_id in session.scalars(named.where(_IS_WAITING)) if entry_id}


def _list_addressing(campaign: Campaign) -> list[Addressing]:
    """List whom letters go to and how, in each language of a letter or page; copies alike."""
    locales = {*campaign.letter_locales, *(edition.locale for edition in campaign.editions)}
    return [
        addressing_of(target, locale, host_country=host_of(target))
        for target in campaign.targets
        for locale in sorted(locales)
    ]
