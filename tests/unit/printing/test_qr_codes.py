"""Each QR code on paper, printed at 300 dpi, is read by a reader that is not ours."""

import ast
from collections.abc import Callable
from pathlib import Path

import pypdfium2  # type: ignore[import-untyped]
import pytest
import zxingcpp
from markupsafe import Markup
from PIL import Image

import campaign
from campaign.core import asset_paths
from campaign.printing import html, renderer
from campaign.printing.geometry import A4, LETTER, Paper
from campaign.printing.html import QUIET_ZONE
from campaign.printing.sheets import bundle_sheets, handouts, posters
from campaign.printing.sheets.posters import Page
from campaign.staff.pages import account_views
from tests.unit.printing.sheet_samples import delivery, notes, poster, sign_on

DPI = 300
SHORT = "https://l.org/a"
USUAL = "https://letters.example.org/desk/bundles/abcdefghijklmnopqrstuv/deliver"
LONG = f"https://letters.a-longer-name-of-a-federation.example.org/{'en/actions/' * 12}?from=poster"


def delivery_sheet(link: str, paper: Paper, locale: str, out: Path) -> None:
    bundle_sheets.delivery_sheet(delivery(locale=locale, code=link), paper, out)


def poster_of(link: str, paper: Paper, locale: str, out: Path) -> None:
    out.write_bytes(posters.poster_pdf(poster(link=link, locale=locale), paper))


def sheet_of(link: str, paper: Paper, locale: str, out: Path) -> None:
    out.write_bytes(handouts.sheet_pdf(sign_on(link=link, locale=locale), paper))


def notes_of(link: str, paper: Paper, locale: str, out: Path) -> None:
    out.write_bytes(handouts.by_hand_pdf(notes(link=link, locale=locale), paper))


def second_factor(link: str, paper: Paper, _locale: str, out: Path) -> None:
    """Not a paper, but a code all the same: the picture of the page, by itself."""
    picture = account_views._draw_qr_code(link)
    body = Markup('<div style="margin:2cm;width:6cm">{}</div>').format(picture)
    whole = str(html.HtmlDocument(locale="en", title="", body=body).html())
    with renderer.lay_out(whole, "share.css", Page(paper)) as document:
        out.write_bytes(renderer.write_pdf(document))


CODES: dict[str, Callable[[str, Paper, str, Path], None]] = {
    "delivery.html": delivery_sheet,
    "by-hand.html": notes_of,
    "poster.html": poster_of,
    "sign-on.html": sheet_of,
    "campaign.staff.pages.account_views": second_factor,
}
"""Every printed template with a code, and every other module that draws one."""


def test_whatever_draws_a_code_is_read_here() -> None:
    """A new paper with a code must stand in `CODES`."""
    root = Path(campaign.__file__).parent
    drawing = set()
    for path in root.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "segno" not in text and "qr_svg" not in text:
            continue
        names = {
            name.name
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in node.names
        }
        if names & {"segno", "qr_svg"}:
            drawing.add(".".join(("campaign", *path.relative_to(root).with_suffix("").parts)))
    letters = asset_paths.folder("letters")
    drawing |= {page.name for page in letters.glob("*.html") if "qr_svg" in page.read_text("utf-8")}
    assert drawing - {"campaign.printing.html"} == set(CODES)


@pytest.mark.parametrize("drawn_by", CODES)
@pytest.mark.parametrize(
    ("paper", "locale", "link"),
    [(LETTER, "en", LONG), (LETTER, "ar", SHORT), (A4, "en", USUAL), (A4, "ar", LONG)],
    ids=lambda value: value.slug if isinstance(value, Paper) else str(len(value)),
)
def test_the_code_is_read_and_has_its_quiet_zone(
    drawn_by: str, paper: Paper, locale: str, link: str, tmp_path: Path
) -> None:
    CODES[drawn_by](link, paper, locale, tmp_path / "code.pdf")
    with pypdfium2.PdfDocument(tmp_path / "code.pdf") as pdf:
        assert len(pdf) == 1
        page = pdf[0].render(scale=DPI / 72, grayscale=True).to_pil()
    (code,) = zxingcpp.read_barcodes(page, formats=zxingcpp.BarcodeFormat.QRCode)
    assert code.text == link
    assert dark_in_the_quiet_zone(page, code.position) == 0


def dark_in_the_quiet_zone(page: Image.Image, place: zxingcpp.Position) -> int:
    """Dark pixels within four modules around the code; all of it must be on the page."""
    left, right = place.top_left.x, place.top_right.x
    top, bottom = place.top_left.y, place.bottom_left.y
    # The finder pattern is seven modules wide: its dark border is as long.
    row = [page.getpixel((x, top + 1)) for x in range(left, right)]
    module = next(n for n, value in enumerate(row) if n > 3 and value > 128) / 7
    quiet = round(module * QUIET_ZONE) - 3
    outer = (left - quiet, top - quiet, right + quiet, bottom + quiet)
    assert min(outer) >= 0
    assert outer[2] <= page.width
    assert outer[3] <= page.height
    around = page.crop(outer)
    inner = (quiet - 2, quiet - 2, around.width - quiet + 3, around.height - quiet + 3)
    around.paste(255, inner)
    return sum(around.histogram()[:128])
