"""Geometry of paper, envelope windows and label sheets, in millimetres.

This is the one place: the print CSS is produced from it and the window check measures against
it. Origin is the sheet's top left corner, x to the right, y downwards.

Sizes of envelopes: ISO 269 (DL, C5, C4); ANSI/USPS names for North America (No. 10; 9 × 12 inch
catalog). Those without a window are printed lying, the address right of the middle and below it, as
postal services read it.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, product

MM_PER_PT = 25.4 / 72
PT_PER_MM = 72 / 25.4
MM_PER_PX = 25.4 / 96  # of a CSS pixel
PX_PER_MM = 96 / 25.4


@dataclass(frozen=True, slots=True)
class Paper:
    """A sheet of paper, upright."""

    slug: str
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Box:
    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
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
class WindowEnvelope:
    """An envelope with a window as it is sold; docs/press.md names the sources."""

    slug: str
    width: float
    height: float
    window: Box  # from the envelope's top left corner, flap on top

    def shows(self, layout: "Layout", *, right: float, up: float) -> Box:
        """Return what of the sheet stands in the window.

        :param right: how far the folded sheet has slipped from the left edge inside.
        :param up: how far it has slipped from the bottom; 0 and `slack` are the extremes.
        """
        box = self.window
        # The first fold lies at the envelope's bottom when the sheet has not slipped.
        top = layout.folds[0] - (self.height - box.y) + up
        return Box(box.x - right, top, box.width, box.height)

    def slack(self, layout: "Layout") -> tuple[float, float]:
        """Return how far the folded sheet can slip to the right and up."""
        return self.width - layout.paper.width, self.height - layout.folded_height


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the parts of a letter stand on the sheet."""

    slug: str
    paper: Paper
    envelopes: tuple[WindowEnvelope, ...]
    """Those with a window that it serves, however the sheet slips in them."""
    address: Box  # where the address is set: within the window, clear of its rim
    sender: Box
    folds: tuple[float, ...]  # heights (y) at which the sheet is folded
    body_top: float  # where the letter proper begins: the line with place and date
    date_at_end: bool = True
    """Place and date stand at the end of the line (right) instead of at its start."""
    margin_left: float = 25.0
    margin_right: float = 20.0
    margin_top: float = 20.0  # of the first and the following sheets
    margin_bottom: float = 20.0  # the foot with reference and number stands in it
    foot_rise: float = 6.5  # how far above the sheet's lower edge the foot ends

    @property
    def folded_height(self) -> float:
        """Height of the folded sheet: that of its highest part."""
        edges = (0.0, *self.folds, self.paper.height)
        return max(below - above for above, below in pairwise(edges))

    @property
    def window(self) -> Box:
        """What shows in every window however the sheet slips: the address lies within it."""
        return _seen_of(self)[0]

    @property
    def shown(self) -> Box:
        """What shows in any window at any slip: nothing but the address may stand there."""
        return _seen_of(self)[1]

    @property
    def sender_rtl(self) -> Box:
        """Where the sender's lines are set in a language that is written from right to left.

        Window and folds belong to the paper and stay; the sender's box changes sides where the
        window leaves the other one free.
        """
        box = self.sender
        other = Box(self.paper.width - box.right, box.y, box.width, box.height)
        return box if other.meets(self.shown) else other

    @property
    def text(self) -> Box:
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
class TypeSize:
    """A way to set lines of an address, in pt."""

    size: float
    leading: float  # from line to line
    rtl_leading: float = 0  # in a window, of an address that goes from right to left


TIGHT = TypeSize(8.5, 8.8, 8.3)
"""The smallest in which an address is set."""


@dataclass(frozen=True, slots=True)
class LabelSheet:
    slug: str
    paper: Paper
    width: float
    height: float  # height of a label; rows follow each other without a gap
    columns: int
    rows: int
    left: float
    top: float
    pitch: float  # distance from one column's left edge to the next one's
    size: float = 9.5
    leading: float = 11.2  # from line to line, pt

    def rooms(self) -> tuple["AddressRoom", ...]:
        """What an address may fill, from the usual size of type to the smallest."""
        usual = TypeSize(self.size, self.leading)
        dense = TypeSize(max(TIGHT.size, self.size - 1.5), self.leading - 1.6)
        return tuple(
            AddressRoom(size, self.width - 8, self.height - rim - _LABEL_RIM, rim)
            for size, rim in ((usual, 2.5), (dense, 2.5), (TIGHT, _LABEL_RIM))
        )

    def text(self, index: int) -> Box:
        """Where the text of label `index` stands, at most."""
        box, rim = self.position(index), _LABEL_RIM
        return Box(box.x + 4, box.y + rim, box.width - 8, box.height - 2 * rim)

    @property
    def per_sheet(self) -> int:
        return self.columns * self.rows

    def position(self, index: int) -> Box:
        """Where label `index` (from 0, row by row) of a sheet stands."""
        row, column = divmod(index, self.columns)
        return Box(
            self.left + column * self.pitch, self.top + row * self.height, self.width, self.height
        )


