"""Passkeys in a browser: added, used to sign in, and a hardware key that admins need."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.e2e.axe import assert_accessible
from tests.e2e.conftest import Site

pytestmark = pytest.mark.e2e
_SETTING = "CAMPAIGN_ADMIN_SECOND_FACTOR"


@pytest.fixture(scope="module", autouse=True)
def _hardware_keys() -> Iterator[None]:
    """Admins of this file's site need a hardware key."""
    os.environ[_SETTING] = "hardware_key"
    yield
    del os.environ[_SETTING]


def test_a_passkey_is_added_and_signs_in(site: Site, desk: Page, browser: Browser) -> None:
    url = _without_number(site)
    _plug_in(desk, transport="internal", backup=True)
    _sign_in(desk, site, "samir@example.org")
    desk.goto(f"{url}/desk/account")
    desk.get_by_role("link", name="Add a passkey").click()
    desk.get_by_role("button", name="Add the passkey").click()
    expect(desk.get_by_role("alert").first).to_contain_text("Enter a name for the passkey")
    assert_accessible(browser, desk)
    desk.get_by_label("Name of the passkey").fill("Laptop")
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    desk.goto(f"{url}/desk/account/passkeys")
    expect(desk.get_by_role("table")).to_contain_text("Laptop")
    assert_accessible(browser, desk)
    desk.get_by_role("button", name="Sign out").click()
    assert_accessible(browser, desk)
    desk.get_by_role("button", name="Sign in with a passkey").click()
    expect(desk.get_by_role("link", name="Samir Staff")).to_be_visible()

    desk.get_by_role("button", name="Sign out").click()
    _sign_in(desk, site, "samir@example.org")
    assert_accessible(browser, desk)
    desk.get_by_role("button", name="Use a passkey").click()
    expect(desk.get_by_role("link", name="Samir Staff")).to_be_visible()


def test_an_admin_is_led_to_a_hardware_key(site: Site, desk: Page, browser: Browser) -> None:
    device, number = _plug_in(desk, transport="internal", backup=True)
    _sign_in(desk, site, "ada@example.org")
    expect(desk.get_by_role("heading", name="Admins need a hardware key")).to_be_visible()
    assert_accessible(browser, desk)
    device.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": number})
    _plug_in(desk, transport="usb", backup=False)
    desk.get_by_role("link", name="Add a passkey").click()
    desk.get_by_label("Name of the passkey").fill("Blue key")
    desk.get_by_role("button", name="Add the passkey").click()
    expect(desk.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    desk.get_by_role("link", name="Staff", exact=True).click()
    expect(desk.get_by_role("heading", name="Staff")).to_be_visible()


def _plug_in(page: Page, *, transport: str, backup: bool) -> tuple[CDPSession, str]:
    """Give the browser a device for passkeys whose owner touches it at once."""
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "ctap2Version": "ctap2_1",
        "transport": transport,
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
        "defaultBackupEligibility": backup,
        "defaultBackupState": backup,
    }
    added = device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return device, added["authenticatorId"]


def _without_number(site: Site) -> str:
    """The site under a name: browsers make no passkeys for numbers."""
    return site.url.replace("127.0.0.1", "localhost")


def _sign_in(page: Page, site: Site, email: str) -> None:
    page.goto(f"{_without_number(site)}/desk/sign-in")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(site.password)
    page.get_by_role("button", name="Sign in", exact=True).click()
