"""What must be right before a letter is laid out, and where the renderer then set it."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from weasyprint.formatting_structure.boxes import LineBox, TextBox

from campaign.printing import fonts
from campaign.printing.geometry import MM_PER_PX, Box, Layout
from campaign.printing.printed_content import LetterContext, Translation
from campaign.printing.problems import (
    ADDRESS_OUTSIDE_WINDOW,
    ADDRESS_TOO_LONG,
    ADDRESS_TOO_WIDE,
    CONTROL_CHARACTER,
    EMPTY_FIELD,
    MISSING_GLYPH,
    OUTSIDE_PAPER,
    SENDER_OVER_WINDOW,
    Problem,
)
from campaign.printing.text_widths import most_lines

RenderedBox: TypeAlias = Any  # a box or page of WeasyPrint, which has no types
_EMBEDDINGS = frozenset(["LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"])
_WIDEST_CHARACTER = 0.35
"""A line of capitals is about 0.7 em wide a character, of narrow letters half that; in em."""
_NEEDED = ("addressee_lines", "salutation", "complimentary_close", "signature_name")
_BODY = ("opening", "points", "own_words", "closing")


def texts_of(context: LetterContext) -> dict[str, tuple[str, ...]]:
    """Return all texts of a letter that are printed, by field name."""
    texts: dict[str, tuple[str, ...]] = {}
    for name in LetterContext.__slots__:
        value = getattr(context, name)
        if name not in {"key", "locale", "translation"} and value:
            texts[name] = (value,) if isinstance(value, str) else tuple(value)
    if context.translation:
        texts["translation"] = tuple(_texts_of_translation(context.translation))
    return texts


def _texts_of_translation(translation: Translation) -> Iterator[str]:
    for name in Translation.__slots__:
        value = getattr(translation, name)
        if name != "locale":
            yield from (value,) if isinstance(value, str) else value


def check_before(context: LetterContext, layout: Layout) -> list[Problem]:
    """Return what can be seen to be wrong without laying the letter out; cheap."""
    return [
        *check_empty(context),
        *check_characters(texts_of(context)),
        *check_address(context.addressee_lines, layout),
    ]


def check_empty(context: LetterContext) -> list[Problem]:
    """Find fields that a letter can't do without, and that are empty."""
    empty = [name for name in _NEEDED if not "".join(getattr(context, name)).strip()]
    if not any(text.strip() for name in _BODY for text in getattr(context, name)):
        empty.append("opening")
    return [Problem(EMPTY_FIELD, {"field": name}) for name in empty]


def check_characters(texts: Mapping[str, tuple[str, ...]]) -> list[Problem]:
    """Find characters that no font has, and control characters that change how text reads."""
    problems = []
    for name, parts in texts.items():
        text = "".join(parts)
        if text.isascii() and text.isprintable():
            continue
        controls = [char for char in dict.fromkeys(text) if _is_control(char)]
        problems += [_problem(CONTROL_CHARACTER, name, char) for char in controls]
        problems += [_problem(MISSING_GLYPH, name, char) for char in fonts.missing_glyphs(text)]
    return problems


def check_address(lines: tuple[str, ...], layout: Layout) -> list[Problem]:
    """Find what makes an address sure not to fit its window; the rest is measured."""
    if len(lines) > (most := most_lines(layout)):
        return [Problem(ADDRESS_TOO_LONG, {"lines": str(len(lines)), "most": str(most)})]
    # Even the narrowest letters would be wider than the window.
    most = int(layout.address.width / (_WIDEST_CHARACTER * 8.5 * 25.4 / 72) * 1.5)
    too_wide = [line for line in lines if len(line) > most]
    return [Problem(ADDRESS_TOO_WIDE, {"line": line, "most": str(most)}) for line in too_wide]


def _is_control(character: str) -> bool:
    """Control, bidi-control, surrogate, private and unassigned characters; not a line break."""
    if character == "\n":
        return False
    category = unicodedata.category(character)
    if category == "Cf":
        # Joiners and the soft hyphen belong to ordinary writing; embeddings and overrides don't.
        return unicodedata.bidirectional(character) in _EMBEDDINGS
    return category in {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"}


def _problem(slug: str, field_name: str, character: str) -> Problem:
    code, name = f"U+{ord(character):04X}", unicodedata.name(character, "")
    return Problem(slug, {"field": field_name, "character": code, "name": name})


def check_rendered(page: RenderedBox, layout: Layout) -> list[Problem]:
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
    lines = list(_list_boxes(block, LineBox))
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
    line = next(_list_boxes(block, LineBox))
    return line, next(_list_boxes(line, TextBox))


def stands_within(page: RenderedBox, name: str, limit: Box) -> bool:
    """Whether all text of the elements of class `name` on this page lies within `limit`."""
    return all(
        limit.holds(_extent(lines))
        for block in _blocks(page._page_box, name)  # noqa: SLF001
        if (lines := list(_list_boxes(block, LineBox)))
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


def _list_boxes(box: RenderedBox, kind: type[RenderedBox]) -> Iterator[RenderedBox]:
    for child in getattr(box, "children", ()):
        if isinstance(child, kind):
            yield child
        else:
            yield from _list_boxes(child, kind)


def _extent(lines: Sequence[RenderedBox]) -> Box:
    """Return the smallest box around the text of `lines`, in mm.

    Upright it's the lines' height, which holds their ink; a font's own box would be taller.
    """
    texts = [text for line in lines for text in _list_boxes(line, TextBox)] or lines
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
