"""An instance whose files lie in S3, and what a thief of any instance finds."""

import io
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign import migrations, storage
from campaign.bundles import downloads
from campaign.bundles import find_bundles as bundles
from campaign.bundles.documents.verify import verify_copy
from campaign.cli import campaign as command
from campaign.commands import backup_archive
from campaign.commands.backup_archive import Accepted
from campaign.core import db, jobs
from campaign.core.settings import Settings, load_settings
from campaign.exports import requests as exports
from campaign.models.bundle import Bundle, BundleState
from campaign.models.campaign import Campaign
from campaign.models.export import ExportFormat, ExportKind
from campaign.models.paper_signature import PaperSheet, SheetKind
from campaign.models.staff import Role, StaffUser
from campaign.paper_signatures import scans, sheets
from tests.days import today
from tests.factories import add_confirmed, make_campaign, make_staff_user, post, sign_in
from tests.integration.bundles.conftest import freeze, print_bundle  # noqa: F401 — fixtures
from tests.integration.storage.conftest import Bucket

PLANTED = ("Plantina", "Namelosa", "Hintertux", "plantina@example.org", "Unheard-of words")


@pytest.fixture(params=["local", "s3"])
def settings(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Settings:
    """Settings of an instance on either kind of place."""
    instance, limits = tmp_path / "instance", {"burst_per_network": 10_000}
    if request.param == "local":
        return load_settings(instance=instance, database_url=database_url, **limits)
    bucket: Bucket = request.getfixturevalue("bucket")
    return bucket.settings(instance, database_url=database_url, **limits)


def run(settings: Settings, *arguments: str) -> Result:
    env = {
        "CAMPAIGN_INSTANCE": str(settings.folder),
        "CAMPAIGN_DATABASE_URL": settings.database_url,
        "CAMPAIGN_FILES": settings.files,
        "CAMPAIGN_S3_ENDPOINT": settings.s3_endpoint,
        "CAMPAIGN_S3_KEY_ID": settings.s3_key_id,
        "CAMPAIGN_S3_SECRET": settings.s3_secret.get_secret_value(),
    }
    return CliRunner().invoke(command, list(arguments), env=env)


@pytest.fixture
def bundle(
    session: Session,
    freeze: Callable[..., int],  # noqa: F811
    print_bundle: Callable[[int], BundleState],  # noqa: F811
) -> str:
    """A printed bundle of planted people; gives its public id."""
    campaign = make_campaign(session)
    add_confirmed(
        session,
        campaign,
        5,
        given_name=PLANTED[0],
        family_name=PLANTED[1],
        locality=PLANTED[2],
        own_words=PLANTED[4],
    )
    session.commit()
    bundle_id = freeze(campaign.id, volume_letters=2)
    assert print_bundle(bundle_id) is BundleState.READY
    session.rollback()
    return session.get_one(Bundle, bundle_id).public_id


def test_a_bundle_is_printed_kept_and_streamed(
    app: Flask, client: FlaskClient, settings: Settings, bundle: str, tmp_path: Path
) -> None:
    sign_in(client, app, Role.STAFF)
    answers = [post(client, f"/desk/bundles/{bundle}/download") for _ in range(2)]
    assert answers[0].data == answers[1].data
    assert int(answers[0].headers["Content-Length"]) == len(answers[0].data)
    (tmp_path / "b.zip").write_bytes(answers[0].data)
    verified = verify_copy(tmp_path / "b.zip")
    assert (verified.findings, verified.letters, verified.volumes) == ([], 5, 3)
    assert list(settings.scratch_folder.iterdir()) == []
    if settings.files:
        assert not settings.files_folder.exists()


def test_a_download_fetches_only_as_far_as_it_is_read(
    app: Flask, session: Session, bundle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    store: storage.Storage = app.extensions["storage"]
    real = store.place.source
    monkeypatch.setattr(store.place, "source", lambda name: (opened.append(name), real(name))[1])
    frozen = bundles.get_bundle(session, bundle)
    with app.test_request_context():
        download = downloads.open_download(session, frozen, store, by=None, actor="command")
        assert opened == []
        chunks = iter(download.chunks)
        next(chunks)
        next(chunks)
        assert len(opened) == 1
        assert sum(len(chunk) for chunk in chunks) > 0
    assert len(opened) == len(set(opened)) >= 3 + 7


def test_the_doctor_tries_the_files_and_names_what_is_not_encrypted(settings: Settings) -> None:
    assert run(settings, "db", "check").exit_code == 0
    report = run(settings, "doctor").stdout
    assert "files      ok" in report
    store = storage.Storage.of(settings, db.Database.of(settings).keyring)
    store.put_sealed("bundles/b-1/letters-001.pdf", [b"%PDF- from before"])
    report = run(settings, "doctor").stdout
    assert "files      to fix" in report
    assert "Run: campaign files encrypt" in report
    if not settings.files:
        assert "Run: campaign files encrypt" in run(settings, "db", "upgrade").stderr
    assert "Encrypted 1 files." in run(settings, "files", "encrypt").stdout
    assert "Every file is already encrypted" in run(settings, "files", "encrypt").stdout
    assert b"".join(store.chunks("bundles/b-1/letters-001.pdf")) == b"%PDF- from before"


def test_a_backup_and_its_restore_pass_by_either_place(
    app: Flask, settings: Settings, session: Session, bundle: str, tmp_path: Path
) -> None:
    session.close()
    store: storage.Storage = app.extensions["storage"]
    before = {name: b"".join(store.chunks(name)) for name in store.names()}
    assert len(before) >= 3 + 7
    backup_archive.back_up(app.extensions["database"], store, tmp_path / "b.zip")
    with ZipFile(tmp_path / "b.zip") as backup:
        everything = b"".join(backup.read(name) for name in backup.namelist())
    assert_nothing_told(everything)
    for name in before:
        store.delete(name)
    other = load_settings(instance=tmp_path / "other", data_key=_key_of(settings), database_url="")
    there = db.Database.of(other)

    migrations.upgrade(there.engine)
    elsewhere = storage.Storage.of(other, there.keyring)
    backup_archive.restore(there, elsewhere, tmp_path / "b.zip", Accepted(unknown_anchor=True))
    there.close()
    assert {name: b"".join(elsewhere.chunks(name)) for name in elsewhere.names()} == before


def _key_of(settings: Settings) -> str:
    return (settings.folder / "data.key").read_text()


def assert_nothing_told(data: bytes) -> None:
    for planted in PLANTED:
        assert planted.encode() not in data, planted
        assert planted.encode("utf-16-be") not in data, planted


@pytest.mark.both_engines
def test_a_copy_of_database_and_files_without_the_key_tells_nothing(
    app: Flask, session: Session, settings: Settings, bundle: str
) -> None:
    """Rows, volumes, lists, scans, exports: none holds a planted name, nor is what it was."""
    staff = make_staff_user(session, Role.STAFF)
    campaign = session.scalars(select(Campaign)).one()
    add_confirmed(session, campaign, 1, email=PLANTED[3], given_name=PLANTED[0])
    session.commit()
    picture = io.BytesIO()
    Image.new("RGB", (400, 300), "white").save(picture, "JPEG", comment=PLANTED[0].encode())
    with app.app_context():
        scan = scans.read_scan(picture.getvalue(), of_sheet=True)
    with app.app_context(), db.transaction() as writing:
        sheet = sheets.make_sheet(
            writing,
            PaperSheet(
                campaign=writing.get_one(Campaign, campaign.id),
                kind=SheetKind.SHEET,
                collected_on=today(),
                country="CA",
                place="Square",
                created_by_id=staff.id,
            ),
            actor="staff:1",
        )
        scans.keep_scan(writing, scan, actor="staff:1", sheet_id=sheet.id)
        for written_as in ExportFormat:
            export = exports.ask(
                writing,
                campaign=writing.get_one(Campaign, campaign.id),
                bundle=None,
                kind=ExportKind.FULL,
                written_as=written_as,
                locale="en",
                reason="To look at all of it.",
                keys=[],
                by=writing.get_one(StaffUser, staff.id),
                settings=settings,
            )
            db.after_commit(writing, lambda number=export.id: jobs.run_now("exports.make", number))
    store: storage.Storage = app.extensions["storage"]
    names = list(store.names())
    assert {name.partition("/")[0] for name in names} == {"bundles", "scans", "exports"}
    for name in names:
        kept = b"".join(store.sealed_chunks(name))
        assert_nothing_told(kept)
        plain = b"".join(store.chunks(name))
        assert plain[:64] not in kept, f"{name} lies there as it is"
    for path in settings.folder.rglob("*"):
        if path.is_file() and path.name not in {"data.key", "secret.key"}:
            assert_nothing_told(path.read_bytes())
    session.close()
    engine = app.extensions["database"].engine
    with engine.connect() as connection:
        for table in backup_archive.tables_of(engine):
            for line in backup_archive._lines(connection, table):
                assert_nothing_told(line)
    if engine.dialect.name == "sqlite":
        folder = Path(engine.url.database or "").parent
        for path in folder.glob("campaign.sqlite*"):
            assert_nothing_told(path.read_bytes())


def test_while_the_files_are_away_pages_say_so_and_printing_is_tried_again(
    app: Flask, client: FlaskClient, bundle: str, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    store: storage.Storage = app.extensions["storage"]

    def away(*_: object) -> None:
        raise storage.FilesAway("GenericError")

    for name in ("source", "size", "listing", "taking"):
        monkeypatch.setattr(store.place, name, away)
    sign_in(client, app, Role.STAFF)
    answer = post(client, f"/desk/bundles/{bundle}/download")
    assert answer.status_code == 503
    assert "We cannot reach the stored files" in answer.text
    assert client.get(f"/desk/bundles/{bundle}").status_code == 200
