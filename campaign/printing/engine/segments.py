"""Letters cut into segments, so that what many letters share is laid out once.

A letter is a stack of segments. Sender, address and foot have fixed places on the sheet; the
others follow each other from `Layout.body_top` down. Two segments of the same texts, language and
size of type are the same segment, whichever letters they come from. So the fewer words a segment
has, the more letters share it: sender and name are cut into lines, of which town and country are
many letters'.

Where the segments stand on the sheets they were laid out on, and how large they are.

Lengths are CSS pixels (1/96 inch), as the renderer measures.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

from weasyprint import Document

from campaign.printing import check_letters, html
from campaign.printing.check_letters import RenderedBox
from campaign.printing.geometry import PX_PER_MM, Layout
from campaign.printing.printed_content import LetterContext
from campaign.printing.problems import Problem

FIELDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "sender": ("sender_lines",),
        "address": ("addressee_lines",),
        "date": ("place_and_date",),
        "plea": ("subject", "salutation", "opening", "points"),
        "own": ("own_words",),
        "close": ("closing", "complimentary_close"),
        "name": ("signature_name", "signature_locality"),
        "copies": ("copies_to",),
        "foot": ("reference", "number"),
    }
)
"""The kinds of segments in reading order, each with the context's fields that are its text."""

Texts: TypeAlias = tuple[Any, ...]  # what the fields of a kind hold: a text, several, or none

PLACED = frozenset({"sender", "address", "foot"})
"""Kinds with a place of their own on the sheet; the others are stacked."""
_SEVERAL_ELEMENTS = frozenset({"plea", "own", "close"})
_MAY_BE_MISSING = frozenset({"sender", "date", "own", "copies"})


@dataclass(frozen=True, slots=True)
class Style:
    locale: str
    close_set: bool

    @property
    def direction(self) -> str:
        return html.direction_of(self.locale)


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of one letter or of many."""

    kind: str
    style: Style
    texts: Texts

    @property
    def fields(self) -> dict[str, object]:
        return dict(zip(FIELDS[self.kind], self.texts, strict=True))

    @property
    def in_a_row(self) -> bool:
        """Whether it is several elements in a row, which the template must hold together."""
        return self.kind in _SEVERAL_ELEMENTS


def cut_letter(context: LetterContext, layout: Layout) -> list[Segment]:
    """Cut a letter into segments, in reading order; what it doesn't have is left out."""
    body = Style(context.locale, html.is_close_set(context, layout))
    # Type with sizes of its own is the same in letters of either size.
    plain = Style(context.locale, close_set=False)
    segments = []
    for kind, names in FIELDS.items():
        texts = tuple(getattr(context, name) for name in names)
        if kind == "sender" and _reads_by_line(plain, *texts):
            segments += [Segment(kind, plain, ((line,),)) for line in context.sender_lines]
        elif kind == "name" and _reads_by_line(body, texts):
            segments += [Segment(kind, body, (line, "")) for line in texts]
        elif any(texts) or kind not in _MAY_BE_MISSING:
            segments.append(Segment(kind, plain if kind in PLACED else body, texts))
    return segments


def _reads_by_line(style: Style, lines: tuple[str, ...]) -> bool:
    """Whether each line reads for itself in the direction that all read in together."""
    direction = style.direction
    return all(line.strip() and html.text_direction(line, direction) == direction for line in lines)


def group_segments(segments: Iterable[Segment]) -> list[tuple[Style, list[Segment]]]:
    """Group the distinct segments by style, in the order they are laid out."""
    groups: dict[Style, list[Segment]] = {}
    for segment in dict.fromkeys(segments):
        groups.setdefault(segment.style, []).append(segment)
    return list(groups.items())


class SegmentSheets(html.PrintedPage, template="segments.html"):
    groups: Sequence[tuple[Style, list[Segment]]]
    layout: Layout
    close_set: str
    line_end: str = "\n"


def write_sheets(groups: Sequence[tuple[Style, list[Segment]]], layout: Layout) -> str:
    sheets = SegmentSheets(groups=groups, layout=layout, close_set=html.CLOSE_SET)
    return str(sheets.html())


@dataclass(frozen=True, slots=True)
class Cell:
    operators: str  # what draws it where it was laid out, in a PDF's content
    form: str | None  # the Form XObject that the operators name
    x: float
    y: float
    height: float
    problems: tuple[Problem, ...]
    """What is wrong with it wherever it is used; only sender and address are looked at."""


class SegmentsLost(RuntimeError):
    """The renderer laid out other boxes than segments were given to it."""


def match_boxes(
    document: Document, groups: Sequence[tuple[Style, list[Segment]]]
) -> dict[Segment, tuple[int, RenderedBox]]:
    """Return each segment's box, and the place of its Form XObject in the order of drawing.

    A segment that doesn't fit a sheet is left out.

    :raises SegmentsLost: the boxes aren't those of the segments.
    """
    waiting = [segment for _, segments in groups for segment in segments]
    pairs: list[tuple[int, RenderedBox]] = []
    broken = set()
    for form, box in enumerate(_boxes(document)):
        if pairs and box.element is pairs[-1][1].element:
            broken.add(waiting[len(pairs) - 1])
        else:
            pairs.append((form, box))
    if len(pairs) != len(waiting):
        raise SegmentsLost
    return {
        segment: pair for segment, pair in zip(waiting, pairs, strict=True) if segment not in broken
    }


def measure_segment(segment: Segment, form: int, box: RenderedBox, layout: Layout) -> Cell:
    name = f"/x{form}"
    return Cell(
        f"{name} Do",
        name,
        box.position_x,
        box.position_y,
        box.margin_height(),
        tuple(_check(segment.kind, segment.style.direction, box, layout)),
    )


def _boxes(document: Document) -> Iterator[RenderedBox]:
    for page in document.pages:
        for root in page._page_box.children:  # noqa: SLF001
            for body in root.children:
                for group in body.children:
                    yield from group.children


def _check(kind: str, direction: str, box: RenderedBox, layout: Layout) -> list[Problem]:
    if kind == "address":
        place = layout.address
    elif kind == "sender":
        place = layout.sender_rtl if direction == "rtl" else layout.sender
    else:
        return []
    by = (place.x - box.position_x / PX_PER_MM, place.y - box.position_y / PX_PER_MM)
    return check_letters.check_block(f"letter-{kind}", box, layout, by)
