"""What the renderer really laid out: where the address stands, how many pages a letter takes."""

from collections.abc import Iterator, Sequence
from typing import Any

from weasyprint import Document
from weasyprint.formatting_structure.boxes import LineBox, TextBox

from campaign.printing.geometry import Box, Layout
from campaign.printing.problems import (
    ADDRESS_OUTSIDE_WINDOW,
    OUTSIDE_PAPER,
    SENDER_OVER_WINDOW,
    Problem,
)

RenderedBox = Any
"""A box or page of WeasyPrint, which has no types."""
MM_PER_PX = 25.4 / 96
"""A CSS pixel in mm; WeasyPrint measures in CSS pixels."""


def first_pages(document: Document, ids: Sequence[str]) -> list[int]:
    """Return the index of the page on which each element of `ids` begins, in document order."""
    pages: dict[str, int] = {}
    for index, page in enumerate(document.pages):
        for anchor in page.anchors:
            pages.setdefault(anchor, index)
    return [pages[name] for name in ids]


def check_address(page: RenderedBox, layout: Layout) -> list[Problem]:
    """Check that the address on this page lies within the window, and all lines on the paper."""
    return [
        problem
        for name in ("letter-address", "letter-sender")
        for block in _blocks(page._page_box, name)  # noqa: SLF001
        for problem in check_block(name, block, layout)
    ]


def check_block(
    name: str, block: RenderedBox, layout: Layout, by: tuple[float, float] = (0.0, 0.0)
) -> list[Problem]:
    """Check that an address lies within the window, or a sender on the paper and clear of it.

    :param name: class of the block, "letter-address" or "letter-sender".
    :param by: how far, in mm, the block is to be moved from where it was laid out.
    """
    slug, limit = (
        (ADDRESS_OUTSIDE_WINDOW, layout.window)
        if name == "letter-address"
        else (OUTSIDE_PAPER, layout.printable)
    )
    lines = list(_lines(block))
    if not lines:
        return []
    extent = _extent(lines)
    moved = Box(extent.x + by[0], extent.y + by[1], extent.width, extent.height)
    if not limit.holds(moved):
        return [Problem(slug, _detail(moved, limit))]
    if name == "letter-sender" and moved.meets(layout.shown):
        return [Problem(SENDER_OVER_WINDOW, _detail(moved, layout.shown))]
    return []


def first_line(block: RenderedBox) -> tuple[RenderedBox, RenderedBox]:
    """Return the block's first line box and the first text box in it."""
    line = next(_lines(block))
    return line, next(_texts(line))


def stands_within(page: RenderedBox, name: str, limit: Box) -> bool:
    """Whether all text of the elements of class `name` on this page lies within `limit`."""
    return all(
        limit.holds(_extent(lines))
        for block in _blocks(page._page_box, name)  # noqa: SLF001
        if (lines := list(_lines(block)))
    )


def _blocks(box: RenderedBox, name: str, depth: int = 5) -> Iterator[RenderedBox]:
    """List the boxes of elements of class `name`, at most `depth` below; the address lies at 5."""
    for child in getattr(box, "children", ()):
        element = getattr(child, "element", None)
        classes = element.get("class", "").split() if element is not None else ()
        if name in classes:
            yield child
        elif depth > 1 and "letter-points" not in classes:
            yield from _blocks(child, name, depth - 1)


def _lines(box: RenderedBox) -> Iterator[RenderedBox]:
    for child in getattr(box, "children", ()):
        if isinstance(child, LineBox):
            yield child
        else:
            yield from _lines(child)


def _texts(box: RenderedBox) -> Iterator[RenderedBox]:
    for child in getattr(box, "children", ()):
        if isinstance(child, TextBox):
            yield child
        else:
            yield from _texts(child)


def _extent(lines: Sequence[RenderedBox]) -> Box:
    """Return the smallest box around the text of `lines`, in mm.

    Upright it's the lines' height, which holds their ink; a font's own box would be taller.
    """
    texts = [text for line in lines for text in _texts(line)] or lines
    left = min(text.position_x for text in texts) * MM_PER_PX
    right = max(text.position_x + text.width for text in texts) * MM_PER_PX
    top = min(line.position_y for line in lines) * MM_PER_PX
    bottom = max(line.position_y + line.height for line in lines) * MM_PER_PX
    return Box(left, top, right - left, bottom - top)


def _detail(extent: Box, limit: Box) -> dict[str, str]:
    return {
        "x": f"{extent.x:.1f}",
        "y": f"{extent.y:.1f}",
        "width": f"{extent.width:.1f}",
        "height": f"{extent.height:.1f}",
        "window": f"{limit.x:.1f}, {limit.y:.1f}, {limit.width:.1f} × {limit.height:.1f}",
    }
