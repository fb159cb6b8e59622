"""What a process of the process does: lays out one chunk and reports on it.

Jobs and reports are plain JSON values.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from weasyprint import Document

from campaign.printing import html, measure_rendered, renderer
from campaign.printing.check_letters import check_before
from campaign.printing.envelope_window import longest_line
from campaign.printing.geometry import LAYOUTS, Layout
from campaign.printing.letter_content import LetterContext, Translation
from campaign.printing.problems import LetterRefused, Problem

T = TypeVar("T")
Job = Mapping[str, Any]
Report = dict[str, Any]


def encode(items: Sequence[Any]) -> list[dict[str, Any]]:
    """Contexts as JSON values."""
    return [dataclasses.asdict(item) for item in items]


def decode(kind: Callable[..., T], values: Sequence[Mapping[str, Any]]) -> list[T]:
    """The contexts that `encode` gave, of the dataclass `kind`."""
    return [
        kind(**{name: _decoded(name, value) for name, value in item.items()}) for item in values
    ]


def _decoded(name: str, value: Any) -> Any:
    if name == "translation" and value is not None:
        return decode(Translation, [value])[0]
    return tuple(value) if isinstance(value, list) else value


def typeset_letters(job: Job) -> Report:
    """Lays out the letters of a chunk; those that a check refuses are left out.

    Report: `letters` is a list of [index, pages], `refused` of [index, [[slug, detail], …]].
    """
    layout = LAYOUTS[job["layout"]]
    contexts = decode(LetterContext, job["items"])
    refused = {i: found for i, one in enumerate(contexts) if (found := check_before(one, layout))}
    good = [i for i in range(len(contexts)) if i not in refused]
    letters: list[list[int]] = []
    if good:
        with lay_out([contexts[i] for i in good], layout) as document:
            spans = page_spans(document, len(good))
            kept = []
            for i, span in zip(good, spans, strict=True):
                pages = document.pages[slice(*span)]
                if found := measure_rendered.check_address(pages[0], layout):
                    refused[i] = found
                else:
                    kept += pages
                    letters.append([i, len(pages)])
            if kept:
                Path(job["out"]).write_bytes(renderer.write_pdf(document.copy(kept)))
    return {"letters": letters, "refused": encode_refused(refused)}


def encode_refused(refused: Mapping[int, Sequence[Problem]]) -> list[list[Any]]:
    """Problems by index, as JSON values."""
    return [
        [i, [[one.slug, dict(one.detail)] for one in found]] for i, found in sorted(refused.items())
    ]


def lay_out(contexts: Sequence[LetterContext], layout: Layout) -> Any:
    """The letters as one laid out document (a context manager)."""
    return renderer.lay_out(html.letter_document(contexts, layout), "print.css", layout)


def page_spans(document: Document, count: int) -> list[tuple[int, int]]:
    """For each of `count` letters, its first page's index and the one after its last."""
    firsts = measure_rendered.first_pages(document, [html.letter_id(i) for i in range(count)])
    return list(zip(firsts, [*firsts[1:], len(document.pages)], strict=True))


def render_letters(contexts: Sequence[LetterContext], layout: Layout) -> bytes:
    """The letters as a PDF, in this process.

    :raises LetterRefused: a letter fails a check; the details say which by its "key", and which
        "line" of its address is the longest.
    :raises RendererWarning: the renderer had something to say.
    """
    problems = [(one, problem) for one in contexts for problem in check_before(one, layout)]
    if not problems:
        with lay_out(contexts, layout) as document:
            for one, (first, _) in zip(contexts, page_spans(document, len(contexts)), strict=True):
                found = measure_rendered.check_address(document.pages[first], layout)
                problems += [(one, problem) for problem in found]
            if not problems:
                return renderer.write_pdf(document, tagged=True)
    raise LetterRefused(
        Problem(
            problem.slug,
            {"line": longest_line(one.addressee_lines), **problem.detail, "key": one.key},
        )
        for one, problem in problems
    )
