"""In which bundles a letter was, or a sheet, and what each attempt to deliver them was for it."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import NamedTuple

from sqlalchemy import String, cast, or_, select
from sqlalchemy.orm import Session, selectinload

from campaign.bundles.bundle_status import STILL_HERE
from campaign.bundles.changes import prints
from campaign.bundles.destinations import ATTEMPT_WITH_DESTINATION, WITH_DESTINATION
from campaign.bundles.freeze import signed_sheets
from campaign.core import clock
from campaign.deliveries.attempt_order import PlacedAttempt, place_attempts
from campaign.deliveries.carried_paper import last_with
from campaign.deliveries.gone_lists import find_attempt_with_sheet
from campaign.deliveries.letter_outcomes import (
    TAKES_OUT,
    PostedEnvelope,
    find_envelopes_with,
    list_fates,
    was_before_move,
)
from campaign.deliveries.paper_notes import find_carried
from campaign.deliveries.recording_rules import GONE_OUT
from campaign.models.bundle import Bundle, CarriedSignature, DeliveryAttempt, DeliveryOutcome
from campaign.models.delivery import LetterMove, Rerouting
from campaign.models.paper_signature import PaperRow
from campaign.models.signature import TAKEN_OUT, Letter, Origin, Signature
from campaign.models.taken_out import LetterOut
from campaign.signing.letter.compose import number_of


class Stay(NamedTuple):
    letter: Letter
    bundle_id: int
    number: int
    until: datetime | None = None  # when it went on; none: it is in this bundle now
    page: int | None = None  # in the newest files, of one that was taken out
    is_released: bool = False  # taken out, and waits again, or is in another bundle

    @property
    def now(self) -> bool:
        """Whether the letter is in this bundle now."""
        return self.until is None

    @property
    def is_taken_out(self) -> bool:
        """Whether the letter was taken out of the print of this bundle."""
        return self.is_released or (self.now and self.letter.set_aside is not None)


@dataclass(frozen=True, slots=True)
class Trip:
    attempt: DeliveryAttempt
    fate: DeliveryOutcome
    """Of a part: accepted, refused, or `part` as long as nobody has said which letters it was."""
    letters: tuple[Letter, ...]  # None of a sheet
    at: datetime  # When it happened, as far as it is known: see `deliveries/attempt_order.py`
    envelope: PostedEnvelope | None = None
    doubtful: bool = False
    """Whether the letters may have been taken out before it: they were withdrawn on that day."""

    @property
    def is_gone(self) -> bool:
        """Whether letters went with it, or the sheet: that goes with a part as well."""
        return self.fate in (TAKES_OUT if self.letters else GONE_OUT)


def stays_of(session: Session, letters: Sequence[Letter]) -> list[Stay]:
    by_id = {letter.id: letter for letter in letters}
    moved = session.scalars(
        select(LetterMove).where(LetterMove.letter_id.in_(by_id)).order_by(LetterMove.bundle_id)
    )
    before = [
        Stay(by_id[move.letter_id], move.bundle_id, move.sequence, move.moved_at) for move in moved
    ]
    present = [
        Stay(letter, letter.bundle_id, letter.sequence or 0, page=letter.first_page)
        for letter in letters
        if letter.bundle_id is not None
    ]
    return before + present


def list_released(session: Session, letters: Sequence[Letter]) -> list[Stay]:
    """List the bundles out of which letters were taken for good; they may have been carried."""
    by_id = {letter.id: letter for letter in letters}
    campaign_ids = {letter.signature.campaign_id for letter in letters}
    rows = session.execute(
        select(Bundle.id, Bundle.released)
        .where(Bundle.campaign_id.in_(campaign_ids), cast(Bundle.released, String) != "[]")
        .order_by(Bundle.id)
    )
    return [
        Stay(
            by_id[each.letter],
            row.id,
            int(each.number),
            datetime.fromisoformat(each.at),
            each.page,
            is_released=True,
        )
        for row in rows
        for each in row.released
        if each.at and each.letter in by_id
    ]


def trips_of(session: Session, letters: Sequence[Letter]) -> list[Trip]:
    stays = [stay for stay in stays_of(session, letters) if not _is_never_carried(stay)]
    stays += list_released(session, letters)
    if not stays:
        return []
    rows = session.execute(
        select(Bundle.id, Bundle.created_at).where(
            Bundle.id.in_({stay.bundle_id for stay in stays})
        )
    )
    begun = {row.id: row.created_at for row in rows}
    attempts = session.scalars(
        select(DeliveryAttempt)
        .where(DeliveryAttempt.bundle_id.in_({stay.bundle_id for stay in stays}))
        .options(selectinload(DeliveryAttempt.taken), *ATTEMPT_WITH_DESTINATION)
    ).all()
    if not attempts:
        return []
    numbers = {stay.number for stay in stays}
    envelopes = find_envelopes_with(session, [attempt.id for attempt in attempts], numbers)
    ended: dict[int, datetime] = {}
    for stay in stays:
        if stay.until is not None:
            ended[stay.bundle_id] = min(stay.until, ended.get(stay.bundle_id, stay.until))
    placed = place_attempts(attempts, begun=begun, ended=ended)
    carried = find_carried(session, letters)
    left_here = _find_left_here(session, stays, attempts)
    trips = group_trips(placed, stays, envelopes, left_here)
    return list(drop_later(trips, letters[0].signature, carried))


def _find_left_here(
    session: Session, stays: Iterable[Stay], attempts: Collection[DeliveryAttempt]
) -> set[tuple[int, int]]:
    """Find which letters were not with what came back: ids of a letter and an attempt.

    Their sheets were removed by hand, or review took them out before the print that was carried.
    Where an earlier print may have been carried, nobody knows.
    """
    left_here = set()
    for stay in stays:
        number = number_of(stay.number)
        entries = _list_entries(session, stay)
        since = _find_taken_out(session, stay, entries)
        in_print = {attempt_id for entry in entries for attempt_id in entry.came_back}
        for attempt in attempts:
            if attempt.bundle_id == stay.bundle_id and (
                number in attempt.by_hand
                or (
                    since is not None
                    and attempt.id not in in_print
                    and not _was_surely_before(attempt, since)
                )
            ):
                left_here.add((stay.letter.id, attempt.id))
    return left_here


def _list_entries(session: Session, stay: Stay) -> list[LetterOut]:
    """List what is written down of a letter that its bundle was made again without."""
    if not stay.is_taken_out or stay.page is not None:
        return []
    number, taken_out = number_of(stay.number), session.get_one(Bundle, stay.bundle_id).taken_out
    return [entry for entry in taken_out.letters if entry.number == number]


def _find_taken_out(session: Session, stay: Stay, entries: Iterable[LetterOut]) -> datetime | None:
    """Find since when a print lacks a letter that review took out, or it is no more in the bundle.

    None: none does.
    """
    is_withdrawn = stay.now and stay.letter.signature.withdrawn_at is not None  # `drop_later`
    if not stay.is_taken_out or is_withdrawn:
        return None
    if stay.page is not None:
        return stay.until
    bundle = session.get_one(Bundle, stay.bundle_id)
    all_prints = prints.list_prints(session, bundle)
    held_last = max((last_with(all_prints, entry) for entry in entries), default=0)
    without = (printed.made_at for printed in all_prints if printed.number > held_last)
    return next(without, bundle.created_at)


def list_trips(session: Session, signature: Signature) -> list[Trip]:
    """List the trips of what somebody signed: of the letters, or of the sheet."""
    if signature.origin is Origin.PAPER:
        return _list_trips_of_sheet(session, signature)
    return trips_of(session, signature.letters)


def _list_trips_of_sheet(session: Session, signature: Signature) -> list[Trip]:
    """List what came back with the sheet, and with what it went out: the first that left.

    Not where the row was made unreadable by hand, nor what was after its withdrawal. Of a part
    nobody may have been asked whether it took the sheet: it stays `part`. Nor are earlier refusals
    of a bundle in which the sheets stayed here until another took them (`take_sheets`): nothing
    keeps that.
    """
    carried = session.execute(
        select(CarriedSignature.bundle_id, CarriedSignature.position).where(
            CarriedSignature.signature_id == signature.id
        )
    ).one_or_none()
    went = find_attempt_with_sheet(session, PaperRow.signature_id == signature.id)
    bundle_id = went.bundle_id if went else carried.bundle_id if carried else None
    if bundle_id is None:
        return []
    ids = list_bundles_of_sheets(session, bundle_id)
    attempts = session.scalars(
        select(DeliveryAttempt)
        .where(
            DeliveryAttempt.bundle_id.in_(ids),
            or_(
                DeliveryAttempt.outcome.in_(STILL_HERE),
                DeliveryAttempt.sheets_back,
                DeliveryAttempt.id == (went.id if went else 0),
            ),
        )
        .options(*ATTEMPT_WITH_DESTINATION)
    ).all()
    rows = session.execute(select(Bundle.id, Bundle.created_at).where(Bundle.id.in_(ids)))
    placed = place_attempts(attempts, begun={row.id: row.created_at for row in rows}, ended={})
    number = signed_sheets.paper_number(carried.position) if carried else None
    is_unreadable = went is not None and number in went.by_hand
    trips = []
    for attempt, at in placed:
        was_there = signature.withdrawn_at is None or was_before_withdrawal(attempt, signature)
        if was_there and not (attempt is went and is_unreadable):
            fate = DeliveryOutcome.REFUSED if attempt.sheets_back else attempt.outcome
            trips.append(Trip(attempt, fate, (), at))
        if attempt is went:
            break
    return trips


def find_last_try(trips: Sequence[Trip], letters: Sequence[Letter]) -> str:
    """Find what came of the newest attempt, of one letter or a sheet; empty where none was made."""
    return "" if len(letters) > 1 or not trips else trips[-1].fate.value


def find_bundle_of_sheet(session: Session, signature: Signature) -> Bundle | None:
    """Find the bundle with which the sheet goes out next; None where it waits for one."""
    query = select(Bundle).join(CarriedSignature, CarriedSignature.bundle_id == Bundle.id)
    query = query.where(CarriedSignature.signature_id == signature.id).options(*WITH_DESTINATION)
    bundle = session.scalar(query)
    return bundle if bundle is not None and signed_sheets.go_on(session, bundle) else None


def list_bundles_of_sheets(session: Session, bundle_id: int) -> list[int]:
    """List the bundle, and those through which its sheets came: they move on with it."""
    ids, before = [bundle_id], [bundle_id]
    while before:
        moved = select(Rerouting.from_bundle_id).where(Rerouting.to_bundle_id.in_(before))
        before = [each for each in session.scalars(moved) if each not in ids]
        ids += before
    return ids


def was_before_withdrawal(attempt: DeliveryAttempt, signature: Signature) -> bool:
    withdrawn_at = signature.withdrawn_at
    return withdrawn_at is not None and _was_surely_before(attempt, withdrawn_at)


def _was_surely_before(attempt: DeliveryAttempt, moment: datetime) -> bool:
    at = clock.moment_of(attempt.happened_on, attempt.happened_time or time.max, attempt.zone)
    return min(at, attempt.created_at) < moment


def _is_never_carried(stay: Stay) -> bool:
    """Whether its sheet was in no paper: one that was taken out was in those before that."""
    return stay.now and stay.letter.set_aside not in {None, *TAKEN_OUT}


def drop_later(trips: Iterable[Trip], signature: Signature, carried: set[int]) -> Iterator[Trip]:
    """Yield what happened until it was withdrawn: after that, staff were told to take it out.

    Its day alone is known. `carried` letters went all the same, and those named of a part. What
    came back since that day began says nothing of this letter: nobody knows whether its sheet was
    there, and nothing hangs on it. Pure.
    """
    if signature.withdrawn_at is None:
        yield from trips
        return
    zone = signature.campaign.timezone
    begun = signature.withdrawn_at
    ended = clock.moment_of(clock.day_of(begun, zone), time.max, zone)
    for trip in trips:
        at = trip.attempt.happened_time or time.min
        in_time = clock.moment_of(trip.attempt.happened_on, at, trip.attempt.zone) <= ended
        named = trip.is_gone and trip.attempt.outcome is DeliveryOutcome.PART
        for went in (True, False):
            letters = tuple(each for each in trip.letters if (named or each.id in carried) is went)
            was_there = trip.at < begun if trip.fate in STILL_HERE else in_time
            if letters and (went or was_there):
                yield replace(trip, letters=letters, doubtful=not went and trip.at >= begun)


def group_trips(
    placed: Sequence[PlacedAttempt],
    stays: Sequence[Stay],
    ranges: dict[int, list[PostedEnvelope]],
    left_here: Collection[tuple[int, int]] = (),
) -> Iterator[Trip]:
    """Yield what each attempt was for the letters, in their order; not those `left_here`. Pure."""
    grouped: dict[tuple[int, DeliveryOutcome, PostedEnvelope | None], list[Letter]] = {}
    for stay in stays:
        tried = [
            place.attempt
            for place in placed
            if place.attempt.bundle_id == stay.bundle_id
            and (stay.until is None or was_before_move(place.attempt, stay.until))
        ]
        for attempt, fate, envelope in list_fates(stay.number, tried, ranges):
            # What was taken out went nowhere; before that, it may have come back with the others.
            came_back = fate in STILL_HERE and (stay.letter.id, attempt.id) not in left_here
            if came_back or (fate not in STILL_HERE and not stay.is_taken_out):
                grouped.setdefault((attempt.id, fate, envelope), []).append(stay.letter)
    for attempt, at in placed:
        for (attempt_id, fate, envelope), letters in grouped.items():
            if attempt_id == attempt.id:
                yield Trip(attempt, fate, tuple(letters), at, envelope)