@dataclass(frozen=True, slots=True)
class EnvelopeSheet:
    """The front of an envelope, as a page that a printer takes."""

    paper: Paper
    sender: Box
    address: Box
    size: float = 11.0

    def rooms(self) -> tuple["AddressRoom", ...]:
        """What an address may fill, from the usual size of type to the smallest."""
        usual = TypeSize(self.size, self.size * 1.27)
        dense = TypeSize(self.size - 1.5, self.size * 1.05)
        width, height = self.address.width, self.address.height
        return tuple(AddressRoom(size, width, height) for size in (usual, dense, TIGHT))


@dataclass(frozen=True, slots=True)
class AddressRoom:
    """A place for the lines of an address in one size of type, mm."""

    size: TypeSize
    width: float
    height: float
    rim: float = 0  # free above it, on a label


@lru_cache(maxsize=32)
def _seen_of(layout: Layout) -> tuple[Box, Box]:
    """What every window shows however the sheet slips, and what any window shows at any slip."""
    views = []
    for envelope in layout.envelopes:
        right, up = envelope.slack(layout)
        for aside, above in product((0.0, right), (0.0, up)):
            views.append(envelope.shows(layout, right=aside, up=above))
    lefts, tops = [box.x for box in views], [box.y for box in views]
    rights, bottoms = [box.right for box in views], [box.bottom for box in views]
    return (
        Box(max(lefts), max(tops), min(rights) - max(lefts), min(bottoms) - max(tops)),
        Box(min(lefts), min(tops), max(rights) - min(lefts), max(bottoms) - min(tops)),
    )


PRINTABLE_EDGE = 5.0
"""mm no office printer is trusted to print along each edge (most leave 4.2 mm or 1/6 inch)."""
_LABEL_RIM = 1.8  # mm by which a sheet of labels may lie askew

LETTER = Paper("letter", 215.9, 279.4)
A4 = Paper("a4", 210.0, 297.0)
PAPERS = {paper.slug: paper for paper in (LETTER, A4)}


def _envelope(
    slug: str, width: float, height: float, window: tuple[float, float], *, left: float, up: float
) -> WindowEnvelope:
    """Take the window's height and width, from the left and from the bottom, as makers give it."""
    high, wide = window
    return WindowEnvelope(slug, width, height, Box(left, height - up - high, wide, high))


_NO_10 = _envelope("No. 10", 241.3, 104.8, (28.6, 114.3), left=22.2, up=12.7)
_DIN_DL = _envelope("DIN DL", 220, 110, (45, 90), left=20, up=15)
_DIN_C65 = _envelope("DIN C6/5", 229, 114, (45, 90), left=20, up=15)
_FR_DL_45 = _envelope("DL 45 x 100", 220, 110, (45, 100), left=100, up=20)
_FR_DL_35 = _envelope("DL 35 x 100", 220, 110, (35, 100), left=100, up=20)
_FR_C56_45 = _envelope("C5/6 45 x 100", 229, 114, (45, 100), left=109, up=20)
_FR_C56_35 = _envelope("C5/6 35 x 100", 229, 114, (35, 100), left=109, up=20)
_CH_C65 = _envelope("C6/5 left", 224, 114, (45, 100), left=20, up=21)
_CH_C56 = _envelope("C5/6 left", 229, 114, (45, 100), left=20, up=21)
_UK_DL = _envelope("DL 35 x 90", 220, 110, (35, 90), left=20, up=18)
_UK_DL_39 = _envelope("DL 39 x 93", 220, 110, (39, 93), left=19, up=18)
_UK_C56 = _envelope("C5/6 35 x 90", 229, 114, (35, 90), left=20, up=18)

# The first part is folded higher than a third, so that the sheet slips up and down but little.
_LETTER_FOLDS = (98.4, 190.5)
_A4_FOLDS = (105.0, 210.0)

