"""QR codes as they are drawn on paper. Every code on paper comes from here; a test reads each."""

import segno
from markupsafe import Markup

QUIET_ZONE = 4
"""Light modules around the dark ones, as readers need them (ISO/IEC 18004)."""


def qr_svg(text: str) -> Markup:
    """Return `text` as a QR code, one unit a module, its quiet zone included."""
    matrix = [list(row) for row in segno.make(text, error="m", micro=False).matrix]
    size = len(matrix) + 2 * QUIET_ZONE
    path = "".join(
        f"M{x + QUIET_ZONE} {y + QUIET_ZONE}h1v1h-1z"
        for y, row in enumerate(matrix)
        for x, dark in enumerate(row)
        if dark
    )
    return Markup('<svg class="code" viewBox="0 0 {0} {0}"><path d="{1}"/></svg>').format(
        size, path
    )
