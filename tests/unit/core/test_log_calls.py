"""What is logged of a failure is its kind and place: never its message, which may quote people."""

import ast
from collections.abc import Iterator

import pytest

from tests.sources import search_modules

_LEVELS = {"debug", "info", "warning", "error", "critical", "log", "msg"}
_HARMLESS = {"type", "place_of", "describe"}
"""What may be made of a failure: `type(problem).__name__`, `logs.place_of(problem)`."""


def _name_of(node: ast.expr) -> str:
    return getattr(node, "attr", getattr(node, "id", ""))


def _is_log_call(node: ast.AST) -> bool:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return False
    owner = _name_of(node.func.value).casefold().strip("_")
    return owner in {"log", "logger", "logging"} and node.func.attr in {*_LEVELS, "exception"}


def _quotes(node: ast.expr, failures: set[str]) -> bool:
    """Whether a failure is in there other than by its kind, place, or a plain attribute of ours."""
    if isinstance(node, ast.Call) and _name_of(node.func) in _HARMLESS:
        return False
    if isinstance(node, ast.Attribute) and _name_of(node.value) in failures:
        return node.attr in {"args", "message", "strerror", "orig", "params", "statement"}
    if isinstance(node, ast.Name):
        return node.id in failures
    return any(
        _quotes(child, failures)
        for child in ast.iter_child_nodes(node)
        if isinstance(child, ast.expr | ast.keyword | ast.FormattedValue)
        for child in ([child.value] if isinstance(child, ast.keyword) else [child])
    )


def find_quoting(source: str) -> Iterator[int]:
    """Yield the lines on which a log quotes a failure, or gives its traceback."""
    tree = ast.parse(source)
    failures = {
        node.name for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and node.name
    }
    for node in ast.walk(tree):
        if not _is_log_call(node):
            continue
        assert isinstance(node, ast.Call)
        assert isinstance(node.func, ast.Attribute)
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        with_traceback = any(word.arg in {"exc_info", "stack_info"} for word in node.keywords)
        quotes = any(_quotes(each, failures) for each in given)
        if node.func.attr == "exception" or with_traceback or quotes:
            yield node.lineno


def test_no_log_quotes_a_failure() -> None:
    places = [
        f"{name}:{line}"
        for name, source in search_modules(r"(?i)(log|logger|logging)_*\.")
        for line in find_quoting(source)
    ]
    assert places == [], "log type(problem).__name__ and logs.place_of(problem)"


_CAUGHT = "try: f()\nexcept ValueError as problem:\n    "


@pytest.mark.parametrize(
    "line",
    [
        "log.error('failed', problem=str(problem))",
        "log.error(f'failed: {problem}')",
        "_LOG.warning('failed: %s', problem)",
        "logging.exception('failed')",
        "log.error('failed', exc_info=True)",
        "log.error('failed', why=problem.args[0])",
        "log.error('failed', why=repr(problem))",
    ],
)
def test_the_rule_sees(line: str) -> None:
    assert list(find_quoting(_CAUGHT + line)) == [3]


@pytest.mark.parametrize(
    "line",
    [
        "log.error('failed', problem=type(problem).__name__)",
        "log.error('failed', place=logs.place_of(problem))",
        "log.warning('mail failed', status=problem.status)",
        "raise Refused(str(problem))",
    ],
)
def test_the_rule_lets_pass(line: str) -> None:
    assert list(find_quoting(_CAUGHT + line)) == []
