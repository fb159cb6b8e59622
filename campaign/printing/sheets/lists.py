"""The other papers of a bundle: signature list, cover letter, labels, and its README page."""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from campaign.printing import html, measure_rendered, renderer
from campaign.printing.check_letters import check_address, check_characters
from campaign.printing.engine import worker_pool
from campaign.printing.engine.join_pdf import Document, describe, folder_beside, in_place_of
from campaign.printing.engine.types import DEFAULT_LIMITS, Limits
from campaign.printing.engine.worker import Foundry, FoundryStopped
from campaign.printing.geometry import LabelSheet, Layout, Paper
from campaign.printing.html import language_tag
from campaign.printing.letter_content import (
    CoverContext,
    LabelsContext,
    ListContext,
    ReadmeContext,
    SignatureRow,
)
from campaign.printing.problems import RENDERER_FAILED, RENDERER_WARNING, LetterRefused, Problem
from campaign.printing.signature_list.label_sheets import ListSheet, list_sheet
from campaign.printing.signature_list.list_cells import cells

_LABEL_AIR = 5.0
"""mm that a label keeps free above and below together."""
PAGES_PER_CHUNK = 250
"""Pages of a signature list that one process lays out."""


def signature_list(
    rows: Iterable[SignatureRow | str],
    total: int,
    context: ListContext,
    paper: Paper,
    out: Path,
    *,
    limits: Limits = DEFAULT_LIMITS,
) -> Document:
    """The list of all signatures, with the columns' heads and "page x of y" on every page.

    :param rows: read once, in order, some pages at a time; a text alone is a heading.
    :param total: how many rows there are, headings included.
    :raises ValueError: there are more or fewer rows than `total`.
    :raises LetterRefused: the renderer failed.
    :raises FoundryStopped: memory, time or the machine did not do; another try may.
    """
    sheet = list_sheet(paper, context.column_labels, html.direction_of(context.locale))
    count = sheet.pages_for(total)
    pages = _pages(iter(rows), sheet, context, count, total)
    parts: list[Path] = []
    with folder_beside(out) as folder, worker_pool.borrowed() as foundry:
        while chunk := list(islice(pages, PAGES_PER_CHUNK)):
            part = folder / f"{len(parts):06d}.pdf"
            job = {
                "context": dataclasses.asdict(context),
                "paper": paper.slug,
                "total": total,
                "pages": chunk,
                "out": str(part),
            }
            _have_done(foundry, "list", job, limits, len(chunk))
            parts.append(part)
        report = _have_done(foundry, "join", _joining(parts, context, out), limits, count)
        return describe(out, report["pages"])


def _joining(parts: Sequence[Path], context: ListContext, out: Path) -> dict[str, Any]:
    """The order to join the parts of a list."""
    return {
        "parts": [str(part) for part in parts],
        "out": str(out),
        "title": f"{context.reference} · {context.title}",
        "language": language_tag(context.locale),
    }


def _have_done(
    foundry: Foundry, work: str, job: dict[str, Any], limits: Limits, size: int
) -> dict[str, Any]:
    """The foundry's report. Raises LetterRefused for a text that cannot be laid out alone."""
    outcome = foundry.run(work, job, limits, size)
    if outcome.report is not None:
        return outcome.report
    # Of joining no text is at fault: those are laid out already.
    if work == "list" and outcome.slug in {RENDERER_FAILED, RENDERER_WARNING}:
        raise LetterRefused([Problem(outcome.slug, {"reason": outcome.detail})])
    raise FoundryStopped(f"{work}: {outcome.slug} ({outcome.detail})", outcome.slug)


def _pages(
    rows: Iterator[SignatureRow | str],
    sheet: ListSheet,
    context: ListContext,
    count: int,
    total: int,
) -> Iterator[dict[str, Any]]:
    """The pages of a list, as the template takes them."""
    seen = 0
    for number in range(1, count + 1):
        some = [
            [row] if isinstance(row, str) else cells(row, sheet)
            for row in islice(rows, sheet.rows_on(number))
        ]
        seen += len(some)
        label = context.page_label.replace("{page}", str(number)).replace("{pages}", str(count))
        yield {"number": number, "label": label, "rows": some}
    if seen != total or next(rows, None) is not None:
        raise ValueError(f"the list was to have {total} rows")


def cover_letter(context: CoverContext, layout: Layout, out: Path) -> Document:
    """The organisation's letter on top of a bundle, with the counts as a table.

    :raises LetterRefused: a character is missing, or the address doesn't fit the window.
    """
    refuse(check_characters(_texts(context)))
    refuse(check_address(context.addressee_lines, layout))
    body = html.render(
        "cover.html", cover=context, layout=layout, direction=html.direction_of(context.locale)
    )
    return _write(
        body,
        "print.css",
        layout,
        out,
        title=f"{context.reference} · {context.subject}",
        locale=context.locale,
        window=layout,
    )


def labels(context: LabelsContext, sheet: LabelSheet, out: Path) -> Document:
    """Address labels on sheets of self-adhesive labels.

    :raises ValueError: there are no labels.
    :raises LetterRefused: a character is missing.
    """
    if not context.labels:
        raise ValueError("no labels to print")
    texts = {"labels": tuple(line for lines in context.labels for line in lines)}
    refuse(check_characters(texts))
    sheets = [
        [
            (slot, lines)
            for slot, lines in enumerate(context.labels[first : first + sheet.per_sheet])
        ]
        for first in range(0, len(context.labels), sheet.per_sheet)
    ]
    # All labels of a set are of one size, by the longest of them.
    most = max(map(len, context.labels)) + (1 if context.mark else 0)
    dense = most > int((sheet.height - _LABEL_AIR) / (sheet.leading * html.MM_PER_PT))
    body = html.render("labels.html", sheets=sheets, mark=context.mark, dense=dense)
    return _write(
        body, "labels.css", sheet, out, title=context.title, locale=context.locale, window=None
    )


def readme(context: ReadmeContext) -> str:
    """The bundle's README as a whole HTML page that needs nothing else."""
    return str(html.render("readme.html", readme=context))


def refuse(problems: Sequence[Problem]) -> None:
    """Raises `LetterRefused` if there are problems."""
    if problems:
        raise LetterRefused(problems)


def _texts(context: CoverContext) -> dict[str, tuple[str, ...]]:
    texts: dict[str, tuple[str, ...]] = {}
    for field in dataclasses.fields(context):
        value = getattr(context, field.name)
        if field.name == "counts":
            texts["counts"] = tuple(text for row in value for text in (row.label, row.number))
        elif field.name not in {"locale", "code"}:
            texts[field.name] = (value,) if isinstance(value, str) else value
    return texts


def _write(
    body: str,
    stylesheet: str,
    geometry: Any,
    out: Path,
    *,
    title: str,
    locale: str,
    window: Layout | None,
) -> Document:
    """Lays out a short document in this process and writes it."""
    whole = html.render("document.html", locale=locale, title=title, body=body)
    with renderer.laid_out(str(whole), stylesheet, geometry) as document:
        if window is not None:
            refuse(measure_rendered.check_address(document.pages[0], window))
        pages = len(document.pages)
        pdf = renderer.write_pdf(document, tagged=True)
    with in_place_of(out) as path:
        path.write_bytes(pdf)
    return describe(out, pages)
