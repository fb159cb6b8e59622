"""Who may have an export and when. Pure."""

from dataclasses import dataclass
from datetime import datetime

from campaign.bundles import bundle_status
from campaign.campaigns.lifecycle import HIDDEN
from campaign.campaigns.stop_rule import may_go_out
from campaign.core.errors import Gone, NotFound, Refused
from campaign.models.bundle import Bundle, BundleState
from campaign.models.campaign import CampaignStatus
from campaign.models.export import DataExport, ExportKind, ExportState
from campaign.models.signature import SignatureState
from campaign.models.staff import Role, StaffUser
from campaign.staff.deciders import refuse_decider

EXPORTERS = frozenset({Role.STAFF, Role.ADMIN})
OF_CAMPAIGNS = (ExportKind.OFFICIALS, ExportKind.FULL)

PEOPLE_LEFT = "people-left"
"""Why a file was deleted: somebody in it withdrew, had it deleted, or is no longer listed."""

_JUDGED = (
    SignatureState.CONFIRMED,
    SignatureState.HELD,
    SignatureState.REJECTED,
    SignatureState.INVALID,
)
_HANDED_OUT = (SignatureState.CONFIRMED,)


def states_in(kind: ExportKind) -> tuple[SignatureState, ...]:
    return _JUDGED if kind is ExportKind.FULL else _HANDED_OUT


def refuse_campaign(kind: ExportKind, status: CampaignStatus) -> None:
    """Raise Refused where nothing of the campaign may go out so: a draft, a stop."""
    if status in HIDDEN:
        raise Refused("not-open")
    if kind is ExportKind.OFFICIALS and not may_go_out(status):
        raise Refused("stopped")


def refuse_empty(bundle: Bundle) -> None:
    """Raise Refused (`emptied`) where nobody is in the bundle any more, or nobody is known."""
    if bundle.state is BundleState.CANCELLED:
        raise Refused("emptied")
    bundle_status.refuse_emptied(bundle)


def refuse_source(export: DataExport) -> None:
    """Raise Refused where its list cannot be made any more: what it is of stopped, or is empty."""
    if export.campaign is None:
        return
    refuse_campaign(export.kind, export.campaign.status)
    bundle = bundle_of(export)
    if bundle is not None:
        refuse_empty(bundle)


def bundle_of(export: DataExport) -> Bundle | None:
    """Raises Refused (`emptied`) where the bundle is gone: nobody asked for everybody."""
    if export.bundle is None and export.bundle_sequence is not None:
        raise Refused("emptied")
    return export.bundle


def refuse_decision(export: DataExport, by: StaffUser, now: datetime, days: int) -> None:
    """Raise Refused: `export-own`, `export-decided`, or as `roles.refuse_decider`."""
    if export.requested_by_id == by.id:
        raise Refused("export-own")
    if export.state is not ExportState.ASKED or is_over(export, now):
        raise Refused("export-decided")
    refuse_decider(by, now, days)


def refuse_download(export: DataExport, by_id: int, now: datetime) -> None:
    """Raises NotFound for another's, Gone once its time is over, Refused otherwise."""
    if export.requested_by_id != by_id:
        raise NotFound("export")
    if export.state is ExportState.EXPIRED or (
        export.state is ExportState.READY and is_over(export, now)
    ):
        raise Gone("export-expired")
    if export.state is not ExportState.READY:
        raise Refused("not-ready")
    if export.campaign is not None:
        refuse_campaign(export.kind, export.campaign.status)


def may_remake(export: DataExport, now: datetime) -> bool:
    """Return whether its file, which would still be kept, was deleted because somebody left."""
    is_deleted = export.state is ExportState.EXPIRED and export.failure == PEOPLE_LEFT
    return is_deleted and not is_over(export, now)


def is_over(export: DataExport, now: datetime) -> bool:
    return export.expires_at is not None and export.expires_at <= now


@dataclass(frozen=True, slots=True)
class Watermark:
    """What every file says: whose it is. Nothing of a supporter's."""

    number: int
    reference: str
    kind: ExportKind
    asked_by: str
    asked_at: datetime
    reason: str
    approved_by: str = ""
    bundle: int | None = None

    def lines(self) -> list[tuple[str, str]]:
        """Return name and value of each fact, for programs; `list_words` says them to people."""
        return [
            ("export", str(self.number)),
            ("campaign", self.reference),
            ("bundle", f"{self.bundle:03d}" if self.bundle else "all"),
            ("list", self.kind.value),
            ("asked by", self.asked_by),
            ("approved by", self.approved_by or "no approval was needed"),
            ("asked at", self.asked_at.strftime("%Y-%m-%d %H:%M UTC")),
            ("reason", self.reason),
            ("note", "Personal data. For this purpose only; destroy it after use."),
        ]
