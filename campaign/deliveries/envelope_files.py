"""The jobs that make the files of a bundle's envelopes, and have them made anew.

The database is the ledger, as for volumes: a run is claimed by a conditional UPDATE, and what a
worker made counts only while its attempt is the last one.
"""

from collections.abc import Container
from functools import partial
from typing import Any, cast

import structlog
from sqlalchemy import CursorResult, or_, select, update
from sqlalchemy.orm import Session

from campaign import audit, db, jobs
from campaign.bundles import faults
from campaign.bundles.ledger import unstopped
from campaign.bundles.models import Bundle, BundleState
from campaign.deliveries import envelope_store
from campaign.deliveries.envelope_making import make_files
from campaign.deliveries.models import Envelope, EnvelopeRun, RunState
from campaign.errors import Refused
from campaign.leases import LEASE, Heartbeat
from campaign.letters.problems import LetterRefused

log = structlog.get_logger()

UNFIT = "address-does-not-fit"


@jobs.job("deliveries.print-envelopes")
def print_envelopes(run_id: int) -> None:
    """Make a run's files, if nobody else does."""
    attempt = _claim(run_id)
    if attempt is None:
        return
    with db.reading() as unit:
        run = unit.get_one(EnvelopeRun, run_id)
        place = run.bundle.public_id, run.public_id
    useless: Container[int] = {attempt}
    try:
        with Heartbeat(partial(_beat, run_id, attempt)):
            made = make_files(run_id, attempt)
    except LetterRefused:
        _finish(run_id, attempt, {"state": RunState.FAILED, "failure": UNFIT})
    except BaseException as problem:
        _finish(run_id, attempt, _after(problem, run_id, attempt))
        raise
    else:
        ready = {"state": RunState.READY, "files": made, "failure": ""}
        if _finish(run_id, attempt, ready):
            useless = range(attempt)  # what was made before may hold letters that were taken back
    envelope_store.delete_files(*place, useless)


@jobs.job("deliveries.bundle-remade")
def bundle_remade(bundle_id: int) -> None:
    """A bundle is printed without letters that were taken back: so are its envelopes, after it."""
    with db.transaction() as unit:
        with_them = select(EnvelopeRun).where(
            EnvelopeRun.bundle_id == bundle_id,
            EnvelopeRun.with_letters,
            EnvelopeRun.state != RunState.FAILED,
        )
        for run in unit.scalars(with_them):
            print_anew(unit, run)


@jobs.job("deliveries.sweep", every_minutes=1)
def sweep() -> None:
    """Send again for runs that a lost message or a dead worker left behind.

    Those that hold letters which were taken back since are made anew.
    """
    with db.transaction() as unit:
        offered = select(EnvelopeRun).where(
            EnvelopeRun.state == RunState.READY,
            EnvelopeRun.bundle_id.in_(_at_rest().where(Bundle.emptied_at.is_(None))),
            unstopped(EnvelopeRun.bundle_id),
            EnvelopeRun.envelopes.any(Envelope.attempt_id.is_(None)),
        )
        for run in unit.scalars(offered).all():
            if envelope_store.holds_gone(unit, run, run.files):
                _wait_again(unit, run)
        for run_id in unit.scalars(select(EnvelopeRun.id).where(*_due())).all():
            jobs.enqueue(unit, "deliveries.print-envelopes", run_id)


def made_anew(unit: Session, run: EnvelopeRun, name: str, *, actor: str) -> bool:
    """Have a run's files made anew where this one holds a letter that is gone, or is lost.

    Whether so. Raises Refused where nothing of it is given out in any case.
    """
    envelope_store.refuse_held_back(run)
    facts = envelope_store.find_facts(run, name)
    if facts is None:
        return False
    right = envelope_store.is_there(run, facts) and not envelope_store.holds_gone(
        unit, run, [facts]
    )
    if not right:
        print_anew(unit, run)
        _note_again(unit, run, actor)
    return not right


def try_again(unit: Session, run: EnvelopeRun, *, actor: str) -> None:
    """Have files made that could not be made before. Raises Refused where they did not fail."""
    if run.state is not RunState.FAILED:
        raise Refused("not-failed")
    print_anew(unit, run)
    _note_again(unit, run, actor)


def _note_again(unit: Session, run: EnvelopeRun, actor: str) -> None:
    subject = f"bundle:{run.bundle_id}"
    audit.record(unit, actor=actor, action="bundle.envelopes-again", subject=subject)


def print_anew(unit: Session, run: EnvelopeRun) -> None:
    """Send a run to be made once more; a worker that is at it just now makes it in vain."""
    _wait_again(unit, run)
    jobs.enqueue(unit, "deliveries.print-envelopes", run.id)


def _wait_again(unit: Session, run: EnvelopeRun) -> None:
    waiting = {"state": RunState.WAITING, "lease_until": None, "failure": ""}
    unit.execute(update(EnvelopeRun).where(EnvelopeRun.id == run.id).values(**waiting))


def _at_rest() -> Any:
    """Bundles whose volumes lie as they are: one that is being printed has none to take from."""
    return select(Bundle.id).where(Bundle.state == BundleState.READY)


def _due() -> tuple[Any, ...]:
    return (
        EnvelopeRun.state.in_([RunState.WAITING, RunState.PRINTING]),
        or_(EnvelopeRun.lease_until.is_(None), EnvelopeRun.lease_until < db.utcnow()),
        EnvelopeRun.bundle_id.in_(_at_rest()),
        unstopped(EnvelopeRun.bundle_id),
    )


def _claim(run_id: int) -> int | None:
    with db.transaction() as unit:
        return unit.scalar(
            update(EnvelopeRun)
            .where(EnvelopeRun.id == run_id, *_due())
            .values(
                state=RunState.PRINTING,
                attempt=EnvelopeRun.attempt + 1,
                lease_until=db.utcnow() + LEASE,
            )
            .returning(EnvelopeRun.attempt)
            .execution_options(synchronize_session=False)
        )


def _beat(run_id: int, attempt: int) -> None:
    with db.transaction() as unit:
        _update_ours(unit, run_id, attempt, {"lease_until": db.utcnow() + LEASE})


def _after(problem: BaseException, run_id: int, attempt: int) -> dict[str, Any]:
    """What becomes of a run that could not be made: mostly, another try."""
    fault = faults.fault_of(problem)
    if fault in faults.PATIENT:
        return {"state": RunState.WAITING, "failure": fault}
    with db.reading() as unit:
        files = unit.scalar(select(EnvelopeRun.files).where(EnvelopeRun.id == run_id)) or []
    tries = attempt - max((one["attempt"] for one in files), default=0)
    if isinstance(problem, Exception) and tries >= faults.MOST_TRIES:
        log.error("envelopes given up", run=run_id, problem=type(problem).__name__)
        return {"state": RunState.FAILED, "failure": faults.FAILED}
    return {"state": RunState.WAITING, "failure": ""}


def _finish(run_id: int, attempt: int, values: dict[str, Any]) -> bool:
    """Write down how it ended; False where somebody else has the run by now."""
    with db.transaction() as unit:
        ours = _update_ours(unit, run_id, attempt, values | {"lease_until": None})
    if ours:
        log.info("envelopes done", run=run_id, state=values["state"].value)
    return ours


def _update_ours(unit: Session, run_id: int, attempt: int, values: dict[str, Any]) -> bool:
    done = unit.execute(
        update(EnvelopeRun)
        .where(
            EnvelopeRun.id == run_id,
            EnvelopeRun.attempt == attempt,
            EnvelopeRun.state == RunState.PRINTING,
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return cast("CursorResult[Any]", done).rowcount == 1
