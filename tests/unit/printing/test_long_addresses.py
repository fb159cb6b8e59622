"""Long addresses on labels, envelopes and lists: all of each stands in its place, and legibly."""

import itertools
from pathlib import Path

import pypdfium2  # type: ignore[import-untyped]
import pytest

from campaign.printing import fonts
from campaign.printing.geometry import (
    A4,
    LAYOUTS,
    LETTER,
    MM_PER_PT,
    PAPERS,
    US_10,
    Box,
    Layout,
    Paper,
    envelopes_for,
    label_sheets_for,
)
from campaign.printing.printed_content import ColumnLabels, LabelsContext, ListContext
from campaign.printing.problems import LetterRefused
from campaign.printing.sheets import bundle_sheets
from campaign.printing.sheets.envelopes import (
    AddressSheet,
    EnvelopeContext,
    render_envelopes,
    write_address_sheets,
)
from campaign.printing.signature_list.list_sheet import list_sheet
from campaign.printing.text_widths import find_room, fits_papers, label_sheet_for
from tests.unit.printing.pdf_pages import pages_of
from tests.unit.printing.sheet_samples import delivery
from tests.unit.printing.test_bundle_sheets import height_of
from tests.unit.printing.test_envelope_window import SCRIPTS

_REFORMA = "Paseo de la Reforma 211-213, Torre Norte"
_MEXICO = "06600 Ciudad de México, Ciudad de México"
WALKED = (
    "Dra. Rosa Icela Rodríguez Velázquez",
    "Secretaría de Gobernación",
    "Abraham González 48",
    "Colonia Juárez",
    _MEXICO,
    "MEXICO",
)
ADDRESSES = {
    "juarez": WALKED,
    "reforma": (*WALKED[:2], _REFORMA, "Colonia Cuauhtémoc", _MEXICO, "MEXICO"),
    "office": (
        "Fatuma Zainab Mohammed",
        "Secretariat for the Coordination of Programmes of Public Safety",
        "High Commission for the Republic of Kenya",
        "415 Laurier Avenue East",
        "Ottawa ON  K1N 6R4",
        "CANADA",
    ),
    "seven": ("H. E. the High Commissioner", *["Third Floor, Sea Containers House"] * 5, "KENYA"),
    "wrapped": (*["Directorate of Public Prosecutions and Legal Affairs of Migori"] * 5, "KENYA"),
    "arabic": (
        "معالي السيد وزير العدل والحريات العامة في جمهورية مصر العربية",
        "وزارة العدل والحريات العامة وحقوق الإنسان والشؤون الدستورية",
        "ميدان لاظوغلي، شارع مجلس الشعب، حي السيدة زينب",
        "القاهرة",
        "EGYPT",
    ),
    "han": (
        "中华人民共和国最高人民检察院检察长办公室",
        "北京市东城区北河沿大街一百四十七号最高人民检察院新办公大楼第三层",
        "一百万零七百二十六号信箱",
        "北京市",
        "CHINA",
    ),
    "word": ("Donaudampfschifffahrtsgesellschaftskapitänsversicherungsbüro" * 2, "Wien"),
}
EACH = pytest.mark.parametrize("lines", ADDRESSES.values(), ids=ADDRESSES)
LAYOUTS_EACH = pytest.mark.parametrize("layout", [US_10, LAYOUTS["din-5008-b"]])


def boxes_of(page: pypdfium2.PdfPage, height: float) -> list[Box]:
    """The ink of each character on the page, mm from its top left corner."""
    text = page.get_textpage()
    boxes = []
    for index in range(text.count_chars()):
        left, low, right, high = (edge * MM_PER_PT for edge in text.get_charbox(index))
        if right - left > 0.05 and high - low > 0.05:
            boxes.append(Box(left, height - high, right - left, high - low))
    return boxes


@LAYOUTS_EACH
@EACH
@pytest.mark.parametrize("mark", ["", "Rehearsal"])
def test_all_of_an_address_stands_on_its_label(
    lines: tuple[str, ...], layout: Layout, mark: str, tmp_path: Path
) -> None:
    marks = (mark,) if mark else ()
    sheet = label_sheet_for([(*marks, *lines)], layout)
    context = LabelsContext("Labels", "en", (lines,) * sheet.per_sheet, mark)
    file = bundle_sheets.labels(context, sheet, tmp_path / "l.pdf")
    cells = [sheet.position(slot) for slot in range(sheet.per_sheet)]
    with pypdfium2.PdfDocument(file.path) as pdf:
        assert len(pdf) == 1
        for box in boxes_of(pdf[0], sheet.paper.height):
            assert any(cell.holds(box, -1.0) for cell in cells), box


def test_a_label_of_seven_lines_still_stands_on_the_usual_sheet() -> None:
    usual, larger = label_sheets_for(US_10)
    assert label_sheet_for([ADDRESSES["juarez"], ADDRESSES["seven"]], US_10) is usual
    assert label_sheet_for([ADDRESSES["juarez"], ADDRESSES["wrapped"]], US_10) is larger


