"""Figures of campaigns as last counted: by blocks of signatures, and the sums per campaign.

How many people have written, as last counted.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from campaign.core.db import Base, Created, Json, NumberedRow, Sealed, SealedRow, parent_key


class FiguresDue(NumberedRow):
    """A block of signatures in which something changed since it was counted.

    Triggers of the database write here, whoever changes a signature or a letter. They only ever
    add rows: people who sign at once never wait for each other.
    """

    block: Mapped[int] = mapped_column(index=True)


class FiguresBlock(SealedRow, Base):
    """What was counted among the signatures of one block (ids in a row)."""

    block: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    counts: Mapped[str] = mapped_column(Sealed("figures_block.counts"))
    """Per campaign, as JSON; sealed, since a count of one in a region tells of a person."""
    counted_at: Mapped[Created] = mapped_column(index=True)


class CampaignFigures(SealedRow, Base):
    campaign_id: Mapped[int] = parent_key("campaign.id", primary_key=True)
    timezone: Mapped[str] = mapped_column(String(60))
    """In which a signature's day was found; another one of the campaign means counting again."""
    counts: Mapped[str] = mapped_column(Sealed("campaign_figures.counts"))
    recent: Mapped[Json] = mapped_column(default=dict)
    """Confirmed per day, lately: for the small charts of a list."""
    confirmed: Mapped[int] = mapped_column(default=0)
    pending: Mapped[int] = mapped_column(default=0)
    held: Mapped[int] = mapped_column(default=0)
    waiting: Mapped[int] = mapped_column(default=0)
    expired: Mapped[int] = mapped_column(default=0)
    """Letters that waited for their confirmation in vain; counted on, for they are erased."""
    bad_addresses: Mapped[int] = mapped_column(default=0)
    mails_failed: Mapped[int] = mapped_column(default=0)
    mails_waiting: Mapped[int] = mapped_column(default=0)


class FiguresRun(NumberedRow):
    """When was counted last; there is one row."""

    counted_at: Mapped[datetime | None]
    mails_at: Mapped[datetime | None]
    expired_to: Mapped[datetime | None]
    """Up to which moment expired letters are in the sums."""


class CampaignTally(Base):
    """People with a confirmed letter; a row of its own, as signing never updates a campaign."""

    __table_args__ = (CheckConstraint("confirmed >= 0", name="not_negative"),)

    campaign_id: Mapped[int] = parent_key("campaign.id", primary_key=True)
    confirmed: Mapped[int] = mapped_column(default=0)
    sent_by_self: Mapped[int] = mapped_column(default=0)
    on_paper: Mapped[int] = mapped_column(default=0, server_default="0")
    counted_at: Mapped[Created]
