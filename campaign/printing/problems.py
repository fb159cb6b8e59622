"""What can be wrong with a letter, as data: a slug and what its wording needs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from campaign.core.isolation import orders

MISSING_GLYPH = "missing-glyph"
CONTROL_CHARACTER = "control-character"
EMPTY_FIELD = "empty-field"
ADDRESS_TOO_LONG = "address-too-long"
ADDRESS_TOO_WIDE = "address-too-wide"
ADDRESS_OUTSIDE_WINDOW = "address-outside-window"
OUTSIDE_PAPER = "outside-paper"
SENDER_OVER_WINDOW = "sender-over-window"
CARD_TOO_LONG = "card-too-long"
RENDERER_WARNING = "renderer-warning"
RENDERER_FAILED = "renderer-failed"
OUT_OF_MEMORY = orders.OUT_OF_MEMORY
TOOK_TOO_LONG = orders.TOOK_TOO_LONG
MACHINE_FAILED = orders.MACHINE_FAILED
NO_ROOM = orders.NO_ROOM
FONT_FILE_MISSING = "font-file-missing"
SCRIPT_MISSING = "script-missing"
FONTCONFIG_MISSING = "fontconfig-missing"
OF_ADDRESS = frozenset({ADDRESS_TOO_LONG, ADDRESS_TOO_WIDE, ADDRESS_OUTSIDE_WINDOW})


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a letter can't be printed as it is, or what this machine lacks."""

    slug: str  # which kind: one of this module's constants. Its wording is the caller's.
    detail: Mapping[str, str] = field(default_factory=dict)
    """What the wording needs, such as {"character": "U+1F600", "name": "GRINNING FACE"}."""


class LetterRefused(Exception):
    """A letter isn't printed, for the reasons in `problems`."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        self.slugs = [problem.slug for problem in self.problems]
        super().__init__(", ".join(self.slugs))
