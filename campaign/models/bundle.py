"""Bundles, their volumes and prints, cover texts, and what happened at the gate."""

import enum
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    Time,
    UniqueConstraint,
    column,
    false,
    select,
    table,
)
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from campaign.core import db
from campaign.core.db.leases import Leased
from campaign.models.campaign import Campaign
from campaign.models.directory import Mission, Official
from campaign.models.released import ReleasedColumn, ReleasedLetter
from campaign.models.taken_out import TakenOut, TakenOutColumn

if TYPE_CHECKING:
    from campaign.models.delivery import GateVisit

Destination = Mission | Official
"""Where letters go: to a mission, or by post to an official's own address."""


def name_bundle(reference: str, sequence: int) -> str:
    return f"{reference} · {sequence:03d}"


class BundleKind(enum.StrEnum):
    FIRST = "first"
    SUPPLEMENTARY = "supplementary"


class BundleState(enum.StrEnum):
    PRINTING = "printing"
    ASSEMBLING = "assembling"
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"
    """Given up before it was handed over: its letters wait again."""


class VolumeState(enum.StrEnum):
    WAITING = "waiting"
    PRINTING = "printing"
    PRINTED = "printed"


class DeliveryOutcome(enum.StrEnum):
    ACCEPTED = "accepted"
    PART = "part"
    """Some were taken: `messages` says how many, `taken` which, once that is known."""
    REFUSED = "refused"
    UNOPENED = "unopened"
    LEFT = "left"
    POSTED = "posted"
    COURIER = "courier"
    STOPPED = "stopped"
    """It was not delivered, because its campaign was stopped."""


CAME_BACK = frozenset({DeliveryOutcome.REFUSED, DeliveryOutcome.UNOPENED})
"""How a visit can end so that every letter comes back and can be tried again."""


class Journey(db.PublicRow):
    """Bundles of several campaigns, frozen in one go, that travel to one destination together."""

    mission_id: Mapped[int | None] = mapped_column(ForeignKey("mission.id"), index=True)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    created_at: Mapped[db.Created]

    mission: Mapped[Mission | None] = relationship()
    bundles: Mapped[list["Bundle"]] = relationship(back_populates="journey", order_by="Bundle.id")

    @property
    def destination(self) -> Destination:
        return self.mission or self.bundles[0].destination


class Bundle(db.SealedRow, Leased, db.PublicRow):
    """A frozen set of letters of a campaign for a mission, or by post for an official."""

    __table_args__ = (
        # Two unique rules, as NULLs never collide: each bundle has one of the two ids.
        UniqueConstraint("campaign_id", "mission_id", "sequence"),
        Index(
            "ix_bundle_campaign_id_official_id_sequence",
            "campaign_id",
            "official_id",
            "sequence",
            unique=True,
        ),
        CheckConstraint("(mission_id IS NULL) <> (official_id IS NULL)", name="one_destination"),
    )

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    mission_id: Mapped[int | None] = mapped_column(ForeignKey("mission.id"), index=True)
    official_id: Mapped[int | None] = mapped_column(ForeignKey("official.id"), index=True)
    sequence: Mapped[int]
    kind: Mapped[BundleKind]
    state: Mapped[BundleState] = mapped_column(default=BundleState.PRINTING)
    frozen: Mapped[db.Json]
    """What the letters say that is not the supporter's: addresses, salutations, paper, dates."""
    letter_count: Mapped[int]
    page_count: Mapped[int | None]
    failure: Mapped[str | None] = mapped_column(String(60))
    tries: Mapped[int] = mapped_column(default=0, server_default="0")
    """Failed tries to assemble it; waiting for room or for the storage does not count."""
    zip_sha256: Mapped[str | None] = mapped_column(String(64))
    journey_id: Mapped[int | None] = mapped_column(ForeignKey("journey.id"), index=True)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    created_at: Mapped[db.Created]
    ready_at: Mapped[datetime | None]
    emptied_at: Mapped[datetime | None]
    """Since when its files are no longer kept: nobody is to be found in them. Hashes stay."""
    remade_at: Mapped[datetime | None]
    taken_out: Mapped[TakenOut] = mapped_column(
        TakenOutColumn, default=TakenOut, server_default="[]"
    )
    released: Mapped[list[ReleasedLetter]] = mapped_column(
        ReleasedColumn, default=list, server_default="[]"
    )
    """They stay in its total."""
    cancelled_at: Mapped[datetime | None]
    returned_to_id: Mapped[int | None] = mapped_column(ForeignKey("bundle.id"))
    """The bundle that its letters had come from, and went back into when this one was given up."""
    cancel_reason: Mapped[str | None] = mapped_column(db.Sealed("bundle.cancel_reason"))
    letter_secret: Mapped[str | None] = mapped_column(db.Sealed("bundle.letter_secret"))
    """Of which the keys of its letters' codes are made, in hexadecimal; None: it has no codes."""

    campaign: Mapped[Campaign] = relationship()
    mission: Mapped[Mission | None] = relationship()
    official: Mapped[Official | None] = relationship()
    journey: Mapped[Journey | None] = relationship(back_populates="bundles")
    volumes: Mapped[list["Volume"]] = relationship(
        back_populates="bundle", cascade="all, delete-orphan", order_by="Volume.sequence"
    )

    @property
    def number(self) -> str:
        """Return its number as written: each destination counts its own, from 001."""
        return f"{self.sequence:03d}"

    @property
    def name(self) -> str:
        """Return “UA 58/20 · 001”, for where its destination is named besides."""
        return name_bundle(self.campaign.reference, self.sequence)

    @property
    def zone(self) -> str:
        return self.mission.zone if self.mission else self.campaign.timezone

    @property
    def destination(self) -> Destination:
        destination = self.mission or self.official
        assert destination is not None  # the database lets no bundle have none
        return destination

    @property
    def is_rehearsal(self) -> bool:
        """Return whether its letters are invented ones: nothing of it is counted or handed over."""
        return bool(self.frozen.get("rehearsal"))


