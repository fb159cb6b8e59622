# ruff: noqa: INP001, S603, TID251 — started by its path; starts the demo in a folder of its own
"""Take the pictures of docs/ from the running demo (`make pictures`): docs/pictures/*.webp.

From the case to a page of the delivered PDF, as a supporter and a staff member walk it.
"""

import email
import io
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from email import policy
from pathlib import Path

import pypdfium2
from PIL import Image
from playwright.sync_api import Browser, Error, Page, sync_playwright

from tests.e2e.conftest import _ARGUMENTS, _BROWSERS

FOLDER = Path(__file__).parents[1] / "docs/pictures"
PHONE, DESK = (390, 780), (1280, 860)
PAPER_WIDTH = 900
QUALITY = 72
START_SECONDS = 120
PRINT_MILLISECONDS = 300_000
WORDS = "I am a nurse in Montréal. I know what it is to depend on someone’s care."
ONE_CAMPAIGN = "mission=mexico-ottawa&campaign=ua-58-20"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        instance = Path(folder) / "instance"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        site = subprocess.Popen(
            [sys.executable, "-m", "campaign", "run", "--demo", "--port", str(port)],
            env=os.environ | {"CAMPAIGN_INSTANCE": str(instance)},
            stdout=subprocess.DEVNULL,
        )
        path = next(
            str(browser) for name in _BROWSERS if (browser := Path("/usr/bin", name)).exists()
        )
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        try:
            phone = open_page(browser, PHONE)
            wait_for(phone, url, site)
            walk_as_supporter(phone, url, instance)
            walk_as_staff(browser, url, instance)
        finally:
            browser.close()
            site.send_signal(signal.SIGINT)
            site.wait(60)


def wait_for(page: Page, url: str, site: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            page.request.get(f"{url}/brand.css")
        except Error:
            if site.poll() is not None or time.monotonic() > deadline:
                sys.exit("the demo did not start")
            time.sleep(0.2)
        else:
            return


def open_page(browser: Browser, size: tuple[int, int]) -> Page:
    page = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        device_scale_factor=2 if size == PHONE else 1,
        reduced_motion="reduce",
        accept_downloads=True,
    ).new_page()
    page.set_default_timeout(60_000)
    return page


def walk_as_supporter(page: Page, url: str, instance: Path) -> None:
    page.goto(f"{url}/en/actions/ua-58-20")
    take(page, "case")
    page.locator(".call .button").first.click()
    page.locator("[name=own_words]").fill(WORDS)
    take(page, "write")
    press(page)
    for name, value in {
        "given_name": "Ngozi", "family_name": "Example", "email": "ngozi@example.org",
        "locality": "Montréal", "region": "QC", "postal_code": "H2X 1Y4",
    }.items():  # fmt: skip
        page.locator(f"[name={name}]").fill(value)
    page.locator("[name=country]").select_option("CA")
    page.locator("[name=disclosure][value=town]").check()
    take(page, "details")
    press(page)
    page.locator("article.letter").wait_for()
    take(page, "check")
    press(page)
    take(page, "sent")
    page.goto(find_link(page, instance))
    press(page)
    done = page.locator(".timeline .is-done").first
    done.wait_for()
    take(page, "thanks")
    done.evaluate("element => element.scrollIntoView()")
    take(page, "letter")


def find_link(page: Page, instance: Path) -> str:
    """Return the link in the email to the supporter, once the worker has written it."""
    while True:
        for path in (instance / "outbox").glob("*.eml"):
            message = email.message_from_bytes(path.read_bytes(), policy=policy.default)
            body = message.get_body(("plain",))
            if message["To"] == "ngozi@example.org" and body is not None:
                link = re.search(r"http://\S+/en/letter/\S+", body.get_content())
                assert link is not None
                return link[0]
        page.wait_for_timeout(250)


def walk_as_staff(browser: Browser, url: str, instance: Path) -> None:
    page = open_page(browser, DESK)
    sign_in(page, f"{url}/desk/", instance)
    take(page, "today")
    page.goto(f"{url}/desk/bundles/")
    page.get_by_role("link", name="Make bundles Embassy of Mexico in Ottawa").click()
    take(page, "bundle-letters")
    page.goto(f"{url}/desk/bundles/new/paper?{ONE_CAMPAIGN}")
    take(page, "bundle-paper")
    press(page)
    press(page)
    download = page.locator("form[action$='/download'] button")
    download.wait_for(timeout=PRINT_MILLISECONDS)
    bundle = page.url
    take(page, "bundle")
    with page.expect_download() as started:
        download.click()
    with zipfile.ZipFile(started.value.path()) as archive:
        volume = min(name for name in archive.namelist() if re.search(r"letters.*\.pdf$", name))
        paper = pypdfium2.PdfDocument(archive.read(volume))[0]
    picture = paper.render(scale=PAPER_WIDTH / paper.get_width()).to_pil()
    write(picture, "printed-letter")
    phone = open_page(browser, PHONE)
    sign_in(phone, f"{bundle}/deliver", instance)
    take(phone, "delivery")


def sign_in(page: Page, address: str, instance: Path) -> None:
    page.goto(address)
    page.locator("[name=email]").fill("samir@example.org")
    page.locator("[name=password]").fill((instance / "demo-password.txt").read_text().strip())
    press(page)
    page.locator("[name=password]").wait_for(state="detached")


def press(page: Page) -> None:
    """Press the one main button."""
    page.locator("main form .button:not(.button-quiet)").first.click()
    page.wait_for_load_state()


def take(page: Page, name: str) -> None:
    write(Image.open(io.BytesIO(page.screenshot(animations="disabled", caret="hide"))), name)


def write(picture: Image.Image, name: str) -> None:
    picture.convert("RGB").save(FOLDER / f"{name}.webp", quality=QUALITY, method=6)


main()
