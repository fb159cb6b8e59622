"""Staff put a bundle together in three steps, look at a proof, freeze, and download."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from campaign.bundles.verifying import verify_copy
from tests.e2e.axe import assert_accessible
from tests.e2e.conftest import Site

pytestmark = pytest.mark.e2e
_PATIENCE = 120_000


def sign_in(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/desk/bundles/")
    page.locator("[name=email]").fill("samir@example.org")
    page.locator("[name=password]").fill(site.password)
    press(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Bundles")


def press(page: Page) -> None:
    """The one main button."""
    main = page.locator("main .button")
    expect(main).to_have_count(1)
    main.click()


def settled(page: Page) -> None:
    """Until every bundle is printed; without scripts the page itself asks again."""
    expect(page.get_by_text("Open a bundle to download it.")).to_be_visible(timeout=_PATIENCE)


@pytest.mark.parametrize("page", ["desk"], indirect=True)  # with them
def test_two_campaigns_travel_together_from_the_first_step_to_the_download(
    page: Page, browser: Browser, site: Site, tmp_path: Path
) -> None:
    for slug in ("ua-58-20", "coloradas-de-la-virgen"):
        site.command("synth", slug, "--signatures", "12")
    sign_in(page, site)
    assert_accessible(browser, page)
    page.get_by_role("link", name="Make bundles Embassy of Mexico in Ottawa").click()
    expect(page.locator(".steps [aria-current=step]")).to_have_text("Letters")
    page.get_by_role("checkbox", name=re.compile("Las madres")).uncheck()
    page.get_by_role("checkbox", name=re.compile("Ayotzinapa")).uncheck()
    page.get_by_role("checkbox", name=re.compile("^French")).uncheck()
    assert_accessible(browser, page)
    press(page)
    expect(page.locator(".steps [aria-current=step]")).to_have_text("Paper")
    page.get_by_role("radio", name="By family name").check()
    page.get_by_role("radio", name="A4 – DIN 5008 form B, window on the left").check()
    page.get_by_role("checkbox", name="Print on both sides").check()
    page.get_by_label("Letters in a volume, at most").fill("7")
    page.get_by_label("Language of the cover letter and the lists").select_option("es")
    assert_accessible(browser, page)
    press(page)
    expect(page.locator(".steps [aria-current=step]")).to_have_text("Check")
    main = page.locator("main")
    expect(main).to_contain_text("Waiting, in a language that is not chosen")
    expect(main).to_contain_text("Waiting, of a campaign that is not chosen")
    expect(main).to_contain_text("Both, each letter on a fresh sheet")
    assert_accessible(browser, page)
    page.get_by_role("link", name="Look at a proof first").click()
    expect(main).to_contain_text("Letter 00001")
    assert_accessible(browser, page)
    page.get_by_role("link", name="Back to the check").click()
    press(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Embassy of Mexico in Ottawa")
    settled(page)
    assert_accessible(browser, page)
    page.get_by_role("link", name=re.compile("^UA 58")).click()
    expect(main).to_contain_text("It travels with")
    assert_accessible(browser, page)
    with page.expect_download() as download:
        press(page)
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    result = verify_copy(path)
    assert result.findings == []
    assert result.pages == 2 * result.letters > 0


def test_the_proof_opens_as_a_pdf(desk: Page, site: Site) -> None:
    sign_in(desk, site)
    desk.goto(f"{site.url}/desk/bundles/new/proof?mission=mexico-ottawa&campaign=mothers-day-cards")
    form = desk.locator("main form").first
    values = form.evaluate("form => new URLSearchParams(new FormData(form)).toString()")
    answer = desk.request.post(
        f"{site.url}/desk/bundles/new/proof",
        data=values,
        headers={"Content-Type": "application/x-www-form-urlencoded", "Origin": site.url},
    )
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.body().startswith(b"%PDF-")
