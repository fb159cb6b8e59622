"""The moves of a campaign, by hand and by the calendar; and why it was closed or stopped."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from campaign.campaigns import check_readiness, copied_texts, lifecycle, mails, rehearsal
from campaign.campaigns.content import revisions
from campaign.campaigns.content.part_contents import facts_content
from campaign.campaigns.content.risks import (
    refuse_named_in,
    refuse_published,
    texts_of_campaign,
    words_by_field,
)
from campaign.campaigns.find_campaigns import list_harm_stops, list_linked, select_linked
from campaign.campaigns.record_change import (
    UNSCHEDULED,
    check_move,
    drop_empty,
    move,
    needs_second_person,
    record_change,
    return_proposed_reasons,
    say_deadlines,
    seal_texts,
)
from campaign.campaigns.stop_rule import has_ended, is_stopped, warns_of_harm_sql
from campaign.core import audit, db, i18n, jobs
from campaign.core.answers import ANYTHING, NOTHING, Answers
from campaign.core.audit import AuditEntry
from campaign.core.errors import Invalid, Refused
from campaign.models.campaign import Campaign, CampaignStatus, StopKind
from campaign.models.revision import Part

log = structlog.get_logger()
_OPENS, _CLOSES = "job:campaigns.open-due", "job:campaigns.close-over"
_OPENING_MISSED = "opening-missed"
_HARM_STOPS = "harm_stops"
"""Detail of an audit line: linked actions that were stopped because writing could do harm."""


def open_campaign(
    session: Session,
    campaign: Campaign,
    *,
    actor: str,
    now: datetime,
    act_by: date | None = None,
    risks_seen: Answers = NOTHING,
    copied_seen: Answers = NOTHING,
    tell_network: bool = True,
) -> None:
    """Open a campaign, or a closed one again, with a new last day where one is given.

    The network is told, once, unless it was told before. What it was rehearsed with is wiped.
    Raises Invalid (`act_by`) where a closed one would be over at once, or on an earlier day than
    the published one, or as `refuse_unseen` does; Refused: `campaign-status`, `needs-review`,
    `second-person`, `campaign-not-ready` with the number of its blocking gaps; RiskNamed. It then
    has its old deadline.
    """
    check_move(session, campaign, CampaignStatus.OPEN, actor)
    published, deadline = campaign.act_by, act_by or campaign.act_by
    if campaign.status is CampaignStatus.CLOSED and deadline and i18n.day_is_over(deadline, now):
        raise Invalid(fields={"act_by": "reopens-after-deadline"})
    lifecycle.check_deadline(campaign.status, campaign.act_by, deadline)
    with session.begin_nested():
        if act_by is not None:
            _move_deadline(session, campaign, act_by, actor)
        missing = len(check_readiness.blockers(campaign, now))
        if not lifecycle.may_open(campaign.status, missing):
            raise Refused("campaign-not-ready", missing=missing)
        copied_texts.refuse_unseen(session, campaign, seen=copied_seen)
    if lifecycle.is_rehearsal(campaign.status):
        refuse_named_in([campaign], texts_of_campaign(campaign), seen=risks_seen)
        rehearsal.wipe(session, campaign)
    first = campaign.opened_at is None
    days = {} if first else say_deadlines(published, campaign.act_by)
    campaign.opened_at = campaign.opened_at or now
    if campaign.status is CampaignStatus.CLOSED:
        campaign.reopened_at = now
    campaign.closed_at = None
    _move_and_answer(session, campaign, CampaignStatus.OPEN, actor, **days)
    if tell_network:
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
    risks_seen: Answers = NOTHING,
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
    risks_seen: Answers,
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
    risks_seen: Answers = NOTHING,
    reasons_wait: bool = False,
) -> None:
    """End it for good, at once: no letter, mail or bundle goes out.

    Everybody reads `reasons`, unless they wait for a second person (`reasons_wait`). Openings of
    linked ones that were scheduled without a warning of this harm are cancelled. Raises Invalid
    with the fields `kind` and `reason_<default language>`, RiskNamed.
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
    for other in list_linked(session, campaign):
        if other.status is CampaignStatus.SCHEDULED:
            session.refresh(other, with_for_update={"key_share": True})
            _cancel_after_harm(session, other, actor)
    jobs.enqueue(session, "following.campaign-stopped", campaign.id)
    jobs.enqueue(session, "deliveries.campaign-stopped", campaign.id)


def reword_reason(
    session: Session,
    campaign: Campaign,
    *,
    actor: str,
    reasons: Mapping[str, str],
    kind: StopKind | None = None,
    risks_seen: Answers = NOTHING,
) -> None:
    """Show these reasons, and this kind of a stop, from now on.

    Nobody is mailed again; the audit keeps the old reasons, sealed. Raises Refused, Invalid,
    RiskNamed.
    """
    session.refresh(campaign, with_for_update={"key_share": True})
    new_reasons = check_reason(session, campaign, reasons, risks_seen)
    before = dict(campaign.status_reasons)
    kind_before = campaign.stop_kind
    if kind and is_stopped(campaign.status):
        campaign.stop_kind = kind
    if new_reasons == before and campaign.stop_kind is kind_before:
        return
    return_proposed_reasons(session, campaign)
    campaign.status_reasons = new_reasons
    kept = seal_texts(before)
    if campaign.stop_kind is not kind_before:
        kept |= {"kind": campaign.stop_kind.value, "before": kind_before.value}
    record_change(
        session, campaign, actor, "campaign.reason", languages=sorted(new_reasons), **kept
    )


