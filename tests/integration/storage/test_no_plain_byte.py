"""Nothing readable lies outside scratch, whatever is printed, exported or sent in.

Whatever takes the system's temporary folder leaves whole volumes there for good when it is killed.
Here that folder is watched: a file that was in it for a moment has changed the folder.
"""

import io
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.bundles.documents.verify import verify_copy
from campaign.core import jobs
from campaign.core.settings import Settings
from campaign.models.bundle import Bundle, BundleState, Volume
from campaign.models.export import ExportFormat, ExportKind
from campaign.models.staff import Role
from campaign.storage import scratch
from tests.commands import Commands
from tests.factories import add_confirmed, make_campaign, post, sign_in
from tests.integration.bundles.conftest import freeze, print_bundle  # noqa: F401 — fixtures
from tests.integration.bundles.test_worker_kill import (
    KILLS,
    let_leases_run_out,
    somebody_is_at_it,
    wait_until,
)
from tests.integration.directory.test_import_pages import MISSIONS, rehearsed
from tests.integration.exports.conftest import ask, make_file, scene  # noqa: F401 — fixtures
from tests.integration.storage.test_whole_instance import PLANTED
from tests.sources import HOUSE
from tests.unit.storage.test_temporary_file import open_files

pytestmark = pytest.mark.real_press


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing of ours is put into the system's temporary folder, nor left there by a child.

    The renderer puts fonts there, and removes them.
    """
    seen: list[str] = []

    def note(event: str, *arguments: object) -> None:
        if event in {"tempfile.mkstemp", "tempfile.mkdtemp"}:
            seen.append(str(arguments[0]))
        audit(event, *arguments)

    # Not an audit hook, which can never be taken away: Python asks it at every `id()`.
    audit = sys.audit
    monkeypatch.setattr(sys, "audit", note)
    folder = tmp_path / "system"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    yield
    ours = {Path(path) for path in seen if Path(path).parent == folder}
    assert [path for path in ours if not path.name.startswith("weasyprint-")] == []
    assert set(folder.iterdir()) - ours == set(), "a child left it"


def test_a_bundle_its_proof_and_its_check(
    app: Flask,
    client: FlaskClient,
    session: Session,
    settings: Settings,
    freeze: Callable[..., int],  # noqa: F811
    print_bundle: Callable[[int], BundleState],  # noqa: F811
    watched: None,
    tmp_path: Path,
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 3, given_name=PLANTED[0], family_name=PLANTED[1])
    session.commit()
    sign_in(client, app, Role.STAFF)
    mission = campaign.targets[0].mission
    assert mission
    proof = {"campaign": campaign.slug, "mission": mission.slug, "of": campaign.slug}
    assert post(client, "/desk/bundles/new/proof", proof).mimetype == "application/pdf"
    bundle_id = freeze(campaign.id, volume_letters=2)
    assert print_bundle(bundle_id) is BundleState.READY
    session.rollback()
    public_id = session.get_one(Bundle, bundle_id).public_id
    copy = tmp_path / "b.zip"
    copy.write_bytes(post(client, f"/desk/bundles/{public_id}/download").data)
    assert verify_copy(copy).findings == []
    assert list(settings.scratch_folder.iterdir()) == []


@pytest.mark.parametrize("written_as", list(ExportFormat))
def test_an_export(
    ask: Callable[..., int],  # noqa: F811
    make_file: Callable[[int], bytes],  # noqa: F811
    settings: Settings,
    watched: None,
    written_as: ExportFormat,
) -> None:
    assert len(make_file(ask(ExportKind.FULL, written_as))) > 100
    assert list(settings.scratch_folder.iterdir()) == []


def test_an_upload(app: Flask, watched: None) -> None:
    """Also while it is being read: a file of no name leaves its bytes on the disk as well."""
    table = b"name;country\n" + f"{PLANTED[0]} {PLANTED[1]};Mexico\n".encode() * 40_000
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    body = head + table + b"\r\n--x--\r\n"
    with app.test_request_context(
        "/",
        method="POST",
        input_stream=io.BytesIO(body),
        content_length=len(body),
        content_type="multipart/form-data; boundary=x",
    ):
        request.max_content_length = 10_000_000
        assert request.files["file"].read() == table
        stored = open_files()
        assert len(stored) >= 1_000_000
        assert PLANTED[0].encode() not in stored


def test_what_libraries_put_down_lies_in_a_room_that_is_swept(tmp_path: Path) -> None:
    """Killed at any moment: another process removes what was left."""
    system, parent = tmp_path / "system", tmp_path / "scratch"
    system.mkdir()
    program = f"""
