"""Backup and restore, on both databases."""

import dataclasses
import hashlib
import json
import shutil
import stat
import zipfile
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.commands import backup_archive
from campaign.commands.backup_archive import Accepted
from campaign.core import audit, db
from campaign.core.audit import AuditEntry
from campaign.core.errors import Refused
from campaign.core.sealing import Keyring
from campaign.core.settings import load_settings
from campaign.mail.messages import OutboxMail
from campaign.models.campaign import Campaign
from campaign.models.paper_signature import PaperSheet, SheetKind
from campaign.storage import Storage
from campaign.storage.places import LocalPlace
from tests.days import today
from tests.factories import make_campaign, make_staff_user, make_target_official
from tests.integration.commands.conftest import PDF, empty_again, pack, storage_at, unpack

ANY = Accepted(unknown_anchor=True)
OLD = Accepted(unknown_anchor=True, unsigned=True)


@pytest.mark.both_engines
def test_a_backup_comes_back_whole(filled: Flask, session: Session, tmp_path: Path) -> None:
    session.close()
    database, storage = filled.extensions["database"], filled.extensions["storage"]
    rows, _anchor = backup_archive.back_up(database, storage, tmp_path / "backup.zip")
    empty_again(filled)
    elsewhere = storage_at(tmp_path / "other", database)
    restored = backup_archive.restore(database, elsewhere, tmp_path / "backup.zip", ANY)
    assert restored.rows == rows == 4
    assert b"".join(elsewhere.chunks(PDF)) == b"%PDF- planted-name"
    with filled.app_context(), db.transaction() as fresh:
        assert list(audit.check(fresh)) == []
        mail = fresh.scalars(select(OutboxMail)).one()
        assert mail.recipient == "planted-name@example.org"
        audit.record(fresh, "staff:1", "after", "ids go on")
        actions = fresh.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
        assert actions == ["test"] * 3 + ["audit.restore", "after"]


@pytest.mark.both_engines
def test_no_id_of_what_is_deleted_is_given_again_after_a_restore(
    filled: Flask, session: Session, tmp_path: Path
) -> None:
    audit.record(session, "staff:1", "campaign.delete", "campaign:7")
    audit.record(session, "staff:1", "paper.sheet-delete", "paper-sheet:9")
    audit.record(session, "staff:1", "campaign.targets", "campaign:1", officials=[5])
    deleted = make_staff_user(session)
    session.flush()
    deleted_id = deleted.id
    session.delete(deleted)  # the manifest alone knows its id
    session.commit()
    session.close()
    database, storage = filled.extensions["database"], filled.extensions["storage"]
    for number in range(2):  # the second backup is made before anything is added
        backup = tmp_path / f"backup-{number}.zip"
        backup_archive.back_up(database, storage, backup)
        empty_again(filled)
        storage = storage_at(tmp_path / f"files-{number}", database)
        backup_archive.restore(database, storage, backup, ANY)
    with filled.app_context(), db.transaction() as fresh:
        official = make_target_official(9)
        db.add_row(fresh, official)
        assert official.id == 6
        campaign = make_campaign(fresh)
        facts = {"kind": SheetKind.SHEET, "country": "CA", "collected_on": today()}
        sheet = PaperSheet(campaign_id=campaign.id, **facts)
        db.add_row(fresh, sheet)
        assert (campaign.id, sheet.id) == (8, 10)
        assert make_staff_user(fresh).id == deleted_id + 1


def test_a_backup_is_for_its_owner_only_and_tells_nothing_without_the_key(
    filled: Flask, session: Session, tmp_path: Path
) -> None:
    session.close()
    path = tmp_path / "backup.zip"
    backup_archive.back_up(filled.extensions["database"], filled.extensions["storage"], path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with zipfile.ZipFile(path) as backup:
        assert all(b"planted-name" not in backup.read(name) for name in backup.namelist())


@pytest.mark.both_engines
def test_moments_and_rows_that_point_at_later_ones_cross_to_the_other_database(
    filled: Flask, session: Session, sqlite_template: Path, tmp_path: Path
) -> None:
    first, second = (
        make_campaign(session),
        make_campaign(session, reference="UA 2/26", slug="ua-2-26"),
    )
    first.follows_id = second.id
    session.commit()
    opened = first.opened_at
    session.close()
    database, storage = filled.extensions["database"], filled.extensions["storage"]
    backup_archive.back_up(database, storage, tmp_path / "backup.zip")
    other = load_settings(
        instance=filled.extensions["settings"].folder,  # with its keys
        database_url=f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'other.sqlite')}",
    )
    elsewhere = db.Database.of(other)
    backup_archive.restore(
        elsewhere, storage_at(tmp_path / "files", elsewhere), tmp_path / "backup.zip", ANY
    )
    with elsewhere.sessions() as there:
        assert list(audit.check(there)) == []
        copy = there.get_one(Campaign, first.id)
        assert copy.opened_at == opened
        assert copy.follows_id == second.id
    elsewhere.close()


def test_what_is_no_backup_is_refused_in_a_sentence(filled: Flask, tmp_path: Path) -> None:
    (tmp_path / "junk.zip").write_text("junk")
    with pytest.raises(Refused, match=r"not a readable backup. Nothing was changed. Try another"):
        backup_archive.restore(
            filled.extensions["database"], filled.extensions["storage"], tmp_path / "junk.zip", ANY
        )


