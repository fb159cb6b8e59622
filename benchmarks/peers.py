"""Ways of making many letters into PDF: ours, and those that one could use instead.

Run as `python -m benchmarks.peers WAY COUNT OWN SEED OUT`: one process that prints COUNT letters,
the share OWN of them with own words, into the folder OUT. The whole process is measured.
"""

import html
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.invented import letters, paragraphs
from campaign.core.asset_paths import folder
from campaign.printing.geometry import layout_for
from campaign.printing.print_letters import print_letters
from campaign.printing.printed_content import LetterContext

Letters = Sequence[LetterContext]
_FONT = Path(folder("letters")) / "fonts" / "SourceSerif4-Regular.ttf"
_CHUNK = 200
_VOLUME = 500
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_STYLE = """
@page { size: Letter; margin: 20mm 25mm }
body { font: 11pt/1.4 'Source Serif 4', serif; margin: 0 }
article { break-after: page } p { margin: 0 0 3mm; white-space: pre-line }
"""


def press(some: Letters, out: Path) -> None:
    """Our press, as bundles use it."""
    print_letters(some, layout_for("CA"), out / "letters.pdf")


def volumes(some: Letters, out: Path) -> None:
    """Our press, volume after volume."""
    for first in range(0, len(some), _VOLUME):
        name = out / f"letters-{first // _VOLUME + 1:03d}.pdf"
        print_letters(some[first : first + _VOLUME], layout_for("CA"), name)


def chunks(some: Letters, out: Path) -> None:
    """WeasyPrint, so many letters in one document: our plain way."""
    print_letters(some, layout_for("CA"), out / "letters.pdf", whole=True, chunk=_CHUNK)


def one_by_one(some: Letters, out: Path) -> None:
    """WeasyPrint as most applications use it: document, style and fonts for each letter."""
    from weasyprint import CSS, HTML

    from campaign.printing.html import letter_document, print_css
    from campaign.printing.renderer import LettersFetcher

    layout = layout_for("CA")
    for letter in some:
        fetcher = LettersFetcher()
        styles = [
            CSS(url="letters:fonts.css", url_fetcher=fetcher),
            CSS(string=print_css("print.css", layout), url_fetcher=fetcher),
        ]
        page = HTML(string=str(letter_document([letter], layout)), url_fetcher=fetcher)
        (out / f"{letter.key}.pdf").write_bytes(page.write_pdf(stylesheets=styles))


def _page(some: Letters) -> str:
    """The letters as a web page that needs nothing else."""
    bodies = "".join(
        "<article>"
        + "".join(f"<p>{html.escape(text)}</p>" for text in paragraphs(letter))
        + "</article>"
        for letter in some
    )
    return f'<!doctype html><meta charset="utf-8"><style>{_STYLE}</style>{bodies}'


def chromium(some: Letters, out: Path) -> None:
    """Chromium's print-to-PDF, all letters in one page."""
    page = out / "letters.html"
    page.write_text(_page(some), encoding="utf-8")
    with tempfile.TemporaryDirectory() as profile:
        _run(
            next(filter(None, map(shutil.which, _CHROMIUM))),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-pdf-header-footer",
            f"--user-data-dir={profile}",
            f"--print-to-pdf={out / 'letters.pdf'}",
            page.as_uri(),
        )


def libreoffice(some: Letters, out: Path) -> None:
    """LibreOffice, from the same page, as a mail merge would end."""
    page = out / "letters.html"
    page.write_text(_page(some), encoding="utf-8")
    with tempfile.TemporaryDirectory() as profile:
        _run(
            shutil.which("soffice"),
            f"-env:UserInstallation=file://{profile}",
            "--headless",
            "--infilter=HTML (StarWriter)",
            "--convert-to",
            "pdf:writer_pdf_Export",
            "--outdir",
            str(out),
            str(page),
        )


def reportlab(some: Letters, out: Path) -> None:
    """ReportLab's platypus: simple paragraphs, no windows and no scripts but Latin."""
    from reportlab.lib.pagesizes import letter as paper
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate

    pdfmetrics.registerFont(TTFont("Serif", str(_FONT)))
    style = ParagraphStyle("body", fontName="Serif", fontSize=11, leading=15, spaceAfter=8)
    story: list[object] = []
    for letter in some:
        story += [
            Paragraph(html.escape(text).replace("\n", "<br/>"), style)
            for text in paragraphs(letter)
        ]
        story.append(PageBreak())
    SimpleDocTemplate(str(out / "letters.pdf"), pagesize=paper).build(story)


def typst(some: Letters, out: Path) -> None:
    """Typst, the letters as data of one document."""
    import typst as engine

    (out / "letters.json").write_text(json.dumps([paragraphs(letter) for letter in some]))
    source = out / "letters.typ"
    source.write_text(
        '#set page(paper: "us-letter", margin: (x: 25mm, y: 20mm))\n'
        '#set text(font: "Source Serif 4", size: 11pt)\n'
        '#for one in json("letters.json") {\n'
        "  for text in one { par(text) }; pagebreak(weak: true)\n"
        "}\n"
    )
    engine.compile(str(source), output=str(out / "letters.pdf"), font_paths=[str(_FONT.parent)])


def _run(program: str | None, *arguments: str) -> None:
    if program is None:
        raise ModuleNotFoundError("not installed")
    subprocess.run([program, *arguments], check=True, capture_output=True)


WAYS: dict[str, Callable[[Letters, Path], None]] = {
    "our press": press,
    "WeasyPrint, one document per letter": one_by_one,
    f"WeasyPrint, {_CHUNK} letters in one document": chunks,
    "Chromium print-to-PDF": chromium,
    "LibreOffice": libreoffice,
    "ReportLab": reportlab,
    "Typst": typst,
}


if __name__ == "__main__":
    way, count, own, seed, out = sys.argv[1:]
    try:
        {**WAYS, "our press, in volumes": volumes}[way](
            letters(int(count), float(own), int(seed)), Path(out)
        )
    except ImportError:
        sys.exit(69)  # as EX_UNAVAILABLE
