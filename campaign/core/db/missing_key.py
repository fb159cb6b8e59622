"""A process that lacks the newest data key answers nothing until it is restarted.

Commands are new processes and have every key, so such a process leaves a file in the instance
folder, for them and for the background service.
"""

import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from campaign.core import clock
from campaign.core.sealing import MissingKey

log = structlog.get_logger()
_FILE = "keys.missing"
_FRESH = timedelta(minutes=5)


def note_missing_key(folder: Path, problem: MissingKey) -> None:
    if not was_key_missing(folder):
        log.error("data key missing: restart this process", **problem.data)
    now = clock.utcnow().timestamp()
    with suppress(OSError):  # a request is answered all the same
        (folder / _FILE).touch()
        os.utime(folder / _FILE, (now, now))


def was_key_missing(folder: Path) -> bool:
    """Return whether a process of this machine lacked a data key in the last minutes."""
    try:
        noted = datetime.fromtimestamp((folder / _FILE).stat().st_mtime, UTC)
    except OSError:
        return False
    return clock.utcnow() - noted < _FRESH
