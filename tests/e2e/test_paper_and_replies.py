"""Signatures keyed in without a mouse; a reply that is published without its secret."""

import io
import re

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, expect

from tests.days import days_ago
from tests.e2e.axe import assert_accessible
from tests.e2e.conftest import Site

pytestmark = pytest.mark.e2e
SECRET = "Rosalinda Quebrada"
NAMES = ("Noor", "Émile", "Zoë", "Ana", "José", "Łucja")


def sign_in(page: Page, site: Site, email: str) -> None:
    page.goto(f"{site.url}/desk/")
    page.fill("[name=email]", email)
    page.fill("[name=password]", site.password)
    page.keyboard.press("Enter")
    expect(page.locator(".desk-nav")).to_be_visible()


def scan_of_a_sheet() -> dict[str, object]:
    picture = Image.new("RGB", (1000, 700), "white")
    draw = ImageDraw.Draw(picture)
    for row in range(20):
        draw.line((40, 60 + row * 30, 960, 60 + row * 30), fill="black")
    out = io.BytesIO()
    picture.save(out, "PNG")
    return {"name": "sheet.png", "mimeType": "image/png", "buffer": out.getvalue()}


def test_rows_are_keyed_in_by_keyboard(desk: Page, browser: Browser, site: Site) -> None:
    sign_in(desk, site, "samir@example.org")
    desk.goto(f"{site.url}/desk/paper/new")
    desk.select_option("[name=campaign]", "ua-58-20")
    desk.fill("[name=collected_on]", days_ago(5).isoformat())
    desk.select_option("[name=locale]", "es")
    desk.fill("[name=rows_by_hand]", str(len(NAMES)))
    desk.set_input_files("[name=scan]", scan_of_a_sheet())  # type: ignore[arg-type]
    desk.locator("main form .button").click()
    expect(desk.locator("#given_name-0")).to_be_focused()
    expect(desk.locator(".scan img")).to_be_visible()
    keys = desk.keyboard
    keys.press("Enter")
    expect(desk.locator("#nothing-keyed")).to_be_visible()
    for number, name in enumerate(NAMES):
        if number == 3:
            key_in(desk, "", "Nobody", "A code", wrong=True)
            expect(desk.locator("#postal_code-0")).to_be_focused()
            keys.type("K1P 1A4")
            keys.press("Enter")
        else:
            town = "Gatineau" if number == 0 else ""
            key_in(desk, name, f"Tester {chr(65 + number)}", "K1P 1A4", town=town)
        expect(desk.locator("#given_name-0")).to_be_focused()
    expect(desk.locator("#keyed")).to_contain_text(re.compile(rf"^\s*{len(NAMES)} rows count"))
    expect(desk.locator("#keyed")).to_contain_text("same as the hand count")
    expect(desk.locator("#nothing-keyed")).to_be_hidden()
    expect(desk.locator("#locality-0")).to_have_value("Gatineau")
    keys.press("ArrowUp")
    expect(desk.locator("#family_name-0")).to_have_value("Tester F")
    keys.press("Tab")
    keys.type("Tester Z")
    keys.press("Enter")
    expect(desk.locator("#keyed")).to_contain_text("Tester Z")
    key_in(desk, "noor", "tester a", '"')
    expect(desk.locator("#keyed")).to_contain_text("Also signed on paper")
    desk.reload()
    assert_accessible(browser, desk)


def key_in(
    page: Page, given: str, family: str, code: str, *, town: str = "", wrong: bool = False
) -> None:
    """A row, as hands do it: Tab from field to field, Enter at its end."""
    keys = page.keyboard
    for at, text in enumerate((given, family, town, code)):
        if at:
            keys.press("Tab")
        if text:
            keys.type(text)
    for _ in range(4):
        keys.press("Tab")
    keys.press("Enter")
    if wrong:
        page.wait_for_selector("[aria-invalid]")


def test_a_reply_is_logged_redacted_and_published(desk: Page, browser: Browser, site: Site) -> None:
    sign_in(desk, site, "olivia@example.org")
    desk.goto(f"{site.url}/desk/replies/campaigns/ua-58-20/new")
    desk.fill("[name=received_on]", "2026-11-02")
    desk.select_option("[name=language]", "es")
    text = desk.locator("textarea[name=text]")
    text.fill(f"La hermana, {SECRET}, está protegida.")
    text.evaluate(f"field => field.setSelectionRange(12, {12 + len(SECRET)})")
    desk.get_by_role("button", name="Black out the selection").first.click()
    expect(text).to_have_value(f"La hermana, [[{SECRET}]], está protegida.")
    desk.fill("[name=text_en]", f"The sister, [[{SECRET}]], is protected.")
    desk.set_input_files("[name=scan]", scan_of_a_sheet())  # type: ignore[arg-type]
    desk.locator("main form .button").last.click()
    desk.get_by_role("link", name="Black out parts of the scan").click()
    page = desk.locator(".bar-page img")
    expect(page).to_be_visible()
    box = page.bounding_box()
    assert box is not None
    desk.mouse.move(box["x"] + 20, box["y"] + 20)
    desk.mouse.down()
    desk.mouse.move(box["x"] + 200, box["y"] + 120, steps=4)
    desk.mouse.up()
    expect(desk.locator("svg rect")).to_have_count(1)
    # A bar that is being typed is none yet, and nothing to complain of.
    second = desk.locator(".bar-line").nth(1)
    second.locator("[name^=w-]").fill("10")
    expect(desk.locator("svg rect")).to_have_count(1)
    second.locator("[name^=w-]").fill("")
    assert_accessible(browser, desk)
    desk.locator("form.bars .button").click()
    expect(desk.locator("main")).to_contain_text("Preview: what everyone will read")
    assert SECRET not in desk.content()
    assert_accessible(browser, desk)
    desk.check("[name=checked]")
    desk.locator("main form .button").click()
    expect(desk.locator("main")).to_contain_text("Everyone can read this reply")
    assert_accessible(browser, desk)
    desk.goto(f"{site.url}/en/actions/ua-58-20")
    expect(desk.locator("#who + ul")).to_contain_text("Replied on 2 November 2026")
    expect(desk.locator(".timeline")).to_contain_text("is protected.")
    expect(desk.locator(".timeline .bar")).to_have_count(2)
    assert SECRET not in desk.content()
    assert_accessible(browser, desk)
