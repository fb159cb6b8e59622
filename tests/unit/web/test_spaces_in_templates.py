"""No sentence of a page runs into the next, and commas are those of its language."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import Environment

TEMPLATES = Path(__file__).parents[3] / "templates"
ENVIRONMENT = Environment(trim_blocks=True, lstrip_blocks=True)
_APART = {"elif", "else", "macro", "endmacro", "call", "endcall", "set"}
_DEEPER = {"block": 1, "endblock": -1}
_END = re.compile(r" .*[.?!:][”»]?['\"]$")
_SPACED = {"again", "still_to_come", "ui"}
"""What begins with a space, or stands apart as a button does."""


def list_glued(source: str) -> Iterator[str]:
    """List each sentence that the next expression follows without a space.

    A block within another prints where it stands; any other stands apart.
    """
    sentence = last = ""
    depth = 0
    tokens = [
        (kind, text)
        for _, kind, text in ENVIRONMENT.lexer.tokeniter(source, None)
        if kind not in {"whitespace", "comment_begin", "comment", "comment_end"}
    ]
    for (kind, text), (_, after) in zip(tokens, [*tokens[1:], ("", "")], strict=True):
        if kind == "block_begin" and after in _DEEPER:
            depth += _DEEPER[after]
            sentence = sentence if depth else ""
        elif kind == "data" or (kind == "block_begin" and after in _APART):
            sentence = ""
        elif kind == "variable_begin":
            if sentence and after not in _SPACED and not after.startswith(("' ", '" ')):
                yield sentence
            last = ""
        elif kind == "string":
            last = text
        elif kind == "variable_end":
            sentence = last if _END.search(last) else ""


def test_no_sentence_runs_into_the_next() -> None:
    paths = [path for path in TEMPLATES.rglob("*") if path.suffix in {".html", ".txt"}]
    assert paths
    glued = [(path.name, words) for path in paths for words in list_glued(path.read_text())]
    assert glued == []


def test_a_comma_between_two_texts_is_that_of_the_language() -> None:
    written = re.compile(r"[}%]\},\s*(?:\{[{%]|<time)")
    paths = list(TEMPLATES.rglob("*.html"))
    assert paths
    commas = [(path.name, text) for path in paths for text in written.findall(path.read_text())]
    assert commas == []


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("{{ _('It is one.') }}{% endif %}\n  {% if x %}{{ two() }}", 1),
        ("{{ _('It is one.') }}{% endif %}\n  {% if x %} {{ two() }}", 0),
        ("{{ _('It is one.') }}{% else %}{{ _('Two.') }}", 0),
        ("{{ _('It is one.', name=name) }}{{ two }}", 1),
        ("{% block a %}{{ _('It is one.') }}{% endblock %}{% block b %}{{ two }}", 0),
        ("{% block a %}{% block b %}{{ _('It is one.') }}{% endblock %}\n{{ two }}", 1),
        ("{% block a %}{% block b %}{{ _('It is one.') }}{% endblock +%}\n{{ two }}", 0),
    ],
)
def test_a_sentence_that_runs_into_the_next_is_seen(source: str, count: int) -> None:
    assert len(list(list_glued(source))) == count
