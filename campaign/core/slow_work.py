"""Work that takes seconds is done while no transaction is open: others want to write meanwhile.

Whatever asks a process of its own or another server, or waits for a place, calls `leave_database`
first. Of the database it knows nothing: that says itself how each transaction is left.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_open: ContextVar[tuple[Callable[[], None], ...]] = ContextVar("open_transactions", default=())


class StillInTransaction(RuntimeError):
    """Slow work was asked for after something was written or locked: it has to come before."""


def leave_database() -> None:
    """Leave what transactions are open here. Raises StillInTransaction where one cannot be left."""
    for leave in _open.get():
        leave()


def note_transaction(leave: Callable[[], None]) -> None:
    """Have `leave` called before slow work, until `forget_transaction`."""
    _open.set((*_open.get(), leave))


def forget_transaction(leave: Callable[[], None]) -> None:
    """Forget this one alone: others may have begun within it, or around it, and go on."""
    _open.set(tuple(each for each in _open.get() if each is not leave))


@contextmanager
def within_transaction(leave: Callable[[], None]) -> Iterator[None]:
    note_transaction(leave)
    try:
        yield
    finally:
        forget_transaction(leave)
