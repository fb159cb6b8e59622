"""Mails about exports, to staff alone. Nothing of a supporter's is in them, nor the reason."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core.settings import current_settings
from campaign.exports.export_rules import EXPORTERS
from campaign.mail.messages import Context, message
from campaign.models.export import DataExport, ExportState
from campaign.models.staff import StaffUser


@message("export-asked", limited=False, tells_of_stop=True)
def send_export_asked(*, who: str, number: int, reference: str, hours: int, link: str) -> Context:
    """To everybody who may decide about an export that somebody asked for."""
    return {"who": who, "number": number, "reference": reference, "hours": hours, "link": link}


@message("export-decided", limited=False, tells_of_stop=True)
def send_export_decided(
    *, who: str, number: int, reference: str, approved: bool, link: str
) -> Context:
    """To who asked: it was approved, or refused."""
    return {
        "who": who,
        "number": number,
        "reference": reference,
        "approved": approved,
        "link": link,
    }


@message("export-ready", limited=False, tells_of_stop=True)
def send_export_ready(*, number: int, reference: str, hours: int, link: str) -> Context:
    """To who asked: the file waits for so many hours."""
    return {"number": number, "reference": reference, "hours": hours, "link": link}


@message("export-failed", limited=False, tells_of_stop=True)
def send_export_failed(*, number: int, reference: str, why: str, link: str) -> Context:
    """To who asked: it could not be made, and `why`, as a slug."""
    return {"number": number, "reference": reference, "why": why, "link": link}


def deciders(session: Session, export: DataExport) -> Sequence[StaffUser]:
    """Who may decide about it: active staff and admins, but for who asked."""
    return session.scalars(
        select(StaffUser).where(
            StaffUser.role.in_(EXPORTERS), StaffUser.active, StaffUser.id != export.requested_by_id
        )
    ).all()


def ask_deciders(session: Session, export: DataExport) -> int:
    """Mail everybody who may decide; how many."""
    found = deciders(session, export)
    for user in found:
        send_export_asked(
            session,
            to=user.email,
            locale=user.locale,
            who=export.requested_by.name or export.requested_by.email,
            number=export.id,
            reference=export.campaign.reference,
            hours=current_settings().export_request_hours,
            link=_link(export),
        )
    return len(found)


def tell_decision(session: Session, export: DataExport, by: StaffUser) -> None:
    """Mail who asked that it was approved or refused, and by whom."""
    asked = export.requested_by
    send_export_decided(
        session,
        to=asked.email,
        locale=asked.locale,
        who=by.name or by.email,
        number=export.id,
        reference=export.campaign.reference,
        approved=export.state is not ExportState.REFUSED,
        link=_link(export),
    )


def send_ready(session: Session, export: DataExport) -> None:
    """Mail who asked that the file is there."""
    asked = export.requested_by
    send_export_ready(
        session,
        to=asked.email,
        locale=asked.locale,
        number=export.id,
        reference=export.campaign.reference,
        hours=current_settings().export_hours,
        link=_link(export),
    )


def send_failed(session: Session, export: DataExport, why: str) -> None:
    """Mail who asked that there will be no file, and why."""
    asked = export.requested_by
    send_export_failed(
        session,
        to=asked.email,
        locale=asked.locale,
        number=export.id,
        reference=export.campaign.reference,
        why=why,
        link=_link(export),
    )


def _link(export: DataExport) -> str:
    return f"{current_settings().base_url.rstrip('/')}/desk/exports/{export.public_id}"
