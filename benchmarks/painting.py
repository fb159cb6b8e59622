"""When the largest thing of a case page is seen, on a slow network and with nothing in store.

The network is Lighthouse's "slow 4G": 1.6 Mbit/s down, 750 kbit/s up, 150 ms for each answer, as
Chromium's own throttling gives it (Network.emulateNetworkConditions), from this machine. A phone of
390 pixels. Where there is no Chromium or Playwright, nothing is measured.
"""

import shutil
import statistics
from dataclasses import dataclass

from benchmarks.servers import free_port, our_command, serving

_ROUNDS = 5
_SLOW_4G = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1_600_000 / 8,
    "uploadThroughput": 750_000 / 8,
}
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_LARGEST = """() => new Promise((done) => {
  const seen = [];
  new PerformanceObserver((list) => seen.push(...list.getEntries()))
    .observe({ type: "largest-contentful-paint", buffered: true });
  setTimeout(() => done(seen.at(-1)?.startTime ?? -1), 500);
})"""


@dataclass
class Painting:
    """One page's first view."""

    path: str
    milliseconds: float
    """Until the largest thing is painted (LCP), median."""
    kilobytes: float
    """Over the wire, with fonts, styles and scripts."""


def measure(environment: dict[str, str], paths: tuple[str, ...]) -> list[Painting]:
    """Each page in a browser that has never been here."""
    names = ("chromium", "chromium-browser", "chromium-headless-shell")
    chromium = next(filter(None, map(shutil.which, names)), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return []
    if chromium is None:
        return []
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with (
        serving(our_command(port), port, {**environment, "CAMPAIGN_BASE_URL": base}),
        sync_playwright() as tools,
    ):
        browser = tools.chromium.launch(executable_path=chromium, args=_ARGUMENTS)
        try:
            return [_look(browser, base, path) for path in paths]
        finally:
            browser.close()


def _look(browser, base: str, path: str) -> Painting:  # type: ignore[no-untyped-def]
    times, sizes = [], []
    for _ in range(_ROUNDS + 1):  # the first warms the server
        context = browser.new_context(
            viewport={"width": 390, "height": 844}, device_scale_factor=2, locale=path[1:3]
        )
        page = context.new_page()
        tools = context.new_cdp_session(page)
        tools.send("Network.enable")
        tools.send("Network.setCacheDisabled", {"cacheDisabled": True})
        tools.send("Network.emulateNetworkConditions", _SLOW_4G)
        weight: list[float] = []
        tools.on(
            "Network.loadingFinished", lambda event, w=weight: w.append(event["encodedDataLength"])
        )
        page.goto(f"{base}{path}", wait_until="networkidle")
        times.append(page.evaluate(_LARGEST))
        sizes.append(sum(weight) / 1024)
        context.close()
    return Painting(path, statistics.median(times[1:]), statistics.median(sizes[1:]))
