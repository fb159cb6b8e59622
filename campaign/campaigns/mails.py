"""Mails to the desk about reviews: to who is asked to look, and to who waits for the answer.

What the case is about, and what a reviewer wrote, stays behind sign-in: mail is a postcard.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from campaign.campaigns import lifecycle
from campaign.core import i18n
from campaign.core.settings import current_settings, site_url
from campaign.mail.messages import Mail
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.revision import Proposal, ProposalKind, ProposalState
from campaign.models.staff import WRITERS, CampaignMember, Role, StaffUser


class CampaignMail(Mail):
    reference: str
    link: str


class ReviewAsked(CampaignMail, kind="staff-review-asked"):
    who: str
    changed: bool
    """Somebody wrote while it waited to open."""


class ReviewReturned(CampaignMail, kind="staff-review-returned"):
    who: str


class ReviewApproved(CampaignMail, kind="staff-review-approved"):
    who: str
    moment: str
    """In words; empty where it is open."""


class OpeningMissed(CampaignMail, kind="staff-opening-missed"):
    moment: str
    harm: bool = False  # Whether it was cancelled, as a linked action was stopped for harm


class ApprovalAsked(CampaignMail, kind="staff-approval-asked"):
    who: str
    closes: bool = False
    """Whether the approval closes the campaign."""


class ApprovalGiven(CampaignMail, kind="staff-approval-given"):
    who: str
    published: bool
    closed: bool = False  # Whether the approval has closed the campaign


def ask_for_approval(session: Session, campaign: Campaign, proposal: Proposal) -> None:
    author, link = proposal.made_by_id, _proposal_link(campaign, proposal)
    mail = ApprovalAsked(
        reference=campaign.reference,
        who=_name(session, author),
        link=link,
        closes=proposal.kind is ProposalKind.CLOSE,
    )
    _send(session, mail, list_reviewers(session, campaign, by=author))


def answer_proposal(session: Session, campaign: Campaign, proposal: Proposal) -> None:
    published = proposal.state is ProposalState.APPROVED
    mail = ApprovalGiven(
        reference=campaign.reference,
        who=_name(session, proposal.decided_by_id),
        link=_proposal_link(campaign, proposal),
        published=published,
        closed=published and proposal.kind is ProposalKind.CLOSE,
    )
    _send(session, mail, _list_mailable(session, proposal.made_by_id))


def ask_for_review(
    session: Session, campaign: Campaign, *, by: int | None, changed: bool = False
) -> None:
    """Mail those who can look at it: the team besides `by`; the admins where there is none."""
    who, link = _name(session, by), _link(campaign)
    mail = ReviewAsked(reference=campaign.reference, who=who, link=link, changed=changed)
    _send(session, mail, list_reviewers(session, campaign, by=by))


def answer_review(
    session: Session, campaign: Campaign, before: CampaignStatus, *, by: int | None
) -> None:
    """Mail who wrote last what a second person decided; who decides for themselves knows it."""
    if before is CampaignStatus.DRAFT or campaign.submitted_by_id == by:
        return
    reference, who, link = campaign.reference, _name(session, by), _link(campaign)
    for writer in _list_mailable(session, campaign.submitted_by_id):
        if campaign.status is CampaignStatus.DRAFT:
            _send(session, ReviewReturned(reference=reference, who=who, link=link), [writer])
        elif before is CampaignStatus.REVIEW:
            moment = _say(campaign.open_at, campaign, writer)
            mail = ReviewApproved(reference=reference, who=who, link=link, moment=moment)
            _send(session, mail, [writer])


def tell_opening_missed(session: Session, campaign: Campaign, *, harm: bool) -> None:
    """Mail owner and writer; of a harm, all who could open it now."""
    writers = _list_mailable(session, campaign.owner_id, campaign.submitted_by_id)
    for user in list_reviewers(session, campaign, by=None) if harm else writers:
        moment = _say(campaign.opening_missed_at, campaign, user)
        reference, link = campaign.reference, _link(campaign)
        mail = OpeningMissed(reference=reference, link=link, moment=moment, harm=harm)
        _send(session, mail, [user])


def list_reviewers(session: Session, campaign: Campaign, *, by: int | None) -> Sequence[StaffUser]:
    """Who is asked to look at it: owner and members besides `by`, otherwise all admins."""
    can = select(StaffUser).where(StaffUser.active, StaffUser.role.in_(WRITERS))
    can = can.where(StaffUser.id != (by or 0)).order_by(StaffUser.id)
    members = select(CampaignMember.staff_user_id).where(CampaignMember.campaign_id == campaign.id)
    team = or_(StaffUser.id == (campaign.owner_id or 0), StaffUser.id.in_(members))
    colleagues = session.scalars(can.where(team)).all()
    return colleagues or session.scalars(can.where(StaffUser.role == Role.ADMIN)).all()


def _send(session: Session, mail: Mail, users: Iterable[StaffUser]) -> None:
    for user in users:
        mail.send(session, to=user.email, locale=user.locale)


def _list_mailable(session: Session, *ids: int | None) -> list[StaffUser]:
    users = [session.get(StaffUser, ident) for ident in dict.fromkeys(filter(None, ids))]
    return [user for user in users if user is not None and user.active]


def _name(session: Session, number: int | None) -> str:
    user = session.get(StaffUser, number) if number else None
    return current_settings().organisation_name if user is None else user.name or user.email


def _say(moment: datetime | None, campaign: Campaign, reader: StaffUser) -> str:
    return i18n.say_moment_in_zone(moment, campaign.timezone, reader.locale) if moment else ""


def _link(campaign: Campaign) -> str:
    return site_url(f"/desk/campaigns/{campaign.slug}")


def _proposal_link(campaign: Campaign, proposal: Proposal) -> str:
    return f"{_link(campaign)}/proposals/{proposal.public_id}"


def why_not_mailed(session: Session, campaign_id: int, *, tells_of_stop: bool) -> str:
    status = session.scalar(select(Campaign.status).where(Campaign.id == campaign_id))
    return lifecycle.why_not_mailed(status, tells_of_stop=tells_of_stop) if status else ""
