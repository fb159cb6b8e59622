"""How many volumes and sheets of paper a bundle takes, as told before it is frozen. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from campaign.printing.geometry import CARDS_A_SHEET


@dataclass(frozen=True, slots=True)
class Need:
    """Sheets and volumes of one bundle, or of several together."""

    one_side: int = 0
    """Sheets of paper, printed on one side."""
    both_sides: int = 0
    """The same letters on both sides, each begun on a fresh sheet."""
    cards: int = 0
    """Sheets of card, which are printed on one side."""
    volumes: tuple[int, ...] | None = ()
    """Letters of each volume; None where nobody has counted."""

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
    sheets = sum(-(-cards // CARDS_A_SHEET) for cards in volumes or (total,))
    return Need(0, 0, sheets, volumes)


def _volumes(groups: Sequence[int] | None, size: int) -> tuple[int, ...] | None:
    return None if groups is None else tuple(volume_sizes(groups, size))
