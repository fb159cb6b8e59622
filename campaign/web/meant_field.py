"""The tick by which somebody means a change that was asked about.

Its value names the questions that were shown with it: what is asked later is asked anew.
"""

from flask import g, request
from wtforms import BooleanField

from campaign.core.answers import Question

NAME = "risks_seen"


def read_answers() -> frozenset[str]:
    """Read which questions were shown with the tick that was sent."""
    return frozenset(request.form.get(NAME, "").split())


def ask(question: Question) -> None:
    """Have the tick of the page stand for this question too; it is not set."""
    g.asked = g.get("asked", read_answers()) | question.keys


def say_asked() -> str:
    """Return the value of the tick. A page that a question led to has it in its address."""
    return " ".join(sorted(g.get("asked") or request.values.get(NAME, "").split()))


class MeantField(BooleanField):
    @property
    def checked(self) -> bool:
        return bool(self.data) and "asked" not in g

    def _value(self) -> str:
        return say_asked()
