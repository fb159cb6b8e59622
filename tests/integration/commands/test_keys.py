"""Keys turn: files and backups."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from campaign.commands import backup_archive
from campaign.commands.backup_archive import Accepted
from campaign.core import db
from campaign.core.db import turn_keys
from campaign.core.errors import Refused
from campaign.core.sealing import Keyring, KeyState, _Keys
from campaign.mail.messages import OutboxMail
from campaign.storage import FileDamaged, Storage
from tests.integration.commands.conftest import PDF, empty_again, storage_at

ANY = Accepted(unknown_anchor=True)


@pytest.fixture
def ring(filled: Flask) -> Iterator[Keyring]:
    ring: Keyring = filled.extensions["database"].keyring
    yield ring
    del ring._keys[1:]
    ring.state = KeyState()


def add_key(ring: Keyring) -> None:
    ring._keys.append(_Keys.of(b"n" * 32, ring.newest + 1))


def empty(app: Flask) -> None:
    with app.extensions["database"].engine.begin() as connection:
        connection.execute(delete(db.KeyRecord))  # no migration goes back after a turn
    empty_again(app)


def rotate(app: Flask) -> None:
    with app.app_context():
        turn_keys.begin()
        for _ in turn_keys.reseal():
            pass
        turn_keys.turn()


@pytest.mark.both_engines
def test_an_old_backup_opens_with_the_old_key(
    filled: Flask, session: Session, ring: Keyring, tmp_path: Path
) -> None:
    session.close()
    database, storage = filled.extensions["database"], filled.extensions["storage"]
    old, new = tmp_path / "old.zip", tmp_path / "new.zip"
    backup_archive.back_up(database, storage, old)
    add_key(ring)
    rotate(filled)
    backup_archive.back_up(database, storage, new)
    for number, backup in enumerate((old, new)):
        ring.state = KeyState()
        empty(filled)
        elsewhere = storage_at(tmp_path / f"other-{number}", database)
        backup_archive.restore(database, elsewhere, backup, ANY)
        assert b"".join(elsewhere.chunks(PDF)) == b"%PDF- planted-name"
        with database.sessions() as fresh:
            mail = fresh.scalars(select(OutboxMail)).one()
            assert mail.recipient == "planted-name@example.org"
            state = db.read_key_state(fresh.connection())
            assert (state.sealing, state.bound) == ((1, 0), (2, 2))[number]
    ring.state = KeyState()
    empty(filled)
    ring._keys[0] = _Keys.of(b"x" * 32, 1)
    with pytest.raises(Refused, match="a key that is not here"):
        backup_archive.restore(database, storage_at(tmp_path / "no", database), old, ANY)
    ring._keys.clear()
    ring._keys.append(Keyring(*filled.extensions["settings"].data_secrets)._keys[0])


def test_a_files_own_key_turns_in_place(filled: Flask, ring: Keyring) -> None:
    storage: Storage = filled.extensions["storage"]
    before = storage.place.source(PDF).read_at(0, storage.place.size(PDF))
    add_key(ring)
    with filled.app_context():
        turn_keys.begin()
    assert storage.turn_key(PDF)
    assert not storage.turn_key(PDF)
    assert not storage.turn_key("bundles/x/gone.pdf")
    after = storage.place.source(PDF).read_at(0, storage.place.size(PDF))
    assert after[8] == 0x82
    assert (len(after), after[69:]) == (len(before), before[69:])
    assert b"".join(storage.chunks(PDF)) == b"%PDF- planted-name"
    without = Storage(storage.place, Keyring(*filled.extensions["settings"].data_secrets), Path())
    with pytest.raises(FileDamaged):
        without.open(PDF)
