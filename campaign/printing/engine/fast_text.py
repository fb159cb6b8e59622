"""Setting simple text directly with Pango: names, dates, own words, the foot.

WeasyPrint lays these out line by line, each line several times, with boxes and styles around it,
which is nearly all the time a letter takes. Here Pango breaks a paragraph once, and its glyphs
are written as WeasyPrint writes them: into its fonts, in its units, with its rounding. The style
and the place of lines are taken from a specimen that WeasyPrint laid out. Text that is not simple
(other scripts than our fonts', marks that need placing, words wider than the line) is left to it.

Lengths are CSS pixels.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from weasyprint import Document
from weasyprint.pdf.fonts import Font
from weasyprint.text.ffi import FROM_UNITS, TO_UNITS, ffi, pango
from weasyprint.text.fonts import get_pango_font_key
from weasyprint.text.line_break import Layout

from campaign.printing import check_letters, fonts
from campaign.printing.engine.segments import Cell, Segment, Style, Texts

PangoObject = Any  # what cffi gives of Pango, untyped
SPECIMENS: dict[str, Texts] = {
    "sender": (("x",),),
    "date": ("x",),
    "own": (("x",),),
    "name": ("x", ""),
    "foot": ("x", None),
}
"""The kinds that can be set here, each with the texts of its specimen."""

_SPACES = re.compile(" +")
_GLYPH = struct.Struct("=IiiiI")  # PangoGlyphInfo: glyph, width, x and y offset, attributes
# Characters with rules of their own for where lines break or what is drawn.
_NOT_SIMPLE = frozenset("\t\r\x0b\x0c\u0085\u00ad\u2028\u2029")


class NotSimple(ValueError):
    """A text that is left to WeasyPrint."""


def is_simple(segment: Segment) -> bool:
    """Whether the segment may be set here, as far as its characters tell."""
    if segment.kind not in SPECIMENS or segment.style.direction != "ltr":
        return False
    lines = [line for paragraph in _paragraphs(segment) for line in paragraph.split("\n")]
    # WeasyPrint keeps a space at the end of a text, and kerns the last letter with it.
    if any(not line or line[0] == " " or line[-1] == " " for line in lines):
        return False
    characters = set().union(*lines)
    return not characters & _NOT_SIMPLE and all(
        ord(character) in fonts.own_characters() for character in characters
    )


def specimen(kind: str, style: Style) -> Segment:
    """Return the segment that is laid out so that others of its kind and style can be set."""
    return Segment(kind, style, SPECIMENS[kind])


def _paragraphs(segment: Segment) -> tuple[str, ...]:
    """Return the segment's paragraphs; lines in them end with line breaks."""
    if segment.kind == "own":
        return tuple(segment.texts[0])
    if segment.kind == "sender":
        return ("\n".join(segment.texts[0]),)
    if segment.kind == "foot":
        reference, number = segment.texts
        return (f"{reference} · {number}" if number else reference,)
    return ("\n".join(text for text in segment.texts if text),)


@dataclass(slots=True)
class _Type:
    layout: PangoObject
    held: PangoObject
    """A layout with the font in use, so that Pango keeps it, and its address is its name."""
    address: int
    font: Font
    size: float
    color: str
    pieces: dict[tuple[int, int], str]
    """What stands for a glyph of a certain width in a string of glyphs."""
    width: float
    at_end: bool  # lines are set against the column's right edge
    baseline: float  # from the top of the segment to its first baseline
    line_height: float
    after: float


class TextSetter:
    """Sets the simple segments of one document, before its PDF is written."""

    def __init__(self, document: Document) -> None:
        self._fonts = document.fonts
        self._types: dict[tuple[str, Style], _Type] = {}

    def learn(self, segment: Segment, box: check_letters.RenderedBox) -> None:
        """Take the style of a specimen and the places of its lines from its box."""
        paragraph = box.children[0] if segment.in_a_row else box
        line, text = check_letters.first_line(paragraph)
        layout, held = Layout(text.style), Layout(text.style)
        pango.pango_layout_set_width(layout.layout, int(paragraph.width * TO_UNITS))
        held.set_text(text.text)
        pango_font = held.get_first_line()[0].runs.data.item.analysis.font
        key, description, size = get_pango_font_key(pango_font)
        if key not in self._fonts:
            self._fonts[key] = Font(pango_font, description, size)
        self._types[segment.kind, segment.style] = _Type(
            layout=layout,
            held=held,
            address=_address(pango_font),
            font=self._fonts[key],
            size=size,
            color=" ".join(map(_number, text.style["color"].to("srgb").coordinates)) + " rg",
            pieces={},
            width=paragraph.width,
            at_end=text.style["text_align_all"] in {"end", "right"},
            baseline=text.position_y + text.baseline - box.position_y,
            line_height=line.height,
            after=paragraph.margin_height() - line.height,
        )

    def set(self, segment: Segment) -> Cell:
        """Set the segment.

        :raises NotSimple: it must be left to WeasyPrint after all.
        """
        kind = self._types[segment.kind, segment.style]
        parts = [kind.color, f"BT /{kind.font.hash} {_number(kind.size)} Tf"]
        y = kind.baseline
        for paragraph in _paragraphs(segment):
            for text in paragraph.split("\n"):
                for shown, width in _lines(kind, text):
                    x = kind.width - width if kind.at_end else 0.0
                    parts.append(f"1 0 0 -1 {x:.4f} {y:.4f} Tm [{shown}] TJ")
                    y += kind.line_height
            y += kind.after
        parts.append("ET")
        return Cell(" ".join(parts), None, 0.0, 0.0, y - kind.baseline, ())


