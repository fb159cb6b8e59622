"""What becomes of a letter, and of a place in the network, in a real browser."""

import re
import time
import urllib.request
from urllib.parse import urlencode

import pytest
from altcha import create_challenge, verify_solution
from playwright.sync_api import Browser, Page, expect

from tests.e2e.axe import assert_accessible
from tests.e2e.conftest import Site
from tests.e2e.mails import link_in, mail_to
from tests.e2e.test_letter_to_bundle import main_button

pytestmark = pytest.mark.e2e
CASE = "/en/actions/ua-58-20"
FORM = {
    "given_name": "Ngozi",
    "family_name": "Example",
    "locality": "Halifax",
    "country": "CA",
    "own_words": "I teach, and I know what it costs to speak up.",
    "disclosure": "town",
    "letter_locale": "en",
}


def width(page: Page) -> int:
    """Of the window; tells the two kinds of page apart (see `page` in conftest.py)."""
    size = page.viewport_size
    assert size is not None
    return size["width"]


def post(site: Site, path: str, **fields: str) -> int:
    """A form as a browser without scripts sends it."""
    data = urlencode(fields).encode()
    with urllib.request.urlopen(f"{site.url}{path}", data=data) as answer:
        return int(answer.status)


def test_a_first_view_weighs_less_than_60_kilobytes(browser: Browser, site: Site) -> None:
    """Of the list and of the open cases with their pictures, with nothing in the cache."""
    for path in ("/en/", CASE, "/fr/actions/mothers-day-cards", "/ar/actions/ua-58-20"):
        context = browser.new_context(viewport={"width": 390, "height": 844})
        page = context.new_page()
        bytes_of: dict[str, int] = {}
        network = context.new_cdp_session(page)
        network.send("Network.enable")
        network.on(
            "Network.loadingFinished",
            lambda e, bytes_of=bytes_of: bytes_of.update({e["requestId"]: e["encodedDataLength"]}),
        )
        page.goto(f"{site.url}{path}", wait_until="networkidle")
        context.close()
        assert len(bytes_of) > 5, path
        assert sum(bytes_of.values()) < 60 * 1024, path


@pytest.mark.parametrize("page", ["phone"], indirect=True)  # without scripts
def test_a_supporter_follows_a_letter_changes_it_and_takes_it_back(
    page: Page, browser: Browser, site: Site
) -> None:
    address = f"ngozi-{width(page)}@example.org"
    assert post(site, f"{CASE}/sign", **FORM, email=address) == 200
    page.goto(link_in(mail_to(site, page, address, "letter"), "/en/letter/"))
    main_button(page)
    expect(page.locator(".timeline .is-done").first).to_be_visible()
    assert_accessible(browser, page)

    page.goto(f"{site.url}/en/my-letters")
    page.locator("[name=email]").fill(address)
    main_button(page)
    assert address not in page.content()
    page.goto(link_in(mail_to(site, page, address, "letters"), "/en/my-letters/"))
    assert_accessible(browser, page)
    page.locator("main .list a").first.click()
    expect(page.locator("article.letter")).to_contain_text(FORM["own_words"])

    page.get_by_role("link", name="Change this letter").click()
    assert_accessible(browser, page)
    page.locator("[name=own_words]").fill("I teach in Halifax.")
    main_button(page)
    expect(page.locator("article.letter")).to_contain_text("I teach in Halifax.")

    page.get_by_role("link", name="Withdraw this letter").click()
    assert_accessible(browser, page)
    page.get_by_role("button", name="Withdraw this letter").click()
    expect(page.locator("main")).to_contain_text("Withdrawn")
    assert_accessible(browser, page)


@pytest.mark.parametrize("page", ["phone"], indirect=True)  # without scripts
def test_a_member_joins_the_network(page: Page, browser: Browser, site: Site) -> None:
    address = f"member-{width(page)}@example.org"
    page.goto(f"{site.url}/en/network")
    page.locator("[name=email]").fill(address)
    page.locator("input[type=checkbox][name*=consent]").check()
    with page.expect_navigation():
        main_button(page)
    page.goto(link_in(mail_to(site, page, address, "."), "/en/network/"))
    assert_accessible(browser, page)
    main_button(page)
    assert_accessible(browser, page)


@pytest.mark.parametrize("page", ["desk"], indirect=True)  # with scripts
def test_a_poster_and_a_card(page: Page, browser: Browser, site: Site) -> None:
    page.goto(f"{site.url}{CASE}?from=poster")
    page.locator(".call .button").first.click()
    expect(page.locator("[name=source]")).to_have_value("poster")

    page.goto(f"{site.url}/en/")
    page.locator("main a[href*='/actions/']", has_text=re.compile("[Mm]other")).first.click()
    page.locator(".call .button").first.click()
    page.locator("[name=own_words]").fill("We think of you on this day.")
    main_button(page)
    for name, value in FORM.items():
        field = page.locator(f"[name={name}]:not([type=hidden])")
        if name in {"given_name", "family_name", "locality"}:
            field.fill(value)
    page.locator("[name=email]").fill("card@example.org")
    page.locator("[name=country]").select_option("CA")
    page.locator("[name=disclosure][value=town]").check()
    main_button(page)
    expect(page.locator("main .letter-frame").first).to_contain_text("We think of you")
    assert_accessible(browser, page)


def test_a_browser_does_the_sum_beside_who_writes(desk: Page, site: Site) -> None:
    asked = create_challenge(
        "PBKDF2/SHA-256",
        1000,
        counter=40,
        hmac_secret="one",
        hmac_key_secret="two",
        expires_at=int(time.time()) + 7200,
    )
    desk.route(f"**{CASE}/work", lambda route: route.fulfill(json={"challenge": asked.to_dict()}))
    desk.goto(f"{site.url}{CASE}/write")
    field = desk.locator("input[name=work]")
    expect(field).not_to_have_value("", timeout=20_000)
    proved = verify_solution(field.input_value(), "one", hmac_key_secret="two")
    assert proved.verified
    solution = field.input_value()
    main_button(desk)
    expect(desk.locator("input[name=work]")).to_have_value(solution)
