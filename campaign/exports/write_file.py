"""An export as bytes: CSV and JSON Lines as a stream, XLSX through a private folder.

CSV and XLSX are for people, in the export's language; JSON Lines for programs, in none.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, count, islice
from pathlib import Path
from typing import Protocol

import pyrage
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from campaign.exports import staff_keys
from campaign.exports.export_rules import Watermark
from campaign.exports.list_words import Wording, wording_of
from campaign.exports.records import Record
from campaign.models.export import ExportFormat
from campaign.web.spreadsheets import inert

_ROWS_AT_ONCE = 500
_PIECE = 256 * 1024
ROWS_OF_A_SHEET = 1_000_000
"""A workbook's sheet has room for 1,048,576 rows."""
_LONGEST_CELL = 32_767
"""Characters that a cell of a workbook may hold."""


def write(
    chosen: ExportFormat,
    mark: Watermark,
    columns: Sequence[str],
    records: Iterable[Record],
    workshop: Path,
    *,
    locale: str,
) -> Iterator[bytes]:
    """Yield the file, piece by piece; a workbook is made in `workshop`, a private folder."""
    if chosen is ExportFormat.JSONL:
        return _json_lines(mark, columns, records)
    wording = wording_of(mark, locale)
    if chosen is ExportFormat.CSV:
        return _csv(wording, columns, records)
    return _workbook(mark, wording, columns, records, workshop)


def _csv(wording: Wording, columns: Sequence[str], records: Iterable[Record]) -> Iterator[bytes]:
    """Write it as spreadsheets of every country open it: UTF-8 with mark, CRLF."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([wording.say_mark()])
    writer.writerow([wording.heads[name] for name in columns])
    yield b"\xef\xbb\xbf"
    rest = iter(records)
    while True:
        rows = list(islice(rest, _ROWS_AT_ONCE))
        writer.writerows([inert(cell) for cell in _texts(wording, columns, row)] for row in rows)
        yield out.getvalue().encode()
        if len(rows) < _ROWS_AT_ONCE:
            return
        out.seek(0)
        out.truncate()


def _json_lines(
    mark: Watermark, columns: Sequence[str], records: Iterable[Record]
) -> Iterator[bytes]:
    """Write one object a line; the first one is the mark."""
    yield _line({"export": dict(mark.lines())})
    rest = iter(records)
    while rows := list(islice(rest, _ROWS_AT_ONCE)):
        yield b"".join(_line(dict(zip(columns, row, strict=True))) for row in rows)


def _line(facts: Mapping[str, object]) -> bytes:
    return json.dumps(facts, ensure_ascii=False).encode() + b"\n"


def _workbook(
    mark: Watermark,
    wording: Wording,
    columns: Sequence[str],
    records: Iterable[Record],
    workshop: Path,
) -> Iterator[bytes]:
    """Write every cell as text, so that none is a formula; the mark is the first sheet."""
    path = workshop / "export.xlsx"
    book = Workbook(
        str(path),
        {
            "constant_memory": True,
            "tmpdir": str(workshop),
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    of_mark, of_list = wording.sheets
    title = f"{of_mark} {mark.number}"
    book.set_properties({"title": title, "author": mark.asked_by})
    bold = book.add_format({"bold": True})
    _fill_mark(_sheet(book, of_mark, wording), wording, bold)
    rest = iter(records)
    for number in count(1):
        rows = islice(rest, ROWS_OF_A_SHEET)
        first = list(islice(rows, 1))
        if not first and number > 1:
            break
        sheet = _sheet(book, of_list if number == 1 else f"{of_list} {number}", wording)
        sheet.freeze_panes(1, 0)
        sheet.set_header(f"&L{title}&R{wording.page}")
        _fill(sheet, wording, columns, chain(first, rows), bold)
    book.close()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def _sheet(book: Workbook, name: str, wording: Wording) -> Worksheet:
    sheet = book.add_worksheet(name)
    if wording.rtl:
        sheet.right_to_left()
    return sheet


def _fill_mark(sheet: Worksheet, wording: Wording, bold: Format) -> None:
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 1, 80)
    for line, (name, value) in enumerate(wording.mark):
        sheet.write_string(line, 0, name, bold)
        sheet.write_string(line, 1, value)


def _fill(
    sheet: Worksheet, wording: Wording, columns: Sequence[str], rows: Iterable[Record], bold: Format
) -> None:
    for at, name in enumerate(columns):
        sheet.write_string(0, at, wording.heads[name], bold)
        sheet.set_column(at, at, 18)
    for line, row in enumerate(rows, start=1):
        for at, cell in enumerate(_texts(wording, columns, row)):
            if cell:
                sheet.write_string(line, at, cell[:_LONGEST_CELL])


def _texts(wording: Wording, columns: Sequence[str], row: Record) -> list[str]:
    return [wording.say_cell(name, cell) for name, cell in zip(columns, row, strict=True)]


class Writable(Protocol):
    def write(self, data: bytes, /) -> object: ...


def encrypt(chunks: Iterable[bytes], keys: Sequence[str], out: Writable) -> None:
    """Write the chunks into `out`, encrypted to all of the keys (age's format), as a stream.

    What goes wrong while the chunks are made, or written, is raised as it is.
    """
    stream, sink = _Stream(chunks), _Sink(out)
    recipients = [staff_keys.to_recipient(key) for key in keys]
    problem: Exception | None = None
    try:
        pyrage.encrypt_io(io.BufferedReader(stream, _PIECE), sink, recipients)
    except pyrage.EncryptError as error:
        problem = error
    # It says neither what went wrong, nor always that the last bytes were not taken.
    problem = stream.problem or sink.problem or problem
    if problem is not None:
        raise problem


class _Stream(io.RawIOBase):
    """Chunks as a file that can be read once."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        super().__init__()
        self._chunks = iter(chunks)
        self._left = memoryview(b"")
        self.problem: Exception | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]  # typeshed: Buffer
        while not self._left:
            try:
                self._left = memoryview(next(self._chunks))
            except StopIteration:
                return 0
            except Exception as problem:
                self.problem = problem
                raise
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size


class _Sink:
    """Passes on what is written, and keeps what went wrong."""

    def __init__(self, out: Writable) -> None:
        self._out = out
        self.problem: Exception | None = None

    def write(self, data: bytes) -> int:
        try:
            self._out.write(data)
        except Exception as problem:
            self.problem = problem
            raise
        return len(data)

    def flush(self) -> None:
        pass
