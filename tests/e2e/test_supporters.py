"""What becomes of a letter, and of a place in the network, in a real browser."""

import csv
import io
import re
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlencode
from zipfile import ZipFile

import pytest
from altcha import create_challenge, verify_solution
from playwright.sync_api import Browser, Locator, Page, expect

from campaign.bundles.documents.verify import verify_copy
from tests.e2e.axe import assert_accessible
from tests.e2e.conftest import Site
from tests.e2e.mails import link_in, mail_to
from tests.e2e.test_letter_to_bundle import main_button, sign_in

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
    assert_accessible(browser, page)
    page.locator("[name=email]").fill(address)
    main_button(page)
    assert address not in page.content()
    page.goto(link_in(mail_to(site, page, address, "letters"), "/en/my-letters/"))
    assert_accessible(browser, page)
    page.locator("main .list a").first.click()
    expect(page.locator("article.letter")).to_contain_text(FORM["own_words"])
    assert_accessible(browser, page)

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
    assert_accessible(browser, page)
    page.locator("[name=email]").fill(address)
    page.locator("input[type=checkbox][name*=consent]").check()
    with page.expect_navigation():
        main_button(page)
    page.goto(link_in(mail_to(site, page, address, "."), "/en/network/"))
    assert_accessible(browser, page)
    main_button(page)
    assert_accessible(browser, page)


def test_a_letter_is_followed_to_the_gate(desk: Page, browser: Browser, site: Site) -> None:
    address = "follower@example.org"
    post(site, f"{CASE}/sign", **FORM, email=address, consent_updates="y")
    letter = link_in(mail_to(site, desk, address, "letter"), "/en/letter/")
    desk.goto(letter)
    main_button(desk)
    site.make_bundle()
    desk.goto(letter)
    expect(desk.locator(".timeline")).to_contain_text(re.compile("as letter [0-9]{5}"))

    sign_in(desk, site, "samir@example.org")
    desk.goto(f"{site.url}/desk/bundles/")
    desk.locator("a[href^='/desk/bundles/']", has_text="UA 58/20").last.click()
    desk.get_by_role("link", name="Record a delivery").click()
    assert_accessible(browser, desk)
    desk.locator("[name=outcome][value=accepted]").check()
    main_button(desk)
    desk.get_by_role("link", name="Publish").click()
    desk.locator("[name=title_en]").fill("Letters handed over in Ottawa")
    main_button(desk)

    mail = mail_to(site, desk, address, "delivered")
    assert re.search("[0-9]{5}", mail.get_body(("plain",)).get_content())  # type: ignore[union-attr]
    desk.goto(letter)
    expect(desk.locator(".timeline .is-done", has_text="Delivered")).to_be_visible()
    assert_accessible(browser, desk)


@pytest.mark.parametrize("page", ["desk"], indirect=True)  # with scripts
def test_a_poster_and_a_card(page: Page, browser: Browser, site: Site) -> None:
    page.goto(f"{site.url}{CASE}?from=poster")
    page.locator(".call .button").first.click()
    expect(page.locator("[name=source]")).to_have_value("poster")

    page.goto(f"{site.url}/en/")
    page.locator("main a[href*='/actions/']", has_text=re.compile("[Mm]other")).first.click()
    page.locator(".call .button").first.click()
    page.locator("[name=own_words]").fill("We think of you on this day.")
    assert_accessible(browser, page)
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


def write_and_confirm(site: Site, page: Page, name: str, address: str) -> None:
    """Somebody signs a letter."""
    post(site, f"{CASE}/sign", **{**FORM, "given_name": name, "email": address})
    page.goto(link_in(mail_to(site, page, address, "letter"), "/en/letter/"))
    main_button(page)
    expect(page.locator(".timeline .is-done").first).to_be_visible()


def take_back(site: Site, page: Page, address: str) -> None:
    """The only letter of that address, by the link that is mailed to it."""
    post(site, "/en/my-letters", email=address)
    page.goto(link_in(mail_to(site, page, address, "letters"), "/en/my-letters/"))
    page.locator("main .list a").first.click()
    page.get_by_role("link", name="Withdraw this letter").click()
    expect(page.locator("main")).to_contain_text("It is already printed.")
    page.get_by_role("button", name="Withdraw this letter").click()
    expect(page.locator("main")).to_contain_text("Withdrawn")


def freeze_all(desk: Page, site: Site, reference: str) -> None:
    """By the wizard, all that waits of a campaign; on the page of its bundle, once it is ready."""
    desk.goto(f"{site.url}/desk/bundles/")
    desk.locator(".waiting span", has_text=reference).get_by_role("link").click()
    main_button(desk)
    download_button(desk).wait_for(timeout=120_000)


def download_button(desk: Page) -> Locator:
    return desk.locator("form[action$='/download'] button")


def names_in_download(desk: Page, folder: Path) -> list[str]:
    """Who stands in the list of the bundle, which is downloaded and verified."""
    with desk.expect_download() as started:
        download_button(desk).click()
    path = folder / started.value.suggested_filename
    started.value.save_as(path)
    assert verify_copy(path).findings == []
    with ZipFile(path) as bundle:
        (name,) = [one for one in bundle.namelist() if one.endswith("/signatures.csv")]
        rows = csv.DictReader(io.StringIO(bundle.read(name).decode("utf-8-sig"), newline=""))
        return sorted(row["name"] for row in rows)


def test_late_letters_make_a_supplementary_bundle_and_one_that_is_taken_back_leaves_it(
    desk: Page, browser: Browser, site: Site, tmp_path: Path
) -> None:
    supporter = browser.new_context().new_page()
    sign_in(desk, site, "samir@example.org")
    site.make_bundle(signatures=1)
    write_and_confirm(site, supporter, "Wanda", "wanda@example.org")
    write_and_confirm(site, supporter, "Zoltan", "zoltan@example.org")
    freeze_all(desk, site, "UA 58/20")
    expect(desk.locator(".kicker")).to_contain_text("Supplementary bundle")
    assert names_in_download(desk, tmp_path) == ["Wanda Example", "Zoltan Example"]

    take_back(site, supporter, "wanda@example.org")
    supporter.context.close()

    desk.reload()
    # The worker does it within minutes; here nobody waits for it.
    again = desk.get_by_role("button", name="Remake the volumes now")
    if again.count():
        expect(download_button(desk)).to_have_count(0)
        assert_accessible(browser, desk)
        again.click()
    download_button(desk).wait_for(timeout=120_000)
    main = desk.locator("main")
    expect(main).to_contain_text("1 letter was removed")
    expect(main).to_contain_text(
        re.compile("Letter [0-9]{5}, volume 001, page [0-9]+ – in the print of .+ – Withdrawn")
    )
    assert_accessible(browser, desk)
    assert names_in_download(desk, tmp_path) == ["Zoltan Example"]
    verified = site.command("verify", *map(str, tmp_path.glob("*.zip")))
    assert (verified.returncode, verified.stderr) == (0, "")
