"""The sheets that go with a bundle: contents, the sheet for the gate, envelopes, cards' ticks."""

from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2  # type: ignore[import-untyped]
import pytest

from campaign.printing.geometry import A4, LETTER, Paper, envelopes_for
from campaign.printing.printed_content import BothRow, ContentsContext, ContentsPage, FactRow, Said
from campaign.printing.problems import LetterRefused
from campaign.printing.sheets import bundle_sheets
from campaign.printing.sheets.envelopes import EnvelopeContext, write_envelopes
from tests.unit.printing.pdf_pages import pages_of
from tests.unit.printing.sheet_samples import ADDRESS, both, delivery

DIGEST = "0123456789abcdef" * 4
PAPERS = pytest.mark.parametrize("paper", [LETTER, A4], ids=lambda paper: paper.slug)


def contents_of(*pages: ContentsPage, **changes: Any) -> ContentsContext:
    values: dict[str, Any] = {
        "locale": "en",
        "title": "UA 7/31 · Teodora Quiñones Abarca",
        "bundle": "UA-7-31_valdemira-ottawa_001",
        "digest_label": "SHA-256",
        "steps": ("Printed", "Counted", "Tied"),
        "page_label": "Page {page} of {pages}",
        "pages": pages,
    }
    return ContentsContext(**{**values, **changes})


@PAPERS
def test_each_volume_has_a_page_with_its_numbers_and_its_checksum(
    paper: Paper, tmp_path: Path
) -> None:
    facts = (FactRow("Letters", "498"), FactRow("Sheets of paper", "512"))
    context = contents_of(
        ContentsPage("Volume 1 of 2", "00001 – 00500", facts, DIGEST, ("Not in it: 00017.",)),
        ContentsPage("Volume 2 of 2", "00501 – 00731", facts, ""),
    )
    file = bundle_sheets.contents(context, paper, tmp_path / "c.pdf")
    first, second = pages_of(file.path)
    for words in ("Volume 1 of 2", "00001 – 00500", "498", "512", "Not in it: 00017.", "Counted"):
        assert words in first
    assert "".join(first.split()).count(DIGEST) == 1
    assert "SHA-256" not in second
    assert "Page 2 of 2" in second


@pytest.mark.parametrize(
    ("paper", "targets"),
    [(LETTER, 4), (LETTER, 40), (A4, 1), (A4, 40)],
    ids=lambda value: value.slug if isinstance(value, Paper) else str(value),
)
def test_the_sheet_for_the_gate_is_one_page_on_which_nothing_overlaps(
    paper: Paper, targets: int, tmp_path: Path
) -> None:
    file = bundle_sheets.delivery_sheet(delivery(targets), paper, tmp_path / "d.pdf")
    (page,) = pages_of(file.path)
    for words in ("Entrega de cartas", "Delivery of letters", "1,204", "Sello", "Line 3"):
        assert words in page
    # What was counted ends above what is written by hand.
    with pypdfium2.PdfDocument(file.path) as pdf:
        text = pdf[0].get_textpage()
        lowest = min(height_of(text, f"Thing {n}") for n in range(4))
        assert lowest > height_of(text, "What happened") + 6


@PAPERS
@pytest.mark.parametrize(("letters", "people"), [(0, 4), (2, 3), (4, 2), (5, 1)])
def test_the_sheet_for_several_bundles_has_room_to_tell_of_the_signed_sheets_of_each(
    paper: Paper, letters: int, people: int, tmp_path: Path
) -> None:
    label = both("Personas que firmaron a mano, en hojas", "People who signed by hand, on sheets")
    case = Said("es", "UA 58/20 · Clemencia Adelaida Salas Salazar")
    things = delivery().things[:3] + (BothRow((case, *label), "12"),) * people
    counts = (FactRow(case.text, "12"),) * letters
    reference = " · ".join(["UA 58/20"] * 6)
    context = delivery(counts=counts, things=things, case="", reference=reference)
    file = bundle_sheets.delivery_sheet(context, paper, tmp_path / "d.pdf")
    with pypdfium2.PdfDocument(file.path) as pdf:
        assert len(pdf) == 1
        text = pdf[0].get_textpage()
        search, lowest = text.search("sheets"), 1000.0
        while place := search.get_next():
            lowest = min(lowest, text.get_charbox(place[0])[1])
        assert lowest > height_of(text, "What happened") + 6


