"""Mails about exports, to staff alone. Nothing of a supporter's is in them, nor the reason."""

from sqlalchemy.orm import Session

from campaign.core.db import Json
from campaign.core.settings import current_settings, site_url
from campaign.exports.export_rules import EXPORTERS
from campaign.mail.messages import Mail
from campaign.models.export import DataExport, ExportState
from campaign.models.staff import StaffUser
from campaign.staff.deciders import list_deciders


class ExportMail(Mail):
    number: int
    reference: str  # Of its campaign; empty: of the network
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


def ask_deciders(session: Session, export: DataExport) -> int:
    """Mail everybody who may decide; return how many."""
    users = list_deciders(session, EXPORTERS, asker_id=export.requested_by_id)
    hours = current_settings().export_request_hours
    mail = ExportAsked(who=_name(export.requested_by), hours=hours, **_facts(export))
    for user in users:
        mail.send(session, to=user.email, locale=user.locale)
    return len(users)


def tell_decision(session: Session, export: DataExport, by: StaffUser) -> None:
    approved = export.state is not ExportState.REFUSED
    mail = ExportDecided(who=_name(by), approved=approved, **_facts(export))
    _send_to_requester(session, export, mail)


def send_ready(session: Session, export: DataExport) -> None:
    mail = ExportReady(hours=current_settings().export_hours, **_facts(export))
    _send_to_requester(session, export, mail)


def send_failed(session: Session, export: DataExport, why: str) -> None:
    _send_to_requester(session, export, ExportFailed(why=why, **_facts(export)))


def _send_to_requester(session: Session, export: DataExport, mail: Mail) -> None:
    mail.send(session, to=export.requested_by.email, locale=export.requested_by.locale)


def _name(user: StaffUser) -> str:
    return user.name or user.email


def _facts(export: DataExport) -> Json:
    link = site_url(f"/desk/exports/{export.public_id}")
    return {
        "number": export.id,
        "reference": export.campaign.reference if export.campaign else "",
        "link": link,
    }
