"""A process that lacks the newest data key answers nothing until it is restarted.

Commands are new processes and have every key, so such a process leaves a file in the instance
folder, for them and for the background service.
"""

import time
from contextlib import suppress
from pathlib import Path

import structlog

from campaign.core.sealing import MissingKey

log = structlog.get_logger()
_FILE = "keys.missing"
_FRESH_SECONDS = 300


def note_missing_key(folder: Path, problem: MissingKey) -> None:
    if not was_key_missing(folder):
        log.error("data key missing: restart this process", **problem.data)
    with suppress(OSError):  # a request is answered all the same
        (folder / _FILE).touch()


def was_key_missing(folder: Path) -> bool:
    """Return whether a process of this machine lacked a data key in the last minutes."""
    try:
        return time.time() - (folder / _FILE).stat().st_mtime < _FRESH_SECONDS
    except OSError:
        return False
