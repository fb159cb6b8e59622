"""Visits to a gate, what was photographed there, envelopes, and letters that went elsewhere."""

import enum
from datetime import date, datetime, time

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaign.core import db
from campaign.core.db.leases import Leased
from campaign.models.bundle import Bundle, DeliveryAttempt, Destination
from campaign.models.directory import Mission


class GateFileKind(enum.StrEnum):
    PICTURE = "picture"
    RECEIPT = "receipt"


class GateFileFormat(enum.StrEnum):
    IMAGE = "image"
    PDF = "pdf"


class RunState(enum.StrEnum):
    WAITING = "waiting"
    PRINTING = "printing"
    READY = "ready"
    FAILED = "failed"


class PaperFate(enum.StrEnum):
    DESTROYED = "destroyed"
    KEPT = "kept"


class GateVisit(db.SealedRow, db.PublicRow):
    """A way to a mission’s door: when, who went, who opened. Each bundle carried is an attempt."""

    key: Mapped[str] = mapped_column(String(64), unique=True)
    """Chosen where it was written down: sent twice, it is recorded once."""
    mission_id: Mapped[int | None] = mapped_column(ForeignKey("mission.id"), index=True)
    happened_on: Mapped[date]
    happened_time: Mapped[time | None]
    """By the clocks at the place."""
    place: Mapped[str] = mapped_column(String(200), default="")
    delegates: Mapped[str] = mapped_column(db.Sealed("gate_visit.delegates"))
    received_by: Mapped[str] = mapped_column(db.Sealed("gate_visit.received_by"))
    notes: Mapped[str] = mapped_column(db.Sealed("gate_visit.notes"))
    tracking: Mapped[str] = mapped_column(String(60), default="")
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    created_at: Mapped[db.Created]

    mission: Mapped[Mission | None] = relationship()
    attempts: Mapped[list[DeliveryAttempt]] = relationship(
        back_populates="visit", order_by="DeliveryAttempt.id"
    )
    files: Mapped[list["GateFile"]] = relationship(
        back_populates="visit", cascade="all, delete-orphan", order_by="GateFile.id"
    )

    @property
    def destination(self) -> Destination:
        return self.mission or self.attempts[0].destination


class GateFile(db.PublicRow):
    """A picture or the signed receipt of a visit; its files lie sealed in the storage."""

    visit_id: Mapped[int] = db.parent_key("gate_visit.id", index=True)
    kind: Mapped[GateFileKind]
    format: Mapped[GateFileFormat]
    folder: Mapped[str] = mapped_column(String(40))
    pages: Mapped[int]
    created_at: Mapped[db.Created]

    visit: Mapped[GateVisit] = relationship(back_populates="files")


class EnvelopeRun(Leased, db.PublicRow):
    """A bundle's letters in envelopes: how many in each, and the files to print them from."""

    __table_args__ = (
        CheckConstraint("letters_each BETWEEN 1 AND 500", name="letters_each"),
        Index("ix_envelope_run_state_lease_until", "state", "lease_until"),
    )

    bundle_id: Mapped[int] = mapped_column(ForeignKey("bundle.id"), unique=True)
    letters_each: Mapped[int]
    with_letters: Mapped[bool]
    """Whether the letters are printed again; if not, the sheets that came back are used."""
    letter_count: Mapped[int]
    envelope_count: Mapped[int]
    left_out: Mapped[list[tuple[int, int]] | None] = mapped_column(JSON)
    """From one number to another: letters that no envelope got, though it reaches over them.

    None: of envelopes from before this was written down, nobody knows it.
    """
    state: Mapped[RunState] = mapped_column(default=RunState.WAITING)
    failure: Mapped[str] = mapped_column(String(60), default="")
    files: Mapped[list[db.Json]] = mapped_column(default=list)
    """Name, pages, bytes and SHA-256 of each file."""
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    created_at: Mapped[db.Created]

    bundle: Mapped[Bundle] = relationship()
    # There may be 35,000: the database removes them with their run, nobody loads them for it.
    envelopes: Mapped[list["Envelope"]] = relationship(
        back_populates="run",
        cascade="all, delete-orphan",
        passive_deletes=True,
        order_by="Envelope.sequence",
    )


class Envelope(db.NumberedRow):
    __table_args__ = (
        UniqueConstraint("run_id", "sequence"),
        CheckConstraint("first_number <= last_number", name="numbers"),
        CheckConstraint("letters >= 1", name="letters"),
        # A posting's envelopes by their letters: whether one of 35,000 went with it is one look.
        Index("ix_envelope_attempt_id_first_number", "attempt_id", "first_number"),
    )

    run_id: Mapped[int] = db.parent_key("envelope_run.id")
    sequence: Mapped[int]
    first_number: Mapped[int]
    last_number: Mapped[int]
    """Of the letters between the two, those that were not gone when it was made up."""
    letters: Mapped[int]
    attempt_id: Mapped[int | None] = mapped_column(ForeignKey("delivery_attempt.id"))
    """The posting that it went with; none: it is still to be posted."""
    tracking: Mapped[str] = mapped_column(String(60), default="")

    run: Mapped[EnvelopeRun] = relationship(back_populates="envelopes")


class Rerouting(db.NumberedRow):
    from_bundle_id: Mapped[int] = mapped_column(ForeignKey("bundle.id"), index=True)
    to_bundle_id: Mapped[int] = mapped_column(ForeignKey("bundle.id"), unique=True)
    letters: Mapped[int]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    created_at: Mapped[db.Created]

    from_bundle: Mapped[Bundle] = relationship(foreign_keys=[from_bundle_id])
    to_bundle: Mapped[Bundle] = relationship(foreign_keys=[to_bundle_id])


class LetterMove(db.Base):
    """The number that a letter had in a bundle that it is in no more."""

    letter_id: Mapped[int] = db.parent_key("letter.id", primary_key=True)
    bundle_id: Mapped[int] = mapped_column(ForeignKey("bundle.id"), primary_key=True)
    moved_at: Mapped[datetime]
    sequence: Mapped[int]
    volume_id: Mapped[int | None]
    """Where it was printed there, so that it can go back; none: nobody noted it."""
    first_page: Mapped[int | None]
    pages: Mapped[int | None]


class HeldBundle(db.Base):
    """Paper of a bundle whose campaign was stopped: when carriers were told, what became of it."""

    bundle_id: Mapped[int] = db.parent_key("bundle.id", primary_key=True, autoincrement=False)
    told_at: Mapped[datetime | None]
    fate: Mapped[PaperFate | None]
    settled_at: Mapped[datetime | None]
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
