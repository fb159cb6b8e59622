"""What the directory says on letters of campaigns that are not open yet.

Where a second person approves them, they say nothing else unseen. And what opens by itself must
still be able to: who writes the directory sees none of these campaigns.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from campaign.campaigns import check_readiness, lifecycle
from campaign.campaigns.check_readiness import Gap
from campaign.campaigns.content.address_and_salutation import Addressing, addressing_of, host_of
from campaign.campaigns.content.risks import naming_of
from campaign.campaigns.record_change import needs_second_person
from campaign.directory.risk_flags import LetterWatch, Naming
from campaign.models.campaign import Campaign, CampaignStatus, Target
from campaign.models.directory import Mission, Official

_COLUMNS = {Official: Target.official_id, Mission: Target.mission_id}
_IS_WAITING = Campaign.status.in_(lifecycle.APPROVED_BY_OTHERS)


def watch_letters(session: Session, entries: Sequence[Official | Mission]) -> LetterWatch:
    """Note what letters say that wait for their opening, and that name one of the entries.

    What is returned lists the campaigns whose letters say something else by then, and those that
    could not open by themselves any more.
    """
    named = or_(*(_COLUMNS[type(entry)] == entry.id for entry in entries))
    targeting = Campaign.id.in_(select(Target.campaign_id).where(named))
    campaigns = session.scalars(select(Campaign).where(_IS_WAITING, targeting)).all()
    before = {campaign.id: _list_addressing(campaign) for campaign in campaigns}
    lacking = {campaign.id: _list_blockers(campaign) for campaign in campaigns}
    kind = entries[0].__tablename__

    def list_rewritten() -> list[Naming]:
        namings = []
        for campaign in campaigns:
            naming = naming_of(session, campaign, kind, is_flagged=False)
            if needs_second_person() and _list_addressing(campaign) != before[campaign.id]:
                namings.append(naming)  # who approves it again sees what it lacks
                continue
            gaps = [gap for gap in _list_blockers(campaign) if gap not in lacking[campaign.id]]
            if gaps:
                namings.append(replace(naming, gaps=gaps))
        return namings

    return list_rewritten


def find_watched(session: Session, model: type[Official | Mission]) -> set[int]:
    """Find the ids of all entries that `watch_letters` has something to note of."""
    named = select(_COLUMNS[model]).join(Campaign, Campaign.id == Target.campaign_id)
    return {entry_id for entry_id in session.scalars(named.where(_IS_WAITING)) if entry_id}


def _list_blockers(campaign: Campaign) -> list[Gap]:
    """List what keeps it from opening at the time for which it is scheduled, if it is."""
    if campaign.status is not CampaignStatus.SCHEDULED or campaign.open_at is None:
        return []
    return check_readiness.blockers(campaign, campaign.open_at)


def _list_addressing(campaign: Campaign) -> list[Addressing]:
    """List whom letters go to and how, in each language of a letter or page; copies alike."""
    locales = {*campaign.letter_locales, *(edition.locale for edition in campaign.editions)}
    return [
        addressing_of(target, locale, host_country=host_of(target))
        for target in campaign.targets
        for locale in sorted(locales)
    ]
