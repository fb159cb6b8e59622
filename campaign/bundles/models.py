"""Bundles, their volumes and what happened at the gate."""

import enum
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaign.campaigns.models import Campaign
from campaign.db import Base, Created, Locale, PrimaryKey, PublicId, Sealed, Words
from campaign.officials.models import Mission


class BundleKind(enum.StrEnum):
    """The first bundle for a mission, or one with what was confirmed since."""

    FIRST = "first"
    SUPPLEMENTARY = "supplementary"


class BundleState(enum.StrEnum):
    """Where the making of a bundle stands."""

    PRINTING = "printing"
    ASSEMBLING = "assembling"
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"
    """Given up before it was handed over: its letters wait again."""


class VolumeState(enum.StrEnum):
    """Where the printing of a volume stands."""

    WAITING = "waiting"
    PRINTING = "printing"
    PRINTED = "printed"


class DeliveryOutcome(enum.StrEnum):
    """How a delivery attempt ended."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    LEFT = "left"
    POSTED = "posted"
    COURIER = "courier"


class Bundle(Base):
    """A frozen set of letters of one campaign for one mission."""

    __tablename__ = "bundle"
    __table_args__ = (UniqueConstraint("campaign_id", "mission_id", "sequence"),)

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    mission_id: Mapped[int] = mapped_column(ForeignKey("mission.id"), index=True)
    sequence: Mapped[int]
    kind: Mapped[BundleKind]
    state: Mapped[BundleState] = mapped_column(default=BundleState.PRINTING)
    frozen: Mapped[dict[str, Any]]
    """What the letters say that is not the supporter's: addresses, salutations, paper, dates."""
    letter_count: Mapped[int]
    page_count: Mapped[int | None]
    failure: Mapped[str | None] = mapped_column(String(60))
    lease_until: Mapped[datetime | None]
    """Until when the worker that assembles it has it for itself."""
    zip_sha256: Mapped[str | None] = mapped_column(String(64))
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    created_at: Mapped[Created]
    ready_at: Mapped[datetime | None]
    remade_at: Mapped[datetime | None]
    """When volumes were last sent to be made again, without letters that were taken back."""
    taken_out: Mapped[list[dict[str, Any]]] = mapped_column(default=list, server_default="[]")
    """Letters that were printed and taken out again: `number`, `volume`, `page`, `reason`, `on`,
    and the `sha256` of the volume that still held them."""
    released: Mapped[list[dict[str, Any]]] = mapped_column(default=list, server_default="[]")
    """Letters that were set aside and wait again: `number` and `reason`. They stay in its total."""
    handed_over_at: Mapped[datetime | None]
    """Since when it is out of our hands: from then on nothing of it changes."""
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str | None] = mapped_column(Sealed("bundle.cancel_reason"))

    campaign: Mapped[Campaign] = relationship()
    mission: Mapped[Mission] = relationship()
    volumes: Mapped[list["Volume"]] = relationship(
        back_populates="bundle", cascade="all, delete-orphan", order_by="Volume.sequence"
    )


class Volume(Base):
    """At most 500 letters of a bundle in one PDF: a row of the printing ledger."""

    __tablename__ = "volume"
    __table_args__ = (
        UniqueConstraint("bundle_id", "sequence"),
        CheckConstraint("letter_count BETWEEN 1 AND 500", name="letter_count"),
        Index("ix_volume_state_lease_until", "state", "lease_until"),
    )

    id: Mapped[PrimaryKey]
    bundle_id: Mapped[int] = mapped_column(ForeignKey("bundle.id", ondelete="CASCADE"))
    sequence: Mapped[int]
    letter_count: Mapped[int]
    state: Mapped[VolumeState] = mapped_column(default=VolumeState.WAITING)
    lease_until: Mapped[datetime | None]
    """Until when the worker that claimed it has it for itself."""
    attempt: Mapped[int] = mapped_column(default=0)
    """Claims so far; a worker whose number is no longer this one has lost the volume."""
    printed_letters: Mapped[int] = mapped_column(default=0)
    page_count: Mapped[int | None]
    byte_count: Mapped[int | None]
    sha256: Mapped[str | None] = mapped_column(String(64))
    printed_at: Mapped[datetime | None]

    bundle: Mapped[Bundle] = relationship(back_populates="volumes")


class WaitingLetters(Base):
    """Letters of a block of signatures that wait for a bundle, as last counted."""

    __tablename__ = "waiting_letters"
    __table_args__ = (Index("ix_waiting_letters_target_id", "target_id", "locale"),)

    block: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    target_id: Mapped[int] = mapped_column(
        ForeignKey("target.id", ondelete="CASCADE"), primary_key=True
    )
    locale: Mapped[Locale] = mapped_column(primary_key=True)
    letters: Mapped[int]


class DeliveryAttempt(Base):
    """When, where and who went to the gate, and how it ended."""

    __tablename__ = "delivery_attempt"

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), index=True)
    mission_id: Mapped[int] = mapped_column(ForeignKey("mission.id"))
    bundle_id: Mapped[int | None] = mapped_column(ForeignKey("bundle.id"), index=True)
    """None where what was handed over was not made here."""
    happened_on: Mapped[date]
    place: Mapped[str] = mapped_column(String(200), default="")
    received_by: Mapped[str] = mapped_column(Text, default="")
    messages: Mapped[int]
    """How many were handed over."""
    outcome: Mapped[DeliveryOutcome]
    notes: Mapped[Words]
    created_at: Mapped[Created]
