"""What was printed of a bundle, file by file; what was printed anew; the words of cover letters."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from campaign.core.db import Base, Created, Json, Locale, PrimaryKey, PublicId, Sealed, SealId


class BundlePrint(Base):
    """The files that a bundle was, each by its hash; a later print replaces it, and it stays."""

    __tablename__ = "bundle_print"
    __table_args__ = (
        UniqueConstraint("bundle_id", "number"),
        CheckConstraint("number >= 1", name="number"),
    )

    id: Mapped[PrimaryKey]
    bundle_id: Mapped[int] = mapped_column(ForeignKey("bundle.id", ondelete="CASCADE"))
    number: Mapped[int]
    """From 1; the highest is the one that is handed over."""
    zip_sha256: Mapped[str] = mapped_column(String(64))
    letters: Mapped[int]
    pages: Mapped[int]
    """Of the volumes."""
    on_paper: Mapped[int] = mapped_column(default=0)
    """People on signed sheets who stand in its lists."""
    files: Mapped[list[Json]]
    """`name`, `bytes`, `sha256`, `stored` (its name in the storage), `pages` of a PDF."""
    made_at: Mapped[Created]
    removed_at: Mapped[datetime | None]
    """Since when its files are no longer kept; their hashes are."""


class BundleReprint(Base):
    """That files of a bundle were taken to be printed once more. They count nothing anew."""

    __tablename__ = "bundle_reprint"

    id: Mapped[PrimaryKey]
    seal_id: Mapped[SealId]
    public_id: Mapped[PublicId]
    bundle_id: Mapped[int] = mapped_column(ForeignKey("bundle.id", ondelete="CASCADE"), index=True)
    print_id: Mapped[int] = mapped_column(
        ForeignKey("bundle_print.id", ondelete="CASCADE"), index=True
    )
    file: Mapped[str] = mapped_column(String(80), default="")
    """Which file of it; empty: the whole ZIP."""
    sha256: Mapped[str] = mapped_column(String(64))
    """Of what was given out: that of the first print, byte for byte."""
    reason: Mapped[str] = mapped_column(Sealed("bundle_reprint.reason"))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    created_at: Mapped[Created]


class CarriedSignature(Base):
    """A person on a signed sheet that travels with a bundle: with one, by the constraint."""

    __tablename__ = "carried_signature"

    bundle_id: Mapped[int] = mapped_column(
        ForeignKey("bundle.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    """From 1; in the lists it is P00001."""
    signature_id: Mapped[int] = mapped_column(
        ForeignKey("signature.id", ondelete="CASCADE"), unique=True
    )


class CoverText(Base):
    """What the cover letter to a mission says, in one language; a version never changes."""

    __tablename__ = "cover_text"
    __table_args__ = (UniqueConstraint("mission_id", "locale", "version"),)

    id: Mapped[PrimaryKey]
    mission_id: Mapped[int] = mapped_column(ForeignKey("mission.id", ondelete="CASCADE"))
    locale: Mapped[Locale]
    version: Mapped[int]
    subject: Mapped[str] = mapped_column(String(200))
    salutation: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    """Paragraphs with ((placeholders)); the line ((counts)) is where the table stands."""
    close: Mapped[str] = mapped_column(String(200))
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    created_at: Mapped[Created]
