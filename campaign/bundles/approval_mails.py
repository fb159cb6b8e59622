"""Mails about leave to fetch files, to staff alone. No supporter and no reason is in them."""

from sqlalchemy.orm import Session

from campaign.bundles.access import CARRIERS
from campaign.core.settings import current_settings
from campaign.mail.messages import Mail
from campaign.models.export import FileApproval, FileApprovalState
from campaign.models.staff import StaffUser
from campaign.staff.roles import list_deciders


class FilesAsked(Mail, kind="files-asked", tells_of_stop=True):
    """To everybody who can give the leave that somebody asked for."""

    reference: str
    who: str
    hours: int
    link: str


class FilesDecided(Mail, kind="files-decided", tells_of_stop=True):
    """To who asked: they can fetch the files for so many hours, or not."""

    reference: str
    who: str
    approved: bool
    hours: int
    link: str


def ask_deciders(session: Session, approval: FileApproval) -> int:
    """Mail everybody who can decide; how many."""
    by = approval.requested_by
    users = list_deciders(session, CARRIERS, asker_id=by.id)
    for user in users:
        mail = FilesAsked(
            reference=approval.campaign.reference,
            who=by.name or by.email,
            hours=current_settings().export_request_hours,
            link=_link(approval),
        )
        mail.send(session, to=user.email, locale=user.locale)
    return len(users)


def tell_decision(session: Session, approval: FileApproval, by: StaffUser) -> None:
    mail = FilesDecided(
        reference=approval.campaign.reference,
        who=by.name or by.email,
        approved=approval.state is FileApprovalState.APPROVED,
        hours=current_settings().export_hours,
        link=_link(approval),
    )
    user = approval.requested_by
    mail.send(session, to=user.email, locale=user.locale)


def _link(approval: FileApproval) -> str:
    base = current_settings().base_url.rstrip("/")
    return f"{base}/desk/bundles/approvals/{approval.public_id}"
