"""In which order things happened to a bundle: by day, by time of day, then as they were recorded.

Where nobody knows the time, what went out is the last of its day, and what came back the first: so
a refusal stands before the posting of the same day. A part, and a posting of envelopes, may have no
time: for the letters in it, what was recorded after it on its day came after it. Each attempt is
compared with that part alone, so no two rules meet in a circle. All that happens to one bundle
is told by the clocks of one place; what happened at several is ordered by `place_attempts`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select
from sqlalchemy.orm import aliased
from sqlalchemy.orm.util import AliasedClass
from sqlalchemy.types import Time

from campaign.bundles.bundle_status import went_in_part
from campaign.core import clock
from campaign.deliveries.recording_rules import GONE_OUT
from campaign.models.bundle import DeliveryAttempt, DeliveryOutcome

_ITSELF = aliased(DeliveryAttempt)

_Columns = tuple[ColumnElement[date], ColumnElement[time], ColumnElement[int]]
_FIRST, _LAST = time(0), time(23, 59, 59)


def oldest_first() -> _Columns:
    return (
        DeliveryAttempt.happened_on.expression,
        _happened_at(DeliveryAttempt),
        DeliveryAttempt.id.expression,
    )


def newest_first() -> _Columns:
    day, at, ident = oldest_first()
    return day.desc(), at.desc(), ident.desc()


def is_before(attempt: DeliveryAttempt) -> ColumnElement[bool]:
    """Tell whether another attempt came before this one, for a query on attempts.

    Of a part, and of envelopes, it says so for the letters that went with them.
    """
    its_time, at = (
        select(column).where(_ITSELF.id == attempt.id).scalar_subquery()
        for column in (_ITSELF.happened_time, _happened_at(_ITSELF))
    )
    day, moment, ident = oldest_first()
    both_timed = and_(DeliveryAttempt.happened_time.is_not(None), its_time.is_not(None))
    is_earlier = case(
        (and_(went_in_part(), ~both_timed), ident < attempt.id),
        else_=or_(moment < at, and_(moment == at, ident < attempt.id)),
    )
    return or_(day < attempt.happened_on, and_(day == attempt.happened_on, is_earlier))


def came_before(attempt: DeliveryAttempt, own: DeliveryAttempt) -> bool:
    """Tell whether an attempt came before the one that a letter went with. Pure."""
    if attempt.happened_on != own.happened_on:
        return attempt.happened_on < own.happened_on
    at, own_at = attempt.happened_time, own.happened_time
    if at is None or own_at is None or at == own_at:
        return attempt.id < own.id
    return at < own_at


def _happened_at(
    attempt: type[DeliveryAttempt] | AliasedClass[DeliveryAttempt],
) -> ColumnElement[time]:
    went_out = attempt.outcome.in_(GONE_OUT)
    unknown = case((went_out, literal(_LAST, Time())), else_=literal(_FIRST, Time()))
    return func.coalesce(attempt.happened_time, unknown)


class PlacedAttempt(NamedTuple):
    attempt: DeliveryAttempt
    at: datetime


def place_attempts(
    attempts: Sequence[DeliveryAttempt],
    *,
    begun: Mapping[int, datetime],
    ended: Mapping[int, datetime],
) -> list[PlacedAttempt]:
    """Order attempts by what happened, whatever zones their missions lie in. Pure.

    By bundle: `begun` is when it was frozen, before which nothing happened to it; `ended` when its
    letters went on elsewhere. Without a time, a day's attempt was the last thing of that day, but
    for what cannot have come before it: an end, a stop, letters that went out where it left them.
    What went out in the minute of a stop came after it: see `recording_rules.is_after_stop`.
    """
    went_out = [
        PlacedAttempt(attempt, _moment_it_went(attempt))
        for attempt in attempts
        if attempt.outcome in GONE_OUT
    ]
    placed = list(went_out)
    for attempt in attempts:
        if attempt.outcome not in GONE_OUT:
            day, at = attempt.happened_on, attempt.happened_time
            followers = _followers(attempt, went_out, ended)
            placed.append(PlacedAttempt(attempt, estimate_moment(day, at, attempt.zone, followers)))
    placed.sort(key=lambda entry: (entry.at, _has_moment(entry.attempt), entry.attempt.id))
    after_freeze = [
        entry._replace(at=max(entry.at, begun.get(entry.attempt.bundle_id or 0, entry.at)))
        for entry in placed
    ]
    return sorted(after_freeze, key=lambda entry: entry.at)


def _has_moment(attempt: DeliveryAttempt) -> bool:
    """Whether it does not merely stand right before what it cannot have come after."""
    return attempt.outcome in GONE_OUT or attempt.happened_time is not None


def estimate_moment(
    day: date, at: time | None, zone: str, followed_by: Iterable[datetime] = ()
) -> datetime:
    """Return the moment of a day and time by the clocks of `zone`. Pure.

    Without a time it is the end of that day, or the first of what followed it on that day.
    """
    if at is not None:
        return clock.moment_of(day, at, zone)
    begin, end = clock.moment_of(day, time.min, zone), clock.moment_of(day, time.max, zone)
    return min((follower for follower in followed_by if begin <= follower <= end), default=end)


def _moment_it_went(attempt: DeliveryAttempt) -> datetime:
    """Return when letters went out; what went in the minute of a stop went after it."""
    stop = _stop_of(attempt)
    moment = estimate_moment(attempt.happened_on, attempt.happened_time, attempt.zone, stop)
    return max([moment, *(at for at in stop if moment <= at < moment + timedelta(minutes=1))])


def _followers(
    attempt: DeliveryAttempt, went_out: Sequence[PlacedAttempt], ended: Mapping[int, datetime]
) -> list[datetime]:
    """List what cannot have come before letters came back."""
    bundle_id = attempt.bundle_id or 0
    later = [entry.at for entry in went_out if entry.attempt.bundle_id == attempt.bundle_id]
    return [*later, *_stop_of(attempt), *([ended[bundle_id]] if bundle_id in ended else ())]


def _stop_of(attempt: DeliveryAttempt) -> list[datetime]:
    """Return the stop that an attempt of its day stands next to, where nobody knows its time."""
    stopped_at = attempt.campaign.stopped_at
    if stopped_at is None or attempt.outcome is DeliveryOutcome.STOPPED:
        return []
    return [stopped_at]
