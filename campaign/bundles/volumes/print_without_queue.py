"""Printing a bundle here and now, for a command: the same ledger that workers go by.

Volumes are printed side by side; a worker that is running takes its share, or all.
"""

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, cast

from flask import current_app

from campaign.bundles import find_bundles
from campaign.bundles.volumes import assemble, print_queue
from campaign.bundles.volumes.print_jobs import print_claimed
from campaign.campaigns.stop_rule import refuse_stopped
from campaign.core import db
from campaign.models.bundle import Bundle, BundleState

_LOOK_SECONDS = 0.25


def print_here(bundle_id: int, *, at_once: int, progress: Callable[[int], None]) -> BundleState:
    """Print and assemble the bundle; returns how it ended, READY or FAILED.

    The laying out happens in processes of the press; a thread here waits for each, so that
    `at_once` volumes use as many cores. `progress` is told how many letters are done.
    Raises Refused (`stopped`) where the campaign is stopped meanwhile.
    """
    app = cast("Any", current_app)._get_current_object()  # noqa: SLF001 — the real application
    running: set[Future[None]] = set()
    print_queue.shorten_leases()
    with ThreadPoolExecutor(at_once) as pool:
        while True:
            state, due = _look(bundle_id, progress)
            if state not in find_bundles.UNFINISHED:
                return state
            if not running and not due:
                assemble.assemble(bundle_id)
            for _ in due[: at_once - len(running)]:
                running.add(pool.submit(_print_next, app, bundle_id))
            if running:
                done, running = wait(running, _LOOK_SECONDS, FIRST_COMPLETED)
                for future in done:
                    future.result()
            else:
                time.sleep(_LOOK_SECONDS)


def _look(bundle_id: int, progress: Callable[[int], None]) -> tuple[BundleState, list[int]]:
    with db.reading() as session:
        bundle = session.get_one(Bundle, bundle_id)
        refuse_stopped(bundle.campaign)
        progress(find_bundles.progress_of(session, bundle, db.utcnow()).done)
        return bundle.state, print_queue.list_due(session, bundle_id)


def _print_next(app: Any, bundle_id: int) -> None:
    with app.app_context():
        taken = print_queue.claim_next(bundle_id)
        if taken is not None:
            print_claimed(taken)
