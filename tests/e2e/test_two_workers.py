"""The same on PostgreSQL, with the queue in the same database and two worker processes."""

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url, text
from werkzeug.exceptions import HTTPException
from werkzeug.routing.exceptions import RoutingException

from campaign import close_app, create_app, storage
from campaign.bundles import downloads
from campaign.bundles.documents.bundle_zip import write_zip
from campaign.bundles.documents.verify import verify_copy
from campaign.bundles.volumes import print_jobs
from campaign.campaigns.find_campaigns import get_campaign
from campaign.core import db, jobs
from campaign.core.settings import load_settings
from campaign.models.bundle import Bundle, BundleState, Volume
from campaign.models.staff import Role
from tests.commands import Commands
from tests.factories import freeze_waiting, sign_in

pytestmark = pytest.mark.e2e
_LETTERS = 37
"""Of the demo."""
_VOLUME = 10
_PATIENCE_SECONDS = 240


@pytest.fixture(scope="module")
def environment(
    postgres: str, tmp_path_factory: pytest.TempPathFactory, commands: Commands
) -> Iterator[dict[str, str]]:
    """A database with the demo, and settings that put everything there."""
    database = f"e_{uuid4().hex[:12]}"
    admin = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {database} TEMPLATE template_campaign"))
    url = make_url(postgres).set(drivername="postgresql", database=database)
    address = url.render_as_string(hide_password=False)
    settings = {
        "CAMPAIGN_INSTANCE": str(tmp_path_factory.mktemp("two") / "instance"),
        "CAMPAIGN_DATABASE_URL": address,
        "CAMPAIGN_JOBS_URL": address,
        "CAMPAIGN_VOLUME_LETTERS": str(_VOLUME),
    }
    done = commands.run(["demo"], {**os.environ, **settings})
    assert done.returncode == 0, done.stderr
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        yield settings
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {database} WITH (FORCE)"))
    admin.dispose()


@contextmanager
def two_workers(commands: Commands, environment: dict[str, str]) -> Iterator[None]:
    started = [
        commands.start(["worker", "--threads", "1"], {**os.environ, **environment})
        for _ in range(2)
    ]
    try:
        yield
        assert all(worker.poll() is None for worker in started), "a worker ended by itself"
    finally:
        for worker in started:
            assert worker.end(60) is not None


def test_two_workers_print_a_bundle_of_which_every_letter_is_there_once(
    commands: Commands, environment: dict[str, str], tmp_path: Path
) -> None:
    app = create_app(load_settings())
    with app.app_context(), two_workers(commands, environment):
        with db.transaction() as session:
            bundle = freeze_waiting(session, get_campaign(session, "ua-58-20"))
            print_jobs.send_for(session, bundle)
            bundle_id, frozen = bundle.id, bundle.letter_count
        bundle = _wait(bundle_id)
        assert bundle.state is BundleState.READY, bundle.failure
        with db.transaction() as session:
            download = downloads.open_download(
                session,
                session.get_one(Bundle, bundle_id),
                storage.storage(),
                by=None,
                actor="test",
            )
            for _ in write_zip(download.chunks, tmp_path / download.name):
                pass
        with db.reading() as session:
            volumes = session.query(Volume).filter_by(bundle_id=bundle_id).all()
        assert jobs.queue().huey.storage.dsn == environment["CAMPAIGN_JOBS_URL"]
    close_app(app)
    assert len(volumes) == -(-frozen // _VOLUME)
    result = verify_copy(tmp_path / download.name)
    assert result.findings == []
    assert result.letters == frozen == _LETTERS


@pytest.mark.usefixtures("environment")
def test_every_page_that_a_link_leads_to_answers() -> None:
    """Words of most pages are tried on SQLite alone: here PostgreSQL is asked what they ask."""
    app = create_app(load_settings())
    app.testing = True
    client = app.test_client()
    sign_in(client, app, Role.ADMIN)
    addresses = app.url_map.bind("localhost")
    waiting, seen = ["/desk/today", "/en/"], {"static"}
    while waiting:
        path, _, query = waiting.pop(0).partition("?")
        try:
            endpoint = str(addresses.match(path)[0])
        except (HTTPException, RoutingException):
            continue
        if endpoint in seen:
            continue
        seen.add(endpoint)
        answer = client.get(path, query_string=query)
        assert answer.status_code < 400, path
        if answer.mimetype == "text/html":
            waiting += [unescape(link) for link in re.findall(r'href="(/[^"#]+)', answer.text)]
        answer.close()
    close_app(app)
    assert len(seen) > 90


def _wait(bundle_id: int) -> Bundle:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with db.reading() as session:
            bundle = session.get_one(Bundle, bundle_id)
        if bundle.state in {BundleState.READY, BundleState.FAILED}:
            return bundle
        time.sleep(0.2)
    raise AssertionError("the workers did not finish in time")
