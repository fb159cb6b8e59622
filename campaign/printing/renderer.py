"""The only module that calls WeasyPrint to print; it may read our own files, by name, alone.

One document at a time in a process: Pango's font map isn't safe between threads.
"""

import functools
import logging
import re
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import cssselect2
import pydyf
from weasyprint import CSS, HTML, Document
from weasyprint.text.ffi import ffi
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from campaign.core import asset_paths
from campaign.printing.engine.join_pdf import PdfFile, describe_pdf, replace_when_done
from campaign.printing.html import HtmlDocument, PrintedPage, print_css

PICTURE = "letters:picture"  # the address of the one picture that a document may be given, a JPEG
_NAME = re.compile(r"[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)*\.(ttf|css|svg|png)")
_TYPES = {"ttf": "font/ttf", "css": "text/css", "svg": "image/svg+xml", "png": "image/png"}


class LettersFetcher(URLFetcher):
    """Serves `letters:fonts/x.ttf` from the folder `letters/`; refuses every other address.

    WeasyPrint swallows ordinary errors of a fetcher and prints without the resource. A refusal
    here is a `FatalURLFetchingError`, which it lets through, so that the letter fails instead.
    """

    def __init__(self, folder: Path | None = None, *, picture: bytes = b"") -> None:
        # The parent's handlers for file:, http: and data: are not wanted, so it isn't called.
        self._folder = (folder or asset_paths.folder("letters")).resolve()
        self._picture = picture

    def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> URLFetcherResponse:
        """Return the file that `url` names. Raises FatalURLFetchingError for any but ours."""
        if self._picture and url == PICTURE:
            return URLFetcherResponse(url, self._picture, {"Content-Type": "image/jpeg"})
        scheme, _, name = url.partition(":")
        match = _NAME.fullmatch(name)
        if scheme != "letters" or match is None or unquote(name) != name:
            raise FatalURLFetchingError(f"refused address: {url[:200]!r}")
        path = (self._folder / name).resolve()
        if not path.is_relative_to(self._folder) or not path.is_file():
            raise FatalURLFetchingError(f"no such file: {url[:200]!r}")
        return URLFetcherResponse(url, path.read_bytes(), {"Content-Type": _TYPES[match[1]]})

    def open(self, url: object, *_: object, **__: object) -> URLFetcherResponse:
        return self.fetch(str(url))


_LOCK = threading.RLock()
_C_TYPES = """
    FcChar8 ** | FcResult * | PangoFcFontMap * | PangoLogAttr[] | PangoRectangle * | char[4] |
    char[] | hb_tag_t[100] | unsigned int *
"""
_LOGGER = logging.getLogger("weasyprint")


class RendererWarning(Exception):
    """WeasyPrint logged a warning or an error: what it would print isn't what was meant."""


