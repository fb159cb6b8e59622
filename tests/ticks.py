"""What a form holds that no one types: the tick under a question, and the token."""

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


def read_without_token(page: _Page) -> str:
    """Return a page without its form's token, which says in which second it was made."""
    return re.sub(r'name="csrf_token" value="[^"]*"', "", page.text)
