"""What officials and missions answered."""

import enum
from datetime import date, datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaign.core import db
from campaign.models.campaign import Campaign, Target, Update
from campaign.models.directory import Mission


class Channel(enum.StrEnum):
    LETTER = "letter"
    EMAIL = "email"
    PHONE = "phone"
    MEETING = "meeting"
    POST = "post"


class ReplyState(enum.StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    TAKEN_BACK = "taken-back"


class Reply(db.SealedRow, db.PublicRow):
    """An answer to a campaign. What is published of it is an update; this stays sealed."""

    __table_args__ = (UniqueConstraint("update_id"), UniqueConstraint("message_digest"))

    campaign_id: Mapped[int] = db.parent_key("campaign.id", index=True)
    target_id: Mapped[int | None] = mapped_column(
        ForeignKey("target.id", ondelete="SET NULL"), index=True
    )
    mission_id: Mapped[int | None] = mapped_column(
        ForeignKey("mission.id", ondelete="SET NULL"), index=True
    )
    delivery_id: Mapped[int | None] = mapped_column(
        ForeignKey("delivery_attempt.id", ondelete="SET NULL")
    )
    received_on: Mapped[date]
    channel: Mapped[Channel]
    locale: Mapped[db.Locale]
    sender: Mapped[str] = mapped_column(db.Sealed("reply.sender"), default="")
    """Who signed it, or what a mail says of that: anybody can write that."""
    subject: Mapped[str] = mapped_column(db.Sealed("reply.subject"), default="")
    text: Mapped[str] = mapped_column(db.Sealed("reply.text"), default="")
    """The whole, with [[ ]] around what is not published."""
    notes: Mapped[str] = mapped_column(db.Sealed("reply.notes"), default="")
    titles: Mapped[db.Words] = mapped_column(default=dict)
    bars: Mapped[list[db.Json]] = mapped_column(default=list)
    """What is painted over in the published picture: scan, page, and a rectangle in percent."""
    shown_page: Mapped[str] = mapped_column(String(40), default="")
    """The page of a scan that is published, as `scan/number`; empty: none."""
    state: Mapped[ReplyState] = mapped_column(default=ReplyState.DRAFT)
    from_mail: Mapped[bool] = mapped_column(default=False)
    sender_known: Mapped[bool] = mapped_column(default=False)
    """Whether the mail names an address that the directory has for a target or its mission."""
    message_digest: Mapped[bytes | None] = mapped_column(db.LookUp(32))
    """Fingerprint of the mail's Message-ID: the same mail makes one draft."""
    update_id: Mapped[int | None] = mapped_column(ForeignKey("update.id", ondelete="SET NULL"))
    published_at: Mapped[datetime | None]
    """When it was first published: signers are told that once."""
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    created_at: Mapped[db.Created]

    campaign: Mapped[Campaign] = relationship()
    target: Mapped[Target | None] = relationship()
    mission: Mapped[Mission | None] = relationship()
    update: Mapped[Update | None] = relationship()
    translations: Mapped[list["ReplyTranslation"]] = relationship(
        cascade="all, delete-orphan", order_by="ReplyTranslation.id"
    )


class ReplyTranslation(db.SealedRow, db.NumberedRow):
    """A reply's text in another language, with the same marks."""

    __table_args__ = (UniqueConstraint("reply_id", "locale"),)

    reply_id: Mapped[int] = db.parent_key("reply.id")
    locale: Mapped[db.Locale]
    text: Mapped[str] = mapped_column(db.Sealed("reply_translation.text"))
