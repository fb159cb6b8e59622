"""Letters or cards of a chunk, laid out whole, and the report on it; also for a preview.

Jobs and reports are plain JSON values.
"""

import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import product
from pathlib import Path
from typing import NotRequired, TypedDict, TypeVar

from markupsafe import Markup
from weasyprint import Document

from campaign.printing import check_letters, html, renderer
from campaign.printing.geometry import CARDS_A_SHEET, LAYOUTS, Box, Layout
from campaign.printing.page_fit import card_room
from campaign.printing.printed_content import LetterContext, Translation
from campaign.printing.problems import CARD_TOO_LONG, OF_ADDRESS, LetterRefused, Problem
from campaign.printing.text_widths import longest_line, most_that_fit

T = TypeVar("T")
_SAFE = 8.0  # mm kept free along each edge of a card, so that cutting takes no letter away
_CARD_FOOT = 8.0  # mm above that where the reference stands


class Job(TypedDict):
    layout: str
    items: list[dict[str, object]]
    out: str


class Report(TypedDict):
    letters: list[list[int]]  # [index, pages] of each letter that was printed
    refused: list[list[object]]  # [index, [[slug, detail], …]] of each letter that a check refuses
    left: NotRequired[list[int]]
    """The indices of letters that take another way: they run to a second page or can't be cut."""


def encode(contexts: Sequence[LetterContext]) -> list[dict[str, object]]:
    return [dataclasses.asdict(context) for context in contexts]


def decode(kind: Callable[..., T], values: Sequence[Mapping[str, object]]) -> list[T]:
    """Return the contexts that `encode` gave, of the dataclass `kind`."""
    return [
        kind(**{name: _decode_value(name, value) for name, value in item.items()})
        for item in values
    ]


def _decode_value(name: str, value: object) -> object:
    if name == "translation" and isinstance(value, dict):
        return decode(Translation, [value])[0]
    return tuple(value) if isinstance(value, list) else value


def encode_refused(refused: Mapping[int, Sequence[Problem]]) -> list[list[object]]:
    return [[i, _encode_problems(problems)] for i, problems in sorted(refused.items())]


def _encode_problems(problems: Iterable[Problem]) -> list[list[object]]:
    return [[problem.slug, dict(problem.detail)] for problem in problems]


def decode_problems(values: Iterable[tuple[str, dict[str, str]]]) -> tuple[Problem, ...]:
    return tuple(Problem(slug, detail) for slug, detail in values)


def typeset_letters(job: Job) -> Report:
    """Lay out the letters of a chunk; those that a check refuses are left out."""
    layout = LAYOUTS[job["layout"]]
    contexts = decode(LetterContext, job["items"])
    refused = {
        i: problems
        for i, context in enumerate(contexts)
        if (problems := check_letters.check_before(context, layout))
    }
    good = [i for i in range(len(contexts)) if i not in refused]
    letters: list[list[int]] = []
    if good:
        with lay_out([contexts[i] for i in good], layout) as document:
            spans = page_spans(document, len(good))
            good_pages = []
            for i, span in zip(good, spans, strict=True):
                pages = document.pages[slice(*span)]
                if problems := check_letters.check_rendered(pages[0], layout):
                    refused[i] = problems
                else:
                    good_pages += pages
                    letters.append([i, len(pages)])
            if good_pages:
                Path(job["out"]).write_bytes(renderer.write_pdf(document.copy(good_pages)))
    return {"letters": letters, "refused": encode_refused(refused)}


def lay_out(contexts: Sequence[LetterContext], layout: Layout) -> AbstractContextManager[Document]:
    return renderer.lay_out(html.letter_document(contexts, layout), "print.css", layout)


def page_spans(document: Document, count: int) -> list[tuple[int, int]]:
    """Return, for each of `count` letters, its first page's index and the one after its last."""
    pages: dict[str, int] = {}
    for index, page in enumerate(document.pages):
        for anchor in page.anchors:
            pages.setdefault(anchor, index)
    firsts = [pages[html.letter_id(i)] for i in range(count)]
    return list(zip(firsts, [*firsts[1:], len(document.pages)], strict=True))


def render_few(render: Callable[..., bytes], job: Job) -> dict[str, object]:
    """Print a supporter's few letters, or none where one is refused, and report on that."""
    layout, contexts = LAYOUTS[job["layout"]], decode(LetterContext, job["items"])
    try:
        Path(job["out"]).write_bytes(render(contexts, layout))
    except LetterRefused as problem:
        return {"refused": _encode_problems(problem.problems)}
    return {"refused": []}


