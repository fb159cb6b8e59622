"""Sheets and cards on which people signed by hand, their rows, their scans, and files of them."""

import enum
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaign.core import db
from campaign.core.db.leases import Leased
from campaign.models.campaign import Campaign
from campaign.models.signature import Origin, Signature


class SheetKind(enum.StrEnum):
    SHEET = "sheet"
    CARD = "card"


class RowVerdict(enum.StrEnum):
    COUNTED = "counted"
    DOUBLE = "double"
    """The person has signed online or on another sheet: counted there, and only there."""
    REMOVED = "removed"
    """Taken out by the team; it can be put back for some days. Its number stays with the sheet."""


class ScanKind(enum.StrEnum):
    IMAGE = "image"
    PDF = "pdf"


class PaperImportState(enum.StrEnum):
    UPLOADED = "uploaded"
    REHEARSING = "rehearsing"
    READY = "ready"
    APPLYING = "applying"
    APPLIED = "applied"
    FAILED = "failed"
    UNDOING = "undoing"


class PaperSheet(db.PublicRow):
    __table_args__ = (
        CheckConstraint("rows_by_hand >= 0", name="rows_by_hand"),
        Index("ix_paper_sheet_campaign_id", "campaign_id", "id"),
    )

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    kind: Mapped[SheetKind]
    origin: Mapped[Origin] = mapped_column(default=Origin.PAPER)
    """`import` where the file says nothing of paper."""
    place: Mapped[str] = mapped_column(String(200), default="")
    collected_on: Mapped[date]
    country: Mapped[db.Country]
    locale: Mapped[str] = mapped_column(String(12), default="")
    """Of the text that people signed; empty of sheets from before this was asked."""
    rows_by_hand: Mapped[int | None]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    created_at: Mapped[db.Created]

    campaign: Mapped[Campaign] = relationship()


class PaperRow(db.SealedRow, db.PublicRow):
    __table_args__ = (UniqueConstraint("sheet_id", "position"), UniqueConstraint("signature_id"))

    sheet_id: Mapped[int] = db.parent_key("paper_sheet.id")
    position: Mapped[int]
    verdict: Mapped[RowVerdict]
    told_apart: Mapped[bool] = mapped_column(default=False)
    """Whether the keyer said that this is another person than the one who looks the same."""
    signature_id: Mapped[int | None] = mapped_column(
        ForeignKey("signature.id", ondelete="SET NULL")
    )
    """The signature that it is; none: a double, or erased. Of one that counts nothing, the empty
    place that it keeps in a bundle (`paper_signatures.bundle_places`)."""
    twin_id: Mapped[int | None] = mapped_column(
        ForeignKey("signature.id", ondelete="SET NULL"), index=True
    )
    email_hmac: Mapped[bytes | None] = mapped_column(db.LookUp(32), index=True)
    """Fingerprint of the address on the sheet: the address itself is kept for news alone."""
    details: Mapped[str | None] = mapped_column(db.Sealed("paper_row.details"))
    """What a row says that is no signature (JSON), so that it can become one after all."""
    keyed_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    keyed_at: Mapped[db.Created]
    """When what lists say of it was keyed in, the last time; of one taken out, when it was."""

    sheet: Mapped[PaperSheet] = relationship()
    signature: Mapped[Signature | None] = relationship(foreign_keys=[signature_id])
    twin: Mapped[Signature | None] = relationship(foreign_keys=[twin_id])


class Scan(db.PublicRow):
    """A scan of a sheet or of a reply; its files lie sealed in the storage."""

    __table_args__ = (
        CheckConstraint("(sheet_id IS NULL) <> (reply_id IS NULL)", name="one_owner"),
    )

    sheet_id: Mapped[int | None] = db.parent_key("paper_sheet.id", index=True)
    reply_id: Mapped[int | None] = db.parent_key("reply.id", index=True)
    kind: Mapped[ScanKind]
    folder: Mapped[str] = mapped_column(String(40))
    pages: Mapped[int]
    """Pages that are shown; 0: it could be kept, not drawn."""
    byte_count: Mapped[int]
    created_at: Mapped[db.Created]


class PaperImport(db.SealedRow, Leased, db.PublicRow):
    """A file of signatures that a staff user uploaded. It is theirs alone, and goes after days."""

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), index=True)
    owner_id: Mapped[int] = db.parent_key("staff_user.id", index=True)
    file_name: Mapped[str] = mapped_column(db.Sealed("paper_import.file_name"))
    storage_key: Mapped[str] = mapped_column(String(60), default="")
    options: Mapped[db.Json] = mapped_column(default=dict)
    state: Mapped[PaperImportState] = mapped_column(default=PaperImportState.UPLOADED)
    counts: Mapped[db.Json] = mapped_column(default=dict)
    findings: Mapped[str | None] = mapped_column(db.Sealed("paper_import.findings"))
    sheet_id: Mapped[int | None] = mapped_column(ForeignKey("paper_sheet.id", ondelete="SET NULL"))
    created_at: Mapped[db.Created]
    expires_at: Mapped[datetime] = mapped_column(index=True)
