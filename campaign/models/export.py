"""Exports of personal data, leave to fetch files, and the keys to which staff encrypt them."""

import enum
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaign.core.db import Created, Locale, PublicRow, Sealed, SealedRow, parent_key
from campaign.core.db.leases import Leased
from campaign.models.bundle import Bundle
from campaign.models.campaign import Campaign
from campaign.models.staff import StaffUser


class ExportKind(enum.StrEnum):
    FULL = "full"
    """For vetting, within the house: all that is needed to judge a signature."""
    OFFICIALS = "officials"
    """To hand over: what each supporter lets officials see."""
    CONSENTS = "consents"
    """Members of the network with their consents, for another program; of no campaign."""


class ConsentColumns(enum.StrEnum):
    """As which program names the columns of a list of consents."""

    PLAIN = "plain"
    ACTION_NETWORK = "action-network"
    CIVICRM = "civicrm"
    ENGAGING_NETWORKS = "engaging-networks"
    MAILCHIMP = "mailchimp"
    NATIONBUILDER = "nationbuilder"
    NPSP = "npsp"


class ExportFormat(enum.StrEnum):
    CSV = "csv"
    XLSX = "xlsx"
    JSONL = "jsonl"


class ExportState(enum.StrEnum):
    ASKED = "asked"
    MAKING = "making"
    READY = "ready"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    """By who asked, whatever had become of it: also one that was ready."""
    FAILED = "failed"
    EXPIRED = "expired"
    """Nobody decided in time, its file's time is over, or somebody in it left (`failure`)."""


class DataExport(SealedRow, Leased, PublicRow):
    """An export. The row outlives the file: it is the log."""

    __table_args__ = (
        # That nobody approves an export of their own holds whatever the pages do.
        CheckConstraint(
            "decided_by_id IS NULL OR decided_by_id <> requested_by_id", name="second_person"
        ),
        Index("ix_data_export_state_lease_until", "state", "lease_until"),
    )

    kind: Mapped[ExportKind]
    format: Mapped[ExportFormat]
    locale: Mapped[Locale] = mapped_column(server_default="en")
    columns: Mapped[ConsentColumns | None]
    told_since: Mapped[datetime | None]
    """Of a list of consents: since when it tells who left; none: it is the first."""
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"), index=True)
    bundle_id: Mapped[int | None] = mapped_column(
        ForeignKey("bundle.id", ondelete="SET NULL"), index=True
    )
    """None: the whole campaign, or a bundle that was given back."""
    bundle_sequence: Mapped[int | None]
    """The bundle's number, which stays when the bundle is given back."""
    reason: Mapped[str] = mapped_column(Sealed("data_export.reason"))
    recipients: Mapped[list[str]]
    state: Mapped[ExportState]
    requested_by_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"), index=True)
    requested_at: Mapped[Created]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    decided_at: Mapped[datetime | None]
    decision_note: Mapped[str | None] = mapped_column(Sealed("data_export.decision_note"))
    expires_at: Mapped[datetime | None]
    """Until when it can be decided; once it is ready, until when its file is kept."""
    rows_total: Mapped[int] = mapped_column(default=0)
    rows_done: Mapped[int] = mapped_column(default=0)
    rows_unreadable: Mapped[int] = mapped_column(default=0)
    failure: Mapped[str | None] = mapped_column(String(60))
    storage_key: Mapped[str] = mapped_column(String(120), default="")
    file_name: Mapped[str] = mapped_column(String(120), default="")
    byte_count: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(String(64))
    ready_at: Mapped[datetime | None]
    downloads: Mapped[int] = mapped_column(default=0)
    downloaded_at: Mapped[datetime | None]

    campaign: Mapped[Campaign | None] = relationship()
    bundle: Mapped[Bundle | None] = relationship()
    requested_by: Mapped[StaffUser] = relationship(foreign_keys=[requested_by_id])
    decided_by: Mapped[StaffUser | None] = relationship(foreign_keys=[decided_by_id])


class ExportKey(SealedRow, PublicRow):
    __table_args__ = (UniqueConstraint("staff_user_id", "recipient"),)

    staff_user_id: Mapped[int] = parent_key("staff_user.id")
    label: Mapped[str] = mapped_column(Sealed("export_key.label"))
    recipient: Mapped[str] = mapped_column(String(2000))
    added_at: Mapped[Created]


class FileApprovalState(enum.StrEnum):
    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"


class FileApproval(SealedRow, PublicRow):
    """Leave to fetch files that name supporters. The row is the log: it outlives its time."""

    __table_args__ = (
        # That nobody approves what they asked for themselves holds whatever the pages do.
        CheckConstraint(
            "decided_by_id IS NULL OR decided_by_id <> requested_by_id", name="second_person"
        ),
    )

    campaign_id: Mapped[int] = parent_key("campaign.id", index=True)
    bundle_id: Mapped[int | None] = parent_key("bundle.id", index=True)
    """None: the campaign's proofs and scans."""
    reason: Mapped[str] = mapped_column(Sealed("file_approval.reason"))
    state: Mapped[FileApprovalState] = mapped_column(default=FileApprovalState.ASKED)
    requested_by_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"), index=True)
    requested_at: Mapped[Created]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    decided_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    """Until when it can be decided; once it is approved, until when files are given out."""

    campaign: Mapped[Campaign] = relationship()
    bundle: Mapped[Bundle | None] = relationship()
    requested_by: Mapped[StaffUser] = relationship(foreign_keys=[requested_by_id])
    decided_by: Mapped[StaffUser | None] = relationship(foreign_keys=[decided_by_id])
