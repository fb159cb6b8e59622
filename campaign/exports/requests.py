"""Exports: asked for, listed, decided, handed out, and deleted when their time is over."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, joinedload

from campaign import storage
from campaign.bundles.destinations import WITH_DESTINATION
from campaign.bundles.downloads import Download, as_long_as_running
from campaign.bundles.file_approvals import check_reason
from campaign.campaigns.lifecycle import PUBLIC
from campaign.core import audit, db, jobs
from campaign.core.errors import Invalid, NotFound, Refused
from campaign.core.settings import Settings, current_settings
from campaign.core.text.desk_texts import read_number
from campaign.exports import consent_list, export_rules, mails, staff_keys
from campaign.exports.export_job import EXPORTS, forget_file
from campaign.exports.people_in_file import has_left
from campaign.models.bundle import Bundle, BundleState
from campaign.models.campaign import Campaign
from campaign.models.export import ConsentColumns, DataExport, ExportFormat, ExportKind, ExportState
from campaign.models.staff import StaffUser
from campaign.staff.deciders import refuse_role
from campaign.staff.staff_users import actor_name

_LOADED = (
    joinedload(DataExport.campaign),
    joinedload(DataExport.bundle).options(*WITH_DESTINATION),
    joinedload(DataExport.requested_by),
    joinedload(DataExport.decided_by),
)
ENDED = (ExportState.REFUSED, ExportState.WITHDRAWN, ExportState.FAILED, ExportState.EXPIRED)


def ask(
    session: Session,
    *,
    campaign: Campaign,
    bundle: Bundle | None,
    kind: ExportKind,
    written_as: ExportFormat,
    locale: str,
    reason: str,
    keys: Sequence[str],
    by: StaffUser,
    settings: Settings,
) -> DataExport:
    """Raises Invalid; Refused: `stopped`, `not-open`, `not-ready`, `emptied`, `nobody-else`."""
    refuse_role(by, export_rules.EXPORTERS, "export")
    export_rules.refuse_campaign(kind, campaign.status)
    if bundle is not None:
        if bundle.campaign_id != campaign.id:
            raise NotFound("bundle")
        export_rules.refuse_empty(bundle)
        if bundle.state is not BundleState.READY:
            raise Refused("not-ready")
    export = DataExport(
        kind=kind,
        format=written_as,
        locale=locale,
        campaign=campaign,
        bundle=bundle,
        bundle_sequence=bundle.sequence if bundle else None,
    )
    facts = {"kind": kind.value, "format": written_as.value, "locale": locale}
    return _start(session, export, facts, reason=reason, keys=keys, by=by, settings=settings)


def ask_consents(
    session: Session,
    *,
    columns: ConsentColumns,
    reason: str,
    keys: Sequence[str],
    by: StaffUser,
    settings: Settings,
) -> DataExport:
    """Ask for the members of the network with their consents. Raises Invalid; Refused."""
    refuse_role(by, export_rules.EXPORTERS, "export")
    export = DataExport(
        kind=ExportKind.CONSENTS,
        format=ExportFormat.CSV,
        columns=columns,
        told_since=consent_list.last_told(session, columns),
    )
    facts = {"kind": ExportKind.CONSENTS.value, "columns": columns.value}
    return _start(session, export, facts, reason=reason, keys=keys, by=by, settings=settings)


def _start(
    session: Session,
    export: DataExport,
    facts: Mapping[str, str],
    *,
    reason: str,
    keys: Sequence[str],
    by: StaffUser,
    settings: Settings,
) -> DataExport:
    """Have it made, or decided first. Raises Invalid; Refused (`nobody-else`)."""
    if len(keys) > staff_keys.MOST:
        raise Invalid(fields={"more_keys": "keys-many"})
    export.reason, export.recipients = check_reason(reason), list(keys)
    export.state, export.requested_by = ExportState.MAKING, by
    db.add_row(session, export)
    _note(session, export, by, "export.ask", encrypted=bool(keys), **facts)
    if not settings.exports_need_second_person:
        jobs.enqueue(session, "exports.make", export.id)
        return export
    export.state = ExportState.ASKED
    export.expires_at = db.utcnow() + timedelta(hours=settings.export_request_hours)
    session.flush()
    if not mails.ask_deciders(session, export):
        raise Refused("nobody-else")
    return export


def approve(session: Session, export: DataExport, *, by: StaffUser) -> None:
    """Let it be made. Raises Refused as `export_rules.refuse_decision`; `stopped`, `emptied`."""
    _refuse_decision(export, by)
    export_rules.refuse_source(export)
    _decide(session, export, by, ExportState.MAKING, "export.approve")
    jobs.enqueue(session, "exports.make", export.id)


def refuse(session: Session, export: DataExport, *, by: StaffUser, note: str) -> None:
    """Do not let it be made. Raises Refused as `export_rules.refuse_decision`."""
    _refuse_decision(export, by)
    _decide(session, export, by, ExportState.REFUSED, "export.refuse", note=note)


def withdraw(session: Session, export: DataExport, *, by: StaffUser) -> None:
    """Raises NotFound for another's, Refused where it has ended already."""
    if export.requested_by_id != by.id:
        raise NotFound("export")
    if export.state in ENDED:
        raise Refused("export-ended")
    export.state, export.lease_until = ExportState.WITHDRAWN, None
    forget_file(session, export)
    session.flush()
    _note(session, export, by, "export.withdraw")


