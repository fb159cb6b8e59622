"""The list of signatures: rows with what each supporter lets officials see, as CSV and as XLSX.

A row for each printed letter, then one for each person on the signed sheets that travel along. Rows
are read by key in batches, so that 35,000 take no more memory than 500.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import chain
from pathlib import Path
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.bundles.freeze.signed_sheets import paper_number, select_carried
from campaign.core import clock, db, i18n
from campaign.core.db import Json
from campaign.core.db.batches import AnyRow, read_by_key
from campaign.core.text.person_names import full_name
from campaign.models.bundle import CarriedSignature, Volume
from campaign.models.signature import Disclosure, ExactTimes, Letter, Signature
from campaign.signing.letter.compose import number_of
from campaign.web.spreadsheets import csv_lines, inert_workbook

COLUMNS = (
    "number", "name", "locality", "region", "postal_code", "country", "signed_on", "target",
    "language", "volume", "first_page", "kind",
)  # fmt: skip
"""Heads of the CSV: names for programs, the same in every language."""
_NUMBERS = frozenset({"volume", "first_page"})
_WIDTHS = (9, 28, 20, 16, 12, 18, 12, 34, 10, 9, 11, 9)

_PERSON = (
    Signature.given_name,
    Signature.family_name,
    Signature.locality,
    Signature.region,
    Signature.postal_code,
    Signature.country,
    Signature.disclosure,
    Signature.signed_at,
    Signature.confirmed_at,
    Signature.exact_times,
)
_PLACE = (
    Letter.sequence,
    Letter.target_id,
    Letter.first_page,
    Letter.pages,
    Volume.sequence.label("volume"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """A printed letter, or a person on a signed sheet; what is not disclosed is empty."""

    number: str
    name: str
    locality: str
    region: str
    postal_code: str
    country: str  # code, ISO 3166-1 alpha-2
    signed_on: date
    target_id: int | None = None  # None of who signed on paper: no letter is printed for them
    letter_locale: str = ""
    volume: int = 0
    first_page: int = 0
    pages: int = 0

    @property
    def on_paper(self) -> bool:
        return self.target_id is None

    def country_name(self, locale: str) -> str:
        return i18n.country_name(self.country, locale) if self.country else ""


def iter_rows(bundle_id: int, frozen: Frozen) -> Iterator[Row]:
    for row in _printed(bundle_id, *_PLACE, Signature.letter_locale, *_PERSON):
        yield row_for_officials(row, frozen.timezone)


def iter_carried(bundle_id: int, frozen: Frozen) -> Iterator[Row]:
    """Yield every person on the sheets that travel with the bundle, in order."""
    query = select_carried(bundle_id, *_PERSON).where(Signature.forgotten_at.is_(None))
    for row in read_by_key(query, CarriedSignature.position):
        signed_on = _signed_on(row, frozen.timezone)
        yield Row(paper_number(row.position), **_shown(row), signed_on=signed_on)


def row_for_officials(row: AnyRow, timezone: str) -> Row:
    """Return what officials may see of a letter's signature."""
    return Row(
        number=number_of(row.sequence),
        **_shown(row),
        signed_on=_signed_on(row, timezone),
        target_id=row.target_id,
        letter_locale=row.letter_locale,
        volume=row.volume,
        first_page=row.first_page,
        pages=row.pages,
    )


def _signed_on(row: AnyRow, timezone: str) -> date:
    times = ExactTimes.of(row.signed_at, row.confirmed_at, row.exact_times)
    return clock.day_of(times.signed_at, timezone)


def _shown(row: AnyRow) -> Json:
    """What a signature lets be seen: the name; the town; or all but the street."""
    town = row.disclosure is not Disclosure.NAME
    full = row.disclosure is Disclosure.FULL
    return {
        "name": full_name(row.given_name, row.family_name),
        "locality": row.locality if town else "",
        "region": row.region if full else "",
        "postal_code": row.postal_code if full else "",
        "country": row.country if town else "",
    }


def iter_paper_entries(bundle_id: int) -> Iterator[dict[str, object]]:
    query = select_carried(bundle_id, Signature.public_id)
    with db.reading() as session:
        rows = session.execute(query.order_by(CarriedSignature.position)).all()
    for position, public_id in rows:
        yield {"number": paper_number(position), "signature": public_id}


def iter_entries(bundle_id: int, frozen: Frozen) -> Iterator[dict[str, object]]:
    """Yield every printed letter without its supporter, as the manifest has it, in order."""
    for row in _printed(bundle_id, *_PLACE, Signature.public_id):
        yield {
            "number": number_of(row.sequence),
            "signature": row.public_id,
            "target": frozen.targets[row.target_id].official,
            "volume": row.volume,
            "first_page": row.first_page,
            "pages": row.pages,
        }


def _printed(bundle_id: int, *columns: Any) -> Iterator[AnyRow]:
    query = (
        select(*columns)
        .select_from(Letter)
        .join(Signature, Signature.id == Letter.signature_id)
        .join(Volume, Volume.id == Letter.volume_id)
        .where(Letter.bundle_id == bundle_id, Letter.first_page.is_not(None))
    )
    return read_by_key(query, Letter.sequence)


def cells_of(row: Row, frozen: Frozen) -> tuple[str, ...]:
    return (
        row.number,
        row.name,
        row.locality,
        row.region,
        row.postal_code,
        row.country_name(frozen.locale),
        row.signed_on.isoformat(),
        "" if row.target_id is None else frozen.targets[row.target_id].names[frozen.locale],
        row.letter_locale,
        "" if row.on_paper else str(row.volume),
        "" if row.on_paper else str(row.first_page),
        "paper" if row.on_paper else frozen.format,
    )


def write_csv(rows: Iterable[Row], frozen: Frozen, out: Path) -> None:
    with out.open("w", encoding="utf-8", newline="") as file:
        file.writelines(csv_lines(chain([COLUMNS], (cells_of(row, frozen) for row in rows))))


def write_xlsx(rows: Iterable[Row], frozen: Frozen, created: datetime, out: Path) -> None:
    book = inert_workbook(out)
    book.set_properties({"title": frozen.case.reference, "created": created.replace(tzinfo=None)})
    sheet = book.add_worksheet("signatures")
    bold = book.add_format({"bold": True})
    day = book.add_format({"num_format": "yyyy-mm-dd", "align": "left"})
    sheet.freeze_panes(1, 0)
    if mark := frozen.mark:
        sheet.set_header(f"&C{mark}")
    for column, (width, head) in enumerate(zip(_WIDTHS, _heads(), strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, head, bold)
    for line, row in enumerate(rows, start=1):
        for column, (name, cell) in enumerate(zip(COLUMNS, cells_of(row, frozen), strict=True)):
            if name == "signed_on":
                sheet.write_datetime(line, column, datetime.combine(row.signed_on, time()), day)
            elif name in _NUMBERS and cell:
                sheet.write_number(line, column, int(cell))
            else:
                sheet.write_string(line, column, cell)
    book.close()


def _heads() -> tuple[str, ...]:
    return (
        _("Number"),
        _("Name"),
        _("Town"),
        _("Province, state or region"),
        _("Postal code"),
        _("Country"),
        _("Signed on"),
        _("Letter to"),
        _("Language"),
        _("Volume"),
        _("Page"),
        _("Kind"),
    )
