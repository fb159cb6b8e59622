"""Geometry of the signature list, in mm: columns, and rows of one height, so that pages are known.

Rows of a fixed height make the number of pages known before anything is laid out: "page x of y"
needs no second pass, and pages can be laid out anywhere, in chunks.
"""

import math
from dataclasses import dataclass

from campaign.printing.geometry import Paper
from campaign.printing.letter_content import ColumnLabels

ROW = 7.4
"""Height of a row: one line of 8.5 pt with air, or two, or more of a smaller size."""
HEAD_ROW = 8.0
"""Height of the row of column heads."""
HEAD_FIRST = 46.0
"""What stands above the rows on the first page: title, mission, total."""
HEAD = 11.0
"""What stands above the rows on the other pages: the title."""
FOOT = 8.0
"""Below the rows: the page's number."""
MARGIN = 15.0
"""Margins on all sides."""
GAP = 2.0
"""Between a column's text and the next column."""
# How columns share the width: number and date are fixed, the others share what is left.
_FIXED = {"number": 17.0, "signed_on": 27.0}
_SHARES = {"name": 1.1, "locality": 1.2, "address": 0.7, "target": 0.9}


@dataclass(frozen=True, slots=True)
class Setting:
    """A way to set a cell: a size of type, and the lines that a row then holds."""

    size: float
    """pt"""
    lines: int
    leading: float
    """Height of a line, mm."""


SETTINGS = (
    Setting(8.5, 1, ROW),
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
    """A column of the list."""

    name: str
    """Field of the row and of the labels."""
    label: str
    """Its head."""
    left: float
    """Where it begins, mm from the left margin."""
    width: float
    """mm, without the gap to the next column."""


@dataclass(frozen=True, slots=True)
class ListSheet:
    """One page of a signature list."""

    paper: Paper
    columns: tuple[Column, ...]
    rtl: bool = False
    """Whether columns run from right to left."""
    margin: float = MARGIN
    row: float = ROW
    head_row: float = HEAD_ROW
    foot: float = FOOT
    head_first: float = HEAD_FIRST
    head: float = HEAD
    settings: tuple[Setting, ...] = SETTINGS

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
    text_width = paper.width - 2 * MARGIN
    free = text_width - sum(_FIXED.get(name, 0) for name in shown)
    shares = sum(_SHARES.get(name, 0) for name in shown)
    columns = []
    start = 0.0
    for name in shown:
        whole = _FIXED[name] if name in _FIXED else free * _SHARES[name] / shares
        width = whole - (GAP if name != shown[-1] else 0)
        left = text_width - start - width if direction == "rtl" else start
        columns.append(Column(name, getattr(labels, name), left, width))
        start += whole
    return ListSheet(paper, tuple(columns), rtl=direction == "rtl")
