"""Backups that somebody has changed, forged or encrypted, and audits that are not the known one."""

import json
import stat
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pyrage
import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign import migrations
from campaign.cli import campaign as command
from campaign.commands import backup_archive, backup_manifest
from campaign.commands.backup_archive import Accepted, Restored
from campaign.core import age, audit, db
from campaign.core.audit import Anchor, AuditEntry
from campaign.core.errors import Refused, UnsafeSettings
from campaign.core.sealing import Keyring
from campaign.core.settings import load_settings
from campaign.storage import Storage
from tests.integration.commands.conftest import PDF, pack, storage_at, unpack

ANY = Accepted(unknown_anchor=True)


@dataclass
class Backup:
    """A backup of a filled instance, and an empty one to restore it into."""

    path: Path
    anchor: Anchor
    source: db.Database
    database: db.Database
    storage: Storage

    def restore(self, accepted: Accepted = ANY, path: Path | None = None) -> Restored:
        return backup_archive.restore(self.database, self.storage, path or self.path, accepted)

    def change(
        self, change: Callable[[dict[str, bytes]], object], *, keyring: Keyring | None
    ) -> Path:
        """Write a changed copy; with the keys, manifest and HMAC are made to fit it."""
        parts = unpack(self.path)
        change(parts)
        changed = self.path.with_name("changed.zip")
        pack(changed, parts, keyring)
        return changed

    def actions(self) -> list[str]:
        with self.database.sessions() as session:
            return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))

    def assert_empty(self) -> None:
        assert self.actions() == []
        assert list(self.storage.names()) == []


@pytest.fixture
def empty_database(filled: Flask, sqlite_template: Path, tmp_path: Path) -> Iterator[db.Database]:
    copy = tmp_path / "empty.sqlite"
    copy.write_bytes(sqlite_template.read_bytes())
    folder = filled.extensions["settings"].folder
    database = db.Database.of(load_settings(instance=folder, database_url=f"sqlite:///{copy}"))
    yield database
    database.close()


@pytest.fixture
def backup(filled: Flask, session: Session, empty_database: db.Database, tmp_path: Path) -> Backup:
    session.close()
    database, path = filled.extensions["database"], tmp_path / "backup.zip"
    _rows, anchor = backup_archive.back_up(database, filled.extensions["storage"], path)
    there = storage_at(tmp_path / "there", empty_database)
    return Backup(path, anchor, database, empty_database, there)


def test_a_changed_row_is_refused_though_the_manifest_was_made_to_fit(backup: Backup) -> None:
    def change(parts: dict[str, bytes]) -> None:
        rows = parts["rows/outbox_mail.jsonl"]
        parts["rows/outbox_mail.jsonl"] = rows.replace(b'"locale": "en"', b'"locale": "fr"')

    forged = backup.change(change, keyring=Keyring(b"k" * 32))
    with pytest.raises(Refused, match="HMAC of its manifest"):
        backup.restore(path=forged)
    backup.assert_empty()
    assert backup.restore(path=backup.change(change, keyring=backup.source.keyring)).signed


def test_the_key_of_the_hmac_is_no_other_keys(backup: Backup) -> None:
    keyring, parts = backup.source.keyring, unpack(backup.path)
    for purpose in ("backup", "manifest", ""):
        assert (
            parts["manifest.hmac"].decode()
            != keyring.fingerprint(parts["manifest.json"].decode(), purpose).hex()
        )


def _strip(parts: dict[str, bytes]) -> None:
    """What an earlier version wrote, or who has no key."""
    manifest = json.loads(parts["manifest.json"])
    manifest["format"] = 2
    del manifest["sizes"], parts["manifest.hmac"]
    parts["manifest.json"] = json.dumps(manifest).encode()


def test_a_manifest_without_hmac_is_taken_only_knowingly_and_the_audit_says_so(
    backup: Backup,
) -> None:
    old = backup.change(_strip, keyring=None)
    with pytest.raises(Refused, match="--unsigned"):
        backup.restore(path=old)
    backup.assert_empty()
    assert not backup.restore(replace(ANY, unsigned=True), old).signed
    with backup.database.sessions() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert entry is not None
        assert (entry.action, entry.actor) == ("audit.restore", "command")
        assert entry.detail == {"entries": 3, "anchor": "unknown", "signed": False}
        assert list(audit.check(session)) == []


