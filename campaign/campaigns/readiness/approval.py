"""Before a campaign opens: a second person looks at it, and it may open by itself at a moment."""

from datetime import datetime

from sqlalchemy.orm import Session

from campaign.campaigns import lifecycle
from campaign.campaigns.changes import check_move, move, staff_id
from campaign.campaigns.content.risk_words import texts_of_campaign
from campaign.campaigns.content.risks import refuse_named_in
from campaign.campaigns.readiness import approval_mails, check_readiness
from campaign.core.errors import Invalid, Refused
from campaign.models.campaign import Campaign, CampaignStatus


def submit_for_review(session: Session, campaign: Campaign, *, actor: str, now: datetime) -> None:
    """Ask somebody else to look at the draft and to open it.

    Raises Refused: `campaign-status`, or `campaign-not-ready` with the number of blocking gaps.
    """
    check_move(session, campaign, CampaignStatus.REVIEW, actor)
    _refuse_unready(campaign, CampaignStatus.REVIEW, now)
    campaign.submitted_by_id = staff_id(actor)
    move(session, campaign, CampaignStatus.REVIEW, actor)
    approval_mails.ask(session, campaign, by=campaign.submitted_by_id)


def return_to_draft(session: Session, campaign: Campaign, *, actor: str, note: str = "") -> None:
    """Send what is in review back to its writer with a note, or take back what one submitted.

    A scheduled one stays unopened, too. Raises Refused (`campaign-status`), or Invalid with the
    field `reason` where somebody else sends it back without saying why.
    """
    check_move(session, campaign, CampaignStatus.DRAFT, actor)
    own = staff_id(actor) == campaign.submitted_by_id
    if campaign.status is CampaignStatus.REVIEW and not own and not note.strip():
        raise Invalid(fields={"note": "note-missing"})
    campaign.review_note = note.strip()
    before = campaign.status
    move(session, campaign, CampaignStatus.DRAFT, actor)
    approval_mails.answer(session, campaign, before, by=staff_id(actor))


def schedule_campaign(
    session: Session,
    campaign: Campaign,
    *,
    actor: str,
    open_at: datetime,
    now: datetime,
    risks_seen: bool = False,
) -> None:
    """Let it open by itself at that moment.

    Raises Invalid with the field `open_at` where that is not to come or under an embargo; Refused
    as opening does, also where the last day to write will be over then.
    """
    check_move(session, campaign, CampaignStatus.SCHEDULED, actor)
    if open_at <= now:
        raise Invalid(fields={"open_at": "moment-past"})
    if campaign.embargo_until is not None and open_at < campaign.embargo_until:
        raise Invalid(fields={"open_at": "opens-under-embargo"})
    _refuse_unready(campaign, CampaignStatus.SCHEDULED, open_at)
    refuse_named_in([campaign], texts_of_campaign(campaign), seen=risks_seen)
    campaign.open_at = open_at
    before = campaign.status
    move(session, campaign, CampaignStatus.SCHEDULED, actor)
    approval_mails.answer(session, campaign, before, by=staff_id(actor))


def is_writer(campaign: Campaign, actor: str) -> bool:
    """Whether that is who wrote last, so that somebody else decides."""
    number = staff_id(actor)
    return number is not None and number == campaign.submitted_by_id


def moves_for(campaign: Campaign, actor: str, *, second_person: bool) -> list[CampaignStatus]:
    """What the desk offers this person next."""
    moves = lifecycle.moves_by_hand(
        campaign.status, second_person=second_person, is_writer=is_writer(campaign, actor)
    )
    return list(moves)


def _refuse_unready(campaign: Campaign, status: CampaignStatus, when: datetime) -> None:
    missing = len(check_readiness.blockers_of(campaign, status, when))
    if missing:
        raise Refused("campaign-not-ready", missing=missing)
