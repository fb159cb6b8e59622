"""Where the segments stand on the sheets they were laid out on, and how large they are.

Lengths are CSS pixels (1/96 inch), as the renderer measures.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from weasyprint import Document

from campaign.printing import measure_rendered
from campaign.printing.engine.segments import Segment, Style
from campaign.printing.geometry import Layout
from campaign.printing.problems import Problem

PX_PER_MM = 96 / 25.4


@dataclass(frozen=True, slots=True)
class Cell:
    """A segment that was laid out."""

    operators: str
    """What draws it where it was laid out, in a PDF's content."""
    form: str | None
    """The Form XObject that the operators name."""
    x: float
    """Its left edge where it was laid out."""
    y: float
    """Its top edge there."""
    height: float
    problems: tuple[Problem, ...]
    """What is wrong with it wherever it is used; only sender and address are looked at."""


class SegmentsLost(RuntimeError):
    """The renderer laid out other boxes than segments were given to it."""


def match(
    document: Document, groups: Sequence[tuple[Style, list[Segment]]]
) -> dict[Segment, tuple[int, Any]]:
    """Each segment's box, and which of the Form XObjects it is in the order of their drawing.

    A segment that doesn't fit a sheet is left out.

    :raises SegmentsLost: the boxes aren't those of the segments.
    """
    waiting = [segment for _, segments in groups for segment in segments]
    found: list[tuple[int, Any]] = []
    broken = set()
    for form, box in enumerate(_boxes(document)):
        if found and box.element is found[-1][1].element:
            broken.add(waiting[len(found) - 1])
        else:
            found.append((form, box))
    if len(found) != len(waiting):
        raise SegmentsLost
    return {
        segment: pair for segment, pair in zip(waiting, found, strict=True) if segment not in broken
    }


def measure(segment: Segment, form: int, box: Any, layout: Layout) -> Cell:
    """The cell of a segment that was laid out as `box`."""
    name = f"/x{form}"
    return Cell(
        f"{name} Do",
        name,
        box.position_x,
        box.position_y,
        box.margin_height(),
        tuple(_check(segment.kind, segment.style.direction, box, layout)),
    )


def _boxes(document: Document) -> Iterator[Any]:
    """The segments' boxes, sheet by sheet."""
    for page in document.pages:
        for root in page._page_box.children:  # noqa: SLF001
            for body in root.children:
                for group in body.children:
                    yield from group.children


def _check(kind: str, direction: str, box: Any, layout: Layout) -> list[Problem]:
    if kind == "address":
        place = layout.address
    elif kind == "sender":
        place = layout.sender_rtl if direction == "rtl" else layout.sender
    else:
        return []
    by = (place.x - box.position_x / PX_PER_MM, place.y - box.position_y / PX_PER_MM)
    return measure_rendered.check_block(f"letter-{kind}", box, layout, by)
