"""What authors of a campaign keep: saved states, drafts, proposals to be approved, risk flags."""

import enum
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaign.core.db import Base, Created, NumberedRow, PublicRow, Sealed, SealedRow, parent_key
from campaign.models.campaign import Campaign
from campaign.models.staff import StaffUser


class Part(enum.StrEnum):
    FACTS = "facts"
    EDITION = "edition"
    LETTER = "letter"
    OPTIONS = "options"
    TARGETS = "targets"


class RiskKind(enum.StrEnum):
    RELATIVE = "relative"
    WITNESS = "witness"
    PLACE = "place"
    OTHER = "other"


class Revision(SealedRow, NumberedRow):
    """A part of a campaign as it was saved. It never changes; a restored one is a new one."""

    __table_args__ = (UniqueConstraint("campaign_id", "part", "place", "number"),)

    campaign_id: Mapped[int] = parent_key("campaign.id")
    part: Mapped[Part]
    place: Mapped[str] = mapped_column(String(100), default="")
    """Which of several: an edition's language; of a letter "en", or "en:official"."""
    number: Mapped[int]
    """From 1, by part and place; 0 is what stood there before. An editor has seen one of them."""
    content: Mapped[str] = mapped_column(Sealed("revision.content"))
    """JSON: may hold words that are ruled out because they name somebody."""
    restored_from: Mapped[int | None]
    saved_by_id: Mapped[int | None]
    saved_at: Mapped[Created]


class DeskDraft(SealedRow, NumberedRow):
    """What somebody is writing at the desk and has not saved: nobody else sees it."""

    __table_args__ = (UniqueConstraint("staff_id", "campaign_id", "part", "place", "conflict"),)

    staff_id: Mapped[int] = parent_key("staff_user.id")
    campaign_id: Mapped[int] = parent_key("campaign.id", index=True)
    part: Mapped[str] = mapped_column(String(24))
    """A `Part`, or a page that writes several at once."""
    place: Mapped[str] = mapped_column(String(100), default="")
    conflict: Mapped[bool] = mapped_column(default=False)
    """Whether it was saved over what somebody else had saved, and waits to be merged."""
    based_on: Mapped[int]
    content: Mapped[str] = mapped_column(Sealed("desk_draft.content"))
    """JSON: the form's fields as they were typed; of a conflict the part's content."""
    saved_at: Mapped[Created]


class NewCampaignDraft(SealedRow, Base):
    """The facts of a campaign that somebody begins to write: there is no campaign yet."""

    staff_id: Mapped[int] = parent_key("staff_user.id", primary_key=True, autoincrement=False)
    content: Mapped[str] = mapped_column(Sealed("new_campaign_draft.content"))
    saved_at: Mapped[Created]


class RiskFlag(SealedRow, NumberedRow):
    """A name, place or phrase that must stand in no text of a campaign, because it could harm."""

    campaign_id: Mapped[int] = parent_key("campaign.id", index=True)
    kind: Mapped[RiskKind]
    words: Mapped[str] = mapped_column(Sealed("risk_flag.words"))
    created_at: Mapped[Created]


class ProposalKind(enum.StrEnum):
    UPDATE = "update"
    CLOSE = "close"
    REASON = "reason"
    OUTCOME = "outcome"


class ProposalState(enum.StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    DECLINED = "declined"
    """Returned with a note, (a reason) overtaken by another or a move of the campaign, or (an
    update) unpublished; its author can write it again."""
    WITHDRAWN = "withdrawn"
    OBSOLETE = "obsolete"
    """A later proposal of its author took its place."""


class Proposal(SealedRow, PublicRow):
    __table_args__ = (
        # That nobody approves their own words holds whatever the pages do.
        CheckConstraint(
            "decided_by_id IS NULL OR decided_by_id <> made_by_id", name="second_person"
        ),
    )

    campaign_id: Mapped[int] = parent_key("campaign.id", index=True)
    kind: Mapped[ProposalKind]
    payload: Mapped[str] = mapped_column(Sealed("proposal.payload"))
    """JSON: what the form gave. Empty once nothing can come of it any more."""
    picture: Mapped[str] = mapped_column(String(120), default="")
    state: Mapped[ProposalState] = mapped_column(default=ProposalState.PENDING)
    made_by_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    created_at: Mapped[Created]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    decided_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(Sealed("proposal.note"), default="")

    campaign: Mapped[Campaign] = relationship()
    made_by: Mapped[StaffUser] = relationship(foreign_keys=[made_by_id])
    decided_by: Mapped[StaffUser | None] = relationship(foreign_keys=[decided_by_id])

    @property
    def is_unpublished(self) -> bool:
        """Whether it is an update that was published, and kept for who unpublished it."""
        return self.decided_at is not None and self.decided_by_id is None
