"""Failures that are expected, as types. Pure.

A service raises one of these; `web/error_pages.py` shows each with its status; the sentence that a
person reads lives in the template of that status (`templates/errors/409.html`), by the slug.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

QUOTED = 80  # characters of a file's text that a sentence quotes


class DomainError(Exception):
    """An expected failure: a slug that names it, and the data its wording needs."""

    status: ClassVar[int] = 400

    def __init__(self, slug: str, /, **data: object) -> None:
        super().__init__(slug)
        self.slug = slug
        self.data = data

    def __str__(self) -> str:
        facts = ", ".join(f"{name}={value}" for name, value in self.data.items())
        return f"{self.slug} ({facts})" if facts else self.slug


class NotFound(DomainError):
    """There is no such thing, or none that this person may know of."""

    status = 404


class Refused(DomainError):
    """The state of things forbids it: a closed campaign, an empty bundle."""

    status = 409


class Gone(DomainError):
    """It was there once: a used or expired link, a withdrawn letter."""

    status = 410


class Invalid(DomainError):
    """What was typed cannot be taken; `fields` names each field with the slug of its problem."""

    status = 422

    def __init__(self, slug: str = "invalid", *, fields: dict[str, str] | None = None) -> None:
        super().__init__(slug, fields=fields or {})
        self.fields = fields or {}


class TooMany(DomainError):
    """A limit was reached; `seconds` says when to try again."""

    status = 429

    def __init__(self, slug: str, *, seconds: int) -> None:
        super().__init__(slug, seconds=seconds)
        self.seconds = seconds


def is_allowed(
    refuse: Callable[..., None],
    *of: object,
    expected: type[DomainError] | tuple[type[DomainError], ...],
) -> bool:
    """Tell whether what `refuse` guards may be done. Raises what is not `expected` of it."""
    try:
        refuse(*of)
    except expected:
        return False
    return True


class SentenceError(DomainError):
    """Its slug is the whole sentence."""

    def __str__(self) -> str:
        return self.slug


class UnsafeSettings(SentenceError):
    """A mix of settings that must not start; the message is a sentence for the operator."""


class BadQuery(SentenceError):
    """What a program asks for is not understood; the message says what, and how to mend it."""


def N_(sentence: str) -> str:  # noqa: N802 — the name that gatherers of messages know
    """Marks a sentence that is translated where it is shown."""
    return sentence


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong and how to mend it: an English sentence to be translated, and its values."""

    sentence: str
    values: dict[str, str | int] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.sentence % self.values if self.values else self.sentence


def fault(sentence: str, values: Mapping[str, str | int]) -> Fault:
    return Fault(
        sentence,
        {
            name: value if isinstance(value, int) else str(value)[:QUOTED]
            for name, value in values.items()
        },
    )


class UnreadableFile(DomainError):
    """A file that cannot be read as a whole; `fault` says how to mend it."""

    def __init__(self, sentence: str, /, **values: str | int) -> None:
        self.fault = fault(sentence, values)
        super().__init__("unreadable-file", why=str(self.fault))

    def __str__(self) -> str:
        return str(self.fault)


class ReadingFailed(UnreadableFile):
    """The process that read it crashed, or had not enough memory or time; `why` says which."""

    def __init__(self, why: str) -> None:
        super().__init__(
            N_("This file cannot be read: it is damaged, or far too much is in it. Save it again.")
        )
        self.why = why
