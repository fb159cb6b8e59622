"""Leases: a row is a worker's for a while, and for longer as long as the worker lives.

The database is the ledger, the queue only carries hints. A row is claimed by a conditional UPDATE
that counts the attempt; what an attempt gives counts only while it is still the last one. So a
worker that dies costs time, and two workers never both finish one row.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

import structlog
from sqlalchemy import ColumnElement, and_, or_, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from campaign.core import db

log = structlog.get_logger()

LEASE = timedelta(seconds=90)
"""How long a row stays with a worker that is not heard of; then somebody else takes it."""
BEAT_SECONDS = 20.0
"""How often a living worker says so: often enough that a busy database may miss some."""


class Leased:
    """The columns of a row that workers lease."""

    lease_until: Mapped[datetime | None]
    attempt: Mapped[int] = mapped_column(default=0, server_default="0")
    """Claims so far; a worker whose number is no longer this one has lost the row."""


@dataclass(frozen=True, slots=True)
class LeasedRow:
    row_id: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Lease:
    """How the rows of a table are leased; every method is one conditional UPDATE."""

    model: type[Any]
    held: Enum
    waiting: tuple[Enum, ...] = ()
    span: timedelta = LEASE
    until: str = "lease_until"
    """The column that says until when it is held, or rests: empty, or past, it can be claimed."""
    counter: str = "attempt"

    def is_free(self) -> ColumnElement[bool]:
        """Return whether nobody has the row, or nobody who was heard of lately."""
        until = getattr(self.model, self.until)
        over: ColumnElement[bool] = until <= db.utcnow()
        return or_(until.is_(None), over) if until.nullable else over

    def is_due(self) -> ColumnElement[bool]:
        return and_(self.model.state.in_((self.held, *self.waiting)), self.is_free())

    def claim(
        self, session: Session, row_id: int, *conditions: ColumnElement[bool], **values: object
    ) -> LeasedRow | None:
        leased = {
            "state": self.held,
            self.until: db.utcnow() + self.span,
            self.counter: self._attempt() + 1,
        }
        attempt = session.scalar(
            update(self.model)
            .where(self.model.id == row_id, self.is_due(), *conditions)
            .values(leased | values)
            .returning(self._attempt())
            .execution_options(synchronize_session=False)
        )
        return None if attempt is None else LeasedRow(row_id, attempt)

    def beat(
        self, session: Session, row: LeasedRow, *conditions: ColumnElement[bool], **values: object
    ) -> bool:
        """Keep the row for another while; False where it is lost, as for all that follow."""
        return self._update(session, row, conditions, values, db.utcnow() + self.span)

    def finish(
        self, session: Session, row: LeasedRow, *conditions: ColumnElement[bool], **values: object
    ) -> bool:
        """Write down what came of it, its new state among it, and let it go."""
        return self._update(session, row, conditions, values, None)

    def give_back(
        self, session: Session, row: LeasedRow, rest: timedelta, **values: object
    ) -> bool:
        return self._update(session, row, (), values, db.utcnow() + rest)

    @contextmanager
    def keep_alive(self, row: LeasedRow, *conditions: ColumnElement[bool]) -> Iterator[None]:
        """Beat from a thread of its own meanwhile: laying out one bad text may take minutes."""
        ended = threading.Event()

        def run() -> None:
            while not ended.wait(BEAT_SECONDS):
                try:
                    with db.transaction() as session:
                        self.beat(session, row, *conditions)
                except Exception as problem:
                    # A beat that is missed costs nothing yet; the next one may come through.
                    log.warning("heartbeat missed", problem=type(problem).__name__)

        # The thread finds the database of the application that runs here.
        thread = threading.Thread(target=copy_context().run, args=(run,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _attempt(self) -> ColumnElement[int]:
        counter: ColumnElement[int] = getattr(self.model, self.counter)
        return counter

    def _update(
        self,
        session: Session,
        row: LeasedRow,
        conditions: tuple[ColumnElement[bool], ...],
        values: dict[str, object],
        until: datetime | None,
    ) -> bool:
        ours = (self.model.state == self.held, self._attempt() == row.attempt)
        values = {self.until: until} | values
        return db.update_row(session, self.model, row.row_id, *ours, *conditions, **values)
