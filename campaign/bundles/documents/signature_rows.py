"""The printed letters of a bundle as rows of its lists: what each supporter lets officials see.

Rows are read by key in batches, so that 35,000 take no more memory than 500.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy
from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.bundles.freeze.signed_sheets import paper_number
from campaign.core import clock, db, i18n
from campaign.core.text.person_names import full_name
from campaign.models.bundle import CarriedSignature, Volume
from campaign.models.signature import Disclosure, Letter, Signature, SignatureState
from campaign.signing.letter.compose import number_of

_BATCH = 500
SqlRow = sqlalchemy.Row[*tuple[Any, ...]]
"""Of a signature, or of a letter with its signature: the columns below, by name."""

_PERSON = (
    Signature.given_name,
    Signature.family_name,
    Signature.locality,
    Signature.region,
    Signature.postal_code,
    Signature.country,
    Signature.disclosure,
    Signature.signed_at,
)
_COLUMNS = (
    Letter.sequence,
    Letter.target_id,
    Letter.first_page,
    Letter.pages,
    Volume.sequence.label("volume"),
    Signature.letter_locale,
    *_PERSON,
)


@dataclass(frozen=True, slots=True)
class Row:
    """A printed letter, or a person on a signed sheet; what is not disclosed is empty."""

    number: str
    name: str
    locality: str
    region: str
    postal_code: str
    country: str
    """Code, ISO 3166-1 alpha-2."""
    signed_on: date
    target_id: int | None
    """None of who signed on paper."""
    letter_locale: str
    volume: int
    """0 of who signed on paper: no letter is printed for them."""
    first_page: int
    pages: int

    @property
    def on_paper(self) -> bool:
        """Whether it is a person on a signed sheet."""
        return self.target_id is None


def iter_rows(bundle_id: int, frozen: Frozen) -> Iterator[Row]:
    """Yield every printed letter, in order."""
    for row in _printed(bundle_id, *_COLUMNS):
        yield row_for_officials(row, frozen.timezone)


def iter_carried(bundle_id: int, frozen: Frozen) -> Iterator[Row]:
    """Yield every person on the sheets that travel with the bundle, in order."""
    query = (
        select(CarriedSignature.position, *_PERSON)
        .join(Signature, Signature.id == CarriedSignature.signature_id)
        .where(
            CarriedSignature.bundle_id == bundle_id,
            Signature.state == SignatureState.CONFIRMED,
            Signature.forgotten_at.is_(None),
        )
    )
    for row in _read_by_key(query, CarriedSignature.position):
        yield _carried(row, frozen.timezone)


def _carried(row: SqlRow, timezone: str) -> Row:
    return Row(
        number=paper_number(row.position),
        **_shown(row),
        signed_on=clock.day_of(row.signed_at, timezone),
        target_id=None,
        letter_locale="",
        volume=0,
        first_page=0,
        pages=0,
    )


def row_for_officials(row: SqlRow, timezone: str) -> Row:
    """Return what officials may see of a letter's signature."""
    return Row(
        number=number_of(row.sequence),
        **_shown(row),
        signed_on=clock.day_of(row.signed_at, timezone),
        target_id=row.target_id,
        letter_locale=row.letter_locale,
        volume=row.volume,
        first_page=row.first_page,
        pages=row.pages,
    )


def _shown(row: SqlRow) -> dict[str, str]:
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


@dataclass(frozen=True, slots=True)
class PaperEntry:
    """A person on a signed sheet, as the manifest has them."""

    number: str
    signature: str


def iter_paper_entries(bundle_id: int) -> Iterator[PaperEntry]:
    """Yield every person on the sheets that travel with the bundle, in order."""
    with db.reading() as session:
        rows = session.execute(
            select(CarriedSignature.position, Signature.public_id)
            .join(Signature, Signature.id == CarriedSignature.signature_id)
            .where(
                CarriedSignature.bundle_id == bundle_id, Signature.state == SignatureState.CONFIRMED
            )
            .order_by(CarriedSignature.position)
        ).all()
    for position, public_id in rows:
        yield PaperEntry(paper_number(position), public_id)


@dataclass(frozen=True, slots=True)
class Entry:
    """A printed letter without its supporter, as the manifest has it."""

    number: str
    signature: str
    target: str
    volume: int
    first_page: int
    pages: int


def iter_entries(bundle_id: int, frozen: Frozen) -> Iterator[Entry]:
    """Yield every printed letter, in order."""
    columns = (
        Letter.sequence,
        Letter.target_id,
        Letter.first_page,
        Letter.pages,
        Volume.sequence.label("volume"),
        Signature.public_id,
    )
    for row in _printed(bundle_id, *columns):
        yield Entry(
            number=number_of(row.sequence),
            signature=row.public_id,
            target=frozen.targets[row.target_id].official,
            volume=row.volume,
            first_page=row.first_page,
            pages=row.pages,
        )


def _printed(bundle_id: int, *columns: Any) -> Iterator[SqlRow]:
    query = (
        select(*columns)
        .select_from(Letter)
        .join(Signature, Signature.id == Letter.signature_id)
        .join(Volume, Volume.id == Letter.volume_id)
        .where(Letter.bundle_id == bundle_id, Letter.first_page.is_not(None))
    )
    return _read_by_key(query, Letter.sequence)


def _read_by_key(
    query: sqlalchemy.Select[*tuple[Any, ...]], key: InstrumentedAttribute[Any]
) -> Iterator[SqlRow]:
    last = 0
    while True:
        # A session for each batch: a list of 35,000 must not hold one transaction for minutes.
        with db.reading() as session:
            batch = session.execute(query.where(key > last).order_by(key).limit(_BATCH)).all()
        yield from batch
        if len(batch) < _BATCH:
            return
        last = getattr(batch[-1], key.key)


def country_of(row: Row, locale: str) -> str:
    """The row's country by name; empty where it is not disclosed."""
    return i18n.country_name(row.country, locale) if row.country else ""
