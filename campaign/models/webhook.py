"""Webhooks: who is told of what happened, what happened, and what was told to whom."""

import enum
from datetime import datetime

from sqlalchemy import Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaign.core import db
from campaign.core.db.leases import Leased


class EventKind(enum.StrEnum):
    ACTION_OPENED = "action.opened"
    ACTION_CLOSED = "action.closed"
    ACTION_STOPPED = "action.stopped"
    ACTION_OUTCOME = "action.outcome"
    SIGNATURE_CONFIRMED = "signature.confirmed"
    SIGNATURE_WITHDRAWN = "signature.withdrawn"
    SIGNATURE_ERASED = "signature.erased"
    DELIVERY_RECORDED = "delivery.recorded"
    REPLY_PUBLISHED = "reply.published"
    TEST = "webhook.test"


class EndpointState(enum.StrEnum):
    READY = "ready"
    SENDING = "sending"
    BROKEN = "broken"
    """It failed for too long: what happens is kept for it, and sent once it is turned on."""
    OFF = "off"


class PostState(enum.StrEnum):
    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


class WebhookEndpoint(db.SealedRow, db.PublicRow, Leased):
    """A program that is told; one worker at a time sends to it."""

    address: Mapped[str] = mapped_column(db.Sealed("webhook_endpoint.address"))
    secret: Mapped[str] = mapped_column(db.Sealed("webhook_endpoint.secret"))
    events: Mapped[list[str]]
    """Kinds of events that it is told of."""
    state: Mapped[EndpointState] = mapped_column(default=EndpointState.READY)
    failures: Mapped[int] = mapped_column(default=0)
    """Tries since one was taken."""
    failing_since: Mapped[datetime | None]
    created_at: Mapped[db.Created]


class WebhookEvent(db.SealedRow, db.PublicRow):
    """Something that happened, written with it. Its id is what receivers know it again by."""

    __table_args__ = (
        Index("ix_webhook_event_created_at", "created_at"),
        db.partial_index("ix_webhook_event_unshared", "id", where="shared_at IS NULL"),
    )

    kind: Mapped[EventKind]
    deed: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    """Keyed hash of what was done to what: the same is told once."""
    body: Mapped[str] = mapped_column(db.Sealed("webhook_event.body"))
    """The JSON that is sent: ids, consents and moments."""
    created_at: Mapped[datetime]
    """The hour: the moment is in the body."""
    shared_at: Mapped[datetime | None]
    """When every endpoint that is told got a post of it; its hour."""


class WebhookPost(db.PublicRow):
    """An event on its way to an endpoint."""

    __table_args__ = (
        UniqueConstraint("event_id", "endpoint_id"),
        Index("ix_webhook_post_endpoint_id_state_due_at", "endpoint_id", "state", "due_at"),
    )

    endpoint_id: Mapped[int] = db.parent_key("webhook_endpoint.id")
    event_id: Mapped[int] = db.parent_key("webhook_event.id")
    state: Mapped[PostState] = mapped_column(default=PostState.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    """When it may be tried (again); once it is over, the hour."""
    answer: Mapped[str] = mapped_column(String(40), default="", server_default="")
    """Of the last try: the status, or why there was none."""

    event: Mapped[WebhookEvent] = relationship()
