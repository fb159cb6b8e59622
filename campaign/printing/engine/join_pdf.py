"""PDFs joined into one, and files put in place whole.

A full disk costs an error, and not the process: what a write raises within qpdf ends the whole
process where qpdf computes a digest of what it writes (`deterministic_id`). So nothing is raised
there; it is kept, and raised afterwards.
"""

import contextlib
import hashlib
import io
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypedDict, cast

import pikepdf

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer


@dataclass(frozen=True, slots=True)
class PdfFile:
    path: Path
    pages: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Piece:
    path: Path
    first: int  # index of the first page in that PDF, from 0
    pages: int


@contextlib.contextmanager
def replace_when_done(out: Path) -> Iterator[Path]:
    """Give a temporary path beside `out` that takes its place when the block ends well.

    The data is on the disk before the name is: a crash leaves the old file or the new one.
    """
    handle, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.", suffix=".part")
    os.close(handle)
    path = Path(name)
    try:
        yield path
        with path.open("rb") as file:
            os.fsync(file.fileno())
        mask = os.umask(0o077)
        os.umask(mask)
        path.chmod(0o644 & ~mask)
        path.replace(out)
        folder = os.open(out.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def folder_beside(out: Path) -> Iterator[Path]:
    """A folder for the parts of `out`, gone when the block ends; never in the system's own."""
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".parts-") as folder:
        yield Path(folder)


def join(
    parts: Sequence[Path | Piece],
    out: Path,
    *,
    title: str,
    language: str,
    fresh_sheets: bool = False,
    outline: Sequence[tuple[str, int]] = (),
) -> PdfFile:
    """Join PDFs, or pages of them, in order, into `out`; the same bytes for the same parts.

    :param fresh_sheets: a blank page follows each part that ends on the front of a sheet, so that
        the next one begins on a sheet of its own when both sides are printed.
    :param outline: bookmarks, each a text and the page it leads to, counted from 1.
    :param title: title in the metadata, shown by viewers instead of the file's name.
    :param language: BCP 47 tag of the document's language.
    """
    with ExitStack() as stack:
        pdf = stack.enter_context(pikepdf.new())
        # Pages of one file must come from it opened once, or they would not share their fonts.
        open_once = cache(lambda path: stack.enter_context(pikepdf.open(path)))
        for part in parts:
            if isinstance(part, Piece):
                pages = open_once(part.path).pages
                pdf.pages.extend(pages[part.first : part.first + part.pages])
            else:
                pdf.pages.extend(open_once(part).pages)
            if fresh_sheets and len(pdf.pages) % 2:
                _, _, width, height = (float(edge) for edge in pdf.pages[-1].mediabox)
                pdf.add_blank_page(page_size=(width, height))
        pdf.docinfo["/Title"] = title
        pdf.Root.Lang = pikepdf.String(language)
        pdf.Root.ViewerPreferences = pikepdf.Dictionary(DisplayDocTitle=True)
        if outline:
            with pdf.open_outline() as marks:
                marks.root.extend(pikepdf.OutlineItem(text, page - 1) for text, page in outline)
        count = len(pdf.pages)
        with replace_when_done(out) as path:
            save(pdf, path, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return describe_pdf(out, count)


class JoinJob(TypedDict):
    parts: list[str]
    out: str
    title: str
    language: str


def join_parts(job: JoinJob) -> dict[str, int]:
    """Join PDFs in a process of its own, with which the memory for thousands of pages is freed.

    Report: `pages`, how many there are.
    """
    parts = [Path(part) for part in job["parts"]]
    whole = join(parts, Path(job["out"]), title=job["title"], language=job["language"])
    return {"pages": whole.pages}


def describe_pdf(path: Path, pages: int) -> PdfFile:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return PdfFile(path, pages, path.stat().st_size, digest)


class _PatientFile(io.RawIOBase):
    """Takes all that is written; after the first failure it writes no more."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file
        self.problem: OSError | None = None

    def writable(self) -> bool:
        return True

    def write(self, data: "Buffer", /) -> int:
        if self.problem is None:
            try:
                self._file.write(data)
            except OSError as problem:
                self.problem = problem
        return memoryview(data).nbytes


def save(
    pdf: pikepdf.Pdf,
    out: Path,
    object_stream_mode: pikepdf.ObjectStreamMode = pikepdf.ObjectStreamMode.preserve,
) -> None:
    """Save a PDF, as the same bytes each time. Raises OSError where the disk does not take it."""
    with out.open("wb") as file:
        patient = _PatientFile(file)
        pdf.save(
            cast("BinaryIO", patient), deterministic_id=True, object_stream_mode=object_stream_mode
        )
        if patient.problem is not None:
            raise patient.problem