def render_letters(contexts: Sequence[LetterContext], layout: Layout) -> bytes:
    """Return the letters as a PDF, made in this process.

    :raises LetterRefused: a letter fails a check; the details say which by its "key", which
        "line" of its address is the longest, and the "most" of its "lines" where they are too many.
    :raises RendererWarning: the renderer had something to say.
    """
    problems = [
        (context, problem)
        for context in contexts
        for problem in check_letters.check_before(context, layout)
    ]
    if not problems:
        with lay_out(contexts, layout) as document:
            spans = page_spans(document, len(contexts))
            for context, (first, _) in zip(contexts, spans, strict=True):
                outside = check_letters.check_rendered(document.pages[first], layout)
                problems += [(context, problem) for problem in outside]
            if not problems:
                return renderer.write_pdf(document, tagged=True)
    raise LetterRefused(
        Problem(
            problem.slug,
            {
                "line": longest_line(context.addressee_lines),
                **problem.detail,
                **_count_lines(context.addressee_lines, problem, layout),
                "key": context.key,
            },
        )
        for context, problem in problems
    )


def _count_lines(lines: Sequence[str], problem: Problem, layout: Layout) -> dict[str, str]:
    most = most_that_fit(lines, [layout]) if problem.slug in OF_ADDRESS else None
    return {} if most is None else {"lines": str(len(lines)), "most": str(most)}


def typeset_cards(job: Job) -> Report:
    """Lay out a chunk's cards, four to a sheet; the place of one that is refused stays blank.

    The first card of a sheet takes the page, the others none.
    """
    layout = LAYOUTS[job["layout"]]
    contexts = decode(LetterContext, job["items"])
    refused = {i: problems for i, card in enumerate(contexts) if (problems := _check_card(card))}
    sheets = _sheets(len(contexts), refused)
    # A card whose text is too long is found only when laid out.
    while sheets:
        with _lay_out_cards(contexts, sheets, layout) as document:
            long = {i: [Problem(CARD_TOO_LONG)] for i in _too_long(document, sheets, layout)}
            if not long:
                Path(job["out"]).write_bytes(renderer.write_pdf(document))
                break
        refused.update(long)
        sheets = _sheets(len(contexts), refused)
    return {
        "letters": [[i, int(i == sheet[0])] for sheet in sheets for i in sheet],
        "refused": encode_refused(refused),
    }


def render_cards(contexts: Sequence[LetterContext], layout: Layout) -> bytes:
    """Return the cards as a PDF, made in this process.

    :raises LetterRefused: a card fails a check; the details say which by its "key".
    """
    problems = [(context, problem) for context in contexts for problem in _check_card(context)]
    if not problems:
        sheets = _sheets(len(contexts), ())
        with _lay_out_cards(contexts, sheets, layout) as document:
            long = _too_long(document, sheets, layout)
            if not long:
                return renderer.write_pdf(document)
        problems = [(contexts[n], Problem(CARD_TOO_LONG)) for n in long]
    raise LetterRefused(
        Problem(problem.slug, {**problem.detail, "key": context.key})
        for context, problem in problems
    )


def check_card_before(context: LetterContext, layout: Layout) -> list[Problem]:
    """Return what can be seen to be wrong with a card without laying it out; cheap."""
    problems = _check_card(context)
    if not problems and not card_room(context, layout).fits:
        problems.append(Problem(CARD_TOO_LONG))
    return problems


def _check_card(context: LetterContext) -> list[Problem]:
    texts = check_letters.texts_of(context)
    return [*check_letters.check_empty(context), *check_letters.check_characters(texts)]


def _sheets(count: int, refused: Collection[int]) -> list[list[int]]:
    """List the cards of each sheet, by index; a card's slot is its index modulo `CARDS_A_SHEET`."""
    places = [
        [i for i in range(first, min(first + CARDS_A_SHEET, count)) if i not in refused]
        for first in range(0, count, CARDS_A_SHEET)
    ]
    return [sheet for sheet in places if sheet]


def _lay_out_cards(
    contexts: Sequence[LetterContext], sheets: Sequence[Sequence[int]], layout: Layout
) -> AbstractContextManager[Document]:
    bodies = (
        Markup('<section class="cards">{}</section>').format(
            Markup("").join(
                html.card_fragment(contexts[i], i % CARDS_A_SHEET, html.letter_id(i)) for i in sheet
            )
        )
        for sheet in sheets
    )
    whole = html.HtmlDocument(
        locale=contexts[0].locale, title=html.title_of(contexts), body=Markup("\n").join(bodies)
    )
    return renderer.lay_out(str(whole.html()), "card.css", layout)


def _too_long(document: Document, sheets: Sequence[Sequence[int]], layout: Layout) -> list[int]:
    """Return the cards whose text runs out of its box: above the line with the reference."""
    width, height = layout.paper.width / 2, layout.paper.height / 2
    text_size = (width - 2 * _SAFE, height - 2 * _SAFE - _CARD_FOOT)
    boxes = [
        Box(column * width + _SAFE, row * height + _SAFE, *text_size)
        for row, column in product((0, 1), (0, 1))
    ]
    return [
        i
        for page, sheet in zip(document.pages, sheets, strict=True)
        for i in sheet
        if not check_letters.stands_within(
            page, f"card-text-{i % CARDS_A_SHEET}", boxes[i % CARDS_A_SHEET]
        )
    ]
