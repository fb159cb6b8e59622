"""The other papers of a bundle: signature list, cover letter, labels, and its README page."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from campaign.core.isolation import worker_pool
from campaign.core.isolation.orders import Limits
from campaign.core.isolation.worker import WorkProcess, WorkProcessStopped
from campaign.printing import html, measure_rendered
from campaign.printing.check_letters import check_address, check_characters
from campaign.printing.engine.join_pdf import Document, JoinJob, describe_pdf, folder_beside
from campaign.printing.engine.types import DEFAULT_LIMITS, PRESS
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
from campaign.printing.sheets.write_sheet import write_sheet
from campaign.printing.signature_list.label_sheets import ListSheet, list_sheet
from campaign.printing.signature_list.list_cells import cells
from campaign.printing.signature_list.list_job import ListJob
from campaign.printing.signature_list.list_pages import PageRows

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
    """Write the list of all signatures, with the columns' heads and "page x of y" on every page.

    :param rows: read once, in order, some pages at a time; a text alone is a heading.
    :param total: how many rows there are, headings included.
    :raises ValueError: there are more or fewer rows than `total`.
    :raises LetterRefused: the renderer failed.
    :raises WorkProcessStopped: memory, time or the machine did not do; another try may.
    """
    sheet = list_sheet(paper, context.column_labels, html.direction_of(context.locale))
    count = sheet.pages_for(total)
    pages = _pages(iter(rows), sheet, context, count, total)
    parts: list[Path] = []
    with folder_beside(out) as folder, worker_pool.borrow_process(PRESS) as process:
        while chunk := list(islice(pages, PAGES_PER_CHUNK)):
            part = folder / f"{len(parts):06d}.pdf"
            job: ListJob = {
                "context": dataclasses.asdict(context),
                "paper": paper.slug,
                "total": total,
                "pages": chunk,
                "out": str(part),
            }
            _count_pages(process, "list", job, limits, len(chunk))
            parts.append(part)
        joining: JoinJob = {
            "parts": [str(part) for part in parts],
            "out": str(out),
            "title": f"{context.reference} · {context.title}",
            "language": language_tag(context.locale),
        }
        return describe_pdf(out, _count_pages(process, "join", joining, limits, count))


def _count_pages(
    process: WorkProcess, work: str, job: Mapping[str, object], limits: Limits, size: int
) -> int:
    """Have the work done; how many pages it gives.

    :raises LetterRefused: a text cannot be laid out alone.
    :raises WorkProcessStopped: memory, time or the machine did not do.
    """
    outcome = process.run(work, job, limits, size)
    if outcome.report is not None:
        pages: int = outcome.report["pages"]
        return pages
    # Of joining no text is at fault: those are laid out already.
    if work == "list" and outcome.slug in {RENDERER_FAILED, RENDERER_WARNING}:
        raise LetterRefused([Problem(outcome.slug, {"reason": outcome.detail})])
    raise WorkProcessStopped(f"{work}: {outcome.slug} ({outcome.detail})", outcome.slug)


def _pages(
    rows: Iterator[SignatureRow | str],
    sheet: ListSheet,
    context: ListContext,
    count: int,
    total: int,
) -> Iterator[PageRows]:
    """Give the pages of a list, as a job takes them."""
    row_count = 0
    for number in range(1, count + 1):
        texts = [
            [row] if isinstance(row, str) else cells(row, sheet)
            for row in islice(rows, sheet.rows_on(number))
        ]
        row_count += len(texts)
        label = context.page_label.replace("{page}", str(number)).replace("{pages}", str(count))
        yield {"number": number, "label": label, "rows": texts}
    if row_count != total or next(rows, None) is not None:
        raise ValueError(f"the list was to have {total} rows")


class CoverLetter(html.PrintedPage, template="cover.html"):
    cover: CoverContext
    layout: Layout
    direction: str


class Labels(html.PrintedPage, template="labels.html"):
    sheets: Sequence[Sequence[tuple[int, tuple[str, ...]]]]
    """The labels of each sheet, by their place on it."""
    mark: str
    dense: bool


class Readme(html.PrintedPage, template="readme.html"):
    readme: ReadmeContext


def cover_letter(context: CoverContext, layout: Layout, out: Path) -> Document:
    """Write the organisation's letter on top of a bundle, with the counts as a table.

    :raises LetterRefused: a character is missing, or the address doesn't fit the window.
    """
    refuse(check_characters(_texts(context)))
    refuse(check_address(context.addressee_lines, layout))
    letter = CoverLetter(cover=context, layout=layout, direction=html.direction_of(context.locale))
    return write_sheet(
        letter,
        "print.css",
        layout,
        out,
        title=f"{context.reference} · {context.subject}",
        locale=context.locale,
        check=lambda laid_out: refuse(measure_rendered.check_address(laid_out.pages[0], layout)),
    )


def labels(context: LabelsContext, sheet: LabelSheet, out: Path) -> Document:
    """Write address labels on sheets of self-adhesive labels.

    :raises ValueError: there are no labels.
    :raises LetterRefused: a character is missing.
    """
    if not context.labels:
        raise ValueError("no labels to print")
    texts = {"labels": tuple(line for lines in context.labels for line in lines)}
    refuse(check_characters(texts))
    sheets = [
        list(enumerate(context.labels[first : first + sheet.per_sheet]))
        for first in range(0, len(context.labels), sheet.per_sheet)
    ]
    # All labels of a set are of one size, by the longest of them.
    most = max(map(len, context.labels)) + (1 if context.mark else 0)
    dense = most > int((sheet.height - _LABEL_AIR) / (sheet.leading * html.MM_PER_PT))
    page = Labels(sheets=sheets, mark=context.mark, dense=dense)
    return write_sheet(page, "labels.css", sheet, out, title=context.title, locale=context.locale)


def readme(context: ReadmeContext) -> str:
    """Return the bundle's README as a whole HTML page that needs nothing else."""
    return str(Readme(readme=context).html())


def refuse(problems: Sequence[Problem]) -> None:
    """Raise `LetterRefused` if there are problems."""
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
