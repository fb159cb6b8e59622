"""Staff users, their roles and second factors, and the campaigns whose teams they are on.

Which campaigns a staff user may see: organizers those of their teams, the others all.
"""

import enum
from datetime import datetime
from typing import Any

from flask_security.core import UserMixin
from sqlalchemy import BigInteger, ColumnElement, String, or_, select, true
from sqlalchemy.orm import Mapped, mapped_column

from campaign.core import db
from campaign.models.campaign import Campaign


class Role(enum.StrEnum):
    """What a staff user may do. Who writes campaigns need not see who signed, and the reverse."""

    ORGANIZER = "organizer"
    STAFF = "staff"
    ADMIN = "admin"


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
    totp_secret: Mapped[str | None] = mapped_column(db.Sealed("staff_user.totp_secret"))
    """What their authenticator app knows; one that no code has proved yet counts for nothing."""
    totp_since: Mapped[datetime | None]
    """Since when sign-in asks for the second factor; none: it does not."""
    totp_counter: Mapped[int | None] = mapped_column(BigInteger)
    """Number of the half minute whose code was used last: neither it nor an earlier one works."""

    @property
    def has_second_factor(self) -> bool:
        return self.totp_since is not None


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
    if user.role is not Role.ORGANIZER:
        return true()
    return or_(
        campaign_id.in_(select(Campaign.id).where(Campaign.owner_id == user.id)),
        campaign_id.in_(
            select(CampaignMember.campaign_id).where(CampaignMember.staff_user_id == user.id)
        ),
    )
