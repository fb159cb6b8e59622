"""Passages between [[ and ]] are never published: what stands for them tells nothing. Pure.

Rectangles that are painted over a page, as a form sends them. Pure.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypedDict

from campaign.core.text.passages import join_neighbours, split_passages
from campaign.web.markup import BAR

_ACTIVE = re.compile(r"[\\`*_\[\]<&~]")
_AT_START = re.compile(r"^(\s*)([#>=+-]|\d{1,9}[.)])(?=\s|$|[=+-])", re.MULTILINE)


def redact(text: str) -> str:
    """Return what may be read: a bar of one length for each passage, however long that was.

    Raises UnpairedMarks.
    """
    return "".join(BAR if hidden else shown for shown, hidden in join_neighbours(text))


def mark_places(text: str, places: Callable[[str], Iterable[tuple[int, int]]]) -> str:
    """Put marks around each of `places` that may still be read. Raises UnpairedMarks."""
    return "".join(
        f"[[{passage}]]" if hidden else _wrap_places(passage, places(passage))
        for passage, hidden in split_passages(text)
    )


def _wrap_places(text: str, places: Iterable[tuple[int, int]]) -> str:
    for start, end in sorted(places, reverse=True):
        text = f"{text[:start]}[[{text[start:end]}]]{text[end:]}"
    return text


def to_markdown(text: str) -> str:
    """Escape plain text so that Markdown shows it as it stands, line by line."""
    quiet = _ACTIVE.sub(lambda match: f"\\{match[0]}", text.strip())
    quiet = _AT_START.sub(_escape_start, quiet).replace("://", ":\\//")
    paragraphs = re.split(r"\n\s*\n", quiet)
    return "\n\n".join(
        "\\\n".join(line.strip() for line in paragraph.split("\n")) for paragraph in paragraphs
    )


def quote(markdown: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in markdown.split("\n"))


def _escape_start(match: re.Match[str]) -> str:
    sign = match[2]
    if sign[0].isdigit():
        return f"{match[1]}{sign[:-1]}\\{sign[-1]}"
    return f"{match[1]}\\{sign}"


class Bar(TypedDict):
    """A rectangle over a page of a scan, in percent of it."""

    scan: str
    page: int
    x: float
    y: float
    w: float
    h: float


MOST_BARS = 40
BAR_FIELDS = ("x", "y", "w", "h")
EMPTY_LINES = 4  # empty lines of the form, for more


def read_bars(values: Mapping[str, str], pages: Sequence[str]) -> list[Bar]:
    """Read the rectangles of a form: `page-0`, `x-0`, `y-0`, `w-0`, `h-0` and so on, in percent.

    Lines without numbers are left out. Raises ValueError with the number of a line that is wrong.
    """
    bars: list[Bar] = []
    for at in range(MOST_BARS):
        numbers = [values.get(f"{name}-{at}", "").strip().replace(",", ".") for name in BAR_FIELDS]
        if not any(numbers):
            continue
        page = values.get(f"page-{at}", "")
        try:
            x, y, w, h = (float(number) for number in numbers)
        except ValueError as problem:
            raise ValueError(at + 1) from problem
        if page not in pages or not _fits(x, w) or not _fits(y, h):
            raise ValueError(at + 1)
        scan, _slash, number = page.partition("/")
        bars.append({"scan": scan, "page": int(number), "x": x, "y": y, "w": w, "h": h})
    return bars


def _fits(start: float, length: float) -> bool:
    """Whether it begins on the page and covers some of it; what runs over the edge is no harm."""
    return 0 <= start <= 100 and 0 < length <= 100
