"""Leases: a row is a worker's for a while, and for longer as long as the worker lives."""

import threading
from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, cast

import structlog
from flask import current_app

log = structlog.get_logger()

LEASE = timedelta(seconds=90)
"""How long a row stays with a worker that is not heard of; then somebody else takes it."""
BEAT_SECONDS = 20.0
"""How often a living worker says so: often enough that a busy database may miss some."""


class Heartbeat:
    """Extends a lease from a thread of its own: laying out one bad text may take minutes."""

    def __init__(self, beat: Callable[[], object]) -> None:
        """`beat` extends the lease in a transaction of its own."""
        self._beat = beat
        self._ended = threading.Event()
        app = cast("Any", current_app)._get_current_object()  # noqa: SLF001 — Flask's documented way
        self._thread = threading.Thread(target=self._run, args=(app,), daemon=True)

    def _run(self, app: Any) -> None:
        while not self._ended.wait(BEAT_SECONDS):
            try:
                with app.app_context():
                    self._beat()
            except Exception as problem:
                # A beat that is missed costs nothing yet; the next one may come through.
                log.warning("heartbeat missed", problem=type(problem).__name__)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
