"""Whether a page can be used by everybody, as axe-core sees it."""

import json
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
_RUN = "async (options) => (await axe.run(document, options)).violations"
_SCHEMES = {
    "light": {},
    # Only colours differ in the dark.
    "dark": {"runOnly": {"type": "rule", "values": ["color-contrast"]}},
}


def assert_accessible(browser: Browser, page: Page) -> None:
    """No axe violation on what the page shows now, in light and in dark.

    The markup is looked at in a page of its own, so that a page that was reached without scripts
    is checked too.
    """
    page.wait_for_load_state()
    expect(page.locator("main")).to_be_attached()
    html, url = page.content(), page.url
    context = browser.new_context(viewport=page.viewport_size, bypass_csp=True)
    probe = context.new_page()
    probe.route(url, lambda route: route.fulfill(body=html, content_type="text/html"))
    probe.goto(url)
    probe.add_script_tag(path=AXE)
    for scheme, options in _SCHEMES.items():
        probe.emulate_media(color_scheme=scheme)
        violations = probe.evaluate(_RUN, {"resultTypes": ["violations"], **options})
        found = [(one["id"], [node["html"] for node in one["nodes"]]) for one in violations]
        assert found == [], f"{url} ({scheme}): {json.dumps(found, indent=1)}"
    context.close()
