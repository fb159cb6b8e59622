"""The jobs that make the files of a bundle's envelopes, and have them made anew."""

from collections.abc import Container

import structlog
from sqlalchemy import ColumnElement, Select, select, update
from sqlalchemy.orm import Session

from campaign.bundles import bundle_status
from campaign.bundles.volumes import machine_faults
from campaign.core import audit, db, jobs
from campaign.core.db.leases import Lease, LeasedRow
from campaign.core.errors import Refused
from campaign.deliveries.envelopes import envelope_store
from campaign.deliveries.envelopes.make_envelopes import make_files
from campaign.models.bundle import Bundle, BundleState
from campaign.models.delivery import Envelope, EnvelopeRun, RunState
from campaign.printing.problems import LetterRefused

log = structlog.get_logger()

UNFIT = "address-does-not-fit"
RUNS = Lease(EnvelopeRun, held=RunState.PRINTING, waiting=(RunState.WAITING,))


@jobs.job("deliveries.print-envelopes")
def print_envelopes(run_id: int) -> None:
    """Make a run's files, if nobody else does."""
    with db.transaction() as session:
        hold = RUNS.claim(session, run_id, *_may_print())
    if hold is None:
        return
    with db.reading() as session:
        run = session.get_one(EnvelopeRun, run_id)
        place = run.bundle.public_id, run.public_id
    useless: Container[int] = {hold.attempt}
    try:
        with RUNS.keep_alive(hold):
            files = make_files(run_id, hold.attempt)
    except LetterRefused:
        _finish(hold, RunState.FAILED, failure=UNFIT)
    except BaseException as problem:
        _finish(hold, *_decide_state(problem, hold))
        raise
    else:
        if _finish(hold, RunState.READY, files=files):
            # What was made before may hold letters that were taken back.
            useless = range(hold.attempt)
    envelope_store.delete_files(*place, useless)


@jobs.job("deliveries.bundle-remade")
def bundle_remade(bundle_id: int) -> None:
    """Print a bundle's envelopes anew, once it is printed without letters that were taken back."""
    with db.transaction() as session:
        with_them = select(EnvelopeRun).where(
            EnvelopeRun.bundle_id == bundle_id,
            EnvelopeRun.with_letters,
            EnvelopeRun.state != RunState.FAILED,
        )
        for run in session.scalars(with_them):
            make_again(session, run)


@jobs.job("deliveries.sweep", every_minutes=1)
def sweep() -> None:
    """Send again for runs that a lost message or a dead worker left behind.

    Those that hold letters which were taken back since are made anew.
    """
    with db.transaction() as session:
        offered = select(EnvelopeRun).where(
            EnvelopeRun.state == RunState.READY,
            EnvelopeRun.bundle_id.in_(_select_ready_bundles().where(Bundle.emptied_at.is_(None))),
            bundle_status.bundle_may_go_out(EnvelopeRun.bundle_id),
            EnvelopeRun.envelopes.any(Envelope.attempt_id.is_(None)),
        )
        for run in session.scalars(offered).all():
            if envelope_store.holds_gone(session, run, run.files):
                _set_waiting(session, run)
        due = select(EnvelopeRun.id).where(RUNS.is_due(), *_may_print())
        for run_id in session.scalars(due).all():
            jobs.enqueue(session, "deliveries.print-envelopes", run_id)


def make_again_if_outdated(session: Session, run: EnvelopeRun, name: str, *, actor: str) -> bool:
    """Have a run's files made anew where this one holds a letter that is gone, or is lost.

    Whether so. Raises Refused where nothing of it is given out in any case.
    """
    envelope_store.refuse_held_back(run)
    facts = envelope_store.find_file(run, name)
    if facts is None:
        return False
    right = envelope_store.is_there(run, facts) and not envelope_store.holds_gone(
        session, run, [facts]
    )
    if not right:
        make_again(session, run)
        _audit_again(session, run, actor)
    return not right


def retry_failed(session: Session, run: EnvelopeRun, *, actor: str) -> None:
    """Have files made that could not be made before. Raises Refused where they did not fail."""
    if run.state is not RunState.FAILED:
        raise Refused("not-failed")
    make_again(session, run)
    _audit_again(session, run, actor)


def _audit_again(session: Session, run: EnvelopeRun, actor: str) -> None:
    subject = f"bundle:{run.bundle_id}"
    audit.record(session, actor=actor, action="bundle.envelopes-again", subject=subject)


def make_again(session: Session, run: EnvelopeRun) -> None:
    """Send a run to be made once more; a worker that is at it just now makes it in vain."""
    _set_waiting(session, run)
    jobs.enqueue(session, "deliveries.print-envelopes", run.id)


def _set_waiting(session: Session, run: EnvelopeRun) -> None:
    waiting = {"state": RunState.WAITING, "lease_until": None, "failure": ""}
    session.execute(update(EnvelopeRun).where(EnvelopeRun.id == run.id).values(**waiting))


def _select_ready_bundles() -> Select[int]:
    """Select bundles whose volumes stay as they are: those being printed have none to take from."""
    return select(Bundle.id).where(Bundle.state == BundleState.READY)


def _may_print() -> tuple[ColumnElement[bool], ...]:
    return EnvelopeRun.bundle_id.in_(_select_ready_bundles()), bundle_status.bundle_may_go_out(
        EnvelopeRun.bundle_id
    )


def _decide_state(problem: BaseException, hold: LeasedRow) -> tuple[RunState, str]:
    """Return what becomes of a run that could not be made, and why: mostly, another try."""
    fault = machine_faults.fault_of(problem)
    if fault in machine_faults.PATIENT:
        return RunState.WAITING, fault
    with db.reading() as session:
        files = session.scalar(select(EnvelopeRun.files).where(EnvelopeRun.id == hold.row_id)) or []
    tries = hold.attempt - max((file["attempt"] for file in files), default=0)
    if isinstance(problem, Exception) and tries >= machine_faults.MOST_TRIES:
        log.error("envelopes given up", run=hold.row_id, problem=type(problem).__name__)
        return RunState.FAILED, machine_faults.FAILED
    return RunState.WAITING, ""


def _finish(hold: LeasedRow, state: RunState, failure: str = "", **values: object) -> bool:
    """Write down how it ended; False where somebody else has the run by now."""
    with db.transaction() as session:
        ours = RUNS.finish(session, hold, state=state, failure=failure, **values)
    if ours:
        log.info("envelopes done", run=hold.row_id, state=state.value)
    return ours
