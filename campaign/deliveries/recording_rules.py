"""What can be recorded of a bundle at the gate, numbers of letters as people write them. Pure."""

import enum
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import NamedTuple

from campaign.campaigns.stop_rule import is_stopped
from campaign.core import clock, i18n
from campaign.core.errors import Invalid
from campaign.models.bundle import DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Campaign

GONE_OUT = frozenset(
    {
        DeliveryOutcome.ACCEPTED,
        DeliveryOutcome.PART,
        DeliveryOutcome.LEFT,
        DeliveryOutcome.POSTED,
        DeliveryOutcome.COURIER,
    }
)
"""How an attempt can end so that letters are out of our hands."""
SENT = frozenset({DeliveryOutcome.POSTED, DeliveryOutcome.COURIER})
"""Ends that somebody else carries on, under a number of theirs."""
_CLOCKS_DIFFER = timedelta(minutes=5)  # how far the clock of a phone may run ahead of ours


def find_stop(campaign: Campaign) -> datetime | None:
    return campaign.stopped_at if is_stopped(campaign.status) else None


def went_after_stop(attempt: DeliveryAttempt) -> bool:
    return is_after_stop(
        attempt.outcome,
        attempt.happened_on,
        attempt.happened_time,
        find_stop(attempt.campaign),
        # Day and time of a visit are those at the mission.
        zone=attempt.bundle.zone if attempt.bundle else attempt.campaign.timezone,
        recorded_at=attempt.created_at,
    )


def refuse_no_stop(outcome: DeliveryOutcome, stopped_at: datetime | None) -> None:
    """Refuse “Not delivered: stopped” of a campaign that runs. Raises Invalid."""
    if outcome is DeliveryOutcome.STOPPED and stopped_at is None:
        raise Invalid(fields={"outcome": "delivery-not-stopped"})


def is_after_stop(
    outcome: DeliveryOutcome,
    happened_on: date,
    happened_time: time | None,
    stopped_at: datetime | None,
    *,
    zone: str,
    recorded_at: datetime,
) -> bool:
    """Tell whether letters went out after a stop, by the clocks of `zone`.

    The time decides on the day of the stop. Where it is the minute of the stop, or nobody said it,
    what was recorded before the stop was before it; all else is taken to be after it.
    """
    if stopped_at is None or outcome not in GONE_OUT:
        return False
    day = clock.day_of(stopped_at, zone)
    is_known = happened_time is None and happened_on <= i18n.latest_day(recorded_at)
    if is_known and recorded_at < stopped_at:  # its day may be that of a zone further east
        return False
    if happened_on != day:
        return happened_on > day
    minute = clock.time_of(stopped_at, zone)
    if happened_time is None or happened_time == minute:
        return recorded_at >= stopped_at
    return happened_time > minute


class CountedAttempt(NamedTuple):
    ident: int
    day: date
    at: time | None
    went_out: bool
    exact: bool
    """Whether its letters were counted one by one: a part, or envelopes. That count stays."""
    messages: int


def recount(before: Sequence[CountedAttempt], after: Sequence[CountedAttempt]) -> dict[int, int]:
    """Count anew what each attempt was about, since one came, went or stands elsewhere.

    Both are in order. What was there at an attempt is what it was about and what went before it.
    Raises Invalid (`happened_on`) where more letters went out than were there.
    """
    there = {
        a.ident: a.messages + _gone_before(a, all_of) for all_of in (after, before) for a in all_of
    }
    most = max((there[attempt.ident] for attempt in after if not attempt.exact), default=None)
    counted: list[CountedAttempt] = list(after)
    for place, attempt in enumerate(counted):
        gone = _gone_before(attempt, counted)
        if not attempt.exact:
            counted[place] = attempt._replace(messages=max(there[attempt.ident] - gone, 0))
        elif most is not None:
            refuse_too_many(gone + attempt.messages, most, field="happened_on")
    return {attempt.ident: attempt.messages for attempt in counted}


def _gone_before(attempt: CountedAttempt, others: Sequence[CountedAttempt]) -> int:
    """Count letters gone before; without times the first recorded.

    A refusal was before all but what took some letters: see `attempt_order`.
    """
    return sum(
        other.messages for other in others if other.went_out and _came_before(other, attempt)
    )


def _came_before(attempt: CountedAttempt, other: CountedAttempt) -> bool:
    if attempt.day != other.day:
        return attempt.day < other.day
    if attempt.at is not None and other.at is not None and attempt.at != other.at:
        return attempt.at < other.at
    return (other.went_out or attempt.exact) and attempt.ident < other.ident


def refuse_too_many(gone: int, there: int, *, field: str) -> None:
    """Refuse that more letters went out than were there. Raises Invalid (`field`)."""
    if gone > there:
        raise Invalid(fields={field: "more-than-were-there"})


