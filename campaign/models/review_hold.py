"""Letters that somebody looks at before they count.

What is kept of proof of work: that a solution has been used.
"""

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaign.core.db import Base, Created, Sealed, SealId
from campaign.models.signature import Signature


class Decision(enum.StrEnum):
    """What came of a look at a letter."""

    OPEN = "open"
    RETURNED = "returned"
    APPROVED = "approved"
    REJECTED = "rejected"
    ASIDE = "aside"
    """None: the signature was found false, and its letter is looked at by nobody."""


class Hold(Base):
    """That a letter was held, why, and what somebody decided.

    The queue is read from here alone: a row that is open or returned is that of a held signature.
    """

    __tablename__ = "hold"
    __table_args__ = (
        # The queue, oldest first, of one campaign or of all.
        Index("ix_hold_decision", "decision", "held_at", "signature_id"),
        Index("ix_hold_campaign_decision", "campaign_id", "decision", "held_at", "signature_id"),
    )

    signature_id: Mapped[int] = mapped_column(
        ForeignKey("signature.id", ondelete="CASCADE"), primary_key=True
    )
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"))
    reasons: Mapped[list[str]]
    """Slugs of the rules that held it: never the words that did."""
    held_at: Mapped[Created]
    decision: Mapped[Decision] = mapped_column(default=Decision.OPEN)
    seal_id: Mapped[SealId]
    note: Mapped[str | None] = mapped_column(Sealed("hold.note"))
    """What the supporter is asked to change, or why it was rejected."""
    returned_at: Mapped[datetime | None]
    act_id: Mapped[int | None] = mapped_column(ForeignKey("screening_act.id"), index=True)
    """The act that decided, to be undone as a whole."""

    signature: Mapped[Signature] = relationship()


class SpentWork(Base):
    """A solution that has let a letter pass; it lets no other pass, on whichever machine."""

    __tablename__ = "spent_work"

    nonce: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    """What was to be solved."""
    expires_at: Mapped[datetime] = mapped_column(index=True)
    """When it would let nothing pass anyway."""