def open_download(
    session: Session, export: DataExport, store: storage.Storage, *, by: StaffUser
) -> Download:
    """Raises as `export_rules.refuse_download`; Refused (`people-left`).

    A list for officials breaks off at a stop.
    """
    refuse_role(by, export_rules.EXPORTERS, "export")
    export_rules.refuse_download(export, by.id, db.utcnow())
    if has_left(session, store, export):
        raise Refused(export_rules.PEOPLE_LEFT)
    size = store.size(export.storage_key)
    chunks = store.chunks(export.storage_key)
    first = next(chunks, b"")  # a file that does not open is said before the answer begins
    # The database adds: of two who fetch at once each counts.
    export.downloads = DataExport.downloads + 1
    export.downloaded_at = db.utcnow()
    session.flush()
    _note(session, export, by, "export.download", bytes=size)
    whole: Iterator[bytes] = chain([first], chunks)
    if export.kind is ExportKind.OFFICIALS and export.campaign_id is not None:
        whole = as_long_as_running(whole, export.campaign_id)
    return Download(export.file_name, size, whole)


def delete_outdated(session: Session, export: DataExport, actor: str) -> None:
    """Delete its file, which has somebody who must not be in it any more; who asked is told."""
    is_ready = DataExport.state == ExportState.READY, DataExport.storage_key == export.storage_key
    facts = {"state": ExportState.EXPIRED, "failure": export_rules.PEOPLE_LEFT}
    if not db.update_row(session, DataExport, export.id, *is_ready, **facts):
        return
    session.refresh(export)
    forget_file(session, export)
    subject, slug = f"export:{export.id}", export_rules.PEOPLE_LEFT
    audit.record(session, actor, "export.outdated", subject, campaign=export.campaign_id)
    if not export.downloads:
        mails.send_failed(session, export, slug)


def remake(session: Session, export: DataExport, *, by: StaffUser) -> None:
    """Make anew the list whose file was deleted because somebody left; what was approved holds.

    Raises NotFound for another's; Refused: `export-ended`, `stopped`, `emptied`.
    """
    refuse_role(by, export_rules.EXPORTERS, "export")
    if export.requested_by_id != by.id:
        raise NotFound("export")
    if export.state in {ExportState.MAKING, ExportState.READY}:
        return  # a second click
    if not export_rules.may_remake(export, db.utcnow()):
        raise Refused("export-ended")
    export_rules.refuse_source(export)
    is_deleted = DataExport.state == ExportState.EXPIRED
    values = {"state": ExportState.MAKING, "ready_at": None, "expires_at": None, "failure": None}
    if not db.update_row(session, DataExport, export.id, is_deleted, **values):
        return
    session.refresh(export)
    _note(session, export, by, "export.remake")
    jobs.enqueue(session, "exports.make", export.id)


