"""The first column of a workbook, read without a library that trusts it. Pure."""

import tempfile
import zipfile
from collections.abc import Iterator
from typing import IO, Any
from xml.parsers import expat

_SHEET = "xl/worksheets/sheet1.xml"
_MOST_BYTES = 2_000_000_000
_PIECE = 1 << 16
_MOST_PARTS = 100


class WorkbookDamaged(Exception):
    """The workbook cannot be read, or is not one of ours."""


def first_column(source: IO[bytes]) -> Iterator[str]:
    """Texts of the first cell of each row of the first sheet (inline strings, as we write them).

    Raises WorkbookDamaged.
    """
    with tempfile.TemporaryFile() as copy:
        while piece := source.read(_PIECE):
            copy.write(piece)
        copy.seek(0)
        try:
            with zipfile.ZipFile(copy) as book, book.open(_SHEET) as sheet:
                yield from _Reader().read(sheet)
        except (KeyError, zipfile.BadZipFile, expat.ExpatError, EOFError) as problem:
            raise WorkbookDamaged(type(problem).__name__) from problem


class _Reader:
    """Collects the text of the cells in column A."""

    def __init__(self) -> None:
        self._found: list[str] = []
        self._text: list[str] | None = None
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._refuse

    def read(self, sheet: Any) -> Iterator[str]:
        """The texts, a piece of the sheet at a time."""
        total = 0
        while piece := sheet.read(_PIECE):
            total += len(piece)
            if total > _MOST_BYTES:
                raise WorkbookDamaged("too large")
            self._parser.Parse(piece, False)
            yield from self._found
            self._found.clear()
        self._parser.Parse(b"", True)
        yield from self._found

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c" and attributes.get("r", "").rstrip("0123456789") == "A":
            self._text = []

    def _characters(self, data: str) -> None:
        if self._text is not None and len(self._text) < _MOST_PARTS:
            self._text.append(data)

    def _end(self, name: str) -> None:
        if name == "c" and self._text is not None:
            self._found.append("".join(self._text))
            self._text = None

    def _refuse(self, *_: object) -> None:
        raise WorkbookDamaged("has a document type, which entities could hide in")
