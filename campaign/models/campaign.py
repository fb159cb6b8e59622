"""Campaigns: the case in each language, the letters it proposes, and whom it aims at."""

import enum
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import (
    Connection,
    ForeignKey,
    String,
    Text,
    UniqueConstraint,
    event,
    false,
    func,
    select,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, object_session, relationship

from campaign.core.audit import AuditEntry
from campaign.core.db import (
    Base,
    Country,
    Created,
    Json,
    Locale,
    PrimaryKey,
    PublicId,
    SealedList,
    SealId,
    Slug,
    Words,
)
from campaign.models.directory import Mission, Official

if TYPE_CHECKING:
    from campaign.models.revision import RiskFlag

from sqlalchemy import Index


class CampaignStatus(enum.StrEnum):
    """Where a campaign stands in its life."""

    DRAFT = "draft"
    REVIEW = "review"
    SCHEDULED = "scheduled"
    OPEN = "open"
    CLOSED = "closed"
    STOPPED = "stopped"


ENDED = (CampaignStatus.CLOSED, CampaignStatus.STOPPED)
"""Statuses of a campaign that is over, for what lies below `campaigns.stop_rule`."""


class StopKind(enum.StrEnum):
    """Why a campaign was stopped, in a word: what pages, mails and the desk say goes by it."""

    HARM = "harm"
    """Another letter could do harm."""
    SAFE = "safe"
    """The person is free or safe."""
    OTHER = "other"


class LetterFormat(enum.StrEnum):
    """What the supporter signs: a letter of a page, or a card, four to a sheet."""

    LETTER = "letter"
    CARD = "card"


class TargetKind(enum.StrEnum):
    """Whether a letter is addressed to the official, or only names them as receiving a copy."""

    TO = "to"
    COPY = "copy"


class UpdateKind(enum.StrEnum):
    """What a dated post tells."""

    FURTHER_INFORMATION = "further-information"
    GOOD_NEWS = "good-news"
    STOP = "stop"
    DELIVERY = "delivery"
    REPLY = "reply"
    OUTCOME = "outcome"


class Campaign(Base):
    """One urgent action."""

    __tablename__ = "campaign"

    id: Mapped[PrimaryKey]
    seal_id: Mapped[SealId]
    public_id: Mapped[PublicId]
    slug: Mapped[Slug] = mapped_column(unique=True)
    reference: Mapped[str] = mapped_column(String(40), unique=True)
    """As people quote it: "UA 58/20"."""
    index_number: Mapped[str] = mapped_column(String(40), default="")
    country: Mapped[Country]
    format: Mapped[LetterFormat] = mapped_column(default=LetterFormat.LETTER)
    status: Mapped[CampaignStatus] = mapped_column(default=CampaignStatus.DRAFT, index=True)
    status_reasons: Mapped[Words] = mapped_column(default=dict, server_default=text("'{}'"))
    """Why it was closed or stopped, for everybody to read, per language."""
    stop_kind: Mapped[StopKind] = mapped_column(default=StopKind.HARM, server_default="harm")
    """What kind of stop it was; of one that is not stopped it says nothing."""
    themes: Mapped[list[str]] = mapped_column(default=list)
    timezone: Mapped[str] = mapped_column(String(60))
    issued_on: Mapped[date | None]
    act_by: Mapped[date | None]
    """Last day to write; it ends when it ends everywhere on Earth (UTC-12)."""
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]
    open_at: Mapped[datetime | None]
    """When it is to open by itself, once it is scheduled."""
    opening_missed_at: Mapped[datetime | None]
    """When it was to open and could not; the desk says so until it is sent on its way again."""
    submitted_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    """Who wrote last before a second person looks at it: anybody else may open it."""
    review_note: Mapped[str] = mapped_column(Text, default="")
    """Why it was sent back to be changed, for the desk."""
    follows_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"), index=True)
    """The campaign to which this is further information."""
    person_name: Mapped[str] = mapped_column(String(200))
    """The person at risk, as the case sheet names them."""
    person_died: Mapped[bool] = mapped_column(default=False)
    """Whether the person is dead: people write about them, not for them."""
    person_pronouns: Mapped[str] = mapped_column(String(40), default="")
    default_locale: Mapped[Locale]
    """Language of the page for readers whose own has no edition."""
    letter_locales: Mapped[list[str]] = mapped_column(default=list)
    """Languages in which letters can be written, the targets' first."""
    forbidden_words: Mapped[list[str]] = mapped_column(
        SealedList("campaign.forbidden_words"), default=list, nullable=True
    )
    """Words that must not stand in a letter, in any language: a witness's name, a place."""
    full_text_edit: Mapped[bool] = mapped_column(default=False)
    """Whether supporters may rewrite the whole letter; required points stay in."""
    print_translation: Mapped[bool] = mapped_column(default=False)
    """Whether a letter in a language that is not the targets' prints with its translation."""
    embed_hosts: Mapped[list[str]] = mapped_column(default=list)
    """Hosts whose pages may show the form in a frame: "example.org"."""
    screening: Mapped[Json] = mapped_column(default=dict)
    """Which letters are looked at before they count (`ScreeningRules`); empty: the usual."""
    embargo_until: Mapped[datetime | None]
    """Nothing of the case is published before this moment."""
    picture: Mapped[str] = mapped_column(String(120), default="")
    """Key of the case's picture in the storage, whole; empty: none."""
    picture_wide: Mapped[str] = mapped_column(String(120), default="")
    """The same, cut to the page around what matters in it."""
    picture_small: Mapped[str] = mapped_column(String(120), default="")
    """The same for lists."""
    picture_alt: Mapped[Words] = mapped_column(default=dict)
    """What the picture shows, per language."""
    picture_x: Mapped[int] = mapped_column(default=50)
    """Where in the picture that is which matters: percent from the left."""
    picture_y: Mapped[int] = mapped_column(default=50)
    """Percent from the top."""
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    owner_id: Mapped[int | None] = mapped_column(
        ForeignKey("staff_user.id"),
        index=True,
        default=lambda context: context.get_current_parameters().get("created_by_id"),
    )
    """Who answers for it; none: the admins, until they hand it over."""
    forgotten_at: Mapped[datetime | None]
    """When who signed it was last erased by the calendar, long after its end."""
    created_at: Mapped[Created]
    changed_at: Mapped[Created]
    """Moves with every change of what the public sees."""

    editions: Mapped[list["Edition"]] = relationship(
        back_populates="campaign", cascade="all, delete-orphan", order_by="Edition.id"
    )
    templates: Mapped[list["LetterTemplate"]] = relationship(
        back_populates="campaign", cascade="all, delete-orphan", order_by="LetterTemplate.id"
    )
    targets: Mapped[list["Target"]] = relationship(
        back_populates="campaign", cascade="all, delete-orphan", order_by="Target.position"
    )
    updates: Mapped[list["Update"]] = relationship(
        back_populates="campaign", cascade="all, delete-orphan", order_by="Update.happened_on"
    )
    risk_flags: Mapped[list["RiskFlag"]] = relationship(
        cascade="all, delete-orphan", passive_deletes=True, order_by="RiskFlag.id"
    )
    follows: Mapped["Campaign | None"] = relationship(
        back_populates="followed_by", remote_side="Campaign.id"
    )
    followed_by: Mapped[list["Campaign"]] = relationship(
        back_populates="follows", order_by="Campaign.id"
    )

    @property
    def cards(self) -> bool:
        return self.format is LetterFormat.CARD


