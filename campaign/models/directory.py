"""Officials, missions, how each is reached, and files that staff bring into the directory."""

import enum
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Row,
    String,
    Text,
    UniqueConstraint,
    event,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaign.core import db, i18n
from campaign.core.db.leases import Leased
from campaign.core.text.search_words import name_key, search_text
from campaign.core.time_zones import zone_of


class MissionKind(enum.StrEnum):
    EMBASSY = "embassy"
    HIGH_COMMISSION = "high-commission"
    CONSULATE = "consulate"
    PERMANENT_MISSION = "permanent-mission"


class Official(db.PublicRow):
    """A person or an office that can act (Popolo: person and post)."""

    __table_args__ = (
        Index("ix_official_country_name_key_id", "country", "name_key", "id"),
        Index("ix_official_name_key_id", "name_key", "id"),
    )

    slug: Mapped[db.Slug] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(String(200), default="")
    given_name: Mapped[str] = mapped_column(String(100), default="")
    family_name: Mapped[str] = mapped_column(String(100), default="")
    office: Mapped[db.Words]
    salutation: Mapped[db.Words]
    close: Mapped[db.Words]
    country: Mapped[db.Country]
    preferred_locale: Mapped[str] = mapped_column(String(12), default="en")
    address: Mapped[list[str]] = mapped_column(default=list)
    locality: Mapped[str] = mapped_column(String(100), default="")
    region: Mapped[str] = mapped_column(String(100), default="")
    postal_code: Mapped[str] = mapped_column(String(20), default="")
    left_on: Mapped[date | None]
    source_id: Mapped[str] = mapped_column(String(60), default="", index=True)
    name_key: Mapped[str] = mapped_column(String(200), default="")
    """Name (or office) without accents and capitals: order of lists, and namesakes."""
    search: Mapped[str] = mapped_column(Text, default="")
    """All that a search finds it by, folded; kept by `_note_words`."""
    created_at: Mapped[db.Created]

    contacts: Mapped[list["ContactDetail"]] = relationship(
        back_populates="official", cascade="all, delete-orphan", order_by="ContactDetail.id"
    )
    memberships: Mapped[list["Membership"]] = relationship(
        back_populates="official", cascade="all, delete-orphan", order_by="Membership.id"
    )


class Mission(db.SealedRow, db.PublicRow):
    __table_args__ = (
        Index("ix_mission_sending_country_host_country", "sending_country", "host_country", "slug"),
        Index("ix_mission_host_country_sending_country", "host_country", "sending_country", "slug"),
    )

    slug: Mapped[db.Slug] = mapped_column(unique=True)
    kind: Mapped[MissionKind]
    name: Mapped[db.Words]
    sending_country: Mapped[db.Country]
    host_country: Mapped[db.Country]
    accredited_to: Mapped[list[str]] = mapped_column(default=list)
    head_of_mission: Mapped[str] = mapped_column(String(200), default="")
    hours: Mapped[str] = mapped_column(String(300), default="")
    door_notes: Mapped[str | None] = mapped_column(db.Sealed("mission.door_notes"))
    """Who opens the door, and how it went; it may name people, so it is sealed."""
    address: Mapped[list[str]] = mapped_column(default=list)
    locality: Mapped[str] = mapped_column(String(100), default="")
    region: Mapped[str] = mapped_column(String(100), default="")
    postal_code: Mapped[str] = mapped_column(String(20), default="")
    timezone: Mapped[str | None] = mapped_column(String(64))
    """As somebody chose it; none where the city and the country tell it: see `zone`."""
    last_checked_on: Mapped[date | None]
    source_id: Mapped[str] = mapped_column(String(40), default="", index=True)
    search: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[db.Created]

    contacts: Mapped[list["ContactDetail"]] = relationship(
        back_populates="mission", cascade="all, delete-orphan", order_by="ContactDetail.id"
    )

    @property
    def zone(self) -> str:
        """The time zone in which its days begin: of visits, and of what is posted to it."""
        return self.timezone or zone_of(self.host_country, self.locality or "")


def official_name(official: Official | Row[*tuple[Any, ...]], locale: str) -> str:
    """Return the name, or else the office; the slug of one with neither in any language."""
    return official.name or i18n.words_in(official.office, locale) or official.slug


def mission_name(mission: Mission | Row[*tuple[Any, ...]], locale: str) -> str:
    """A mission and its city, unless the name says where it is: "Embassy of Mexico, Ottawa"."""
    name = i18n.words_in(mission.name, locale)
    # Where the name in one language holds the city, so does the one in another script.
    names = " ".join(mission.name.values()).casefold()
    if not mission.locality or mission.locality.casefold() in names:
        return name
    return f"{name}{i18n.comma(locale)}{mission.locality}"


