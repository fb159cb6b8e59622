"""What a PDF tells programs that read it aloud, and how one finds one's way in a volume."""

from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest

from campaign.printing.geometry import A4, US_10
from campaign.printing.print_letters import print_letters
from campaign.printing.sheets import bundle_sheets, handouts, posters
from tests.unit.printing.letter_samples import letter, render_one
from tests.unit.printing.sheet_samples import delivery, poster, sign_on


def letter_pdf(out: Path, locale: str) -> None:
    out.write_bytes(render_one(letter(locale=locale), US_10))


def delivery_pdf(out: Path, locale: str) -> None:
    bundle_sheets.delivery_sheet(delivery(locale=locale), A4, out)


def poster_pdf(out: Path, locale: str) -> None:
    out.write_bytes(posters.poster_pdf(poster(locale=locale), A4))


def sheet_pdf(out: Path, locale: str) -> None:
    out.write_bytes(handouts.sheet_pdf(sign_on(locale=locale), A4))


@pytest.mark.parametrize("make", [letter_pdf, delivery_pdf, poster_pdf, sheet_pdf])
@pytest.mark.parametrize("locale", ["es", "ar"])
def test_single_papers_are_tagged_and_say_their_language(
    make: Callable[[Path, str], None], locale: str, tmp_path: Path
) -> None:
    make(tmp_path / "a.pdf", locale)
    make(tmp_path / "b.pdf", locale)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
    with pikepdf.open(tmp_path / "a.pdf") as pdf:
        assert str(pdf.Root.Lang) == locale
        assert bool(pdf.Root.MarkInfo.Marked)
        assert len(pdf.Root.StructTreeRoot.K) > 0


def test_a_volume_has_its_language_and_a_bookmark_every_25_letters(tmp_path: Path) -> None:
    letters = [letter(n, locale="en" if n == 1 else "es") for n in range(1, 28)]
    printed = print_letters(letters, US_10, tmp_path / "v.pdf")
    with pikepdf.open(printed.path) as pdf:
        assert str(pdf.Root.Lang) == "es"
        with pdf.open_outline() as outline:
            marks = [
                (bookmark.title, pdf.pages.index(pikepdf.Page(bookmark.destination[0])) + 1)
                for bookmark in outline.root
            ]
    assert marks == [("00001", 1), ("00026", 26)]
    short = print_letters(letters[:25], US_10, tmp_path / "s.pdf")
    with pikepdf.open(short.path) as pdf:
        assert "/Outlines" not in pdf.Root
