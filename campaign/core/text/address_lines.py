"""Lines of a postal address on pages and in emails: numbers do not part from what they belong to.

What is stored, and what is printed on paper, has ordinary spaces. Pure.
"""

import re

_GLUED = re.compile(
    r"(?:(?<=^)|(?<=[,،]\ ))(?P<house>[^\s,،\d]*\d[^\s,،]*)\ (?=\w)"  # "12 Rue …", "1012 AB …"
    r"|(?<![^\s,،])(?P<code>[^\s,،\d]*\d[^\s,،]*)\ (?!\d{4})(?=[^\s,،]*\d)"  # "H3A 1A1"
    r"|(?<![^\s,،])(?P<last>\w[^\s,،]*)\ (?=\d[^\s,،]*(?:$|[,،]))"  # "Suite 10", "Madrid 28001"
)


def glue_numbers(address: str) -> str:
    """Return the address with no-break spaces within a postal code and beside a house number."""
    return _GLUED.sub(lambda match: match[0].rstrip(" ") + "\u00a0", address)