class Edition(Base):
    """A campaign's text in one language."""

    __tablename__ = "edition"
    __table_args__ = (UniqueConstraint("campaign_id", "locale"),)

    id: Mapped[PrimaryKey]
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"))
    locale: Mapped[Locale]
    title: Mapped[str] = mapped_column(String(200))
    summary: Mapped[str] = mapped_column(Text)
    """Three sentences."""
    background: Mapped[str] = mapped_column(Text, default="")
    """What happened, in Markdown."""
    asks: Mapped[list[str]] = mapped_column(default=list)
    """What the letter asks for, a line each."""
    outcome: Mapped[str] = mapped_column(Text, default="")
    """How it ended, or how such cases end, in Markdown."""

    campaign: Mapped[Campaign] = relationship(back_populates="editions")


class Target(Base):
    """An official on a campaign, and the mission through which letters reach them."""

    __tablename__ = "target"
    __table_args__ = (UniqueConstraint("campaign_id", "official_id"),)

    id: Mapped[PrimaryKey]
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"))
    official_id: Mapped[int] = mapped_column(ForeignKey("official.id"), index=True)
    mission_id: Mapped[int | None] = mapped_column(ForeignKey("mission.id"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    kind: Mapped[TargetKind] = mapped_column(default=TargetKind.TO)

    campaign: Mapped[Campaign] = relationship(back_populates="targets")
    official: Mapped[Official] = relationship()
    mission: Mapped[Mission | None] = relationship()


class Update(Base):
    """A dated post on a campaign."""

    __tablename__ = "update"

    id: Mapped[PrimaryKey]
    campaign_id: Mapped[int] = mapped_column(
        ForeignKey("campaign.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[UpdateKind]
    happened_on: Mapped[date]
    picture: Mapped[str] = mapped_column(String(120), default="")
    """Key of a picture in the storage; empty: none."""
    picture_alt: Mapped[Words] = mapped_column(default=dict)
    """What the picture shows, per language."""
    target_id: Mapped[int | None] = mapped_column(ForeignKey("target.id"))
    """The official whose answer it is: the case's page says so under their name."""
    tell_network: Mapped[bool] = mapped_column(default=False)
    """Whether its author wants the urgent-action network to be told of it."""
    tell_signers: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether its author wants those who asked for news of the case to be told of it."""
    published_at: Mapped[Created]

    campaign: Mapped[Campaign] = relationship(back_populates="updates")
    editions: Mapped[list["UpdateEdition"]] = relationship(
        back_populates="update", cascade="all, delete-orphan", order_by="UpdateEdition.id"
    )
    more_pictures: Mapped[list["UpdatePicture"]] = relationship(
        cascade="all, delete-orphan", order_by="UpdatePicture.position"
    )
    """Beside `picture`; none where that is empty."""


class UpdatePicture(Base):
    """A further picture of an update."""

    __tablename__ = "update_picture"

    update_id: Mapped[int] = mapped_column(
        ForeignKey("update.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(String(120), index=True)
    alt: Mapped[Words]


class UpdateEdition(Base):
    """An update in one language."""

    __tablename__ = "update_edition"
    __table_args__ = (UniqueConstraint("update_id", "locale"),)

    id: Mapped[PrimaryKey]
    update_id: Mapped[int] = mapped_column(ForeignKey("update.id", ondelete="CASCADE"))
    locale: Mapped[Locale]
    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text, default="")

    update: Mapped[Update] = relationship(back_populates="editions")


@event.listens_for(Campaign, "before_insert")
def _number_anew(_mapper: object, connection: Connection, campaign: Campaign) -> None:
    """Never give the number of a deleted draft again, by which the audit knows it.

    PostgreSQL's sequence does not; SQLite takes the number after the highest there is.
    """
    session = object_session(campaign)
    if connection.dialect.name != "sqlite" or "id" in vars(campaign) or session is None:
        return
    deleted = select(AuditEntry.subject).where(AuditEntry.action == "campaign.delete")
    campaign.id = 1 + max(
        connection.scalar(select(func.max(Campaign.id))) or 0,
        *(int(one.removeprefix("campaign:")) for one in connection.scalars(deleted)),
        *(vars(one).get("id", 0) for one in session.new if isinstance(one, Campaign)),
    )


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