@pytest.mark.both_engines
def test_a_restore_into_a_full_database_is_refused(
    filled: Flask, session: Session, tmp_path: Path
) -> None:
    session.close()
    database, storage = filled.extensions["database"], filled.extensions["storage"]
    backup_archive.back_up(database, storage, tmp_path / "backup.zip")
    with pytest.raises(Refused, match=r"not empty: .* Restore into a new instance"):
        backup_archive.restore(database, storage, tmp_path / "backup.zip", ANY)


@pytest.mark.both_engines
def test_a_file_that_cannot_be_opened_leaves_nothing_behind(
    filled: Flask, session: Session, tmp_path: Path
) -> None:
    """Also where the files before it, and every row, were all right."""
    session.close()
    database, storage = filled.extensions["database"], filled.extensions["storage"]
    stranger = Storage(LocalPlace(tmp_path / "odd"), Keyring(b"k" * 32), tmp_path / "scratch")
    for name in ("bundles/x/letters-002.pdf", "bundles/x/letters-003.pdf"):
        for place in (storage, stranger):
            with place.create(name) as file:
                file.write(b"%PDF- more")
    backup_archive.back_up(database, storage, tmp_path / "backup.zip")
    parts = unpack(tmp_path / "backup.zip")
    odd = "files/bundles/x/letters-003.pdf"
    parts[odd] = b"".join(stranger.sealed_chunks("bundles/x/letters-003.pdf"))
    pack(tmp_path / "mixed.zip", parts, database.keyring)
    empty_again(filled)
    elsewhere = Storage(LocalPlace(tmp_path / "other"), database.keyring, tmp_path / "scratch")
    with pytest.raises(Refused, match=r"letters-003\.pdf"):
        backup_archive.restore(database, elsewhere, tmp_path / "mixed.zip", ANY)
    assert list(elsewhere.names()) == []
    assert backup_archive.restore(database, elsewhere, tmp_path / "backup.zip", ANY).rows == 4


def test_a_damaged_backup_is_refused_by_the_name_of_what_is_damaged(
    filled: Flask, session: Session, tmp_path: Path
) -> None:
    session.close()
    database, storage = filled.extensions["database"], filled.extensions["storage"]
    backup_archive.back_up(database, storage, tmp_path / "backup.zip")
    with (
        zipfile.ZipFile(tmp_path / "backup.zip") as whole,
        zipfile.ZipFile(tmp_path / "damaged.zip", "w") as damaged,
    ):
        for name in whole.namelist():
            data = whole.read(name)
            damaged.writestr(name, data[:-1] if "audit_entry" in name else data)
    with pytest.raises(Refused, match="audit_entry"):
        backup_archive.restore(database, storage, tmp_path / "damaged.zip", ANY)


def test_a_backup_from_before_files_were_encrypted_comes_back(
    filled: Flask, session: Session, tmp_path: Path
) -> None:
    """Its files were sealed whole, and its manifest names no format."""
    session.close()
    database, storage = filled.extensions["database"], filled.extensions["storage"]
    backup_archive.back_up(database, storage, tmp_path / "backup.zip")
    parts = unpack(tmp_path / "backup.zip")
    parts[f"files/{PDF}"] = database.keyring.seal_bytes(b"%PDF- planted-name", f"files/{PDF}")
    manifest = json.loads(parts["manifest.json"])
    del manifest["format"], manifest["sizes"], parts["manifest.hmac"]
    manifest["sha256"][f"files/{PDF}"] = hashlib.sha256(parts[f"files/{PDF}"]).hexdigest()
    parts["manifest.json"] = json.dumps(manifest).encode()
    pack(tmp_path / "old.zip", parts)
    empty_again(filled)
    elsewhere = storage_at(tmp_path / "other", database)
    backup_archive.restore(database, elsewhere, tmp_path / "old.zip", OLD)
    assert b"".join(elsewhere.chunks(PDF)) == b"%PDF- planted-name"


def test_a_backup_of_another_key_is_refused(
    filled: Flask, session: Session, tmp_path: Path
) -> None:
    session.close()
    database, storage = filled.extensions["database"], filled.extensions["storage"]
    backup_archive.back_up(database, storage, tmp_path / "backup.zip")
    other = dataclasses.replace(database, keyring=Keyring(b"k" * 32))
    with pytest.raises(Refused, match="a key that is not here"):
        backup_archive.restore(other, storage, tmp_path / "backup.zip", ANY)


def test_a_backup_holds_no_list_that_is_to_be_gone_after_a_day(
    filled: Flask, session: Session, tmp_path: Path
) -> None:
    session.close()
    database, storage = filled.extensions["database"], filled.extensions["storage"]
    with storage.create("exports/1") as file:
        file.write(b"planted-name")
    backup_archive.back_up(database, storage, tmp_path / "backup.zip")
    with zipfile.ZipFile(tmp_path / "backup.zip") as backup:
        assert [name for name in backup.namelist() if name.startswith("files/")] == [f"files/{PDF}"]
