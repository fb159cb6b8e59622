"""What is wrong with the instance: admins get an email of each matter, and one when it is over."""

import shutil
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.bundles.destinations import WITH_DESTINATION
from campaign.core import clock, db, i18n, jobs
from campaign.core.audit import AuditEntry
from campaign.core.db.missing_key import was_key_missing
from campaign.core.settings import Settings, current_settings, site_url
from campaign.mail.mailboxes import is_imap_away
from campaign.mail.messages import Mail, MailState, OutboxMail
from campaign.mail.transports import RECIPIENT_REFUSED
from campaign.models.alarm import Alarm
from campaign.models.bundle import Bundle, BundleState
from campaign.models.staff import Role, StaffUser
from campaign.models.statistics import FiguresRun
from campaign.operations.health import find_problems, is_nearly_full

BACKED_UP, BACKUP_FAILED = "audit.backup", "audit.backup-failed"
"""How the audit log calls a backup that was begun, and one that then failed."""
_BUNDLE = "bundle:"
_MOST_SILENT = timedelta(minutes=15)
"""The background service counts every minute."""
_SETTLED = timedelta(minutes=30)
"""For which a matter has to be gone before it is said to be over."""
_TRIES = 3
_ADDRESSES = 2
_BACKUPS = 5
_SOONEST_BACKUP = timedelta(days=2)


class StaffAlarm(Mail, kind="staff-alarm"):
    matter: str
    is_over: bool
    bundle: str
    since: str
    link: str
    account_link: str


@jobs.job("operations.watch", every_minutes=5)
def watch() -> None:
    """Look what is wrong, from the background service: it runs."""
    with db.reading() as session:
        matters = find_matters(session)
    with db.transaction() as session:
        note_matters(session, matters)


def watch_from_outside() -> list[str]:
    """Look as well whether the background service runs, and send the emails without it.

    Return what is wrong now.
    """
    with db.reading() as session:
        matters = find_silent_worker(session) | find_matters(session)
    with db.transaction() as session:
        note_matters(session, matters)
    with db.reading() as session:
        waits = select(OutboxMail.id).where(
            OutboxMail.kind == StaffAlarm.kind,
            OutboxMail.state == MailState.WAITING,
            OutboxMail.due_at <= clock.utcnow(),
        )
        mail_ids = session.scalars(waits).all()
    for mail_id in mail_ids:
        jobs.run_now("mail.send", mail_id)
    return sorted(matters)


def find_silent_worker(session: Session) -> dict[str, datetime]:
    counted_at = session.scalar(select(FiguresRun.counted_at))
    is_silent = counted_at is not None and clock.utcnow() - counted_at > _MOST_SILENT
    return {"worker": counted_at} if counted_at is not None and is_silent else {}


def find_matters(session: Session) -> dict[str, datetime]:
    """Return what is wrong, and since when, as far as is known."""
    now = clock.utcnow()
    matters = dict.fromkeys(set(find_problems()) - {"database"}, now)
    if _is_mail_server_away(session, now):
        matters["mail"] = now
    if is_imap_away(session, current_settings()):
        matters["imap"] = now
    if is_disk_low(current_settings()):
        matters["disk"] = now
    if was_key_missing(current_settings().folder):
        matters["keys"] = now
    if since := _find_missing_backup(session, now):
        matters["backup"] = since
    failed = select(Bundle.public_id).where(Bundle.state == BundleState.FAILED)
    return matters | {f"{_BUNDLE}{public_id}": now for public_id in session.scalars(failed)}


