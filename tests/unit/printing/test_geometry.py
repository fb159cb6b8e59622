import itertools
from pathlib import Path

import pypdfium2  # type: ignore[import-untyped]
import pytest

from campaign.printing import print_letters
from campaign.printing.geometry import (
    A4,
    AVERY_5160,
    AVERY_5163,
    L7163,
    L7165,
    LAYOUTS,
    LETTER,
    PRINTABLE_EDGE,
    US_10,
    Box,
    LabelSheet,
    Layout,
    WindowEnvelope,
    label_sheets_for,
    layout_for,
    paper_for,
)
from tests.unit.printing.letter_samples import letter

every_layout = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())


@pytest.mark.parametrize(
    ("country", "slug"),
    [
        ("CA", "us-10"),
        ("US", "us-10"),
        ("MX", "us-10"),
        ("FR", "fr"),
        ("CH", "ch-left"),
        ("GB", "uk-dl"),
        ("DE", "din-5008-b"),
        ("KE", "din-5008-b"),
        ("ca", "us-10"),
    ],
)
def test_the_host_country_picks_the_layout(country: str, slug: str) -> None:
    assert layout_for(country).slug == slug
    assert layout_for(country).paper is paper_for(country)


@pytest.mark.parametrize(
    ("layout", "sheets"),
    [("us-10", (AVERY_5160, AVERY_5163)), ("din-5008-b", (L7163, L7165)), ("fr", (L7163, L7165))],
)
def test_labels_are_on_the_paper_of_their_letters(
    layout: str, sheets: tuple[LabelSheet, ...]
) -> None:
    assert label_sheets_for(LAYOUTS[layout]) == sheets
    assert {sheet.paper for sheet in sheets} == {LAYOUTS[layout].paper}


def test_letter_paper_is_for_north_america_and_a4_for_the_rest() -> None:
    assert [paper_for(c) for c in ("CA", "US", "MX")] == [LETTER] * 3
    assert [paper_for(c) for c in ("GB", "BR", "JP")] == [A4] * 3


@every_layout
def test_the_address_is_set_within_its_window_and_the_window_on_the_paper(layout: Layout) -> None:
    assert layout.window.holds(layout.address)
    assert Box(0, 0, layout.paper.width, layout.paper.height).holds(layout.window)


@pytest.mark.parametrize(
    ("layout", "envelope"),
    [(layout, envelope) for layout in LAYOUTS.values() for envelope in layout.envelopes],
    ids=lambda value: value.slug,
)
def test_however_the_sheet_slips_the_window_shows_the_address_and_nothing_else(
    layout: Layout, envelope: WindowEnvelope
) -> None:
    right, up = envelope.slack(layout)
    assert right >= 0
    assert up >= 0
    assert Box(0, 0, envelope.width, envelope.height).holds(envelope.window)
    for sideways, upwards in itertools.product(range(11), repeat=2):
        view = envelope.shows(layout, right=right * sideways / 10, up=up * upwards / 10)
        assert view.holds(layout.address)
        assert layout.shown.holds(view)
        assert not view.meets(layout.sender)
        assert not view.meets(layout.sender_rtl)
        assert view.bottom <= layout.body_top


def test_a_sheet_that_has_slipped_up_shows_less_of_its_top() -> None:
    """Worked by hand: No. 10, window 28.6 high, 12.7 from below, on a sheet folded at 98.4."""
    (envelope,) = US_10.envelopes
    assert envelope.shows(US_10, right=0, up=0).y == pytest.approx(98.4 - 12.7 - 28.6)
    assert envelope.shows(US_10, right=0, up=6.4).y == pytest.approx(98.4 - 12.7 - 28.6 + 6.4)
    assert envelope.shows(US_10, right=10, up=0).x == pytest.approx(22.2 - 10)
    assert envelope.slack(US_10) == (pytest.approx(25.4), pytest.approx(6.4))


def test_a_sheet_is_as_high_as_its_highest_part_when_it_is_folded() -> None:
    assert LAYOUTS["din-5008-b"].folded_height == 105
    assert LAYOUTS["din-5008-a"].folded_height == 105, "its middle part is the highest"


@every_layout
def test_the_senders_lines_stand_where_every_printer_prints(layout: Layout) -> None:
    assert layout.printable.holds(layout.sender)


def test_windows_are_those_that_makers_publish() -> None:
    """Height, width, from the left, from below; the sources stand in docs/press.md."""
    published = {
        "No. 10": (28.6, 114.3, 22.2, 12.7),
        "DIN DL": (45, 90, 20, 15),
        "DL 35 x 100": (35, 100, 100, 20),
        "C5/6 left": (45, 100, 20, 21),
        "DL 35 x 90": (35, 90, 20, 18),
    }
    envelopes = {
        window_envelope.slug: window_envelope
        for layout in LAYOUTS.values()
        for window_envelope in layout.envelopes
    }
    for slug, figures in published.items():
        envelope, box = envelopes[slug], envelopes[slug].window
        assert (box.height, box.width, box.x, envelope.height - box.bottom) == pytest.approx(
            figures
        )


@pytest.mark.parametrize(
    "sheet", [AVERY_5160, AVERY_5163, L7163, L7165], ids=lambda sheet: sheet.slug
)
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
    printed = print_letters.print_letters([letter(1), letter(2)], layout, tmp_path / "v.pdf")
    with pypdfium2.PdfDocument(printed.path) as pdf:
        for page in pdf:
            text = page.get_textpage()
            index, count = text.search("UA 7/31").get_next()
            low = min(text.get_charbox(index + n)[1] for n in range(count)) / 72 * 25.4
            assert PRINTABLE_EDGE + 0.3 < low < layout.margin_bottom
