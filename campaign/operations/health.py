"""`/healthz` and `/readyz`: whether a process lives, and whether its site works as it should.

Both answer under any host name, since a probe asks a machine. They say no more than yes or no: what
is wrong stands in the log and in `campaign doctor`.
"""

import os
from collections.abc import Iterator
from datetime import timedelta
from time import monotonic

import structlog
from flask import Blueprint, Response, current_app
from sqlalchemy.exc import SQLAlchemyError

from campaign import migrations, storage
from campaign.core import db, jobs
from campaign.core.db.missing_key import note_missing_key
from campaign.core.sealing import MissingKey
from campaign.core.settings import current_settings
from campaign.operations.backlog import oldest_due_mail
from campaign.storage.places import LocalPlace
from campaign.web.security import public

log = structlog.get_logger()
blueprint = Blueprint("operations", __name__)

_MOST_JOBS = 1000
_MOST_LATE = timedelta(minutes=15)
_KEPT = 2.0
"""Seconds for which an answer holds: who asks often costs nothing."""
_ANSWER = "readiness"
ENOUGH_BYTES = 2 * 1024**3
_ENOUGH_SHARE = 0.15
"""Of a disk. What is free is too little where it is less than both."""


@blueprint.get("/healthz")
@public
def healthz() -> Response:
    # Without asking the database: whether it answers is not this process's.
    return _answer(503, "not ready") if _report_missing_key() else _answer(200, "ok")


@blueprint.get("/readyz")
@public
def readyz() -> Response:
    _report_missing_key()
    until, problems = current_app.extensions.get(_ANSWER, (0.0, []))
    if monotonic() >= until:
        problems = list(find_problems())
        current_app.extensions[_ANSWER] = monotonic() + _KEPT, problems
        if problems:
            log.warning("not ready", problems=problems)
    return _answer(503, "not ready") if problems else _answer(200, "ready")


def _report_missing_key() -> bool:
    """Report it if this process lacks a data key: out of service, it can only here."""
    lacks_key = db.database().lacks_key
    if lacks_key:
        note_missing_key(current_settings().folder)
    return lacks_key


def find_problems() -> Iterator[str]:
    """Name what is away, or waits for too long: database, keys, queue, files, mail."""
    try:
        if migrations.current_revision(db.database().engine) != migrations.newest_revision():
            yield "database"
        with db.reading() as session:
            late = oldest_due_mail(session)
    except SQLAlchemyError:
        yield "database"
    except MissingKey:
        yield "keys"
    else:
        if late > _MOST_LATE:
            yield "mail"
    try:
        waiting = jobs.queue().waiting()
    except Exception:  # each kind of queue has its own
        yield "queue"
    else:
        if waiting > _MOST_JOBS:
            yield "queue"
    if not _files_answer():
        yield "files"


def is_nearly_full(free: int, total: int) -> bool:
    """Return whether a disk has little room left: a small share, and few bytes as well. Pure."""
    return free < _ENOUGH_SHARE * total and free < ENOUGH_BYTES


def _files_answer() -> bool:
    place = storage.storage().place
    if isinstance(place, LocalPlace):
        return not place.folder.exists() or os.access(place.folder, os.R_OK | os.W_OK | os.X_OK)
    try:
        place.size("readiness")
    except FileNotFoundError:
        return True
    except storage.FilesAway:
        return False
    return True


def _answer(status: int, word: str) -> Response:
    response = Response(f"{word}\n", status, mimetype="text/plain")
    response.cache_control.no_store = True
    return response
