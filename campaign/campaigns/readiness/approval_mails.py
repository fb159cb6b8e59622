"""Mails to the desk about reviews: to who is asked to look, and to who waits for the answer.

They name the campaign by its reference and link to the desk. What the case is about, and what a
reviewer wrote, stays behind sign-in: a draft may be under an embargo, and mail is a postcard.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from campaign.core import i18n
from campaign.core.settings import current_settings
from campaign.mail.messages import Context, message
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.proposal import Proposal, ProposalState
from campaign.models.staff import CampaignMember, Role, StaffUser

_WRITERS = (Role.ORGANIZER, Role.ADMIN)


@message("staff-review-asked", limited=False)
def send_review_asked(*, reference: str, who: str, link: str, changed: bool) -> Context:
    """Asks to look at a draft; `changed`: somebody wrote while it waited to open."""
    return {"reference": reference, "who": who, "link": link, "changed": changed}


@message("staff-review-returned", limited=False)
def send_review_returned(*, reference: str, who: str, link: str) -> Context:
    """Tells who wrote last that the draft came back, and where the note stands."""
    return {"reference": reference, "who": who, "link": link}


@message("staff-review-approved", limited=False)
def send_review_approved(*, reference: str, who: str, link: str, moment: str) -> Context:
    """Tells who wrote last that it is open, or (with a `moment` in words) when it opens."""
    return {"reference": reference, "who": who, "link": link, "moment": moment}


@message("staff-opening-missed", limited=False)
def send_opening_missed(*, reference: str, link: str, moment: str) -> Context:
    """Tells that a campaign was to open by itself at `moment` (in words) and could not."""
    return {"reference": reference, "link": link, "moment": moment}


@message("staff-approval-asked", limited=False)
def send_approval_asked(*, reference: str, who: str, link: str) -> Context:
    """Asks a second person to approve words before they are published."""
    return {"reference": reference, "who": who, "link": link}


@message("staff-approval-given", limited=False)
def send_approval_given(*, reference: str, who: str, link: str, published: bool) -> Context:
    """Tells who proposed words whether they are published, or came back with a note."""
    return {"reference": reference, "who": who, "link": link, "published": published}


def ask_for_approval(session: Session, campaign: Campaign, proposal: Proposal) -> None:
    """Mail those who can approve it, as `ask` does for a review."""
    for user in reviewers(session, campaign, by=proposal.made_by_id):
        send_approval_asked(
            session,
            to=user.email,
            locale=user.locale,
            reference=campaign.reference,
            who=_name(session, proposal.made_by_id),
            link=_proposal_link(campaign, proposal),
        )


def answer_proposal(session: Session, campaign: Campaign, proposal: Proposal) -> None:
    """Mail its author what a second person decided."""
    author = _mailable(session, proposal.made_by_id)
    if author is not None:
        send_approval_given(
            session,
            to=author.email,
            locale=author.locale,
            reference=campaign.reference,
            who=_name(session, proposal.decided_by_id),
            link=_proposal_link(campaign, proposal),
            published=proposal.state is ProposalState.APPROVED,
        )


def ask(session: Session, campaign: Campaign, *, by: int | None, changed: bool = False) -> None:
    """Mail those who can look at it: the team besides `by`; the admins where there is none."""
    who = _name(session, by)
    for user in reviewers(session, campaign, by=by):
        send_review_asked(
            session,
            to=user.email,
            locale=user.locale,
            reference=campaign.reference,
            who=who,
            link=_link(campaign),
            changed=changed,
        )


def answer(session: Session, campaign: Campaign, before: CampaignStatus, *, by: int | None) -> None:
    """Mail who wrote last what a second person decided; who decides for themselves knows it."""
    writer = _mailable(session, campaign.submitted_by_id)
    if before is CampaignStatus.DRAFT or writer is None or writer.id == by:
        return
    facts = {
        "to": writer.email,
        "locale": writer.locale,
        "reference": campaign.reference,
        "who": _name(session, by),
        "link": _link(campaign),
    }
    if campaign.status is CampaignStatus.DRAFT:
        send_review_returned(session, **facts)
    elif before is CampaignStatus.REVIEW:
        moment = _say(campaign.open_at, campaign, writer)
        send_review_approved(session, moment=moment, **facts)


def tell_missed(session: Session, campaign: Campaign) -> None:
    """Mail the owner, and who wrote last, that it could not open at its moment."""
    for number in dict.fromkeys((campaign.owner_id, campaign.submitted_by_id)):
        user = _mailable(session, number)
        if user is not None:
            send_opening_missed(
                session,
                to=user.email,
                locale=user.locale,
                reference=campaign.reference,
                link=_link(campaign),
                moment=_say(campaign.opening_missed_at, campaign, user),
            )


def reviewers(session: Session, campaign: Campaign, *, by: int | None) -> Sequence[StaffUser]:
    """Who is asked to look at it: owner and members besides `by`, otherwise all admins."""
    can = select(StaffUser).where(StaffUser.active, StaffUser.role.in_(_WRITERS))
    can = can.where(StaffUser.id != (by or 0)).order_by(StaffUser.id)
    members = select(CampaignMember.staff_user_id).where(CampaignMember.campaign_id == campaign.id)
    team = or_(StaffUser.id == (campaign.owner_id or 0), StaffUser.id.in_(members))
    colleagues = session.scalars(can.where(team)).all()
    return colleagues or session.scalars(can.where(StaffUser.role == Role.ADMIN)).all()


def _mailable(session: Session, number: int | None) -> StaffUser | None:
    user = session.get(StaffUser, number) if number else None
    return user if user is not None and user.active else None


def _name(session: Session, number: int | None) -> str:
    user = session.get(StaffUser, number) if number else None
    return current_settings().organisation_name if user is None else user.name or user.email


def _say(moment: datetime | None, campaign: Campaign, reader: StaffUser) -> str:
    return i18n.say_moment(moment, campaign.timezone, reader.locale) if moment else ""


def _link(campaign: Campaign) -> str:
    # Not url_for: the host that a request names must not decide where a link leads.
    return f"{current_settings().base_url.rstrip('/')}/desk/campaigns/{campaign.slug}"


def _proposal_link(campaign: Campaign, proposal: Proposal) -> str:
    return f"{_link(campaign)}/proposals/{proposal.public_id}"
