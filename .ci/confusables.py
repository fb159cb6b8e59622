# ruff: noqa: INP001 — started by its path
"""Make `campaign/signing/checks/confusables.json` of Unicode's confusables (UTS 39).

    make confusables                        # from SOURCE
    make confusables FROM=confusables.txt   # from a copy of that file

Kept are letters and figures that folding (`campaign/core/text/fold.py`) does not make plain
already. A letter whose capital alone looks like a plain one goes with its capital, as names are
compared without case.
"""

import json
import re
import sys
import unicodedata
from collections import defaultdict
from pathlib import Path
from urllib.request import urlopen

from campaign.core.text.fold import fold

SOURCE = "https://www.unicode.org/Public/17.0.0/security/confusables.txt"
TARGET = Path("campaign/signing/checks/confusables.json")
_LINE = re.compile(r"^([0-9A-F]+) ;\t([0-9A-F ]+) ;\tMA", re.MULTILINE)
_OVERLAY = 1
"""Combining class of strokes through a letter."""


def main(place: str) -> None:
    """Read the table from a file or an address, and write what names are compared by."""
    if place.startswith("https:"):
        with urlopen(place) as answer:  # noqa: S310 — https alone
            text = answer.read().decode("utf-8-sig")
    else:
        text = Path(place).read_text("utf-8-sig")
    version = re.search(r"^# Version: (\S+)", text, re.MULTILINE)
    assert version is not None, "no version: is it confusables.txt?"
    looks = {chr(int(code, 16)): _characters(likeness) for code, likeness in _LINE.findall(text)}
    table = {
        "source": SOURCE,
        "version": version[1],
        "licence": "Unicode-3.0, © Unicode, Inc.; see confusables-LICENSE.txt",
        "letters": _grouped(looks),
    }
    TARGET.write_text(json.dumps(table, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    print(f"{TARGET}: {sum(map(len, table['letters'].values()))} letters")  # noqa: T201


def _characters(codes: str) -> str:
    return "".join(chr(int(code, 16)) for code in codes.split())


def _grouped(looks: dict[str, str]) -> dict[str, str]:
    """By what a reader takes them for, the letters that are taken for it."""
    groups: dict[str, list[str]] = defaultdict(list)
    for letter in sorted({*looks, *(letter.lower() for letter in looks)}):
        if len(letter) != 1 or not _is_compared(letter):
            continue
        plain = _plain(letter, looks)
        if plain and plain != _bare(fold(letter)):
            groups[plain].append(letter)
    return {plain: "".join(groups[plain]) for plain in sorted(groups)}


def _is_compared(letter: str) -> bool:
    """Whether it is a letter or figure that stands for itself; of ASCII figures and | alone."""
    if letter.isascii():
        return letter.isdigit() or letter == "|"
    is_whole = unicodedata.normalize("NFD", letter) == letter
    return is_whole and unicodedata.category(letter)[0] in "LN"


def _plain(letter: str, looks: dict[str, str]) -> str:
    """What it looks like, folded; where that is no plain letter, what its capital looks like."""
    own = _bare(fold(looks.get(letter, letter)))
    if own.isascii():
        return own
    capital = _bare(fold(looks.get(letter.upper(), letter)))
    return capital if capital.isascii() else own


def _bare(text: str) -> str:
    """Letters, figures and marks, without strokes through them."""
    return "".join(
        letter
        for letter in text
        if unicodedata.category(letter)[0] in "LMN" and unicodedata.combining(letter) != _OVERLAY
    )


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else SOURCE)
