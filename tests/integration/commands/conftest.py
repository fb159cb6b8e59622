"""An instance with something in it, and backups that somebody has changed."""

import hashlib
import json
import shutil
import zipfile
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.core import audit, db
from campaign.core.sealing import Keyring
from campaign.mail.messages import MailState, OutboxMail
from campaign.storage import Storage
from campaign.storage.places import LocalPlace

PDF = "bundles/x/letters-001.pdf"


@pytest.fixture
def filled(app: Flask, session: Session) -> Flask:
    for number in range(3):
        audit.record(session, "staff:1", "test", f"thing:{number}", nested={"a": 1})
    session.add(
        OutboxMail(
            kind="test",
            recipient="planted-name@example.org",
            recipient_hmac=b"h" * 32,
            locale="en",
            state=MailState.WAITING,
            due_at=db.utcnow(),
        )
    )
    session.commit()
    with app.app_context(), app.extensions["storage"].writing(PDF) as path:
        path.write_bytes(b"%PDF- planted-name")
    return app


def storage_at(folder: Path, database: db.Database) -> Storage:
    return Storage(LocalPlace(folder), database.keyring, folder.with_name("scratch"))


def empty_again(app: Flask) -> None:
    """As after its migrations: no row, and ids are counted from 1."""
    engine = app.extensions["database"].engine
    engine.dispose()
    if engine.dialect.name == "sqlite":
        path = Path(engine.url.database)
        for old in path.parent.glob(f"{path.name}*"):
            old.unlink()
        shutil.copy(path.with_name("template.sqlite"), path)
        return
    tables = ", ".join(sorted(db.Base.metadata.tables))
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))  # no triggers
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY"))


def unpack(backup: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(backup) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(target: Path, parts: dict[str, bytes], keyring: Keyring | None = None) -> None:
    """Write a backup of these parts; with the keys, manifest and HMAC are made to fit them."""
    if keyring is not None:
        manifest = json.loads(parts["manifest.json"])
        inside = {name: parts[name] for name in parts if not name.startswith("manifest.")}
        manifest["sha256"] = {n: hashlib.sha256(data).hexdigest() for n, data in inside.items()}
        manifest["sizes"] = {name: len(data) for name, data in inside.items()}
        parts["manifest.json"] = json.dumps(manifest).encode()
        parts["manifest.hmac"] = keyring.sign_backup(parts["manifest.json"]).hex().encode()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
