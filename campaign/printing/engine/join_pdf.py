"""Joining PDFs into one, and putting files in place whole.

Saving a PDF so that a disk that is full costs an error, and not the process.

What a write raises within qpdf ends the whole process where it computes a digest of what it
writes (`deterministic_id`). So nothing is raised there; it is kept, and raised afterwards.
"""

import contextlib
import hashlib
import io
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, cast

import pikepdf


@dataclass(frozen=True, slots=True)
class Document:
    """A PDF that was written."""

    path: Path
    pages: int
    bytes: int
    sha256: str
    """Of the file, in hexadecimal."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some pages of a PDF, such as one letter's."""

    path: Path
    first: int
    """Index of the first page in that PDF, from 0."""
    pages: int


@contextlib.contextmanager
def in_place_of(out: Path) -> Iterator[Path]:
    """A temporary path beside `out` that takes its place when the block ends well.

    The data is on the disk before the name is: a crash leaves the old file or the new one.
    """
    handle, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.", suffix=".part")
    os.close(handle)
    path = Path(name)
    try:
        yield path
        with path.open("rb") as file:
            os.fsync(file.fileno())
        path.chmod(0o644 & ~_umask())
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
    """A folder for the parts of `out`, gone when the block ends.

    It lies in the folder that the caller made for plain files, never in the system's own.
    """
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".parts-") as folder:
        yield Path(folder)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def join(
    parts: Sequence[Path | Piece],
    out: Path,
    *,
    title: str,
    language: str,
    fresh_sheets: bool = False,
    outline: Sequence[tuple[str, int]] = (),
) -> Document:
    """Joins PDFs, or pages of them, in order, into `out`; the same bytes for the same parts.

    :param fresh_sheets: a blank page follows each part that ends on the front of a sheet, so that
        the next one begins on a sheet of its own when both sides are printed.
    :param outline: bookmarks, each a text and the page it leads to, counted from 1.
    :param title: title in the metadata, shown by viewers instead of the file's name.
    :param language: BCP 47 tag of the document's language.
    """
    with ExitStack() as stack:
        pdf = stack.enter_context(pikepdf.new())
        # Pages of one file must come from it opened once, or they would not share their fonts.
        opened = cache(lambda path: stack.enter_context(pikepdf.open(path)))
        for part in parts:
            source = opened(part.path if isinstance(part, Piece) else part)
            pdf.pages.extend(_pages_of(source, part))
            if fresh_sheets and len(pdf.pages) % 2:
                _add_blank(pdf)
        pdf.docinfo["/Title"] = title
        pdf.Root.Lang = pikepdf.String(language)
        pdf.Root.ViewerPreferences = pikepdf.Dictionary(DisplayDocTitle=True)
        if outline:
            with pdf.open_outline() as marks:
                marks.root.extend(pikepdf.OutlineItem(text, page - 1) for text, page in outline)
        count = len(pdf.pages)
        with in_place_of(out) as path:
            save(
                pdf,
                path,
                deterministic_id=True,
                object_stream_mode=pikepdf.ObjectStreamMode.generate,
            )
    return describe(out, count)


def join_parts(job: Mapping[str, Any]) -> dict[str, Any]:
    """The foundry's work of joining: what holds thousands of pages in memory ends with its process.

    Report: `pages`, how many there are.
    """
    parts = [Path(part) for part in job["parts"]]
    made = join(parts, Path(job["out"]), title=job["title"], language=job["language"])
    return {"pages": made.pages}


def _pages_of(source: pikepdf.Pdf, part: Path | Piece) -> Iterable[pikepdf.Page]:
    """Those of the part, or all."""
    if isinstance(part, Piece):
        return source.pages[part.first : part.first + part.pages]
    return source.pages


def _add_blank(pdf: pikepdf.Pdf) -> None:
    """A blank page, as large as the one before it."""
    _, _, width, height = (float(edge) for edge in pdf.pages[-1].mediabox)
    pdf.add_blank_page(page_size=(width, height))


def describe(path: Path, pages: int) -> Document:
    """A finished file's size and digest."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Document(path, pages, path.stat().st_size, digest)


class _Patient(io.RawIOBase):
    """Takes all that is written; after the first failure it writes no more."""

    def __init__(self, file: Any) -> None:
        super().__init__()
        self._file = file
        self.problem: OSError | None = None

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: Any, /) -> int:
        """All of it, as far as qpdf is told."""
        if self.problem is None:
            try:
                self._file.write(data)
            except OSError as problem:
                self.problem = problem
        return len(data)


def save(pdf: pikepdf.Pdf, out: Path, **options: Any) -> None:
    """Save with these options of pikepdf. Raises OSError where the disk does not take it."""
    with out.open("wb") as file:
        patient = _Patient(file)
        pdf.save(cast("BinaryIO", patient), **options)
        if patient.problem is not None:
            raise patient.problem
