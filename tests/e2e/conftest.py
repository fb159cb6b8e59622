"""A running instance with the demo, and a real Chromium."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).parents[2]
_START_SECONDS = 90
_ENVIRONMENT = {"CAMPAIGN_BURST_PER_NETWORK": "1000"}
"""All journeys come from one address."""
_BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True)
class Site:
    """A served instance."""

    url: str
    instance: Path

    @property
    def password(self) -> str:
        """Of every staff user of the demo."""
        return (self.instance / "demo-password.txt").read_text().strip()

    def mails(self) -> list[Path]:
        """Mails that were sent, the newest last."""
        return sorted(
            (self.instance / "outbox").glob("*.eml"), key=lambda path: path.stat().st_mtime
        )

    def command(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a `campaign` command on this instance."""
        return subprocess.run(
            [sys.executable, "-m", "campaign", *arguments],
            env={**os.environ, "CAMPAIGN_INSTANCE": str(self.instance), **_ENVIRONMENT},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance in which the demo is loaded, with its keys: to be copied."""
    folder = tmp_path_factory.mktemp("loaded") / "instance"
    made = Site("", folder).command("demo")
    assert made.returncode == 0, made.stderr
    return folder


@pytest.fixture(scope="module")
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """The demo, served by `campaign run --demo` as the README says.

    It is loaded once a run, and found loaded by each site; where a module says FROM_NOTHING, the
    command begins in an empty folder.
    """
    folder = tmp_path_factory.mktemp("site")
    if not getattr(request.module, "FROM_NOTHING", False):
        shutil.copytree(request.getfixturevalue("loaded"), folder / "instance")
    port = _free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "campaign", "run", "--demo", "--port", str(port)],
        env={**os.environ, "CAMPAIGN_INSTANCE": str(folder / "instance"), **_ENVIRONMENT},
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url, process)
        yield Site(url, folder / "instance")
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0, "campaign run must end cleanly on Ctrl-C"


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{url}/brand.css", timeout=2).close()
        except OSError:
            assert process.poll() is None, "campaign run ended by itself"
            time.sleep(0.1)
        else:
            return
    raise AssertionError("campaign run did not start to serve in time")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without its windows where there is one."""
    path = next(filter(None, map(shutil.which, _BROWSERS)), None)
    assert path is not None, "Chromium is missing: make test installs it"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(params=["phone", "desk"])
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """A page on a phone without scripts, and one on a desk with them."""
    phone = request.param == "phone"
    context = browser.new_context(
        viewport={"width": 390, "height": 844} if phone else {"width": 1280, "height": 900},
        java_script_enabled=not phone,
        accept_downloads=True,
    )
    yield from _watched(context)


@pytest.fixture
def desk(browser: Browser) -> Iterator[Page]:
    """A page on a desk, with scripts."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    yield from _watched(context)


def _watched(context: BrowserContext) -> Iterator[Page]:
    """A page of which no request leaves this machine and no script or policy fails."""
    page = context.new_page()
    page.set_default_timeout(15_000)
    strangers: list[str] = []
    complaints: list[str] = []
    page.on(
        "request",
        lambda asked: None if "//127.0.0.1:" in asked.url else strangers.append(asked.url),
    )
    page.on(
        "console",
        lambda said: complaints.append(said.text) if said.type == "error" else None,
    )
    page.on("pageerror", lambda problem: complaints.append(problem.stack or str(problem)))
    yield page
    context.close()
    assert strangers == []
    assert [one for one in complaints if "status of 4" not in one] == []
