"""Geometry of the signature list, in mm: columns, and rows of one height, so that pages are known.

Rows of a fixed height make the number of pages known before anything is laid out: "page x of y"
needs no second pass, and pages can be laid out anywhere, in chunks.
"""

import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from campaign.printing import fonts
from campaign.printing.geometry import MM_PER_PT, PT_PER_MM, AddressRoom, Paper, TypeSize
from campaign.printing.html import isolate, text_direction
from campaign.printing.printed_content import ColumnLabels, SignatureRow
from campaign.printing.signature_list.typeface import Typeface

_BREAKS = re.compile("[\\x00-\\x20\\x7f-\\x9f\u2028\u2029]+")
# Where a line may end: after a space, and after a hyphen before a letter.
_ENDS = re.compile(r"(?<= )|(?<=[^ ]-)(?=[^\W\d])")
_SURROGATES = re.compile("[\ud800-\udfff]")
_ROW = 7.4  # height of a row: one line of 8.5 pt with air, or two, or more of a smaller size
_MARGIN = 15.0
_GAP = 2.0  # between a column's text and the next column
# How columns share the width: number and date are fixed, the others share what is left.
_FIXED = {"number": 17.0, "signed_on": 27.0}
_SHARES = {"name": 1.1, "locality": 1.2, "address": 0.7, "target": 0.9}


@dataclass(frozen=True, slots=True)
class Setting:
    """A way to set a cell: a size of type, and the lines that a row then holds."""

    size: float  # pt
    lines: int
    leading: float  # height of a line, mm


SETTINGS = (
    Setting(8.5, 1, _ROW),
    Setting(8.0, 2, 3.1),
    Setting(7.0, 2, 2.9),
    Setting(6.0, 3, 2.2),
    Setting(4.5, 4, 1.75),
    Setting(3.4, 5, 1.4),
    Setting(2.4, 7, 1.0),
)
"""From the usual to the smallest; a cell is set in the first that holds it whole."""


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    label: str
    left: float  # where it begins, mm from the left margin
    width: float  # mm, without the gap to the next column


@dataclass(frozen=True, slots=True)
class ListSheet:
    paper: Paper
    columns: tuple[Column, ...]
    rtl: bool = False
    margin: float = _MARGIN
    row: float = _ROW
    head_row: float = 8.0  # height of the row of column heads
    foot: float = 8.0  # below the rows: the page's number
    head_first: float = 46.0  # what stands above the rows on the first page: title, mission, total
    head: float = 11.0  # what stands above the rows on the other pages: the title
    settings: tuple[Setting, ...] = SETTINGS

    @property
    def title_room(self) -> AddressRoom:
        """Of the title on the first page, beside the reference."""
        return AddressRoom(TypeSize(15.0, 6.6 * PT_PER_MM), self.text_width - 45, 13.2)

    @property
    def mission_room(self) -> AddressRoom:
        """Of the mission's address, on the first page."""
        return AddressRoom(TypeSize(10.0, 4.3 * PT_PER_MM), self.text_width, 25.8)

    @property
    def text_width(self) -> float:
        return self.paper.width - 2 * self.margin

    @property
    def text_height(self) -> float:
        """Height between the margins, less a hair so that rounding makes no second page."""
        return self.paper.height - 2 * self.margin - 0.2

    def rows_top(self, page: int) -> float:
        """Return where the first row begins on a page, from the top margin."""
        return (self.head_first if page == 1 else self.head) + self.head_row

    def rows_on(self, page: int) -> int:
        """Return how many rows fit on a page; pages are counted from 1."""
        return int((self.text_height - self.rows_top(page) - self.foot) / self.row)

    def pages_for(self, rows: int) -> int:
        """Return how many pages a list of so many rows takes; an empty list takes one."""
        return 1 + max(0, math.ceil((rows - self.rows_on(1)) / self.rows_on(2)))


