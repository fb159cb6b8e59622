"""Campaigns: the case in each language, the letters it proposes, and whom it aims at."""

import enum
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaign.core import db
from campaign.models.directory import Mission, Official

if TYPE_CHECKING:
    from campaign.models.revision import RiskFlag


_SHORT = 64
"""Bytes to which names and titles are padded."""


class CampaignStatus(enum.StrEnum):
    DRAFT = "draft"
    REVIEW = "review"
    SCHEDULED = "scheduled"
    OPEN = "open"
    CLOSED = "closed"
    STOPPED = "stopped"


ENDED = (CampaignStatus.CLOSED, CampaignStatus.STOPPED)
"""Statuses of a campaign that is over, for what lies below `campaigns.stop_rule`."""


class StopKind(enum.StrEnum):
    HARM = "harm"
    SAFE = "safe"
    OTHER = "other"


class LetterFormat(enum.StrEnum):
    LETTER = "letter"
    CARD = "card"


class TargetKind(enum.StrEnum):
    TO = "to"
    COPY = "copy"


class UpdateKind(enum.StrEnum):
    FURTHER_INFORMATION = "further-information"
    GOOD_NEWS = "good-news"
    STOP = "stop"
    DELIVERY = "delivery"
    REPLY = "reply"
    OUTCOME = "outcome"


