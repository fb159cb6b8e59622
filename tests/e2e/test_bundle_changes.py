"""Staff write a cover letter's words, print a bundle again, and give one up."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.axe import assert_accessible
from tests.e2e.conftest import Site
from tests.e2e.test_letter_to_bundle import main_button, sign_in

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("page", ["phone"], indirect=True)  # without scripts
def test_staff_print_a_bundle_again_and_give_another_up(
    page: Page, browser: Browser, site: Site, tmp_path: Path
) -> None:
    assert site.command("synth", "coloradas-de-la-virgen", "--signatures", "3").returncode == 0
    made = site.command(
        "bundle",
        "coloradas-de-la-virgen",
        "--mission",
        "mexico-ottawa",
        "--out",
        str(tmp_path),
        "--json",
    )
    assert made.returncode == 0, made.stderr
    facts = json.loads(made.stdout)
    first = Path(facts["zip"]).read_bytes()
    bundle = f"{site.url}/desk/bundles/{facts['bundle']}"
    sign_in(page, site, "samir@example.org")
    page.goto(bundle)
    assert_accessible(browser, page)

    page.get_by_role("link", name="Print again").click()
    assert_accessible(browser, page)
    main_button(page)
    expect(page.get_by_role("alert")).to_contain_text("Enter a reason.")
    page.locator("[name=reason]").fill("The printer tore some sheets.")
    with page.expect_download() as download:
        main_button(page)
    assert Path(download.value.path()).read_bytes() == first
    page.go_back()

    page.goto(f"{site.url}/desk/bundles/missions/mexico-ottawa/cover/en")
    assert_accessible(browser, page)
    page.locator("[name=body]").fill("We bring ((lettters)).")
    main_button(page)
    expect(page.get_by_role("alert")).to_contain_text("((lettters)) is not a placeholder")
    page.locator("[name=body]").fill("We bring ((letters)).\n\n((counts))")
    main_button(page)
    expect(page.locator("main")).to_contain_text("This mission has its own text.")
    page.get_by_role("button", name="Use the standard text again").click()
    expect(page.locator("main")).to_contain_text("This is the standard text.")

    page.goto(bundle)
    expect(page.locator("main")).to_contain_text("The printer tore some sheets.")
    page.get_by_role("link", name="Cancel this bundle").click()
    assert_accessible(browser, page)
    page.locator("[name=reason]").fill("A second official was forgotten.")
    page.get_by_role("button", name="Cancel this bundle").click()
    expect(page.locator("main")).to_contain_text("This bundle was cancelled")
    assert_accessible(browser, page)
