"""The letter's whole way in a real browser: read, write, sign, confirm, print, verify."""

import http.client
import re
from pathlib import Path

import pypdfium2
import pytest
from playwright.sync_api import Browser, Page, expect

from campaign.printing.geometry import layout_for
from tests.e2e.axe import assert_accessible
from tests.e2e.conftest import Site
from tests.e2e.mails import link_in, mail_to

OWN_WORDS = "Je suis infirmière à Montréal. Je sais ce que c’est que de compter sur quelqu’un."
MAIN_BUTTON = "main form .button:not(.button-quiet)"

pytestmark = pytest.mark.e2e
FROM_NOTHING = True
"""As whoever tries it for the first time: the command sets up all that is missing."""


def main_button(page: Page) -> None:
    """Press it once the scripts of the page have begun: they keep what is typed as it is sent."""
    page.wait_for_load_state("domcontentloaded")
    page.locator(MAIN_BUTTON).first.click()


def write(page: Page, browser: Browser, site: Site, *, own_words: str) -> None:
    """From the first page to the details."""
    page.goto(f"{site.url}/fr/")
    page.get_by_role("link", name=re.compile("Clemencia Adelaida")).first.click()
    page.locator(".call .button").first.click()
    page.locator("[name=own_words]").fill(own_words)
    optional = page.locator("[name=points][type=checkbox]")
    assert optional.count() == 2, "two talking points are the supporter's to take or leave"
    optional.last.uncheck()
    assert_accessible(browser, page)
    main_button(page)


def give_details(page: Page, email: str) -> None:
    page.locator("[name=given_name]").fill("Anaïs")
    page.locator("[name=family_name]").fill("Lévesque-Ouédraogo")
    page.locator("[name=email]").fill(email)
    page.locator("[name=locality]").fill("Montréal")
    page.locator("[name=region]").fill("QC")
    page.locator("[name=postal_code]").fill("H2X 1Y4")
    page.locator("[name=country]").select_option("CA")
    page.locator("[name=disclosure][value=town]").check()


def follow_mailed_link(site: Site, page: Page, address: str) -> str:
    """The worker writes the mail; the outbox page shows it once it is there."""
    link = link_in(mail_to(site, page, address, ""), "/fr/letter/")
    page.goto(f"{site.url}/outbox/")
    entry = page.locator("main li", has_text=address)
    expect(entry).to_have_count(1)
    entry.get_by_role("link").click()
    page.locator(f"a[href='{link}']").first.click()
    return link


@pytest.mark.parametrize("page", ["phone"], indirect=True)  # with scripts: test_back_and_reload
def test_a_supporter_signs_in_french_confirms_and_holds_the_letter(
    page: Page, browser: Browser, site: Site, tmp_path: Path
) -> None:
    address = "anais@example.org"
    write(page, browser, site, own_words=OWN_WORDS)

    # A step that is not filled in says so by the field and keeps what was typed.
    page.locator("[name=given_name]").fill("Anaïs")
    main_button(page)
    expect(page.locator(".error-summary")).to_be_visible()
    expect(page.locator("[name=given_name]")).to_have_value("Anaïs")
    assert_accessible(browser, page)

    give_details(page, address)
    main_button(page)
    letter = page.locator("article.letter")
    expect(letter).to_contain_text(OWN_WORDS)
    expect(letter).to_contain_text("Madame, Monsieur,")
    expect(letter).to_contain_text("Anaïs Lévesque-Ouédraogo")
    assert_accessible(browser, page)

    main_button(page)
    sent = page.context.request.get(page.url).text()
    assert address not in sent, "the page is the same for everybody; only this tab knows"
    assert_accessible(browser, page)
    assert page.context.cookies() == []

    follow_mailed_link(site, page, address)
    expect(page.locator("main")).to_contain_text("Clemencia Adelaida Salas Salazar")
    assert_accessible(browser, page)
    main_button(page)
    expect(page.locator(".timeline .is-done").first).to_be_visible()
    assert_accessible(browser, page)

    href = page.locator("a[href*='letter.pdf']").get_attribute("href")
    answer = page.context.request.get(f"{site.url}{href}")
    assert answer.headers["content-type"] == "application/pdf"
    path = tmp_path / "letter.pdf"
    path.write_bytes(answer.body())
    assert_letter(path)