class Volume(db.SealedRow, Leased, db.NumberedRow):
    """At most 500 letters of a bundle in one PDF: a row of the printing ledger."""

    __table_args__ = (
        UniqueConstraint("bundle_id", "sequence"),
        CheckConstraint("letter_count BETWEEN 1 AND 500", name="letter_count"),
        Index("ix_volume_state_lease_until", "state", "lease_until"),
    )

    bundle_id: Mapped[int] = db.parent_key("bundle.id")
    sequence: Mapped[int]
    letter_count: Mapped[int]
    state: Mapped[VolumeState] = mapped_column(default=VolumeState.WAITING)
    printed_letters: Mapped[int] = mapped_column(default=0)
    page_count: Mapped[int | None]
    byte_count: Mapped[int | None]
    sha256: Mapped[str | None] = mapped_column(String(64))
    printed_at: Mapped[datetime | None]
    region: Mapped[str | None] = mapped_column(db.Sealed("volume.region"))
    """Where its letters come from, for the desk alone; None where volumes are made by size."""
    letter_codes: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    """Number and code of each letter that is printed in it (`bundles.letter_codes`)."""

    bundle: Mapped[Bundle] = relationship(back_populates="volumes")

    @property
    def letters_in_print(self) -> int:
        """Letters that it holds in the print that the bundle now is."""
        went = [letter.volume for letter in self.bundle.taken_out.letters if letter.went]
        return self.printed_letters + went.count(self.sequence)


class WaitingLetters(db.Base):
    """Letters of a block of signatures that wait for a bundle, as last counted."""

    __table_args__ = (Index("ix_waiting_letters_target_id", "target_id", "locale"),)

    block: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    target_id: Mapped[int] = db.parent_key("target.id", primary_key=True)
    locale: Mapped[db.Locale] = mapped_column(primary_key=True)
    letters: Mapped[int]


_VISIT = table("gate_visit", column("id", Integer()), column("happened_time", Time()))


