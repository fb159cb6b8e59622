"""Saving a PDF so that a disk that is full costs an error, and not the process.

What a write raises within qpdf ends the whole process where it computes a digest of what it
writes (`deterministic_id`). So nothing is raised there; it is kept, and raised afterwards.
"""

import io
from pathlib import Path
from typing import Any, BinaryIO, cast

import pikepdf


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
