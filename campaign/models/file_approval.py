"""Leave to fetch files of a bundle or a campaign, given by a second person."""

import enum
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaign.core.db import Base, Created, PrimaryKey, PublicId, Sealed, SealId
from campaign.models.bundle import Bundle
from campaign.models.campaign import Campaign
from campaign.models.staff import StaffUser


class FileApprovalState(enum.StrEnum):
    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"


class FileApproval(Base):
    """Who wants files that name supporters, why, who agreed, and until when they can be fetched.

    The row is the log: it stays when its time is over.
    """

    __tablename__ = "file_approval"
    __table_args__ = (
        # That nobody approves what they asked for themselves holds whatever the pages do.
        CheckConstraint(
            "decided_by_id IS NULL OR decided_by_id <> requested_by_id", name="second_person"
        ),
    )

    id: Mapped[PrimaryKey]
    seal_id: Mapped[SealId]
    public_id: Mapped[PublicId]
    campaign_id: Mapped[int] = mapped_column(
        ForeignKey("campaign.id", ondelete="CASCADE"), index=True
    )
    bundle_id: Mapped[int | None] = mapped_column(
        ForeignKey("bundle.id", ondelete="CASCADE"), index=True
    )
    """The bundle whose files they are; None: proofs and scans of the campaign."""
    reason: Mapped[str] = mapped_column(Sealed("file_approval.reason"))
    state: Mapped[FileApprovalState] = mapped_column(default=FileApprovalState.ASKED)
    requested_by_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"), index=True)
    requested_at: Mapped[Created]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    decided_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    """Until when it can be decided; once it is approved, until when files are given out."""

    campaign: Mapped[Campaign] = relationship()
    bundle: Mapped[Bundle | None] = relationship()
    requested_by: Mapped[StaffUser] = relationship(foreign_keys=[requested_by_id])
    decided_by: Mapped[StaffUser | None] = relationship(foreign_keys=[decided_by_id])
