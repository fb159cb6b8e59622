"""The tick under a question, as the page that asks it would send it."""

import re
from typing import Protocol

_VALUE = re.compile(r'\bvalue="([^"]+)"')


class _Page(Protocol):
    @property
    def text(self) -> str: ...


def tick(page: _Page, name: str = "risks_seen") -> dict[str, str]:
    """Return what a page sends whose question is meant. Fails where none is asked."""
    field = re.search(rf'<input[^>]*\bname="{name}"[^>]*>', page.text)
    assert field is not None, "nothing is asked"
    value = _VALUE.search(field[0])
    assert value is not None, "the question has no key"
    return {name: value[1]}
