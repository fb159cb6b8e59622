"""What goes with a bundle's letters: cover letter, signature list, labels, README, and its sheets.

The sheets are the contents of its packets and the one that is signed at the gate.
"""

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass
from itertools import islice
from pathlib import Path

from weasyprint import Document

from campaign.core.isolation import worker
from campaign.core.isolation.orders import Limits
from campaign.core.isolation.worker import WorkProcess, WorkProcessStopped
from campaign.printing.check_letters import (
    check_address,
    check_characters,
    check_rendered,
    stands_within,
)
from campaign.printing.engine.join_pdf import JoinJob, PdfFile, describe_pdf, folder_beside
from campaign.printing.geometry import AddressRoom, LabelSheet, Layout, Paper, TypeSize
from campaign.printing.html import PrintedPage, direction_of, language_tag
from campaign.printing.print_letters import DEFAULT_LIMITS, PRESS
from campaign.printing.printed_content import (
    ContentsContext,
    ContentsPage,
    CoverContext,
    DeliverySheetContext,
    FactRow,
    LabelsContext,
    ListContext,
    ReadmeContext,
    SignatureRow,
)
from campaign.printing.problems import (
    ADDRESS_TOO_LONG,
    RENDERER_FAILED,
    RENDERER_WARNING,
    LetterRefused,
    Problem,
)
from campaign.printing.renderer import write_sheet
from campaign.printing.signature_list.list_job import ListJob, PageRows
from campaign.printing.signature_list.list_sheet import ListSheet, cells, list_sheet
from campaign.printing.text_widths import find_room

PAGES_PER_CHUNK = 250  # pages of a signature list that one process lays out
_TOGETHER = 20
"""Contents sheets laid out at once: those of 700 volumes take no more memory than these."""
_MOST_COUNTS = 5
"""Officials whom the sheet for the gate has room for; of more, it gives the sum alone."""
_AT_THE_GATE = AddressRoom(TypeSize(9.5, 12.5), 62.0, 35.5)
"""The mission's address on that sheet (`delivery.css`); a longer one is set smaller and wider."""


class ContentsPages(PrintedPage, template="contents.html"):
    contents: ContentsContext
    pages: Sequence[ContentsPage]
    first: int


class DeliverySheet(PrintedPage, template="delivery.html"):
    delivery: DeliverySheetContext
    counts: tuple[FactRow, ...]
    is_long_address: bool


class CoverLetter(PrintedPage, template="cover.html"):
    cover: CoverContext
    layout: Layout


class Labels(PrintedPage, template="labels.html"):
    sheets: Sequence[Sequence[tuple[int, tuple[str, ...]]]]
    """The labels of each sheet, by their place on it."""
    mark: str
    size: int  # which of the sheet's
    locale: str


class Readme(PrintedPage, template="readme.html"):
    readme: ReadmeContext


def contents(context: ContentsContext, paper: Paper, out: Path) -> PdfFile:
    """Write a page for each volume, to lie on its packet: numbers, letters, pages, checksum.

    :raises LetterRefused: a character is missing.
    """
    _refuse(check_characters({"sheet": tuple(_texts(context))}))
    with folder_beside(out) as folder:
        parts = []
        for first in range(0, len(context.pages), _TOGETHER):
            if first:
                gc.collect()  # what the part before has left
            shown = context.pages[first : first + _TOGETHER]
            pages = ContentsPages(contents=context, pages=shown, first=first)
            part = folder / f"{first:06d}.pdf"
            write_sheet(
                pages, "contents.css", paper, part, locale=context.locale, title=context.title
            )
            parts.append(part)
        with worker.borrow_process(PRESS) as process:
            count = len(context.pages)
            return _join(process, parts, out, context.title, context.locale, count)


def delivery_sheet(context: DeliverySheetContext, paper: Paper, out: Path) -> PdfFile:
    """Write the one page that is signed at the gate, in the mission's language and in ours.

    :raises LetterRefused: a character is missing.
    """
    _refuse(check_characters({"sheet": tuple(_texts(context))}))
    counts = context.counts if len(context.counts) <= _MOST_COUNTS else context.counts[-1:]
    sheet = DeliverySheet(
        delivery=context,
        counts=counts,
        is_long_address=find_room(context.mission_lines, [_AT_THE_GATE]) is None,
    )
    title = f"{context.reference} · {context.title[0].text}"
    return write_sheet(sheet, "delivery.css", paper, out, locale=context.locale, title=title)


