"""The moves of a campaign: review, opening, closing, stop; and why it was closed or stopped."""

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy.orm import Session

from campaign.campaigns import check_readiness, lifecycle, mails, rehearsal
from campaign.campaigns.content.risks import (
    refuse_named_in,
    refuse_published,
    texts_of_campaign,
    words_by_field,
)
from campaign.campaigns.record_change import (
    check_move,
    drop_empty,
    drop_proposed_reasons,
    move,
    needs_second_person,
    record_change,
)
from campaign.campaigns.stop_rule import has_ended, is_stopped
from campaign.core import audit, jobs
from campaign.core.errors import Invalid, Refused
from campaign.models.campaign import Campaign, CampaignStatus, StopKind


def open_campaign(
    session: Session,
    campaign: Campaign,
    *,
    actor: str,
    now: datetime,
    act_by: date | None = None,
    risks_seen: bool = False,
) -> None:
    """Open a campaign, or a closed one again, with a new last day where one is given.

    What it was rehearsed with is wiped. Raises Refused: `campaign-status`, `needs-review`,
    `second-person`, `campaign-not-ready` with the number of its blocking gaps; RiskNamed.
    """
    check_move(session, campaign, CampaignStatus.OPEN, actor)
    if act_by is not None:
        campaign.act_by = act_by
    missing = len(check_readiness.blockers(campaign, now))
    if not lifecycle.may_open(campaign.status, missing):
        raise Refused("campaign-not-ready", missing=missing)
    if lifecycle.is_rehearsal(campaign.status):
        refuse_named_in([campaign], texts_of_campaign(campaign), seen=risks_seen)
        rehearsal.wipe(session, campaign)
    first = campaign.opened_at is None
    campaign.opened_at = campaign.opened_at or now
    campaign.closed_at = None
    _move_and_answer(session, campaign, CampaignStatus.OPEN, actor)
    jobs.enqueue(session, "network.announce", campaign.id)
    if first and campaign.follows_id is not None:
        jobs.enqueue(session, "following.continued", campaign.id)


def close_campaign(
    session: Session,
    campaign: Campaign,
    *,
    actor: str,
    now: datetime,
    reasons: Mapping[str, str] | None = None,
    risks_seen: bool = False,
) -> None:
    """Take no more letters; confirmed ones are delivered. Raises Refused, RiskNamed."""
    check_closing(session, campaign, actor=actor, reasons=reasons or {}, risks_seen=risks_seen)
    campaign.closed_at = now
    move(session, campaign, CampaignStatus.CLOSED, actor, reasons=reasons)


def check_closing(
    session: Session,
    campaign: Campaign,
    *,
    actor: str,
    reasons: Mapping[str, str],
    risks_seen: bool,
) -> None:
    check_move(session, campaign, CampaignStatus.CLOSED, actor)
    _refuse_risks(session, campaign, reasons, risks_seen)


def stop_campaign(
    session: Session,
    campaign: Campaign,
    *,
    actor: str,
    now: datetime,
    reasons: Mapping[str, str],
    kind: StopKind | None = StopKind.HARM,
    risks_seen: bool = False,
    reasons_wait: bool = False,
) -> None:
    """End it for good, at once: no letter, mail or bundle goes out.

    Everybody reads `reasons`, unless they wait for a second person (`reasons_wait`). Raises
    Invalid with the fields `kind` and `reason_<default language>`, RiskNamed.
    """
    check_move(session, campaign, CampaignStatus.STOPPED, actor)
    missing = {} if kind else {"kind": "stop-kind-missing"}
    if not drop_empty(reasons):
        missing[f"reason_{campaign.default_locale}"] = "reason-missing"
    if kind is None or missing:
        raise Invalid(fields=missing)
    _refuse_risks(session, campaign, reasons, risks_seen)
    campaign.closed_at = campaign.closed_at or now
    campaign.stopped_at, campaign.stop_kind = now, kind
    public = {} if reasons_wait else reasons
    move(session, campaign, CampaignStatus.STOPPED, actor, reasons=public, kind=kind.value)
    jobs.enqueue(session, "following.campaign-stopped", campaign.id)
    jobs.enqueue(session, "deliveries.campaign-stopped", campaign.id)


