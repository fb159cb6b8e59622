"""What somebody was asked before a change, and meant all the same: each question by its key. Pure.

A tick holds for what was shown with it, and for nothing that was asked later.
"""

from collections.abc import Container
from hashlib import sha256
from typing import Protocol

_KEY_LENGTH = 12

Answers = Container[str]
"""Keys of the questions that were answered."""
NOTHING: Answers = frozenset()


class _Anything:
    def __contains__(self, key: object) -> bool:
        return True


ANYTHING: Answers = _Anything()
"""Of what nobody is asked about: a program does it, or it was asked before."""


class Question(Protocol):
    """A problem that may be meant."""

    @property
    def keys(self) -> frozenset[str]: ...


def question_key(*parts: object) -> str:
    """Return the key of a question about these."""
    return sha256("\0".join(map(str, parts)).encode()).hexdigest()[:_KEY_LENGTH]


def is_answered(question: Question, answers: Answers) -> bool:
    return all(key in answers for key in question.keys)
