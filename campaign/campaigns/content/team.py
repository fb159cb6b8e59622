"""The team of a campaign: its owner, who answers for it, and the members who work on it."""

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from campaign.campaigns.record_change import find_change
from campaign.core import audit, db
from campaign.core.audit import DoneBefore
from campaign.core.errors import Refused
from campaign.models.campaign import Campaign
from campaign.models.staff import WRITERS, CampaignMember, Role, StaffUser, sees
from campaign.staff.staff_users import actor_name, list_staff_users


def get_campaign_of(session: Session, slug: str, user: StaffUser) -> Campaign:
    """The campaign of that address. Raises NotFound, also where `user` may not see it."""
    visible = select(Campaign).where(Campaign.slug == slug, sees(user, Campaign.id))
    return db.get_row(session, visible, "campaign", campaign=slug)


def may_see(session: Session, campaign: Campaign, user: StaffUser) -> bool:
    return db.is_true_of(session, campaign, sees(user, Campaign.id))


def may_manage(user: StaffUser, campaign: Campaign) -> bool:
    return user.role is Role.ADMIN or campaign.owner_id == user.id


def owner_of(session: Session, campaign: Campaign) -> StaffUser | None:
    return None if campaign.owner_id is None else session.get(StaffUser, campaign.owner_id)


def list_members(session: Session, campaign: Campaign) -> Sequence[StaffUser]:
    on_team = select(CampaignMember.staff_user_id).where(CampaignMember.campaign_id == campaign.id)
    users = session.scalars(select(StaffUser).where(StaffUser.id.in_(on_team)))
    return sorted(users, key=lambda user: (user.name.casefold(), user.email))


def list_writers(session: Session) -> list[StaffUser]:
    """Who can be on a team or take one over: active organizers and admins, by name."""
    return [user for user in list_staff_users(session) if _can_write(user)]


def list_owned(session: Session, user: StaffUser) -> Sequence[Campaign]:
    owned = select(Campaign).where(Campaign.owner_id == user.id).order_by(Campaign.id)
    return session.scalars(owned).all()


def add_member(session: Session, campaign: Campaign, member: StaffUser, *, by: StaffUser) -> None:
    """Put somebody on the team. Raises Refused: `not-team-owner`, `cannot-write`, DoneBefore."""
    _lock(session, campaign)
    _refuse_others(campaign, by)
    _refuse_idle(member)
    if member.id == campaign.owner_id:
        raise _done_before(session, campaign, "campaign.hand-over", member)
    if not _join(session, campaign, member, by):
        raise _done_before(session, campaign, "campaign.team-add", member)


def remove_member(
    session: Session, campaign: Campaign, member: StaffUser, *, by: StaffUser
) -> None:
    """Take somebody off the team; members may leave by themselves. Raises Refused, DoneBefore."""
    _lock(session, campaign)
    if member.id != by.id:
        _refuse_others(campaign, by)
    if not _is_member(session, campaign, member):
        raise _done_before(session, campaign, "campaign.team-remove", member)
    _drop(session, campaign, member)
    _record(session, campaign, by, "campaign.team-remove", member)


def hand_over(session: Session, campaign: Campaign, to: StaffUser, *, by: StaffUser) -> None:
    """Give the campaign another owner.

    Raises Refused: `not-team-owner`, `cannot-write`, DoneBefore.
    """
    _lock(session, campaign)
    if campaign.owner_id == to.id:
        raise _done_before(session, campaign, "campaign.hand-over", to)
    _refuse_others(campaign, by)
    _refuse_idle(to)
    _give(session, campaign, to, by)


def hand_over_all(session: Session, *, owner: StaffUser, to: StaffUser, by: StaffUser) -> int:
    """Give all campaigns of somebody to another; gives their number.

    Who is still there stays on the teams; who is disabled, or writes no more, does not. For
    admins. Raises Refused: `not-team-owner`, `cannot-write`, `same-owner`.
    """
    if by.role is not Role.ADMIN:
        raise Refused("not-team-owner")
    _refuse_idle(to)
    if owner.id == to.id:
        raise Refused("same-owner")
    campaigns = list_owned(session, owner)
    for campaign in campaigns:
        _give(session, campaign, to, by)
    return len(campaigns)


def _join(session: Session, campaign: Campaign, member: StaffUser, by: StaffUser) -> bool:
    """Put them on the team; False where they are on it already."""
    if _is_member(session, campaign, member):
        return False
    db.add_row(session, CampaignMember(campaign_id=campaign.id, staff_user_id=member.id))
    _record(session, campaign, by, "campaign.team-add", member)
    return True


def _lock(session: Session, campaign: Campaign) -> None:
    """Wait for others who change the team, and see what they made of it."""
    session.flush()
    session.refresh(campaign, with_for_update={"key_share": True})


def _done_before(session: Session, campaign: Campaign, action: str, about: StaffUser) -> DoneBefore:
    return DoneBefore(find_change(session, campaign, action, "staff", about.id))


def _give(session: Session, campaign: Campaign, to: StaffUser, by: StaffUser) -> None:
    before, campaign.owner_id = owner_of(session, campaign), to.id
    _drop(session, campaign, to)
    _record(session, campaign, by, "campaign.hand-over", to, before=before.id if before else None)
    if before is not None and _can_write(before):
        _join(session, campaign, before, by)


def _is_member(session: Session, campaign: Campaign, member: StaffUser) -> bool:
    own = select(CampaignMember).filter_by(campaign_id=campaign.id, staff_user_id=member.id)
    return db.has_row(session, own)


def _drop(session: Session, campaign: Campaign, member: StaffUser) -> None:
    own = delete(CampaignMember).filter_by(campaign_id=campaign.id, staff_user_id=member.id)
    session.execute(own)


def _can_write(user: StaffUser) -> bool:
    return user.active and user.role in WRITERS


def _refuse_idle(user: StaffUser) -> None:
    if not _can_write(user):
        raise Refused("cannot-write")


def _refuse_others(campaign: Campaign, by: StaffUser) -> None:
    if not may_manage(by, campaign):
        raise Refused("not-team-owner")


def _record(
    session: Session,
    campaign: Campaign,
    by: StaffUser,
    action: str,
    about: StaffUser,
    **detail: int | None,
) -> None:
    session.flush()
    audit.record(session, actor_name(by), action, campaign, staff=about.id, **detail)
