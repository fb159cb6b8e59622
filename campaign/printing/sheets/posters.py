"""The picture shown where a case is shared, and the poster."""

import dataclasses
import hashlib
import io
import json
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

import pypdfium2
from PIL import Image

from campaign.core import asset_paths
from campaign.printing import html, renderer
from campaign.printing.geometry import MM_PER_PX, PT_PER_MM, Paper
from campaign.printing.text_widths import count_lines, width_of

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

SHARE_WIDTH, SHARE_HEIGHT = 1200, 630  # pixels of the picture, as Open Graph's readers expect it
SHARE_PICTURE = 420  # pixels of its width that a picture of the case takes
_SHARE = Paper("share", SHARE_WIDTH * MM_PER_PX, SHARE_HEIGHT * MM_PER_PX)
_KINDS = ("share", "poster", "sign-on", "by-hand")
_FILES = (
    *(f"{kind}.{end}" for kind in _KINDS for end in ("html", "css")),
    "document.html",
    "fonts.css",
)
_pdfium = Lock()


@dataclass(frozen=True, slots=True)
class ShareContext:
    locale: str
    kicker: str
    title: str
    title_locale: str
    ask: str
    site: str
    picture: str = ""  # names the picture that stands beside the words; empty: none
    focus: tuple[int, int] = (50, 50)
    """Where in it that is which matters, in percent; the picture is handed over cut."""


@dataclass(frozen=True, slots=True)
class PosterContext:
    locale: str
    kicker: str
    title: str
    summary: str
    text_locale: str
    call: str
    promise: str  # how long it takes, and what becomes of it
    deadline: str
    link: str
    shown_link: str
    site: str
    picture: str = ""  # names the picture above the title; empty: none
    picture_alt: str = ""
    focus: tuple[int, int] = (50, 50)


@dataclass(frozen=True, slots=True)
class PosterFace:
    """Sizes and leads of a poster's words, pt, by the size of its title."""

    title: float

    @property
    def title_leading(self) -> float:
        return round(self.title * 1.17, 1)

    @property
    def summary(self) -> float:
        """It grows with the title, but less."""
        return round(10 + (self.title - 14) * 0.33, 1)

    @property
    def summary_leading(self) -> float:
        return round(self.summary * 1.43, 1)


POSTER_FACES = tuple(PosterFace(title) for title in range(64, 13, -2))
"""From the largest: a poster is set in the first of which its words fill the page, and fit."""
_ABOVE, _BELOW, _BETWEEN = 34.0, 104.0, 9.0
"""mm of the sheet's height above the kicker's end, from the code down, and below the title."""
_NASKH = 1.45
POSTER_PICTURE = (1600, 520)  # pixels of the picture on a poster, as wide as its words
POSTER_PICTURE_HEIGHT = 56.0  # mm
_LEAST_TITLE = 24  # pt: a title that would be smaller beside a picture stands without one


@dataclass(frozen=True, slots=True)
class Page:
    paper: Paper
    face: PosterFace = POSTER_FACES[0]
    naskh: float = _NASKH


class ShareCard(html.PrintedPage, template="share.html"):
    words: ShareContext


class Poster(html.PrintedPage, template="poster.html"):
    words: PosterContext
    picture: str  # its address; empty where there is none, or no room for it


def share_png(context: ShareContext, beside: bytes = b"") -> bytes:
    """Return the picture, 1200 by 630 pixels.

    :param beside: a JPEG that fills the end of it from top to foot.
    """
    pdf = renderer.render_page(
        ShareCard(words=context),
        "share.css",
        Page(_SHARE),
        locale=context.locale,
        title=context.title,
    )
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


def poster_pdf(context: PosterContext, paper: Paper, picture: bytes = b"") -> bytes:
    """Return a poster of one page, with a code that leads to the case.

    :param picture: a JPEG of `POSTER_PICTURE`; left out where the words would be too small with it.
    """
    face = _poster_face(context, paper)
    beside = _poster_face(context, paper, taken=POSTER_PICTURE_HEIGHT + _BETWEEN)
    if picture and beside.title >= _LEAST_TITLE:
        face = beside
    else:
        picture = b""
    return renderer.render_page(
        Poster(words=context, picture=renderer.PICTURE if picture else ""),
        "poster.css",
        Page(paper, face),
        locale=context.locale,
        title=context.title,
        picture=picture,
        tagged=True,
    )


def _poster_face(context: PosterContext, paper: Paper, *, taken: float = 0) -> PosterFace:
    """Choose the largest type in which the words end above the code, by our own widths.

    :param taken: mm of the height that a picture takes.
    """
    width = (paper.width - 40) * PT_PER_MM
    room = (paper.height - _ABOVE - _BELOW - _BETWEEN - taken) * PT_PER_MM
    room -= count_lines(context.kicker, width, 15) * 20
    taller = _NASKH if html.direction_of(context.text_locale) == "rtl" else 1.0
    longest = max(map(width_of, context.title.split()), default=0.0)
    for face in POSTER_FACES:
        title = count_lines(context.title, width, face.title) * face.title_leading
        text = count_lines(context.summary, width, face.summary) * face.summary_leading
        if (title + text) * taller <= room and longest * face.title <= width:
            return face
    return POSTER_FACES[-1]


def fingerprint(kind: str, context: "DataclassInstance", paper: str = "") -> str:
    """Return what a printed thing is known by: its words, templates and paper."""
    words = json.dumps([kind, paper, dataclasses.asdict(context), _templates()], sort_keys=True)
    return hashlib.sha256(words.encode()).hexdigest()[:24]


@cache
def _templates() -> str:
    folder = asset_paths.folder("letters")
    return hashlib.sha256(b"".join((folder / name).read_bytes() for name in _FILES)).hexdigest()
