"""Read a stranger's file in a process that has no keys, no network and no files.

What comes back is checked against the reader's own type: the file may have taken over the process.
"""

from collections.abc import Callable
from threading import BoundedSemaphore
from typing import Concatenate, ParamSpec, TypeVar

from pydantic import TypeAdapter, ValidationError

from campaign.core.errors import ReadingFailed, UnreadableFile
from campaign.core.isolation.orders import Limits, ProcessKind
from campaign.core.isolation.readers import adapter_of, name_of
from campaign.core.isolation.worker import borrow_process
from campaign.core.slow_work import leave_database

P = ParamSpec("P")
T = TypeVar("T")

READERS = ProcessKind("campaign.file_readers")
"""Processes without any environment. The module is above this one: it names what may be run."""
_LIMITS = Limits(memory=1_500_000_000, seconds=30)
_AT_ONCE = BoundedSemaphore(2)


def run_apart(
    read: Callable[Concatenate[bytes, P], T], data: bytes, *_none: P.args, **options: P.kwargs
) -> T:
    """Return what `read` says of a file; it is one of those that `file_readers` names.

    Options are given by name, and are what JSON can say. Raises UnreadableFile as `read` does, and
    ReadingFailed where it came to no end.
    """
    leave_database()
    with _AT_ONCE, borrow_process(READERS) as process:
        outcome = process.run(name_of(read), options, _LIMITS, 0, data)
    report = outcome.report
    if report is None:
        raise ReadingFailed(f"{outcome.slug} {outcome.detail}".strip())
    try:
        if "unreadable" in report:
            sentence, values = report["unreadable"]
            raise UnreadableFile(str(sentence), **_VALUES.validate_python(values))
        (value,) = adapter_of(read).validate_json(report["value"])
    except (ValidationError, ValueError, TypeError, KeyError) as problem:
        raise ReadingFailed(type(problem).__name__) from None
    result: T = value
    return result


_VALUES: TypeAdapter[dict[str, str | int]] = TypeAdapter(dict[str, str | int])
