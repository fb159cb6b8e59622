"""Any table of signatures and any PDF is read, or refused with a sentence, and soon."""

import io
import zipfile
from datetime import timedelta
from functools import cache

import pikepdf
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from campaign.core.errors import UnreadableFile
from campaign.core.isolation.run_apart import run_apart
from campaign.directory.imports.read_list import read_list
from campaign.paper_signatures import read_file
from campaign.paper_signatures.check_row import Details
from campaign.printing.redraw import draw_pages
from tests.deadlines import soon, with_a_reader

HEADS = ["Name", "Town", "Postal code", "Country", "Email", "News"]
CELLS = st.text(max_size=40)
TABLES = st.lists(st.lists(CELLS, min_size=1, max_size=7), max_size=6)


def read(data: bytes) -> None:
    try:
        _opened, table = read_list(data, encoding="", sheet="", head=0)
    except UnreadableFile:
        return
    if table is None:
        return
    reading = read_file.read_table(table, read_file.guess_meanings(table.columns), "CA")
    assert all(isinstance(details, Details) and details.name for _number, details in reading.rows)
    assert all(fault.slug or fault.sentence for fault in reading.faults)


@with_a_reader
@given(
    TABLES, st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(["utf-8", "utf-16", "cp1252"])
)
def test_any_csv(rows: list[list[str]], delimiter: str, encoding: str) -> None:
    lines = [delimiter.join(HEADS), *(delimiter.join(row) for row in rows)]
    read("\r\n".join(lines).encode(encoding, "replace"))


@cache
def make_workbook() -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(HEADS)
    sheet.append(["Ana Núñez", "Ottawa", "K1A 0A1", "CA", "ana@example.org", "y"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@soon
@given(st.integers(0, 30), st.integers(0, 4000), st.binary(min_size=1, max_size=60))
def test_any_workbook_of_which_a_part_was_changed(entry: int, at: int, piece: bytes) -> None:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(make_workbook())) as whole,
        zipfile.ZipFile(out, "w") as changed,
    ):
        names = whole.namelist()
        for name in names:
            body = whole.read(name)
            if name == names[entry % len(names)]:
                body = body[: at % len(body)] + piece + body[at % len(body) + len(piece) :]
            changed.writestr(name, body)
    read(out.getvalue())


@soon
@given(st.integers(0, 20_000), st.binary(min_size=1, max_size=30))
def test_any_workbook_of_which_some_bytes_were_changed(at: int, piece: bytes) -> None:
    whole = make_workbook()
    at %= len(whole)
    read(whole[:at] + piece + whole[at + len(piece) :])


@cache
def make_pdf() -> bytes:
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.pages[0].Contents = pdf.make_stream(b"BT /F1 12 Tf (Ana) Tj ET " * 20)
        pdf.save(out)
    return out.getvalue()


@settings(deadline=timedelta(seconds=20), max_examples=settings.default.max_examples // 12)
@given(st.integers(0, 4000), st.binary(min_size=1, max_size=40))
def test_any_pdf_of_which_some_bytes_were_changed(at: int, piece: bytes) -> None:
    """It is drawn in a process of its own, which may die of it: ours goes on."""
    whole = make_pdf()
    at %= len(whole)
    try:
        pages = run_apart(draw_pages, whole[:at] + piece + whole[at + len(piece) :], most=2)
    except UnreadableFile:
        return
    assert all(page.startswith(b"\xff\xd8") for page in pages)