def assert_letter(path: Path) -> None:
    """The PDF shows the own words, the salutation, and the address in the window."""
    document = pypdfium2.PdfDocument(path)
    page = document[0]
    text_page = page.get_textpage()
    text = " ".join(text_page.get_text_bounded().split())
    assert len(document) == 1
    assert "Je suis infirmière à Montréal." in text
    assert "Madame, Monsieur," in text
    window = layout_for("CA").window
    points = 72 / 25.4
    height = page.get_height()
    inside = text_page.get_text_bounded(
        left=window.x * points,
        right=(window.x + window.width) * points,
        top=height - window.y * points,
        bottom=height - (window.y + window.height) * points,
    )
    assert "45 O’Connor Street" in inside
    assert "Ottawa ON K1P 1A4" in inside
    document.close()


def sign_in(page: Page, site: Site, email: str) -> None:
    """By the form; later on the same site with the cookie that it gave, without a page."""
    if cookies := site.signed_in.get(email):
        page.context.add_cookies(cookies)  # type: ignore[arg-type]
    else:
        page.goto(f"{site.url}/desk/")
        page.locator("[name=email]").fill(email)
        page.locator("[name=password]").fill(site.password)
        main_button(page)
        expect(page.locator(".desk-nav")).to_be_visible()
        site.signed_in[email] = page.context.cookies()


def test_staff_print_a_bundle_watch_it_and_download_a_zip_that_verifies(
    desk: Page, site: Site, tmp_path: Path
) -> None:
    site.leave_letters(5)
    sign_in(desk, site, "samir@example.org")
    desk.goto(f"{site.url}/desk/")
    desk.get_by_role("link", name="Letters and bundles").first.click()
    desk.locator(".waiting span", has_text="UA 58/20").get_by_role("link").click()
    main_button(desk)
    # The page follows the printing by itself: nothing is reloaded here.
    download = desk.locator("form[action$='/download'] button")
    download.wait_for(timeout=120_000)
    with desk.expect_download() as started:
        download.click()
    path = tmp_path / started.value.suggested_filename
    started.value.save_as(path)
    assert path.name == "UA-58-20_mexico-ottawa_001.zip"
    verified = site.command("verify", str(path))
    assert (verified.returncode, verified.stderr) == (0, "")

    again = site.command("bundle", "ua-58-20", "--mission", "mexico-ottawa", "--out", str(tmp_path))
    assert again.returncode == 1
    assert "Traceback" not in again.stderr
    assert list(tmp_path.glob("*_002.zip")) == []


def test_what_a_request_says_of_its_own_address_stands_on_no_page(site: Site) -> None:
    host = site.url.removeprefix("http://")
    for headers in (
        {"SCRIPT_NAME": "//evil.example"},
        {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-Proto": "https", "X-Forwarded-Ssl": "off"},
    ):
        connection = http.client.HTTPConnection(host, timeout=10)
        connection.putrequest("GET", "/en/actions/ua-58-20", skip_host=False)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        assert answer.status in {200, 400}, headers
        assert b"evil" not in body
        assert b"https://127" not in body


def test_the_keyboard_alone_reaches_the_letter(desk: Page, site: Site) -> None:
    desk.goto(f"{site.url}/en/actions/ua-58-20")
    desk.keyboard.press("Tab")
    focused = desk.evaluate("document.activeElement.className")
    assert focused == "skip"
    for _ in range(30):
        desk.keyboard.press("Tab")
        if "button" in desk.evaluate("document.activeElement.className"):
            break
    desk.keyboard.press("Enter")
    expect(desk).to_have_url(re.compile("/write$"))
