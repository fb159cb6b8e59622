"""One instance folder, and one application, for all tests of a process in turn.

An application takes longer to make than most tests take, and it finds its templates and words anew.
So the tests of one process share it: each finds it as `create_app` left it, in an instance folder
that is empty but for the keys. Nothing that a request leaves behind lies in the application.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Engine, QueuePool, event

from campaign import close_app, create_app, storage
from campaign.core import db
from campaign.core.settings import Settings, load_settings
from campaign.public.page_cache import PageCache

_STATEMENTS = 20_000


class Engines:
    """One engine for each address.

    As long as an application has it, another one at the same address (a second node) gets an
    engine of its own, with its own keys and connections, as in another process.
    """

    def __init__(self, make: Callable[[str], Engine]) -> None:
        self._make = make
        self._made: dict[str, Engine] = {}
        self._taken: set[str] = set()
        self.staying: set[str] = set()
        """Addresses of SQLite whose file is there for the next test as well."""

    def make(self, url: str) -> Engine:
        """The engine of this address, or another one where somebody has it."""
        if url in self._taken:
            return self._make(url)
        self._taken.add(url)
        if url not in self._made:
            self._made[url] = self._make(url)
            # A run has several times as many statements as a server: none is compiled twice.
            self._made[url]._compiled_cache.capacity = _STATEMENTS
            if url.startswith("sqlite:"):
                event.listen(self._made[url], "connect", _do_not_wait_for_the_disk)
            event.listen(self._made[url], "engine_disposed", lambda _: self._taken.discard(url))
        return self._made[url]

    def let_go(self, engine: Engine) -> bool:
        """Leave it to the next who asks, with its connections: they take long to make.

        False where there is something to be closed.
        """
        urls = [url for url, of_url in self._made.items() if of_url is engine]
        pool = engine.pool
        if not urls or not isinstance(pool, QueuePool) or pool.checkedout():
            return False
        if engine.name == "sqlite" and urls[0] not in self.staying:
            return False
        self._taken.discard(urls[0])
        return True

    def close_one(self, url: str) -> None:
        """Close the connections to this address that were left open."""
        if url in self._made:
            self._made[url].dispose()

    def close(self) -> None:
        """Close every connection that was left open."""
        for engine in self._made.values():
            engine.dispose()


class Instances:
    """Gives each test the folder, the settings and the application as if they were new."""

    def __init__(self, parent: Path, engines: Engines) -> None:
        self._engines = engines
        self._seed = parent / "seed"
        self._folder = parent / "instance"
        self._settings: dict[str, Settings] = {}
        self._made: dict[str, tuple[Flask, dict[str, Any], int]] = {}
        # A key of each kind, and the queue's empty file.
        close_app(create_app(load_settings(instance=self._seed)))
        for left in self._seed.glob("campaign.sqlite*"):
            left.unlink()

    def fresh(self, database_url: str) -> Settings:
        """The settings for this database; the folder is as after the very first start."""
        shutil.rmtree(self._folder, ignore_errors=True)
        shutil.copytree(self._seed, self._folder)
        if database_url not in self._settings:
            # A test signs more letters from one network than people do in an hour.
            self._settings[database_url] = load_settings(
                instance=self._folder, database_url=database_url, burst_per_network=10_000
            )
        return self._settings[database_url]

    def application(self, settings: Settings, make: Callable[[], Flask]) -> Flask:
        """The application of these settings; one that a test set otherwise is made anew."""
        url = settings.database_url
        if settings is not self._settings.get(url):
            return make()
        if url in self._made:
            app, was, rules = self._made[url]
            if len(list(app.url_map.iter_rules())) == rules:
                _put_back(vars(app), was)
                app.extensions["database"] = db.Database.of(settings)
                app.extensions["page_cache"] = PageCache()
                storage.init_app(app, settings)
                return app
        app = make()
        self._made[url] = app, _copy(vars(app)), len(list(app.url_map.iter_rules()))
        return app

    def close(self, app: Flask) -> None:
        """Let go of the database and the queue; what the next test takes up again stays open."""
        if self._engines.let_go(app.extensions["database"].engine):
            app.extensions["queue"].close()
        else:
            close_app(app)


def _do_not_wait_for_the_disk(connection: Any, _record: object) -> None:
    """Nobody mourns these databases, whose file is written out each time they are closed."""
    connection.execute("PRAGMA synchronous=OFF")


def _copy(value: Any) -> Any:
    """Containers of containers copied, what they hold as it is."""
    if isinstance(value, dict):
        return {key: _copy(part) for key, part in value.items()}
    return list(value) if isinstance(value, list) else value


def _put_back(into: dict[Any, Any], was: dict[Any, Any]) -> None:
    """Make the containers hold again what they held; they stay the same objects."""
    for name in set(into) - set(was):
        del into[name]
    for name, value in was.items():
        now = into.get(name)
        if isinstance(value, dict) and isinstance(now, dict):
            _put_back(now, value)
        elif isinstance(value, list) and isinstance(now, list):
            now[:] = value
        else:
            into[name] = value
