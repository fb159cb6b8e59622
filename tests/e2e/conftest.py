"""A running instance with the demo, and a real Chromium."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Cookie,
    Page,
    Route,
    expect,
    sync_playwright,
)
from sqlalchemy import select, update

from campaign import close_app, create_app
from campaign.bundles.volumes.print_jobs import print_here
from campaign.campaigns.find_campaigns import get_campaign
from campaign.core import db
from campaign.demo import synthesis
from campaign.models.bundle import Bundle, BundleState
from campaign.models.signature import Letter, Signature, SignatureState
from tests.commands import Commands, Running
from tests.e2e import axe
from tests.factories import freeze_waiting
from tests.run_folder import one_worker_at_a_time

ROOT = Path(__file__).parents[2]
_START_SECONDS = 90
_CLOCK = """(() => {
  const True = Date;
  globalThis.Date = class Date extends True {
    constructor(...parts) { parts.length ? super(...parts) : super(Date.now()); }
    static now() { return True.now() + %d; }
  };
})()"""
_ENVIRONMENT = {"CAMPAIGN_BURST_PER_NETWORK": "1000", "CAMPAIGN_WORKER_THREADS": "1"}
"""All journeys come from one address. With two threads a bundle would start two presses, each of
which loads WeasyPrint for seconds; that workers print side by side is shown by `test_two_workers`.
"""
_HERE = re.compile(r"//(127\.0\.0\.1|localhost):")
_BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Each page waits for few processes: none stands ready for a page that nobody opens.
    "--renderer-process-limit=1",
    "--in-process-gpu",
]


_PAGE_MILLISECONDS = 30_000
expect.set_options(timeout=_PAGE_MILLISECONDS)
"""As long as the page itself may take: the machine may be busy."""


@dataclass(frozen=True)
class Site:
    """A served instance."""

    url: str
    instance: Path
    commands: Commands
    signed_in: dict[str, list[Cookie]] = field(default_factory=dict)
    """Cookies of who signed in, by email address."""

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
        return self.commands.run(arguments, _environment(self.instance))

    @cached_property
    def _app(self) -> Flask:
        return create_app(instance=self.instance)

    @contextmanager
    def entered(self) -> Iterator[Flask]:
        """The served instance, entered by another door."""
        with self._app.app_context():
            yield self._app

    def close(self) -> None:
        """Close the other door."""
        if "_app" in vars(self):
            close_app(self._app)

    def leave_letters(self, most: int) -> None:
        """Keep the newest letters of UA 58/20: printing takes long, and more show no more."""
        with self.entered(), db.transaction() as session:
            campaign = get_campaign(session, "ua-58-20")
            mine = select(Signature.id).where(Signature.campaign_id == campaign.id)
            kept = session.scalars(mine.order_by(Signature.id.desc()).limit(most)).all()
            others = update(Signature).where(Signature.id.in_(mine), Signature.id.not_in(kept))
            session.execute(others.values(state=SignatureState.WITHDRAWN))

    def freeze(self) -> tuple[int, str]:
        """Put all that waits of UA 58/20 into a bundle that nobody is told to print; its ids."""
        with self.entered(), db.transaction() as session:
            bundle = freeze_waiting(session, get_campaign(session, "ua-58-20"))
            return bundle.id, bundle.public_id

    def make_bundle(self, *, signatures: int = 0, printed: bool = False) -> str:
        """Have so many more sign UA 58/20, and bundle all that waits; the bundle's public id.

        It passes for printed, a page a letter, unless somebody wants its files. Those are printed
        here, and not by a command, which would start processes of the press for each bundle.
        """
        with self.entered():
            if signatures:
                synthesis.synthesise("ua-58-20", signatures=signatures)
            bundle_id, public_id = self.freeze()
            if printed:
                ended = print_here(bundle_id, at_once=1, progress=lambda _letters: None)
                assert ended is BundleState.READY
            else:
                with db.transaction() as session:
                    session.get_one(Bundle, bundle_id).state = BundleState.READY
                    session.execute(
                        update(Letter)
                        .where(Letter.bundle_id == bundle_id)
                        .values(first_page=Letter.sequence, pages=1)
                    )
        return public_id


def _environment(instance: Path) -> dict[str, str]:
    return {**os.environ, "CAMPAIGN_INSTANCE": str(instance), **_ENVIRONMENT}


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="session")
def loaded(folder_of_run: Path, commands: Commands, sqlite_template: Path) -> Path:
    """An instance in which the demo is loaded, with its keys: to be copied."""
    folder = folder_of_run / "loaded"
    with one_worker_at_a_time(folder_of_run, "loaded"):
        if not folder.exists():
            folder.mkdir()
            shutil.copy(sqlite_template, folder / "campaign.sqlite")
            loaded = Site("", folder, commands).command("demo")
            assert loaded.returncode == 0, loaded.stderr
    return folder


@pytest.fixture(scope="module")
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, commands: Commands
) -> Iterator[Site]:
    """The demo, served by `campaign run --demo` as the README says.

    It is loaded once a run, and found loaded by each site; where a module says FROM_NOTHING, the
    command begins in an empty folder, as a program that has to be loaded.
    """
    instance = tmp_path_factory.mktemp("site") / "instance"
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    arguments = ["run", "--demo", "--port", str(port)]
    process: Running | _Loaded
    if getattr(request.module, "FROM_NOTHING", False):
        process = _Loaded(arguments, instance)
    else:
        shutil.copytree(request.getfixturevalue("loaded"), instance)
        process = commands.start(arguments, _environment(instance))
    try:
        _wait_for(url, process)
        site = Site(url, instance, commands)
        yield site
        site.close()
    finally:
        assert process.end(30) == 0, "campaign run must end cleanly on Ctrl-C"


class _Loaded:
    """The command as a program of its own."""

    def __init__(self, arguments: list[str], instance: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "campaign", *arguments],
            env=_environment(instance),
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
        )

    def poll(self) -> int | None:
        return self._process.poll()

    def end(self, seconds: float) -> int:
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(seconds)


def _wait_for(url: str, process: Running | _Loaded) -> None:
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
def browser(folder_of_run: Path) -> Iterator[Browser]:
    """Debian's Chromium, without its windows where there is one."""
    path = next(filter(None, map(shutil.which, _BROWSERS)), None)
    assert path is not None, "Chromium is missing: make test installs it"
    axe.share_what_is_seen(folder_of_run)
    with sync_playwright() as playwright:
        faked = os.environ.get("LD_PRELOAD", "")
        environment = {**os.environ, "LD_PRELOAD": ""} if "faketime" in faked else None
        chromium = playwright.chromium.launch(
            executable_path=path, args=_ARGUMENTS, env=environment
        )
        if environment:
            _move_clock(chromium)
        yield chromium
        chromium.close()


