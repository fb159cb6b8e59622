"""The code stays readable in one go: short functions and modules, and every line formatted."""

import ast
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from tokenize import COMMENT, generate_tokens

import pytest

from tests.sources import VAGUE_NAMES, search_modules

ROOT = Path(__file__).parents[3]
HOUSES = ("campaign", "tests", "benchmarks", ".ci")
MOST_LINES = 500
MOST_LINES_OF_FUNCTION = 60
LEAST_CELLS = 4
"""What is laid out by hand as a table has so many cells at least."""
TABLE = (ast.Tuple, ast.List, ast.Set, ast.Dict)
NOT_CODE = re.compile(
    r"""/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`""", re.DOTALL
)
"""Comments and strings of a script."""
VAGUE_IN_SCRIPT = re.compile(rf"(?<![.\w$])({'|'.join(sorted(VAGUE_NAMES))})\b(?!\s*:)")
"""As a variable, a parameter or a function: not `data.found`, nor the key of `{ found: 1 }`."""


def _modules(*folders: str, pattern: str = "") -> Iterator[tuple[str, str]]:
    for folder in folders:
        for path, text in search_modules(pattern, ROOT / folder):
            if not path.startswith("migrations/versions"):
                yield f"{folder}/{path}", text


def _long_functions(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MOST_LINES_OF_FUNCTION:
                yield node.name, lines


def _wrongly_skipped(text: str) -> Iterator[int]:
    """Lines that the formatter skips though they end no table of data."""
    tokens = list(generate_tokens(StringIO(text).readline))
    comments = [(token.string, token.start[0]) for token in tokens if token.type == COMMENT]
    skipped = {line for comment, line in comments if comment.startswith("# fmt: skip")}
    tables = {
        node.end_lineno
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Assign | ast.AnnAssign) and _is_table(node.value)
    }
    yield from sorted(skipped - tables)
    yield from (line for comment, line in comments if comment.startswith("# fmt: off"))


def _is_table(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Call) and len(value.args) == 1:
        value = value.args[0]  # `frozenset({…})`
    if not isinstance(value, TABLE):
        return False
    cells = list(_cells(value))
    return len(cells) >= LEAST_CELLS and all(map(_is_data, cells))


def _cells(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, TABLE):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                yield from _cells(child)
    else:
        yield node


def _name_bound(node: ast.AST) -> str:
    """The name of a parameter, or of a variable where it gets its value."""
    if isinstance(node, ast.arg):
        return node.arg
    return node.id if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else ""


def _vague_names(script: str) -> Iterator[str]:
    yield from VAGUE_IN_SCRIPT.findall(NOT_CODE.sub('""', script))


def _is_data(cell: ast.expr) -> bool:
    """A constant, a name, or a word to be translated."""
    if isinstance(cell, ast.Call):
        return all(isinstance(each, ast.Constant) for each in cell.args)
    return isinstance(cell, ast.Constant | ast.Name | ast.Attribute | ast.UnaryOp | ast.Starred)


def test_modules_and_functions_are_short() -> None:
    problems = []
    for name, text in _modules("campaign"):
        if (lines := text.count("\n")) > MOST_LINES:
            problems.append(f"{name}: {lines} lines")
        if lines > MOST_LINES_OF_FUNCTION:
            problems += [
                f"{name}: {function} has {count} lines"
                for function, count in _long_functions(ast.parse(text))
            ]
    assert set(problems) == set()


def test_variables_say_what_they_hold() -> None:
    problems = [
        f"{name}:{_name_bound(node)}"
        for name, text in _modules(*HOUSES, pattern=rf"\b({'|'.join(VAGUE_NAMES)})\b")
        for function in ast.walk(ast.parse(text))
        if isinstance(function, ast.FunctionDef | ast.Lambda)
        for node in ast.walk(function)
        if _name_bound(node) in VAGUE_NAMES
    ]
    assert set(problems) == set()


def test_variables_of_scripts_say_what_they_hold() -> None:
    problems = {
        f"{path.name}:{name}"
        for path in (ROOT / "static/js").glob("*.js")
        for name in _vague_names(path.read_text("utf-8"))
    }
    assert problems == set()


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("var lines = [], found = {};", ["found"]),
        ("function made(said) {}", ["made", "said"]),
        ("files.some((one) => one.name)", ["one", "one"]),
        ("const { key: unit } = record;", ["unit"]),
        ("/* the one\n   found */ var key; // as made", []),
        ('say(\'the one\', "\\"found", `made ${key}`, "https://said");', []),
        ("voice.textContent = words.said; send({ said: text, found_at: at });", []),
    ],
)
def test_a_vague_name_of_a_script_is_told_from_words(code: str, names: list[str]) -> None:
    assert list(_vague_names(code)) == names


def test_what_one_page_shows_is_a_field_of_its_class_and_no_global_of_all_templates() -> None:
    setting = {name for name, _text in _modules("campaign", pattern="jinja_env.globals")}
    assert setting == {"campaign/core/i18n.py", "campaign/web/template_globals.py"}


def test_only_tables_of_data_are_laid_out_by_hand() -> None:
    problems = [
        f"{name}:{line}"
        for name, text in _modules("campaign", "tests", "benchmarks", pattern="# fmt: ")
        for line in _wrongly_skipped(text)
    ]
    assert set(problems) == set()


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("TABLE = (\n    1, 2,\n    3, 4,\n)  # fmt: skip\n", []),
        ("TABLE: tuple = ((A, _('b')),\n         (c.D, -1))  # fmt: skip\n", []),
        ("TABLE = frozenset({\n    1, 2, 3, 4})  # fmt: skip\n", []),
        ("total = add(1,  2)  # fmt: skip\n", [1]),
        ("pair = (1,  2)  # fmt: skip\n", [1]),
        ("TABLE = (f(x),  2, 3, 4)  # fmt: skip\n", [1]),
        ("# fmt: off\na = 1\n", [1]),
    ],
)
def test_a_table_is_told_from_code(code: str, lines: list[int]) -> None:
    assert list(_wrongly_skipped(code)) == lines


def test_a_long_function_is_found() -> None:
    body = "    pass\n" * MOST_LINES_OF_FUNCTION
    assert list(_long_functions(ast.parse(f"def f():\n{body}"))) == [
        ("f", MOST_LINES_OF_FUNCTION + 1)
    ]


def test_tests_time_their_work_in_one_place() -> None:
    """A pause of the machine or of the collector fails a test that looks at a clock once."""
    clocks = r"\b(process_time|thread_time|perf_counter)\b"
    paths = {path for path, _text in search_modules(clocks, ROOT / "tests")}
    assert paths == {"deadlines.py", Path(__file__).relative_to(ROOT / "tests").as_posix()}


def test_a_language_is_spoken_by_its_name_in_addresses() -> None:
    """Babel's own takes `pt_BR` alone, and falls over `pt-BR`."""
    modules = {name for name, _ in search_modules(r"from flask_babel import .*\bforce_locale\b")}
    assert modules == {"core/i18n.py"}
