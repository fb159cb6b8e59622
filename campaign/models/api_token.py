"""Tokens by which other programs read and write here."""

import enum
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from campaign.core import db


class ApiScope(enum.StrEnum):
    ACTIONS = "actions"
    PEOPLE = "people"
    SIGN_UPS = "sign-ups"


class ApiToken(db.SealedRow, db.PublicRow):
    __table_args__ = (CheckConstraint("approved_by_id <> created_by_id", name="approved_by_other"),)

    name: Mapped[str] = mapped_column(db.Sealed("api_token.name"))
    prefix: Mapped[str] = mapped_column(String(12))
    """How the token begins: by it people tell tokens apart."""
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    """SHA-256 of the token, which is chance."""
    scopes: Mapped[list[str]]
    created_by_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    """Who else let it read people, where the settings want a second person for that."""
    created_at: Mapped[db.Created]
    expires_at: Mapped[datetime]
    last_used_on: Mapped[date | None]
    revoked_at: Mapped[datetime | None]
