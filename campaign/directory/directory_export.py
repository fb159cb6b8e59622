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
        yield [
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
        missions = select(Mission).options(selectinload(Mission.contacts)).order_by(Mission.slug)
        for one in session.scalars(missions):
            yield [
                one.public_id,
                one.source_id,
                _country(one.sending_country),
                _country(one.host_country),
                one.kind.value,
                "|".join(_country(code) for code in one.accredited_to),
                *_words(one.name),
                one.head_of_mission,
                one.hours,
                one.last_checked_on.isoformat() if one.last_checked_on else "",
                *_reach(one),
            ]
        return
    yield [
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
    officials = select(Official).options(selectinload(Official.contacts)).order_by(Official.slug)
    for who in session.scalars(officials):
        yield [
            who.public_id,
            who.source_id,
            who.name,
            who.given_name,
            who.family_name,
            *_words(who.office),
            *_words(who.salutation),
            *_words(who.close),
            _country(who.country),
            who.preferred_locale,
            *_reach(who),
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
