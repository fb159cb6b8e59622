"""The rows of an export, read by key in batches: a million take no more memory than a thousand.

A signature that does not open (damaged, or sealed with another key) costs its own row only.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, literal, select
from sqlalchemy.orm import Session

from campaign import db
from campaign.bundles.frozen import Frozen
from campaign.bundles.loading import number_of
from campaign.bundles.models import Volume
from campaign.bundles.rows import disclosed
from campaign.exports.models import DataExport, ExportKind
from campaign.exports.rules import bundle_of, states_in
from campaign.sealing import WrongKey
from campaign.signing.models import Letter, Signature

_BATCH = 1_000

Cell = str | bool
Record = tuple[Cell, ...]

_OF_BUNDLE = ("number", "target")
_FULL = (
    "signature", "state", "origin", "given_name", "family_name", "email", "locality", "region",
    "postal_code", "country", "disclosure", "language", "signed_at", "confirmed_at", "news",
    "network", "words",
)  # fmt: skip
_OFFICIALS = ("name", "locality", "region", "postal_code", "country", "signed_on", "language")

_FULL_COLUMNS = (
    Signature.public_id, Signature.state, Signature.origin, Signature.given_name,
    Signature.family_name, Signature.email, Signature.locality, Signature.region,
    Signature.postal_code, Signature.country, Signature.disclosure, Signature.letter_locale,
    Signature.signed_at, Signature.confirmed_at, Signature.consent_updates_at,
    Signature.consent_network_at, Signature.own_words, Signature.full_text,
)  # fmt: skip
_OFFICIAL_COLUMNS = (
    Signature.given_name, Signature.family_name, Signature.locality, Signature.region,
    Signature.postal_code, Signature.country, Signature.disclosure, Signature.letter_locale,
    Signature.signed_at,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """What an export is made from, as it stood when the making began."""

    kind: ExportKind
    campaign_id: int
    bundle_id: int | None
    timezone: str
    frozen: Frozen | None = None
    """Of the bundle, which names its targets."""

    @classmethod
    def of(cls, export: DataExport) -> "Source":
        """The source of an export. Raises Refused (`emptied`) where its bundle is gone."""
        bundle = bundle_of(export)
        frozen = Frozen.from_json(bundle.frozen) if bundle else None
        return cls(
            kind=export.kind,
            campaign_id=export.campaign_id,
            bundle_id=bundle.id if bundle else None,
            timezone=frozen.timezone if frozen else export.campaign.timezone,
            frozen=frozen,
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """Heads of the columns: names for programs, the same in every language."""
        own = _FULL if self.kind is ExportKind.FULL else _OFFICIALS
        return (*_OF_BUNDLE, *own) if self.bundle_id else own


def count(unit: Session, source: Source) -> int:
    """How many rows there are, about: people sign meanwhile."""
    if source.bundle_id:
        wanted = _letters(source, Signature.id)
    else:
        wanted = select(Signature.id).where(
            Signature.campaign_id == source.campaign_id,
            Signature.state.in_(states_in(source.kind)),
            Signature.forgotten_at.is_(None),
        )
    return unit.scalar(select(func.count()).select_from(wanted.subquery())) or 0


def iter_records(source: Source, unreadable: Callable[[], None]) -> Iterator[Record]:
    """Every row, in order; `unreadable` is told of each that does not open."""
    make = _full if source.kind is ExportKind.FULL else _official
    for row in (
        _of_bundle(source, unreadable) if source.bundle_id else _of_campaign(source, unreadable)
    ):
        yield make(row, source)


def _columns(source: Source) -> tuple[Any, ...]:
    return _FULL_COLUMNS if source.kind is ExportKind.FULL else _OFFICIAL_COLUMNS


def _of_campaign(source: Source, unreadable: Callable[[], None]) -> Iterator[Any]:
    """By the signature's id, between the campaign's first and last one."""
    with db.reading() as unit:
        mine = Signature.campaign_id == source.campaign_id
        first = unit.scalar(select(func.min(Signature.id)).where(mine))
        last = unit.scalar(select(func.max(Signature.id)).where(mine))
    if not first:
        return
    nothing = literal(0)
    wanted = select(
        Signature.id.label("key"),
        nothing.label("sequence"),
        nothing.label("target_id"),
        nothing.label("volume"),
        nothing.label("first_page"),
        nothing.label("pages"),
        *_columns(source),
    ).where(
        # By no index of campaign or state: it would sort a million rows for each batch.
        Signature.campaign_id + 0 == source.campaign_id,
        func.lower(Signature.state).in_(states_in(source.kind)),
        Signature.forgotten_at.is_(None),
        Signature.id <= last,
    )
    yield from _batches(wanted, Signature.id, first - 1, unreadable)


def _of_bundle(source: Source, unreadable: Callable[[], None]) -> Iterator[Any]:
    """By the letter's number."""
    columns = (
        Letter.sequence.label("key"),
        Letter.sequence,
        Letter.target_id,
        Volume.sequence.label("volume"),
        Letter.first_page,
        Letter.pages,
        *_columns(source),
    )
    yield from _batches(_letters(source, *columns), Letter.sequence, 0, unreadable)


