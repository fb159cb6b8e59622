"""Some pages of a signature list, as a PDF.

What stands around the rows, and cells in scripts that need a shaper, the renderer lays out; its
pages become forms (Form XObjects) that pages of the list show. Plain cells, nearly all, are
written straight into the page, row by row, as lines of our own typeface.
"""

import gc
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, TypedDict

import pikepdf
from pikepdf import Dictionary

from campaign.printing import html, renderer
from campaign.printing.engine import join_pdf
from campaign.printing.geometry import MM_PER_PT, PAPERS, PT_PER_MM
from campaign.printing.printed_content import ColumnLabels, ListContext
from campaign.printing.signature_list.list_sheet import (
    Column,
    Fitter,
    ListSheet,
    list_sheet,
    mark_missing,
)
from campaign.printing.signature_list.typeface import Typeface, embed_font
from campaign.printing.text_widths import count_lines, find_room

_SHAPED_PAGES = 20  # pages of cells that need a shaper, in one document of the renderer's
# The renderer centres ascender and descender in a line's height; the baseline lies so far below
# the line's middle, in em.
_BELOW_MIDDLE = 1.0 - (1.0 + 0.326) / 2
_FOOT_SIZE = 8.5
_INK, _QUIET, _RULE = "0 g", "0.365 0.357 0.337 rg", "0.737 0.725 0.702 RG 0.25 w"


@dataclass(frozen=True, slots=True)
class Shaped:
    text: str
    column: Column
    setting: int
    top: float  # where it begins, mm below the top margin
    direction: str


@dataclass(slots=True)
class ListPage:
    number: int
    label: str
    operators: list[str] = field(default_factory=list)
    shaped: list[Shaped] = field(default_factory=list)
    shaped_label: str = ""  # the page's number in words, if it needs a shaper

    def content(self, forms: Iterable[str]) -> bytes:
        """Return the content stream, with the forms it shows before the rows."""
        shown = [f"/{name} Do" for name in forms]
        return "\n".join((*shown, *self.operators)).encode()


class PageRows(TypedDict):
    number: int
    label: str
    rows: list[list[str]]  # the texts of each row, by column; a single one is a heading


class ListHeads(html.PrintedPage, template="list.html"):
    """What stands above the rows, on the first page and on the others."""

    context: ListContext
    total: int
    columns: tuple[Column, ...]
    is_long_title: bool
    is_long_address: bool
    """Its lines do not have room below one another."""


class ShapedCells(html.PrintedPage, template="list-shaped.html"):
    """Cells that need a shaper, each where it stands on its page."""

    pages: Sequence[ListPage]


class ListJob(TypedDict):
    context: dict[str, Any]
    paper: str
    total: int
    pages: list[PageRows]
    out: str


def typeset_list(job: ListJob) -> dict[str, int]:
    """Lay out some pages of a signature list. Report: `pages`, how many there are."""
    lines, labels = job["context"]["mission_lines"], job["context"]["column_labels"]
    built = {"mission_lines": tuple(lines), "column_labels": ColumnLabels(**labels)}
    context = ListContext(**job["context"] | built)
    direction = html.direction_of(context.locale)
    sheet = list_sheet(PAPERS[job["paper"]], context.column_labels, direction)
    face = Typeface(html.language_tag(context.locale))
    writer = PageWriter(sheet, face)
    pages = [writer.page(values) for values in job["pages"]]
    with pikepdf.new() as pdf:
        head = _forms(pdf, context, sheet, _make_heads(context, sheet, job["total"]), 2)
        shaped = dict(_shaped(pdf, context, sheet, pages))
        font = embed_font(pdf, face)
        for index, page in enumerate(pages):
            forms = {"Head": head[page.number > 1]}
            if index in shaped:
                forms["Shaped"] = shaped[index]
            blank = pdf.add_blank_page(
                page_size=(sheet.paper.width / MM_PER_PT, sheet.paper.height / MM_PER_PT)
            )
            blank.Contents = pdf.make_stream(page.content(forms))
            blank.Resources = Dictionary(
                Font=Dictionary(T=font),
                XObject=Dictionary({f"/{name}": form for name, form in forms.items()}),
            )
        join_pdf.save(pdf, Path(job["out"]))
        return {"pages": len(pdf.pages)}


