"""Parts of a row that missions and officials have alike: country, address, contacts. Pure.

Days as files write them.
"""

import calendar
import re
from datetime import date

from campaign.core.text.slugs import split_lines
from campaign.directory.contacts import split_values
from campaign.directory.countries import country_code_anywhere
from campaign.directory.entries import Contact
from campaign.directory.imports.address_line import Place, parse_one_line
from campaign.directory.imports.columns import MappedRow
from campaign.directory.imports.read_rows import N_, LeftOut, UnreadableRow, quoted

_CONTACTS = ("voice", "fax", "email", "url", "twitter")


def country(name: str, column: str, *, sender: bool = False) -> str:
    """The code of the country that a file names; raises UnreadableRow.

    With `sender`, also of what has embassies and is no country.
    """
    code = country_code_anywhere(name, sender=sender)
    if code is None:
        raise UnreadableRow(
            column,
            N_("“%(value)s” is not a country we know; write its usual name or its two letters."),
            value=name,
        )
    return code


def country_of_row(row: MappedRow, meaning: str) -> str:
    """The code of the country that a row names, as the mapping page chose or as it is known."""
    said = row.needed(meaning)
    chosen = row.countries.get(said, "")
    return chosen or country(said, row.column(meaning), sender=meaning == "sending_country")


def contacts(kind: str, column: str, field: str) -> tuple[list[Contact], list[LeftOut]]:
    """Contacts in a field, and what of it cannot be read: that never keeps a row from being kept.

    No telephone number decides whether a letter arrives.
    """
    found, left = split_values(kind, field)
    return found, [quoted(column, text) for text in left]


def day_of_row(row: MappedRow, meaning: str) -> tuple[date | None, list[LeftOut]]:
    """A day that decides nothing, or what the row has in its place."""
    try:
        return read_day(row.column(meaning), row.one(meaning)), []
    except UnreadableRow:
        return None, [quoted(row.column(meaning), row.one(meaning))]


def place_of(row: MappedRow, country_of_it: str) -> Place:
    """The address that a row has, in one column or several."""
    city = row.one("locality")
    whole = ", ".join(text for _column, text in row.several("address"))
    place = parse_one_line(whole, country_of_it, city)
    lines = [line for _column, text in row.several("street") for line in split_lines(text)]
    return Place(
        street=[*lines, *(line for line in place.street if line not in lines)],
        locality=place.locality or city,
        region=row.one("region") or place.region,
        postal_code=row.one("postal_code") or place.postal_code,
    )


def contacts_of_row(row: MappedRow) -> tuple[tuple[Contact, ...], list[LeftOut]]:
    """All ways to reach somebody that a row has, each once; and what could not be read."""
    found: dict[Contact, None] = {}
    left: list[LeftOut] = []
    for kind in _CONTACTS:
        for column, text in row.several(kind):
            some, unread = contacts(kind, column, text)
            found |= dict.fromkeys(some)
            left += unread
    return tuple(found), left


_DAY = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?(?:[T ].*)?")
_WITH_DOTS = re.compile(r"(\d{1,2})\. ?(\d{1,2})\. ?(\d{4})")


def read_day(column: str, text: str, *, last: bool = False) -> date | None:
    """The day that `text` names; of a year or month alone the first, or with `last` the last.

    Nothing for an empty text. Raises UnreadableRow where the calendar has no such day.
    """
    text = text.strip()
    if not text:
        return None
    # Dots are only ever set between day, month and year; strokes are set in either order.
    found = _DAY.fullmatch(_WITH_DOTS.sub(r"\3-\2-\1", text))
    year, month, day = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    try:
        month = month or (12 if last else 1)
        return date(year, month, day or (calendar.monthrange(year, month)[1] if last else 1))
    except ValueError as problem:
        raise UnreadableRow(
            column,
            N_("“%(value)s” is no day of the calendar; write year, month and day: 2026-11-24."),
            value=text,
        ) from problem
