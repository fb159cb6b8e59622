from pathlib import Path

import pypdfium2  # type: ignore[import-untyped]
import pytest

from campaign.letters import press
from campaign.letters.layouts import (
    A4,
    LABEL_SHEETS,
    LAYOUTS,
    LETTER,
    PRINTABLE_EDGE,
    Box,
    LabelSheet,
    Layout,
    layout_for,
    paper_for,
)
from tests.unit.letters.samples import letter

every_layout = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())


@pytest.mark.parametrize(
    ("country", "slug"),
    [("CA", "us-10"), ("US", "us-10"), ("MX", "us-10"), ("FR", "fr"), ("CH", "ch-left"),
     ("GB", "uk-dl"), ("DE", "din-5008-b"), ("KE", "din-5008-b"), ("ca", "us-10")],
)  # fmt: skip
def test_the_host_country_picks_the_layout(country: str, slug: str) -> None:
    assert layout_for(country).slug == slug
    assert layout_for(country).paper is paper_for(country)


def test_letter_paper_is_for_north_america_and_a4_for_the_rest() -> None:
    assert [paper_for(c) for c in ("CA", "US", "MX")] == [LETTER] * 3
    assert [paper_for(c) for c in ("GB", "BR", "JP")] == [A4] * 3


@every_layout
def test_the_address_is_set_within_its_window_and_the_window_on_the_paper(layout: Layout) -> None:
    assert layout.window.holds(layout.address)
    assert Box(0, 0, layout.paper.width, layout.paper.height).holds(layout.window)


@every_layout
def test_the_letter_begins_below_the_window(layout: Layout) -> None:
    assert layout.body_top > layout.window.bottom
    assert layout.body_top > layout.sender.bottom or layout.sender.bottom <= layout.window.y


@every_layout
def test_the_senders_lines_keep_clear_of_the_window(layout: Layout) -> None:
    sender, window = layout.sender, layout.window
    apart = (
        sender.right <= window.x or sender.x >= window.right
        or sender.bottom <= window.y or sender.y >= window.bottom
    )  # fmt: skip
    assert apart
    assert layout.printable.holds(sender)


def test_windows_are_those_of_the_standards() -> None:
    assert LAYOUTS["us-10"].window == Box(12.7, 51.9, 88.9, 22.2)
    assert LAYOUTS["din-5008-b"].window == Box(20, 45, 85, 45)
    assert LAYOUTS["fr"].window.right == pytest.approx(A4.width - 10)
    assert LAYOUTS["uk-dl"].window.bottom == pytest.approx(66.2)


@pytest.mark.parametrize("sheet", LABEL_SHEETS.values(), ids=LABEL_SHEETS.keys())
def test_all_labels_of_a_sheet_lie_on_its_paper_side_by_side(sheet: LabelSheet) -> None:
    paper = Box(0, 0, sheet.paper.width, sheet.paper.height)
    boxes = [sheet.position(index) for index in range(sheet.per_sheet)]
    assert all(paper.holds(box) for box in boxes)
    assert boxes[0].right <= boxes[1].x
    assert boxes[sheet.columns].y == pytest.approx(boxes[0].bottom)


@every_layout
def test_reference_and_number_stand_where_every_printer_prints(
    layout: Layout, tmp_path: Path
) -> None:
    printed = press.print_letters([letter(1), letter(2)], layout, tmp_path / "v.pdf")
    with pypdfium2.PdfDocument(printed.path) as pdf:
        for page in pdf:
            text = page.get_textpage()
            index, count = text.search("UA 7/31").get_next()
            low = min(text.get_charbox(index + n)[1] for n in range(count)) / 72 * 25.4
            assert PRINTABLE_EDGE + 0.3 < low < layout.margin_bottom
