"""Staff users, their roles, second factors and passkeys, and the campaigns whose teams they are on.

Which campaigns a staff user may see: organizers those of their teams, the others all.
"""

import enum
from datetime import date, datetime
from typing import Any

from flask_security.core import UserMixin
from sqlalchemy import BigInteger, ColumnElement, LargeBinary, String, or_, select, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaign.core import db
from campaign.models.campaign import Campaign


class Role(enum.StrEnum):
    """What a staff user may do. Who writes campaigns need not see who signed, and the reverse."""

    ORGANIZER = "organizer"
    STAFF = "staff"
    ADMIN = "admin"


WRITERS = frozenset({Role.ORGANIZER, Role.ADMIN})
"""Who writes campaigns."""


class StaffUser(db.SealedRow, db.PublicRow, UserMixin):
    email: Mapped[str] = mapped_column(db.Sealed("staff_user.email"))
    email_hmac: Mapped[bytes] = mapped_column(db.LookUp(32), unique=True)
    name: Mapped[str] = mapped_column(db.Sealed("staff_user.name"), default="")
    role: Mapped[Role]
    locale: Mapped[db.Locale] = mapped_column(default="en")
    password: Mapped[str | None] = mapped_column(String(255))
    link_number: Mapped[int] = mapped_column(default=0)
    """Counts the links by which the password can be set: a new one makes those before worthless."""
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[db.Created]
    last_sign_in_at: Mapped[datetime | None]
    gets_digest: Mapped[bool] = mapped_column(default=True, server_default=true())
    """Whether they want the morning email with what there is to do."""
    digest_on: Mapped[date | None]
    """The day of the last one, whether or not there was anything to do."""
    gets_alarms: Mapped[bool] = mapped_column(default=True, server_default=true())
    """Whether, as an admin, they want an email when something is wrong with the instance."""
    totp_secret: Mapped[str | None] = mapped_column(db.Sealed("staff_user.totp_secret"))
    """What their authenticator app knows; one that no code has proved yet counts for nothing."""
    totp_since: Mapped[datetime | None]
    """Since when their app's codes are asked for; none: there is no app."""
    totp_counter: Mapped[int | None] = mapped_column(BigInteger)
    """Number of the half minute whose code was used last: neither it nor an earlier one works."""

    passkeys: Mapped[list["Passkey"]] = relationship(
        back_populates="staff_user",
        cascade="all, delete-orphan",
        lazy="selectin",
        order_by="Passkey.id",
    )

    @property
    def has_app(self) -> bool:
        return self.totp_since is not None

    @property
    def has_second_factor(self) -> bool:
        return self.has_app or bool(self.passkeys)


class Passkey(db.SealedRow, db.PublicRow):
    """The public half of a key with which a staff user signs in: it opens nothing."""

    staff_user_id: Mapped[int] = db.parent_key("staff_user.id", index=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary(1023), unique=True)
    """Random; by it the device that has the private half finds that."""
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    """How often it was used, as the device counts; 0 where that does not count."""
    is_hardware: Mapped[bool]
    """Whether it is on a device for that alone, and is never copied to another."""
    transports: Mapped[list[str]]
    name: Mapped[str] = mapped_column(db.Sealed("passkey.name"))
    added_at: Mapped[db.Created]
    last_used_at: Mapped[datetime | None]

    staff_user: Mapped[StaffUser] = relationship(back_populates="passkeys")


class UsedChallenge(db.Base):
    """What a passkey has answered: no answer to it is taken again, on whichever machine."""

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    """When no answer to it would be taken anyway."""


class RecoveryCode(db.NumberedRow):
    """A code that stands in once for the authenticator app."""

    staff_user_id: Mapped[int] = db.parent_key("staff_user.id", index=True)
    digest: Mapped[bytes] = mapped_column(db.LookUp(32), unique=True)
    used_at: Mapped[datetime | None]


class CampaignMember(db.Base):
    """A staff user on the team of a campaign, besides its owner."""

    campaign_id: Mapped[int] = db.parent_key("campaign.id", primary_key=True)
    staff_user_id: Mapped[int] = db.parent_key("staff_user.id", primary_key=True, index=True)
    added_at: Mapped[db.Created]


def sees(user: StaffUser, campaign_id: Any) -> ColumnElement[bool]:
    """Return the condition on campaigns' ids that `user` owns them or is on their team.

    Staff print bundles of all campaigns, admins answer for all; a campaign without an owner is
    the admins' until they hand it over.
    """
    if user.role in (Role.STAFF, Role.ADMIN):
        return true()
    return or_(
        campaign_id.in_(select(Campaign.id).where(Campaign.owner_id == user.id)),
        campaign_id.in_(
            select(CampaignMember.campaign_id).where(CampaignMember.staff_user_id == user.id)
        ),
    )
