"""Parts of a row that missions and officials have alike: country, address, contacts, days. Pure."""

import calendar
import re
from datetime import date

from campaign.core.text.slugs import split_lines
from campaign.core.unreadable_file import N_
from campaign.directory.contacts import split_values
from campaign.directory.countries import country_code_anywhere
from campaign.directory.entries import Contact
from campaign.directory.imports.address_line import Place, parse_one_line
from campaign.directory.imports.columns import MappedRow
from campaign.directory.imports.read_rows import LeftOut, quoted
from campaign.directory.imports.row_problems import UnreadableRow

_CONTACTS = ("voice", "fax", "email", "url", "twitter")


def read_country(name: str, column: str, *, sender: bool = False) -> str:
    """Return the code of the country that a file names; raises UnreadableRow.

    With `sender`, also of what has embassies and is no country.
    """
    code = country_code_anywhere(name, sender=sender)
    if code is None:
        raise UnreadableRow(
            column,
            N_(
                "We do not know the country “%(value)s”. Write its usual name or its two-letter "
                "code."
            ),
            value=name,
        )
    return code


def read_country_of_row(row: MappedRow, meaning: str) -> str:
    """Return the code of the country that a row names, chosen on the mapping page or known."""
    name = row.get_needed(meaning)
    chosen = row.countries.get(name, "")
    return chosen or read_country(
        name, row.name_column(meaning), sender=meaning == "sending_country"
    )


def read_contacts(kind: str, column: str, field: str) -> tuple[list[Contact], list[LeftOut]]:
    """Read the contacts in a field, and what of it cannot be read.

    That never refuses a row: no telephone number decides whether a letter arrives.
    """
    contacts, unread = split_values(kind, field)
    return contacts, [quoted(column, text) for text in unread]


def read_day_of_row(row: MappedRow, meaning: str) -> tuple[date | None, list[LeftOut]]:
    """Read a day that decides nothing, or what the row has in its place."""
    try:
        return read_day(row.name_column(meaning), row.get(meaning)), []
    except UnreadableRow:
        return None, [quoted(row.name_column(meaning), row.get(meaning))]


def read_place_of_row(row: MappedRow, country_of_it: str) -> Place:
    city = row.get("locality")
    whole = ", ".join(text for _column, text in row.list_texts("address"))
    place = parse_one_line(whole, country_of_it, city)
    lines = [line for _column, text in row.list_texts("street") for line in split_lines(text)]
    return Place(
        street=[*lines, *(line for line in place.street if line not in lines)],
        locality=place.locality or city,
        region=row.get("region") or place.region,
        postal_code=row.get("postal_code") or place.postal_code,
    )


def read_contacts_of_row(row: MappedRow) -> tuple[tuple[Contact, ...], list[LeftOut]]:
    """Read all ways to reach somebody that a row has, each once; and what could not be read."""
    all_contacts: dict[Contact, None] = {}
    all_unread: list[LeftOut] = []
    for kind in _CONTACTS:
        for column, text in row.list_texts(kind):
            contacts, unread = read_contacts(kind, column, text)
            all_contacts |= dict.fromkeys(contacts)
            all_unread += unread
    return tuple(all_contacts), all_unread


_DAY = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?(?:[T ].*)?")
_WITH_DOTS = re.compile(r"(\d{1,2})\. ?(\d{1,2})\. ?(\d{4})")


def read_day(column: str, text: str, *, last: bool = False) -> date | None:
    """Return the day that `text` names; of a year or month the first, or with `last` the last.

    Nothing for an empty text. Raises UnreadableRow where the calendar has no such day.
    """
    text = text.strip()
    if not text:
        return None
    # Dots are only ever set between day, month and year; strokes are set in either order.
    match = _DAY.fullmatch(_WITH_DOTS.sub(r"\3-\2-\1", text))
    year, month, day = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    try:
        month = month or (12 if last else 1)
        return date(year, month, day or (calendar.monthrange(year, month)[1] if last else 1))
    except ValueError as problem:
        raise UnreadableRow(
            column,
            N_("“%(value)s” is not a date. Write year, month and day: 2026-11-24."),
            value=text,
        ) from problem
