"""What supporters print to write on: the sheet that people sign, and pages to write by hand.

The sheet to sign is lying, with a strip of contact data that is cut off. What stands above its
rows is measured by the widths of our own fonts, so that each request is printed whole: where they
are long the type is smaller, and then there are fewer rows.
"""

from dataclasses import dataclass

from campaign.printing.geometry import PT_PER_MM, Paper
from campaign.printing.html import PrintedPage, direction_of
from campaign.printing.renderer import render_page
from campaign.printing.text_widths import count_lines

_MARGIN = 12.0
_STRIP = 82.0  # width of the strip with email address and consents, mm
_GAP = 8.0  # between the sheet and its strip; the line to cut along runs in its middle
_ROW = 11.5  # height of a row to be filled in by hand, mm
_COLUMN_HEADS = 12.0
_FOOT = 7.0
_STRIP_HEAD = 48.0  # what stands above the strip's rows: the code, and what is done with the strip
_INDENT = 5.0  # of the requests, for their numbers
_SPACES = 6.0  # mm between the parts of the head together
_NASKH, _NASKH_TITLE = 1.2, 1.35  # Arabic wants so much more lead
_GROWTH = 0.13  # of its size, a line grows in which Naskh stands beside our sans-serif
_LETTER_MARGIN = 22.0
_LINE = 8.5  # height of a line to write on, mm
_AROUND = 96.0
"""mm of an official's page that address, reference, salutation and close take at least."""
_ADDRESS_LINES, _TEXT_LINE = 5, 7.5
"""Lines of an address for which there is room in that, and mm that each further one takes."""


@dataclass(frozen=True, slots=True)
class SheetContext:
    locale: str
    kicker: str
    title: str
    text_locale: str
    asks: tuple[str, ...]
    statement: str  # what everybody who signs agrees to
    return_to: str  # where to send the sheet, until when, and how to have more of them
    columns: tuple[str, ...]
    """Heads of what is delivered: name, town, postal code, country, signature."""
    strip_columns: tuple[str, ...]  # heads of what is cut off: email address and two consents
    strip_note: str
    cut_note: str  # stands at the line along which the strip is cut off
    call: str
    link: str
    shown_link: str
    site: str
    title_label: str


@dataclass(frozen=True, slots=True)
class Face:
    """One size in which the words above the rows are set, pt."""

    size: float
    leading: float
    title: float
    title_leading: float
    enough: int  # rows that a sheet must have, so that its words need not be smaller


FACES = (
    Face(9.5, 12.5, 17, 21, 8),
    Face(8.5, 11, 14, 17.5, 6),
    Face(7.5, 9.7, 12, 15, 4),
    Face(6.5, 8.4, 11, 13.5, 0),
)


@dataclass(frozen=True, slots=True)
class SheetPage:
    """The sheet's geometry, in mm, and how its words are set."""

    paper: Paper
    rows: int
    face: Face
    head: float  # height of what stands above the column heads
    body: float  # width of what is delivered
    margin: float = _MARGIN
    strip: float = _STRIP
    gap: float = _GAP
    row: float = _ROW
    column_heads: float = _COLUMN_HEADS
    naskh: float = _NASKH
    naskh_title: float = _NASKH_TITLE

    @property
    def is_full(self) -> bool:
        """Whether its words are as large as usual and it has the usual rows."""
        return self.face == FACES[0]


class SignOnSheet(PrintedPage, template="sign-on.html"):
    words: SheetContext
    page: SheetPage


def plan_sheet(context: SheetContext, paper: Paper) -> SheetPage:
    """Choose type and rows, so that everything above the rows is printed whole."""
    lying = Paper(paper.slug, paper.height, paper.width)
    body = lying.width - 2 * _MARGIN - _STRIP - _GAP
    for face in FACES:
        head = max(_STRIP_HEAD, _head_height(context, face, body))
        room = lying.height - 2 * _MARGIN - head - _COLUMN_HEADS - _FOOT
        page = SheetPage(lying, max(1, int(room / _ROW)), face, head, body)
        if page.rows >= face.enough:
            break
    return page


def sheet_pdf(context: SheetContext, paper: Paper) -> bytes:
    page = plan_sheet(context, paper)
    sheet, title = SignOnSheet(words=context, page=page), context.title_label
    return render_page(sheet, "sign-on.css", page, locale=context.locale, title=title, tagged=True)


def _head_height(context: SheetContext, face: Face, width: float) -> float:
    """Return how high the words above the rows are at most, mm."""
    wide = width * PT_PER_MM
    own = _line(context.locale, face.leading, _NASKH, face.size)
    text = _line(context.text_locale, face.leading, _NASKH, face.size)
    title = _line(context.text_locale, face.title_leading, _NASKH_TITLE, face.title)
    ours = (context.kicker, context.statement, context.return_to)
    height = sum(count_lines(words, wide, face.size, "Semibold") for words in ours) * own
    height += count_lines(context.title, wide, face.title) * title
    asks = (count_lines(ask, wide - _INDENT * PT_PER_MM, face.size) for ask in context.asks)
    return (height + sum(asks) * text) / PT_PER_MM + _SPACES


def _line(locale: str, leading: float, times: float, size: float) -> float:
    """Return a line's height, pt; where two fonts meet, as in Arabic, it grows beyond its lead."""
    if direction_of(locale) == "rtl":
        return leading * times + size * _GROWTH
    return leading


@dataclass(frozen=True, slots=True)
class BlankLetter:
    lines: tuple[str, ...]
    salutation: str
    close: str


@dataclass(frozen=True, slots=True)
class ByHandContext:
    locale: str
    kicker: str
    title: str
    text_locale: str
    reference: str
    asks_head: str
    asks: tuple[str, ...]
    address_head: str
    letters: tuple[BlankLetter, ...]
    letter_locale: str
    advice_head: str
    advice: tuple[str, ...]
    return_to: str  # where to send the letter, and until when
    call: str
    link: str
    shown_link: str
    title_label: str


@dataclass(frozen=True, slots=True)
class _Pages:
    paper: Paper
    blanks: tuple[int, ...]


class ByHandPages(PrintedPage, template="by-hand.html"):
    words: ByHandContext
    page: _Pages


def by_hand_pdf(context: ByHandContext, paper: Paper) -> bytes:
    page = _Pages(paper, tuple(_blank_lines(letter, paper) for letter in context.letters))
    pages, title = ByHandPages(words=context, page=page), context.title_label
    return render_page(pages, "by-hand.css", page, locale=context.locale, title=title, tagged=True)


def _blank_lines(letter: BlankLetter, paper: Paper) -> int:
    width = (paper.width - 2 * _LETTER_MARGIN) * PT_PER_MM
    address = sum(count_lines(line, width, 12) for line in letter.lines)
    more = max(0, address - _ADDRESS_LINES) * _TEXT_LINE
    return max(1, int((paper.height - 2 * _LETTER_MARGIN - _AROUND - more) / _LINE))