def _make_heads(context: ListContext, sheet: ListSheet, total: int) -> ListHeads:
    title, address = sheet.title_room, sheet.mission_room
    lines = count_lines(context.title, title.width * PT_PER_MM, title.size.size, weight="Semibold")
    return ListHeads(
        context=context,
        total=total,
        columns=sheet.columns,
        is_long_title=lines * title.size.leading > title.height * PT_PER_MM,
        is_long_address=find_room(context.mission_lines, [address]) is None,
    )


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
    data = renderer.render_page(page, "list.css", sheet, locale=context.locale)
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


class PageWriter:
    def __init__(self, sheet: ListSheet, face: Typeface) -> None:
        self._face = face
        self._sheet = sheet
        self._fitter = Fitter(face, sheet.settings)
        self._direction = "rtl" if sheet.rtl else "ltr"
        self._left = sheet.margin / MM_PER_PT
        # A heading between the rows takes their whole width.
        self._band = (Column("band", "", 0.0, sheet.text_width),)
        self._top = (sheet.paper.height - sheet.margin) / MM_PER_PT

    def page(self, values: PageRows) -> ListPage:
        page = ListPage(values["number"], values["label"])
        top = self._sheet.rows_top(page.number)
        page.operators += ["BT", _INK]
        for place, row in enumerate(values["rows"]):
            columns = self._sheet.columns if len(row) > 1 else self._band
            for text, column in zip(row, columns, strict=True):
                if text:
                    self._cell(page, text, column, top + place * self._sheet.row)
        self._number(page)
        page.operators += ["ET", _RULE, *self._rules(top, len(values["rows"])), "S"]
        return page

    def _cell(self, page: ListPage, text: str, column: Column, top: float) -> None:
        plain = self._is_plain(text)
        text = text if plain else mark_missing(text)
        fitted = self._fitter.fit(text, column.width)
        size, leading = fitted.setting.size, fitted.setting.leading
        top += (self._sheet.row - len(fitted.lines) * leading) / 2
        if not plain:
            direction = html.text_direction(text, self._direction)
            page.shaped.append(
                Shaped("\n".join(fitted.lines), column, fitted.index, top, direction)
            )
            return
        for line in fitted.lines:
            left, right = column.left, column.left + column.width
            page.operators.append(self._line(line, size, left, right, top + leading / 2))
            top += leading

    def _is_plain(self, text: str) -> bool:
        """Whether the text can be set without a shaper, its characters in order."""
        if not self._face.is_plain(text):
            return False
        return text.isdigit() or html.text_direction(text, self._direction) == "ltr"

    def _line(
        self, text: str, size: float, left: float, right: float, middle: float, *, end: bool = False
    ) -> str:
        """Write a line at the start (or end) of the space between `left` and `right`, in mm."""
        line = self._face.line(text)
        x = left / MM_PER_PT
        if end != self._sheet.rtl:
            x = right / MM_PER_PT - line.width * size
        y = self._top - middle / MM_PER_PT - _BELOW_MIDDLE * size
        return f"/T {size:g} Tf 1 0 0 1 {self._left + x:.3f} {y:.3f} Tm {line.operand} TJ"

    def _number(self, page: ListPage) -> None:
        if not self._is_plain(page.label):
            page.shaped_label = mark_missing(page.label)
            return
        width, middle = self._sheet.text_width, self._sheet.text_height - 1.8
        page.operators += [_QUIET, self._line(page.label, _FOOT_SIZE, 0, width, middle, end=True)]

    def _rules(self, top: float, rows: int) -> list[str]:
        right = self._left + self._sheet.text_width / MM_PER_PT
        heights = (
            self._top - (top + place * self._sheet.row) / MM_PER_PT for place in range(1, rows + 1)
        )
        return [f"{self._left:.3f} {y:.3f} m {right:.3f} {y:.3f} l" for y in heights]
