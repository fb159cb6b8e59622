"""Why a file could not be written is known, whatever stands between it and the disk."""

import errno
import gc
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyrage
import pytest
from xlsxwriter.exceptions import FileCreateError

from campaign.bundles.volumes import print_queue
from campaign.core import age
from campaign.exports import write_file
from campaign.exports.export_rules import Watermark
from campaign.models.export import ExportFormat, ExportKind
from campaign.storage import FilesAway

FULL_DISK = Path("/dev/full")
MARK = Watermark(
    7, "UA 1/26", ExportKind.FULL, "Ada", datetime(2026, 11, 25, 10, tzinfo=UTC), "Vetting"
)


def key() -> str:
    return str(pyrage.x25519.Identity.generate().to_public())


def workbook(folder: Path) -> Iterator[bytes]:
    """A workbook that is made on a full disk."""
    (folder / "export.xlsx").symlink_to(FULL_DISK)
    return write_file.write(ExportFormat.XLSX, MARK, ("name",), [("Ada",)], folder, locale="en")


# The last bytes of a short list are written when the library is done, of a long one on the way.
@pytest.mark.parametrize("size", [4, 1_000_000])
def test_a_full_disk_is_said_through_the_encryption(size: int) -> None:
    with (
        FULL_DISK.open("wb", buffering=0) as disk,
        pytest.raises(OSError, match="No space left") as failure,
    ):
        age.encrypt([bytes(size)], [key()], disk)
    assert print_queue.fault_of(failure.value) == print_queue.NO_ROOM


def test_a_store_that_goes_away_is_said_through_the_encryption() -> None:
    class Away:
        def write(self, _data: bytes) -> int:
            raise FilesAway("GenericError")

    with pytest.raises(FilesAway):
        age.encrypt([b"list"], [key()], Away())


# The half-made archive tries once more when it is thrown away; nobody is there to be told.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("encrypted", [False, True])
def test_a_full_disk_is_said_through_a_workbook(tmp_path: Path, encrypted: bool) -> None:
    out = io.BytesIO()
    chunks = workbook(tmp_path)
    with pytest.raises(FileCreateError) as failure:
        age.encrypt(chunks, [key()], out) if encrypted else out.writelines(chunks)
    assert print_queue.fault_of(failure.value) == print_queue.NO_ROOM
    del failure
    gc.collect()


def test_what_has_another_cause_is_not_the_disks() -> None:
    assert print_queue.fault_of(ValueError("x")) == print_queue.FAILED
    assert print_queue.fault_of(PermissionError(errno.EACCES, "x")) == print_queue.FAILED
