"""Printing volumes: jobs of the worker, and the same here and now for `campaign bundle`."""

import time
from collections.abc import Callable, Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import structlog
from flask import Flask, current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.bundles import bundle_status, file_names, find_bundles
from campaign.bundles.letter_codes import stored_codes
from campaign.bundles.volumes import assemble, print_queue
from campaign.bundles.volumes.load_letters import Loaded, load_volume
from campaign.bundles.volumes.print_queue import PrintedVolume, VolumeClaim
from campaign.campaigns.stop_rule import refuse_stopped
from campaign.core import db, jobs
from campaign.core.isolation.orders import Limits
from campaign.core.settings import current_settings
from campaign.models.bundle import Bundle, BundleState, Volume, VolumeState
from campaign.printing import print_letters
from campaign.storage import storage

log = structlog.get_logger()

_CHUNK = 100  # letters laid out in one document: fast enough, and a progress that moves
_PROGRESS_SECONDS = 1.0
_LOOK_SECONDS = 0.25


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


def send_for(session: Session, bundle: Bundle) -> None:
    """Have volumes that wait printed once `session` is committed; without any, the papers made."""
    waiting = [volume for volume in bundle.volumes if volume.state is VolumeState.WAITING]
    for volume in waiting[: current_settings().worker_threads]:
        jobs.enqueue(session, "bundles.print_volume", volume.id)
    if not waiting:
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
        all_printed = print_queue.all_printed(session, bundle_id)
    if due:
        jobs.queue().send("bundles.print_volume", (due[0],))
    elif all_printed:
        jobs.queue().send("bundles.assemble", (bundle_id,))


def print_claimed(taken: VolumeClaim) -> bool:
    """Print a volume that is ours; False if it was lost to another, or stopped, meanwhile."""
    with db.reading() as session:
        public_id = session.get_one(Bundle, taken.bundle_id).public_id
        loaded = load_volume(session, taken.row_id)
    name = file_names.stored_volume(public_id, taken.sequence, taken.attempt)
    not_stopped = bundle_status.bundle_may_go_out(Volume.bundle_id)
    try:
        with print_queue.VOLUMES.keep_alive(taken, not_stopped):
            result = _print(loaded, name, _Progress(taken))
            kept = print_queue.finish(taken, result)
    except NoLongerWanted:
        kept = False
    except Exception as problem:
        print_queue.give_back(taken, print_queue.fault_of(problem))
        raise
    except BaseException:
        print_queue.give_back(taken)
        raise
    if not kept:
        log.info("volume lost or stopped", volume=taken.row_id, attempt=taken.attempt)
        print_queue.give_back(taken)
        storage().delete(name)
    return kept


def _print(loaded: Loaded, name: str, progress: "_Progress") -> PrintedVolume:
    if not loaded.letters:
        return PrintedVolume(set_aside=loaded.set_aside)
    with storage().writing(name) as draft:
        printed = run_press(loaded, draft, progress)
        if not printed.letters:
            draft.touch()  # the press wrote nothing, and there is nothing to keep
    aside = [*loaded.set_aside, *printed.set_aside]
    if not printed.letters:
        storage().delete(name)
        return PrintedVolume(set_aside=aside)
    codes = _codes_of(loaded, {letter.key for letter in printed.letters})
    return PrintedVolume(
        printed.pages, printed.bytes, printed.sha256, printed.letters, aside, codes
    )


def _codes_of(loaded: Loaded, printed: Collection[str]) -> bytes | None:
    if loaded.secret is None:
        return None
    letters = (letter for letter in loaded.letters if letter.key in printed)
    return stored_codes.pack_codes(letters, loaded.secret, loaded.salts)


def run_press(loaded: Loaded, out: Path, progress: print_letters.Progress) -> print_letters.Printed:
    """The one call to the press: letters or cards, within the limits of the settings."""
    settings, frozen = current_settings(), loaded.frozen
    limits = Limits(
        memory=settings.letter_memory_mb * 1_000_000,
        seconds=settings.letter_seconds,
        seconds_per_letter=0,
    )
    return print_letters.print_letters(
        loaded.letters,
        frozen.sheet,
        out,
        cards=frozen.cards,
        limits=limits,
        chunk=_CHUNK,
        progress=progress,
        fresh_sheets=frozen.duplex,
    )


class NoLongerWanted(Exception):
    """The volume that is being printed was lost to another worker, or its campaign stopped."""


@dataclass(slots=True)
class _Progress:
    """Notes how many letters are done, once a second at most. Raises NoLongerWanted by a stop."""

    taken: VolumeClaim
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
    courier, threads = jobs.queue(), current_settings().worker_threads
    print_queue.shorten_leases()
    with db.reading() as session:
        unfinished = select(Bundle.id).where(Bundle.state.in_(find_bundles.UNFINISHED))
        for bundle_id in session.scalars(unfinished.order_by(Bundle.id)).all():
            due = print_queue.list_due(session, bundle_id)
            at_work = select(Volume.id).where(
                Volume.bundle_id == bundle_id,
                Volume.state == VolumeState.PRINTING,
                Volume.lease_until > db.utcnow(),
            )
            # Nobody prints it: start anew. Somebody does, and the queue is empty: there may be
            # a worker with nothing to do.
            is_idle = not db.has_row(session, at_work)
            chains = threads if is_idle else 1 - min(courier.waiting(), 1)
            for volume_id in due[:chains]:
                courier.send("bundles.print_volume", (volume_id,))
            if print_queue.all_printed(session, bundle_id):
                courier.send("bundles.assemble", (bundle_id,))


def print_here(bundle_id: int, *, at_once: int, progress: Callable[[int], None]) -> BundleState:
    """Print and assemble the bundle, by the same ledger as workers; how it ended, READY or FAILED.

    The laying out happens in processes of the press; a thread here waits for each, so that
    `at_once` volumes use as many cores. A worker that is running takes its share, or all.
    `progress` is told how many letters are done. Raises Refused (`stopped`) where the campaign is
    stopped meanwhile.
    """
    app: Flask = cast("Any", current_app)._get_current_object()  # noqa: SLF001 — the real application
    running: set[Future[None]] = set()
    print_queue.shorten_leases()
    with ThreadPoolExecutor(at_once) as pool:
        while True:
            state, due = _look(bundle_id, progress)
            if state not in find_bundles.UNFINISHED:
                return state
            for _ in due[: at_once - len(running)]:
                running.add(pool.submit(_print_next, app, bundle_id))
            if running:
                done, running = wait(running, _LOOK_SECONDS, FIRST_COMPLETED)
                for future in done:
                    future.result()
            elif hold := assemble.claim(bundle_id):
                assemble.assemble_claimed(hold)
            else:
                time.sleep(_LOOK_SECONDS)  # a worker is at it


def _look(bundle_id: int, progress: Callable[[int], None]) -> tuple[BundleState, list[int]]:
    with db.reading() as session:
        bundle = session.get_one(Bundle, bundle_id)
        refuse_stopped(bundle.campaign)
        progress(bundle.letter_count - find_bundles.progress_of(session, bundle, db.utcnow()).left)
        return bundle.state, print_queue.list_due(session, bundle_id)


def _print_next(app: Flask, bundle_id: int) -> None:
    with app.app_context():
        taken = print_queue.claim_next(bundle_id)
        if taken is not None:
            print_claimed(taken)
