"""From the bytes of a file of any sort to a table, where it is one. Pure; run by `run_apart`."""

import enum
import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypedDict, Unpack

from charset_normalizer import from_bytes
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from campaign.core.errors import N_, UnreadableFile
from campaign.directory.imports.tables import (
    LONGEST_CELL,
    Table,
    find_lists,
    table_of_cards,
    table_of_csv,
    table_of_objects,
    table_of_rows,
)

_MOST_UNPACKED = 200_000_000
_MOST_ROWS = 31_000
_MOST_CELLS = 150  # cells of a row: more than a table may have columns, so that it is told
_MOST_SHEETS = 60
_LONGEST = 20_001  # characters of a cell: one more than a table takes, so that it is told
MAX_BYTES = 12 * 1024 * 1024  # more than the largest list of missions there is, four times over
ENCODINGS = {
    "utf-8": "utf-8", "windows-1252": "cp1252", "windows-1250": "cp1250",
    "windows-1251": "cp1251", "windows-1254": "cp1254", "windows-1256": "cp1256",
    "gb18030": "gb18030", "cp949": "cp949", "shift_jis": "cp932", "utf-16": "utf-16",
}  # fmt: skip
_GUESSED_FROM = 200_000  # bytes from which an encoding is guessed
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_OTHERS = {
    b"%PDF": N_("This file is a PDF. Ask for the list as CSV, JSON or vCard."),
    b"\x1f\x8b": N_("This file is compressed. Unpack it first."),
}
_HTML = re.compile(r"\s*(<!--|<(!doctype html|html|head|body|table|\?xml)\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Book:
    sheets: tuple[str, ...]  # names of those that have rows
    sheet: str
    rows: tuple[tuple[int, list[str]], ...]


def read_book(data: bytes, name: str) -> Book:
    """The sheet of that name, else the first that holds a list. Raises UnreadableFile."""
    _refuse_bombs(data)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        all_sheets = [book.get_sheet_by_name(title) for title in book.sheet_names[:_MOST_SHEETS]]
    except (CalamineError, OSError, ValueError) as problem:
        raise UnreadableFile(
            N_(
                "We cannot read this workbook. It is locked, damaged or too big. Open it in "
                "your spreadsheet app and save the list as CSV (UTF-8)."
            )
        ) from problem
    sheets = [sheet for sheet in all_sheets if sheet.height]
    if not sheets:
        raise UnreadableFile(N_("The file is empty."))
    # One row alone is a note; a list has heads and rows.
    lists = [sheet for sheet in sheets if sheet.height >= 2] or sheets
    chosen = next((sheet for sheet in sheets if sheet.name == name), lists[0])
    return Book(tuple(sheet.name for sheet in sheets), chosen.name, tuple(_rows_of(chosen)))


def _rows_of(sheet: CalamineSheet) -> Iterator[tuple[int, list[str]]]:
    """Give rows with their number as a person counts; empty ones are left out."""
    first = (sheet.start or (0, 0))[0] + 1
    count = 0
    for number, cells in enumerate(sheet.iter_rows(), first):
        texts = [_text(cell) for cell in cells[:_MOST_CELLS]]
        while texts and not texts[-1]:
            texts.pop()
        if texts:
            count += 1
            yield number, texts
        if count > _MOST_ROWS:
            return


def _refuse_bombs(data: bytes) -> None:
    """Raise UnreadableFile for an archive that is no workbook, or unpacks to far more."""
    if not data.startswith(b"PK"):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as problem:
        raise UnreadableFile(N_("This file is damaged. Download or save it again.")) from problem
    names = {entry.filename for entry in entries}
    if not names & {"[Content_Types].xml", "content.xml"}:
        raise UnreadableFile(N_("This file is compressed. Unpack it first."))
    if sum(entry.file_size for entry in entries) > _MOST_UNPACKED:
        raise UnreadableFile(
            N_("This workbook has much more than a list. Copy the list into a new workbook.")
        )


def _text(cell: object) -> str:
    """A cell as a person reads it: whole numbers without a point, days as 2026-11-24."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell)[:_LONGEST]


class Shape(enum.StrEnum):
    TABLE = "table"  # CSV, with anything between its columns; or a sheet of a workbook
    OBJECTS = "objects"  # A JSON list of objects
    MINISTRY = "ministry"
    """A foreign ministry's JSON list of its missions, consulates within embassies."""
    POPOLO = "popolo"
    CARDS = "cards"  # vCard 3 or 4


@dataclass(frozen=True, slots=True)
class Opened:
    shape: Shape
    text: str
    data: object = None  # what a JSON file holds
    encoding: str = "utf-8"
    guessed_from: tuple[int, str] | None = None
    book: Book | None = None  # A workbook’s sheet, and the names of all


class View(TypedDict, total=False):
    """How a file is read: row of the heads (0: where they seem to be), and as `open_file` says."""

    encoding: str
    guess: bool
    size: int | None
    sheet: str
    head: int


def open_file(
    data: bytes,
    *,
    encoding: str = "",
    guess: bool = False,
    size: int | None = None,
    sheet: str = "",
) -> Opened:
    """Find what `data` is, or with `size` the beginning of a file. Raises UnreadableFile."""
    size = len(data) if size is None else size
    if size > MAX_BYTES:
        raise UnreadableFile(
            N_("The file has %(size)d MB. Split it into files of at most %(limit)d MB."),
            size=-(-size // 1_048_576),
            limit=MAX_BYTES // 1_048_576,
        )
    if data.startswith(_WORKBOOKS):
        return Opened(Shape.TABLE, "", book=read_book(data, sheet))
    for mark, sentence in _OTHERS.items():
        if data.startswith(mark):
            raise UnreadableFile(sentence)
    text, used, place = _decode(data, encoding, guess)
    if not text.strip():
        raise UnreadableFile(N_("The file is empty."))
    if _HTML.match(text):
        raise UnreadableFile(
            N_(
                "This file is a web page, not a list. It may be the download page or a sign-in "
                "page. Download the list itself."
            )
        )
    start = text.lstrip()[:12].casefold()
    if start.startswith("begin:vcard"):
        return Opened(Shape.CARDS, text, None, used, place)
    if start.startswith(("{", "[")):
        parsed = parse_json(text)
        return Opened(_find_shape(parsed), text, parsed, used, place)
    return Opened(Shape.TABLE, text, None, used, place)


def guess_encoding(data: bytes) -> str:
    """Guess in which of `ENCODINGS` the bytes are; Windows-1252 where nothing tells."""
    names = {table: name for name, table in ENCODINGS.items() if not name.startswith("utf")}
    some = data[:_GUESSED_FROM].rpartition(b"\n")[0] or data[:_GUESSED_FROM]
    best = from_bytes(some, cp_isolation=list(names)).best()
    name = names.get(best.encoding, "windows-1252") if best else "windows-1252"
    if name in {"windows-1250", "windows-1252"}:
        return _choose_central_or_western(some)
    return name


def _choose_central_or_western(data: bytes) -> str:
    """So "Dvoøák" and "³ód¼" are Dvořák and łódź; an ø with an å beside it is Danish."""
    western = _try_decode(data, "windows-1252")
    if western is None:
        return "windows-1250"
    odd = "¹³¾¿ºªìðþ" + ("" if set("åÅæÆ") & set(western) else "ø")
    hungarian = "õ" in western and not set("ãçê") & set(western)
    return "windows-1250" if hungarian or set(odd) & set(western) else "windows-1252"


def samples_of(data: bytes) -> dict[str, str]:
    """Return how the first words beyond ASCII read in each encoding that fits the whole file."""
    samples: dict[str, str] = {}
    for name, table in ENCODINGS.items():
        # UTF-16 is told by its mark, or by the zeros that ASCII has in it.
        is_wide = data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:4000]
        if (text := _try_decode(data, name)) is None or (table == "utf-16" and not is_wide):
            continue
        words = (word for word in re.split(r"[\s,;|]+", text[:_GUESSED_FROM]) if not word.isascii())
        samples[name] = " · ".join(list(dict.fromkeys(words))[:4])[:80]
    return samples


def _try_decode(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(ENCODINGS[encoding])
    except UnicodeError:
        return None


def parse_json(text: str) -> object:
    """Return what JSON says. Raises UnreadableFile with the place where it breaks off."""
    try:
        parsed: object = json.loads(text)
        if "\\ud" in text.casefold():
            json.dumps(parsed, ensure_ascii=False).encode()  # half a character is none
    except UnicodeEncodeError as problem:
        raise UnreadableFile(
            N_("This file is not a text file. Save the list as CSV (UTF-8).")
        ) from problem
    except json.JSONDecodeError as problem:
        raise UnreadableFile(
            N_("The file is not valid JSON. Fix line %(line)d, character %(column)d."),
            line=problem.lineno,
            column=problem.colno,
        ) from problem
    except (RecursionError, ValueError) as problem:
        raise UnreadableFile(
            N_(
                "We cannot read this JSON file. It is nested too deeply, or a number in it is "
                "too long. Save the list as CSV."
            )
        ) from problem
    return parsed


def _decode(data: bytes, encoding: str, guess: bool) -> tuple[str, str, tuple[int, str] | None]:
    """Return the text, the encoding used, and where it is no UTF-8 although one would think so."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _decode_strictly(data, name), "utf-16" if name == "utf-16" else "utf-8", None
    chosen = encoding if encoding in ENCODINGS else ""
    if chosen in {"", "utf-8"} and b"\0" in data[:4000]:
        if data[1:2] == b"\0" or data[:1] == b"\0":
            return (
                _decode_strictly(data, "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"),
                "utf-16",
                None,
            )
        raise UnreadableFile(N_("This file is not a text file. Save the list as CSV (UTF-8)."))
    if chosen not in {"", "utf-8"}:
        return _decode_strictly(data, chosen), chosen, None
    try:
        return data.decode("utf-8"), "utf-8", None
    except UnicodeDecodeError as problem:
        place = _find_place(data, problem.start)
        if guess and not chosen:
            name = guess_encoding(data)
            return data.decode(ENCODINGS[name], "replace"), name, place
        raise UnreadableFile(
            N_("The file is not in UTF-8 (row %(row)d, at “%(words)s”). Save it as UTF-8."),
            row=place[0],
            words=place[1],
        ) from problem


def _decode_strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(ENCODINGS.get(encoding, encoding))
    except UnicodeDecodeError as problem:
        row, words = _find_place(data, problem.start)
        raise UnreadableFile(
            N_("The file is not in %(encoding)s (row %(row)d, at “%(words)s”). Save it as UTF-8."),
            encoding=encoding,
            row=row,
            words=words,
        ) from problem


def _find_place(data: bytes, start: int) -> tuple[int, str]:
    """Return row and words around a byte, as far as they can be shown."""
    row = data.count(b"\n", 0, start) + 1
    first = data.rfind(b"\n", 0, start) + 1
    if first < start - 12:  # a whole word is easier to find than its end
        between = re.compile(rb"[\s,;|]").search(data, start - 12, start)
        first = between.end() if between else start - 12
    words = data[first : start + 12].decode("windows-1252", "replace")
    return row, "".join(sign if sign.isprintable() else " " for sign in words).strip()


def _find_shape(parsed: object) -> Shape:
    if isinstance(parsed, dict) and isinstance(parsed.get("persons"), list):
        return Shape.POPOLO
    lists = find_lists(parsed)
    if not lists and isinstance(parsed, dict):
        raise UnreadableFile(
            N_("The file has no list. Write a JSON list with one object for each row.")
        )
    items = [item for items in lists.values() for item in items if isinstance(item, dict)]
    if len(lists) == 1 and any("type_of" in item and "address" in item for item in items):
        return Shape.MINISTRY
    if not items:
        raise UnreadableFile(N_("The list in the file has no objects. Write {…} for each row."))
    return Shape.OBJECTS


def read_list(data: bytes, **view: Unpack[View]) -> tuple[Opened, Table | None]:
    """Return what the file is, without its text, and its table; `head` 0 finds the row of heads."""
    opened = open_file(
        data,
        encoding=view.get("encoding", ""),
        guess=view.get("guess", True),
        size=view.get("size"),
        sheet=view.get("sheet", ""),
    )
    if opened.shape in {Shape.POPOLO, Shape.MINISTRY}:
        _refuse_long_texts(opened.data)
    table = _table_of(opened, view.get("head", 0))
    book = replace(opened.book, rows=()) if opened.book else None
    return replace(opened, text="", book=book), table


def _refuse_long_texts(data: object) -> None:
    waiting = [data]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, str) and len(value) > LONGEST_CELL:
            raise UnreadableFile(
                N_("A text in the file has more than %(limit)d characters. Shorten it."),
                limit=LONGEST_CELL,
            )


def _table_of(opened: Opened, head: int) -> Table | None:
    if opened.book:
        return table_of_rows(opened.book.rows, head=head)
    if opened.shape is Shape.TABLE:
        return table_of_csv(opened.text, head=head)
    if opened.shape is Shape.CARDS:
        return table_of_cards(opened.text)
    if opened.shape is Shape.OBJECTS:
        return table_of_objects(opened.data)
    return None
