"""An export is asked for, approved by somebody else, fetched encrypted, and opened with the key."""

import csv
import io
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pyrage
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.axe import assert_accessible
from tests.e2e.conftest import Site

pytestmark = pytest.mark.e2e
_SETTING = "CAMPAIGN_EXPORTS_NEED_SECOND_PERSON"
_REASON = "Vetting before the hand-over at the embassy."
_WORKER_MS = 60_000


@pytest.fixture(scope="module", autouse=True)
def _second_person() -> Iterator[None]:
    """The site of this file asks for a second person."""
    os.environ[_SETTING] = "true"
    yield
    del os.environ[_SETTING]


def sign_in(page: Page, site: Site, email: str) -> None:
    page.goto(f"{site.url}/desk/sign-in")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(site.password)
    page.get_by_role("button", name="Sign in", exact=True).click()


@pytest.mark.parametrize("page", ["desk"], indirect=True)  # with scripts
def test_an_export_goes_its_whole_way(site: Site, page: Page, browser: Browser) -> None:
    other = browser.new_context().new_page()
    sign_in(other, site, "ada@example.org")
    _set_factor(site, "CURRENT_TIMESTAMP")
    key = pyrage.x25519.Identity.generate()
    label = f"Key {str(key.to_public())[-6:]}"
    sign_in(page, site, "samir@example.org")
    page.goto(f"{site.url}/desk/exports/keys")
    page.get_by_label("Name of the key").fill(label)
    page.get_by_label("Public key").fill(str(key.to_public()))
    page.get_by_role("button", name="Add the key").click()
    expect(page.get_by_role("status")).to_contain_text("Key added")
    assert_accessible(browser, page)

    page.get_by_role("link", name="Exports").first.click()
    page.get_by_role("link", name="Request an export").click()
    page.get_by_role("link", name="UA 58/20").click()
    assert_accessible(browser, page)
    page.get_by_label("For vetting").check()
    page.get_by_label("CSV").check()
    page.get_by_label(label).check()
    page.get_by_role("button", name="Request the export").click()
    expect(page.get_by_role("alert")).to_contain_text("Purpose")
    page.get_by_label("Purpose").fill(_REASON)
    page.get_by_role("button", name="Request the export").click()
    expect(page.get_by_text("Someone else must approve this")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    assert_accessible(browser, page)

    address = page.url
    _approve(site, browser, other, address)
    page.reload()
    download = page.get_by_role("button", name="Download the file")
    expect(download).to_be_visible(timeout=_WORKER_MS)
    assert_accessible(browser, page)
    with page.expect_download() as waiting:
        download.click()
    file = waiting.value
    assert file.suggested_filename.endswith("_full.csv.age")
    sealed = Path(file.path()).read_bytes()
    text = pyrage.decrypt(sealed, [key]).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert "Samir Staff" in rows[0][0]
    assert "Ada Admin" in rows[0][0]
    assert _REASON in rows[0][0]
    assert "Email" in rows[1]
    assert len(rows) > 10

    page.goto(address)
    page.get_by_role("button", name="Delete the file now").click()
    expect(page.get_by_text("There is no file.")).to_be_visible()
    page.goto(f"{site.url}/desk/exports/")
    expect(page.get_by_role("table")).to_contain_text(_REASON)
    assert_accessible(browser, page)


def _set_factor(site: Site, since: str) -> None:
    """Have the admin's second factor be there, as if they had set it up after they signed in."""
    with closing(sqlite3.connect(site.instance / "campaign.sqlite")) as database, database:
        database.execute(f"UPDATE staff_user SET totp_since = {since} WHERE role = 'admin'")


def _approve(site: Site, browser: Browser, other: Page, address: str) -> None:
    other.goto(f"{site.url}/desk/exports/")
    other.get_by_role("link", name="Review the request").first.click()
    assert other.url == address
    expect(other.get_by_text(_REASON)).to_be_visible()
    assert_accessible(browser, other)
    other.get_by_role("button", name="Approve").click()
    expect(other.get_by_role("status").first).to_contain_text("You approved this export")
    assert other.request.post(f"{address}/download").status == 400, "no token"
    other.context.close()
    _set_factor(site, "NULL")