def _letters(source: Source, *columns: Any) -> Select[Any]:
    """Printed letters of the bundle, as far as their signatures stand in the list."""
    return (
        select(*columns)
        .select_from(Letter)
        .join(Signature, Signature.id == Letter.signature_id)
        .join(Volume, Volume.id == Letter.volume_id)
        .where(
            Letter.bundle_id == source.bundle_id,
            Letter.first_page.is_not(None),
            Signature.state.in_(states_in(source.kind)),
            Signature.forgotten_at.is_(None),
        )
    )


def _batches(
    wanted: Select[Any], key: Any, last: int, unreadable: Callable[[], None]
) -> Iterator[Any]:
    while True:
        # A session for each batch: a long list must not hold one transaction for minutes.
        query = wanted.where(key > last).order_by(key).limit(_BATCH)
        with db.reading() as unit:
            try:
                batch: Sequence[Any] = unit.execute(query).all()
                keys = [row.key for row in batch]
            except WrongKey:
                keys = list(unit.scalars(query.with_only_columns(key)))
                batch = list(_one_by_one(unit, wanted, key, keys, unreadable))
        yield from batch
        if len(keys) < _BATCH:
            return
        last = keys[-1]


def _one_by_one(
    unit: Session, wanted: Select[Any], key: Any, keys: list[int], unreadable: Callable[[], None]
) -> Iterator[Any]:
    for one in keys:
        try:
            yield unit.execute(wanted.where(key == one)).one()
        except WrongKey:
            unreadable()


def _full(row: Any, source: Source) -> Record:
    return (
        *_letter_of(row, source),
        row.public_id,
        row.state.value,
        row.origin.value,
        row.given_name,
        row.family_name,
        row.email,
        row.locality,
        row.region,
        row.postal_code,
        row.country,
        row.disclosure.value,
        row.letter_locale,
        _moment(row.signed_at),
        _moment(row.confirmed_at),
        row.consent_updates_at is not None,
        row.consent_network_at is not None,
        row.full_text or row.own_words,
    )


def _official(row: Any, source: Source) -> Record:
    shown = disclosed(row, source.timezone)
    return (
        *_letter_of(row, source),
        shown.name,
        shown.locality,
        shown.region,
        shown.postal_code,
        shown.country,
        shown.signed_on.isoformat(),
        shown.letter_locale,
    )


def _letter_of(row: Any, source: Source) -> Record:
    """Number and target, where a bundle gives them."""
    if source.frozen is None:
        return ()
    return number_of(row.sequence), source.frozen.targets[row.target_id].names[source.frozen.locale]


def _moment(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""
