"""From the bytes of a file to its text, and to what sort of file it is. Pure."""

import enum
import json
import re
from dataclasses import dataclass
from typing import Any

from campaign.officials.readings import N_, UnreadableFile

MAX_BYTES = 12 * 1024 * 1024
"""More than the largest list of missions there is, four times over."""
ENCODINGS = ("utf-8", "windows-1252", "utf-16")
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_OTHERS = (
    (b"PK\x03\x04", N_("This is a workbook or an archive, not a text file. Open it in your "
                       "spreadsheet and save it as CSV (UTF-8).")),
    (b"\xd0\xcf\x11\xe0", N_("This is a workbook of an old spreadsheet. Open it there and save "
                             "it as CSV (UTF-8).")),
    (b"%PDF", N_("This is a PDF. Ask for the list as CSV, JSON or vCard.")),
    (b"\x1f\x8b", N_("This file is compressed. Unpack it first.")),
)  # fmt: skip
_HTML = re.compile(r"\s*(<!--|<(!doctype html|html|head|body|table|\?xml)\b)", re.IGNORECASE)


class Shape(enum.StrEnum):
    """What sort of file it is."""

    TABLE = "table"
    """CSV, with anything between its columns."""
    OBJECTS = "objects"
    """A JSON list of objects."""
    MINISTRY = "ministry"
    """A foreign ministry's JSON list of its missions, consulates within embassies."""
    POPOLO = "popolo"
    CARDS = "cards"
    """vCard 3 or 4."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that was understood as far as its sort."""

    shape: Shape
    text: str
    data: Any = None
    """What a JSON file holds."""
    encoding: str = "utf-8"
    guessed_from: tuple[int, str] | None = None
    """Row and words at which it is no UTF-8, where another encoding had to be guessed."""


def open_file(
    data: bytes, *, encoding: str = "", guess: bool = False, size: int | None = None
) -> Opened:
    """What `data` is. Raises UnreadableFile with how to mend it.

    With `guess`, a file that is no UTF-8 is read as Windows-1252, which says so. `size` is the
    whole file's, where only its beginning was read.
    """
    size = len(data) if size is None else size
    if size > MAX_BYTES:
        raise UnreadableFile(
            N_("The file has %(size)d megabytes; split it into files of at most %(limit)d."),
            size=-(-size // 1_048_576), limit=MAX_BYTES // 1_048_576,
        )  # fmt: skip
    for mark, sentence in _OTHERS:
        if data.startswith(mark):
            raise UnreadableFile(sentence)
    text, used, place = _decoded(data, encoding, guess)
    if not text.strip():
        raise UnreadableFile(N_("The file is empty."))
    if _HTML.match(text):
        raise UnreadableFile(
            N_("This is a web page, not a list: perhaps the page from which the file is "
               "downloaded, or one that asks to sign in. Download the file itself.")
        )  # fmt: skip
    start = text.lstrip()[:12].casefold()
    if start.startswith("begin:vcard"):
        return Opened(Shape.CARDS, text, None, used, place)
    if start.startswith(("{", "[")):
        parsed = parse_json(text)
        return Opened(_shape_of(parsed), text, parsed, used, place)
    return Opened(Shape.TABLE, text, None, used, place)


def decode(data: bytes, encoding: str = "") -> str:
    """The text of a file, in UTF-8 unless its mark or `encoding` says otherwise.

    Raises UnreadableFile, with the first row that is not.
    """
    return _decoded(data, encoding, guess=False)[0]


def parse_json(text: str) -> Any:
    """What JSON says. Raises UnreadableFile with the place where it breaks off."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as problem:
        raise UnreadableFile(
            N_("The file is no JSON: look at line %(line)d, character %(column)d."),
            line=problem.lineno, column=problem.colno,
        ) from problem  # fmt: skip
    except (RecursionError, ValueError) as problem:
        raise UnreadableFile(
            N_("The file is no JSON that can be read: it is nested too deep, or a number in it "
               "is too long.")
        ) from problem  # fmt: skip


def _decoded(data: bytes, encoding: str, guess: bool) -> tuple[str, str, tuple[int, str] | None]:
    """The text, the encoding used, and where it is no UTF-8 although one would think so."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _strict(data, name), "utf-16" if name == "utf-16" else "utf-8", None
    wanted = encoding if encoding in ENCODINGS else ""
    if wanted in {"", "utf-8"} and b"\0" in data[:4000]:
        if data[1:2] == b"\0" or data[:1] == b"\0":
            return _strict(data, "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"), "utf-16", None
        raise UnreadableFile(N_("This is no text file. Save the list as CSV (UTF-8)."))
    if wanted not in {"", "utf-8"}:
        return _strict(data, wanted), wanted, None
    try:
        return data.decode("utf-8"), "utf-8", None
    except UnicodeDecodeError as problem:
        place = _place(data, problem.start)
        if guess and not wanted:
            return data.decode("windows-1252", "replace"), "windows-1252", place
        raise UnreadableFile(
            N_("The file is not in UTF-8 (row %(row)d, at “%(words)s”); save it as UTF-8."),
            row=place[0], words=place[1],
        ) from problem  # fmt: skip


def _strict(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as problem:
        row, words = _place(data, problem.start)
        raise UnreadableFile(
            N_("The file is not in %(encoding)s (row %(row)d, at “%(words)s”); save it as UTF-8."),
            encoding=encoding, row=row, words=words,
        ) from problem  # fmt: skip


def _place(data: bytes, start: int) -> tuple[int, str]:
    """Row and words around a byte, as far as they can be shown."""
    row = data.count(b"\n", 0, start) + 1
    line = data[data.rfind(b"\n", 0, start) + 1 : start + 12]
    words = line[-24:].decode("windows-1252", "replace")
    return row, "".join(one if one.isprintable() else " " for one in words).strip()


def _shape_of(parsed: Any) -> Shape:
    if isinstance(parsed, dict):
        if isinstance(parsed.get("persons"), list):
            return Shape.POPOLO
        lists = [value for value in parsed.values() if isinstance(value, list)]
        if len(lists) != 1:
            raise UnreadableFile(
                N_("This is no Popolo file: it needs an object with a list “persons”.")
            )
        parsed = lists[0]
    items = [one for one in parsed if isinstance(one, dict)]
    if any("type_of" in one and "address" in one for one in items):
        return Shape.MINISTRY
    if not items:
        raise UnreadableFile(N_("The file's list holds no objects: write {…} for each row."))
    return Shape.OBJECTS
