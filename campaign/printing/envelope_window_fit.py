"""Whether the press prints an address within its window: known beforehand, or laid out to see."""

from functools import lru_cache

from campaign.printing import html, measure_rendered, renderer
from campaign.printing.envelope_window import surely_fits
from campaign.printing.geometry import LAYOUTS, Layout
from campaign.printing.sheets.address_sheets import AddressSheet, AddressSheets


def fits_window(lines: tuple[str, ...], layout: Layout, locale: str) -> bool:
    """Whether the lines of an address stand within the window.

    Where the widths of our own fonts don't tell, they are laid out, and the answer is kept.
    """
    return surely_fits(lines, layout) or _laid_out_fits(lines, layout.slug, locale)


@lru_cache(maxsize=1024)
def _laid_out_fits(lines: tuple[str, ...], slug: str, locale: str) -> bool:
    layout = LAYOUTS[slug]
    page = AddressSheets(
        sheets=[AddressSheet((), lines, "", (), "")],
        layout=layout,
        direction=html.direction_of(locale),
        locale=locale,
    )
    try:
        with renderer.lay_out_page(page, "print.css", layout, locale=locale) as document:
            return not measure_rendered.check_address(document.pages[0], layout)
    except renderer.RendererWarning:
        return False
