"""The cells of a signature list: which size of type holds a text whole, and in which lines."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from campaign.printing import fonts
from campaign.printing.html import MM_PER_PT, isolate, text_direction
from campaign.printing.letter_content import SignatureRow
from campaign.printing.signature_list.label_sheets import ListSheet, Setting
from campaign.printing.signature_list.typeface import Typeface

_BREAKS = re.compile("[\\x00-\\x20\\x7f-\\x9f\u2028\u2029]+")
# Where a line may end: after a space, and after a hyphen before a letter.
_ENDS = re.compile(r"(?<= )|(?<=[^ ]-)(?=[^\W\d])")
_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class FittedText:
    """A text as a column holds it."""

    index: int
    """Which of the sheet's settings."""
    setting: Setting
    lines: tuple[str, ...]


def cells(row: SignatureRow, sheet: ListSheet) -> list[str]:
    """Return a row's texts, column by column; town, region and country share one."""
    place = _place(row, "rtl" if sheet.rtl else "ltr")
    return [
        clean(place if column.name == "locality" else getattr(row, column.name))
        for column in sheet.columns
    ]


def _place(row: SignatureRow, direction: str) -> str:
    """Join town, region and country, in the list's order whatever way each of them is written."""
    parts = [part for part in (row.locality, row.region, row.country) if part]
    if len({text_direction(part, direction) for part in parts}) < 2:
        return ", ".join(parts)
    mark = "\u200f" if direction == "rtl" else "\u200e"
    return mark + ", ".join(isolate(part, direction) for part in parts)


def clean(text: str) -> str:
    """Return the text in one line, with nothing in it that could stop the list."""
    return _SURROGATES.sub("\u25a1", _BREAKS.sub(" ", text)).strip(" ")


def mark_missing(text: str) -> str:
    """Return the text with a mark for each character that no font has."""
    return text.translate(dict.fromkeys(map(ord, fonts.missing_glyphs(text)), "\u25a1"))


class Fitter:
    def __init__(self, face: Typeface, settings: tuple[Setting, ...]) -> None:
        self._face = face
        self._settings = settings
        self.fit = lru_cache(maxsize=8192)(self._fit)

    def _fit(self, text: str, width: float) -> FittedText:
        """Set the text in the largest setting that holds it.

        What no setting holds is set in the last one, with as many lines as it needs: it may then
        run over the row's edge, but nothing is lost.
        """
        lines: tuple[str, ...] = (text,)
        for index, setting in enumerate(self._settings):
            room = width / (setting.size * MM_PER_PT)
            lines = tuple(_break_text(text, room, self._face.width))
            if len(lines) <= setting.lines:
                return FittedText(index, setting, lines)
        return FittedText(len(self._settings) - 1, self._settings[-1], lines)


def _break_text(text: str, room: float, width: Callable[[str], float]) -> list[str]:
    """Break the text into lines no wider than `room`, at spaces and hyphens, else anywhere."""
    if width(text) <= room:
        return [text]
    lines: list[str] = []
    line = ""
    for piece in _ENDS.split(text):
        if width((line + piece).rstrip(" ")) <= room:
            line += piece
            continue
        if line:
            lines.append(line)
        *whole, line = _break_word(piece, room, width)
        lines += whole
    return [part.rstrip(" ") for part in (*lines, line)]


def _break_word(word: str, room: float, width: Callable[[str], float]) -> list[str]:
    """Break a word into pieces no wider than `room`."""
    pieces = [""]
    for character in word:
        mark = unicodedata.category(character) in {"Mn", "Mc", "Me", "Cf"}
        if pieces[-1] and not mark and width((pieces[-1] + character).rstrip(" ")) > room:
            pieces.append("")
        pieces[-1] += character
    return pieces
