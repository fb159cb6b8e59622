"""Whether a page can be used by everybody, as axe-core sees it."""

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
_RUN = "async (options) => (await axe.run(document, options)).violations"
_ALWAYS = {"resultTypes": ["violations"], "preload": False}
"""No rule of what axe would load beforehand is on: of sound, and of style sheets elsewhere."""
_CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
_NO_CONTRAST = {"rules": {"color-contrast": {"enabled": False}}}
_COLOURS = """() => {
  const drawn = (one) => {
    const { width, height, right, bottom } = one.getBoundingClientRect();
    return width > 1 && height > 1 && right > 0 && bottom > 0 && !one.closest(":disabled")
      && one.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  };
  const says = (one) => one.matches("input, select, textarea")
    || Array.from(one.childNodes).some((node) => node.nodeType === 3 && node.data.trim());
  const known = new Map([[null, ""]]);
  const under = (one) => {
    if (!known.has(one)) {
      const { backgroundColor, backgroundImage, opacity } = getComputedStyle(one);
      let all = "";
      if (backgroundColor !== "rgba(0, 0, 0, 0)") all += `,${backgroundColor}`;
      if (backgroundImage !== "none") all += `,${backgroundImage}`;
      if (opacity !== "1") all += `,${opacity}`;
      known.set(one, all + under(one.parentElement));
    }
    return known.get(one);
  };
  const colours = (one) => {
    const { color, fontSize, fontWeight, textShadow } = getComputedStyle(one);
    return [color, fontSize, fontWeight, textShadow].join() + under(one);
  };
  const all = Array.from(document.body.querySelectorAll("*"));
  return Array.from(new Set(all.filter((one) => says(one) && drawn(one)).map(colours)));
}"""
"""Of each text: its colour and size, and all that lies under it. Contrast follows from these."""


_HAS_SCRIPTS = "matchMedia('(scripting: enabled)').matches"
_source = AXE.read_text() if AXE.exists() else ""
_probes: dict[Browser, Page] = {}
"""A page with scripts, in which a page without them is looked at: made once."""
_OWN = re.compile(r'(?<=name="csrf_token" value=")[^"]+|(?<=//127\.0\.0\.1:)\d+')
"""What the same page has otherwise each time it is opened, or on another site."""


class _Seen:
    """What was found without fault: no worker of the run need look at it again."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._read = 0
        self._known: set[str] = set()

    def share(self, path: Path) -> None:
        self._path, self._read = path, 0

    def holds(self, *parts: str) -> bool:
        return self._name(parts) in self._known

    def add(self, *parts: str) -> None:
        name = self._name(parts)
        self._known.add(name)
        if self._path is not None:
            with self._path.open("a") as file:
                file.write(f"{name}\n")  # so few bytes are written whole

    def look_up(self) -> None:
        """Learn what the other workers have looked at since."""
        if self._path is None or not self._path.exists():
            return
        with self._path.open() as file:
            file.seek(self._read)
            new = file.read()
            self._read = file.tell()
        self._known.update(new.split())

    @staticmethod
    def _name(parts: Iterable[str]) -> str:
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


_seen = _Seen()
"""Pages, and the contrast of the same colours, which takes axe as long as all else."""


def share_what_is_seen(folder: Path) -> None:
    _seen.share(folder / "axe")


def assert_accessible(browser: Browser, page: Page) -> None:
    """No axe violation on what the page shows now, in light and in dark.

    Where no scripts run, the markup is looked at in a page of its own.
    """
    page.wait_for_load_state()
    expect(page.locator("main")).to_be_attached()
    html, url = page.content(), page.url
    look = (_OWN.sub("", html), _OWN.sub("", url), str(page.viewport_size))
    _seen.look_up()
    if _seen.holds(*look):
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
    _seen.add(*look)


def _probe(browser: Browser) -> Page:
    if browser not in _probes:
        _probes[browser] = browser.new_context(bypass_csp=True).new_page()
    return _probes[browser]


def _look(page: Page, url: str) -> None:
    colours = _new_colours(page)
    _run(page, f"{url} (light)", {} if colours else _NO_CONTRAST)
    page.emulate_media(color_scheme="dark")
    dark = _new_colours(page)
    if dark:  # only colours differ in the dark
        _run(page, f"{url} (dark)", _CONTRAST)
    for colour in (*colours, *dark):
        _seen.add(colour)


def _new_colours(page: Page) -> set[str]:
    return {colour for colour in page.evaluate(_COLOURS) if not _seen.holds(colour)}


def _run(page: Page, where: str, options: dict[str, Any]) -> None:
    violations = page.evaluate(_RUN, {**_ALWAYS, **options})
    problems = [
        (violation["id"], [node["html"] for node in violation["nodes"]]) for violation in violations
    ]
    assert problems == [], f"{where}: {json.dumps(problems, indent=1)}"