def list_sheet(paper: Paper, labels: ColumnLabels, direction: str = "ltr") -> ListSheet:
    """Return the sheet for a paper; columns whose label is empty are left out."""
    names = ("number", "name", "locality", "address", "signed_on", "target")
    shown = [name for name in names if getattr(labels, name)]
    text_width = paper.width - 2 * _MARGIN
    free = text_width - sum(_FIXED.get(name, 0) for name in shown)
    shares = sum(_SHARES.get(name, 0) for name in shown)
    columns = []
    start = 0.0
    for name in shown:
        whole = _FIXED[name] if name in _FIXED else free * _SHARES[name] / shares
        width = whole - (_GAP if name != shown[-1] else 0)
        left = text_width - start - width if direction == "rtl" else start
        columns.append(Column(name, getattr(labels, name), left, width))
        start += whole
    return ListSheet(paper, tuple(columns), rtl=direction == "rtl")


@dataclass(frozen=True, slots=True)
class FittedText:
    index: int
    setting: Setting
    lines: tuple[str, ...]


def cells(row: SignatureRow, sheet: ListSheet) -> list[str]:
    """Return a row's texts, column by column; town, region and country share one."""
    place = _place(row, "rtl" if sheet.rtl else "ltr")
    return [
        clean(place if column.name == "locality" else getattr(row, column.name))
        for column in sheet.columns
    ]


def _place(row: SignatureRow, direction: str) -> str:
    """Join town, region and country, in the list's order whatever way each of them is written."""
    parts = [part for part in (row.locality, row.region, row.country) if part]
    if len({text_direction(part, direction) for part in parts}) < 2:
        return ", ".join(parts)
    mark, comma = ("\u200f", "\N{ARABIC COMMA} ") if direction == "rtl" else ("\u200e", ", ")
    return mark + comma.join(isolate(part, direction) for part in parts)


def clean(text: str) -> str:
    """Return the text in one line, with nothing in it that could stop the list."""
    return _SURROGATES.sub("\u25a1", _BREAKS.sub(" ", text)).strip(" ")


def mark_missing(text: str) -> str:
    """Return the text with a mark for each character that no font has."""
    return text.translate(dict.fromkeys(map(ord, fonts.missing_glyphs(text)), "\u25a1"))


class Fitter:
    def __init__(self, face: Typeface, settings: tuple[Setting, ...]) -> None:
        self._face = face
        self._settings = settings
        self.fit = lru_cache(maxsize=8192)(self._fit)

    def _fit(self, text: str, width: float) -> FittedText:
        """Set the text in the largest setting that holds it.

        What no setting holds is set in the last one, with as many lines as it needs: it may then
        run over the row's edge, but nothing is lost.
        """
        lines: tuple[str, ...] = (text,)
        for index, setting in enumerate(self._settings):
            room = width / (setting.size * MM_PER_PT)
            lines = tuple(_break_text(text, room, self._face.width))
            if len(lines) <= setting.lines:
                return FittedText(index, setting, lines)
        return FittedText(len(self._settings) - 1, self._settings[-1], lines)


def _break_text(text: str, room: float, width: Callable[[str], float]) -> list[str]:
    """Break the text into lines no wider than `room`, at spaces and hyphens, else anywhere."""
    if width(text) <= room:
        return [text]
    lines: list[str] = []
    line = ""
    for piece in _ENDS.split(text):
        if width((line + piece).rstrip(" ")) <= room:
            line += piece
            continue
        if line:
            lines.append(line)
        *whole, line = _break_word(piece, room, width)
        lines += whole
    return [part.rstrip(" ") for part in (*lines, line)]


def _break_word(word: str, room: float, width: Callable[[str], float]) -> list[str]:
    """Break a word into pieces no wider than `room`."""
    pieces = [""]
    for character in word:
        mark = unicodedata.category(character) in {"Mn", "Mc", "Me", "Cf"}
        if pieces[-1] and not mark and width((pieces[-1] + character).rstrip(" ")) > room:
            pieces.append("")
        pieces[-1] += character
    return pieces
