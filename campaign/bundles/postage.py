"""What paper weighs that goes to the post: a hint for who asks for the rate. Pure."""

from math import ceil

from babel.units import format_unit

from campaign.printing.geometry import Paper

_PAPER, _CARD = 80, 250
"""Grams of a square metre: of what offices print on, and of card."""
_STEP, _KILO = 5, 1000


def weigh(sheets: int, paper: Paper, *, card: bool = False) -> int:
    """Return the grams of so many sheets, rounded up to five; the envelope is not among them."""
    square_metres = paper.width * paper.height / 1_000_000
    grams = sheets * square_metres * (_CARD if card else _PAPER)
    return ceil(round(grams, 6) / _STEP) * _STEP


def say_weight(grams: int, locale: str) -> str:
    """Say grams, or kilograms to a tenth, in a language."""
    if grams < _KILO:
        return str(format_unit(grams, "gram", length="short", locale=locale.replace("-", "_")))
    kilos = ceil(grams / 100) / 10
    return str(format_unit(kilos, "kilogram", length="short", locale=locale.replace("-", "_")))
