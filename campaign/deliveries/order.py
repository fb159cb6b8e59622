"""In which order things happened to a bundle: by day, by time of day, then as they were recorded.

Where nobody knows the time, what went out is the last of its day, and what came back the first: so
a refusal stands before the posting of the same day.
"""

from datetime import time
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select
from sqlalchemy.orm import aliased
from sqlalchemy.orm.util import AliasedClass
from sqlalchemy.types import Time

from campaign.bundles.models import DeliveryAttempt
from campaign.deliveries.models import GateVisit
from campaign.deliveries.rules import GONE_OUT

_FIRST, _LAST = time(0), time(23, 59, 59)


def in_order() -> tuple[ColumnElement[Any], ...]:
    """Return the order of attempts, the earliest first, for a query on them."""
    return (
        DeliveryAttempt.happened_on.expression,
        _happened_at(DeliveryAttempt),
        DeliveryAttempt.id.expression,
    )


def newest_first() -> tuple[ColumnElement[Any], ...]:
    """Return the same order, the last first."""
    return tuple(one.desc() for one in in_order())


def came_before(attempt: DeliveryAttempt) -> ColumnElement[bool]:
    """Tell whether another attempt came before this one, for a query on attempts.

    What was refused was still here: nothing that was recorded later had taken it away.
    """
    itself = aliased(DeliveryAttempt)
    at = select(_happened_at(itself)).where(itself.id == attempt.id).scalar_subquery()
    day, moment, ident = in_order()
    earlier = or_(
        day < attempt.happened_on,
        and_(day == attempt.happened_on, moment < at),
        and_(day == attempt.happened_on, moment == at, ident < attempt.id),
    )
    return earlier if attempt.outcome in GONE_OUT else and_(earlier, ident < attempt.id)


def _happened_at(attempt: type[DeliveryAttempt] | AliasedClass[DeliveryAttempt]) -> Any:
    known = (
        select(GateVisit.happened_time)
        .where(GateVisit.id == attempt.visit_id)
        .correlate(attempt)
        .scalar_subquery()
    )
    went_out = attempt.outcome.in_(GONE_OUT)
    unknown = case((went_out, literal(_LAST, Time())), else_=literal(_FIRST, Time()))
    return func.coalesce(known, unknown)
