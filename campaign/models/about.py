"""What the organization says of itself, and which privacy notice was on its page when.

Both only grow: the newest row of a page and language is what its readers see.
"""

import enum

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaign.core.db import Created, Locale, NumberedRow
from campaign.models.staff import StaffUser


class AboutPage(enum.StrEnum):
    PRIVACY = "privacy"
    ABOUT = "about"
    ACCESSIBILITY = "accessibility"


class OrganisationText(NumberedRow):
    """A version of what the organization adds to one of these pages, in one language."""

    __table_args__ = (Index("ix_organisation_text_page", "page", "locale", "id"),)

    page: Mapped[AboutPage]
    locale: Mapped[Locale]
    text: Mapped[str] = mapped_column(Text)
    """Markdown; empty where it was taken off the page."""
    written_by_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    created_at: Mapped[Created]

    written_by: Mapped[StaffUser] = relationship()


class PrivacyNotice(NumberedRow):
    """A version of the whole privacy notice in one language, as it was on its page."""

    __table_args__ = (Index("ix_privacy_notice_locale", "locale", "id"),)

    locale: Mapped[Locale]
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[Created]
