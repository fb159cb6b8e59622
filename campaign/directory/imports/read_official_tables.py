"""Officials from tables: CSV, lists of objects, vCards. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from campaign.core.unreadable_file import N_
from campaign.directory.entries import OfficialDraft
from campaign.directory.imports.columns import MappedRow, rows_of
from campaign.directory.imports.read_rows import Held, OfficialRecord, refuse_unfit
from campaign.directory.imports.row_parts import (
    read_contacts_of_row,
    read_country_of_row,
    read_day,
    read_day_of_row,
    read_place_of_row,
)
from campaign.directory.imports.row_problems import RowProblem, UnreadableRow
from campaign.directory.imports.tables import Table

CLOSE = "Yours sincerely,"


def read_table(
    table: Table,
    mapping: Sequence[str],
    fixed: dict[str, str],
    *,
    today: date | None = None,
    languages: Sequence[str] = (),
    countries: Mapping[str, str] | None = None,
) -> Iterator[OfficialRecord | RowProblem]:
    """Officials of a table's rows; `fixed` has what holds for all of them.

    `languages` are those in which officials can be written to; a language beyond them is ignored.
    """
    yield from table.problems
    for row in rows_of(table, mapping, fixed, countries):
        try:
            yield _from_row(row, today, languages)
        except UnreadableRow as problem:
            yield RowProblem.of(row.number, problem, row.columns, row.cells)


def _from_row(row: MappedRow, today: date | None, languages: Sequence[str]) -> OfficialRecord:
    plain, name = _read_names(row)
    office = _read_office(row)
    if not name and not office:
        raise UnreadableRow(
            row.name_column("full_name"),
            N_("This row has no name and no office. Write one of them."),
        )
    home = read_country_of_row(row, "country")
    place = read_place_of_row(row, home)
    started, left_out = read_day_of_row(row, "started_on")
    # The last day is no such thing: it tells who is written to.
    ended = read_day(row.name_column("ended_on"), row.get("ended_on"), last=True)
    if started and ended and ended < started:
        raise UnreadableRow(
            row.name_column("ended_on"),
            N_("“%(value)s” is before the first day. Correct one of them."),
            value=ended.isoformat(),
        )
    ways, unread = read_contacts_of_row(row)
    spoken = row.get("language").casefold()[:2]
    draft = OfficialDraft(
        name=name,
        given_name=row.get("given_name"),
        family_name=row.get("family_name"),
        office=office,
        salutation=({"en": f"Dear {plain}:"} if plain else {}) | row.words("salutation"),
        close={"en": CLOSE} | row.words("close"),
        country=home,
        preferred_locale=spoken if spoken in languages else "en",
        address=place.street,
        locality=place.locality,
        region=place.region,
        postal_code=place.postal_code,
        contacts=ways,
    )
    refuse_unfit(draft, {"name": row.name_column("full_name"), "office": row.name_column("office")})
    held = (Held(office, started, ended),) if office and (started or ended) else ()
    return OfficialRecord(
        row.number,
        plain or office.get("en") or next(iter(office.values())),
        draft,
        source_id=_read_source(row, home),
        held=held,
        left_on=ended if ended and (today is None or ended <= today) else None,
        left_out=(*left_out, *unread),
        own_id=row.get("own_id"),
        place_columns=row.place_columns(),
    )


def _read_names(row: MappedRow) -> tuple[str, str]:
    parts = (row.get("given_name"), row.get("family_name"))
    plain = row.get("full_name") or " ".join(part for part in parts if part)
    prefix = row.get("prefix")
    return plain, plain if not plain or plain.startswith(prefix) else f"{prefix} {plain}"


def _read_office(row: MappedRow) -> dict[str, str]:
    """Office and organization side by side, per language: "Minister, Ministry of Justice"."""
    offices, houses = row.words("office"), row.words("organization")
    texts = {}
    for code in dict.fromkeys((*offices, *houses)):
        parts = (offices.get(code) or offices.get("en"), houses.get(code) or houses.get("en"))
        texts[code] = ", ".join(dict.fromkeys(part for part in parts if part))
    return texts


def _read_source(row: MappedRow, home: str) -> str:
    return scoped(row.get("source_id").rpartition("/")[2], home)


def scoped(identifier: str, home: str) -> str:
    """An id that no other file's can be: a Wikidata QID as it is, others with the country."""
    if not identifier or (identifier[:1] == "Q" and identifier[1:].isdigit()):
        return identifier
    return f"{home}/{identifier}"[:60]
