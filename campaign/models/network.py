"""Network members, and the mailings that reach them."""

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from campaign.core.db import (
    Base,
    Created,
    Locale,
    LookUp,
    PrimaryKey,
    PublicId,
    Sealed,
    SealId,
    parent_key,
    partial_index,
)


class MemberState(enum.StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    LEFT = "left"


class Frequency(enum.StrEnum):
    EACH = "each"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class NetworkMember(Base):
    __tablename__ = "network_member"
    __table_args__ = (Index("ix_network_member_state_frequency", "state", "frequency"),)

    id: Mapped[PrimaryKey]
    seal_id: Mapped[SealId]
    public_id: Mapped[PublicId]
    state: Mapped[MemberState] = mapped_column(default=MemberState.PENDING)
    email: Mapped[str | None] = mapped_column(Sealed("network_member.email"))
    email_hmac: Mapped[bytes] = mapped_column(LookUp(32), unique=True)
    locale: Mapped[Locale]
    countries: Mapped[list[str]] = mapped_column(default=list)
    themes: Mapped[list[str]] = mapped_column(default=list)
    languages: Mapped[list[str]] = mapped_column(default=list)
    frequency: Mapped[Frequency] = mapped_column(default=Frequency.EACH)
    consent_wording: Mapped[str] = mapped_column(String(600))
    privacy_notice_id: Mapped[int | None] = mapped_column(ForeignKey("privacy_notice.id"))
    token_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    """SHA-256 of the token in the mail that confirms the membership.

    Links to the member's page are bound to it: a digest of what nobody has revokes them.
    """
    token_expires_at: Mapped[datetime | None]
    joined_at: Mapped[Created]
    confirmed_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]


class Mailing(Base):
    """News of one action for the network: sent in the order of the members' ids."""

    __tablename__ = "mailing"
    __table_args__ = (
        UniqueConstraint("campaign_id", "update_id"),
        partial_index(
            "uq_mailing_campaign_id_new", "campaign_id", unique=True, where="update_id IS NULL"
        ),
    )

    id: Mapped[PrimaryKey]
    public_id: Mapped[PublicId]
    campaign_id: Mapped[int] = parent_key("campaign.id", index=True)
    update_id: Mapped[int | None] = parent_key("update.id")
    last_member_id: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[Created]
    finished_at: Mapped[datetime | None]


class MailingMember(Base):
    """Who was told of a mailing, at once or in a digest: never twice."""

    __tablename__ = "mailing_member"

    mailing_id: Mapped[int] = parent_key("mailing.id", primary_key=True)
    member_id: Mapped[int] = parent_key("network_member.id", primary_key=True)
    told_at: Mapped[Created]
