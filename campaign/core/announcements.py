"""What was done, told to a package above that wants to know it, in the same transaction."""

from datetime import datetime
from enum import StrEnum
from typing import Protocol

from flask import Flask, current_app
from sqlalchemy.orm import Session


class Announce(Protocol):
    def __call__(
        self, session: Session, kind: StrEnum, *, deed: str, now: datetime, data: dict[str, object]
    ) -> None: ...


def init_app(app: Flask, *, announce: Announce) -> None:
    app.extensions["announce"] = announce


def announce(
    session: Session, kind: StrEnum, *, now: datetime, deed: str = "", **data: object
) -> None:
    """Tell that this was done; of one `deed` (a name of it, if it may come twice) once.

    `data` has ids, numbers and days: who is meant is asked for with them.
    """
    take: Announce = current_app.extensions["announce"]
    take(session, kind, deed=deed, now=now, data=data)
