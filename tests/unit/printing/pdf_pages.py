"""Reading PDFs back."""

from pathlib import Path

import pypdfium2  # type: ignore[import-untyped]


def pages_of(pdf: bytes | Path) -> list[str]:
    """The text of each page."""
    with pypdfium2.PdfDocument(pdf) as document:
        return [page.get_textpage().get_text_bounded().replace("\r\n", "\n") for page in document]