US_10 = Layout(
    slug="us-10",
    paper=LETTER,
    envelopes=(_NO_10,),
    address=Box(25.4, 63.7, 85.0, 21.9),
    sender=Box(25.4, 16.0, 120.0, 32.0),
    folds=_LETTER_FOLDS,
    margin_left=25.4,
    margin_right=25.4,
    body_top=93.0,
    date_at_end=False,
)
# DIN 5008 keeps the upper 17.7 mm of its 45 mm field for the return address and postal notes.
DIN_5008_B = Layout(
    slug="din-5008-b",
    paper=A4,
    envelopes=(_DIN_DL, _DIN_C65),
    address=Box(25.0, 62.7, 66.0, 27.3),
    sender=Box(125.0, 45.0, 65.0, 40.0),
    folds=_A4_FOLDS,
    body_top=99.5,
)
DIN_5008_A = Layout(
    slug="din-5008-a",
    paper=A4,
    envelopes=(_DIN_DL, _DIN_C65),
    address=Box(25.0, 44.7, 66.0, 27.3),
    sender=Box(125.0, 27.0, 65.0, 40.0),
    folds=(87.0, 192.0),
    body_top=81.5,
)
FR = Layout(
    slug="fr",
    paper=A4,
    envelopes=(_FR_DL_45, _FR_DL_35, _FR_C56_45, _FR_C56_35),
    address=Box(110.0, 59.2, 79.5, 25.7),
    sender=Box(25.0, 20.0, 64.0, 40.0),
    folds=_A4_FOLDS,
    body_top=95.0,
)
CH_LEFT = Layout(
    slug="ch-left",
    paper=A4,
    envelopes=(_CH_C65, _CH_C56),
    address=Box(25.0, 48.5, 75.5, 33.0),
    sender=Box(125.0, 35.5, 65.0, 40.0),
    folds=_A4_FOLDS,
    body_top=94.0,
)
UK_DL = Layout(
    slug="uk-dl",
    paper=A4,
    envelopes=(_UK_DL, _UK_DL_39, _UK_C56),
    address=Box(22.0, 61.2, 68.5, 25.7),
    sender=Box(125.0, 20.0, 65.0, 40.0),
    folds=_A4_FOLDS,
    margin_left=25.4,
    body_top=97.0,
)
LAYOUTS = {layout.slug: layout for layout in (US_10, DIN_5008_B, DIN_5008_A, FR, CH_LEFT, UK_DL)}

AVERY_5160 = LabelSheet("avery-5160", LETTER, 66.7, 25.4, 3, 10, 4.0, 12.7, 70.6)
AVERY_5163 = LabelSheet("avery-5163", LETTER, 101.6, 50.8, 2, 5, 4.0, 12.7, 106.3, 11, 13)
L7163 = LabelSheet("l7163", A4, 99.1, 38.1, 2, 7, 4.65, 15.2, 101.6, 11, 13)
L7165 = LabelSheet("l7165", A4, 99.1, 67.7, 2, 4, 4.65, 13.1, 101.6, 11, 13)
CARDS_A_SHEET = 4

NO_10 = EnvelopeSheet(
    Paper("no-10", 241.3, 104.8), Box(10.0, 9.0, 90.0, 30.0), Box(112.0, 46.0, 115.0, 44.0)
)
DL = EnvelopeSheet(
    Paper("dl", 220.0, 110.0), Box(10.0, 9.0, 85.0, 30.0), Box(102.0, 50.0, 105.0, 44.0)
)
C5 = EnvelopeSheet(
    Paper("c5", 229.0, 162.0), Box(12.0, 12.0, 90.0, 34.0), Box(106.0, 82.0, 110.0, 56.0), 12.0
)
C4 = EnvelopeSheet(
    Paper("c4", 324.0, 229.0), Box(15.0, 15.0, 110.0, 40.0), Box(158.0, 122.0, 150.0, 80.0), 15.0
)
CATALOG = EnvelopeSheet(
    Paper("9x12", 304.8, 228.6), Box(15.0, 15.0, 110.0, 40.0), Box(146.0, 120.0, 145.0, 80.0), 15.0
)
NAMES = {"no-10": "No. 10", "9x12": "9 × 12 in", "dl": "DL", "c5": "C5", "c4": "C4"}
"""How the sizes are called where they are bought."""

_LETTER_COUNTRIES = frozenset({"CA", "US", "MX"})
_LAYOUT_BY_COUNTRY = {"CA": US_10, "US": US_10, "MX": US_10, "FR": FR, "CH": CH_LEFT, "GB": UK_DL}


def paper_for(host_country: str) -> Paper:
    """Return the paper of a mission's host country (ISO 3166-1 alpha-2)."""
    return LETTER if host_country.upper() in _LETTER_COUNTRIES else A4


def layout_for(host_country: str) -> Layout:
    """Return the letter's layout for a mission's host country (ISO 3166-1 alpha-2)."""
    return _LAYOUT_BY_COUNTRY.get(host_country.upper(), DIN_5008_B)


def envelope_for(paper: Paper) -> EnvelopeSheet:
    """Return the long envelope for a sheet folded in three."""
    return NO_10 if paper is LETTER else DL


def label_sheets_for(layout: Layout) -> tuple[LabelSheet, ...]:
    """Return those of the letters' paper, from the usual to that for long addresses."""
    return (AVERY_5160, AVERY_5163) if layout.paper is LETTER else (L7163, L7165)


def envelopes_for(paper: Paper) -> tuple[EnvelopeSheet, ...]:
    """Return those for a sheet folded in three, once, and flat; Letter has none for once."""
    return (NO_10, CATALOG) if paper is LETTER else (DL, C5, C4)