import os, pathlib, resource, signal, subprocess, sys, tempfile, types
package = types.ModuleType("campaign")  # `campaign/__init__.py` would import all of it
package.__path__ = [{str(HOUSE)!r}]
sys.modules["campaign"] = package
from campaign.storage import scratch
with scratch.keep_temporary_files_in(pathlib.Path({str(parent)!r})):
    open(tempfile.mkstemp()[1], "w").write("a name")
    subprocess.run([sys.executable, "-c", "import tempfile; tempfile.mkstemp()"], check=True)
    assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    environment = os.environ | {"TMPDIR": str(system)}
    subprocess.run([sys.executable, "-c", program], env=environment, check=False)
    assert list(system.iterdir()) == []
    [room] = parent.iterdir()
    assert len(list(room.iterdir())) == 2
    assert room.stat().st_mode & 0o077 == 0
    assert scratch.sweep(parent) == 1
    assert list(parent.iterdir()) == []


def test_previews_and_papers_of_a_public_case(
    app: Flask, client: FlaskClient, session: Session, watched: None
) -> None:
    campaign = make_campaign(session)
    session.commit()
    for paper in ("poster", "sheet", "by-hand"):
        page = client.get(f"/en/actions/{campaign.slug}/{paper}.pdf")
        assert page.mimetype == "application/pdf"
    sign_in(client, app, Role.ORGANIZER)
    page = client.get(f"/desk/campaigns/{campaign.slug}/preview/en/letter.pdf")
    assert page.mimetype == "application/pdf"


def test_a_dry_run_of_an_import(
    app: Flask, client: FlaskClient, session: Session, settings: Settings, watched: None
) -> None:
    sign_in(client, app, Role.ORGANIZER)
    assert "/desk/missions/imports/" in rehearsed(client, session, MISSIONS, "missions")
    assert not settings.scratch_folder.exists() or not list(settings.scratch_folder.iterdir())


@pytest.mark.timeout(300)
def test_workers_killed_at_random_leave_nothing_readable_outside_scratch(
    session: Session,
    settings: Settings,
    freeze: Callable[..., int],  # noqa: F811
    commands: Commands,
    tmp_path: Path,
) -> None:
    system, scratch_folder = tmp_path / "system", settings.scratch_folder
    system.mkdir()
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 12, given_name=PLANTED[0], own_words=PLANTED[4])
    session.commit()
    freeze(campaign.id, volume_letters=2)
    environment = {
        **os.environ,
        "CAMPAIGN_INSTANCE": str(settings.folder),
        "CAMPAIGN_DATABASE_URL": settings.sqlalchemy_url,
        "CAMPAIGN_LOG_LEVEL": "error",
        "TMPDIR": str(system),
    }
    chance = random.Random(51)
    for _kill in range(KILLS):
        jobs.queue().send("bundles.sweep")
        worker = commands.start(["worker"], environment)
        assert wait_until(session, somebody_is_at_it, 60)
        time.sleep(chance.uniform(0, 1.5))
        os.kill(worker.pid, signal.SIGKILL)
        assert list(system.iterdir()) == []
        for path in settings.folder.rglob("*"):
            if path.is_file() and scratch_folder not in path.parents:
                assert_nothing_readable(path.read_bytes(), path)
        let_leases_run_out(session)
    assert session.scalar(select(func.count(Volume.id)).where(Volume.attempt > 0)), "none printed"
    deadline = time.monotonic() + 20
    while list(scratch_folder.iterdir()) and time.monotonic() < deadline:
        scratch.sweep(scratch_folder)  # children notice in a moment that nobody is above them
        time.sleep(0.1)
    assert list(scratch_folder.iterdir()) == []


def assert_nothing_readable(body: bytes, path: Path) -> None:
    """No name, and no file that a program opens: a PDF's texts are compressed."""
    assert not body.startswith((b"%PDF", b"PK", b"\xff\xd8", b"{")), path
    for planted in PLANTED:
        assert planted.encode() not in body, path
