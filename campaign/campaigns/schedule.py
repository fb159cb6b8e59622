"""What the calendar does to campaigns: opens those that are scheduled, closes those that ended."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns import check_readiness, lifecycle, mails, status_changes
from campaign.campaigns.record_change import note, record_change
from campaign.core import db, i18n, jobs
from campaign.core.errors import Invalid, Refused
from campaign.models.campaign import Campaign, CampaignStatus

log = structlog.get_logger()

_OPENS, _CLOSES = "job:campaigns.open-due", "job:campaigns.close-over"


@jobs.job("campaigns.open-due", every_minutes=1)
def open_due() -> None:
    open_scheduled(db.utcnow())


@jobs.job("campaigns.close-over", every_minutes=5)
def close_over() -> None:
    close_ended(db.utcnow())


def open_scheduled(now: datetime) -> None:
    due = (Campaign.status == CampaignStatus.SCHEDULED, Campaign.open_at <= now)
    with db.reading() as session:
        ids = session.scalars(select(Campaign.id).where(*due).order_by(Campaign.open_at)).all()
    for campaign_id in ids:
        with db.transaction() as session:
            campaign = _lock_campaign(session, campaign_id)
            if (
                campaign.status is CampaignStatus.SCHEDULED
                and campaign.open_at
                and campaign.open_at <= now
            ):
                _open_or_say(session, campaign, now)


def _open_or_say(session: Session, campaign: Campaign, now: datetime) -> None:
    try:
        status_changes.open_campaign(session, campaign, actor=_OPENS, now=now, risks_seen=True)
    except Refused as problem:
        gaps = sorted({gap.slug for gap in check_readiness.blockers(campaign, now)})
        log.warning("campaign could not open", campaign=campaign.id, reason=problem.slug)
        campaign.status = CampaignStatus.DRAFT
        campaign.opening_missed_at, campaign.open_at = campaign.open_at, None
        note(session, campaign, _OPENS, "campaign.opening-missed", gaps=gaps)
        mails.tell_opening_missed(session, campaign)
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
                    status_changes.close_campaign(session, campaign, actor=_CLOSES, now=now)


def extend_campaign(
    session: Session, campaign: Campaign, *, actor: str, act_by: date, now: datetime
) -> None:
    """Give an open campaign a later last day; a closed one opens again with it.

    Raises Invalid with the field `act_by`, Refused (`campaign-status`), and as opening does.
    """
    if i18n.day_is_over(act_by, now):
        raise Invalid(fields={"act_by": "deadline-past"})
    session.refresh(campaign, with_for_update={"key_share": True})
    if campaign.status is not CampaignStatus.OPEN:
        status_changes.open_campaign(session, campaign, actor=actor, now=now, act_by=act_by)
        return
    before = campaign.act_by
    if before is not None and act_by <= before:
        raise Invalid(fields={"act_by": "deadline-not-later"})
    campaign.act_by = act_by
    days = {"before": before.isoformat() if before else None, "act_by": act_by.isoformat()}
    record_change(session, campaign, actor, "campaign.extend", **days)


def moment_in(zone: str, typed: datetime) -> datetime:
    """A time by the clocks of `zone`, the first of two. Raises Invalid where they skip it."""
    moment = typed.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    if moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != typed:
        raise Invalid(fields={"open_at": "moment-skipped"})
    return moment


def _lock_campaign(session: Session, campaign_id: int) -> Campaign:
    return session.get_one(Campaign, campaign_id, with_for_update={"key_share": True})
