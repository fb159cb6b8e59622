"""Geometry of paper, envelope windows and label sheets, in millimetres.

This is the one place: the print CSS is produced from it and the window check measures against
it. Origin is the sheet's top left corner, x to the right, y downwards.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Paper:
    """A sheet of paper, upright."""

    slug: str
    """"letter" or "a4"."""
    width: float
    """mm"""
    height: float
    """mm"""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on the sheet, in mm."""

    x: float
    """Left edge."""
    y: float
    """Top edge."""
    width: float
    height: float

    @property
    def right(self) -> float:
        """Right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Bottom edge."""
        return self.y + self.height

    def meets(self, other: "Box") -> bool:
        """Whether this box and `other` have a spot in common."""
        return (
            self.x < other.right
            and other.x < self.right
            and self.y < other.bottom
            and other.y < self.bottom
        )

    def holds(self, other: "Box", tolerance: float = 0.05) -> bool:
        """Whether `other` lies within this box, give or take `tolerance` mm."""
        return (
            other.x >= self.x - tolerance
            and other.y >= self.y - tolerance
            and other.right <= self.right + tolerance
            and other.bottom <= self.bottom + tolerance
        )


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the parts of a letter stand on the sheet, in mm."""

    slug: str
    """Name of the layout, such as "us-10"."""
    paper: Paper
    window: Box
    """The envelope's window: the whole address must lie within it."""
    address: Box
    """Where the address is set: within the window, clear of its rim."""
    sender: Box
    """Where the sender's lines are set."""
    folds: tuple[float, ...]
    """Heights (y) at which the sheet is folded."""
    margin_left: float
    margin_right: float
    margin_top: float
    """Top margin of the first and the following sheets."""
    margin_bottom: float
    """Bottom margin; the foot with reference and number stands in it."""
    body_top: float
    """Where the letter proper begins: the line with place and date."""
    date_at_end: bool
    """Place and date stand at the end of the line (right) instead of at its start."""
    foot_rise: float = 6.5
    """How far above the sheet's lower edge the foot ends."""
    sender_at_end: bool = False
    """The sender's lines are set against the right edge of their box."""

    @property
    def sender_rtl(self) -> Box:
        """Where the sender's lines are set in a language that is written from right to left.

        Window and folds belong to the paper and stay; the sender's box changes sides where the
        window leaves the other one free.
        """
        box = self.sender
        other = Box(self.paper.width - box.right, box.y, box.width, box.height)
        return box if other.meets(self.window) else other

    @property
    def text(self) -> Box:
        """The text area of a sheet."""
        return Box(
            self.margin_left,
            self.margin_top,
            self.paper.width - self.margin_left - self.margin_right,
            self.paper.height - self.margin_top - self.margin_bottom,
        )

    @property
    def printable(self) -> Box:
        """What every office printer can print: `PRINTABLE_EDGE` from each edge of the sheet."""
        edge = PRINTABLE_EDGE
        return Box(edge, edge, self.paper.width - 2 * edge, self.paper.height - 2 * edge)


@dataclass(frozen=True, slots=True)
class LabelSheet:
    """A sheet of self-adhesive labels, in mm."""

    slug: str
    paper: Paper
    width: float
    """Width of a label."""
    height: float
    """Height of a label; rows follow each other without a gap."""
    columns: int
    rows: int
    left: float
    """Left edge of the first column."""
    top: float
    """Top edge of the first row."""
    pitch: float
    """Distance from one column's left edge to the next one's."""
    size: float = 9.5
    """Of the type, pt."""
    leading: float = 11.2
    """From line to line, pt."""

    @property
    def per_sheet(self) -> int:
        """Labels on one sheet."""
        return self.columns * self.rows

    def position(self, index: int) -> Box:
        """Where label `index` (from 0, row by row) of a sheet stands."""
        row, column = divmod(index, self.columns)
        return Box(
            self.left + column * self.pitch, self.top + row * self.height, self.width, self.height
        )


@dataclass(frozen=True, slots=True)
class EnvelopeSheet:
    """The front of an envelope, as a page that a printer takes, in mm."""

    paper: Paper
    sender: Box
    """Where the sender's lines are set."""
    address: Box
    """Where the address is set."""
    size: float = 11.0
    """Of the address's type, pt."""


PRINTABLE_EDGE = 5.0
"""mm no office printer is trusted to print along each edge (most leave 4.2 mm or 1/6 inch)."""

LETTER = Paper("letter", 215.9, 279.4)
A4 = Paper("a4", 210.0, 297.0)
PAPERS = {paper.slug: paper for paper in (LETTER, A4)}

