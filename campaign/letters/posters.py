"""What carries a case further: the picture shown where it is shared, a poster, a sign-on sheet."""

import dataclasses
import hashlib
import io
import json
from dataclasses import dataclass
from functools import cache
from threading import Lock

import pypdfium2
import segno
from markupsafe import Markup
from PIL import Image

from campaign import resources
from campaign.letters import html, renderer
from campaign.letters.layouts import Box, Paper

SHARE_WIDTH, SHARE_HEIGHT = 1200, 630
"""Pixels of the picture, as Open Graph's readers expect it."""
SHARE_PICTURE = 420
"""Pixels of its width that a picture of the case takes."""
_PX = 25.4 / 96
_SHARE = Paper("share", SHARE_WIDTH * _PX, SHARE_HEIGHT * _PX)
_ROW = 12.5
"""Height of a row to be filled in by hand, mm."""
_SHEET_MARGIN = 12.0
_SHEET_HEAD = 58.0
"""What stands above the rows: the case and its code, what one signs, and the heads."""
_FILES = ("share.html", "share.css", "poster.html", "poster.css", "sign-on.html", "sign-on.css",
          "document.html", "fonts.css")  # fmt: skip
_pdfium = Lock()
"""PDFium is not safe between threads."""


@dataclass(frozen=True, slots=True)
class ShareContext:
    """Words of the picture."""

    locale: str
    kicker: str
    title: str
    title_locale: str
    ask: str
    site: str
    picture: str = ""
    """Names the picture that stands beside the words; empty: none."""
    focus: tuple[int, int] = (50, 50)
    """Where in it that is which matters, in percent; the picture is handed over cut."""


@dataclass(frozen=True, slots=True)
class PosterContext:
    """Words of the poster."""

    locale: str
    kicker: str
    title: str
    summary: str
    text_locale: str
    call: str
    """What to do with the code."""
    deadline: str
    link: str
    """What the code holds, and stands below it."""
    shown_link: str
    site: str


@dataclass(frozen=True, slots=True)
class SheetContext:
    """Words of the sign-on sheet."""

    locale: str
    kicker: str
    title: str
    text_locale: str
    asks: tuple[str, ...]
    statement: str
    """What everybody who signs agrees to."""
    return_to: str
    """Where to send the sheet, and until when."""
    columns: tuple[str, ...]
    """Heads: name, town, postal code, country, e-mail, two consents, signature."""
    call: str
    link: str
    shown_link: str
    site: str
    title_label: str
    """The document's title in a viewer."""


Context = ShareContext | PosterContext | SheetContext


@dataclass(frozen=True, slots=True)
class Page:
    """A sheet of paper, and how rows stand on it."""

    paper: Paper
    rows: int = 0
    row: float = _ROW
    margin: float = _SHEET_MARGIN
    head: float = _SHEET_HEAD

    @property
    def text(self) -> Box:
        """Within the margins."""
        return Box(
            self.margin,
            self.margin,
            self.paper.width - 2 * self.margin,
            self.paper.height - 2 * self.margin,
        )


def share_png(context: ShareContext, beside: bytes = b"") -> bytes:
    """The picture, 1200 by 630 pixels; `beside` (a JPEG) fills the end of it from top to foot."""
    pdf = _laid_out("share", context, Page(_SHARE), title=context.title)
    with _pdfium:
        document = pypdfium2.PdfDocument(pdf)
        try:
            picture = document[0].render(scale=96 / 72).to_pil().convert("RGB")
        finally:
            document.close()
    picture = picture.resize((SHARE_WIDTH, SHARE_HEIGHT))
    if beside:
        with Image.open(io.BytesIO(beside), formats=("JPEG",)) as shown:
            part = shown.convert("RGB").resize((SHARE_PICTURE, SHARE_HEIGHT))
        rtl = html.direction_of(context.locale) == "rtl"
        picture.paste(part, (0 if rtl else SHARE_WIDTH - SHARE_PICTURE, 0))
    out = io.BytesIO()
    picture.quantize(256 if beside else 128).save(out, "PNG", optimize=True)
    return out.getvalue()


def poster_pdf(context: PosterContext, paper: Paper) -> bytes:
    """A poster of one page, with a code that leads to the case."""
    return _laid_out("poster", context, Page(paper), title=context.title, code=context.link)


def sheet_pdf(context: SheetContext, paper: Paper) -> bytes:
    """A sheet, lying, with blank rows for those who sign by hand."""
    lying = Paper(paper.slug, paper.height, paper.width)
    rows = int((lying.height - 2 * _SHEET_MARGIN - _SHEET_HEAD) / _ROW)
    page = Page(lying, rows)
    return _laid_out("sign-on", context, page, title=context.title_label, code=context.link)


def fingerprint(kind: str, context: Context, paper: str = "") -> str:
    """By which a printed thing is known: the same words, templates and paper give the same."""
    words = json.dumps([kind, paper, dataclasses.asdict(context), _templates()], sort_keys=True)
    return hashlib.sha256(words.encode()).hexdigest()[:24]


def qr_svg(text: str) -> Markup:
    """`text` as a QR code, one square a unit, with the quiet zone that readers need."""
    matrix = [list(row) for row in segno.make(text, error="m", micro=False).matrix]
    size = len(matrix) + 8
    path = "".join(
        f"M{x + 4} {y + 4}h1v1h-1z"
        for y, row in enumerate(matrix)
        for x, dark in enumerate(row)
        if dark
    )
    return Markup('<svg class="code" viewBox="0 0 {0} {0}"><path d="{1}"/></svg>').format(
        size, path
    )


def _laid_out(kind: str, context: Context, page: Page, *, title: str, code: str = "") -> bytes:
    body = html.render(
        f"{kind}.html",
        it=context,
        page=page,
        code=qr_svg(code) if code else "",
        direction=html.direction_of(context.locale),
    )
    whole = html.render("document.html", locale=context.locale, title=title, body=body)
    with renderer.laid_out(str(whole), f"{kind}.css", page) as document:
        return renderer.write_pdf(document)


@cache
def _templates() -> str:
    folder = resources.folder("letters")
    return hashlib.sha256(b"".join((folder / name).read_bytes() for name in _FILES)).hexdigest()
