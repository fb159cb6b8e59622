"""Cards of a chunk: four letters to a sheet, each cut to a card."""

from collections.abc import Collection, Sequence
from pathlib import Path

from markupsafe import Markup
from weasyprint import Document

from campaign.printing import html, measure_rendered, renderer
from campaign.printing.check_letters import check_characters, check_empty, texts_of
from campaign.printing.engine.render_job import Job, Report, decode, encode_refused
from campaign.printing.geometry import CARDS_A_SHEET, LAYOUTS, Box, Layout
from campaign.printing.letter_content import LetterContext
from campaign.printing.page_fit import card_room
from campaign.printing.problems import CARD_TOO_LONG, LetterRefused, Problem

_SAFE = 8.0
"""mm kept free along each edge of a card, so that cutting takes no letter away."""
_FOOT = 8.0
"""mm above that where the reference stands."""


def typeset_cards(job: Job) -> Report:
    """Lay out a chunk's cards, four to a sheet; the place of one that is refused stays blank.

    The first card of a sheet takes the page, the others none.
    """
    layout = LAYOUTS[job["layout"]]
    contexts = decode(LetterContext, job["items"])
    refused = {i: problems for i, card in enumerate(contexts) if (problems := _check(card))}
    sheets = _sheets(len(contexts), refused)
    # A card whose text is too long is found only when laid out.
    while sheets:
        with renderer.lay_out(_document(contexts, sheets), "card.css", layout) as document:
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
    problems = [(context, problem) for context in contexts for problem in _check(context)]
    if not problems:
        sheets = _sheets(len(contexts), ())
        with renderer.lay_out(_document(contexts, sheets), "card.css", layout) as document:
            long = _too_long(document, sheets, layout)
            if not long:
                return renderer.write_pdf(document)
        problems = [(contexts[n], Problem(CARD_TOO_LONG)) for n in long]
    raise LetterRefused(
        Problem(problem.slug, {**problem.detail, "key": context.key})
        for context, problem in problems
    )


def check_before(context: LetterContext, layout: Layout) -> list[Problem]:
    """Return what can be seen to be wrong with a card without laying it out; cheap."""
    problems = _check(context)
    if not problems and not card_room(context, layout).fits:
        problems.append(Problem(CARD_TOO_LONG))
    return problems


def _check(context: LetterContext) -> list[Problem]:
    return [*check_empty(context), *check_characters(texts_of(context))]


def _sheets(count: int, refused: Collection[int]) -> list[list[int]]:
    """List the cards of each sheet, by index; a card's slot is its index modulo `CARDS_A_SHEET`."""
    places = [
        [i for i in range(first, min(first + CARDS_A_SHEET, count)) if i not in refused]
        for first in range(0, count, CARDS_A_SHEET)
    ]
    return [sheet for sheet in places if sheet]


def _document(contexts: Sequence[LetterContext], sheets: Sequence[Sequence[int]]) -> str:
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
    return str(whole.html())


def card_box(slot: int, layout: Layout) -> Box:
    """Return where the text of the card in `slot` (0 to 3, row by row) may stand, mm."""
    width, height = layout.paper.width / 2, layout.paper.height / 2
    row, column = divmod(slot, 2)
    return Box(column * width + _SAFE, row * height + _SAFE, width - 2 * _SAFE, height - 2 * _SAFE)


def _text_box(slot: int, layout: Layout) -> Box:
    """Return where its words may stand: above the line with the reference."""
    box = card_box(slot, layout)
    return Box(box.x, box.y, box.width, box.height - _FOOT)


def _too_long(document: Document, sheets: Sequence[Sequence[int]], layout: Layout) -> list[int]:
    """Return the cards whose text runs out of its box."""
    return [
        i
        for page, sheet in zip(document.pages, sheets, strict=True)
        for i in sheet
        if not measure_rendered.stands_within(
            page, f"card-text-{i % CARDS_A_SHEET}", _text_box(i % CARDS_A_SHEET, layout)
        )
    ]
