"""Correcting the record of a visit, and adding to it: no one is mailed a second time."""

from collections.abc import Iterable, Sequence
from datetime import datetime, time

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.campaigns.record_change import record_change
from campaign.core import audit, clock, db
from campaign.core.errors import Invalid, Refused
from campaign.deliveries import attachments
from campaign.deliveries.carried_paper import is_remade_between
from campaign.deliveries.envelopes.mark_posted import find_last_return
from campaign.deliveries.record_delivery import (
    RecordFacts,
    list_counted,
    lock_visit,
    recount_attempts,
    refuse_impossible,
)
from campaign.deliveries.recording_rules import SENT
from campaign.deliveries.remaining_letters import is_in_envelopes
from campaign.models.bundle import Bundle, DeliveryAttempt
from campaign.models.campaign import Update
from campaign.models.delivery import Envelope, GateFile, GateFileKind, GateVisit

MOST_PICTURES = 24  # of one visit, by all who add to it
_PERSONAL = ("delegates", "received_by", "notes")
"""Sealed: the audit names them, and keeps no word of them."""


def facts_of(visit: GateVisit) -> RecordFacts:
    return RecordFacts(**{name: getattr(visit, name) for name in RecordFacts.__slots__})


def has_tracking(visit: GateVisit) -> bool:
    """Tell whether a post or courier carries it on, under a number of theirs."""
    return any(attempt.outcome in SENT for attempt in visit.attempts)


def correct_visit(
    session: Session, visit: GateVisit, facts: RecordFacts, *, actor: str, sure: bool = False
) -> None:
    """Correct a record, and the day of the posts that tell of it.

    What later visits were about is counted anew, and what stood there stays in the audit. `sure`:
    a posting before the letters came back was said to be right. Raises NotFound where a colleague
    has removed it, Invalid (`happened_on`, `happened_time`) for a moment that cannot be,
    (`tracking`) with a number for several envelopes.
    """
    lock_visit(session, visit)
    before = facts_of(visit)
    changed = [
        name for name in RecordFacts.__slots__ if getattr(before, name) != getattr(facts, name)
    ]
    if not changed:
        return
    if {"happened_on", "happened_time"} & set(changed):
        _refuse_moment(session, visit, facts, sure=sure)
    if "tracking" in changed:
        _set_tracking(session, visit, facts.tracking)
    counts = list_counted(
        session, {attempt.bundle_id for attempt in visit.attempts if attempt.bundle_id}
    )
    for name in changed:
        setattr(visit, name, getattr(facts, name))
    for attempt in visit.attempts:
        attempt.happened_on, attempt.place = visit.happened_on, visit.place
        _move_post(session, attempt, actor)
    session.flush()
    recount_attempts(session, counts, actor)
    public = [name for name in changed if name not in _PERSONAL]
    was = {f"{name}_before": str(getattr(before, name) or "") for name in public}
    _audit(session, visit, actor, "delivery.correct", fields=changed, **was)


def add_files(
    session: Session, visit: GateVisit, files: Sequence[attachments.RedrawnFile], *, actor: str
) -> None:
    """Add pictures or a receipt, also a colleague's.

    Raises NotFound where the record is gone, Refused (`no-file`) without any, Invalid (`pictures`)
    where there are too many.
    """
    lock_visit(session, visit)
    if not files:
        raise Refused("no-file")
    pictures = _count_pictures(files)
    if pictures and pictures + _count_pictures(visit.files) > MOST_PICTURES:
        raise Invalid(fields={"pictures": "pictures-full"})
    for drawn in files:
        attachments.keep_file(session, visit, drawn)
    _audit(
        session, visit, actor, "delivery.add-files", pictures=pictures, files=len(files) - pictures
    )


def _refuse_moment(session: Session, visit: GateVisit, facts: RecordFacts, *, sure: bool) -> None:
    """Refuse what is refused of a day and a time when they are recorded."""
    for attempt in visit.attempts:
        if attempt.bundle is None:
            continue
        refuse_impossible(attempt.bundle, facts.happened_on, facts.happened_time)
        moments = (_moment_of(attempt.bundle, visit), _moment_of(attempt.bundle, facts))
        if is_remade_between(session, attempt.bundle, *moments):
            raise Invalid(fields={"happened_on": "remade-between"})
        returned_on = find_last_return(session, attempt.bundle)
        early = returned_on is not None and facts.happened_on < returned_on
        if early and not sure and is_in_envelopes(session, attempt):
            raise Invalid(fields={"happened_on": "posted-before-visit"})


def _moment_of(bundle: Bundle, facts: RecordFacts | GateVisit) -> datetime:
    return clock.moment_of(facts.happened_on, facts.happened_time or time.max, bundle.zone)


def _count_pictures(files: Iterable[attachments.RedrawnFile | GateFile]) -> int:
    return sum(file.kind is GateFileKind.PICTURE for file in files)


def _set_tracking(session: Session, visit: GateVisit, tracking: str) -> None:
    """Put the number on the envelope as well: who wrote the letters in it sees it there."""
    ids = [attempt.id for attempt in visit.attempts]
    count = session.scalar(select(func.count(Envelope.id)).where(Envelope.attempt_id.in_(ids))) or 0
    if tracking and count > 1:
        raise Invalid(fields={"tracking": "tracking-of-several"})
    db.update_rows(session, Envelope, Envelope.attempt_id.in_(ids), tracking=tracking)


def _move_post(session: Session, attempt: DeliveryAttempt, actor: str) -> None:
    if attempt.update_id is None:
        return
    post = session.get_one(Update, attempt.update_id)
    if post.happened_on != attempt.happened_on:
        post.happened_on = attempt.happened_on
        record_change(session, attempt.campaign, actor, "delivery.correct-post", update=post.id)


def _audit(session: Session, visit: GateVisit, actor: str, action: str, **detail: object) -> None:
    for attempt in visit.attempts:
        audit.record(session, actor, action, f"delivery:{attempt.id}", **detail)