US_10 = Layout(
    slug="us-10",
    paper=LETTER,
    window=Box(12.7, 51.9, 88.9, 22.2),
    address=Box(25.4, 52.4, 75.2, 21.2),
    sender=Box(25.4, 16.0, 120.0, 32.0),
    folds=(93.1, 186.3),
    margin_left=25.4,
    margin_right=25.4,
    margin_top=20.0,
    margin_bottom=20.0,
    body_top=83.0,
    date_at_end=False,
)
# DIN 5008 keeps the upper 17.7 mm of its 45 mm field for the return address and postal notes.
DIN_5008_B = Layout(
    slug="din-5008-b",
    paper=A4,
    window=Box(20.0, 45.0, 85.0, 45.0),
    address=Box(25.0, 62.7, 75.0, 27.3),
    sender=Box(125.0, 45.0, 65.0, 40.0),
    folds=(105.0, 210.0),
    margin_left=25.0,
    margin_right=20.0,
    margin_top=20.0,
    margin_bottom=20.0,
    body_top=97.0,
    date_at_end=True,
)
DIN_5008_A = Layout(
    slug="din-5008-a",
    paper=A4,
    window=Box(20.0, 27.0, 85.0, 45.0),
    address=Box(25.0, 44.7, 75.0, 27.3),
    sender=Box(125.0, 27.0, 65.0, 40.0),
    folds=(87.0, 192.0),
    margin_left=25.0,
    margin_right=20.0,
    margin_top=20.0,
    margin_bottom=20.0,
    body_top=79.0,
    date_at_end=True,
)
FR = Layout(
    slug="fr",
    paper=A4,
    window=Box(100.0, 35.0, 100.0, 45.0),
    address=Box(108.0, 42.0, 82.0, 36.0),
    sender=Box(25.0, 20.0, 72.0, 40.0),
    folds=(99.0, 198.0),
    margin_left=25.0,
    margin_right=20.0,
    margin_top=20.0,
    margin_bottom=20.0,
    body_top=90.0,
    date_at_end=True,
)
CH_LEFT = Layout(
    slug="ch-left",
    paper=A4,
    window=Box(20.0, 35.5, 100.0, 45.0),
    address=Box(25.0, 45.0, 88.0, 33.0),
    sender=Box(125.0, 35.5, 65.0, 40.0),
    folds=(99.0, 198.0),
    margin_left=25.0,
    margin_right=20.0,
    margin_top=20.0,
    margin_bottom=20.0,
    body_top=90.0,
    date_at_end=True,
)
UK_DL = Layout(
    slug="uk-dl",
    paper=A4,
    window=Box(24.6, 39.5, 85.0, 26.7),
    address=Box(25.4, 40.0, 83.0, 25.7),
    sender=Box(125.0, 20.0, 65.0, 40.0),
    folds=(99.0, 198.0),
    margin_left=25.4,
    margin_right=20.0,
    margin_top=20.0,
    margin_bottom=20.0,
    body_top=78.0,
    date_at_end=True,
)
LAYOUTS = {layout.slug: layout for layout in (US_10, DIN_5008_B, DIN_5008_A, FR, CH_LEFT, UK_DL)}

AVERY_5160 = LabelSheet("avery-5160", LETTER, 66.7, 25.4, 3, 10, 4.0, 12.7, 70.6)
L7163 = LabelSheet("l7163", A4, 99.1, 38.1, 2, 7, 4.65, 15.2, 101.6, 11, 13)
LABEL_SHEETS = {sheet.slug: sheet for sheet in (AVERY_5160, L7163)}

NO_10 = EnvelopeSheet(
    Paper("no-10", 241.3, 104.8), Box(10.0, 9.0, 90.0, 30.0), Box(112.0, 46.0, 115.0, 44.0)
)
DL = EnvelopeSheet(
    Paper("dl", 220.0, 110.0), Box(10.0, 9.0, 85.0, 30.0), Box(102.0, 50.0, 105.0, 44.0)
)

_LETTER_COUNTRIES = frozenset({"CA", "US", "MX"})
_LAYOUT_BY_COUNTRY = {"CA": US_10, "US": US_10, "MX": US_10, "FR": FR, "CH": CH_LEFT, "GB": UK_DL}


def paper_for(host_country: str) -> Paper:
    """The paper of a mission's host country (ISO 3166-1 alpha-2)."""
    return LETTER if host_country.upper() in _LETTER_COUNTRIES else A4


def layout_for(host_country: str) -> Layout:
    """The letter's layout for a mission's host country (ISO 3166-1 alpha-2)."""
    return _LAYOUT_BY_COUNTRY.get(host_country.upper(), DIN_5008_B)


def envelope_for(paper: Paper) -> EnvelopeSheet:
    """The long envelope for a sheet folded in three."""
    return NO_10 if paper is LETTER else DL


def label_sheet_for(host_country: str) -> LabelSheet:
    """The label sheet for a mission's host country (ISO 3166-1 alpha-2)."""
    return AVERY_5160 if paper_for(host_country) is LETTER else L7163
