"""Keeping files: the same on a local folder and on an S3-compatible store."""

import os
import resource
from datetime import timedelta
from pathlib import Path

import pytest

from campaign.core import clock
from campaign.core.errors import NotFound
from campaign.core.sealing import Keyring
from campaign.storage import FileDamaged, FilesAway, Storage
from campaign.storage.places import LocalPlace
from tests.integration.storage.conftest import Bucket

NAME = "bundles/b-1/letters-001.pdf"


def put(store: Storage, data: bytes, name: str = NAME) -> None:
    with store.create(name) as file:
        file.write(data)


def test_a_file_comes_back_whole_in_parts_and_as_a_path(store: Storage) -> None:
    data = os.urandom(12_000_000)  # more than one part of an upload
    put(store, data)
    assert store.size(NAME) == len(data)
    assert b"".join(store.chunks(NAME)) == data
    with store.open(NAME) as file:
        file.seek(7_654_321)
        assert file.read(100_000) == data[7_654_321:7_754_321]
    with store.local(NAME) as path:
        assert path.read_bytes() == data
        assert path.name == "letters-001.pdf"
    assert not path.exists()


def test_a_file_says_whether_it_is_old(store: Storage) -> None:
    put(store, b"young")
    now = clock.utcnow()
    if isinstance(store.place, LocalPlace):  # the disk has a clock of its own
        os.utime(store.place.folder / NAME, (now.timestamp(), now.timestamp()))
    assert not store.is_older(NAME, now - timedelta(hours=1))
    assert store.is_older(NAME, now + timedelta(hours=1))
    assert not store.is_older("pictures/none.jpg", now)


def test_a_draft_is_encrypted_when_its_block_ends_and_dropped_when_it_fails(store: Storage) -> None:
    with store.writing(NAME) as draft:
        draft.write_bytes(b"%PDF- planted-name")
    assert b"".join(store.chunks(NAME)) == b"%PDF- planted-name"
    with pytest.raises(TypeError), store.writing("bundles/b-1/other.pdf") as draft:
        draft.write_bytes([b"half", None])  # type: ignore[arg-type]
    with pytest.raises(TypeError), store.create(NAME) as file:
        file.writelines([b"half", None])  # type: ignore[list-item]
    assert list(store.names()) == [NAME]
    assert b"".join(store.chunks(NAME)) == b"%PDF- planted-name", "the old one stays"


def test_names_are_listed_in_order_and_removed_with_their_folder(store: Storage) -> None:
    for name in ("bundles/b-1/b", "bundles/b-1/a", "bundles/b-10/a", "imports/x"):
        put(store, b"x", name)
    assert list(store.names("bundles/b-1")) == ["bundles/b-1/a", "bundles/b-1/b"]
    assert store.exists("imports/x")
    store.delete("imports/x")
    store.delete("imports/x")
    assert not store.exists("imports/x")
    store.delete_folder("bundles/b-1")
    store.delete_folder("nothing")
    assert list(store.names()) == ["bundles/b-10/a"]


def test_what_is_not_there_is_not_found_and_no_name_leads_elsewhere(store: Storage) -> None:
    for ask in (store.open, store.size):
        with pytest.raises(NotFound):
            ask("no/such")
    for name in ("../up", "/etc/passwd", "a/../../b", "", ".hidden", "a//b", "A/b", "a/.b"):
        with pytest.raises(NotFound):
            store.open(name)


def test_files_cross_sealed_from_one_place_to_another(store: Storage, tmp_path: Path) -> None:
    """As a backup does it: nothing is opened on the way."""
    put(store, b"planted-name" * 50_000)
    taken = list(store.sealed_chunks(NAME))
    assert b"planted-name" not in b"".join(taken)
    store.delete(NAME)
    store.put_sealed(NAME, taken)
    assert b"".join(store.chunks(NAME)) == b"planted-name" * 50_000
    with pytest.raises(NotFound):
        next(store.sealed_chunks("no/such"))


def test_what_was_swapped_is_an_error_and_not_a_file(store: Storage) -> None:
    put(store, b"one", "exports/1")
    store.put_sealed("exports/2", list(store.sealed_chunks("exports/1")))
    with pytest.raises(FileDamaged):
        store.open("exports/2")


def test_files_from_before_are_named_and_sealed(store: Storage) -> None:
    put(store, b"sealed", "a/sealed")
    store.put_sealed(NAME, [b"%PDF- planted-name"])
    with pytest.raises(FileDamaged) as damaged:
        store.open(NAME)
    assert damaged.value.slug == "file-not-sealed"
    assert list(store.unsealed()) == [NAME]
    store.seal_plain(NAME)
    assert b"".join(store.chunks(NAME)) == b"%PDF- planted-name"
    assert list(store.unsealed()) == []


def test_memory_does_not_grow_with_the_file(store: Storage) -> None:
    in_process = store.place.ahead >= 10  # the tests' S3 keeps its objects in this process
    pieces, piece = 24 if in_process else 80, os.urandom(1 << 20)
    put(store, piece * 4)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with store.create(NAME) as file:
        for _ in range(pieces):
            file.write(piece)
    assert sum(len(chunk) for chunk in store.chunks(NAME)) == pieces << 20
    if not in_process:
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert grown < 30_000, f"{grown} KB"


def test_a_store_that_is_away_is_said_so(bucket: Bucket, tmp_path: Path) -> None:
    gone = Bucket("http://127.0.0.1:9", bucket.name).settings(tmp_path / "instance")
    store = Storage.of(gone, Keyring(b"k" * 32))
    with pytest.raises(FilesAway) as away:
        store.open(NAME)
    assert (away.value.slug, away.value.status) == ("files-away", 503)
    with pytest.raises(FilesAway):
        store.probe()


def test_a_bucket_that_is_not_there_is_not_a_missing_file(bucket: Bucket, tmp_path: Path) -> None:
    settings = Bucket(bucket.endpoint, "no-such-bucket").settings(tmp_path / "instance")
    with pytest.raises(FilesAway, match="NoSuchBucket"):
        Storage.of(settings, Keyring(b"k" * 32)).probe()
