"""Recording changes of a campaign: of what it says, and of where it stands."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import TypedDict

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign.campaigns import lifecycle, mails
from campaign.core import audit, db
from campaign.core.announcements import announce
from campaign.core.answers import Answers
from campaign.core.audit import AuditEntry
from campaign.core.errors import Invalid
from campaign.core.settings import current_settings
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.revision import Proposal, ProposalKind, ProposalState
from campaign.models.webhook import EventKind

REASON_KINDS = (ProposalKind.CLOSE, ProposalKind.REASON)
"""Proposals that a move of the campaign, or another reason, makes out of date."""

_UNSEEN = ("campaign.risks", "campaign.screening")
"""Changes that nobody outside must notice: everybody can read `changed_at` of a public campaign."""

UNSCHEDULED = "campaign.unscheduled"
"""Action of who did not move it, but changed it: what was scheduled, or approved, is so no more."""

_ANNOUNCED = {
    CampaignStatus.OPEN: EventKind.ACTION_OPENED,
    CampaignStatus.CLOSED: EventKind.ACTION_CLOSED,
    CampaignStatus.STOPPED: EventKind.ACTION_STOPPED,
}


class Editing(TypedDict):
    """Who saves, and whether they saw the warning of risk flags, as services take it."""

    actor: str
    risks_seen: Answers


class SpoilsOpening(Invalid):
    """A change after which the campaign could not open at `open_at`, for which it is scheduled."""

    def __init__(self, campaign: Campaign, open_at: datetime, fields: dict[str, str]) -> None:
        super().__init__("spoils-opening", fields=fields)
        self.open_at, self.timezone = open_at, campaign.timezone


def check_opening(session: Session, campaign: Campaign, field: str) -> None:
    """Raise SpoilsOpening where it is scheduled for when the new value of `field` rules it out.

    Not where a second person must look at the change first: that takes the opening off.
    """
    session.flush()
    # Who schedules it meanwhile has not seen the change: wait for that, or let it wait.
    session.refresh(campaign, ("status", "open_at"), with_for_update={"key_share": True})
    after = lifecycle.after_change(campaign.status, second_person=needs_second_person())
    if after is not CampaignStatus.SCHEDULED or campaign.open_at is None:
        return
    embargo = campaign.embargo_until
    slugs = lifecycle.obstacles_to_opening(campaign.open_at, campaign.act_by, embargo)
    if field in slugs:
        raise SpoilsOpening(campaign, campaign.open_at, {field: slugs[field]})


def record_change(
    session: Session, campaign: Campaign, actor: str, action: str, **detail: object
) -> None:
    """Flush, move `changed_at` (what pages kept in memory go by) and leave an audit line.

    Feeds and the site map tell `changed_at`: once it is public, flags and screening do not move it.
    Where a second person opens campaigns, one who changes what waits for its opening has written
    last: somebody else must look at it again.
    """
    if lifecycle.is_rehearsal(campaign.status) and needs_second_person():
        _note_last_writer(session, campaign, actor)
    _record(session, campaign, actor, action, **detail)


def _note_last_writer(session: Session, campaign: Campaign, actor: str) -> None:
    session.flush()
    # Who looked before it opened must not put it back.
    moved = ("status", "submitted_by_id")
    session.refresh(campaign, moved, with_for_update={"key_share": True})
    if not lifecycle.is_rehearsal(campaign.status):
        return
    before = (campaign.status, campaign.submitted_by_id)
    campaign.status = lifecycle.after_change(campaign.status, second_person=True)
    if campaign.status is not CampaignStatus.REVIEW:
        return
    campaign.submitted_by_id = audit.staff_id(actor)
    if campaign.status is not before[0]:
        statuses = {"before": before[0].value, "after": campaign.status.value}
        audit.record(session, actor, UNSCHEDULED, campaign, **statuses)
    if before != (campaign.status, campaign.submitted_by_id):
        mails.ask_for_review(session, campaign, by=campaign.submitted_by_id, changed=True)


def check_move(session: Session, campaign: Campaign, after: CampaignStatus, actor: str) -> None:
    """Wait for another move of this campaign to end, then raise Refused where this may not be.

    `campaign-status`, or `needs-review` and `second-person` where the settings ask for one.
    """
    # `key_share` makes it FOR NO KEY UPDATE: people who sign meanwhile need not wait.
    session.refresh(campaign, with_for_update={"key_share": True})
    lifecycle.check_move(campaign.status, after)
    check_second_person(campaign, after, actor)


def check_second_person(campaign: Campaign, after: CampaignStatus, actor: str) -> None:
    """Raise Refused (`needs-review`, `second-person`) where the settings ask for somebody else."""
    if needs_second_person():
        writer = f"staff:{campaign.submitted_by_id}"
        lifecycle.check_second_person(campaign.status, after, writer=writer, actor=actor)


def move(
    session: Session,
    campaign: Campaign,
    after: CampaignStatus,
    actor: str,
    *,
    reasons: Mapping[str, str] | None = None,
    by_edit: bool = False,
    **detail: object,
) -> None:
    """Put it into that status, with the reasons that everybody reads from then on.

    The audit line keeps those that they replace, sealed. It says where an edit did it, `by_edit`.
    """
    before, campaign.status = campaign.status, after
    detail |= seal_texts(campaign.status_reasons)
    campaign.status_reasons = drop_empty(reasons or {})
    campaign.opening_missed_at = None
    if after is not CampaignStatus.SCHEDULED:
        campaign.open_at = None
    if after is not CampaignStatus.DRAFT:
        campaign.review_note = ""
    return_proposed_reasons(session, campaign)
    if by_edit:
        detail["after"] = after.value
    action = UNSCHEDULED if by_edit else f"campaign.{after.value}"
    _record(session, campaign, actor, action, before=before.value, **detail)
    if after in _ANNOUNCED:
        announce(session, _ANNOUNCED[after], now=db.utcnow(), action=campaign.slug)


def seal_texts(texts: Mapping[str, str]) -> dict[str, str]:
    """Return what the audit keeps of texts, by language, that everybody could read until now."""
    text = "\n".join(f"{code}: {words}" for code, words in texts.items())
    return {audit.SEALED_BEFORE: audit.seal_text(text)} if text else {}


def say_deadlines(before: date | None, after: date | None) -> dict[str, str]:
    """Return what the audit keeps of another deadline where everybody reads it."""
    if before == after:
        return {}
    days = {"act_by_before": before, "act_by": after}
    return {name: day.isoformat() for name, day in days.items() if day}


def return_proposed_reasons(session: Session, campaign: Campaign) -> None:
    """Reasons that still wait for a second person are out of date: their authors keep the words."""
    session.execute(
        update(Proposal)
        .where(Proposal.campaign_id == campaign.id, Proposal.kind.in_(REASON_KINDS))
        .where(Proposal.state == ProposalState.PENDING)
        .values(state=ProposalState.DECLINED)
    )


def drop_empty(words: Mapping[str, str]) -> dict[str, str]:
    """The texts that say something, trimmed, by their languages."""
    trimmed = {code: text.strip() for code, text in words.items()}
    return {code: text for code, text in trimmed.items() if text}


def needs_second_person() -> bool:
    return current_settings().second_person_opens


def find_change(
    session: Session, campaign: Campaign, action: str, name: str, value: object
) -> AuditEntry | None:
    """Find the newest audit line of such a change whose detail says so."""
    own = select(AuditEntry).filter_by(subject=f"campaign:{campaign.id}", action=action)
    entries = session.scalars(own.order_by(AuditEntry.id.desc()))
    return next((entry for entry in entries if entry.detail.get(name) == value), None)


def _record(
    session: Session, campaign: Campaign, actor: str, action: str, **detail: object
) -> None:
    if not (action in _UNSEEN and lifecycle.is_public(campaign.status)):
        campaign.changed_at = db.utcnow()
    session.flush()
    audit.record(session, actor, action, campaign, **detail)
