"""Cells that start no formula, by whatever sign a program parts them."""

import ast
import csv
import io
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import campaign
from campaign.core.text.inert_cells import inert, plain

SIGNS = "=+-@＝＋－＠"
TEXTS = st.text(alphabet="ab ;|,\t\"'\r\n=+-@＝１", max_size=30)


@given(cells=st.lists(TEXTS, min_size=1, max_size=4), delimiter=st.sampled_from(",;\t|"))
@example(cells=["Ana;=cmd|' /C calc'!A0"], delimiter=";")
@example(cells=["Ana\t=1+1"], delimiter="\t")
@example(cells=['say "so";=1', "x, y|@sum"], delimiter="|")
def test_no_program_reads_a_formula(cells: list[str], delimiter: str) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\r\n").writerow([inert(cell) for cell in cells])
    file.seek(0)
    for row in csv.reader(file, delimiter=delimiter):
        for cell in row:
            assert not cell.lstrip(" \t\r\n").startswith(tuple(SIGNS)), (row, delimiter)


@given(text=st.text(alphabet='ab ;|,\t"\r\n=+-@＝', max_size=30))
def test_what_was_made_inert_comes_back_as_it_was(text: str) -> None:
    assert plain(inert(text)) == text


@pytest.mark.parametrize(
    "text",
    ["Ana-Lucía", "a - b", "K1A 0B1", "x; y", "2026-11-27", "", "Dear Sir:\n\nHe\r\n\r\n is\n"],
)
def test_usual_texts_stay_as_they_are(text: str) -> None:
    assert inert(text) == text


def test_of_a_long_text_only_lines_that_would_run_change() -> None:
    letter = "Dear Minister:\n\n=1+1\n\n  -2\n\nYours"
    assert inert(letter) == "Dear Minister:\n\n'=1+1\n\n  '-2\n\nYours"
    assert plain(inert(letter)) == letter


@pytest.mark.parametrize("filler", [" ", '"', "\n", "; "])
def test_a_long_text_is_looked_through_once(filler: str) -> None:
    text = f"x;{filler * 100_000}x"
    assert plain(inert(text)) == text


def test_whatever_writes_csv_makes_its_cells_inert() -> None:
    house = Path(campaign.__file__).parent
    sources = {path: path.read_text("utf-8") for path in house.rglob("*.py")}
    writers = [
        (path.relative_to(house).as_posix(), node.name, ast.unparse(node))
        for path, source in sources.items()
        if "csv.writer(" in source
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and "csv.writer(" in ast.unparse(node)
    ]
    assert writers
    assert [place for *place, source in writers if "inert" not in source] == []
