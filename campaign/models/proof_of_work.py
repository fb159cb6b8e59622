"""What is kept of proof of work: that a solution has been used."""

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from campaign.core.db import Base


class SpentWork(Base):
    """A solution that has let a letter pass; it lets no other pass, on whichever machine."""

    __tablename__ = "spent_work"

    nonce: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    """What was to be solved."""
    expires_at: Mapped[datetime] = mapped_column(index=True)
    """When it would let nothing pass anyway."""
