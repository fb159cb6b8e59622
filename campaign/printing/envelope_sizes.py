"""Envelopes without a window, in mm: which sizes go with which paper.

Sizes: ISO 269 (DL, C5, C4); ANSI/USPS names for North America (No. 10; 9 × 12 inch catalog).
They are printed lying, the address right of the middle and below it, as postal services read it.
"""

from campaign.printing.geometry import DL, LETTER, NO_10, Box, EnvelopeSheet, Paper

C5 = EnvelopeSheet(
    Paper("c5", 229.0, 162.0), Box(12.0, 12.0, 90.0, 34.0), Box(106.0, 82.0, 110.0, 56.0), 12.0
)
C4 = EnvelopeSheet(
    Paper("c4", 324.0, 229.0), Box(15.0, 15.0, 110.0, 40.0), Box(158.0, 122.0, 150.0, 80.0), 15.0
)
CATALOG = EnvelopeSheet(
    Paper("9x12", 304.8, 228.6), Box(15.0, 15.0, 110.0, 40.0), Box(146.0, 120.0, 145.0, 80.0), 15.0
)
NAMES = {"no-10": "No. 10", "9x12": "9 × 12 in", "dl": "DL", "c5": "C5", "c4": "C4"}
"""How the sizes are called where they are bought."""


def envelopes_for(paper: Paper) -> tuple[EnvelopeSheet, ...]:
    """For a sheet folded in three, folded once, and flat; Letter has none for once."""
    return (NO_10, CATALOG) if paper is LETTER else (DL, C5, C4)