class DeliveryAttempt(db.PublicRow):
    """How one bundle fared at the gate or in the post; several bundles may share a visit."""

    __table_args__ = (
        Index("ix_delivery_attempt_visit_id_bundle_id", "visit_id", "bundle_id", unique=True),
        Index("ix_delivery_attempt_update_id", "update_id", unique=True),
    )

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), index=True)
    mission_id: Mapped[int | None] = mapped_column(ForeignKey("mission.id"))
    bundle_id: Mapped[int | None] = mapped_column(ForeignKey("bundle.id"), index=True)
    """None where what was handed over was not made here."""
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("gate_visit.id"))
    """None where it is known from elsewhere."""
    happened_on: Mapped[date]
    place: Mapped[str] = mapped_column(String(200), default="")
    received_by: Mapped[str] = mapped_column(Text, default="")
    """What everybody may know of it, where there is no visit; so are the notes."""
    messages: Mapped[int]
    """Letters that the outcome is about; of a part, those taken; of sheets, the people on them."""
    outcome: Mapped[DeliveryOutcome]
    notes: Mapped[db.Words] = mapped_column(default=dict)
    by_hand: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    """Numbers of sheets that were removed, and names made unreadable, by hand before it."""
    sheets_back: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Of a part: whether the signature sheets came back with the rest of it."""
    update_id: Mapped[int | None] = mapped_column(ForeignKey("update.id"))
    created_at: Mapped[db.Created]
    happened_time: Mapped[time | None] = column_property(
        select(_VISIT.c.happened_time)
        .where(_VISIT.c.id == visit_id)
        .correlate_except(_VISIT)
        .scalar_subquery()
    )  # that of its visit, as it is when this is read

    campaign: Mapped[Campaign] = relationship()
    bundle: Mapped[Bundle | None] = relationship()
    mission: Mapped[Mission | None] = relationship()
    visit: Mapped["GateVisit | None"] = relationship(back_populates="attempts")
    taken: Mapped[list["TakenLetters"]] = relationship(
        cascade="all, delete-orphan", order_by="TakenLetters.first_number"
    )
    """Of a part: which letters were taken; empty as long as nobody has said which."""

    @property
    def zone(self) -> str:
        return self.mission.zone if self.mission else self.campaign.timezone

    @property
    def destination(self) -> Destination:
        if self.mission is not None:
            return self.mission
        assert self.bundle is not None  # what was not made here has a mission
        return self.bundle.destination


class TakenLetters(db.Base):
    __table_args__ = (CheckConstraint("first_number <= last_number", name="numbers"),)

    attempt_id: Mapped[int] = db.parent_key("delivery_attempt.id", primary_key=True)
    first_number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_number: Mapped[int]


class BundlePrint(db.NumberedRow):
    """The files that a bundle was, each by its hash; a later print replaces it, and it stays."""

    __table_args__ = (
        UniqueConstraint("bundle_id", "number"),
        CheckConstraint("number >= 1", name="number"),
    )

    bundle_id: Mapped[int] = db.parent_key("bundle.id")
    number: Mapped[int]
    """From 1; the highest is the one that is handed over."""
    zip_sha256: Mapped[str] = mapped_column(String(64))
    letters: Mapped[int]
    pages: Mapped[int]
    on_paper: Mapped[int] = mapped_column(default=0)
    """People on signed sheets who stand in its lists."""
    files: Mapped[list[db.Json]]
    """`name`, `bytes`, `sha256`, `stored` (its name in the storage), `pages` of a PDF; `lists` and
    `names`: digests of what the papers say of signed sheets, and of who stands in the lists."""
    made_at: Mapped[db.Created]
    removed_at: Mapped[datetime | None]
    check_code: Mapped[str | None] = mapped_column(String(64))
    """Of its letters and their number, as it stands on its papers."""
    tree: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    """Heads of blocks of the letters' tree, of which the proof of each is made."""


class BundleReprint(db.SealedRow, db.PublicRow):
    """That files of a bundle were taken to be printed once more. They count nothing anew."""

    bundle_id: Mapped[int] = db.parent_key("bundle.id", index=True)
    print_id: Mapped[int] = db.parent_key("bundle_print.id", index=True)
    file: Mapped[str] = mapped_column(String(80), default="")
    sha256: Mapped[str] = mapped_column(String(64))
    """Of what was given out: that of the first print, byte for byte."""
    reason: Mapped[str] = mapped_column(db.Sealed("bundle_reprint.reason"))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    created_at: Mapped[db.Created]


class CarriedSignature(db.Base):
    """A person on a signed sheet that travels with a bundle: with one, by the constraint."""

    bundle_id: Mapped[int] = db.parent_key("bundle.id", primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    """From 1; in the lists it is P00001."""
    signature_id: Mapped[int] = db.parent_key("signature.id", unique=True)


class CoverText(db.NumberedRow):
    """What the cover letter to a mission says, in one language; a version never changes."""

    __table_args__ = (UniqueConstraint("mission_id", "locale", "version"),)

    mission_id: Mapped[int] = db.parent_key("mission.id")
    locale: Mapped[db.Locale]
    version: Mapped[int]
    subject: Mapped[str] = mapped_column(String(200))
    salutation: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    close: Mapped[str] = mapped_column(String(200))
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    created_at: Mapped[db.Created]
