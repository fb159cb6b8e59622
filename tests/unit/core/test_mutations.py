"""Each line of the threat model names tests that exist, and `make mutate` fits the code."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.mutations import load_mutations

ROOT = Path(__file__).parents[3]
MUTATIONS = load_mutations()
_LINE = re.compile(r"^(\d+)\. .*?(?=^\d+\. |^## )", re.MULTILINE | re.DOTALL)
_TEST = re.compile(r"^ +- `(tests/[\w/]+\.py::\w+)`$", re.MULTILINE)


@cache
def _list_tests() -> dict[int, list[str]]:
    text = (ROOT / "docs/threat-model.md").read_text("utf-8")
    part = text[text.index("## What must hold, and the tests") :]
    return {int(line[1]): _TEST.findall(line[0]) for line in _LINE.finditer(part)}


@cache
def _names_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_each_line_of_the_threat_model_names_tests_that_exist() -> None:
    lines = _list_tests()
    assert list(lines) == list(range(1, len(lines) + 1))
    assert len(lines) > 50
    assert [number for number, tests in lines.items() if not tests] == []
    named = {test for tests in lines.values() for test in tests}
    files = {test.partition("::")[0] for test in named}
    assert [file for file in files if not (ROOT / file).is_file()] == []
    missing = [
        test for test in named if test.partition("::")[2] not in _names_in(test.split(":")[0])
    ]
    assert missing == []


def test_each_line_stands_with_an_attacker() -> None:
    text = (ROOT / "docs/threat-model.md").read_text("utf-8")
    part = text[text.index("## Each attacker") : text.index("## What is kept")]
    rows = [row.split("|") for row in part.splitlines() if row.startswith("| ")][1:]
    assert all(len(row) == 5 and all(cell.strip() for cell in row[1:4]) for row in rows)
    named: set[int] = set()
    for numbers in re.findall(r"\(([\d, to]+)\)", " ".join(row[2] for row in rows)):
        for span in numbers.split(","):
            first, _, last = span.partition(" to ")
            named |= set(range(int(first), int(last or first) + 1))
    assert named == _list_tests().keys()


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_mutation_changes_one_place_and_its_line_names_its_tests(mutation: object) -> None:
    [each] = [known for known in MUTATIONS if known is mutation]
    text = (ROOT / each.file).read_text("utf-8")
    assert text.count(each.old) == 1, each.file
    assert each.new != each.old
    assert each.tests
    assert set(each.tests) <= set(_list_tests()[each.line])


def test_of_each_line_a_protection_is_taken_out() -> None:
    assert {mutation.line for mutation in MUTATIONS} == _list_tests().keys()
    names = [mutation.name for mutation in MUTATIONS]
    assert len(set(names)) == len(names)