class _Listener(logging.Handler):
    """Collects what WeasyPrint says in this thread."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self.messages.append(record.getMessage())


@contextmanager
def no_warnings() -> Iterator[None]:
    """Turn what WeasyPrint logs within the block into a `RendererWarning`."""
    listener = _Listener()
    _LOGGER.addHandler(listener)
    try:
        yield
    finally:
        _LOGGER.removeHandler(listener)
    if listener.messages:
        raise RendererWarning("; ".join(listener.messages)[:500])


@dataclass(frozen=True, slots=True)
class _Tools:
    fetcher: LettersFetcher
    fonts: FontConfiguration
    faces: CSS


@functools.cache
def _tools() -> _Tools:
    fetcher = LettersFetcher()
    fonts = FontConfiguration()
    faces = CSS(url="letters:fonts.css", url_fetcher=fetcher, font_config=fonts)
    return _Tools(fetcher, fonts, faces)


@functools.lru_cache(maxsize=64)
def _stylesheet(name: str, geometry: Hashable) -> CSS:
    tools = _tools()
    return CSS(string=print_css(name, geometry), url_fetcher=tools.fetcher, font_config=tools.fonts)


def load_types() -> None:
    """Have cffi read the declarations that the renderer will ask for; it reads C with a parser."""
    for name in _C_TYPES.split("|"):
        ffi.typeof(name.strip())


class _Tree(HTML):
    """XHTML of our own templates, read by expat: its HTML parser takes longer than the layout."""

    def __init__(self, xhtml: str, fetcher: LettersFetcher) -> None:
        # The parent's would read HTML; this sets all that it sets.
        root = ET.fromstring(xhtml)  # noqa: S314 - autoescaped, and without a document type
        self.base_url = None
        self.url_fetcher = fetcher
        self.media_type = "print"
        self.wrapper_element = cssselect2.ElementWrapper.from_html_root(root, None)
        self.etree_element = self.wrapper_element.etree_element

    def _ua_stylesheets(self, forms: bool = False) -> list[CSS]:
        return [_stylesheet("agent.css", None)]


@contextmanager
def lay_out(
    html: str, stylesheet: str, geometry: Hashable, *, xml: bool = False, picture: bytes = b""
) -> Iterator[Document]:
    """Lay out the document `html` with `stylesheet` filled from `geometry`.

    :param picture: what `PICTURE` names in it.
    :param xml: it is XHTML without entities and namespaces, which is read faster.
    :raises RendererWarning: WeasyPrint had something to say, here or while the PDF was written.
    """
    with _LOCK, no_warnings():
        tools = _tools()
        fetcher = LettersFetcher(picture=picture) if picture else tools.fetcher
        page = _Tree(html, fetcher) if xml else HTML(string=html, url_fetcher=fetcher)
        yield page.render(
            font_config=tools.fonts, stylesheets=[tools.faces, _stylesheet(stylesheet, geometry)]
        )


def lay_out_page(
    page: PrintedPage,
    stylesheet: str,
    geometry: Hashable,
    *,
    locale: str,
    title: str = "",
    picture: bytes = b"",
) -> AbstractContextManager[Document]:
    """Lay out what a page prints, as a document of its own; see `lay_out`."""
    whole = HtmlDocument(locale=locale, title=title, body=page.html())
    return lay_out(str(whole.html()), stylesheet, geometry, picture=picture)


def render_page(
    page: PrintedPage,
    stylesheet: str,
    geometry: Hashable,
    *,
    locale: str,
    title: str = "",
    picture: bytes = b"",
    tagged: bool = False,
) -> bytes:
    """Return what a page prints as a PDF; see `lay_out` and `write_pdf`."""
    with lay_out_page(
        page, stylesheet, geometry, locale=locale, title=title, picture=picture
    ) as document:
        return write_pdf(document, tagged=tagged)


def write_sheet(
    page: PrintedPage,
    stylesheet: str,
    geometry: Hashable,
    out: Path,
    *,
    locale: str,
    title: str,
    check: Callable[[Document], None] = lambda document: None,
    tagged: bool = True,
) -> PdfFile:
    """Write what a page prints to a file.

    :param check: raises where what was laid out must not be printed.
    """
    with lay_out_page(page, stylesheet, geometry, locale=locale, title=title) as document:
        check(document)
        pages = len(document.pages)
        pdf = write_pdf(document, tagged=tagged)
    with replace_when_done(out) as path:
        path.write_bytes(pdf)
    return describe_pdf(out, pages)


def write_pdf(document: Document, *, tagged: bool = False) -> bytes:
    """Return the document as a PDF; the same bytes for the same document.

    :param tagged: headings, paragraphs and tables are marked as such, for who has it read aloud.
    """
    return bytes(document.write_pdf(pdf_tags=tagged))


def write_forms(document: Document) -> bytes:
    """Return the document as a PDF to take Form XObjects from: lightened, not compressed."""
    return bytes(document.write_pdf(finisher=_lighten, uncompressed_pdf=True))


def _lighten(_: Document, pdf: pydyf.PDF) -> None:
    """Take the transparency groups from the forms, and let equal resources be one object.

    Without its group a form is drawn as if its operators stood in the page: fully opaque.
    """
    shared: dict[tuple[str, ...], bytes] = {}
    for form in pdf.objects:
        extra = getattr(form, "extra", {})
        if extra.get("Subtype") != "/Form":
            continue
        del extra["Group"]
        number = int(extra["Resources"].split()[0])
        resources = pdf.objects[number]
        if any(resources[kind] for kind in ("XObject", "Pattern", "Shading")):
            continue
        # Its states are named by what they say; fonts and colours are the document's.
        key = tuple(sorted(resources["ExtGState"]))
        if shared.setdefault(key, extra["Resources"]) != extra["Resources"]:
            extra["Resources"] = shared[key]
            resources.free = "f"
