"""The directory as tables: to be changed in a spreadsheet and imported again."""

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, selectinload

from campaign.core import i18n
from campaign.directory.entry_fields import Entry, model_of
from campaign.directory.imports.guess_columns import LANGUAGES
from campaign.models.directory import Directory, Mission, Official


def _words_of(name: str) -> dict[str, Callable[[Entry], str]]:
    def make_column(code: str) -> Callable[[Entry], str]:
        return lambda entry: getattr(entry, name).get(code, "")

    return {f"{name} {code}": make_column(code) for code in LANGUAGES}


def _contacts_of(kind: str) -> Callable[[Entry], str]:
    return lambda entry: " | ".join(
        contact.value for contact in entry.contacts if contact.type == kind
    )


def _country(code: str) -> str:
    return i18n.country_name(code, "en")


_REACH: dict[str, Callable[[Entry], str]] = {
    "street": lambda entry: "\n".join(entry.address),
    "city": attrgetter("locality"),
    "region": attrgetter("region"),
    "postal code": attrgetter("postal_code"),
    "email": _contacts_of("email"),
    "phone": _contacts_of("voice"),
    "fax": _contacts_of("fax"),
    "website": _contacts_of("url"),
    "x handle": _contacts_of("twitter"),
}
_MISSIONS: dict[str, Callable[[Mission], str]] = {
    "id here": attrgetter("public_id"),
    "source id": attrgetter("source_id"),
    "sending country": lambda mission: _country(mission.sending_country),
    "host country": lambda mission: _country(mission.host_country),
    "kind": attrgetter("kind.value"),
    "further countries": lambda mission: "|".join(map(_country, mission.accredited_to)),
    **_words_of("name"),
    "head of mission": attrgetter("head_of_mission"),
    "hours": attrgetter("hours"),
    "last checked": lambda mission: (
        mission.last_checked_on.isoformat() if mission.last_checked_on else ""
    ),
    **_REACH,
}
_OFFICIALS: dict[str, Callable[[Official], str]] = {
    "id here": attrgetter("public_id"),
    "source id": attrgetter("source_id"),
    "name": attrgetter("name"),
    "given name": attrgetter("given_name"),
    "family name": attrgetter("family_name"),
    **_words_of("office"),
    **_words_of("salutation"),
    **_words_of("close"),
    "country": lambda official: _country(official.country),
    "language": attrgetter("preferred_locale"),
    **_REACH,
}


COLUMNS: dict[Directory, dict[str, Callable[[Any], str]]] = {
    Directory.MISSIONS: _MISSIONS,
    Directory.OFFICIALS: _OFFICIALS,
}


def export_directory(session: Session, directory: Directory) -> Iterator[list[str]]:
    columns, model = COLUMNS[directory], model_of(directory)
    yield list(columns)
    query: Select[Any] = select(model).options(selectinload(model.contacts)).order_by(model.slug)
    for entry in session.scalars(query):
        yield [say_cell(entry) for say_cell in columns.values()]
