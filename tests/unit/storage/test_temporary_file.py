"""Temporary files: any place is read as it was written, and a disk holds none of it."""

import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.storage.scratch import temporary_file

PLANTED = b"Plantina Namelosa, Hintertux"


def open_files() -> bytes:
    """What lies in the files that this process has open and that have no name any more."""
    content = b""
    for link in Path("/proc/self/fd").iterdir():
        try:
            if link.readlink().name.endswith("(deleted)"):
                with os.fdopen(os.open(link, os.O_RDONLY), "rb") as file:
                    content += file.read()
        except OSError:
            continue
    return content


@given(pieces=st.lists(st.binary(max_size=70), max_size=8), place=st.integers(0, 300))
def test_any_place_reads_as_it_was_written(pieces: list[bytes], place: int) -> None:
    whole = b"".join(pieces)
    with temporary_file() as file:
        for piece in pieces:
            file.write(piece)
        file.seek(place)
        assert file.read(33) == whole[place : place + 33]
        file.seek(0)
        assert file.read() == whole


def test_a_long_file_lies_on_the_disk_encrypted() -> None:
    with temporary_file() as file:
        file.write(PLANTED * 40_000)
        file.flush()
        stored = open_files()
        assert len(stored) >= 1_000_000, "it is not where this test looks"
        assert PLANTED not in stored
        file.seek(len(PLANTED))
        assert file.read(len(PLANTED)) == PLANTED


def test_nothing_is_written_twice_at_one_place() -> None:
    with temporary_file() as file:
        file.raw.write(b"first")
        file.raw.seek(0)
        with pytest.raises(io.UnsupportedOperation):
            file.raw.write(b"other")
