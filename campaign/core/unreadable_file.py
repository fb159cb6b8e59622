"""A file that cannot be read, and what is wrong with it: English sentences, translated when shown.

Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from campaign.core.errors import DomainError

QUOTED = 80
"""Characters of a file's text that a sentence quotes."""


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
    """A fault whose values are short enough to be quoted."""
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