def test_labels_are_set_smaller_only_where_they_have_no_room() -> None:
    rooms = label_sheets_for(US_10)[0].rooms()
    addresses = (WALKED[:3], WALKED[:4] + WALKED[5:], WALKED[:1] + WALKED, ADDRESSES["wrapped"])
    assert [find_room(lines, rooms) for lines in addresses] == [0, 0, 2, None]
    assert min(room.size.size for room in rooms) >= 8.5


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_what_has_room_in_a_window_has_room_on_a_label_and_on_envelopes(layout: Layout) -> None:
    most = int((layout.window.bottom - layout.address.y) / MM_PER_PT / 8.8)
    assert fits_papers(("A line of an address that is as wide as its window",) * most, layout)


def test_what_has_no_room_on_any_label_is_refused_and_not_clipped(tmp_path: Path) -> None:
    lines = (ADDRESSES["office"][1] * 3,) * 8
    assert not fits_papers(lines, US_10)
    sheet = label_sheet_for([lines], US_10)
    with pytest.raises(LetterRefused) as refused:
        bundle_sheets.labels(LabelsContext("Labels", "en", (lines,)), sheet, tmp_path / "l.pdf")
    assert refused.value.problems[0].detail == {"line": lines[0]}
    with pytest.raises(LetterRefused):
        render_envelopes([EnvelopeContext("en", (), lines)], envelopes_for(LETTER)[0])
    assert list(tmp_path.iterdir()) == []


@LAYOUTS_EACH
def test_what_is_said_to_have_room_on_a_label_is_printed_in_every_script(
    layout: Layout, tmp_path: Path
) -> None:
    scripts = [words for words in SCRIPTS if not fonts.missing_glyphs(words)]
    for sheet in label_sheets_for(layout):
        # Of each size the address with most lines: where it has room, those with fewer have.
        by_size: dict[int, dict[str, tuple[str, ...]]] = {}
        for words, count in itertools.product(scripts, range(1, 16)):
            lines = (*WALKED[:1], *[words] * count)
            if (size := find_room(lines, sheet.rooms())) is not None:
                by_size.setdefault(size, {})[words] = lines
        assert len(by_size) == 3
        for labels in by_size.values():
            context = LabelsContext("Labels", "en", tuple(labels.values()))
            assert bundle_sheets.labels(context, sheet, tmp_path / "l.pdf").pages


@pytest.mark.parametrize("paper", PAPERS.values(), ids=PAPERS)
@EACH
def test_all_of_an_address_stands_in_its_place_on_every_envelope(
    lines: tuple[str, ...], paper: Paper
) -> None:
    for sheet in envelopes_for(paper):
        with pypdfium2.PdfDocument(
            render_envelopes([EnvelopeContext("en", (), lines)], sheet)
        ) as pdf:
            for box in boxes_of(pdf[0], sheet.paper.height):
                assert sheet.address.holds(box, 0.5), box


def test_an_address_sheet_whose_address_is_outside_the_window_is_refused(tmp_path: Path) -> None:
    sheet = AddressSheet((), ADDRESSES["wrapped"][1:] * 2, "Letters", (), "")
    with pytest.raises(LetterRefused):
        write_address_sheets([sheet], US_10, tmp_path / "s.pdf", locale="en", title="Sheets")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("locale", ["en", "ar"])
@pytest.mark.parametrize(
    ("people", "lines"),
    [
        *(pytest.param(5, lines, id=name) for name, lines in ADDRESSES.items()),
        pytest.param(1, ADDRESSES["juarez"], id="one-juarez"),
        pytest.param(1, ADDRESSES["wrapped"], id="one-wrapped"),
    ],
)
def test_the_head_of_a_signature_list_ends_above_its_columns(
    lines: tuple[str, ...], people: int, locale: str, tmp_path: Path
) -> None:
    labels = ColumnLabels("", "Name", "Town", "", "", "")
    title = f"Letters about the case of {', '.join([WALKED[0]] * people)}"
    context = ListContext(
        title, "UA 7/31", locale, (*lines, *lines[:2]), labels, "{page}", "Letters"
    )
    file = bundle_sheets.signature_list([], 0, context, A4, tmp_path / "s.pdf")
    sheet = list_sheet(A4, labels)
    (text,) = pages_of(file.path)
    assert all(word in text for word in WALKED[0].split())
    with pypdfium2.PdfDocument(file.path) as pdf:
        boxes = boxes_of(pdf[0], A4.height)
    end = sheet.margin + sheet.head_first
    heads = sheet.head_row + end
    head = [box for box in boxes if box.y < heads]
    columns = [box for box in head if box.y > end]
    # "Name" and "Town", and nothing else.
    assert len(columns) == 8
    assert all(box.bottom < end for box in head if box not in columns)


@pytest.mark.parametrize("paper", PAPERS.values(), ids=PAPERS)
@EACH
def test_a_long_address_leaves_room_on_the_sheet_for_the_gate(
    lines: tuple[str, ...], paper: Paper, tmp_path: Path
) -> None:
    context = delivery(4, mission_lines=(*lines, *lines[:2])[:8], case=", ".join([WALKED[0]] * 5))
    file = bundle_sheets.delivery_sheet(context, paper, tmp_path / "d.pdf")
    with pypdfium2.PdfDocument(file.path) as pdf:
        assert len(pdf) == 1
        text = pdf[0].get_textpage()
        lowest = min(height_of(text, f"Thing {n}") for n in range(4))
        assert lowest > height_of(text, "What happened") + 6
        boxes = boxes_of(pdf[0], paper.height)
    assert all(box.right < paper.width - 21.0 for box in boxes)
