"""Some pages of a signature list, as a PDF.

What stands around the rows, and cells in scripts that need a shaper, the renderer lays out; its
pages become forms (Form XObjects) that pages of the list show. Plain cells, nearly all, are
written straight into the page, row by row, as lines of our own typeface.
"""

import gc
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, TypedDict

import pikepdf
from pikepdf import Dictionary

from campaign.printing import html, renderer
from campaign.printing.engine import join_pdf
from campaign.printing.geometry import PAPERS
from campaign.printing.html import MM_PER_PT
from campaign.printing.letter_content import ColumnLabels, ListContext
from campaign.printing.signature_list.embed_font import embed_font
from campaign.printing.signature_list.label_sheets import Column, ListSheet, list_sheet
from campaign.printing.signature_list.list_pages import ListPage, PageRows, PageWriter
from campaign.printing.signature_list.typeface import Typeface

_SHAPED_PAGES = 20
"""Pages of cells that need a shaper, in one document of the renderer's."""


class ListHeads(html.PrintedPage, template="list.html"):
    """What stands above the rows, on the first page and on the others."""

    context: ListContext
    total: int
    columns: tuple[Column, ...]
    direction: str


class ShapedCells(html.PrintedPage, template="list-shaped.html"):
    """Cells that need a shaper, each where it stands on its page."""

    pages: Sequence[ListPage]


class ListJob(TypedDict):
    """Some pages of a signature list to print."""

    context: dict[str, Any]
    """The `ListContext`, as JSON values."""
    paper: str
    total: int
    """Rows of the whole list."""
    pages: list[PageRows]
    out: str


def typeset_list(job: ListJob) -> dict[str, int]:
    """Lay out some pages of a signature list. Report: `pages`, how many there are."""
    context = _context(job["context"])
    direction = html.direction_of(context.locale)
    sheet = list_sheet(PAPERS[job["paper"]], context.column_labels, direction)
    face = Typeface(html.language_tag(context.locale))
    writer = PageWriter(sheet, face)
    pages = [writer.page(values) for values in job["pages"]]
    with pikepdf.new() as pdf:
        head = _heads(pdf, context, sheet, job["total"])
        shaped = dict(_shaped(pdf, context, sheet, pages))
        font = embed_font(pdf, face)
        for index, page in enumerate(pages):
            forms = {"Head": head[page.number > 1]}
            if index in shaped:
                forms["Shaped"] = shaped[index]
            _add_page(pdf, sheet, page, forms, font)
        join_pdf.save(pdf, Path(job["out"]), deterministic_id=True)
        return {"pages": len(pdf.pages)}


def _add_page(
    pdf: pikepdf.Pdf,
    sheet: ListSheet,
    page: ListPage,
    forms: Mapping[str, pikepdf.Object],
    font: pikepdf.Object,
) -> None:
    blank = pdf.add_blank_page(
        page_size=(sheet.paper.width / MM_PER_PT, sheet.paper.height / MM_PER_PT)
    )
    blank.Contents = pdf.make_stream(page.content(forms))
    blank.Resources = Dictionary(
        Font=Dictionary(T=font),
        XObject=Dictionary({f"/{name}": form for name, form in forms.items()}),
    )


def _heads(
    pdf: pikepdf.Pdf, context: ListContext, sheet: ListSheet, total: int
) -> list[pikepdf.Object]:
    """Return what stands above the rows on the first page and on the others, as forms."""
    heads = ListHeads(
        context=context,
        total=total,
        columns=sheet.columns,
        direction=html.direction_of(context.locale),
    )
    return _forms(pdf, context, sheet, heads, 2)


def _shaped(
    pdf: pikepdf.Pdf, context: ListContext, sheet: ListSheet, pages: Sequence[ListPage]
) -> Iterator[tuple[int, pikepdf.Object]]:
    """Give the cells of each page that need a shaper, as a form; some pages at a time."""
    needing = [i for i, page in enumerate(pages) if page.shaped or page.shaped_label]
    for at in range(0, len(needing), _SHAPED_PAGES):
        indices = needing[at : at + _SHAPED_PAGES]
        cells = ShapedCells(pages=[pages[i] for i in indices])
        yield from zip(indices, _forms(pdf, context, sheet, cells, len(indices)), strict=True)
        gc.collect()


def _forms(
    pdf: pikepdf.Pdf, context: ListContext, sheet: ListSheet, page: html.PrintedPage, count: int
) -> list[pikepdf.Object]:
    """Return the pages that the renderer makes of `page`, as forms."""
    with renderer.lay_out_page(page, "list.css", sheet, locale=context.locale) as document:
        data = renderer.write_pdf(document)
    with pikepdf.open(BytesIO(data)) as source:
        if len(source.pages) != count:
            raise ValueError("the renderer made another number of pages")
        forms = []
        for source_page in source.pages:
            form = source_page.as_form_xobject()
            if "/Group" in form:
                del form["/Group"]
            forms.append(pdf.copy_foreign(form))
        return forms


def _context(values: Mapping[str, Any]) -> ListContext:
    return ListContext(
        **{
            **values,
            "mission_lines": tuple(values["mission_lines"]),
            "column_labels": ColumnLabels(**values["column_labels"]),
        }
    )