def reword_reason(
    session: Session,
    campaign: Campaign,
    *,
    actor: str,
    reasons: Mapping[str, str],
    kind: StopKind | None = None,
    risks_seen: bool = False,
) -> None:
    """Show these reasons, and this kind of a stop, from now on.

    Nobody is mailed again; the audit keeps the old reasons, sealed. Raises Refused, Invalid,
    RiskNamed.
    """
    session.refresh(campaign, with_for_update={"key_share": True})
    wanted = check_reason(session, campaign, reasons, risks_seen)
    before = dict(campaign.status_reasons)
    kind_before = campaign.stop_kind
    if kind and is_stopped(campaign.status):
        campaign.stop_kind = kind
    if wanted == before and campaign.stop_kind is kind_before:
        return
    drop_proposed_reasons(session, campaign)
    campaign.status_reasons = wanted
    old = "\n".join(f"{code}: {text}" for code, text in before.items())
    kept = {audit.SEALED_BEFORE: audit.seal_text(old)} if old else {}
    if campaign.stop_kind is not kind_before:
        kept |= {"kind": campaign.stop_kind.value, "before": kind_before.value}
    record_change(session, campaign, actor, "campaign.reason", languages=sorted(wanted), **kept)


def check_reason(
    session: Session, campaign: Campaign, reasons: Mapping[str, str], risks_seen: bool
) -> dict[str, str]:
    """Return the reasons that say something. Raises as `reword_reason` does."""
    if not has_ended(campaign.status):
        raise Refused("campaign-status")
    wanted = drop_empty(reasons)
    if is_stopped(campaign.status) and not wanted:
        raise Invalid(fields={f"reason_{campaign.default_locale}": "reason-missing"})
    if wanted != campaign.status_reasons:
        _refuse_risks(session, campaign, wanted, risks_seen)
    return wanted


def _refuse_risks(
    session: Session, campaign: Campaign, reasons: Mapping[str, str], seen: bool
) -> None:
    refuse_published(session, campaign, words_by_field("reason", reasons, "reason_"), seen=seen)


def submit_for_review(session: Session, campaign: Campaign, *, actor: str, now: datetime) -> None:
    """Ask somebody else to look at the draft and to open it. Raises Refused."""
    check_move(session, campaign, CampaignStatus.REVIEW, actor)
    _refuse_unready(campaign, CampaignStatus.REVIEW, now)
    campaign.submitted_by_id = audit.staff_id(actor)
    move(session, campaign, CampaignStatus.REVIEW, actor)
    mails.ask_for_review(session, campaign, by=campaign.submitted_by_id)


def return_to_draft(session: Session, campaign: Campaign, *, actor: str, note: str = "") -> None:
    """Send it back to its writer with a note, or take back what one submitted or scheduled.

    Raises Refused (`campaign-status`), Invalid (`note`) where somebody else does not say why.
    """
    check_move(session, campaign, CampaignStatus.DRAFT, actor)
    own = audit.staff_id(actor) == campaign.submitted_by_id
    if campaign.status is CampaignStatus.REVIEW and not own and not note.strip():
        raise Invalid(fields={"note": "note-missing"})
    campaign.review_note = note.strip()
    _move_and_answer(session, campaign, CampaignStatus.DRAFT, actor)


def schedule_campaign(
    session: Session,
    campaign: Campaign,
    *,
    actor: str,
    open_at: datetime,
    now: datetime,
    risks_seen: bool = False,
) -> None:
    """Let it open by itself. Raises Invalid (`open_at`), Refused as opening does."""
    check_move(session, campaign, CampaignStatus.SCHEDULED, actor)
    if open_at <= now:
        raise Invalid(fields={"open_at": "moment-past"})
    if campaign.embargo_until is not None and open_at < campaign.embargo_until:
        raise Invalid(fields={"open_at": "opens-under-embargo"})
    _refuse_unready(campaign, CampaignStatus.SCHEDULED, open_at)
    refuse_named_in([campaign], texts_of_campaign(campaign), seen=risks_seen)
    campaign.open_at = open_at
    _move_and_answer(session, campaign, CampaignStatus.SCHEDULED, actor)


def _move_and_answer(
    session: Session, campaign: Campaign, after: CampaignStatus, actor: str
) -> None:
    before = campaign.status
    move(session, campaign, after, actor)
    mails.answer_review(session, campaign, before, by=audit.staff_id(actor))


def is_writer(campaign: Campaign, actor: str) -> bool:
    """Whether that is who wrote last, so that somebody else decides."""
    number = audit.staff_id(actor)
    return number is not None and number == campaign.submitted_by_id


def moves_for(campaign: Campaign, actor: str) -> tuple[CampaignStatus, ...]:
    is_own, waits = is_writer(campaign, actor), needs_second_person()
    return lifecycle.moves_by_hand(campaign.status, second_person=waits, is_writer=is_own)


def _refuse_unready(campaign: Campaign, status: CampaignStatus, when: datetime) -> None:
    if missing := len(check_readiness.blockers_of(campaign, status, when)):
        raise Refused("campaign-not-ready", missing=missing)
