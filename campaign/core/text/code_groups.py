"""Codes as people compare them. Pure."""


def group_code(code: str) -> str:
    """Return a code in groups of four."""
    return " ".join(code[at : at + 4] for at in range(0, len(code), 4))
