"""What goes to and comes from other programs of the organization."""

import enum
from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from campaign.core import db


class ContactImportKind(enum.StrEnum):
    MEMBERS = "members"
    """People who agreed elsewhere to hear of new actions, with the proof of it."""
    SUPPRESSED = "suppressed"
    """Addresses to which we never write."""


class ContactImport(db.SealedRow, db.PublicRow):
    """A file of addresses that an admin uploaded. It is theirs alone, and goes after days."""

    kind: Mapped[ContactImportKind]
    owner_id: Mapped[int] = db.parent_key("staff_user.id", index=True)
    file_name: Mapped[str] = mapped_column(db.Sealed("contact_import.file_name"))
    storage_key: Mapped[str] = mapped_column(String(60), default="")
    options: Mapped[db.Json] = mapped_column(default=dict)
    """What its columns mean, how it is read; what holds for all its rows is in `proof`."""
    proof: Mapped[str | None] = mapped_column(db.Sealed("contact_import.proof"))
    counts: Mapped[db.Json] = mapped_column(default=dict)
    findings: Mapped[str | None] = mapped_column(db.Sealed("contact_import.findings"))
    applied_at: Mapped[datetime | None]
    created_at: Mapped[db.Created]
    expires_at: Mapped[datetime] = mapped_column(index=True)
