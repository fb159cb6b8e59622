"""Printing volumes: jobs of the worker, and the same for `campaign bundle`."""

import time
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign import storage
from campaign.bundles import bundle_status, file_names
from campaign.bundles.volumes import machine_faults, print_queue
from campaign.bundles.volumes.load_letters import Loaded, load_volume
from campaign.bundles.volumes.print_queue import Claim, Outcome, Place, UnprintedLetter
from campaign.core import db, jobs
from campaign.core.isolation.orders import Limits
from campaign.core.settings import current_settings
from campaign.models.bundle import Bundle, BundleState, Volume, VolumeState
from campaign.printing import print_letters
from campaign.printing.geometry import LAYOUTS

log = structlog.get_logger()

_CHUNK = 100
"""Letters laid out in one document: fast enough, and a progress that moves."""
_PROGRESS_SECONDS = 1.0


@jobs.job("bundles.print_volume")
def print_volume(volume_id: int) -> None:
    """Print one volume, or another of its bundle if somebody has it; then pass the word on.

    A job prints one volume and sends for the next: mails that wait in the same queue get their
    turn between two volumes of a large bundle.
    """
    taken = print_queue.claim(volume_id) or print_queue.claim_beside(volume_id)
    if taken is None:
        return
    call_idle(taken.bundle_id)
    print_claimed(taken)
    send_next(taken.bundle_id)


def send_for(session: Session, bundle: Bundle, *, chains: int) -> None:
    """Have a new bundle printed once `session` is committed, `chains` volumes at once.

    One of signed sheets alone has none: its papers are made.
    """
    for volume in bundle.volumes[:chains]:
        jobs.enqueue(session, "bundles.print_volume", volume.id)
    if not bundle.volumes:
        jobs.enqueue(session, "bundles.assemble", bundle.id)


def call_idle(bundle_id: int) -> None:
    """Send for one more volume where no message waits: whichever worker is idle joins in at once.

    It calls the next one in turn, so that any number of machines is at work after a moment; once
    all are, one message waits, and no more are sent.
    """
    courier = jobs.queue()
    if courier.waiting():
        return
    with db.reading() as session:
        due = print_queue.list_due(session, bundle_id)
    if due:
        courier.send("bundles.print_volume", (due[0],))


def send_next(bundle_id: int) -> None:
    """Send for the bundle's next volume, or for its assembling."""
    with db.reading() as session:
        due = print_queue.list_due(session, bundle_id)
        done = print_queue.all_printed(session, bundle_id)
    if due:
        jobs.queue().send("bundles.print_volume", (due[0],))
    elif done:
        jobs.queue().send("bundles.assemble", (bundle_id,))


def print_claimed(taken: Claim) -> bool:
    """Print a volume that is ours; False if it was lost to another, or stopped, meanwhile."""
    with db.reading() as session:
        public_id = session.get_one(Bundle, taken.bundle_id).public_id
        loaded = load_volume(session, taken.row_id)
    name = file_names.stored_volume(public_id, taken.sequence, taken.attempt)
    try:
        with print_queue.VOLUMES.keep_alive(
            taken, bundle_status.bundle_may_go_out(Volume.bundle_id)
        ):
            outcome = _print(loaded, name, _Progress(taken))
            kept = print_queue.finish(taken, outcome)
    except NoLongerWanted:
        kept = False
    except Exception as problem:
        print_queue.give_back(taken, machine_faults.fault_of(problem))
        raise
    except BaseException:
        print_queue.give_back(taken)
        raise
    if not kept:
        log.info("volume lost or stopped", volume=taken.row_id, attempt=taken.attempt)
        print_queue.give_back(taken)
        storage.storage().delete(name)
    return kept


def _print(loaded: Loaded, name: str, progress: "_Progress") -> Outcome:
    aside = list(loaded.set_aside)
    if not loaded.letters:
        return Outcome(0, 0, None, (), tuple(aside))
    store = storage.storage()
    with store.writing(name) as draft:
        printed = run_press(loaded, draft, progress)
        if not printed.letters:
            draft.touch()  # the press wrote nothing, and there is nothing to keep
    aside += [
        UnprintedLetter(int(letter.key), letter.slug, letter.detail) for letter in printed.set_aside
    ]
    if not printed.letters:
        store.delete(name)
        return Outcome(0, 0, None, (), tuple(aside))
    places = tuple(
        Place(int(letter.key), letter.first_page, letter.pages) for letter in printed.letters
    )
    return Outcome(printed.pages, printed.bytes, printed.sha256, places, tuple(aside))


def run_press(loaded: Loaded, out: Path, progress: print_letters.Progress) -> print_letters.Printed:
    """The one call to the press: letters or cards, within the limits of the settings."""
    settings = current_settings()
    limits = Limits(
        memory=settings.letter_memory_mb * 1_000_000,
        seconds=settings.letter_seconds,
        seconds_per_letter=0,
    )
    return print_letters.print_letters(
        loaded.letters,
        LAYOUTS[loaded.frozen.layout],
        out,
        cards=loaded.frozen.cards,
        limits=limits,
        chunk=_CHUNK,
        progress=progress,
        fresh_sheets=loaded.frozen.duplex,
    )


class NoLongerWanted(Exception):
    """The volume that is being printed was lost to another worker, or its campaign stopped."""


@dataclass(slots=True)
class _Progress:
    """Notes how many letters are done, once a second at most; ends the printing by a stop.

    Raises NoLongerWanted.
    """

    taken: Claim
    last: float = 0.0

    def __call__(self, done: int) -> None:
        now = time.monotonic()
        if now - self.last >= _PROGRESS_SECONDS:
            self.last = now
            if not print_queue.beat(self.taken, done):
                raise NoLongerWanted


@jobs.job("bundles.sweep", every_minutes=1)
def sweep() -> None:
    """Hand out again what a lost message or a dead worker left behind."""
    settings = current_settings()
    courier = jobs.queue()
    print_queue.shorten_leases()
    with db.reading() as session:
        unfinished = session.scalars(
            select(Bundle.id)
            .where(Bundle.state.in_([BundleState.PRINTING, BundleState.ASSEMBLING]))
            .order_by(Bundle.id)
        ).all()
        for bundle_id in unfinished:
            due = print_queue.list_due(session, bundle_id)
            at_work = session.scalar(
                select(Volume.id)
                .where(
                    Volume.bundle_id == bundle_id,
                    Volume.state == VolumeState.PRINTING,
                    Volume.lease_until > db.utcnow(),
                )
                .limit(1)
            )
            # Nobody prints it: start anew. Somebody does, and the queue is empty: there may be
            # a worker with nothing to do.
            chains = settings.worker_threads if at_work is None else 1 - min(courier.waiting(), 1)
            for volume_id in due[:chains]:
                courier.send("bundles.print_volume", (volume_id,))
            if print_queue.all_printed(session, bundle_id):
                courier.send("bundles.assemble", (bundle_id,))
