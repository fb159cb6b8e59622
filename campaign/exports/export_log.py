"""The log of exports: who, when, what, why, how often fetched; the newest first, page by page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, joinedload

from campaign.campaigns.lifecycle import PUBLIC
from campaign.models.campaign import Campaign
from campaign.models.export import DataExport, ExportKind, ExportState
from campaign.models.staff import StaffUser

PER_PAGE = 50
_NAMES = ("who", "about", "kind", "state", "since", "until")


@dataclass(frozen=True, slots=True)
class LogFilter:
    """The filter in the address of the page; what cannot be read counts as empty."""

    typed: Mapping[str, str]
    before: int | None = None

    @classmethod
    def of(cls, values: Mapping[str, str]) -> "LogFilter":
        typed = {name: values.get(name, "").strip()[:80] for name in _NAMES}
        before = values.get("before", "")
        is_id = before.isascii() and before.isdigit() and len(before) < 10
        return cls(typed, int(before) if is_id else None)

    @property
    def state(self) -> dict[str, str]:
        """What an address needs to say, by name."""
        return {name: value for name, value in self.typed.items() if value}


def list_exports(
    session: Session, log_filter: LogFilter, *, zone: str, limit: int = PER_PAGE
) -> Sequence[DataExport]:
    """List the newest exports of the filter; days are those of `zone`."""
    typed = log_filter.typed
    query = select(DataExport).options(
        joinedload(DataExport.campaign),
        joinedload(DataExport.requested_by),
        joinedload(DataExport.decided_by),
    )
    if typed["who"]:
        users = select(StaffUser.id).where(StaffUser.public_id == typed["who"])
        query = query.where(DataExport.requested_by_id.in_(users))
    if typed["about"]:
        name = typed["about"].lower()
        campaigns = select(Campaign.id).where(
            or_(Campaign.slug == name, func.lower(Campaign.reference) == name)
        )
        query = query.where(DataExport.campaign_id.in_(campaigns))
    if typed["kind"] in set(ExportKind):
        query = query.where(DataExport.kind == ExportKind(typed["kind"]))
    if typed["state"] in set(ExportState):
        query = query.where(DataExport.state == ExportState(typed["state"]))
    if since := _read_day(typed["since"], zone):
        query = query.where(DataExport.requested_at >= since)
    if until := _read_day(typed["until"], zone):
        query = query.where(DataExport.requested_at < until + timedelta(days=1))
    if log_filter.before is not None:
        query = query.where(DataExport.id < log_filter.before)
    return session.scalars(query.order_by(DataExport.id.desc()).limit(limit)).unique().all()


def list_waiting(session: Session, now: datetime) -> Sequence[DataExport]:
    """List those that need a second person's approval, the oldest first."""
    return (
        session.scalars(
            select(DataExport)
            .options(joinedload(DataExport.campaign), joinedload(DataExport.requested_by))
            .where(DataExport.state == ExportState.ASKED, DataExport.expires_at > now)
            .order_by(DataExport.id)
            .limit(200)
        )
        .unique()
        .all()
    )


def list_people(session: Session) -> Sequence[StaffUser]:
    """List who ever asked for an export."""
    requesters = select(DataExport.requested_by_id).distinct()
    users = session.scalars(select(StaffUser).where(StaffUser.id.in_(requesters))).all()
    return sorted(users, key=lambda user: (user.name or user.email).casefold())


def list_campaigns(session: Session) -> Sequence[Campaign]:
    """List campaigns that have signatures, or had them: the newest first."""
    return session.scalars(
        select(Campaign).where(Campaign.status.in_(PUBLIC)).order_by(Campaign.id.desc()).limit(500)
    ).all()


def _read_day(typed: str, zone: str) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(typed), time(), ZoneInfo(zone))
    except ValueError:
        return None
