"""What authors of a campaign keep: states that were saved, texts that are not yet, risk flags."""

import enum

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from campaign.core.db import Base, Created, PrimaryKey, Sealed, SealId


class Part(enum.StrEnum):
    """A part of a campaign that is written and saved by itself."""

    FACTS = "facts"
    EDITION = "edition"
    LETTER = "letter"
    OPTIONS = "options"
    TARGETS = "targets"


class RiskKind(enum.StrEnum):
    """What must not stand in a text, and why."""

    RELATIVE = "relative"
    WITNESS = "witness"
    PLACE = "place"
    OTHER = "other"


class Revision(Base):
    """A part of a campaign as it was saved. It never changes; a restored one is a new one."""

    __tablename__ = "revision"
    __table_args__ = (UniqueConstraint("campaign_id", "part", "place", "number"),)

    id: Mapped[PrimaryKey]
    seal_id: Mapped[SealId]
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"))
    part: Mapped[Part]
    place: Mapped[str] = mapped_column(String(100), default="")
    """Which of several: an edition's language; of a letter "en", or "en:official"."""
    number: Mapped[int]
    """From 1, by part and place; 0 is what stood there before. An editor has seen one of them."""
    content: Mapped[str] = mapped_column(Sealed("revision.content"))
    """JSON: may hold words that are ruled out because they name somebody."""
    restored_from: Mapped[int | None]
    """The number of the revision that was restored with this one."""
    saved_by_id: Mapped[int | None]
    """The staff user who saved it; none: a command or job."""
    saved_at: Mapped[Created]


class DeskDraft(Base):
    """What somebody is writing at the desk and has not saved: nobody else sees it."""

    __tablename__ = "desk_draft"
    __table_args__ = (UniqueConstraint("staff_id", "campaign_id", "part", "place", "conflict"),)

    id: Mapped[PrimaryKey]
    seal_id: Mapped[SealId]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id", ondelete="CASCADE"))
    campaign_id: Mapped[int] = mapped_column(
        ForeignKey("campaign.id", ondelete="CASCADE"), index=True
    )
    part: Mapped[str] = mapped_column(String(24))
    """A `Part`, or a page that writes several at once."""
    place: Mapped[str] = mapped_column(String(100), default="")
    conflict: Mapped[bool] = mapped_column(default=False)
    """Whether it was saved over what somebody else had saved, and waits to be merged."""
    based_on: Mapped[int]
    """The revision that its writer saw; 0: none."""
    content: Mapped[str] = mapped_column(Sealed("desk_draft.content"))
    """JSON: the form's fields as they were typed; of a conflict the part's content."""
    saved_at: Mapped[Created]


class NewCampaignDraft(Base):
    """The facts of a campaign that somebody begins to write: there is no campaign yet."""

    __tablename__ = "new_campaign_draft"

    staff_id: Mapped[int] = mapped_column(
        ForeignKey("staff_user.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    seal_id: Mapped[SealId]
    content: Mapped[str] = mapped_column(Sealed("new_campaign_draft.content"))
    """JSON: the form's fields as they were typed."""
    saved_at: Mapped[Created]


class RiskFlag(Base):
    """A name, place or phrase that must stand in no text of a campaign, because it could harm."""

    __tablename__ = "risk_flag"

    id: Mapped[PrimaryKey]
    seal_id: Mapped[SealId]
    campaign_id: Mapped[int] = mapped_column(
        ForeignKey("campaign.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[RiskKind]
    words: Mapped[str] = mapped_column(Sealed("risk_flag.words"))
    created_at: Mapped[Created]
