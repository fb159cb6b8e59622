"""What is typed at the desk outlives a closed tab; two who save at once see both texts."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.axe import assert_accessible
from tests.e2e.conftest import Site, hold_request
from tests.e2e.test_letter_to_bundle import sign_in

pytestmark = pytest.mark.e2e

PAGES = [
    ("/desk/campaigns/new", "person_name"),
    ("/desk/campaigns/ua-58-20/risks", "witness"),
    ("/desk/replies/campaigns/ua-58-20/new", "text"),
]

_PAUSE = 1600  # ms, after which what was typed is kept

_COUNT_REQUESTS = """() => {
  const send = window.fetch;
  window.requests = 0;
  window.fetch = (...parts) => { window.requests += 1; return send(...parts); };
}"""


@pytest.mark.parametrize(("path", "field"), PAGES)
def test_what_is_typed_is_offered_again_after_the_tab_was_closed(
    desk: Page, site: Site, path: str, field: str
) -> None:
    sign_in(desk, site, "olivia@example.org")
    desk.clock.install()
    desk.goto(f"{site.url}{path}")
    desk.locator(f"[name={field}]").fill("Half a word")
    desk.clock.run_for(_PAUSE)
    expect(desk.locator(".autosaved")).to_contain_text("Draft kept at")
    kept = desk.locator(".autosaved").inner_text()
    again = desk.context.new_page()
    desk.close()
    again.goto(f"{site.url}{path}")
    expect(again.locator(".draft-offer")).to_contain_text("did not save it")
    assert 0 <= _minutes(kept) - _minutes(again.locator(".draft-offer").inner_text()) <= 1
    again.get_by_role("link", name="Continue with this text").click()
    expect(again.locator(f"[name={field}]")).to_have_value("Half a word")
    again.goto(f"{site.url}{path}")
    again.get_by_role("button", name="Delete this text").click()
    expect(again.locator(".draft-offer")).to_have_count(0)


def _minutes(text: str) -> int:
    """Of the day, of the only time that is said."""
    [(hours, minutes)] = re.findall(r"(\d\d):(\d\d)", text)
    return int(hours) * 60 + int(minutes)


def test_the_second_of_two_tabs_is_told_and_shown_both_texts(
    desk: Page, browser: Browser, site: Site
) -> None:
    sign_in(desk, site, "olivia@example.org")
    path = f"{site.url}/desk/campaigns/ua-58-20/reach"
    second = desk.context.new_page()
    desk.clock.install()  # of both tabs
    for tab in (desk, second):
        tab.goto(path)
    desk.locator("[name=hosts]").fill("first.example.org")
    desk.clock.run_for(_PAUSE)
    expect(desk.locator(".autosaved")).to_contain_text("Draft kept at")
    desk.locator("[name=hosts]").fill("first.example.net")
    expect(second.get_by_role("button", name="See both texts")).to_be_hidden()
    second.locator("[name=hosts]").fill("second.example.org")
    desk.clock.run_for(_PAUSE)
    expect(second.locator(".autosaved")).to_contain_text("Another tab has newer text")
    second.get_by_role("button", name="See both texts").click()
    expect(second.locator(".draft-other")).to_contain_text("first.example.")
    expect(second.locator("[name=hosts]")).to_have_value("second.example.org")
    assert_accessible(browser, second)
    second.get_by_role("button", name="Keep my text as the draft").click()
    second.get_by_role("button", name="Delete this text").click()
    expect(second.locator(".draft-offer")).to_have_count(0)


def test_who_saves_second_sees_what_stands_now(desk: Page, browser: Browser, site: Site) -> None:
    sign_in(desk, site, "olivia@example.org")
    path = f"{site.url}/desk/campaigns/ua-58-20/risks"
    desk.goto(path)
    second = desk.context.new_page()
    second.goto(path)
    second.locator("[name=place]").fill("Planted place")
    second.get_by_role("button", name="Save the risk flags").click()
    expect(second.locator(".flash")).to_contain_text("saved")
    desk.locator("[name=witness]").fill("Planted name")
    desk.get_by_role("button", name="Save the risk flags").click()
    expect(desk.locator(".error-summary")).to_contain_text(
        "Someone saved this page while you were editing it"
    )
    expect(desk.locator(".stands-now").nth(1)).to_contain_text("Planted place")
    assert_accessible(browser, desk)


def test_what_was_saved_or_only_looked_for_is_no_draft(desk: Page, site: Site) -> None:
    sign_in(desk, site, "olivia@example.org")
    path = f"{site.url}/desk/campaigns/ua-58-20/targets"
    desk.clock.install()
    desk.goto(path)
    with desk.expect_response(lambda answer: answer.url.endswith("q=Governor")):
        desk.locator("#q").press_sequentially("Governor", delay=20)
    expect(desk.locator("#officials-found")).not_to_be_empty()
    desk.locator("#q").press("Enter")
    expect(desk.locator(".draft-offer")).to_have_count(0)
    on_its_way = hold_request(desk, "**/drafts/targets/-")
    with desk.expect_request("**/drafts/targets/-"):
        desk.locator("[name=mission]").select_option("")
        desk.clock.run_for(_PAUSE)
    desk.get_by_role("button", name="Save the recipients").click()
    on_its_way[0].continue_()
    expect(desk.locator(".flash")).to_contain_text("saved")
    desk.goto(path)
    expect(desk.locator(".draft-offer")).to_have_count(0)


def test_an_older_text_does_not_land_after_a_newer_one(desk: Page, site: Site) -> None:
    sign_in(desk, site, "olivia@example.org")
    desk.clock.install()
    path = f"{site.url}/desk/campaigns/ua-58-20/reach"
    desk.goto(path)
    field = desk.locator("[name=hosts]")
    drafts = "**/drafts/reach/-"
    on_its_way = hold_request(desk, drafts)
    desk.evaluate(_COUNT_REQUESTS)
    field.fill("older.example.org")
    with desk.expect_request(drafts):
        desk.clock.run_for(_PAUSE)
    field.fill("newer.example.org")
    desk.clock.run_for(_PAUSE)
    assert desk.evaluate("requests") == 1
    with desk.expect_response(lambda answer: "newer" in (answer.request.post_data or "")):
        on_its_way[0].continue_()
    desk.goto(path)
    desk.get_by_role("link", name="Continue with this text").click()
    expect(field).to_have_value("newer.example.org")
    desk.goto(path)
    with desk.expect_response("**/drafts/reach/-/drop"):
        desk.get_by_role("button", name="Delete this text").click()


def test_saving_waits_also_for_the_request_before_the_one_of_leaving(
    desk: Page, site: Site
) -> None:
    sign_in(desk, site, "olivia@example.org")
    desk.clock.install()
    path = f"{site.url}/desk/campaigns/ua-58-20/reach"
    desk.goto(path)
    field = desk.locator("[name=hosts]")
    before = field.input_value()
    drafts = "**/drafts/reach/-"
    on_its_way = hold_request(desk, drafts)
    field.fill("older.example.org")
    with desk.expect_request(drafts):
        desk.clock.run_for(_PAUSE)
    field.fill("newer.example.org")
    with desk.expect_response(lambda answer: "newer" in (answer.request.post_data or "")):
        desk.evaluate(
            """() => {
              Object.defineProperty(document, "visibilityState", { value: "hidden" });
              document.dispatchEvent(new Event("visibilitychange"));
            }"""
        )
    expect(desk.locator(".autosaved")).to_contain_text("Draft kept at")
    saved: list[str] = []
    desk.on("request", lambda asked: saved.append(asked.url) if asked.url == path else None)
    save = desk.locator("form[data-autosave] button[type=submit]:visible").last
    save.click()
    desk.evaluate("document.title")
    assert saved == [], "an older text is still on its way"
    on_its_way[0].continue_()
    expect(desk.locator(".flash")).to_contain_text("saved")
    desk.goto(path)
    expect(field).to_have_value("newer.example.org")
    expect(desk.locator(".draft-offer")).to_have_count(0)
    field.fill(before)
    save.click()
    expect(desk.locator(".flash")).to_contain_text("saved")


def test_what_is_put_back_as_it_was_leaves_no_draft(desk: Page, site: Site) -> None:
    sign_in(desk, site, "olivia@example.org")
    path = f"{site.url}/desk/campaigns/ua-58-20/reach"
    desk.clock.install()
    desk.goto(path)
    field = desk.locator("[name=hosts]")
    before = field.input_value()
    field.fill("half.example.org")
    desk.clock.run_for(_PAUSE)
    expect(desk.locator(".autosaved")).to_contain_text("Draft kept at")
    with desk.expect_response("**/drafts/reach/-/drop"):
        field.fill(before)
        desk.clock.run_for(_PAUSE)
    desk.goto(path)
    expect(desk.locator(".draft-offer")).to_have_count(0)
