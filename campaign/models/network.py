"""Network members, and the mailings that reach them."""

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaign.core import db
from campaign.models.campaign import Campaign, Update


class MemberState(enum.StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    LEFT = "left"


class Frequency(enum.StrEnum):
    EACH = "each"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class MemberOrigin(enum.StrEnum):
    FORM = "form"
    """Asked on the page of the network, or by a form elsewhere, and confirmed by a link."""
    LETTER = "letter"
    """Ticked the box when signing, and confirmed the letter."""
    IMPORT = "import"
    """From a file, with proof of consent, or of signatures."""
    SHEET = "sheet"
    """Ticked the box on a signature sheet."""


UNCONFIRMED = frozenset({MemberOrigin.IMPORT, MemberOrigin.SHEET})
"""Who came so was not asked to confirm; `confirmed_at` is the day on which they became members."""


class NetworkMember(db.SealedRow, db.PublicRow):
    __table_args__ = (
        Index("ix_network_member_state_frequency", "state", "frequency"),
        Index("ix_network_member_state_confirmed_at", "state", "confirmed_at", "id"),
    )

    state: Mapped[MemberState] = mapped_column(default=MemberState.PENDING)
    email: Mapped[str | None] = mapped_column(db.Sealed("network_member.email"))
    email_hmac: Mapped[bytes] = mapped_column(db.LookUp(32), unique=True)
    locale: Mapped[db.Locale]
    countries: Mapped[list[str]] = mapped_column(default=list)
    """Empty: news of all; so for themes and languages."""
    themes: Mapped[list[str]] = mapped_column(default=list)
    languages: Mapped[list[str]] = mapped_column(default=list)
    frequency: Mapped[Frequency] = mapped_column(default=Frequency.EACH)
    origin: Mapped[MemberOrigin] = mapped_column(default=MemberOrigin.FORM, server_default="form")
    consent_wording: Mapped[str] = mapped_column(String(600))
    consent_source: Mapped[str | None] = mapped_column(db.Sealed("network_member.consent_source"))
    """Of one who came from a file: where the proof of their consent is."""
    paper_row_id: Mapped[int | None] = mapped_column(index=True)
    """The row of a sheet on whose tick alone the membership rests: it ends with that tick.

    No foreign key: the job that makes members holds the signature, and would wait for the row of
    somebody who is about to delete the signature.
    """
    privacy_notice_id: Mapped[int | None] = mapped_column(ForeignKey("privacy_notice.id"))
    token_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    """SHA-256 of the token that confirms; the links to the member's page are bound to it."""
    token_expires_at: Mapped[datetime | None]
    joined_at: Mapped[db.Created]
    """The moment; once confirmed, the organization's day (`clock.keep_day`)."""
    confirmed_at: Mapped[datetime | None]
    """The day, and some chance (`memberships.blur`); up to `clock.MOST_AHEAD` to come."""
    left_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]


class ErasedMember(db.Base):
    """That the member of this name was erased: other programs that have the name are told so."""

    public_id: Mapped[str] = mapped_column(String(22), primary_key=True, default=db.new_public_id)
    erased_at: Mapped[datetime] = mapped_column(index=True)
    """The day (`clock.keep_day`)."""


class Mailing(db.PublicRow):
    """News of one action for the network: sent in the order of the members' ids."""

    __table_args__ = (
        UniqueConstraint("campaign_id", "update_id"),
        db.partial_index(
            "uq_mailing_campaign_id_new", "campaign_id", unique=True, where="update_id IS NULL"
        ),
    )

    campaign_id: Mapped[int] = db.parent_key("campaign.id", index=True)
    update_id: Mapped[int | None] = db.parent_key("update.id")
    """The update that it tells of; None: the action is new."""
    last_member_id: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[db.Created]
    finished_at: Mapped[datetime | None]

    campaign: Mapped[Campaign] = relationship()
    update: Mapped[Update | None] = relationship()


class MailingMember(db.Base):
    """Who was told of a mailing, at once or in a digest: never twice."""

    mailing_id: Mapped[int] = db.parent_key("mailing.id", primary_key=True)
    member_id: Mapped[int] = db.parent_key("network_member.id", primary_key=True)
    told_at: Mapped[db.Created]