def get_export(session: Session, public_id: str) -> DataExport:
    query = select(DataExport).where(DataExport.public_id == public_id).options(*_LOADED)
    return db.get_row(session, query, "export")


def list_bundles(session: Session, campaign: Campaign) -> list[Bundle]:
    """List the campaign's bundles that an export can be of, the newest first."""
    bundles = session.scalars(
        select(Bundle)
        .options(*WITH_DESTINATION)
        .where(
            Bundle.campaign_id == campaign.id,
            Bundle.state == BundleState.READY,
            Bundle.emptied_at.is_(None),
        )
        .order_by(Bundle.id.desc())
        .limit(200)
    )
    return [bundle for bundle in bundles if not bundle.is_rehearsal]


@jobs.job("exports.sweep", every_minutes=5)
def sweep() -> None:
    """End what nobody decided in time, delete files whose time is over, resume what was left.

    And delete files that have somebody who must not be in them any more.
    """
    now = db.utcnow()
    with db.transaction() as session:
        over = session.scalars(
            select(DataExport).where(
                DataExport.state.in_([ExportState.ASKED, ExportState.READY]),
                DataExport.expires_at <= now,
            )
        ).all()
        for export in over:
            forget_file(session, export)
            export.state = ExportState.EXPIRED
            audit.record(session, "job:exports.sweep", "export.expire", f"export:{export.id}")
        for export_id in session.scalars(select(DataExport.id).where(EXPORTS.is_due())).all():
            jobs.enqueue(session, "exports.make", export_id)
    with db.reading() as session:
        ready = select(DataExport).where(DataExport.state == ExportState.READY)
        exports = session.scalars(ready).all()
        outdated = [export for export in exports if has_left(session, storage.storage(), export)]
    for checked in outdated:
        with db.transaction() as session:
            export = session.get_one(DataExport, checked.id)
            if export.storage_key == checked.storage_key:
                delete_outdated(session, export, "job:exports.sweep")


def _refuse_decision(export: DataExport, by: StaffUser) -> None:
    refuse_role(by, export_rules.EXPORTERS, "export")
    export_rules.refuse_decision(export, by, db.utcnow(), current_settings().decider_days)


def _decide(
    session: Session,
    export: DataExport,
    by: StaffUser,
    state: ExportState,
    action: str,
    note: str = "",
) -> None:
    """Of two people who decide at once, one does."""
    decided = db.update_row(
        session,
        DataExport,
        export.id,
        DataExport.state == ExportState.ASKED,
        state=state,
        decided_by_id=by.id,
        decided_at=db.utcnow(),
        decision_note=" ".join(note.split())[:500] or None,
        expires_at=None,
    )
    if not decided:
        raise Refused("export-decided")
    session.refresh(export)
    _note(session, export, by, action, staff=export.requested_by_id)
    mails.tell_decision(session, export, by)


def _note(
    session: Session, export: DataExport, by: StaffUser, action: str, **facts: object
) -> None:
    audit.record(
        session, actor_name(by), action, f"export:{export.id}", campaign=export.campaign_id, **facts
    )


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
        return cls(typed, read_number(values.get("before", "")))

    @property
    def state(self) -> dict[str, str]:
        """What an address needs to say, by name."""
        return {name: value for name, value in self.typed.items() if value}


def list_exports(
    session: Session, log_filter: LogFilter, *, zone: str, limit: int = PER_PAGE
) -> Sequence[DataExport]:
    """List the newest exports of the filter; days are those of `zone`."""
    typed = log_filter.typed
    query = select(DataExport).options(*_LOADED)
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
    return (
        session.scalars(
            select(DataExport)
            .options(*_LOADED)
            .where(DataExport.state == ExportState.ASKED, DataExport.expires_at > now)
            .order_by(DataExport.id)
            .limit(200)
        )
        .unique()
        .all()
    )


def list_people(session: Session) -> Sequence[StaffUser]:
    requesters = select(DataExport.requested_by_id)
    users = session.scalars(select(StaffUser).where(StaffUser.id.in_(requesters)))
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
