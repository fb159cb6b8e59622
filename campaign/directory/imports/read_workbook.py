"""A sheet of a stranger's workbook (XLSX, XLS, ODS), read in a process of its own with limits.

`read_book` runs this file, which reads the workbook from stdin and answers with JSON: a workbook
that unpacks without end, or claims a cell in the last row of the last column, ends there. It runs
by itself, without the package around it.
"""

import io
import json
import resource
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from typing import Any

_SECONDS = 30
_MEMORY = 1_200_000_000
_MOST_UNPACKED = 200_000_000
_MOST_ROWS = 31_000
_MOST_CELLS = 150
"""Cells of a row: more than a table may have columns, so that it is told."""
_MOST_SHEETS = 60
_LONGEST = 20_001
"""Characters of a cell: one more than a table takes, so that it is told."""


@dataclass(frozen=True, slots=True)
class Book:
    sheets: tuple[str, ...]
    """Names of those that have rows."""
    sheet: str
    rows: tuple[tuple[int, list[str]], ...]


def read_book(data: bytes, sheet: str = "") -> Book:
    """The sheet of that name, else the first that holds a list. Raises UnreadableFile."""
    from campaign.core.unreadable_file import N_, UnreadableFile

    _refuse_bombs(data)
    try:
        done = subprocess.run(  # noqa: S603 — our own module, no word of the workbook
            [sys.executable, "-P", __file__, sheet.encode("utf-8", "replace").hex()],
            input=data,
            capture_output=True,
            timeout=_SECONDS,
            check=True,
        )
        said = json.loads(done.stdout)
    except (subprocess.SubprocessError, OSError, ValueError) as problem:
        raise UnreadableFile(
            N_(
                "This workbook cannot be read: it is locked, damaged or too big. Open it in your "
                "spreadsheet and save the list as CSV (UTF-8)."
            )
        ) from problem
    if not said["sheets"]:
        raise UnreadableFile(N_("The file is empty."))
    rows = tuple((int(number), list(cells)) for number, cells in said["rows"])
    return Book(tuple(said["sheets"]), said["sheet"], rows)


def _refuse_bombs(data: bytes) -> None:
    """Raise UnreadableFile for an archive that is no workbook, or unpacks to far more."""
    from campaign.core.unreadable_file import N_, UnreadableFile

    if not data.startswith(b"PK"):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as problem:
        raise UnreadableFile(N_("This file is damaged. Download or save it anew.")) from problem
    names = {entry.filename for entry in entries}
    if not names & {"[Content_Types].xml", "content.xml"}:
        raise UnreadableFile(N_("This file is compressed. Unpack it first."))
    if sum(entry.file_size for entry in entries) > _MOST_UNPACKED:
        raise UnreadableFile(
            N_("This workbook holds far more than a list. Copy the list into a new one.")
        )


def main() -> None:
    """The process: stdin to stdout, within its limits."""
    from python_calamine import CalamineWorkbook  # noqa: PLC0415 — only in here

    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    wanted = bytes.fromhex(sys.argv[1]).decode()
    book = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
    names: list[str] = []
    chosen: tuple[str, Any] | None = None
    for name in book.sheet_names[:_MOST_SHEETS]:
        sheet = book.get_sheet_by_name(name)
        if not sheet.height:
            continue
        names.append(name)
        # One row alone is a note; a list has heads and rows.
        better = chosen is None or (chosen[0] != wanted and chosen[1].height < 2 <= sheet.height)
        if name == wanted or better:
            chosen = name, sheet
    rows = []
    if chosen:
        start = (chosen[1].start or (0, 0))[0]
        for at, cells in enumerate(chosen[1].iter_rows(), start + 1):
            texts = [_text(cell) for cell in cells[:_MOST_CELLS]]
            while texts and not texts[-1]:
                texts.pop()
            if texts:
                rows.append((at, texts))
            if len(rows) > _MOST_ROWS:
                break
    said = {"sheets": names, "sheet": chosen[0] if chosen else "", "rows": rows}
    sys.stdout.write(json.dumps(said))


def _text(cell: object) -> str:
    """A cell as a person reads it: whole numbers without a point, days as 2026-11-24."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell)[:_LONGEST]


if __name__ == "__main__":
    main()
