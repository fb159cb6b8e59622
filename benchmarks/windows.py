"""Pictures of a letter in every layout, with the window, the folds and the printable edge drawn in.

python -m benchmarks.windows FOLDER
"""

import sys
from pathlib import Path

import pypdfium2
from PIL import Image, ImageDraw

from benchmarks.invented import letters
from campaign.printing.engine.letters_job import render_letters
from campaign.printing.geometry import LAYOUTS, Box, Layout

DPI = 90
_PX = DPI / 25.4


def draw(layout: Layout, page: Image.Image) -> Image.Image:
    """The page with what must hold drawn over it: red and yellow what always and ever shows,
    blue address, grey folds."""
    pen = ImageDraw.Draw(page)
    for box, colour in (
        (layout.printable, "#d8d4ca"),
        (layout.sender, "#8fd3a5"),
        (layout.address, "#1f4e79"),
        (layout.window, "#9b1c1c"),
        (layout.shown, "#d9a441"),
    ):
        pen.rectangle(_corners(box), outline=colour, width=2)
    for fold in layout.folds:
        pen.line((0, fold * _PX, 6 * _PX, fold * _PX), fill="#5d5b56", width=2)
    return page


def _corners(box: Box) -> tuple[float, float, float, float]:
    return box.x * _PX, box.y * _PX, box.right * _PX, box.bottom * _PX


def main(folder: Path) -> None:
    """Write a picture for each layout."""
    folder.mkdir(parents=True, exist_ok=True)
    for slug, layout in LAYOUTS.items():
        pdf = render_letters(letters(1, own_words=1.0), layout)
        page = pypdfium2.PdfDocument(pdf)[0].render(scale=DPI / 72).to_pil().convert("RGB")
        draw(layout, page).save(folder / f"{slug}.png")
        print(folder / f"{slug}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