def test_taking_the_hmac_out_alone_does_not_make_it_an_old_one(backup: Backup) -> None:
    bare = backup.change(lambda parts: parts.pop("manifest.hmac"), keyring=None)
    with pytest.raises(Refused, match="not a readable backup"):
        backup.restore(replace(ANY, unsigned=True), bare)


_NO_MANIFESTS = (
    b"[]",
    b"1",
    b"{}",
    b"[" * 200_000,
    b'{"revision": "1", "sha256": []}',
    b'{"revision": "1", "sha256": {}, "format": 1e999}',
    b'{"revision": "1", "sha256": {}, "sizes": {"a": null}}',
    b'{"revision": "1", "sha256": {}, "newest_ids": {"letter": 2147483648}}',
    b'{"revision": "1", "sha256": {}, "newest_ids": {"letter": 0}}',
    b'{"revision": "1", "sha256": {}, "newest_ids": {"letter": null}}',
    b'{"revision": "1", "sha256": {}, "newest_ids": []}',
    b"\xff",
)


def test_a_manifest_that_is_none_of_ours_is_refused(backup: Backup) -> None:
    for manifest in _NO_MANIFESTS:

        def change(parts: dict[str, bytes], manifest: bytes = manifest) -> None:
            parts["manifest.json"] = manifest

        with pytest.raises(Refused, match="its manifest cannot be read"):
            backup.restore(replace(ANY, unsigned=True), backup.change(change, keyring=None))
        backup.assert_empty()


def test_a_backup_whose_audit_is_known_comes_back_without_a_word(backup: Backup) -> None:
    assert backup.restore(Accepted([backup.anchor])).anchor == "fits"
    assert backup.actions() == ["test"] * 3 + ["audit.restore"]


def test_an_audit_that_no_anchor_vouches_for_is_refused(backup: Backup) -> None:
    with pytest.raises(Refused, match="--unknown-anchor"):
        backup.restore(Accepted(older=True))
    backup.assert_empty()


def test_an_older_backup_is_taken_only_knowingly(backup: Backup) -> None:
    later = Anchor(5, 5, b"d" * 32)
    with pytest.raises(Refused, match="--older"):
        backup.restore(Accepted([later]))
    with pytest.raises(Refused, match="--older"):
        backup.restore(Accepted([later], unknown_anchor=True))
    backup.assert_empty()
    assert backup.restore(Accepted([later], older=True)).anchor == "older"
    assert backup.actions()[-1] == "audit.restore"


def test_another_audit_is_taken_only_knowingly(backup: Backup) -> None:
    other = Anchor(2, 2, b"d" * 32)
    with pytest.raises(Refused, match="rewritten at entry 2"):
        backup.restore(Accepted([backup.anchor, other], older=True))
    backup.assert_empty()
    assert backup.restore(Accepted([other], unknown_anchor=True)).anchor == "unknown"


_ELSEWHERE = (
    "/etc/cron.d/x",
    "files//etc/cron.d/x",
    "files/../../data.key",
    "files/bundles/../../data.key",
    "../files/x",
    "files/bundles\\..\\..\\x",
    "files\\bundles\\x",
    "C:/x",
    "files/C:/x",
    "files/C:x",
    "files/bundles/",
    "files/.hidden",
    "rows/../x.jsonl",
    "rows/audit_entry.jsonl/x",
    "rows/nothing.jsonl",
    "settings.toml",
)


def test_a_name_that_leads_elsewhere_is_refused_also_in_a_signed_manifest(backup: Backup) -> None:
    for name in _ELSEWHERE:

        def change(parts: dict[str, bytes], name: str = name) -> None:
            parts[name] = parts[f"files/{PDF}"]

        changed = backup.change(change, keyring=backup.source.keyring)
        with pytest.raises(Refused, match=r"points outside it|tables do not"):
            backup.restore(path=changed)
        backup.assert_empty()


