"""How many people have written, as last counted."""

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from campaign.core.db import Base, Created


class CampaignTally(Base):
    """How many people have a confirmed letter on a campaign, as last counted.

    A row of its own: signing never updates the campaign's row, a periodic job counts here.
    """

    __tablename__ = "campaign_tally"
    __table_args__ = (CheckConstraint("confirmed >= 0", name="not_negative"),)

    campaign_id: Mapped[int] = mapped_column(
        ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True
    )
    confirmed: Mapped[int] = mapped_column(default=0)
    sent_by_self: Mapped[int] = mapped_column(default=0)
    """Of these, who said that they also sent the letter themselves."""
    on_paper: Mapped[int] = mapped_column(default=0, server_default="0")
    """Of these, who signed by hand on a sheet or a card."""
    counted_at: Mapped[Created]
