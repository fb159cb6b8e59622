"""Cells of CSV and XLSX files that people open in a spreadsheet. Pure."""

_ACTIVE = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def inert(cell: str) -> str:
    """Return the text so that a spreadsheet never takes it for a formula (OWASP, CSV injection)."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_ACTIVE) or cell.startswith(_ACTIVE) else cell


def plain(cell: str) -> str:
    """Return the text that `inert` made safe."""
    return cell[1:] if cell.startswith("'") and inert(cell[1:]) != cell[1:] else cell
