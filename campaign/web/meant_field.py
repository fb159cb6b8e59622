"""The tick by which somebody means a change that was asked about.

Its value names the questions that were shown with it: what is asked later is asked anew.
"""

from collections.abc import Set as AbstractSet

from flask import g, request
from wtforms import BooleanField

NAME = "risks_seen"
"""Of the tick for what risk flags rule out, and for what signed letters would say."""


def read_answers(name: str = NAME) -> frozenset[str]:
    """Read which questions were shown with the tick that was sent."""
    return frozenset(request.form.get(name, "").split())


def ask(keys: AbstractSet[str], name: str = NAME) -> None:
    """Have the tick of the page stand for these questions too; of a new one it is not set."""
    asked = g.setdefault("asked", {})
    asked[name] = asked.get(name, read_answers(name)) | keys


def say_asked(name: str = NAME) -> str:
    """Return the value of the tick. A page that a question led to has it in its address."""
    return " ".join(sorted(g.get("asked", {}).get(name) or request.values.get(name, "").split()))


class MeantField(BooleanField):
    @property
    def checked(self) -> bool:
        return bool(self.data) and {*say_asked(self.name).split()} <= read_answers(self.name)

    def _value(self) -> str:
        return say_asked(self.name)