def _lines(kind: _Type, text: str) -> Iterator[tuple[str, float]]:
    """Give the lines of a text without line breaks: strings of glyphs, and their width."""
    text = _SPACES.sub(" ", text)
    kind.layout.set_text(text)
    encoded = text.encode()
    number = 0
    while (line := pango.pango_layout_get_line_readonly(kind.layout.layout, number)) != ffi.NULL:
        # The spaces at which the line was broken are not drawn.
        own = encoded[line.start_index : line.start_index + line.length]
        cut = len(own) - len(own.rstrip(b" "))
        shown, width = _glyphs(kind, line, encoded, cut)
        if width > kind.width:
            raise NotSimple
        yield shown, width
        number += 1


def _glyphs(kind: _Type, line: PangoObject, encoded: bytes, cut: int) -> tuple[str, float]:
    """Return a line's glyphs as WeasyPrint writes them, without the last `cut` ones."""
    pieces: list[str] = []
    widths: list[int] = []
    run = line.runs
    while run != ffi.NULL:
        glyphs, item, run = run.data.glyphs, run.data.item, run.next
        # Of the level Pango keeps a byte; WeasyPrint's declaration takes in more than that.
        if item.analysis.level % 2 or _address(item.analysis.font) != kind.address:
            raise NotSimple
        data = ffi.buffer(glyphs.glyphs, glyphs.num_glyphs * _GLYPH.size)
        for i, (glyph, width, right, up, _) in enumerate(_GLYPH.iter_unpack(data)):
            if right or up:
                raise NotSimple
            piece = kind.pieces.get((glyph, width))
            if piece is None:
                piece = kind.pieces[glyph, width] = _piece(kind, item, glyphs, i, encoded)
            pieces.append(piece)
            widths.append(width)
    if cut:
        del pieces[-cut:], widths[-cut:]
    return f"<{''.join(pieces)}>".replace("<>", ""), sum(widths) * FROM_UNITS


def _address(pango_font: PangoObject) -> int:
    return int(ffi.cast("uintptr_t", pango_font))


def _piece(kind: _Type, item: PangoObject, glyphs: PangoObject, i: int, encoded: bytes) -> str:
    """Return what stands for a glyph in a string of glyphs, and add the glyph to the font.

    The same as in WeasyPrint's `draw_first_line`.
    """
    info = glyphs.glyphs[i]
    glyph = info.glyph
    if glyph == pango.PANGO_GLYPH_EMPTY and not info.geometry.width:
        return ""  # the space at which the line was broken
    if glyph & pango.PANGO_GLYPH_UNKNOWN_FLAG or glyph == pango.PANGO_GLYPH_EMPTY:
        raise NotSimple
    if glyph not in kind.font.to_unicode:
        last = i == glyphs.num_glyphs - 1
        begin = item.offset + glyphs.log_clusters[i]
        end = item.offset + (item.length if last else glyphs.log_clusters[i + 1])
        kind.font.to_unicode[glyph] = encoded[begin:end].decode()
    if glyph not in kind.font.widths:
        ink, logical = ffi.new("PangoRectangle *"), ffi.new("PangoRectangle *")
        pango.pango_font_get_glyph_extents(item.analysis.font, glyph, ink, logical)
        kind.font.widths[glyph] = round(logical.width * 1000 * FROM_UNITS / kind.size)
    kerning = kind.font.widths[glyph] - info.geometry.width * 1000 * FROM_UNITS / kind.size
    return f"{glyph:04x}>{int(kerning)}<" if kerning else f"{glyph:04x}"


def _number(number: float) -> str:
    """Write a number as pydyf does."""
    return f"{number:f}".rstrip("0").rstrip(".")
