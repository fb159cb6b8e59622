"""Finding campaigns: by their address, all that are public, those linked to one another."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import CTE, ColumnElement, Select, SelectBase, or_, select
from sqlalchemy.orm import Session, aliased, selectinload

from campaign.campaigns import lifecycle
from campaign.campaigns.stop_rule import has_ended, is_stopped, warns_of_harm_sql
from campaign.core import clock, db
from campaign.core.text.fold import fold_name
from campaign.models.campaign import Campaign, CampaignStatus, StopKind, Update, UpdateKind
from campaign.models.staff import StaffUser, sees

_AT, _NEAR = aliased(Campaign), aliased(Campaign)
_CONTINUES = or_(_NEAR.follows_id == _AT.id, _NEAR.id == _AT.follows_id)


def get_campaign(session: Session, slug: str) -> Campaign:
    """The campaign, draft or not, whoever asks: for commands and jobs. Raises NotFound."""
    return db.get_row(session, select(Campaign).filter_by(slug=slug), "campaign", campaign=slug)


def find_public_campaign(session: Session, slug: str) -> Campaign | None:
    public = Campaign.status.in_(lifecycle.PUBLIC)
    return session.scalar(select(Campaign).where(Campaign.slug == slug, public))


def find_open(session: Session, now: datetime, *, besides: SelectBase) -> Campaign | None:
    """The first of `select_open`, without those whose ids `besides` selects."""
    return session.scalar(select_open(now).where(Campaign.id.not_in(besides)).limit(1))


def select_open(now: datetime) -> Select[Campaign]:
    """Campaigns that take letters now, the nearest last day first."""
    order = (Campaign.act_by.is_(None), Campaign.act_by, Campaign.id.desc())
    today = clock.day_of(now, clock.LATEST_ZONE)
    in_time = or_(Campaign.act_by.is_(None), Campaign.act_by >= today)
    open_ones = select(Campaign).where(Campaign.status == CampaignStatus.OPEN, in_time)
    return open_ones.order_by(*order)


def select_linked(session: Session, campaigns: Select[int]) -> Select[int]:
    """Ids of those, and of all linked to them: see `pair_linked`."""
    return select(pair_linked(session, campaigns).c.id)


def pair_linked(session: Session, campaigns: Select[int]) -> CTE:
    """The same, each `id` with that of the one of those, `start`, that it is linked to.

    Linked is what continues another, or is about the same person, step by step.
    """
    chain = _pair_by_step(campaigns, _CONTINUES)
    in_chain = select(Campaign.country).where(Campaign.id.in_(select(chain.c.id)))
    same = (_AT.id.in_(ids) & _NEAR.id.in_(ids) for ids in _group_by_person(session, in_chain))
    return _pair_by_step(campaigns, or_(_CONTINUES, *same))


def _pair_by_step(campaigns: Select[int], is_linked: ColumnElement[bool]) -> CTE:
    (start,) = campaigns.subquery().c
    linked = select(start.label("start"), start.label("id")).cte(recursive=True)
    step = select(linked.c.start, _NEAR.id).join_from(_NEAR, _AT, is_linked)
    return linked.union(step.join(linked, linked.c.id == _AT.id))


def _group_by_person(session: Session, countries: Select[str]) -> list[list[int]]:
    """Ids of campaigns of those countries, where several are about a person of the same name.

    Names are encrypted, so they are compared here: those of the facts, not of other languages.
    """
    facts = select(Campaign.id, Campaign.country, Campaign.person_name)
    by_person: dict[tuple[str, str], list[int]] = defaultdict(list)
    for campaign_id, country, name in session.execute(facts.where(Campaign.country.in_(countries))):
        if folded := fold_name(name):
            by_person[country, folded].append(campaign_id)
    return [ids for ids in by_person.values() if len(ids) > 1]


def select_unoffered(session: Session, slug: str) -> Select[int]:
    """Ids of those that no page of that campaign offers as another case to write about.

    After a stop because another letter could do harm, all linked to it: it is the same person.
    """
    stopped = select(Campaign.id).where(Campaign.slug == slug, warns_of_harm_sql())
    return select_linked(session, stopped)


def _select_with_linked(session: Session, campaign: Campaign) -> Select[Campaign]:
    linked = select_linked(session, select(Campaign.id).where(Campaign.id == campaign.id))
    return select(Campaign).where(Campaign.id.in_(linked)).order_by(Campaign.id)


def list_linked(session: Session, campaign: Campaign) -> Sequence[Campaign]:
    """All that are linked to it, whatever their status."""
    return session.scalars(
        _select_with_linked(session, campaign).where(Campaign.id != campaign.id)
    ).all()


def list_linked_scheduled(
    session: Session, campaign: Campaign, *, by: StaffUser
) -> Sequence[Campaign]:
    """Those linked to it that open by themselves, as far as `by` sees them at the desk."""
    waits = (Campaign.status == CampaignStatus.SCHEDULED, Campaign.id != campaign.id)
    scheduled = _select_with_linked(session, campaign).where(*waits, sees(by, Campaign.id))
    return session.scalars(scheduled).all()


def list_harm_stops(session: Session, campaign: Campaign) -> Sequence[Campaign]:
    """Those linked to it, and itself, that were stopped because another letter could do harm."""
    return session.scalars(_select_with_linked(session, campaign).where(warns_of_harm_sql())).all()


def list_linked_ended(session: Session, campaign: Campaign) -> list[Campaign]:
    """List those linked to it that ended for a reason, or told their outcome, since it was made.

    Without those stopped because another letter could do harm: `list_harm_stops`.
    """
    return [
        other
        for other in list_linked(session, campaign)
        if _has_ended_since(other, campaign.created_at)
    ]


def _has_ended_since(campaign: Campaign, since: datetime) -> bool:
    if is_stopped(campaign.status) and campaign.stop_kind is StopKind.HARM:
        return False
    ended_at = campaign.stopped_at or campaign.closed_at
    is_explained = is_stopped(campaign.status) or bool(campaign.status_reasons)
    if has_ended(campaign.status) and is_explained and ended_at and ended_at > since:
        return True
    return any(
        update.kind is UpdateKind.OUTCOME
        and update.published_at > since
        and campaign.tells_of_last_end(update.published_at)
        for update in campaign.updates
    )


def list_followable(
    session: Session, campaign: Campaign | None, *, by: StaffUser
) -> Sequence[Campaign]:
    """Those that `by` sees and this one could continue, and the one that it follows already."""
    others = select(Campaign).where(sees(by, Campaign.id))
    if campaign is not None:
        kept = or_(sees(by, Campaign.id), Campaign.id == campaign.follows_id)
        others = select(Campaign).where(kept, Campaign.id != campaign.id)
    return session.scalars(others.order_by(Campaign.id.desc()).limit(200)).all()


def list_public(session: Session) -> Sequence[Campaign]:
    """All public campaigns with their editions and updates, in a fixed number of queries."""
    texts = selectinload(Campaign.updates).selectinload(Update.editions)
    public = select(Campaign).where(Campaign.status.in_(lifecycle.PUBLIC)).order_by(Campaign.id)
    return session.scalars(public.options(selectinload(Campaign.editions), texts)).all()


def visible_neighbours(
    session: Session, campaign: Campaign, *, by: StaffUser
) -> tuple[Campaign | None, list[Campaign]]:
    """What the campaign continues, and what continues it, as far as `by` sees it at the desk."""
    near = (Campaign.id == campaign.follows_id) | (Campaign.follows_id == campaign.id)
    visible = select(Campaign).where(near, sees(by, Campaign.id)).order_by(Campaign.id)
    neighbours = session.scalars(visible).all()
    earlier = next((other for other in neighbours if other.id == campaign.follows_id), None)
    return earlier, [other for other in neighbours if other.follows_id == campaign.id]


def public_neighbours(campaign: Campaign) -> tuple[Campaign | None, list[Campaign]]:
    """What the campaign continues, and what continues it, as far as everybody may read it."""
    earlier = campaign.follows
    if earlier is not None and not lifecycle.is_public(earlier.status):
        earlier = None
    return earlier, [later for later in campaign.followed_by if lifecycle.is_public(later.status)]
