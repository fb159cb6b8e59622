"""The parts of the compose file, by their own commands and settings, on one machine."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen
from uuid import uuid4

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import create_engine, make_url, text

from tests.commands import Commands, Running
from tests.integration.commands.test_deploy_files import DEPLOY, OURS, read_call

_PATIENCE_SECONDS = 120
_BACKUPS = "/srv/campaign/backups"


@pytest.fixture
def database(postgres: str) -> Iterator[str]:
    """An empty database, as of the first start."""
    name = f"c_{uuid4().hex[:12]}"
    admin = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    url = make_url(postgres).set(drivername="postgresql", database=name)
    yield url.render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


def find_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_for(look: Callable[[], object], parts: dict[str, Running]) -> None:
    """Look again until it is so. A part that ends meanwhile is a failure."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not look():
        ended = {name: code for name, part in parts.items() if (code := part.poll()) is not None}
        assert ended == {}
        assert time.monotonic() < deadline
        time.sleep(0.05)


def read(url: str) -> str:
    try:
        with urlopen(url, timeout=10) as response:
            return str(response.read().decode())
    except (URLError, ConnectionError):
        return ""


def test_each_part_starts_and_does_its_work(
    commands: Commands, database: str, tmp_path: Path
) -> None:
    lines = (DEPLOY / "campaign.env.example").read_text(encoding="utf-8").splitlines()
    web_port, metrics_port = find_port(), find_port()
    environment = {
        **os.environ,
        **dict(line.split("=", 1) for line in lines if line and line[0] != "#"),
        **OURS["web"]["environment"],
        "CAMPAIGN_DATABASE_URL": database,
        "CAMPAIGN_JOBS_URL": database,
        "CAMPAIGN_METRICS_PORT": str(metrics_port),
        "CAMPAIGN_INSTANCE": str(tmp_path / "instance"),
    }

    def arguments_of(name: str) -> list[str]:
        call = read_call(name, tmp_path).replace(_BACKUPS, str(tmp_path))
        return call.split()[1:]

    upgraded = commands.run(arguments_of("upgrade"), environment)
    assert upgraded.returncode == 0, upgraded.stderr
    parts = {
        "web": commands.start([*arguments_of("web"), "--port", str(web_port)], environment),
        "worker": commands.start(arguments_of("worker"), environment),
        "metrics": commands.start(arguments_of("metrics"), environment),
    }
    try:
        wait_for(lambda: read(f"http://127.0.0.1:{web_port}/readyz") == "ready\n", parts)
        engine = create_engine(make_url(database).set(drivername="postgresql+psycopg"))
        counted = text("SELECT counted_at FROM figures_run WHERE counted_at IS NOT NULL")
        with engine.connect() as connection:
            wait_for(lambda: connection.execute(counted).first(), parts)
        engine.dispose()
        figures = f"http://127.0.0.1:{metrics_port}/metrics"
        wait_for(lambda: read(figures), parts)
        names = {family.name for family in text_string_to_metric_families(read(figures))}
        assert {"campaign_http_request_seconds", "campaign_jobs_waiting"} <= names
        given, ours = (psutil.Process(pid).nice() for pid in (parts["worker"].pid, os.getpid()))
        # Of tests that are as nice, `test_who_waits_for_a_page_goes_first` sees it alone.
        assert given == max(10, ours), "who waits for a page goes first"
        watched = commands.run(arguments_of("watch"), environment)
        assert (watched.returncode, watched.stderr) == (0, "")
        backed_up = commands.run(arguments_of("backups"), environment)
        assert backed_up.returncode == 0, backed_up.stderr
        assert len(list(tmp_path.glob("20*.zip"))) == 1
    finally:
        for part in parts.values():
            assert part.end(60) is not None