class Campaign(db.SealedRow, db.PublicRow):
    slug: Mapped[db.Slug] = mapped_column(unique=True)
    reference: Mapped[str] = mapped_column(String(40), unique=True)
    """As people quote it: "UA 58/20"."""
    index_number: Mapped[str] = mapped_column(String(40), default="")
    country: Mapped[db.Country]
    format: Mapped[LetterFormat] = mapped_column(default=LetterFormat.LETTER)
    status: Mapped[CampaignStatus] = mapped_column(default=CampaignStatus.DRAFT, index=True)
    status_reasons: Mapped[db.Words] = mapped_column(default=dict, server_default=text("'{}'"))
    stop_kind: Mapped[StopKind] = mapped_column(default=StopKind.HARM, server_default="harm")
    themes: Mapped[list[str]] = mapped_column(default=list)
    timezone: Mapped[str] = mapped_column(String(60))
    issued_on: Mapped[date | None]
    act_by: Mapped[date | None]
    """Last day to write; it ends when it ends everywhere on Earth (UTC-12)."""
    opened_at: Mapped[datetime | None]
    """When it first opened."""
    reopened_at: Mapped[datetime | None]
    """When it last opened again after it was closed."""
    closed_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]
    open_at: Mapped[datetime | None]
    opening_missed_at: Mapped[datetime | None]
    submitted_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    review_note: Mapped[str] = mapped_column(db.Sealed("campaign.review_note"), default="")
    follows_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"), index=True)
    person_name: Mapped[str] = mapped_column(db.Sealed("campaign.person_name", _SHORT))
    person_died: Mapped[bool] = mapped_column(default=False)
    person_pronouns: Mapped[str] = mapped_column(String(40), default="")
    default_locale: Mapped[db.Locale]
    letter_locales: Mapped[list[str]] = mapped_column(default=list)
    forbidden_words: Mapped[list[str]] = mapped_column(
        db.SealedList("campaign.forbidden_words"), default=list, nullable=True
    )
    """Words that must not stand in a letter, in any language: a witness's name, a place."""
    full_text_edit: Mapped[bool] = mapped_column(default=False)
    print_translation: Mapped[bool] = mapped_column(default=False)
    embed_hosts: Mapped[list[str]] = mapped_column(default=list)
    """Hosts whose pages may show the form in a frame: "example.org"."""
    screening: Mapped[db.Json] = mapped_column(default=dict)
    """Which letters are looked at before they count (`ScreeningRules`); empty: the usual."""
    embargo_until: Mapped[datetime | None]
    flags_checked: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    """Id of the newest risk flag that waiting letters were searched for; those taken back since may
    not have been (`Signature.flags_checked`)."""
    picture: Mapped[str] = mapped_column(String(120), default="")
    picture_wide: Mapped[str] = mapped_column(String(120), default="")
    picture_small: Mapped[str] = mapped_column(String(120), default="")
    picture_alt: Mapped[dict[str, str]] = mapped_column(
        db.SealedWords("campaign.picture_alt"), default=dict, nullable=True
    )
    picture_x: Mapped[int] = mapped_column(default=50)
    """Where in the picture that is which matters: percent from the left."""
    picture_y: Mapped[int] = mapped_column(default=50)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    owner_id: Mapped[int | None] = mapped_column(
        ForeignKey("staff_user.id"),
        index=True,
        default=lambda context: context.get_current_parameters().get("created_by_id"),
    )
    forgotten_at: Mapped[datetime | None]
    created_at: Mapped[db.Created]
    changed_at: Mapped[db.Created]

    editions: Mapped[list["Edition"]] = relationship(
        back_populates="campaign", cascade="all, delete-orphan", order_by="Edition.id"
    )
    templates: Mapped[list["LetterTemplate"]] = relationship(
        back_populates="campaign", cascade="all, delete-orphan", order_by="LetterTemplate.id"
    )
    targets: Mapped[list["Target"]] = relationship(
        back_populates="campaign", cascade="all, delete-orphan", order_by="Target.position"
    )
    past_copies: Mapped[list["PastCopy"]] = relationship(
        cascade="all, delete-orphan", order_by="PastCopy.id"
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

    def tells_of_last_end(self, outcome_at: datetime | None) -> bool:
        """Tell whether an outcome of that moment is about its last end, not one before it reopened.

        None: the outcome is published now.
        """
        return not (outcome_at and self.reopened_at) or outcome_at > self.reopened_at

    @property
    def is_outcome_told(self) -> bool:
        outcomes = [update for update in self.updates if update.kind is UpdateKind.OUTCOME]
        return any(self.tells_of_last_end(outcome.published_at) for outcome in outcomes)

    @property
    def translation_locale(self) -> str:
        """The language into which letters are translated; "" where they are not."""
        translates = self.print_translation and self.format is LetterFormat.LETTER
        return self.letter_locales[0] if translates and self.letter_locales else ""

    @property
    def names_by_locale(self) -> dict[str, str]:
        """What the person is called in languages in which it is not the name of the facts."""
        return {
            edition.locale: edition.person_name for edition in self.editions if edition.person_name
        }

    def name_in(self, locale: str) -> str:
        return self.names_by_locale.get(locale, self.person_name)


class Edition(db.SealedRow, db.NumberedRow):
    """Its texts are sealed: before a campaign opens nobody may learn of it."""

    __table_args__ = (UniqueConstraint("campaign_id", "locale"),)

    campaign_id: Mapped[int] = db.parent_key("campaign.id")
    locale: Mapped[db.Locale]
    person_name: Mapped[str] = mapped_column(db.Sealed("edition.person_name", _SHORT), default="")
    """What the person is called in this language; empty: as the campaign has it."""
    title: Mapped[str] = mapped_column(db.Sealed("edition.title", _SHORT))
    summary: Mapped[str] = mapped_column(db.Sealed("edition.summary"))
    background: Mapped[str] = mapped_column(db.Sealed("edition.background"), default="")
    asks: Mapped[list[str]] = mapped_column(
        db.SealedList("edition.asks"), default=list, nullable=True
    )
    outcome: Mapped[str] = mapped_column(db.Sealed("edition.outcome"), default="")
    """How it ended, or how such cases end, in Markdown."""

    campaign: Mapped[Campaign] = relationship(back_populates="editions")


class Target(db.NumberedRow):
    """An official on a campaign, and the mission through which letters reach them."""

    __table_args__ = (UniqueConstraint("campaign_id", "official_id"),)

    campaign_id: Mapped[int] = db.parent_key("campaign.id")
    official_id: Mapped[int] = mapped_column(ForeignKey("official.id"), index=True)
    mission_id: Mapped[int | None] = mapped_column(ForeignKey("mission.id"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    kind: Mapped[TargetKind] = mapped_column(default=TargetKind.TO)
    copied_since: Mapped[datetime | None]
    """From when on people sign that this office receives a copy; None: from the opening."""

    campaign: Mapped[Campaign] = relationship(back_populates="targets")
    official: Mapped[Official] = relationship()
    mission: Mapped[Mission | None] = relationship()


class PastCopy(db.NumberedRow):
    """A time in which people signed that an office receives a copy, until it was removed.

    Their letters say it again once the office receives a copy again.
    """

    campaign_id: Mapped[int] = db.parent_key("campaign.id", index=True)
    official_id: Mapped[int] = mapped_column(ForeignKey("official.id"), index=True)
    copied_since: Mapped[datetime | None]
    """None: from the opening."""
    removed_at: Mapped[datetime]


class Update(db.NumberedRow):
    campaign_id: Mapped[int] = db.parent_key("campaign.id", index=True)
    kind: Mapped[UpdateKind]
    happened_on: Mapped[date]
    picture: Mapped[str] = mapped_column(String(120), default="")
    picture_alt: Mapped[db.Words] = mapped_column(default=dict)
    target_id: Mapped[int | None] = mapped_column(ForeignKey("target.id"))
    """The official whose answer it is: the case's page says so under their name."""
    tell_network: Mapped[bool] = mapped_column(default=False)
    tell_signers: Mapped[bool] = mapped_column(default=False, server_default=false())
    published_at: Mapped[db.Created]

    campaign: Mapped[Campaign] = relationship(back_populates="updates")
    editions: Mapped[list["UpdateEdition"]] = relationship(
        back_populates="update", cascade="all, delete-orphan", order_by="UpdateEdition.id"
    )
    more_pictures: Mapped[list["UpdatePicture"]] = relationship(
        cascade="all, delete-orphan", order_by="UpdatePicture.position"
    )


class UpdatePicture(db.Base):
    update_id: Mapped[int] = db.parent_key("update.id", primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(String(120), index=True)
    alt: Mapped[db.Words]


class UpdateEdition(db.NumberedRow):
    __table_args__ = (UniqueConstraint("update_id", "locale"),)

    update_id: Mapped[int] = db.parent_key("update.id")
    locale: Mapped[db.Locale]
    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text, default="")

    update: Mapped[Update] = relationship(back_populates="editions")


class LetterTemplate(db.SealedRow, db.NumberedRow):
    """The proposed letter in one language; a change makes a new version, an old one stays."""

    __table_args__ = (
        UniqueConstraint("campaign_id", "locale", "target_id", "version"),
        db.partial_index(
            "uq_letter_template_version_for_all",
            "campaign_id",
            "locale",
            "version",
            unique=True,
            where="target_id IS NULL",
        ),
    )

    campaign_id: Mapped[int] = db.parent_key("campaign.id")
    target_id: Mapped[int | None] = db.parent_key("target.id")
    """The target it is for; none: for all that have no template of their own."""
    locale: Mapped[db.Locale]
    version: Mapped[int]
    subject: Mapped[str] = mapped_column(db.Sealed("letter_template.subject", _SHORT))
    opening: Mapped[str] = mapped_column(db.Sealed("letter_template.opening"))
    closing: Mapped[str] = mapped_column(db.Sealed("letter_template.closing"))
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    created_at: Mapped[db.Created]

    campaign: Mapped[Campaign] = relationship(back_populates="templates")
    points: Mapped[list["TalkingPoint"]] = relationship(
        back_populates="template", cascade="all, delete-orphan", order_by="TalkingPoint.position"
    )


class TalkingPoint(db.SealedRow, db.NumberedRow):
    """One request or fact of a letter template; required, or the supporter's to take or leave."""

    __table_args__ = (UniqueConstraint("template_id", "key"),)

    template_id: Mapped[int] = db.parent_key("letter_template.id")
    key: Mapped[str] = mapped_column(String(60))
    """The same in every language of a campaign: what the form field `points` sends."""
    position: Mapped[int]
    required: Mapped[bool] = mapped_column(default=False)
    text: Mapped[str] = mapped_column(db.Sealed("talking_point.text"))

    template: Mapped[LetterTemplate] = relationship(back_populates="points")
