import re
from pathlib import Path
from typing import Any

import pytest

from campaign.printing.geometry import A4, L7163, LETTER, US_10, Paper
from campaign.printing.printed_content import (
    ColumnLabels,
    CoverContext,
    FactRow,
    FileRow,
    LabelsContext,
    ListContext,
    ReadmeContext,
    SignatureRow,
)
from campaign.printing.problems import LetterRefused
from campaign.printing.sheets import bundle_sheets
from campaign.printing.signature_list.list_sheet import list_sheet
from tests.unit.printing.pdf_pages import pages_of

LABELS = ColumnLabels("Number", "Name", "Town", "Postal code", "Signed on", "")
LIST = ListContext(
    title="Letters for Teodora Quiñones Abarca",
    reference="UA 7/31",
    locale="en",
    mission_lines=("Embassy of Valdemira", "12 Elgin Row", "Ottawa ON  K1P 0X0"),
    column_labels=LABELS,
    page_label="Page {page} of {pages}",
    total_label="Letters",
)
LONG = "Maria Fernanda dos Anjos Hernandes Vilanova e Ramires de Arelhano Castelo Branco"


def row(number: int, name: str = "Ottoline Freke") -> SignatureRow:
    place = ("Peterborough", "Ontario", "Canada")
    return SignatureRow(f"{number:05d}", name, *place, "K9H 0X0", "24 April 2031", "")


@pytest.mark.parametrize("paper", [LETTER, A4])
def test_a_list_has_every_row_and_says_page_x_of_y(tmp_path: Path, paper: Paper) -> None:
    rows = [row(n, LONG if n % 3 == 0 else "Ottoline Freke") for n in range(1, 71)]
    file = bundle_sheets.signature_list(iter(rows), len(rows), LIST, paper, tmp_path / "s.pdf")
    pages = pages_of(file.path)
    assert file.pages == len(pages) == list_sheet(paper, LABELS).pages_for(70)
    for number, page in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in page
        assert "Signed on" in page
    text = " ".join(" ".join(pages).split())
    assert [f"{n:05d}" in text for n in range(1, 71)] == [True] * 70
    assert text.count(LONG) == 23


@pytest.mark.parametrize("rows", [0, 1, 24, 25, 26, 35_000])
def test_pages_hold_the_rows_and_no_page_is_without_need(rows: int) -> None:
    sheet = list_sheet(LETTER, LABELS)
    pages = sheet.pages_for(rows)
    capacity = sheet.rows_on(1) + (pages - 1) * sheet.rows_on(2)
    assert capacity >= rows
    assert pages == 1 or capacity - sheet.rows_on(2) < rows


def test_a_list_of_another_length_than_announced_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="3 rows"):
        bundle_sheets.signature_list([row(1)], 3, LIST, LETTER, tmp_path / "s.pdf")
    assert list(tmp_path.iterdir()) == []


def cover(**changes: Any) -> CoverContext:
    values: dict[str, Any] = {
        "locale": "en",
        "reference": "UA 7/31",
        "sender_lines": ("Lantern Network", "9 Sparks Lane", "Ottawa ON  K1P 0X1"),
        "addressee_lines": ("Her Excellency the Ambassador", "Embassy of Valdemira", "Ottawa ON"),
        "place_and_date": "Ottawa, 4 December 2031",
        "subject": "Letters for Teodora Quiñones Abarca",
        "salutation": "Excellency:",
        "paragraphs": ("We hand over letters from people in Canada.",),
        "counts": (FactRow("Governor of Valdemira", "1,204"), FactRow("Together", "1,300")),
        "closing": ("We ask that you send them on.",),
        "complimentary_close": "Yours sincerely,",
        "signature_lines": ("Ingrid Halvorsen", "Campaigner"),
    }
    return CoverContext(**{**values, **changes})


def test_a_cover_letter_tells_the_counts(tmp_path: Path) -> None:
    file = bundle_sheets.cover_letter(cover(), US_10, tmp_path / "c.pdf")
    (page,) = pages_of(file.path)
    assert ["1,204" in page, "Together" in page, "Excellency:" in page] == [True] * 3


def test_a_cover_letter_with_a_missing_glyph_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LetterRefused):
        bundle_sheets.cover_letter(cover(salutation="\U0001f600"), US_10, tmp_path / "c.pdf")


def test_labels_fill_a_sheet_before_the_next(tmp_path: Path) -> None:
    context = LabelsContext("Labels", "en", tuple((f"Label {n}", "Ottawa") for n in range(1, 16)))
    file = bundle_sheets.labels(context, L7163, tmp_path / "l.pdf")
    first, second = pages_of(file.path)
    assert (first.count("Ottawa"), second.count("Ottawa")) == (14, 1)
    assert "Label 15" in second


@pytest.mark.parametrize(("locale", "direction"), [("ar", "rtl"), ("en", "ltr")])
def test_a_label_goes_as_its_language_does_also_where_it_begins_with_a_reference(
    locale: str, direction: str
) -> None:
    label = ("UA 58/20", "Embassy", "الجزء 1 من 3، فيه 42 رسالة")
    sheets = [[(0, label), (1, ("Embassy of Mexico", "Ottawa"))]]
    page = bundle_sheets.Labels(sheets=sheets, mark="", size=0, locale=locale).html()
    assert re.findall(r'dir="(\w+)"', str(page)) == [direction, "ltr"]


def test_a_readme_lists_the_files_and_escapes_all() -> None:
    page = bundle_sheets.readme(
        ReadmeContext(
            "fr",
            "UA-7-31",
            ("Ce <b>paquet</b>.",),
            "Le paquet",
            (FactRow("Lettres", "12"),),
            "Les fichiers",
            ("Fichier", "Contenu", "Pages"),
            (FileRow("letters-001.pdf", "Lettres 1 à 12", "12"),),
            "Imprimer",
            ("Recto seul.",),
        )
    )
    assert '<html lang="fr" dir="ltr">' in page
    assert '<a href="letters-001.pdf">letters-001.pdf</a>' in page
    assert "&lt;b&gt;paquet" in page
