"""The outbox: every mail that is to go out, and what became of it."""

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from campaign.core.db import Base, Created, Locale, LookUp, PrimaryKey, PublicId, Sealed, SealId


class MailState(enum.StrEnum):
    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


CANCELLED = ("no longer wanted", "campaign not open", "campaign stopped")
"""Failures of mails that were held back: nobody got them."""


class OutboxMail(Base):
    """One mail to one person. Once sent, what it said is forgotten."""

    __tablename__ = "outbox_mail"
    __table_args__ = (
        Index("ix_outbox_mail_state_due_at", "state", "due_at"),
        Index("ix_outbox_mail_recipient_hmac_created_at", "recipient_hmac", "created_at"),
    )

    id: Mapped[PrimaryKey]
    seal_id: Mapped[SealId]
    public_id: Mapped[PublicId]
    kind: Mapped[str] = mapped_column(String(60))
    """The message's name: its templates are `mail/KIND.txt`, `.html` and `.subject.txt`."""
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"))
    """The campaign that it is about: once that is stopped, the mail is not sent."""
    recipient: Mapped[str | None] = mapped_column(Sealed("outbox_mail.recipient"))
    recipient_hmac: Mapped[bytes] = mapped_column(LookUp(32))
    locale: Mapped[Locale]
    context: Mapped[str | None] = mapped_column(Sealed("outbox_mail.context"))
    """What the templates need, as JSON."""
    state: Mapped[MailState] = mapped_column(default=MailState.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    """When it may be tried (again); while it is being sent, when its sender counts as dead."""
    failure: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[Created]
    sent_at: Mapped[datetime | None]


class BadAddress(Base):
    """An address to which mail does not get: it gets no more reminders and news."""

    __tablename__ = "bad_address"

    email_hmac: Mapped[bytes] = mapped_column(LookUp(32), primary_key=True)
    status: Mapped[str] = mapped_column(String(12))
    """The enhanced status code of RFC 3463 that the server gave, such as "5.1.1"."""
    marked_at: Mapped[Created]