class ContactDetail(db.NumberedRow):
    """One way to reach an official or a mission (Popolo), with the days for which it holds."""

    __table_args__ = (
        CheckConstraint("(official_id IS NULL) <> (mission_id IS NULL)", name="one_owner"),
        Index("ix_contact_detail_type_value", "type", "value"),
    )

    official_id: Mapped[int | None] = db.parent_key("official.id", index=True)
    mission_id: Mapped[int | None] = db.parent_key("mission.id", index=True)
    type: Mapped[str] = mapped_column(String(20))
    """Popolo's word: `email`, `voice`, `fax`, `url`, `twitter`."""
    value: Mapped[str] = mapped_column(String(300))
    note: Mapped[str] = mapped_column(String(300), default="")
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]

    official: Mapped[Official | None] = relationship(back_populates="contacts")
    mission: Mapped[Mission | None] = relationship(back_populates="contacts")


class Post(db.PublicRow):
    """An office that people hold one after another (Popolo): "Governor of Yucatán"."""

    __table_args__ = (UniqueConstraint("country", "key"),)

    country: Mapped[db.Country]
    key: Mapped[str] = mapped_column(String(250))
    """Its label without accents and capitals: the same office of two files is one post."""
    label: Mapped[db.Words]
    created_at: Mapped[db.Created]


class Membership(db.NumberedRow):
    official_id: Mapped[int] = db.parent_key("official.id", index=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"), index=True)
    started_on: Mapped[date | None]
    ended_on: Mapped[date | None]

    official: Mapped[Official] = relationship(back_populates="memberships")
    post: Mapped[Post] = relationship(lazy="joined")


class ToldApart(db.NumberedRow):
    """Two officials or missions that look like one, of whom somebody said that they are two."""

    __table_args__ = (UniqueConstraint("first", "second"),)

    first: Mapped[str] = mapped_column(String(22))
    """Public ids, the lower first."""
    second: Mapped[str] = mapped_column(String(22))
    said_at: Mapped[db.Created]


@event.listens_for(Official, "before_insert")
@event.listens_for(Official, "before_update")
def _note_words(_mapper: object, _connection: object, official: Official) -> None:
    official.name_key = name_key(official.name, official.office or {}, official.slug)
    official.search = search_text(
        official.slug,
        official.name,
        official.given_name,
        official.family_name,
        official.locality,
        words=official.office or {},
        countries=[official.country],
    )


@event.listens_for(Mission, "before_insert")
@event.listens_for(Mission, "before_update")
def _note_mission_words(_mapper: object, _connection: object, mission: Mission) -> None:
    mission.search = search_text(
        mission.slug,
        mission.locality,
        mission.head_of_mission,
        words=mission.name or {},
        countries=[mission.sending_country, mission.host_country],
    )


class Directory(enum.StrEnum):
    OFFICIALS = "officials"
    MISSIONS = "missions"


class ImportState(enum.StrEnum):
    UPLOADED = "uploaded"
    REHEARSING = "rehearsing"
    READY = "ready"
    APPLYING = "applying"
    APPLIED = "applied"
    FAILED = "failed"


class Verdict(enum.StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    LEFT = "left"
    REFUSED = "refused"


class DirectoryImport(db.SealedRow, Leased, db.PublicRow):
    """One file that a staff user uploaded. It is theirs alone, and goes after some days."""

    directory: Mapped[Directory]
    owner_id: Mapped[int] = db.parent_key("staff_user.id", index=True)
    file_name: Mapped[str] = mapped_column(db.Sealed("directory_import.file_name"))
    storage_key: Mapped[str] = mapped_column(String(60), default="")
    options: Mapped[db.Json] = mapped_column(default=dict)
    state: Mapped[ImportState] = mapped_column(default=ImportState.UPLOADED)
    counts: Mapped[db.Json] = mapped_column(default=dict)
    digest: Mapped[str] = mapped_column(String(64), default="")
    """Of all that the dry run showed: what is applied is exactly that, or nothing."""
    failure: Mapped[str | None] = mapped_column(db.Sealed("directory_import.failure"))
    created_at: Mapped[db.Created]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    undone_at: Mapped[datetime | None]
    """When it was undone, as far as that could be: the rows that are left are what stays."""


class ImportRow(db.SealedRow, db.NumberedRow):
    __tablename__ = "directory_import_row"
    __table_args__ = (
        Index("ix_directory_import_row_import_id_verdict", "import_id", "verdict", "id"),
    )

    import_id: Mapped[int] = db.parent_key("directory_import.id")
    verdict: Mapped[Verdict]
    row: Mapped[int]
    partly: Mapped[bool] = mapped_column(default=False)
    detail: Mapped[str] = mapped_column(db.Sealed("directory_import_row.detail"))