def cover_letter(context: CoverContext, layout: Layout, out: Path) -> PdfFile:
    """Write the organization's letter on top of a bundle, with the counts as a table.

    :raises LetterRefused: a character is missing, or the address doesn't fit the window.
    """
    names = (field.name for field in fields(context) if field.name != "locale")
    _refuse(check_characters({name: tuple(_texts(getattr(context, name))) for name in names}))
    _refuse(check_address(context.addressee_lines, layout))
    return write_sheet(
        CoverLetter(cover=context, layout=layout),
        "print.css",
        layout,
        out,
        title=f"{context.reference} · {context.subject}",
        locale=context.locale,
        check=lambda laid_out: _refuse(check_rendered(laid_out.pages[0], layout)),
    )


def labels(context: LabelsContext, sheet: LabelSheet, out: Path) -> PdfFile:
    """Write address labels on sheets of self-adhesive labels.

    :raises ValueError: there are no labels.
    :raises LetterRefused: a character is missing, or an address doesn't fit its label.
    """
    if not context.labels:
        raise ValueError("no labels to print")
    _refuse(check_characters({"labels": tuple(_texts(context.labels))}))
    sheets = [
        list(enumerate(context.labels[first : first + sheet.per_sheet]))
        for first in range(0, len(context.labels), sheet.per_sheet)
    ]
    # All labels of a set are of one size, by the longest of them.
    marks, rooms = (context.mark,) if context.mark else (), sheet.rooms()
    fits = [find_room((*marks, *lines), rooms) for lines in context.labels]
    size = max(len(rooms) - 1 if room is None else room for room in fits)
    page = Labels(sheets=sheets, mark=context.mark, size=size, locale=context.locale)

    def refuse_clipped(laid_out: Document) -> None:
        _refuse(
            [
                Problem(ADDRESS_TOO_LONG, {"line": lines[0]})
                for paper, labels_on_it in zip(laid_out.pages, sheets, strict=True)
                for slot, lines in labels_on_it
                if not stands_within(paper, f"slot-{slot}", sheet.text(slot))
            ]
        )

    return write_sheet(
        page,
        "labels.css",
        sheet,
        out,
        title=context.title,
        locale=context.locale,
        check=refuse_clipped,
    )


def readme(context: ReadmeContext) -> str:
    """Return the bundle's README as a whole HTML page that needs nothing else."""
    return str(Readme(readme=context).html())


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise LetterRefused(problems)


def _texts(value: object) -> Iterator[str]:
    """Walk all texts in tuples and dataclasses."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _texts(part)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _texts(getattr(value, field.name))


def signature_list(
    rows: Iterable[SignatureRow | str],
    total: int,
    context: ListContext,
    paper: Paper,
    out: Path,
    *,
    limits: Limits = DEFAULT_LIMITS,
) -> PdfFile:
    """Write the list of all signatures, with the columns' heads and "page x of y" on every page.

    :param rows: read once, in order, some pages at a time; a text alone is a heading.
    :param total: how many rows there are, headings included.
    :raises ValueError: there are more or fewer rows than `total`.
    :raises LetterRefused: the renderer failed.
    :raises WorkProcessStopped: memory, time or the machine did not do; another try may.
    """
    sheet = list_sheet(paper, context.column_labels, direction_of(context.locale))
    count = sheet.pages_for(total)
    pages = _list_pages(iter(rows), sheet, context, count, total)
    parts: list[Path] = []
    with folder_beside(out) as folder, worker.borrow_process(PRESS) as process:
        while chunk := list(islice(pages, PAGES_PER_CHUNK)):
            part = folder / f"{len(parts):06d}.pdf"
            job: ListJob = {
                "context": asdict(context),
                "paper": paper.slug,
                "total": total,
                "pages": chunk,
                "out": str(part),
            }
            _count_pages(process, "list", job, limits, len(chunk))
            parts.append(part)
        title = f"{context.reference} · {context.title}"
        return _join(process, parts, out, title, context.locale, count, limits)


def _join(
    process: WorkProcess,
    parts: Sequence[Path],
    out: Path,
    title: str,
    locale: str,
    count: int,
    limits: Limits = DEFAULT_LIMITS,
) -> PdfFile:
    """Join the parts in a process of its own, with which the memory for many pages is freed."""
    joining: JoinJob = {
        "parts": [str(part) for part in parts],
        "out": str(out),
        "title": title,
        "language": language_tag(locale),
    }
    return describe_pdf(out, _count_pages(process, "join", joining, limits, count))


def _count_pages(
    process: WorkProcess, work: str, job: Mapping[str, object], limits: Limits, size: int
) -> int:
    """Have the work done; return how many pages it gives.

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


def _list_pages(
    rows: Iterator[SignatureRow | str],
    sheet: ListSheet,
    context: ListContext,
    count: int,
    total: int,
) -> Iterator[PageRows]:
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