def height_of(text: pypdfium2.PdfTextPage, words: str) -> float:
    """Height of the words on the page, pt from below."""
    index, count = text.search(words).get_next()
    return max(text.get_charbox(index + n)[3] for n in range(count))


def test_one_language_is_said_once(tmp_path: Path) -> None:
    once = (Said("en", "Delivery of letters"),)
    file = bundle_sheets.delivery_sheet(delivery(title=once), A4, tmp_path / "d.pdf")
    assert pages_of(file.path)[0].count("Delivery of letters") == 1


@PAPERS
@pytest.mark.parametrize("locale", ["es", "ar"])
def test_envelopes_are_pages_of_their_own_size_with_the_address_in_its_place(
    paper: Paper, locale: str, tmp_path: Path
) -> None:
    sheets = envelopes_for(paper)
    context = EnvelopeContext(locale, ("Lantern Network",), ADDRESS)
    file = write_envelopes(context, sheets, tmp_path / "e.pdf", title="Envelopes")
    with pikepdf.open(file.path) as pdf:
        sizes = [[float(length) / 72 * 25.4 for length in page.mediabox[2:]] for page in pdf.pages]
    for size, sheet in zip(sizes, sheets, strict=True):
        assert size == pytest.approx([sheet.paper.width, sheet.paper.height], abs=0.2)
    with pypdfium2.PdfDocument(file.path) as pdf:
        for page, sheet in zip(pdf, sheets, strict=True):
            text = page.get_textpage()
            index, _count = text.search("Lantern").get_next()
            assert text.get_charbox(index)[0] / 72 * 25.4 == pytest.approx(sheet.sender.x, abs=1)
            index, _count = text.search("Embassy").get_next()
            left, low, _right, _high = (edge / 72 * 25.4 for edge in text.get_charbox(index))
            height = sheet.paper.height - low
            assert sheet.address.x - 0.5 < left < sheet.address.right
            assert sheet.address.y < height < sheet.address.bottom


def test_a_character_that_no_font_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LetterRefused):
        bundle_sheets.delivery_sheet(delivery(case="\U0001f600"), A4, tmp_path / "d.pdf")
    with pytest.raises(LetterRefused):
        bundle_sheets.contents(
            contents_of(ContentsPage("Volume 1", "\U000e0fff", (), DIGEST)), A4, tmp_path / "c.pdf"
        )
    assert list(tmp_path.iterdir()) == []


def test_sheets_in_arabic_read_from_right_to_left(tmp_path: Path) -> None:
    title = (Said("ar", "تسليم رسائل"), Said("en", "Delivery of letters"))
    file = bundle_sheets.delivery_sheet(delivery(locale="ar", title=title), A4, tmp_path / "d.pdf")
    with pypdfium2.PdfDocument(file.path) as pdf:
        text = pdf[0].get_textpage()
        index, count = text.search("Delivery of letters").get_next()
        right = max(text.get_charbox(index + n)[2] for n in range(count))
        assert right / 72 * 25.4 == pytest.approx(A4.width - 22.0, abs=1.0)


@pytest.mark.parametrize("locale", ["en", "ar"])
def test_the_whole_checksum_is_on_the_paper(locale: str, tmp_path: Path) -> None:
    page = ContentsPage("Volume 1", "1 – 2", (), DIGEST)
    file = bundle_sheets.contents(contents_of(page, locale=locale), A4, tmp_path / "c.pdf")
    with pypdfium2.PdfDocument(file.path) as pdf:
        text = pdf[0].get_textpage()
        groups = text.search("01234567")
        boxes = [text.get_charbox(index) for index, _count in iter(groups.get_next, None)]
        groups = text.search("89abcdef")
        boxes += [text.get_charbox(index + 7) for index, _count in iter(groups.get_next, None)]
    assert len(boxes) == 8
    margin = 25 / 25.4 * 72 - 1
    assert all(margin < box[0] and box[2] < A4.width / 25.4 * 72 - margin for box in boxes)


def test_the_contents_of_many_volumes_are_laid_out_some_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle_sheets, "_TOGETHER", 2)
    pages = [ContentsPage(f"Volume {n} of 5", "1 – 2", (), DIGEST) for n in range(1, 6)]
    file = bundle_sheets.contents(contents_of(*pages), A4, tmp_path / "c.pdf")
    texts = pages_of(file.path)
    assert file.pages == 5
    assert all(
        f"Volume {n} of 5" in text and f"Page {n} of 5" in text for n, text in enumerate(texts, 1)
    )
