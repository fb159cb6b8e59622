"""Staff put a bundle together in three steps, look at a proof, freeze, and download."""

import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from campaign.bundles.documents.verify import verify_copy
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


def test_two_campaigns_travel_together_from_the_first_step_to_the_download(
    desk: Page, browser: Browser, site: Site, tmp_path: Path
) -> None:
    site.leave_letters(9)  # as many as fill two volumes without the French ones
    sign_in(desk, site)
    assert_accessible(browser, desk)
    desk.get_by_role("link", name="Make bundles Embassy of Mexico in Ottawa").click()
    expect(desk.locator(".steps [aria-current=step]")).to_have_text("Letters and cards")
    desk.get_by_role("checkbox", name=re.compile("mothers of the disappeared")).uncheck()
    desk.get_by_role("checkbox", name=re.compile("Ayotzinapa")).uncheck()
    desk.get_by_role("checkbox", name=re.compile("^French")).uncheck()
    assert_accessible(browser, desk)
    press(desk)
    expect(desk.locator(".steps [aria-current=step]")).to_have_text("Paper")
    desk.get_by_role("radio", name="By family name").check()
    desk.get_by_role("radio", name="A4 – DIN 5008 form B, window on the left").check()
    desk.get_by_role("checkbox", name="Print on both sides").check()
    desk.get_by_label("Maximum in one volume").fill("5")
    desk.get_by_label("Language of the cover letter and lists").select_option("es")
    assert_accessible(browser, desk)
    press(desk)
    expect(desk.locator(".steps [aria-current=step]")).to_have_text("Check")
    main = desk.locator("main")
    expect(main).to_contain_text("Waiting, in a language you did not choose")
    expect(main).to_contain_text("Waiting, in a campaign you did not choose")
    expect(main).to_contain_text("Both, each letter on its own sheet")
    assert_accessible(browser, desk)
    desk.get_by_role("link", name="Check a proof").click()
    expect(main).to_contain_text("Letter 00001")
    assert_accessible(browser, desk)
    desk.get_by_role("link", name="Back to the check").click()
    press(desk)
    expect(desk.get_by_role("heading", level=1)).to_have_text("Embassy of Mexico in Ottawa")
    settled(desk)
    assert_accessible(browser, desk)
    desk.get_by_role("link", name=re.compile("^UA 58")).click()
    expect(main).to_contain_text("Prepared together with")
    assert_accessible(browser, desk)
    with desk.expect_download() as download:
        press(desk)
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    result = verify_copy(path)
    assert result.findings == []
    assert result.pages == 2 * result.letters > 0
    check_copies(desk, path, tmp_path)
    assert_accessible(browser, desk)


def check_copies(page: Page, path: Path, folder: Path) -> None:
    """The ZIP, one that was packed again, and a folder in which something is wrong."""
    chosen, status = (
        page.get_by_label("The ZIP file, or all files"),
        page.locator(".copy [role=status]"),
    )
    chosen.set_input_files(path)
    expect(status).to_contain_text("The copy is complete.")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    files = sorted((folder / path.stem).iterdir())
    again = folder / "again.zip"
    with zipfile.ZipFile(again, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, f"{path.stem}/{file.name}")
    chosen.set_input_files(again)
    expect(status).not_to_contain_text("Checking the copy")
    expect(status).to_contain_text("The copy is complete.")
    first, second = (folder / path.stem / f"letters-00{number}.pdf" for number in (1, 2))
    first.rename(folder / "aside")
    second.rename(first)
    (folder / "aside").rename(second)
    labels = folder / path.stem / "labels.pdf"
    labels.write_bytes(labels.read_bytes()[:-1] + b"?")
    chosen.set_input_files([file for file in files if file.name != "cover-letter.pdf"])
    expect(status).to_contain_text("The copy is not complete")
    for words in (
        "letters-001.pdf is in fact letters-002.pdf. The two files are mixed up.",
        "labels.pdf is damaged or from an earlier printing.",
        "cover-letter.pdf is missing.",
    ):
        expect(status).to_contain_text(words)
    chosen.set_input_files({"name": "x.zip", "mimeType": "application/zip", "buffer": b"PK"})
    expect(status).to_contain_text("x.zip is not a complete ZIP file")
