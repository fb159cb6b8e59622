"""The dot between two things stays with what stands before it: no line begins with one."""

import re

import pytest

from tests.messages import ROOT

_CODE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_BUTTON_THEN_DOT = re.compile(r"</button>(?:\{%.*?%\})*&nbsp;·")


@pytest.mark.parametrize("folder", ["public", "signing", "tracking", "privacy", "network", "about"])
def test_a_dot_hangs_on_to_the_word_before_it(folder: str) -> None:
    for path in (ROOT / "templates" / folder).glob("*.html"):
        text = path.read_text(encoding="utf-8")
        body = "\n".join(line for line in text.splitlines() if "block title" not in line)
        assert " · " not in _CODE.sub("", body), path.name
        # A line may break after a button whatever follows it: both stand in one piece.
        for match in _BUTTON_THEN_DOT.finditer(text):
            assert 'class="together"' in text[: match.start()].rpartition("\n")[2], path.name