def _move_clock(browser: Browser) -> None:
    """Let the pages' scripts read the moment of `faketime`, under which Chromium itself crashes."""
    page = browser.new_page()
    ahead = round(time.time() * 1000) - page.evaluate("Date.now()")
    page.close()
    browser.on("context", lambda context: context.add_init_script(_CLOCK % ahead))


@pytest.fixture(params=["phone", "desk"])
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """A page on a phone without scripts, and one on a desk with them.

    On both nothing moves, and so nothing waits until it stands; pages that a test opens itself do.
    """
    phone = request.param == "phone"
    context = browser.new_context(
        viewport={"width": 390, "height": 844} if phone else {"width": 1280, "height": 900},
        java_script_enabled=not phone,
        accept_downloads=True,
        reduced_motion="reduce",
    )
    yield from _watched(context)


@pytest.fixture
def desk(browser: Browser) -> Iterator[Page]:
    """A page on a desk, with scripts; nothing on it moves."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, accept_downloads=True, reduced_motion="reduce"
    )
    yield from _watched(context)


def hold_request(page: Page, pattern: str) -> list[Route]:
    """Hold the next request to such an address; once it was made it stands in the list."""
    on_its_way: list[Route] = []

    def hold(route: Route) -> None:
        on_its_way.append(route)

    page.route(pattern, hold, times=1)
    return on_its_way


def _watched(context: BrowserContext) -> Iterator[Page]:
    """A page of which no request leaves this machine and no script or policy fails."""
    page = context.new_page()
    page.set_default_timeout(_PAGE_MILLISECONDS)
    strangers: list[str] = []
    complaints: list[str] = []
    page.on(
        "request", lambda asked: None if _HERE.search(asked.url) else strangers.append(asked.url)
    )
    page.on(
        "console",
        lambda message: complaints.append(message.text) if message.type == "error" else None,
    )
    page.on("pageerror", lambda problem: complaints.append(problem.stack or str(problem)))
    yield page
    context.close()
    assert strangers == []
    assert [complaint for complaint in complaints if "status of 4" not in complaint] == []
