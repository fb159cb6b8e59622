"""What staff choose for a bundle before it is frozen. Pure."""

import enum
from dataclasses import dataclass


class LetterOrder(enum.StrEnum):
    CONFIRMED = "confirmed"  # as they were confirmed, the earliest first
    SIGNED = "signed"  # as they were signed: by the date that each letter bears
    REGION = "region"  # by country and region, those who show neither at the end; then by name
    NAME = "name"  # by family name, then by given name


class Split(enum.StrEnum):
    """What a volume is made by."""

    SIZE = "size"
    REGION = "region"
    """A volume holds letters of one region only, and no more of them than any other volume."""


MOST_IN_A_VOLUME = 500  # letters; the database refuses more


@dataclass(frozen=True, slots=True)
class BundleChoice:
    """Which letters of a campaign go into a bundle, and how they are printed.

    As it stands it is what `campaign bundle` does: all that waits, as the campaign and the host
    country have it.
    """

    targets: frozenset[int] | None = None  # ids of the targets whose letters are taken; None: all
    locales: frozenset[str] | None = None  # languages of the letters that are taken; None: all
    order: LetterOrder = LetterOrder.CONFIRMED
    format: str = ""  # `letter` or `card`; empty: the campaign's
    layout: str = ""  # slug of the layout; empty: that of the mission's host country
    duplex: bool = False
    """Each letter, or sheet of cards, begins on a fresh sheet when both sides are printed."""
    split: Split = Split.SIZE
    volume_letters: int = 0  # letters that a volume holds at most, 1 to 500; 0: as the settings say
    goes_on: bool = False
    """Numbers go on after those of the campaign's last bundle for the mission, not from 1."""

    @property
    def by_person(self) -> bool:
        """Whether the order asks for what is sealed: each name or region is opened for it."""
        return self.order in {LetterOrder.REGION, LetterOrder.NAME} or self.split is Split.REGION


EVERYTHING = BundleChoice()