def check_reason(
    session: Session, campaign: Campaign, reasons: Mapping[str, str], risks_seen: Answers
) -> dict[str, str]:
    """Return the reasons that say something. Raises as `reword_reason` does."""
    if not has_ended(campaign.status):
        raise Refused("campaign-status")
    new_reasons = drop_empty(reasons)
    if is_stopped(campaign.status) and not new_reasons:
        raise Invalid(fields={f"reason_{campaign.default_locale}": "reason-missing"})
    if new_reasons != campaign.status_reasons:
        _refuse_risks(session, campaign, new_reasons, risks_seen)
    return new_reasons


def _refuse_risks(
    session: Session, campaign: Campaign, reasons: Mapping[str, str], seen: Answers
) -> None:
    refuse_published(session, campaign, words_by_field("reason", reasons, "reason_"), seen=seen)


def submit_for_review(
    session: Session,
    campaign: Campaign,
    *,
    actor: str,
    now: datetime,
    copied_seen: Answers = NOTHING,
) -> None:
    """Ask somebody else to look at the draft and to open it. Raises Refused, Invalid."""
    check_move(session, campaign, CampaignStatus.REVIEW, actor)
    _refuse_unready(campaign, CampaignStatus.REVIEW, now)
    copied_texts.refuse_unseen(session, campaign, seen=copied_seen)
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
    risks_seen: Answers = NOTHING,
    copied_seen: Answers = NOTHING,
) -> None:
    """Let it open by itself. Raises Invalid (`open_at`, `copied_seen`), Refused as opening does."""
    check_move(session, campaign, CampaignStatus.SCHEDULED, actor)
    if open_at <= now:
        raise Invalid(fields={"open_at": "moment-past"})
    obstacles = lifecycle.obstacles_to_opening(open_at, campaign.act_by, campaign.embargo_until)
    if obstacles:
        raise Invalid(fields={"open_at": next(iter(obstacles.values()))})
    _refuse_unready(campaign, CampaignStatus.SCHEDULED, open_at)
    copied_texts.refuse_unseen(session, campaign, seen=copied_seen)
    refuse_named_in([campaign], texts_of_campaign(campaign), seen=risks_seen)
    campaign.open_at = open_at
    warned_of = _list_warnings(session, campaign)
    _move_and_answer(session, campaign, CampaignStatus.SCHEDULED, actor, **warned_of)


def _list_warnings(session: Session, campaign: Campaign) -> dict[str, list[str]]:
    """Return what the form of its opening warns of, as the audit keeps it."""
    stops = [stop.slug for stop in list_harm_stops(session, campaign)]
    return {_HARM_STOPS: stops} if stops else {}


def _move_and_answer(
    session: Session, campaign: Campaign, after: CampaignStatus, actor: str, **detail: Any
) -> None:
    before = campaign.status
    move(session, campaign, after, actor, **detail)
    mails.answer_review(session, campaign, before, by=audit.staff_id(actor))


def is_writer(campaign: Campaign, actor: str) -> bool:
    """Whether that is who wrote last, so that somebody else decides."""
    number = audit.staff_id(actor)
    return number is not None and number == campaign.submitted_by_id


def moves_for(campaign: Campaign, actor: str) -> tuple[CampaignStatus, ...]:
    is_own, waits = is_writer(campaign, actor), needs_second_person()
    return lifecycle.moves_by_hand(campaign.status, second_person=waits, is_writer=is_own)


def find_last_move(session: Session, campaign: Campaign) -> AuditEntry | None:
    """Find who put it into the status that it has, and when; None where it was made in it."""
    moves = [f"campaign.{name}" for name in (*CampaignStatus, _OPENING_MISSED)]
    return audit.find_last(session, f"campaign:{campaign.id}", *moves, UNSCHEDULED)


def list_missed_for(session: Session, campaign: Campaign) -> list[str]:
    """List the harm stops that its opening was cancelled for; nothing where it missed otherwise."""
    missed = campaign.opening_missed_at and find_last_move(session, campaign)
    return missed.detail.get(_HARM_STOPS, []) if missed else []


def find_extension(session: Session, campaign: Campaign, since: datetime) -> AuditEntry | None:
    """Find who gave it its last day, where that was after that moment."""
    last = audit.find_last(session, f"campaign:{campaign.id}", "campaign.extend")
    return last if last and last.at > since else None


def _refuse_unready(campaign: Campaign, status: CampaignStatus, when: datetime) -> None:
    if missing := len(check_readiness.blockers_of(campaign, status, when)):
        raise Refused("campaign-not-ready", missing=missing)


