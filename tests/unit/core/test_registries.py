"""Nothing is registered by being imported, but jobs and kinds of emails.

What runs then would depend on which modules are imported, and on their order: `create_app` hands in
what a package needs from one above it.
"""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.sources import search_modules

_WHO_MAY = {
    "core/jobs.py": "jobs, each known by its name",
    "mail/messages.py": "kinds of emails, each known by its name",
    "core/isolation/worker.py": "processes at rest, filled while they run",
    "signing/campaign_terms.py": "plans of campaigns, kept while the database says the same",
}
_EMPTY = re.compile(r"\[\]|\{\}|(set|list|dict|Counter|OrderedDict)\(\)|defaultdict\(\w*\)")


def _to_fill(source: str) -> Iterator[int]:
    """Line of each list, dict or set of a module that starts empty."""
    for node in ast.parse(source).body:
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if value is not None and _EMPTY.fullmatch(ast.unparse(value)):
            yield node.lineno


def test_no_module_is_filled_by_others() -> None:
    places = [
        f"{name}:{line}"
        for name, source in search_modules(rf"^\w.* = ({_EMPTY.pattern})")
        if name not in _WHO_MAY
        for line in _to_fill(source)
    ]
    assert not places, "Hand it in by create_app (_hand_in_rules): " + ", ".join(places)


@pytest.mark.parametrize(
    "planted",
    [
        "_removers: list[Remover] = []",
        "_movers: dict[str, Mover] = {}",
        "kinds = set()",
        "handlers: dict[str, list[Handler]] = defaultdict(list)",
    ],
)
def test_a_registry_is_found(planted: str) -> None:
    assert list(_to_fill(planted))


@pytest.mark.parametrize("allowed", ["NAMES = {'a': 1}", "NONE = frozenset()", "ORDER = ()"])
def test_what_nobody_fills_is_let_be(allowed: str) -> None:
    assert not list(_to_fill(allowed))
