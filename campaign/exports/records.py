"""The rows of an export, read by key in batches: a million take no more memory than a thousand.

A signature that does not open (damaged, or sealed with another key) costs its own row only.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, func, literal, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from campaign.bundles.bundle_status import STILL_HERE
from campaign.bundles.destinations import ATTEMPT_WITH_DESTINATION, WITH_DESTINATION, slug_of
from campaign.bundles.documents.signatures_csv import row_for_officials
from campaign.bundles.freeze import signed_sheets
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.campaigns.content.address_and_salutation import name_and_office
from campaign.core import clock, db
from campaign.core.db.batches import AnyQuery, AnyRow, Column, read_by_key
from campaign.deliveries.attempt_order import oldest_first
from campaign.deliveries.gone_lists import list_attempts_with_sheets
from campaign.deliveries.letter_outcomes import (
    PostedEnvelope,
    list_fates,
    list_posted_envelopes,
    was_before_move,
)
from campaign.exports.export_rules import bundle_of, states_in
from campaign.exports.people_in_file import NotePerson, note_nobody, person_of
from campaign.models.bundle import Bundle, CarriedSignature, DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Target
from campaign.models.delivery import LetterMove
from campaign.models.export import DataExport, ExportKind
from campaign.models.signature import ASKED, WORDS, ExactTimes, Letter, Origin, Signature
from campaign.signing.letter.compose import number_of

_BATCH = 1_000

Cell = str | bool
Record = tuple[Cell, ...]

_OF_BUNDLE = ("number", "target", "outcome", "went_on")
_FULL: Mapping[str, Column] = {
    "signature": Signature.public_id,
    "state": Signature.state,
    "origin": Signature.origin,
    **{name: getattr(Signature, name) for name in ASKED if name not in WORDS},
    "language": Signature.letter_locale,
    "signed_at": Signature.signed_at,
    "confirmed_at": Signature.confirmed_at,
    "news": Signature.consent_updates_at,
    "network": Signature.consent_network_at,
    "words": Signature.own_words,
}
_OFFICIALS = ("name", "locality", "region", "postal_code", "country", "signed_on", "language")

_ROW = (Signature.id.label("signature_id"), Signature.seal_id)
_FULL_COLUMNS = (*_ROW, *_FULL.values(), Signature.full_text, Signature.exact_times)
_OFFICIAL_COLUMNS = (
    *_ROW,
    *(
        getattr(Signature, name)
        for name in (
            *("given_name", "family_name", "locality", "region", "postal_code", "country"),
            *("disclosure", "letter_locale", "signed_at", "confirmed_at", "exact_times"),
        )
    ),
)
_PLACE = tuple(literal(0).label(name) for name in ("volume", "first_page", "pages"))
"""Where a letter was printed, which no export says."""


@dataclass(frozen=True, slots=True)
class Source:
    kind: ExportKind
    campaign_id: int
    bundle_id: int | None
    timezone: str
    frozen: Frozen | None = None  # of the bundle, which names its targets

    @classmethod
    def of(cls, export: DataExport) -> "Source":
        """Return the source of an export. Raises Refused (`emptied`) where its bundle is gone."""
        bundle, campaign = bundle_of(export), export.campaign
        if campaign is None:
            raise ValueError("a list of consents is no list of a campaign")
        frozen = Frozen.from_json(bundle.frozen) if bundle else None
        return cls(
            kind=export.kind,
            campaign_id=campaign.id,
            bundle_id=bundle.id if bundle else None,
            timezone=frozen.timezone if frozen else campaign.timezone,
            frozen=frozen,
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """Heads of the columns: names for programs, the same in every language."""
        own = tuple(_FULL) if self.kind is ExportKind.FULL else _OFFICIALS
        return (*_OF_BUNDLE, *own) if self.bundle_id else own


@dataclass(frozen=True, slots=True)
class BundleHistory:
    bundle_id: int
    targets: Mapping[int, str]
    attempts: Sequence[DeliveryAttempt]
    envelopes: Mapping[int, Sequence[PostedEnvelope]]
    other_bundles: Mapping[int, str]  # names of those in which letters and sheets went on
    took_sheets: DeliveryAttempt | None
    sheets_wait: bool  # they stayed here until another bundle takes them
    off_lists: Collection[str]  # numbers of people who did not go out in its lists

    @classmethod
    def of(cls, bundle_id: int, campaign_id: int, frozen: Frozen) -> "BundleHistory":
        with db.reading() as session:
            attempts = session.scalars(
                select(DeliveryAttempt)
                .where(DeliveryAttempt.bundle_id == bundle_id)
                .options(
                    selectinload(DeliveryAttempt.taken),
                    joinedload(DeliveryAttempt.campaign),
                    *ATTEMPT_WITH_DESTINATION,
                )
                .order_by(*oldest_first())
            ).all()
            went_on = (
                select(Letter.bundle_id)
                .join(LetterMove, LetterMove.letter_id == Letter.id)
                .where(LetterMove.bundle_id == bundle_id)
            )
            onward = signed_sheets.select_onward(bundle_id)
            others = session.scalars(
                select(Bundle)
                .where(or_(Bundle.id.in_(went_on), Bundle.id.in_(onward)))
                .options(*WITH_DESTINATION)
            )
            bundle = session.get_one(Bundle, bundle_id)
            return cls(
                bundle_id,
                _name_targets(session, campaign_id, frozen),
                attempts,
                list_posted_envelopes(session, [attempt.id for attempt in attempts]),
                {other.id: f"{other.number} ({slug_of(other.destination)})" for other in others},
                next(iter(list_attempts_with_sheets(session, [bundle_id])), None),
                signed_sheets.wait_again(session, bundle),
                {person.number for person in bundle.taken_out.people if not person.is_gone},
            )

    def cells(self, row: AnyRow) -> tuple[str, str, str, str]:
        """Return number, target, what happened here, and the bundle it went on in."""
        went_on, attempts = "", self.attempts
        if row.bundle_id != self.bundle_id:
            went_on = self.other_bundles.get(row.bundle_id or 0, "waiting")
            attempts = [each for each in attempts if was_before_move(each, row.moved_at)]
        fates = list_fates(row.sequence, attempts, self.envelopes)
        outcomes = " ".join(fate.outcome.value for fate in fates)
        return number_of(row.sequence), self.targets[row.target_id], outcomes, went_on

    def cells_on_paper(self, row: AnyRow) -> tuple[str, str, str, str]:
        """Return the same of a person on a sheet, which is addressed to no target of its own.

        A sheet that went with a part counts as accepted, unless it came back.
        """
        number = signed_sheets.paper_number(row.position)
        is_here = row.bundle_id == self.bundle_id
        outcomes = []
        for attempt in self.attempts:
            is_out = is_here and attempt is self.took_sheets
            is_off = number in self.off_lists or number in attempt.by_hand
            if attempt.sheets_back:
                outcomes.append(DeliveryOutcome.REFUSED)
            elif attempt.outcome in STILL_HERE or (is_out and not is_off):
                is_part = attempt.outcome is DeliveryOutcome.PART
                outcomes.append(DeliveryOutcome.ACCEPTED if is_part else attempt.outcome)
            if is_out:
                break
        waits = "waiting" if self.sheets_wait else ""
        went_on = waits if is_here else self.other_bundles.get(row.bundle_id, "")
        return number, "", " ".join(outcomes), went_on


def _name_targets(session: Session, campaign_id: int, frozen: Frozen) -> dict[int, str]:
    """As they were frozen; one with which an official was merged since then, as it is now."""
    now = session.scalars(select(Target).where(Target.campaign_id == campaign_id))
    names = {target.id: name_and_office(target.official, frozen.locale) for target in now}
    return names | {
        target_id: target.names[frozen.locale] for target_id, target in frozen.targets.items()
    }


def count(session: Session, source: Source) -> int:
    """Count the rows, about: people sign meanwhile."""
    if source.bundle_id:
        on_paper = _on_paper(source, source.bundle_id, CarriedSignature.position)
        lists = [_letters(source, Letter.id), _moved(source, Letter.id), on_paper]
    else:
        of_campaign = select(Signature.id).where(
            Signature.campaign_id == source.campaign_id,
            Signature.state.in_(states_in(source.kind)),
            Signature.forgotten_at.is_(None),
        )
        lists = [of_campaign]
    return sum(db.count_rows(session, rows) for rows in lists)


def iter_records(
    source: Source, unreadable: Callable[[], None], note: NotePerson = note_nobody
) -> Iterator[Record]:
    """Every row, in order; `note` is told of each, `unreadable` of each that does not open."""
    make = _full if source.kind is ExportKind.FULL else _official
    if source.frozen is None or source.bundle_id is None:
        for row in _of_campaign(source, unreadable):
            note(person_of(row, source.kind))
            yield make(row, source)
        return
    history = BundleHistory.of(source.bundle_id, source.campaign_id, source.frozen)
    for row in _of_bundle(source, unreadable):
        note(person_of(row, source.kind))
        yield (*history.cells(row), *make(row, source))
    for row in _of_sheets(source, source.bundle_id, unreadable):
        note(person_of(row, source.kind))
        yield (*history.cells_on_paper(row), *make(row, source))


def _columns(source: Source) -> tuple[Any, ...]:
    return _FULL_COLUMNS if source.kind is ExportKind.FULL else _OFFICIAL_COLUMNS


def _of_campaign(source: Source, unreadable: Callable[[], None]) -> Iterator[AnyRow]:
    """By the signature's id, between the campaign's first and last one."""
    with db.reading() as session:
        mine = Signature.campaign_id == source.campaign_id
        first = session.scalar(select(func.min(Signature.id)).where(mine))
        last = session.scalar(select(func.max(Signature.id)).where(mine))
    if not first:
        return
    nothing = literal(0)
    query: AnyQuery = select(
        Signature.id,
        nothing.label("sequence"),
        nothing.label("target_id"),
        nothing.label("bundle_id"),
        *_PLACE,
        *_columns(source),
    ).where(
        # By no index of campaign or state: it would sort a million rows for each batch.
        Signature.campaign_id + 0 == source.campaign_id,
        func.lower(Signature.state).in_(states_in(source.kind)),
        Signature.forgotten_at.is_(None),
        Signature.id <= last,
    )
    yield from read_by_key(query, Signature.id, after=first - 1, size=_BATCH, unreadable=unreadable)


def _of_bundle(source: Source, unreadable: Callable[[], None]) -> Iterator[AnyRow]:
    """All that was printed in it, by the number that a letter had there: also what went on."""
    here = _letters(source, *_numbered(source, Letter.sequence))
    moved = _moved(source, LetterMove.moved_at, *_numbered(source, LetterMove.sequence))
    yield from merge(
        read_by_key(here, Letter.sequence, size=_BATCH, unreadable=unreadable),
        read_by_key(moved, LetterMove.sequence, size=_BATCH, unreadable=unreadable),
        key=attrgetter("sequence"),
    )


def _numbered(source: Source, number: Column) -> tuple[Any, ...]:
    return number, Letter.target_id, Letter.bundle_id, *_PLACE, *_columns(source)


def _letters(source: Source, *columns: Any) -> AnyQuery:
    """Printed letters that are in the bundle, as far as the list has their signatures."""
    return (
        select(*columns)
        .select_from(Letter)
        .join(Signature, Signature.id == Letter.signature_id)
        .where(
            Letter.bundle_id == source.bundle_id, Letter.first_page.is_not(None), *_listed(source)
        )
    )


def _moved(source: Source, *columns: Any) -> AnyQuery:
    """Letters that were printed in the bundle, and went on in another."""
    return (
        select(*columns)
        .select_from(LetterMove)
        .join(Letter, Letter.id == LetterMove.letter_id)
        .join(Signature, Signature.id == Letter.signature_id)
        .where(LetterMove.bundle_id == source.bundle_id, *_listed(source))
    )


def _of_sheets(source: Source, bundle_id: int, unreadable: Callable[[], None]) -> Iterator[AnyRow]:
    """The people on its sheets, by the number that they have in its lists: also what went on."""
    nothing = literal(0)
    people = _on_paper(
        source,
        bundle_id,
        CarriedSignature.position,
        CarriedSignature.bundle_id,
        nothing.label("sequence"),
        nothing.label("target_id"),
        *_PLACE,
        *_columns(source),
    )
    # All of them are in one bundle: they move on together.
    yield from read_by_key(people, CarriedSignature.position, size=_BATCH, unreadable=unreadable)


def _on_paper(source: Source, bundle_id: int, *columns: Any) -> AnyQuery:
    """People on the sheets that travel with the bundle, or went on in another."""
    return (
        select(*columns)
        .select_from(CarriedSignature)
        .join(Signature, Signature.id == CarriedSignature.signature_id)
        .where(
            CarriedSignature.bundle_id.in_(signed_sheets.select_onward(bundle_id)), *_listed(source)
        )
    )


def _listed(source: Source) -> tuple[ColumnElement[bool], ...]:
    return Signature.state.in_(states_in(source.kind)), Signature.forgotten_at.is_(None)


def _full(row: AnyRow, source: Source) -> Record:
    times = ExactTimes.of(row.signed_at, row.confirmed_at, row.exact_times)
    # On a sheet stands the day alone.
    day = None if row.origin is Origin.ONLINE else clock.day_of(times.signed_at, source.timezone)
    cells: dict[str, Cell] = {
        "signed_at": _text(day or times.signed_at),
        "confirmed_at": _text(None if day else times.confirmed_at),  # who signs on paper, does not
        "news": row.consent_updates_at is not None,
        "network": row.consent_network_at is not None,
        "words": row.full_text or row.own_words,
    }
    return tuple(
        cells[name] if name in cells else _text(getattr(row, column.key))
        for name, column in _FULL.items()
    )


def _text(value: object) -> str:
    return f"{value:%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else str(value or "")


def _official(row: AnyRow, source: Source) -> Record:
    shown = row_for_officials(row, source.timezone)
    place = (shown.locality, shown.region, shown.postal_code, shown.country)
    return shown.name, *place, shown.signed_on.isoformat(), shown.letter_locale
