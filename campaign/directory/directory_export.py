"""The directory as tables: to be changed in a spreadsheet and imported again."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from campaign.core import i18n
from campaign.directory.imports.columns import LANGUAGES
from campaign.models.directory import Mission, Official
from campaign.models.directory_import import Directory

_WAYS = (
    ("email", "email"),
    ("phone", "voice"),
    ("fax", "fax"),
    ("website", "url"),
    ("x handle", "twitter"),
)
_PLACE = ("street", "city", "region", "postal code")


def export_directory(session: Session, directory: Directory) -> Iterator[list[str]]:
    """Heads, which an import knows for what they are, and a row for each entry."""
    if directory is Directory.MISSIONS:
        yield _mission_heads()
        missions = select(Mission).options(selectinload(Mission.contacts)).order_by(Mission.slug)
        yield from map(_mission_row, session.scalars(missions))
    else:
        yield _official_heads()
        officials = select(Official).options(selectinload(Official.contacts))
        yield from map(_official_row, session.scalars(officials.order_by(Official.slug)))


def _mission_heads() -> list[str]:
    return [
        "id here",
        "source id",
        "sending country",
        "host country",
        "kind",
        "further countries",
        *_heads("name"),
        "head of mission",
        "hours",
        "last checked",
        *_PLACE,
        *dict(_WAYS),
    ]


def _mission_row(mission: Mission) -> list[str]:
    return [
        mission.public_id,
        mission.source_id,
        _country(mission.sending_country),
        _country(mission.host_country),
        mission.kind.value,
        "|".join(_country(code) for code in mission.accredited_to),
        *_words(mission.name),
        mission.head_of_mission,
        mission.hours,
        mission.last_checked_on.isoformat() if mission.last_checked_on else "",
        *_reach(mission),
    ]


def _official_heads() -> list[str]:
    return [
        "id here",
        "source id",
        "name",
        "given name",
        "family name",
        *_heads("office"),
        *_heads("salutation"),
        *_heads("close"),
        "country",
        "language",
        *_PLACE,
        *dict(_WAYS),
    ]


def _official_row(official: Official) -> list[str]:
    return [
        official.public_id,
        official.source_id,
        official.name,
        official.given_name,
        official.family_name,
        *_words(official.office),
        *_words(official.salutation),
        *_words(official.close),
        _country(official.country),
        official.preferred_locale,
        *_reach(official),
    ]


def _heads(name: str) -> list[str]:
    return [f"{name} {code}" for code in LANGUAGES]


def _words(words: dict[str, str]) -> list[str]:
    return [words.get(code, "") for code in LANGUAGES]


def _country(code: str) -> str:
    return i18n.country_name(code, "en")


def _reach(entry: Mission | Official) -> list[str]:
    return [
        "\n".join(entry.address),
        entry.locality,
        entry.region,
        entry.postal_code,
        *(
            " | ".join(one.value for one in entry.contacts if one.type == kind)
            for _head, kind in _WAYS
        ),
    ]
