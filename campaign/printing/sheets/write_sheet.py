"""A short paper, laid out in this process and written to its file."""

from collections.abc import Callable, Hashable
from pathlib import Path

import weasyprint

from campaign.printing import renderer
from campaign.printing.engine.join_pdf import Document, describe_pdf, replace_when_done
from campaign.printing.html import PrintedPage


def write_sheet(
    page: PrintedPage,
    stylesheet: str,
    geometry: Hashable,
    out: Path,
    *,
    locale: str,
    title: str,
    check: Callable[[weasyprint.Document], None] = lambda document: None,
    tagged: bool = True,
) -> Document:
    """Write the PDF of a page.

    :param check: raises where what was laid out must not be printed.
    """
    with renderer.lay_out_page(page, stylesheet, geometry, locale=locale, title=title) as document:
        check(document)
        pages = len(document.pages)
        pdf = renderer.write_pdf(document, tagged=tagged)
    with replace_when_done(out) as path:
        path.write_bytes(pdf)
    return describe_pdf(out, pages)
