"""What a move of a campaign or a decision on a proposal is refused for has a sentence."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from campaign.campaigns import desk
from campaign.campaigns.desk.forms import REFUSALS

_FOLDER = Path(desk.__file__).parents[1]


def _list_refusals(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Refused":
            yield ast.literal_eval(node.args[0])


@pytest.mark.parametrize("module", ["lifecycle", "proposals", "status_changes"])
def test_every_refusal_is_said_on_the_form(module: str) -> None:
    slugs = set(_list_refusals((_FOLDER / f"{module}.py").read_text("utf-8")))
    assert slugs
    assert slugs <= REFUSALS.keys()
