"""A process that lacks the newest data key answers nothing until it is restarted.

Commands are new processes and have every key, so such a process leaves a file in the instance
folder, for them and for the background service.
"""

import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from campaign.core import clock

_FILE = "keys.missing"
_FRESH = timedelta(minutes=5)


def note_missing_key(folder: Path) -> None:
    """Leave the file, as of now."""
    now = clock.utcnow().timestamp()
    draft = folder / f".{_FILE}.{os.getpid()}"
    with suppress(OSError):  # a request is answered all the same
        draft.touch()
        os.utime(draft, (now, now))
        draft.replace(folder / _FILE)  # which may be another user's
    with suppress(OSError):
        draft.unlink(missing_ok=True)


def was_key_missing(folder: Path) -> bool:
    """Return whether a process of this machine lacked a data key in the last minutes."""
    try:
        noted = datetime.fromtimestamp((folder / _FILE).stat().st_mtime, UTC)
    except OSError:
        return False
    return clock.utcnow() - noted < _FRESH
