"""Files that staff bring into the directory: what was uploaded, and what it would change."""

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from campaign.core.db import Base, Created, Json, PrimaryKey, PublicId, Sealed, SealId


class Directory(enum.StrEnum):
    """Which part of the directory a file is for."""

    OFFICIALS = "officials"
    MISSIONS = "missions"


class ImportState(enum.StrEnum):
    """How far a file has come."""

    UPLOADED = "uploaded"
    REHEARSING = "rehearsing"
    READY = "ready"
    APPLYING = "applying"
    APPLIED = "applied"
    FAILED = "failed"


class Verdict(enum.StrEnum):
    """What an import does, or would do, with a row."""

    ADDED = "added"
    CHANGED = "changed"
    LEFT = "left"
    REFUSED = "refused"


class DirectoryImport(Base):
    """One file that a staff user uploaded. It is theirs alone, and goes after some days."""

    __tablename__ = "directory_import"

    id: Mapped[PrimaryKey]
    seal_id: Mapped[SealId]
    public_id: Mapped[PublicId]
    directory: Mapped[Directory]
    owner_id: Mapped[int] = mapped_column(
        ForeignKey("staff_user.id", ondelete="CASCADE"), index=True
    )
    file_name: Mapped[str] = mapped_column(Sealed("directory_import.file_name"))
    storage_key: Mapped[str] = mapped_column(String(60), default="")
    """Where the sealed file lies; empty once it is applied."""
    options: Mapped[Json] = mapped_column(default=dict)
    """Encoding, meanings of columns, values for all rows: what the mapping page was told."""
    state: Mapped[ImportState] = mapped_column(default=ImportState.UPLOADED)
    counts: Mapped[Json] = mapped_column(default=dict)
    """Rows per verdict; and `again`, where the directory changed between dry run and import."""
    digest: Mapped[str] = mapped_column(String(64), default="")
    """Of all that the dry run showed: what is applied is exactly that, or nothing."""
    failure: Mapped[str | None] = mapped_column(Sealed("directory_import.failure"))
    """Why it failed, as a sentence and its values (JSON)."""
    lease_until: Mapped[datetime | None]
    """Until when the worker that does it has it for itself."""
    attempt: Mapped[int] = mapped_column(default=0, server_default="0")
    """Claims so far; a worker whose number is no longer this one has lost it."""
    created_at: Mapped[Created]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    undone_at: Mapped[datetime | None]
    """When it was undone, as far as that could be: the rows that are left are what stays."""


class ImportRow(Base):
    """What would become of one row of the file."""

    __tablename__ = "directory_import_row"
    __table_args__ = (
        Index("ix_directory_import_row_import_id_verdict", "import_id", "verdict", "id"),
    )

    id: Mapped[PrimaryKey]
    seal_id: Mapped[SealId]
    import_id: Mapped[int] = mapped_column(ForeignKey("directory_import.id", ondelete="CASCADE"))
    verdict: Mapped[Verdict]
    row: Mapped[int]
    partly: Mapped[bool] = mapped_column(default=False)
    """Whether something of it could not be read and is left out."""
    detail: Mapped[str] = mapped_column(Sealed("directory_import_row.detail"))
    """Title, slug, changes per field, or the fault (JSON)."""
