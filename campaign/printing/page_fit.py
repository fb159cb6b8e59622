"""How much of its page a letter fills, without laying it out.

Lines are broken by the advance widths of our own fonts, a little wider than they print, so that a
letter that is said to fit does fit. It takes a fraction of a millisecond, any number at once; the
renderer would take a tenth of a second, one at a time. Heights are those of `sheet.css` and
`card.css`; tests hold them to the real layout.
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from campaign.printing import html
from campaign.printing.geometry import PT_PER_MM, Layout
from campaign.printing.printed_content import LetterContext
from campaign.printing.text_widths import count_lines, is_ours

_CLEARANCE = 1.0  # points left at the foot of the page, as the press leaves a hair
_CARD_WIDTH_GONE, _CARD_HEIGHT_GONE = 24.0, 28.0
"""mm of a quarter sheet in which the text of a card does not stand (`card.css`, `letters_job`)."""
_TALLER = 1.16
"""A line with characters of the system's fonts is so much higher, at most (Devanagari)."""
_ROOMY, _ARABIC_TALLER = 1.43, 1.1  # type with so much lead, that of Arabic letters, grows less


@dataclass(frozen=True, slots=True)
class Room:
    filled: float
    """Share of the page's text that is taken; beyond 1 there would have to be a second page."""
    lines_over: int
    lines_left: int

    @property
    def fits(self) -> bool:
        return self.lines_over == 0

    @property
    def percent(self) -> int:
        """The share as people say it; 100 only where the page is full."""
        return max(1, math.ceil(self.filled * 100)) if self.fits else math.floor(self.filled * 100)


class _Face(NamedTuple):
    """The sizes of one way of setting a text, in pt."""

    size: float
    leading: float
    after: float
    weight: str = "Regular"

    def height(self, text: str, width: float) -> float:
        return _height(self, text, width)


# A letter that is signed is measured twice, and most of it was measured before.
@functools.lru_cache(maxsize=8192)
def _height(face: _Face, text: str, width: float) -> float:
    taller = _ARABIC_TALLER if face.leading >= face.size * _ROOMY else _TALLER
    leading = face.leading if is_ours(text) else face.leading * taller
    return count_lines(text, width, face.size, face.weight) * leading + face.after


def letter_room(context: LetterContext, layout: Layout) -> Room:
    """How much of its first page a letter fills.

    A long letter is set a size smaller. What is left is always told in lines of that size: told in
    those of the larger one, room would grow again at the word with which the type gets smaller.
    """
    available = layout.paper.height - layout.margin_bottom - layout.body_top
    space = available * PT_PER_MM - _CLEARANCE
    if not html.is_close_set(context, layout):
        room = _room(*_letter_height(context, layout, close_set=False), space)
        if not room.fits:
            return room
    return _room(*_letter_height(context, layout, close_set=True), space)


def _letter_height(
    context: LetterContext, layout: Layout, *, close_set: bool
) -> tuple[float, float]:
    """Return the height of the text and of one of its lines, in pt."""
    body = _body(context, close_set=close_set)
    width = layout.text.width * PT_PER_MM
    size, leading = body.size, body.leading
    height = 0.0
    if context.place_and_date:
        height += _Face(size, leading, 11).height(context.place_and_date, width)
    if context.subject:
        height += _Face(size, leading, 11, "Semibold").height(context.subject, width)
    height += body.height(context.salutation, width)
    height += sum(body.height(text, width) for text in context.opening)
    if context.points:
        point = _Face(size, leading, 2.5)
        height += sum(point.height(text, width - 13) for text in context.points)
        height += 3 if close_set else 4
    height += sum(body.height(text, width) for text in (*context.own_words, *context.closing))
    close = _Face(size, leading, (3.5 if close_set else 2.5) + 25)
    height += close.height(context.complimentary_close, width)
    name = _Face(size, leading, 0)
    height += sum(name.height(line, width) for line in _name_lines(context))
    if context.copies_to:
        copies = _Face(10.5, 15.5, 0) if _is_rtl(context) else _Face(9.5, 12.5, 0)
        height += 10 + sum(copies.height(line, width) for line in context.copies_to)
    return height, leading


def _body(context: LetterContext, *, close_set: bool) -> _Face:
    if _is_rtl(context):
        return _Face(11, 15.8, 5.5) if close_set else _Face(12, 18, 6.5)
    return _Face(10, 12.8, 5.5) if close_set else _Face(11, 14.5, 6.5)


def _is_rtl(context: LetterContext) -> bool:
    return html.direction_of(context.locale) == "rtl"


def card_room(context: LetterContext, layout: Layout) -> Room:
    """How much of a card its text fills; what is left is told in lines of the smaller size."""
    card = html.card_parts(context)
    available = (layout.paper.height / 2 - _CARD_HEIGHT_GONE) * PT_PER_MM - _CLEARANCE
    if not card.dense:
        room = _room(*_card_height(context, layout, card, dense=False), available)
        if not room.fits:
            return room
    return _room(*_card_height(context, layout, card, dense=True), available)


def _card_height(
    context: LetterContext, layout: Layout, card: html.CardParts, *, dense: bool
) -> tuple[float, float]:
    size, leading, gap = (8.0, 10.25, 3.0) if dense else (9.5, 12.5, 5.0)
    small = _Face(7, 8.5, 0) if dense else _Face(8, 10, 0)
    width = (layout.paper.width / 2 - _CARD_WIDTH_GONE) * PT_PER_MM
    text, point = _Face(size, leading, gap), _Face(size, leading, 0)
    height = sum(small.height(line, width) for line in context.addressee_lines)
    height += 6 if dense else 9
    height += 12.5 + gap if context.specimen else 0
    blocks = (context.salutation, *context.opening, *context.own_words, *card.closing, card.close)
    height += sum(text.height(block, width) for block in blocks if block)
    if context.points:
        height += sum(point.height(asked, width - 1.1 * size) for asked in context.points) + gap
    # The margin above the name takes in the one below what stands before it.
    height += 10 - gap
    height += sum(point.height(line, width) for line in _name_lines(context))
    return height, leading


def _name_lines(context: LetterContext) -> Sequence[str]:
    return [line for line in (context.signature_name, context.signature_locality) if line]


def _room(height: float, leading: float, available: float) -> Room:
    over = math.ceil((height - available) / leading) if height > available else 0
    return Room(height / available, over, max(0, math.floor((available - height) / leading)))
