"""The gate before files that name supporters: with `exports_need_second_person`, nobody alone.

One person asks with a reason, another one approves; then who asked fetches the files of that bundle
(or the proofs and scans of that campaign) for `export_hours`. Every service that gives out such a
file asks `refuse_unapproved`, wherever it is called from. Exports have a request of their own.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from campaign.bundles import access
from campaign.bundles.access import CARRIERS
from campaign.bundles.destinations import WITH_DESTINATION
from campaign.campaigns.lifecycle import HIDDEN
from campaign.core import audit, db
from campaign.core.errors import DomainError, Invalid, NotFound, Refused
from campaign.core.settings import current_settings, site_url
from campaign.mail.messages import Mail
from campaign.models.bundle import Bundle
from campaign.models.campaign import Campaign
from campaign.models.export import FileApproval, FileApprovalState
from campaign.models.staff import StaffUser
from campaign.staff.deciders import list_deciders, refuse_decider, refuse_role
from campaign.staff.staff_users import actor_name

SHORTEST_REASON = 10
LONGEST_REASON = 500
_SHOWN = 100


class NeedsApproval(DomainError):
    """A second person has to agree first; the data names `campaign` and `bundle` to ask for."""

    status = 403


def refuse_unapproved(
    session: Session, *, actor: str, campaign: Campaign, bundle: Bundle | None = None
) -> None:
    """Raise NeedsApproval where this person may not have these files alone, NotFound by no means.

    Commands may: whoever runs them holds the key of everything. Before a campaign opens its
    people are invented.
    """
    by_id = audit.staff_id(actor)
    if by_id is None:
        return
    invented = campaign.status in HIDDEN
    allowed = (*access.CARRIERS, *access.REHEARSERS) if invented else access.CARRIERS
    refuse_role(session.get_one(StaffUser, by_id), allowed, "bundle")
    if invented or not current_settings().exports_need_second_person:
        return
    approvals = session.scalars(
        select(FileApproval).where(
            FileApproval.requested_by_id == by_id,
            FileApproval.campaign_id == campaign.id,
            FileApproval.state == FileApprovalState.APPROVED,
        )
    )
    now, bundle_id = db.utcnow(), bundle.id if bundle else None
    if not any(opens(approval, by_id, bundle_id, now) for approval in approvals):
        raise NeedsApproval(
            "needs-approval", campaign=campaign.slug, bundle=bundle.public_id if bundle else None
        )


def opens(approval: FileApproval, by_id: int, bundle_id: int | None, now: datetime) -> bool:
    """Whether it lets this person have files of this bundle (None: of the campaign) now. Pure."""
    return (
        approval.state is FileApprovalState.APPROVED
        and approval.requested_by_id == by_id
        and approval.decided_by_id not in {None, by_id}
        and approval.bundle_id == bundle_id
        and now < approval.expires_at
    )


def is_over(approval: FileApproval, now: datetime) -> bool:
    """Whether nothing can be done with it any more. Pure."""
    return approval.state is FileApprovalState.REFUSED or approval.expires_at <= now


def refuse_decision(approval: FileApproval, by: StaffUser, now: datetime, days: int) -> None:
    """Raise Refused where this person cannot decide about it now. Pure.

    `approval-own`, `approval-decided`, or as `roles.refuse_decider`.
    """
    if approval.requested_by_id == by.id:
        raise Refused("approval-own")
    if approval.state is not FileApprovalState.ASKED or is_over(approval, now):
        raise Refused("approval-decided")
    refuse_decider(by, now, days)


def ask(
    session: Session, *, campaign: Campaign, bundle: Bundle | None, reason: str, by: StaffUser
) -> FileApproval:
    """Ask for leave to fetch files, and mail those who can give it.

    Raises Invalid for the reason; NotFound for a bundle of another campaign; Refused
    (`nobody-else`) where there is no second person who could approve it.
    """
    if bundle is not None and bundle.campaign_id != campaign.id:
        raise NotFound("bundle")
    settings = current_settings()
    approval = FileApproval(
        campaign=campaign,
        bundle=bundle,
        reason=check_reason(reason),
        requested_by=by,
        state=FileApprovalState.ASKED,
        expires_at=db.utcnow() + timedelta(hours=settings.export_request_hours),
    )
    db.add_row(session, approval)
    _note(session, approval, by, "files-ask")
    if not ask_deciders(session, approval):
        raise Refused("nobody-else")
    return approval


def decide(session: Session, approval: FileApproval, *, by: StaffUser, approved: bool) -> None:
    """Give or refuse leave; who asked is told. Of two who decide at once, one does.

    Raises Refused as `refuse_decision`.
    """
    settings, now = current_settings(), db.utcnow()
    refuse_decision(approval, by, now, settings.decider_days)
    state = FileApprovalState.APPROVED if approved else FileApprovalState.REFUSED
    until = now + timedelta(hours=settings.export_hours) if approved else approval.expires_at
    is_open = FileApproval.state == FileApprovalState.ASKED
    values = {"state": state, "decided_by_id": by.id, "decided_at": now, "expires_at": until}
    if not db.update_row(session, FileApproval, approval.id, is_open, **values):
        raise Refused("approval-decided")
    session.refresh(approval)
    _note(session, approval, by, "files-approve" if approved else "files-refuse")
    tell_decision(session, approval, by)


def get_approval(session: Session, public_id: str) -> FileApproval:
    return db.get_row(session, _select_all().where(FileApproval.public_id == public_id), "approval")


def list_approvals(session: Session) -> Sequence[FileApproval]:
    return session.scalars(_select_all().order_by(FileApproval.id.desc()).limit(_SHOWN)).all()


def _select_all() -> Select[FileApproval]:
    return select(FileApproval).options(
        joinedload(FileApproval.campaign),
        joinedload(FileApproval.bundle).options(*WITH_DESTINATION),
        joinedload(FileApproval.requested_by),
        joinedload(FileApproval.decided_by),
    )


def check_reason(typed: str) -> str:
    """Return the reason, if it says something. Raises Invalid."""
    reason = " ".join(typed.split())
    if len(reason) < SHORTEST_REASON:
        raise Invalid(fields={"reason": "reason-short"})
    if len(reason) > LONGEST_REASON:
        raise Invalid(fields={"reason": "reason-long"})
    return reason


def _note(session: Session, approval: FileApproval, by: StaffUser, action: str) -> None:
    bundle_id = approval.bundle_id
    audit.record(
        session,
        actor_name(by),
        f"bundle.{action}",
        f"bundle:{bundle_id}" if bundle_id else f"campaign:{approval.campaign_id}",
        approval=approval.id,
        staff=approval.requested_by_id,
    )


# Both mails go to staff alone: no supporter and no reason is in them.
class FilesMail(Mail):
    reference: str
    who: str
    hours: int
    link: str


class FilesAsked(FilesMail, kind="files-asked", tells_of_stop=True):
    """To everybody who can give the leave that somebody asked for."""


class FilesDecided(FilesMail, kind="files-decided", tells_of_stop=True):
    """To who asked: they can fetch the files for so many hours, or not."""

    approved: bool


def ask_deciders(session: Session, approval: FileApproval) -> int:
    users = list_deciders(session, CARRIERS, asker_id=approval.requested_by_id)
    hours = current_settings().export_request_hours
    mail = FilesAsked(hours=hours, **_facts(approval, approval.requested_by))
    for user in users:
        mail.send(session, to=user.email, locale=user.locale)
    return len(users)


def tell_decision(session: Session, approval: FileApproval, by: StaffUser) -> None:
    approved, hours = approval.state is FileApprovalState.APPROVED, current_settings().export_hours
    mail = FilesDecided(approved=approved, hours=hours, **_facts(approval, by))
    mail.send(session, to=approval.requested_by.email, locale=approval.requested_by.locale)


def _facts(approval: FileApproval, by: StaffUser) -> dict[str, str]:
    return {
        "reference": approval.campaign.reference,
        "who": by.name or by.email,
        "link": site_url(f"/desk/bundles/approvals/{approval.public_id}"),
    }
