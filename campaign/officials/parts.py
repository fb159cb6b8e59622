"""Parts of a row that missions and officials have alike: country, address, contacts. Pure."""

from campaign.officials.contacts import split_values
from campaign.officials.drafts import Contact
from campaign.officials.meanings import MappedRow
from campaign.officials.one_line import Place, parse_one_line
from campaign.officials.readings import N_, UnreadableRow
from campaign.officials.territories import country_code
from campaign.officials.text import split_lines

_CONTACTS = ("voice", "fax", "email", "url", "twitter")


def country(name: str, column: str) -> str:
    """The code of the country that a file names; raises UnreadableRow."""
    code = country_code(name, "fr", "es", "ar")
    if code is None:
        raise UnreadableRow(
            column,
            N_("“%(value)s” is not a country with an ISO code; write its English name or its two "
               "letters."), value=name,
        )  # fmt: skip
    return code


def contacts(kind: str, column: str, field: str) -> list[Contact]:
    """Contacts of one kind in a field; raises UnreadableRow where one cannot be right."""
    found = split_values(kind, field)
    if found is None:
        raise UnreadableRow(
            column, N_("“%(value)s” cannot be right; correct it or leave it empty."), value=field
        )
    return found


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


def contacts_of_row(row: MappedRow) -> tuple[Contact, ...]:
    """All ways to reach somebody that a row has, each once; raises UnreadableRow."""
    found = (
        one
        for kind in _CONTACTS
        for column, text in row.several(kind)
        for one in contacts(kind, column, text)
    )
    return tuple(dict.fromkeys(found))