def test_a_name_that_ends_before_it_ends_is_refused(backup: Backup) -> None:
    """`zipfile` reads names up to their first NUL; another program may not."""
    data = backup.path.read_bytes()
    name = f"files/{PDF}".encode()
    backup.path.write_bytes(data.replace(name, name[:-4] + b"\0pdf"))
    with pytest.raises(Refused, match="points outside it"):
        backup.restore()


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFDIR])
def test_what_is_no_plain_file_is_refused(backup: Backup, kind: int) -> None:
    parts = unpack(backup.path)
    link = zipfile.ZipInfo(f"files/{PDF}")
    link.external_attr = (kind | 0o777) << 16
    with zipfile.ZipFile(backup.path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(link if name == link.filename else name, data)
    with pytest.raises(Refused, match="not a file"):
        backup.restore()
    backup.assert_empty()


def test_an_entry_that_the_manifest_does_not_name_is_refused(backup: Backup) -> None:
    def change(parts: dict[str, bytes]) -> None:
        parts["files/bundles/x/letters-009.pdf"] = parts[f"files/{PDF}"]

    with pytest.raises(Refused, match="not in its manifest"):
        backup.restore(path=backup.change(change, keyring=None))
    backup.assert_empty()


def test_an_entry_that_is_missing_is_refused(backup: Backup) -> None:
    bare = backup.change(lambda parts: parts.pop(f"files/{PDF}"), keyring=None)
    with pytest.raises(Refused, match="is missing"):
        backup.restore(path=bare)


def test_an_entry_that_stands_there_twice_is_refused(backup: Backup) -> None:
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(backup.path, "a") as archive:
        archive.writestr(f"files/{PDF}", b"another")
    with pytest.raises(Refused, match="twice"):
        backup.restore()


def test_an_entry_of_the_right_size_with_other_bytes_is_refused(backup: Backup) -> None:
    def change(parts: dict[str, bytes]) -> None:
        data = parts[f"files/{PDF}"]
        parts[f"files/{PDF}"] = data[:-1] + bytes([data[-1] ^ 1])

    with pytest.raises(Refused, match=r"damaged: files/bundles/x/letters-001\.pdf"):
        backup.restore(path=backup.change(change, keyring=None))
    backup.assert_empty()


def test_an_entry_longer_than_the_manifest_says_is_refused_before_it_is_unpacked(
    backup: Backup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bomb: 200 MB of nothing in 200 KB."""

    def change(parts: dict[str, bytes]) -> None:
        parts["rows/audit_entry.jsonl"] = bytes(200_000_000)

    parts = unpack(backup.path)
    change(parts)
    with zipfile.ZipFile(backup.path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    assert backup.path.stat().st_size < 2_000_000
    opened: list[str] = []
    real = zipfile.ZipFile.open

    def spy(self: zipfile.ZipFile, name: str | zipfile.ZipInfo, *args: str, **more: bool) -> object:
        opened.append(name if isinstance(name, str) else name.filename)
        return real(self, name, *args, **more)  # type: ignore[arg-type]  # handed on as it came

    monkeypatch.setattr(zipfile.ZipFile, "open", spy)
    with pytest.raises(Refused, match=r"audit_entry\.jsonl has the wrong size"):
        backup.restore()
    assert set(opened) == {"manifest.json", "manifest.hmac"}


def test_a_bomb_that_names_the_right_size_is_cut_off_there(backup: Backup) -> None:
    parts = unpack(backup.path)
    size = len(parts["rows/audit_entry.jsonl"])
    parts["rows/audit_entry.jsonl"] = bytes(size + 5_000_000)
    with zipfile.ZipFile(backup.path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    data = backup.path.read_bytes()
    backup.path.write_bytes(
        data.replace(struct.pack("<L", size + 5_000_000), struct.pack("<L", size))
    )
    with pytest.raises(Refused, match="damaged: rows/audit_entry"):
        backup.restore()
    backup.assert_empty()


def test_a_manifest_of_endless_length_is_refused(
    backup: Backup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup_manifest, "_LARGEST", 100)
    with pytest.raises(Refused, match="too long"):
        backup.restore()


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_is_packed_in_another_way_is_refused(backup: Backup, method: int) -> None:
    parts = unpack(backup.path)
    with zipfile.ZipFile(backup.path, "w", method) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    with pytest.raises(Refused, match="compressed in an unknown way"):
        backup.restore()


# Encrypted to recipients


@pytest.fixture
def identity(tmp_path: Path) -> Path:
    path = tmp_path / "identity.txt"
    path.write_text(f"# kept on another machine\n{pyrage.x25519.Identity.generate()}\n")
    path.chmod(0o600)
    return path


def recipient_of(identity: Path) -> str:
    secret = identity.read_text().splitlines()[-1]
    return str(pyrage.x25519.Identity.from_str(secret).to_public())


@pytest.fixture
def encrypted(filled: Flask, backup: Backup, identity: Path) -> Backup:
    path = backup.path.with_name("backup.age")
    keys = [recipient_of(identity), str(pyrage.x25519.Identity.generate().to_public())]
    backup_archive.back_up(backup.source, filled.extensions["storage"], path, keys)
    return replace(backup, path=path)


def test_an_encrypted_backup_tells_nothing_and_opens_with_the_identity(
    encrypted: Backup, identity: Path
) -> None:
    data = encrypted.path.read_bytes()
    for told in (b"manifest", b"rows/", b"audit_entry", b"letters-001", b"PK\x03\x04"):
        assert told not in data
    assert stat.S_IMODE(encrypted.path.stat().st_mode) == 0o600
    with pytest.raises(Refused, match="--identity"):
        encrypted.restore()
    known = Accepted([encrypted.anchor])
    restored = backup_archive.restore(
        encrypted.database, encrypted.storage, encrypted.path, known, identity
    )
    assert (restored.rows, restored.anchor, restored.signed) == (4, "fits", True)
    assert b"".join(encrypted.storage.chunks(PDF)) == b"%PDF- planted-name"
    scratch = encrypted.path.parent / "scratch"
    assert list(scratch.iterdir()) == []


def test_no_byte_of_an_encrypted_backup_lies_plain_on_a_disk(
    filled: Flask, backup: Backup, identity: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it is killed in the middle."""
    folder = backup.path.with_name("safe")
    folder.mkdir()
    storage: Storage = filled.extensions["storage"]
    with storage.create("bundles/x/letters-002.pdf") as file:
        file.write(bytes(2_000_000))
    seen: list[bytes] = []
    real = storage.sealed_chunks

    def watch(name: str) -> object:
        for chunk in real(name):
            seen.extend(path.read_bytes() for path in folder.iterdir())
            yield chunk

    monkeypatch.setattr(storage, "sealed_chunks", watch)
    backup_archive.back_up(backup.source, storage, folder / "b", [recipient_of(identity)])
    assert max(map(len, seen)) > 1_000_000
    assert all(data.startswith(age.MARK) or not data for data in seen)
    assert not any(b"PK\x03\x04" in data or b"rows/" in data for data in seen)


def test_a_backup_that_fails_leaves_nothing_behind(
    filled: Flask, backup: Backup, identity: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = backup.path.with_name("safe")
    folder.mkdir()
    storage: Storage = filled.extensions["storage"]

    def full(_name: str) -> object:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage, "sealed_chunks", full)
    for keys in ([], [recipient_of(identity)]):
        with pytest.raises(OSError, match="No space"):
            backup_archive.back_up(backup.source, storage, folder / "b", keys)
        assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    ["", "nothing", f"{pyrage.x25519.Identity.generate()}"],
    ids=["empty", "nothing", "another"],
)
def test_another_identity_opens_nothing(encrypted: Backup, tmp_path: Path, content: str) -> None:
    other = tmp_path / "other.txt"
    other.write_text(content)
    other.chmod(0o600)
    with pytest.raises(Refused, match=r"other\.txt"):
        backup_archive.restore(encrypted.database, encrypted.storage, encrypted.path, ANY, other)
    encrypted.assert_empty()


def test_an_encrypted_backup_that_was_cut_off_is_refused(encrypted: Backup, identity: Path) -> None:
    encrypted.path.write_bytes(encrypted.path.read_bytes()[:-1])
    with pytest.raises(Refused, match="cut off"):
        backup_archive.restore(encrypted.database, encrypted.storage, encrypted.path, ANY, identity)


def test_an_identity_that_others_can_read_is_refused(encrypted: Backup, identity: Path) -> None:
    identity.chmod(0o644)
    with pytest.raises(UnsafeSettings, match="can be read by others"):
        backup_archive.restore(encrypted.database, encrypted.storage, encrypted.path, ANY, identity)


@pytest.mark.parametrize(
    "key",
    ["age1nonsense", str(pyrage.x25519.Identity.generate()), "x@y.org"],
    ids=["nonsense", "private", "address"],
)
def test_a_setting_to_which_nothing_can_be_encrypted_stops_the_start(
    tmp_path: Path, key: str
) -> None:
    with pytest.raises(UnsafeSettings, match="backup_recipients must be public keys") as raised:
        load_settings(instance=tmp_path / "instance", backup_recipients=key)
    assert key not in str(raised.value)


def copy_keys(app: Flask, folder: Path) -> Path:
    folder.mkdir()
    for name in ("data.key", "secret.key"):
        (folder / name).write_bytes((app.extensions["settings"].folder / name).read_bytes())
        (folder / name).chmod(0o600)
    return folder


def test_a_backup_of_an_earlier_version_comes_back_and_is_brought_up(
    filled: Flask, session: Session, sqlite_template: Path, tmp_path: Path
) -> None:
    """Its revision is older, its manifest has no HMAC."""
    session.close()
    database, path = filled.extensions["database"], tmp_path / "backup.zip"
    migrations.downgrade(database.engine, "-1")
    _rows, anchor = backup_archive.back_up(database, filled.extensions["storage"], path)
    revision = migrations.current_revision(database.engine)
    parts = unpack(path)
    _strip(parts)
    pack(path, parts)
    instance = copy_keys(filled, tmp_path / "moved")
    (instance / "campaign.sqlite").write_bytes(sqlite_template.read_bytes())

    def run(*arguments: str) -> Result:
        env = {"CAMPAIGN_INSTANCE": str(instance)}
        return CliRunner().invoke(command, list(arguments), env=env)

    known = ["restore", str(path), "--anchor", str(anchor), "--unsigned"]
    assert f"campaign db downgrade {revision}" in str(run(*known).exception)
    assert run("db", "downgrade", "--yes", str(revision)).exit_code == 0
    restored = run(*known)
    assert restored.exit_code == 0, restored.output
    assert "Run: campaign db upgrade" in restored.stdout
    assert "could not check who made this backup" in restored.stderr
    assert run("db", "upgrade").exit_code == 0
    assert run("db", "check").exit_code == 0
    assert run("audit", "verify").stdout.startswith("All 4 entries are intact.")


@pytest.mark.both_engines
def test_the_commands_say_what_was_taken_knowingly(
    filled: Flask, backup: Backup, identity: Path, tmp_path: Path
) -> None:
    instance = copy_keys(filled, tmp_path / "moved")

    def run(*arguments: str) -> Result:
        env = {
            "CAMPAIGN_INSTANCE": str(instance),
            "CAMPAIGN_BACKUP_RECIPIENTS": recipient_of(identity),
        }
        return CliRunner().invoke(command, list(arguments), env=env)

    refused = run("restore", str(backup.path))
    assert isinstance(refused.exception, Refused)
    (instance / "audit.anchor").write_text(
        audit.seal_anchor(backup.source.keyring, Anchor(5, 5, b"d" * 32))
    )
    refused = run("restore", str(backup.path), "--anchor", str(backup.anchor))
    assert "--older" in str(refused.exception)
    taken = run("restore", str(backup.path), "--older")
    assert taken.exit_code == 0, taken.stderr
    assert "this backup is older" in taken.stderr
    assert taken.stdout == "Restored 4 rows.\n"
    backed_up = run("backup", str(tmp_path / "new.age"))
    assert "encrypted with 1 key." in backed_up.stdout
    assert run("audit", "verify", "--backup", str(tmp_path / "new.age")).exit_code == 1
    known = ["--backup", str(tmp_path / "new.age"), "--identity", str(identity)]
    assert run("audit", "verify", *known).stdout.startswith("All 5 entries are intact.")
    assert f"--anchor {_anchor_of(instance)}" in backed_up.stdout


def _anchor_of(instance: Path) -> Anchor:
    database = db.Database.of(load_settings(instance=instance))
    with database.sessions() as session:
        anchor = audit.head(session)
    database.close()
    return anchor


def test_a_keyring_is_not_quoted_in_a_traceback() -> None:
    assert "_key=" not in repr(Keyring(b"k" * 32))
