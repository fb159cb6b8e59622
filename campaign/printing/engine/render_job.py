"""Letters of a chunk, laid out whole, and the report on it; also for a preview.

Jobs and reports are plain JSON values.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NotRequired, TypedDict, TypeVar

from weasyprint import Document

from campaign.printing import html, measure_rendered, renderer
from campaign.printing.check_letters import check_before
from campaign.printing.envelope_window import longest_line
from campaign.printing.geometry import LAYOUTS, Layout
from campaign.printing.letter_content import LetterContext, Translation
from campaign.printing.problems import LetterRefused, Problem

T = TypeVar("T")


class Job(TypedDict):
    """A chunk of letters to print."""

    layout: str
    items: list[dict[str, object]]
    """The contexts, by `encode`."""
    out: str


class Report(TypedDict):
    letters: list[list[int]]
    """[index, pages] of each letter that was printed."""
    refused: list[list[object]]
    """[index, [[slug, detail], …]] of each letter that a check refuses."""
    left: NotRequired[list[int]]
    """The indices of letters that take another way: they run to a second page or can't be cut."""


def encode(contexts: Sequence[LetterContext]) -> list[dict[str, object]]:
    """Return contexts as JSON values."""
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


def typeset_letters(job: Job) -> Report:
    """Lay out the letters of a chunk; those that a check refuses are left out."""
    layout = LAYOUTS[job["layout"]]
    contexts = decode(LetterContext, job["items"])
    refused = {
        i: problems
        for i, context in enumerate(contexts)
        if (problems := check_before(context, layout))
    }
    good = [i for i in range(len(contexts)) if i not in refused]
    letters: list[list[int]] = []
    if good:
        with lay_out([contexts[i] for i in good], layout) as document:
            spans = page_spans(document, len(good))
            good_pages = []
            for i, span in zip(good, spans, strict=True):
                pages = document.pages[slice(*span)]
                if problems := measure_rendered.check_address(pages[0], layout):
                    refused[i] = problems
                else:
                    good_pages += pages
                    letters.append([i, len(pages)])
            if good_pages:
                Path(job["out"]).write_bytes(renderer.write_pdf(document.copy(good_pages)))
    return {"letters": letters, "refused": encode_refused(refused)}


def encode_refused(refused: Mapping[int, Sequence[Problem]]) -> list[list[object]]:
    """Return problems by index, as JSON values."""
    return [
        [i, [[problem.slug, dict(problem.detail)] for problem in problems]]
        for i, problems in sorted(refused.items())
    ]


def lay_out(contexts: Sequence[LetterContext], layout: Layout) -> AbstractContextManager[Document]:
    return renderer.lay_out(html.letter_document(contexts, layout), "print.css", layout)


def page_spans(document: Document, count: int) -> list[tuple[int, int]]:
    """Return, for each of `count` letters, its first page's index and the one after its last."""
    firsts = measure_rendered.first_pages(document, [html.letter_id(i) for i in range(count)])
    return list(zip(firsts, [*firsts[1:], len(document.pages)], strict=True))


def render_few(render: Callable[..., bytes], job: Job) -> dict[str, object]:
    """Print a supporter's few letters, or none where one is refused, and report on that."""
    layout, contexts = LAYOUTS[job["layout"]], decode(LetterContext, job["items"])
    try:
        Path(job["out"]).write_bytes(render(contexts, layout))
    except LetterRefused as problem:
        return {"refused": [[fault.slug, dict(fault.detail)] for fault in problem.problems]}
    return {"refused": []}


def render_letters(contexts: Sequence[LetterContext], layout: Layout) -> bytes:
    """Return the letters as a PDF, made in this process.

    :raises LetterRefused: a letter fails a check; the details say which by its "key", and which
        "line" of its address is the longest.
    :raises RendererWarning: the renderer had something to say.
    """
    problems = [
        (context, problem) for context in contexts for problem in check_before(context, layout)
    ]
    if not problems:
        with lay_out(contexts, layout) as document:
            spans = page_spans(document, len(contexts))
            for context, (first, _) in zip(contexts, spans, strict=True):
                outside = measure_rendered.check_address(document.pages[first], layout)
                problems += [(context, problem) for problem in outside]
            if not problems:
                return renderer.write_pdf(document, tagged=True)
    raise LetterRefused(
        Problem(
            problem.slug,
            {"line": longest_line(context.addressee_lines), **problem.detail, "key": context.key},
        )
        for context, problem in problems
    )
