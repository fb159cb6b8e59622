"""Whether the press prints an address within its window: known beforehand, or laid out to see."""

from functools import lru_cache

from campaign.printing import html, measure_rendered, renderer
from campaign.printing.envelope_window import surely_fits
from campaign.printing.geometry import LAYOUTS, Layout
from campaign.printing.sheets.address_sheets import AddressSheet


def fits_window(lines: tuple[str, ...], layout: Layout, locale: str) -> bool:
    """Whether the lines of an address stand within the window.

    Where the widths of our own fonts don't tell, they are laid out; it is kept what came of it.
    """
    return surely_fits(lines, layout) or _laid_out_fits(lines, layout.slug, locale)


@lru_cache(maxsize=1024)
def _laid_out_fits(lines: tuple[str, ...], slug: str, locale: str) -> bool:
    layout = LAYOUTS[slug]
    body = html.render(
        "address-sheet.html",
        sheets=[AddressSheet((), lines, "", (), "")],
        layout=layout,
        direction=html.direction_of(locale),
        locale=locale,
    )
    whole = html.render("document.html", locale=locale, title="", body=body)
    try:
        with renderer.laid_out(str(whole), "print.css", layout) as document:
            return not measure_rendered.check_address(document.pages[0], layout)
    except renderer.RendererWarning:
        return False
