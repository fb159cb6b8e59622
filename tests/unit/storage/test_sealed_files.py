"""The format of files at rest, and folders for plain ones."""

import fcntl
import io
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.core.sealing import Keyring
from campaign.storage import scratch, sealed
from campaign.storage.sealed import CHUNK, Damaged, NotSealed, SealedReader, SealingWriter

RING = Keyring(b"k" * 32)
EDGES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7]


class Bytes:
    """What is stored, in memory."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = len(data)

    def read_at(self, start: int, length: int) -> bytes:
        return self.data[start : start + length]

    def close(self) -> None:
        pass


def seal(data: bytes, *, name: str = "a/b", piece: int = 10_000) -> bytes:
    sink = io.BytesIO()
    writer = SealingWriter(sink, RING, name)
    for at in range(0, len(data), piece):
        writer.write(data[at : at + piece])
    writer.finish()
    return sink.getvalue()


def read(stored: bytes, *, name: str = "a/b", ahead: int = 2) -> bytes:
    return SealedReader(Bytes(stored), RING, name, ahead=ahead).readall()


@pytest.mark.parametrize("size", EDGES)
def test_what_is_written_comes_back_and_its_size_is_known(size: int) -> None:
    data = os.urandom(size)
    stored = seal(data)
    assert read(stored) == data
    assert sealed.size_of(len(stored)) == size
    assert data[:16] not in stored or size < 4


@given(st.integers(0, 3 * CHUNK), st.integers(0, CHUNK), st.integers(1, 5))
def test_any_part_is_read_without_the_rest(start: int, length: int, ahead: int) -> None:
    data = bytes(range(256)) * (3 * CHUNK // 256) + b"end"
    file = io.BufferedReader(SealedReader(Bytes(_KEPT), RING, "a/b", ahead=ahead))
    file.seek(start)
    assert file.read(length) == data[start : start + length]


_KEPT = seal(bytes(range(256)) * (3 * CHUNK // 256) + b"end")


@pytest.mark.parametrize("at", [9, sealed.HEADER - 1, sealed.HEADER, sealed.HEADER + CHUNK, -1])
def test_a_changed_byte_is_an_error(at: int) -> None:
    stored = bytearray(seal(os.urandom(2 * CHUNK)))
    stored[at] ^= 1
    with pytest.raises(Damaged):
        read(bytes(stored))


def test_chunks_that_are_moved_left_out_or_cut_off_are_an_error() -> None:
    stored = seal(os.urandom(3 * CHUNK))
    head, size = sealed.HEADER, CHUNK + 16
    pieces = [stored[head + at * size : head + (at + 1) * size] for at in range(3)]
    for wrong in ([0, 2, 1], [0, 1], [0, 2], [1, 2], [0, 1, 2, 2], [0, 0, 2]):
        with pytest.raises(Damaged):
            read(stored[:head] + b"".join(pieces[at] for at in wrong))
    for length in (0, 5, head - 1, head, head + 3):
        with pytest.raises(Damaged):
            read(stored[:length])


def test_a_file_under_anothers_name_or_with_another_key_does_not_open() -> None:
    stored = seal(b"list")
    with pytest.raises(Damaged):
        read(stored, name="a/c")
    with pytest.raises(Damaged):
        SealedReader(Bytes(stored), Keyring(b"o" * 32), "a/b")


def test_a_plain_file_is_never_taken_for_a_sealed_one() -> None:
    with pytest.raises(NotSealed):
        read(b"%PDF-1.7 planted")


def test_a_room_is_gone_when_its_block_ends_however_it_ends(tmp_path: Path) -> None:
    with scratch.make_folder(tmp_path) as folder:
        assert folder.stat().st_mode & 0o077 == 0
        (folder / "plain").write_text("planted")
    with pytest.raises(FileNotFoundError), scratch.make_folder(tmp_path) as folder:
        (folder / "not" / "there").write_text("planted")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_swept_and_what_is_in_use_is_not(tmp_path: Path) -> None:
    left = tmp_path / "left"
    left.mkdir()
    (left / "plain").write_text("planted")
    with scratch.make_folder(tmp_path) as used:
        assert scratch.sweep(tmp_path) == 1
        assert used.exists()
        assert not left.exists()
    assert scratch.sweep(tmp_path / "nowhere") == 0


def test_a_room_that_was_swept_before_it_was_locked_is_not_used(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    sweeper = os.open(folder, os.O_RDONLY)
    fcntl.flock(sweeper, fcntl.LOCK_EX)
    handles: list[int | None] = []
    maker = threading.Thread(target=lambda: handles.append(scratch.lock_new(folder)))
    maker.start()
    while sum(link.resolve() == folder for link in Path("/proc/self/fd").iterdir()) < 2:
        pass  # until the maker has it open
    folder.rmdir()
    os.close(sweeper)
    maker.join()
    assert handles == [None]
    assert scratch.lock_new(folder) is None
