"""What somebody prints who writes by hand: notes to keep, then a page for each official."""

from dataclasses import dataclass

from campaign.printing.geometry import Paper
from campaign.printing.html import PrintedPage, direction_of
from campaign.printing.line_breaks import count_lines
from campaign.printing.qr_codes import qr_svg
from campaign.printing.sheets.posters import print_handout

_MARGIN = 22.0
_LINE = 8.5
"""Height of a line to write on, mm."""
_AROUND = 96.0
"""mm of an official's page that address, reference, salutation and close take at least."""
_ADDRESS_LINES, _TEXT_LINE = 5, 7.5
"""Lines of an address for which there is room in that, and mm that each further one takes."""
_PT_PER_MM = 72 / 25.4


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
    return_to: str
    """Where to send the letter, and until when."""
    call: str
    link: str
    """What the code holds."""
    shown_link: str
    title_label: str
    """The document's title in a viewer."""


@dataclass(frozen=True, slots=True)
class _Pages:
    paper: Paper
    blanks: tuple[int, ...]
    """Lines to write on, by official."""


class ByHandPages(PrintedPage, template="by-hand.html"):
    words: ByHandContext
    page: _Pages
    code: str
    direction: str


def by_hand_pdf(context: ByHandContext, paper: Paper) -> bytes:
    page = _Pages(paper, tuple(_blank_lines(letter, paper) for letter in context.letters))
    pages = ByHandPages(
        words=context, page=page, code=qr_svg(context.link), direction=direction_of(context.locale)
    )
    return print_handout(
        pages, "by-hand.css", page, locale=context.locale, title=context.title_label
    )


def _blank_lines(letter: BlankLetter, paper: Paper) -> int:
    """How many lines to write on fit below the address."""
    width = (paper.width - 2 * _MARGIN) * _PT_PER_MM
    address = sum(count_lines(line, width, 12) for line in letter.lines)
    more = max(0, address - _ADDRESS_LINES) * _TEXT_LINE
    return max(1, int((paper.height - 2 * _MARGIN - _AROUND - more) / _LINE))
