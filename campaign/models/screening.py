"""Letters that somebody looks at before they count, what was decided on them, false signatures."""

import enum
import hashlib
from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaign.core import clock, db
from campaign.models.signature import ExactTimes, Signature


class Decision(enum.StrEnum):
    OPEN = "open"
    RETURNED = "returned"
    APPROVED = "approved"
    REJECTED = "rejected"
    ASIDE = "aside"
    """None: the signature was found false, and its letter is looked at by nobody."""


class Hold(db.SealedRow, db.Base):
    """A letter under review. The queue is read from here alone: those open or returned."""

    __table_args__ = (
        # The queue, oldest first, of one campaign or of all.
        Index("ix_hold_decision", "decision", "held_at", "signature_id"),
        Index("ix_hold_campaign_decision", "campaign_id", "decision", "held_at", "signature_id"),
    )

    signature_id: Mapped[int] = db.parent_key("signature.id", primary_key=True)
    campaign_id: Mapped[int] = db.parent_key("campaign.id")
    reasons: Mapped[list[str]]
    """Slugs of the rules that held it: never the words that did."""
    held_at: Mapped[datetime] = mapped_column(
        default=lambda: clock.cut_to_day(clock.utcnow(), "UTC")
    )
    """The beginning of the day of UTC; `moment` when it was."""
    exact_at: Mapped[str | None] = mapped_column(db.Sealed("hold.exact_at"))
    decision: Mapped[Decision] = mapped_column(default=Decision.OPEN)
    note: Mapped[str | None] = mapped_column(db.Sealed("hold.note"))
    returned_at: Mapped[datetime | None]
    act_id: Mapped[int | None] = mapped_column(ForeignKey("screening_act.id"), index=True)

    signature: Mapped[Signature] = relationship()

    @property
    def version(self) -> str:
        return version_of(self.seal_id)

    @property
    def moment(self) -> datetime:
        return ExactTimes.of(self.held_at, None, self.exact_at).signed_at

    def zone_of_day(self, zone: str) -> str:
        """Return in which zone `moment` tells the day: in UTC where the day is all there is."""
        return zone if self.exact_at else "UTC"


def version_of(seal_id: bytes) -> str:
    """Name the words that a hold is about: who changes them has the letter held anew."""
    return hashlib.sha256(seal_id).hexdigest()[:16]


class SpentWork(db.Base):
    """A solution that has let a letter pass; it lets no other pass, on whichever machine."""

    nonce: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    """When it would let nothing pass anyway."""


class ScreeningAct(db.NumberedRow):
    __table_args__ = (Index("ix_screening_act_staff", "staff_id", "id"),)

    at: Mapped[db.Created]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    decision: Mapped[Decision]
    letters: Mapped[int]
    undone_at: Mapped[datetime | None]


class TrendKind(enum.StrEnum):
    ALL = "all"
    ADDRESS = "address"
    NETWORK = "network"
    DOMAIN = "domain"
    AGENT = "agent"


class TrendCount(db.Base):
    """How many signatures of one hour share a mark; written by a job, so that pages are quick."""

    campaign_id: Mapped[int] = mapped_column(primary_key=True)
    """0: over all campaigns."""
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    kind: Mapped[TrendKind] = mapped_column(primary_key=True)
    mark: Mapped[bytes] = mapped_column(db.LookUp(16), primary_key=True)
    count: Mapped[int]
    confirmed: Mapped[int]
    example_id: Mapped[int]
    """A signature of these, whose trace says what the mark stands for."""


class InvalidationState(enum.StrEnum):
    COUNTING = "counting"
    COUNTED = "counted"
    RUNNING = "running"
    CANCELLED = "cancelled"
    """Somebody ended it half-way; what was done stays until it is undone."""
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"


class Invalidation(db.SealedRow, db.PublicRow):
    """Signatures found false by conditions: counted first, set aside in batches, restored."""

    campaign_id: Mapped[int | None] = db.parent_key("campaign.id", index=True)
    """None: every campaign."""
    state: Mapped[InvalidationState] = mapped_column(default=InvalidationState.COUNTING, index=True)
    conditions: Mapped[str] = mapped_column(db.Sealed("invalidation.conditions"))
    """As JSON, sealed: it may name people."""
    reason: Mapped[str] = mapped_column(db.Sealed("invalidation.reason"), default="")
    standing: Mapped[bool] = mapped_column(default=False, index=True)
    """Whether it also takes signatures that come later."""
    position: Mapped[int] = mapped_column(default=0)
    last_id: Mapped[int] = mapped_column(default=0)
    """Id of the last there was when this pass began."""
    counts: Mapped[db.Json] = mapped_column(default=dict)
    """Found by the dry run: per campaign's id, how many in each state."""
    sample: Mapped[list[str]] = mapped_column(default=list)
    found: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    restored: Mapped[int] = mapped_column(default=0)
    created_by_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    created_at: Mapped[db.Created]
    worked_at: Mapped[db.Created]
    """When a batch was last done: a job that died is taken up again."""
    ended_at: Mapped[datetime | None]