def refuse_impossible_day(
    day: date, *, frozen_on: date, today: date, field: str = "happened_on"
) -> None:
    """Refuse a day at the mission before the bundle was frozen, or after today. Raises Invalid."""
    if day > today:
        raise Invalid(fields={field: "day-to-come"})
    if day < frozen_on:
        raise Invalid(fields={field: "day-before-bundle"})


def refuse_impossible_time(day: date, at: time, zone: str, *, frozen_at: datetime) -> None:
    """Refuse a time, by the clocks of `zone`, before the freeze or to come. Raises Invalid."""
    moment = clock.moment_of(day, at, zone)
    if moment > clock.utcnow() + _CLOCKS_DIFFER:
        raise Invalid(fields={"happened_time": "time-to-come"})
    if moment < frozen_at.replace(second=0, microsecond=0):
        raise Invalid(fields={"happened_time": "time-before-bundle"})


def refuse_wrong_part(taken: int | None, here: int, *, field: str = "taken") -> int:
    """Refuse a part that is none of the letters, or all. Raises Invalid (`field`)."""
    if taken is None:
        raise Invalid(fields={field: "taken-missing"})
    if not 1 <= taken < here:
        raise Invalid(fields={field: "taken-not-a-part"})
    return taken


LONGEST = 2_000  # characters that are read
_BETWEEN = re.compile(r"[,;،؛、\n]+")
_PIECE = re.compile(r"(\d{1,7})(?:\s*[-‐-―−]\s*(\d{1,7}))?")


class Numbers(NamedTuple):
    """Letters from one number to another, both included."""

    first: int
    last: int

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


class NumbersProblem(enum.StrEnum):
    NONE = "none"
    UNREADABLE = "unreadable"
    BACKWARDS = "backwards"
    TWICE = "twice"
    OUTSIDE = "outside"
    TOO_LONG = "too-long"


class NumbersFault(Exception):
    """The numbers cannot be taken: for `piece`; `other` it collides with, or was meant instead."""

    def __init__(self, fault: NumbersProblem, piece: str = "", other: str = "") -> None:
        super().__init__(fault)
        self.fault, self.piece, self.other = fault, piece, other


def read_numbers(typed: str, *, lowest: int = 1, highest: int = 10**7 - 1) -> list[Numbers]:
    """Return the numbers, in order; what follows on one another is one span.

    Raises NumbersFault for the first piece that cannot be read, runs backwards, names a letter
    below `lowest` or above `highest`, or names one that another piece names already.
    """
    if len(typed) > LONGEST:
        raise NumbersFault(NumbersProblem.TOO_LONG)
    pieces = [piece for piece in (part.strip() for part in _BETWEEN.split(typed)) if piece]
    if not pieces:
        raise NumbersFault(NumbersProblem.NONE)
    spans = sorted(_read_piece(piece, lowest, highest) for piece in pieces)
    for before, span in pairwise(spans):
        if span.first <= before.last:
            raise NumbersFault(NumbersProblem.TWICE, str(before), str(span))
    return join_spans(spans)


def say_numbers(numbers: Iterable[Sequence[int]]) -> str:
    """Write numbers as `read_numbers` reads them."""
    return ", ".join(str(Numbers(*number)) for number in numbers)


def _read_piece(piece: str, lowest: int, highest: int) -> Numbers:
    match = _PIECE.fullmatch(piece)
    if match is None:
        raise NumbersFault(NumbersProblem.UNREADABLE, piece)
    first = int(match[1])
    last = int(match[2]) if match[2] else first
    if first > last:
        raise NumbersFault(NumbersProblem.BACKWARDS, piece, f"{last}-{first}")
    if first < lowest or last > highest:
        raise NumbersFault(NumbersProblem.OUTSIDE, piece)
    return Numbers(first, last)


def join_spans(spans: Iterable[tuple[int, int]]) -> list[Numbers]:
    """Put spans in order, and join those that meet or lie over one another. Pure."""
    joined: list[Numbers] = []
    for first, last in sorted(spans):
        if joined and first <= joined[-1].last + 1:
            joined[-1] = Numbers(joined[-1].first, max(last, joined[-1].last))
        else:
            joined.append(Numbers(first, last))
    return joined


def subtract_spans(spans: Iterable[Numbers], others: Sequence[Numbers]) -> Iterator[Numbers]:
    """Yield what is in no other span. Both are as `join_spans` returns them. Pure."""
    at = 0
    for first, last in spans:
        while at < len(others) and others[at].first <= last:
            covered = others[at]
            if first < covered.first:
                yield Numbers(first, covered.first - 1)
            first = max(first, covered.last + 1)  # noqa: PLW2901 - what is left of it
            if covered.last > last:  # it may cover some of the next, too
                break
            at += 1
        if first <= last:
            yield Numbers(first, last)


def list_inside(spans: Iterable[tuple[int, int]]) -> Iterator[int]:
    return (number for first, last in spans for number in range(first, last + 1))
