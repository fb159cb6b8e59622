"""Texts of strangers in cells of a spreadsheet: none is taken for a formula. Pure."""

import re

# What begins a formula (OWASP, CSV injection); a sign in another width counts as well.
_SIGN = r"[=+\-@＝＋－＠]"
# At the start of a cell, space that a program may leave out counts like a sign.
_START = rf" *(?:{_SIGN}|[\t\r\n])"
# A cell also begins in the middle of ours for a program that takes semicolons, tabs or bars for
# what parts cells: our quotes are no quotes to it, so each line of a text begins a row.
_SEPARATOR = r"[;\t|\r\n][ \"]*+"
_FORMULA = re.compile(rf"(\A(?={_START})|{_SEPARATOR}(?={_SIGN}))")
_MADE_INERT = re.compile(rf"(\A(?='{_START})|{_SEPARATOR}(?='{_SIGN}))'")


def inert(cell: str) -> str:
    """Return the text so that a spreadsheet never takes it, or a part of it, for a formula."""
    return _FORMULA.sub(r"\1'", cell)


def plain(cell: str) -> str:
    """Return the text that `inert` made safe."""
    return _MADE_INERT.sub(r"\1", cell)
