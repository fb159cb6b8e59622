"""Mails about exports, to staff alone. Nothing of a supporter's is in them, nor the reason."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core import db
from campaign.core.settings import current_settings
from campaign.exports.export_rules import EXPORTERS
from campaign.mail.messages import Mail
from campaign.models.export import DataExport, ExportState
from campaign.models.staff import StaffUser
from campaign.staff.roles import can_decide


class ExportMail(Mail):
    number: int
    reference: str
    link: str


class ExportAsked(ExportMail, kind="export-asked", tells_of_stop=True):
    """To everybody who may decide about an export that somebody asked for."""

    who: str
    hours: int


class ExportDecided(ExportMail, kind="export-decided", tells_of_stop=True):
    """To who asked: it was approved, or refused."""

    who: str
    approved: bool


class ExportReady(ExportMail, kind="export-ready", tells_of_stop=True):
    """To who asked: the file waits for so many hours."""

    hours: int


class ExportFailed(ExportMail, kind="export-failed", tells_of_stop=True):
    """To who asked: there will be no file, and why, as a slug."""

    why: str


def deciders(session: Session, export: DataExport) -> Sequence[StaffUser]:
    """Who may decide about it: active staff and admins of some days, but for who asked."""
    users = session.scalars(
        select(StaffUser).where(
            StaffUser.role.in_(EXPORTERS), StaffUser.active, StaffUser.id != export.requested_by_id
        )
    )
    now, days = db.utcnow(), current_settings().decider_days
    return [user for user in users if can_decide(user, now, days)]


def ask_deciders(session: Session, export: DataExport) -> int:
    users = deciders(session, export)
    for user in users:
        mail = ExportAsked(
            who=export.requested_by.name or export.requested_by.email,
            number=export.id,
            reference=export.campaign.reference,
            hours=current_settings().export_request_hours,
            link=_link(export),
        )
        mail.send(session, to=user.email, locale=user.locale)
    return len(users)


def tell_decision(session: Session, export: DataExport, by: StaffUser) -> None:
    mail = ExportDecided(
        who=by.name or by.email,
        number=export.id,
        reference=export.campaign.reference,
        approved=export.state is not ExportState.REFUSED,
        link=_link(export),
    )
    _send_to_requester(session, export, mail)


def send_ready(session: Session, export: DataExport) -> None:
    mail = ExportReady(
        number=export.id,
        reference=export.campaign.reference,
        hours=current_settings().export_hours,
        link=_link(export),
    )
    _send_to_requester(session, export, mail)


def send_failed(session: Session, export: DataExport, why: str) -> None:
    mail = ExportFailed(
        number=export.id, reference=export.campaign.reference, why=why, link=_link(export)
    )
    _send_to_requester(session, export, mail)


def _send_to_requester(session: Session, export: DataExport, mail: Mail) -> None:
    mail.send(session, to=export.requested_by.email, locale=export.requested_by.locale)


def _link(export: DataExport) -> str:
    return f"{current_settings().base_url.rstrip('/')}/desk/exports/{export.public_id}"