@jobs.job("campaigns.open-due", every_minutes=1)
def open_due() -> None:
    open_scheduled(db.utcnow())


@jobs.job("campaigns.close-over", every_minutes=5)
def close_over() -> None:
    close_ended(db.utcnow())


def open_scheduled(now: datetime) -> None:
    """Open what is due; cancel what somebody must look at again, as writing could do harm."""
    with db.reading() as session:
        linked = select_linked(session, select(Campaign.id).where(warns_of_harm_sql()))
        due = or_(Campaign.open_at <= now, Campaign.id.in_(linked))
        scheduled = select(Campaign.id).where(Campaign.status == CampaignStatus.SCHEDULED, due)
        ids = session.scalars(scheduled.order_by(Campaign.open_at)).all()
    for campaign_id in ids:
        with db.transaction() as session:
            campaign = _lock_campaign(session, campaign_id)
            if (
                not _cancel_after_harm(session, campaign, _OPENS)
                and campaign.status is CampaignStatus.SCHEDULED
                and campaign.open_at
                and campaign.open_at <= now
            ):
                _open_or_say(session, campaign, now)


def _open_or_say(session: Session, campaign: Campaign, now: datetime) -> None:
    try:
        open_campaign(
            session, campaign, actor=_OPENS, now=now, risks_seen=ANYTHING, copied_seen=ANYTHING
        )
    except Refused as problem:
        gaps = sorted({gap.slug for gap in check_readiness.blockers(campaign, now)})
        log.warning("campaign could not open", campaign=campaign.id, reason=problem.slug)
        _miss_opening(session, campaign, _OPENS, gaps=gaps)


def _cancel_after_harm(session: Session, campaign: Campaign, actor: str) -> bool:
    """Cancel its opening where whoever scheduled it was not warned of each harm stop there is."""
    if campaign.status is not CampaignStatus.SCHEDULED:
        return False
    warnings, scheduled = _list_warnings(session, campaign), find_last_move(session, campaign)
    warned_of = scheduled.detail.get(_HARM_STOPS, ()) if scheduled else ()
    if set(warnings.get(_HARM_STOPS, ())) <= set(warned_of):
        return False
    _miss_opening(session, campaign, actor, **warnings)
    return True


def _miss_opening(session: Session, campaign: Campaign, actor: str, **why: list[str]) -> None:
    campaign.status = CampaignStatus.DRAFT
    campaign.opening_missed_at, campaign.open_at = campaign.open_at, None
    audit.record(session, actor, f"campaign.{_OPENING_MISSED}", campaign, **why)
    mails.tell_opening_missed(session, campaign, harm=_HARM_STOPS in why)
    session.flush()


def close_ended(now: datetime) -> None:
    """Close every open campaign whose last day has ended everywhere on Earth."""
    with db.reading() as session:
        timed = (Campaign.status == CampaignStatus.OPEN, Campaign.act_by.is_not(None))
        rows = session.execute(select(Campaign.id, Campaign.act_by).where(*timed)).all()
    for campaign_id, act_by in rows:
        if lifecycle.is_over(CampaignStatus.OPEN, act_by, now):
            with db.transaction() as session:
                campaign = _lock_campaign(session, campaign_id)
                if lifecycle.is_over(campaign.status, campaign.act_by, now):
                    close_campaign(session, campaign, actor=_CLOSES, now=now)


def extend_campaign(
    session: Session, campaign: Campaign, *, actor: str, act_by: date, now: datetime
) -> None:
    """Give an open campaign a later last day.

    Raises Invalid with the field `act_by`, Refused (`campaign-status`).
    """
    if i18n.day_is_over(act_by, now):
        raise Invalid(fields={"act_by": "deadline-past"})
    session.refresh(campaign, with_for_update={"key_share": True})
    if campaign.status is not CampaignStatus.OPEN:
        raise Refused("campaign-status")
    before = campaign.act_by
    if before is not None and act_by <= before:
        raise Invalid(fields={"act_by": "deadline-not-later"})
    _move_deadline(session, campaign, act_by, actor)
    days = {"before": before.isoformat() if before else None, "act_by": act_by.isoformat()}
    record_change(session, campaign, actor, "campaign.extend", **days)


def _move_deadline(session: Session, campaign: Campaign, act_by: date, actor: str) -> None:
    """Keep it as a version of the facts: a form that was opened before does not undo it unseen."""
    before = facts_content(campaign)
    campaign.act_by = act_by
    after = facts_content(campaign)
    if after != before:
        revisions.keep(session, campaign, Part.FACTS, actor, before, after)


def moment_in(zone: str, typed: datetime) -> datetime:
    """A time by the clocks of `zone`, the first of two. Raises Invalid where they skip it."""
    moment = typed.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    if moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != typed:
        raise Invalid(fields={"open_at": "moment-skipped"})
    return moment


def _lock_campaign(session: Session, campaign_id: int) -> Campaign:
    return session.get_one(Campaign, campaign_id, with_for_update={"key_share": True})
