"""What is wrong with the instance, of which admins were told."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from campaign.core import db


class Alarm(db.Base):
    matter: Mapped[str] = mapped_column(String(40), primary_key=True)
    """`mail`, `disk` and so on; of a bundle its public id after `bundle:`."""
    since: Mapped[datetime]
    gone_at: Mapped[datetime | None]
    """When it was first seen to be gone: it may come back at once."""