def _is_mail_server_away(session: Session, now: datetime) -> bool:
    """Whether emails are tried again and again, and none went out in the last hour.

    One address, or two, that their own server does not take for now say nothing of ours.
    """
    waits = OutboxMail.state == MailState.WAITING
    is_of_address = OutboxMail.failure.startswith(RECIPIENT_REFUSED)
    # Of many that wait for a server that is away, each try is another's.
    tries = select(func.sum(OutboxMail.attempts)).where(waits, is_of_address.isnot(True))
    tried = (waits, OutboxMail.attempts >= _TRIES)
    addresses = select(OutboxMail.recipient_hmac).where(*tried).distinct()
    sent = select(OutboxMail.id).where(
        OutboxMail.state == MailState.SENT,
        OutboxMail.sent_at >= clock.cut_to_hour(now) - timedelta(hours=1),
    )
    is_away = (session.scalar(tries) or 0) >= _TRIES
    is_stuck = is_away or db.count_rows(session, addresses) > _ADDRESSES
    return is_stuck and not db.has_row(session, sent)


def is_disk_low(settings: Settings) -> bool:
    folders = [folder for folder in (settings.folder, *settings.own_folders) if folder.exists()]
    disks = map(shutil.disk_usage, folders)
    return any(is_nearly_full(disk.free, disk.total) for disk in disks)


def _find_missing_backup(session: Session, now: datetime) -> datetime | None:
    """Return when the last backup failed, or was made too long ago."""
    actions = AuditEntry.action.in_((BACKED_UP, BACKUP_FAILED))
    query = select(AuditEntry.action, AuditEntry.at).where(actions).order_by(AuditEntry.id.desc())
    rows = session.execute(query.limit(2 * _BACKUPS)).all()
    backups: list[datetime] = [
        row.at
        for row, next_row in zip(rows, [None, *rows], strict=False)
        if row.action == BACKED_UP and (next_row is None or next_row.action == BACKED_UP)
    ]
    if rows and rows[0].action == BACKUP_FAILED:
        failed_at: datetime = rows[0].at
        return failed_at
    return backups[0] if is_backup_late(backups[:_BACKUPS], now) else None


def is_backup_late(last: Sequence[datetime], now: datetime) -> bool:
    """Whether the last backup, of `last` with the newest first, is older than is usual. Pure.

    Twice the longest time between those before it, and two days at least; who makes none with our
    command makes them otherwise.
    """
    gaps = [later - earlier for later, earlier in pairwise(last)]
    return bool(gaps) and now - last[0] > max(2 * max(gaps), _SOONEST_BACKUP)


def note_matters(session: Session, matters: dict[str, datetime]) -> None:
    """Tell admins of what is new, and of what has been gone for half an hour."""
    now = clock.utcnow()
    for matter, since in matters.items():
        if db.insert_new(session, Alarm, matter=matter, since=since):
            _tell(session, matter, since, is_over=False)
    alarms = session.scalars(select(Alarm).order_by(Alarm.matter).with_for_update()).all()
    for alarm in alarms:
        if alarm.matter in matters:
            alarm.gone_at = None
        elif alarm.gone_at is None:
            alarm.gone_at = now
        elif now - alarm.gone_at >= _SETTLED:
            _tell(session, alarm.matter, alarm.since, is_over=True)
            session.delete(alarm)
    session.flush()


def _tell(session: Session, matter: str, since: datetime, *, is_over: bool) -> None:
    kind, _, public_id = matter.partition(":")
    bundle = public_id and session.scalar(
        select(Bundle).where(Bundle.public_id == public_id).options(*WITH_DESTINATION)
    )
    path = f"/desk/bundles/{public_id}" if bundle else "/desk/today"
    admins = select(StaffUser).where(
        StaffUser.active, StaffUser.gets_alarms, StaffUser.role == Role.ADMIN
    )
    for user in session.scalars(admins.order_by(StaffUser.id)).all():
        StaffAlarm(
            matter=kind,
            is_over=is_over,
            bundle=bundle.name if bundle else "",
            since=i18n.say_moment_in_zone(since, in_language=user.locale),
            link=site_url(path),
            account_link=site_url("/desk/account"),
        ).send(session, to=user.email, locale=user.locale)
