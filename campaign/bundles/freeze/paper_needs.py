"""How many volumes and sheets of paper a bundle takes, and what they weigh at the post. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from babel.units import format_unit

from campaign.printing.geometry import CARDS_A_SHEET, Paper

_PAPER, _CARD = 80, 250  # grams of a square metre: of what offices print on, and of card
_STEP, _KILO = 5, 1000


@dataclass(frozen=True, slots=True)
class Need:
    """Sheets and volumes of one bundle, or of several together."""

    one_side: int = 0
    both_sides: int = 0  # the same letters on both sides, each begun on a fresh sheet
    cards: int = 0  # sheets of card, which are printed on one side
    volumes: tuple[int, ...] | None = ()  # letters of each volume; None where nobody has counted

    def __add__(self, other: "Need") -> "Need":
        unknown = self.volumes is None or other.volumes is None
        return Need(
            self.one_side + other.one_side,
            self.both_sides + other.both_sides,
            self.cards + other.cards,
            None if unknown else (*(self.volumes or ()), *(other.volumes or ())),
        )


def volume_sizes(groups: Iterable[int], size: int) -> Iterator[int]:
    """Letters of each volume: each group in volumes of its own, at most `size` in one."""
    for letters in groups:
        for done in range(0, letters, size):
            yield min(size, letters - done)


def need_of_letters(translated: int, letters: int, groups: Sequence[int] | None, size: int) -> Need:
    """What letters of one page take, so many of them followed by a page of translation."""
    return Need(letters + translated, letters, 0, _volumes(groups, size))


def need_of_cards(total: int, groups: Sequence[int] | None, size: int) -> Need:
    """What cards take; each volume begins on a fresh sheet."""
    volumes = _volumes(groups, size)
    return Need(0, 0, sum(map(sheets_of_cards, volumes or (total,))), volumes)


def _volumes(groups: Sequence[int] | None, size: int) -> tuple[int, ...] | None:
    return None if groups is None else tuple(volume_sizes(groups, size))


def sheets_of_cards(cards: int) -> int:
    return -(-cards // CARDS_A_SHEET)


def sheets_for(pages: int, *, duplex: bool) -> int:
    """Sheets of paper for so many pages; in duplex the blank pages are in the volume."""
    return -(-pages // 2) if duplex else pages


def weigh(sheets: int, paper: Paper, *, card: bool = False) -> int:
    """Return the grams of so many sheets, rounded up to five; the envelope is not among them."""
    square_metres = paper.width * paper.height / 1_000_000
    grams = sheets * square_metres * (_CARD if card else _PAPER)
    return ceil(round(grams, 6) / _STEP) * _STEP


def say_weight(grams: int, locale: str) -> str:
    in_grams = grams < _KILO
    amount, measure = (grams, "gram") if in_grams else (ceil(grams / 100) / 10, "kilogram")
    return str(format_unit(amount, measure, length="short", locale=locale.replace("-", "_")))
