"""Texts of strangers in cells of a spreadsheet: none is taken for a formula. Pure."""

import re

# At the start of a cell (OWASP, CSV injection), and where a cell begins for a program that takes
# semicolons, tabs or bars for what parts them. A sign in another width counts as well.
_SIGN = r"[=+\-@\t\r\n＝＋－＠]"
_SEPARATOR = r"[;\t|\r\n][ \"]*+"
_FORMULA = re.compile(rf"(\A(?= *{_SIGN})|{_SEPARATOR}(?={_SIGN}))")
_MADE_INERT = re.compile(rf"(\A|{_SEPARATOR})'(?= *{_SIGN})")


def inert(cell: str) -> str:
    """Return the text so that a spreadsheet never takes it, or a part of it, for a formula."""
    return _FORMULA.sub(r"\1'", cell)


def plain(cell: str) -> str:
    """Return the text that `inert` made safe."""
    return _MADE_INERT.sub(r"\1", cell)
