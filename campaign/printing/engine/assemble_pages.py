"""Letters of a chunk, the fast way: segments laid out once, pages put together of them."""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pikepdf
from weasyprint import Document

from campaign.printing import renderer
from campaign.printing.check_letters import check_before, texts_of
from campaign.printing.engine import segments
from campaign.printing.engine.fast_text import NotSimple, TextSetter, is_simple, specimen
from campaign.printing.engine.letters_job import Job, Report, decode, encode_refused
from campaign.printing.engine.segments import Cell, Segment, match_boxes, measure_segment
from campaign.printing.geometry import LAYOUTS, PT_PER_MM, PX_PER_MM, Layout
from campaign.printing.printed_content import LetterContext
from campaign.printing.problems import Problem

_MOST_CHARACTERS = 6000  # a letter with more would not fit a page; it isn't even tried
_PT_PER_PX = 0.75
_CLEARANCE = 0.5
"""Pixels that must be left at the foot of the page, so that rounding decides nothing."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A cell on a letter's page, moved by so many CSS pixels from where it was laid out."""

    cell: Cell
    dx: float
    dy: float


def compose_letters(job: Job) -> Report:
    layout = LAYOUTS[job["layout"]]
    contexts = decode(LetterContext, job["items"])
    refused: dict[int, Sequence[Problem]] = {}
    cuts: dict[int, list[Segment]] = {}
    for i, context in enumerate(contexts):
        if problems := check_before(context, layout):
            refused[i] = problems
        elif _can_be_cut(context):
            cuts[i] = segments.cut_letter(context, layout)
    pages: dict[int, list[Placed]] = {}
    if cuts:
        with _lay_out(cuts.values(), layout) as (document, cells):
            for i, parts in cuts.items():
                if problems := _problems(parts, cells):
                    refused[i] = problems
                elif page := _place(parts, cells, layout):
                    pages[i] = page
            if pages:
                pdf = renderer.write_forms(document)
        if pages:
            write_pages(pdf, list(pages.values()), layout, Path(job["out"]))
    return {
        "letters": [[i, 1] for i in pages],
        "refused": encode_refused(refused),
        "left": [i for i in range(len(contexts)) if i not in pages and i not in refused],
    }


@contextmanager
def _lay_out(
    cuts: Iterable[Sequence[Segment]], layout: Layout
) -> Iterator[tuple[Document, dict[Segment, Cell]]]:
    """Give the document that segments are laid out in, and their cells; some may have none."""
    parts = list(dict.fromkeys(part for parts in cuts for part in parts))
    simple = [part for part in parts if is_simple(part)]
    set_here = set(simple)
    specimens = list(dict.fromkeys(specimen(part.kind, part.style) for part in simple))
    rest = (part for part in parts if part not in set_here)
    groups = segments.group_segments([*specimens, *rest])
    html = segments.write_sheets(groups, layout)
    with renderer.lay_out(html, "segments.css", layout, xml=True) as document:
        boxes = match_boxes(document, groups)
        setter = TextSetter(document)
        cells = {
            part: measure_segment(part, form, box, layout) for part, (form, box) in boxes.items()
        }
        for part in specimens:
            setter.learn(part, boxes[part][1])
        for part in simple:
            with suppress(NotSimple):
                cells[part] = setter.set(part)
        yield document, cells


def _can_be_cut(context: LetterContext) -> bool:
    characters = sum(len(part) for parts in texts_of(context).values() for part in parts)
    plain = not context.specimen and context.translation is None
    return plain and characters <= _MOST_CHARACTERS


def _problems(parts: Sequence[Segment], cells: Mapping[Segment, Cell]) -> list[Problem]:
    return [
        problem
        for kind in ("address", "sender")
        for part in parts
        if part.kind == kind and part in cells
        for problem in cells[part].problems
    ]


def _place(parts: Sequence[Segment], cells: Mapping[Segment, Cell], layout: Layout) -> list[Placed]:
    """Return where a letter's segments stand, in reading order; nothing if they don't fit."""
    if any(part not in cells for part in parts):
        return []
    body = (layout.margin_left, layout.body_top, layout.paper.height - layout.margin_bottom)
    sender = layout.sender_rtl if parts[0].style.direction == "rtl" else layout.sender
    stacks = {
        "sender": _Stack.at(sender.x, sender.y, layout.printable.bottom),
        "address": _Stack.at(layout.address.x, layout.address.y, layout.paper.height),
        "body": _Stack.at(*body),
    }
    placed = []
    for part in parts:
        if part.kind == "foot":
            placed.append(_foot(cells[part], layout))
        else:
            placed.append(stacks[part.kind if part.kind in stacks else "body"].add(cells[part]))
    if any(stack.y > stack.bottom for stack in stacks.values()):
        return []
    return placed


@dataclass(slots=True)
class _Stack:
    """A column of cells, in CSS pixels."""

    x: float
    y: float
    bottom: float  # what the last cell must not reach

    @classmethod
    def at(cls, x: float, y: float, bottom: float) -> "_Stack":
        """Return a column of which the lengths are given in mm."""
        return cls(x * PX_PER_MM, y * PX_PER_MM, bottom * PX_PER_MM - _CLEARANCE)

    def add(self, cell: Cell) -> Placed:
        placed = Placed(cell, self.x - cell.x, self.y - cell.y)
        self.y += cell.height
        return placed


def _foot(cell: Cell, layout: Layout) -> Placed:
    """Place the foot in the lower margin; its text is set against the right one."""
    top = (layout.paper.height - layout.foot_rise) * PX_PER_MM - cell.height
    return Placed(cell, layout.margin_left * PX_PER_MM - cell.x, top - cell.y)


def write_pages(
    sheets: bytes, pages: Sequence[Sequence[Placed]], layout: Layout, out: Path
) -> None:
    """Write a PDF of `pages`, made of the Form XObjects of the PDF `sheets`."""
    paper = layout.paper
    with pikepdf.open(io.BytesIO(sheets)) as pdf:
        forms = pdf.pages[0].Resources.XObject
        fonts = pdf.pages[0].Resources.Font
        sheet_count = len(pdf.pages)
        box = pikepdf.Array([0, 0, paper.width * PT_PER_MM, paper.height * PT_PER_MM])
        for page in pages:
            pdf.add_blank_page()
            blank = pdf.pages[-1].obj
            blank.MediaBox = box
            blank.Resources = pikepdf.Dictionary(
                XObject=pikepdf.Dictionary(
                    {form: forms[form] for placed in page if (form := placed.cell.form)}
                ),
                Font=fonts,
            )
            blank.Contents = pdf.make_stream(_content(page, layout))
        del pdf.pages[:sheet_count]
        pdf.save(out)


def _content(page: Sequence[Placed], layout: Layout) -> bytes:
    """Return a page's operators; the forms are drawn in CSS pixels, y downwards."""
    top = layout.paper.height * PT_PER_MM
    lines = [
        f"q .75 0 0 -.75 {placed.dx * _PT_PER_PX:.5f} {top - placed.dy * _PT_PER_PX:.5f} cm "
        f"{placed.cell.operators} Q"
        for placed in page
    ]
    return "\n".join(lines).encode()
