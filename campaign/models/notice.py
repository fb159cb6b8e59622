"""Links to somebody's own letters, and the news that signers get."""

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from campaign.core import db


class LettersLink(db.SealedRow, db.NumberedRow):
    email: Mapped[str] = mapped_column(db.Sealed("letters_link.email"))
    email_hmac: Mapped[bytes] = mapped_column(db.LookUp(32), index=True)
    locale: Mapped[db.Locale]
    token_digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    created_at: Mapped[db.Created]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class NoticeKind(enum.StrEnum):
    HANDED_OVER = "handed-over"
    REPLY = "reply"
    OUTCOME = "outcome"
    STOP = "stop"
    CONTINUED = "continued"
    NEWS = "news"


class Notice(db.PublicRow):
    """News for the signers of a campaign who want it: a mailing that can be taken up again."""

    __table_args__ = (
        UniqueConstraint("delivery_id"),
        UniqueConstraint("update_id"),
        Index("uq_notice_next_id", "next_id", unique=True),
        # Those have neither: a campaign is stopped once.
        db.partial_index(
            "uq_notice_campaign_id_stop", "campaign_id", unique=True, where="kind = 'stop'"
        ),
    )

    campaign_id: Mapped[int] = db.parent_key("campaign.id", index=True)
    kind: Mapped[NoticeKind]
    delivery_id: Mapped[int | None] = db.parent_key("delivery_attempt.id")
    update_id: Mapped[int | None] = db.parent_key("update.id")
    next_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"))
    last_signature_id: Mapped[int] = mapped_column(default=0)
    """How far it has come: signatures are told in the order of their ids."""
    created_at: Mapped[db.Created]
    finished_at: Mapped[datetime | None]


class NoticeMail(db.Base):
    """Who was told: one mail to one mailbox, whatever happens in between."""

    notice_id: Mapped[int] = db.parent_key("notice.id", primary_key=True)
    email_hmac: Mapped[bytes] = mapped_column(db.LookUp(32), primary_key=True)
