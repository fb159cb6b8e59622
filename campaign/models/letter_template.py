"""The letters that a campaign proposes, in versions, and their talking points."""

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaign.core.db import Base, Created, Locale, PrimaryKey
from campaign.models.campaign import Campaign


class LetterTemplate(Base):
    """The proposed letter in one language; a change makes a new version, an old one stays."""

    __tablename__ = "letter_template"
    __table_args__ = (
        UniqueConstraint("campaign_id", "locale", "target_id", "version"),
        Index(
            "uq_letter_template_version_for_all",
            "campaign_id",
            "locale",
            "version",
            unique=True,
            sqlite_where=text("target_id IS NULL"),
            postgresql_where=text("target_id IS NULL"),
        ),
    )

    id: Mapped[PrimaryKey]
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"))
    target_id: Mapped[int | None] = mapped_column(ForeignKey("target.id", ondelete="CASCADE"))
    """The target it is for; none: for all that have no template of their own."""
    locale: Mapped[Locale]
    version: Mapped[int]
    subject: Mapped[str] = mapped_column(String(200))
    opening: Mapped[str] = mapped_column(Text)
    closing: Mapped[str] = mapped_column(Text)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    created_at: Mapped[Created]

    campaign: Mapped[Campaign] = relationship(back_populates="templates")
    points: Mapped[list["TalkingPoint"]] = relationship(
        back_populates="template", cascade="all, delete-orphan", order_by="TalkingPoint.position"
    )


class TalkingPoint(Base):
    """One request or fact of a letter template; required, or the supporter's to take or leave."""

    __tablename__ = "talking_point"
    __table_args__ = (UniqueConstraint("template_id", "key"),)

    id: Mapped[PrimaryKey]
    template_id: Mapped[int] = mapped_column(ForeignKey("letter_template.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(60))
    """The same in every language of a campaign: what the form field `points` sends."""
    position: Mapped[int]
    required: Mapped[bool] = mapped_column(default=False)
    text: Mapped[str] = mapped_column(Text)

    template: Mapped[LetterTemplate] = relationship(back_populates="points")
