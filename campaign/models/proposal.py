"""Public words that one organizer proposes and another one publishes."""

import enum
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaign.core.db import Base, Created, PrimaryKey, PublicId, Sealed, SealId
from campaign.models.campaign import Campaign
from campaign.models.staff import StaffUser


class ProposalKind(enum.StrEnum):
    """What is done once it is approved."""

    UPDATE = "update"
    CLOSE = "close"
    """Close the campaign, with a reason."""
    REASON = "reason"
    """Show this reason of a stop or a closing."""
    OUTCOME = "outcome"
    """Show this of what has come of the case, in the page text."""


class ProposalState(enum.StrEnum):
    """What has become of it."""

    PENDING = "pending"
    APPROVED = "approved"
    DECLINED = "declined"
    """Returned with a note; its author can write it again."""
    WITHDRAWN = "withdrawn"
    OBSOLETE = "obsolete"
    """A later proposal, or a move of the campaign, took its place."""


class Proposal(Base):
    """What one organizer wants to publish, and who decided on it."""

    __tablename__ = "proposal"
    __table_args__ = (
        # That nobody approves their own words holds whatever the pages do.
        CheckConstraint(
            "decided_by_id IS NULL OR decided_by_id <> made_by_id", name="second_person"
        ),
    )

    id: Mapped[PrimaryKey]
    seal_id: Mapped[SealId]
    public_id: Mapped[PublicId]
    campaign_id: Mapped[int] = mapped_column(
        ForeignKey("campaign.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[ProposalKind]
    payload: Mapped[str] = mapped_column(Sealed("proposal.payload"))
    """JSON: what the form gave. Empty once nothing can come of it any more."""
    picture: Mapped[str] = mapped_column(String(120), default="")
    """Key of its picture in the storage, so that the sweep leaves it; empty: none."""
    state: Mapped[ProposalState] = mapped_column(default=ProposalState.PENDING)
    made_by_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    created_at: Mapped[Created]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    decided_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(Sealed("proposal.note"), default="")
    """Why it was returned; only the desk reads it."""

    campaign: Mapped[Campaign] = relationship()
    made_by: Mapped[StaffUser] = relationship(foreign_keys=[made_by_id])
    decided_by: Mapped[StaffUser | None] = relationship(foreign_keys=[decided_by_id])
