"""What the press's processes can do: a table of kinds of work."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from weasyprint.urls import FatalURLFetchingError

from campaign.core.isolation.orders import WorkTable
from campaign.printing import fonts, html, renderer
from campaign.printing.engine.assemble_pages import compose_letters
from campaign.printing.engine.join_pdf import join_parts
from campaign.printing.engine.letters_job import (
    render_cards,
    render_few,
    render_letters,
    typeset_cards,
    typeset_letters,
)
from campaign.printing.problems import RENDERER_FAILED, RENDERER_WARNING
from campaign.printing.signature_list.list_job import typeset_list

_WORK: dict[str, Callable[[Any], Mapping[str, object]]] = {
    "letters": typeset_letters,
    "segments": compose_letters,
    "cards": typeset_cards,
    "few-letters": partial(render_few, render_letters),
    "few-cards": partial(render_few, render_cards),
    "list": typeset_list,
    "join": join_parts,
}


def _load() -> None:
    """Load what every child needs.

    No document may be laid out here: Pango then starts a thread, which a fork doesn't copy, and
    the child would wait for it for ever.
    """
    fonts.own_characters()
    fonts.arabic_characters()
    fonts.system_characters()
    html.load_templates()
    renderer.load_types()


TABLE = WorkTable(
    run=lambda work, job, _data: _WORK[work](job),
    load=_load,
    failed=RENDERER_FAILED,
    slugs={renderer.RendererWarning: RENDERER_WARNING, FatalURLFetchingError: RENDERER_FAILED},
)
