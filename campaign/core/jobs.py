"""Work that is done apart from a request: the queue, `@job`, periodic jobs.

Huey delivers at most once, so the queue is only the courier: every job reads what is due from the
database, and a periodic job finds what a lost message left behind. A message holds a job's name
and ids, as JSON; never a name or an address.
"""

import json
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import structlog
from flask import Flask, current_app
from huey import Huey, RedisHuey, crontab
from huey.registry import Message
from huey.serializer import Serializer
from huey.storage import PostgresStorage, SqliteStorage
from sqlalchemy.orm import Session

from campaign.core import db, logs
from campaign.core.settings import Settings, current_settings

log = structlog.get_logger()
_TABLES_LOCK = 0x0A0D19

JobFunction = Callable[..., None]
_jobs: dict[str, JobFunction] = {}
_periodic: dict[str, int] = {}


def job(name: str, *, every_minutes: int | None = None) -> Callable[[JobFunction], JobFunction]:
    """Register a function as the job `name`; with `every_minutes`, also as a periodic one.

    Minutes must part an hour evenly, or whole hours a day. It opens its own transactions
    (`db.transaction`): a long job must not hold the database's lock while it computes.
    """

    def register(function: JobFunction) -> JobFunction:
        if name in _jobs:
            raise ValueError(f"two jobs are called {name}")
        if every_minutes is not None:
            schedule(every_minutes)
        _jobs[name] = function
        if every_minutes is not None:
            _periodic[name] = every_minutes
        return function

    return register


def enqueue(session: Session, name: str, *ids: int) -> None:
    """Have the job `name` done once `session` is committed."""
    if not all(isinstance(each, int) for each in ids):
        raise TypeError("a job takes ids only: personal data has no place in the queue")
    if name not in _jobs:
        raise LookupError(f"there is no job {name}: is its module imported?")
    sender = queue()
    db.after_commit(session, lambda: sender.send(name, ids))


def periodic_jobs() -> list[str]:
    return list(_periodic)


def run_now(name: str, *ids: int) -> None:
    _jobs[name](*ids)


@dataclass(frozen=True)
class Queue:
    huey: Huey
    _send: Callable[..., object]

    def send(self, name: str, ids: tuple[int, ...] = ()) -> None:
        self._send(name, *ids)

    def waiting(self) -> int:
        return cast(int, self.huey.pending_count())

    def close(self) -> None:
        self.huey.storage.close()


def queue() -> Queue:
    return cast(Queue, current_app.extensions["queue"])


def init_app(app: Flask, settings: Settings) -> None:
    huey = connect(settings)

    def run_job(name: str, *ids: int) -> None:
        with app.app_context():
            _run(name, ids)

    send = huey.task(name="run_job")(run_job)
    for name, minutes in _periodic.items():
        periodic = huey.periodic_task(schedule(minutes), name=f"periodic:{name}")
        periodic(lambda name=name: run_job(name))
    app.extensions["queue"] = Queue(huey, send)


def connect(settings: Settings) -> Huey:
    url = settings.jobs_url
    shared = {"results": False, "serializer": JsonSerializer()}
    if url.startswith("redis"):
        return RedisHuey("campaign", url=url, **shared)
    if url.startswith("postgres"):
        return Huey("campaign", storage_class=_QueueTables, dsn=url, **shared)
    path = url.removeprefix("sqlite:///") or str(settings.folder / "jobs.sqlite")
    return Huey("campaign", storage_class=_QueueFile, filename=path, **shared)


class _QueueTables(PostgresStorage):
    """The queue's tables. Processes that start together make them one after the other."""

    def initialize_schema(self) -> None:
        self.ddl.insert(0, f"select pg_advisory_xact_lock({_TABLES_LOCK})")
        super().initialize_schema()


class _QueueFile(SqliteStorage):
    """The queue's file. What a power cut takes is found again: no message waits for the disk."""

    def _create_connection(self) -> Any:
        connection = super()._create_connection()
        connection.execute("PRAGMA synchronous=NORMAL")
        return connection

    def enqueue(self, data: bytes, priority: float | None = None) -> None:
        """Put a message in: one statement, which is a transaction by itself."""
        insert = "insert into task (queue, data, priority) values (?, ?, ?)"
        with self.lock:
            self.conn.execute(insert, (self.name, self.to_blob(data), priority or 0))


def schedule(minutes: int) -> Callable[[datetime], bool]:
    """Return the moments of a job done every so many minutes; hours begin seven minutes past."""
    hours, rest = divmod(minutes, 60)
    if minutes > 0 and hours == 0 and 60 % minutes == 0:
        moments = crontab(minute=f"*/{minutes}")
    elif hours > 0 and rest == 0 and 24 % hours == 0:
        moments = crontab(minute="7", hour=f"*/{hours}" if hours < 24 else "4")
    else:
        raise ValueError(f"{minutes} minutes part neither an hour nor a day evenly")
    return cast("Callable[[datetime], bool]", moments)


def _run(name: str, ids: tuple[int, ...]) -> None:
    try:
        _jobs[name](*ids)
    except Exception as problem:
        # The message of an exception may quote a row: its kind and place must do.
        kind, place = type(problem).__name__, logs.place_of(problem)
        log.error("job failed", job=name, ids=ids, problem=kind, place=place)
        if current_app.testing:
            raise
        if current_settings().mode == "development":
            traceback.print_exc()


class JsonSerializer(Serializer):
    """Messages as JSON: a queue that somebody else can write to must not run pickles."""

    def _serialize(self, data: object) -> bytes:
        if isinstance(data, Message):
            return json.dumps({"message": _to_json(data)}).encode()
        return json.dumps({"value": data}).encode()

    def _deserialize(self, data: bytes) -> Any:
        parsed = json.loads(bytes(data))
        if "message" not in parsed:
            return parsed["value"]
        fields = parsed["message"]
        for name in ("eta", "expires_resolved"):
            if fields[name] is not None:
                fields[name] = datetime.fromisoformat(fields[name])
        return Message(**{**fields, "args": tuple(fields["args"])})


def _to_json(message: Message) -> dict[str, object]:
    fields: dict[str, object] = message._asdict()
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in fields.items()
    }
