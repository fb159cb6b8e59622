"""Whether a page can be used by everybody, as axe-core sees it."""

import json
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
_RUN = "async (options) => (await axe.run(document, options)).violations"
_ALWAYS = {"resultTypes": ["violations"], "preload": False}
"""No rule of what axe would load beforehand is on: of sound, and of style sheets elsewhere."""
_SCHEMES = {
    "light": {},
    # Only colours differ in the dark.
    "dark": {"runOnly": {"type": "rule", "values": ["color-contrast"]}},
}


_HAS_SCRIPTS = "matchMedia('(scripting: enabled)').matches"
_source = AXE.read_text() if AXE.exists() else ""
_probes: dict[Browser, Page] = {}
"""A page with scripts, in which a page without them is looked at: made once."""
_seen: set[tuple[str, str, str]] = set()
"""What was found without fault: the same page need not be looked at twice."""


def assert_accessible(browser: Browser, page: Page) -> None:
    """No axe violation on what the page shows now, in light and in dark.

    Where no scripts run, the markup is looked at in a page of its own.
    """
    page.wait_for_load_state()
    expect(page.locator("main")).to_be_attached()
    html, url = page.content(), page.url
    look = (html, url, str(page.viewport_size))
    if look in _seen:
        return
    if page.evaluate(_HAS_SCRIPTS):
        if not page.evaluate("'axe' in window"):
            page.evaluate(f"{_source};0")
        _look(page, url)
        page.emulate_media(color_scheme="light")
    else:
        probe = _probe(browser)
        if page.viewport_size is not None:
            probe.set_viewport_size(page.viewport_size)
        probe.route(url, lambda route: route.fulfill(body=html, content_type="text/html"))
        probe.goto(url)
        probe.unroute(url)
        probe.evaluate(f"{_source};0")
        _look(probe, url)
        probe.emulate_media(color_scheme="light")
    _seen.add(look)


def _probe(browser: Browser) -> Page:
    if browser not in _probes:
        _probes[browser] = browser.new_context(bypass_csp=True).new_page()
    return _probes[browser]


def _look(page: Page, url: str) -> None:
    for scheme, options in _SCHEMES.items():
        page.emulate_media(color_scheme=scheme)
        violations = page.evaluate(_RUN, {**_ALWAYS, **options})
        found = [(one["id"], [node["html"] for node in one["nodes"]]) for one in violations]
        assert found == [], f"{url} ({scheme}): {json.dumps(found, indent=1)}"
