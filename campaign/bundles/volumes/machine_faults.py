"""What kind of failure kept something from being made, for those who wait for it."""

import errno
from collections.abc import Iterator

from campaign.core.isolation.worker import WorkProcessStopped
from campaign.printing.problems import NO_ROOM, OUT_OF_MEMORY, TOOK_TOO_LONG
from campaign.storage import FilesAway

AWAY = "storage-away"
FAILED = "tries-used-up"
"""Whatever else: the log of the worker says what."""
MOST_TRIES = 5
PATIENT = frozenset({AWAY, NO_ROOM})
"""What passes by itself, or by somebody who makes room: it is waited for, however long."""
_FULL = (errno.ENOSPC, errno.EDQUOT)
_OF_A_RENDER_PROCESS = frozenset({NO_ROOM, OUT_OF_MEMORY, TOOK_TOO_LONG})


def fault_of(problem: BaseException) -> str:
    """The kind, as a slug, as far as somebody can do something about it; else FAILED."""
    for cause in _causes(problem):
        if isinstance(cause, FilesAway):
            return AWAY
        if isinstance(cause, OSError) and cause.errno in _FULL:
            return NO_ROOM
        if isinstance(cause, WorkProcessStopped) and cause.slug in _OF_A_RENDER_PROCESS:
            return cause.slug
    return FAILED


def _causes(problem: BaseException) -> Iterator[BaseException]:
    """The problem, then what brought it about: a workbook wraps what the disk said."""
    cause: BaseException | None = problem
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
