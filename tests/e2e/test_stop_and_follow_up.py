"""The desk ends and goes on: a stop while a bundle is being printed, and further information."""

import re
from email import message_from_bytes, policy

import pytest
from playwright.sync_api import Browser, Page, expect

from campaign.bundles.volumes import print_queue
from tests.e2e.axe import assert_accessible
from tests.e2e.conftest import Site
from tests.e2e.test_letter_to_bundle import main_button, sign_in

REASON = "The family asked us to stop: another letter would put them at risk."

pytestmark = pytest.mark.e2e


def test_an_action_goes_on_with_further_information_and_its_signers_hear_of_it(
    desk: Page, browser: Browser, site: Site
) -> None:
    sign_in(desk, site, "olivia@example.org")
    desk.goto(f"{site.url}/desk/campaigns/ua-58-20")
    desk.get_by_role("link", name="Create a follow-up action").click()
    assert_accessible(browser, desk)
    desk.locator("[name=reference]").fill("UA 90/26")
    main_button(desk)
    expect(desk.locator("h1")).to_be_visible()

    # Rehearsed, and marked, before anybody else knows of it.
    desk.goto(f"{site.url}/desk/campaigns/ua-90-26/rehearsal")
    desk.locator("[name=people]").fill("3")
    desk.get_by_role("button", name="Add signatures").click()
    signed = desk.get_by_text("3 invented people have signed.")
    for _ in range(60):
        if signed.count():
            break
        desk.wait_for_timeout(250)
        desk.reload()
    expect(signed).to_be_visible()
    assert_accessible(browser, desk)
    desk.locator("a[href$='letter=es']").click()
    expect(desk.locator(".rehearsal")).to_be_visible()
    # With its watermark, which comes a moment later.
    expect(desk.locator("#live .letter-specimen")).to_be_attached()
    assert_accessible(browser, desk)
    public = desk.context.request.get(f"{site.url}/en/actions/ua-90-26")
    assert public.status == 404

    desk.goto(f"{site.url}/desk/campaigns/ua-90-26/status?to=scheduled")
    assert_accessible(browser, desk)
    desk.goto(f"{site.url}/desk/campaigns/ua-90-26/status?to=open")
    assert_accessible(browser, desk)
    # The demo has compared no address with the embassy’s website.
    desk.get_by_role("link", name="Check the mission").click()
    desk.get_by_role("button", name="Save and mark as checked today").click()
    expect(desk.locator(".flash")).to_be_visible()
    desk.goto(f"{site.url}/desk/campaigns/ua-90-26/status?to=open")
    main_button(desk)
    expect(desk.locator("[name=copied_seen]")).to_have_attribute("aria-invalid", "true")
    assert_accessible(browser, desk)
    desk.locator("[name=copied_seen]").check()
    with desk.expect_navigation():
        main_button(desk)
    desk.goto(f"{site.url}/en/actions/ua-58-20")
    notice = desk.locator(".notice", has_text="There is a follow-up action")
    assert_accessible(browser, desk)
    notice.get_by_role("link").click()
    expect(desk).to_have_url(re.compile("/actions/ua-90-26$"))
    expect(desk.locator(".chain a")).to_have_attribute("href", re.compile("/actions/ua-58-20$"))
    assert "No one has written yet" in desk.content(), "who rehearsed is not counted"
    desk.goto(f"{site.url}/desk/campaigns/ua-90-26/rehearsal")
    expect(desk.locator("main")).to_contain_text("We deleted the rehearsal.")

    for _ in range(120):
        subjects = [_subject(path.read_bytes()) for path in site.mails()]
        if any("Please write again" in subject for subject in subjects):
            break
        desk.wait_for_timeout(250)
    assert any("Please write again" in subject for subject in subjects)


def _subject(mail: bytes) -> str:
    return str(message_from_bytes(mail, policy=policy.default)["Subject"])


def test_a_stop_reaches_a_bundle_that_is_being_printed(
    desk: Page, browser: Browser, site: Site
) -> None:
    bundle_id, public_id = site.freeze()
    with site.entered():
        assert print_queue.claim_next(bundle_id) is not None, "the press, which takes its time"
    sign_in(desk, site, "samir@example.org")
    bundle = f"{site.url}/desk/bundles/{public_id}"
    desk.goto(bundle)
    expect(desk.locator("#progress-title")).to_have_text("Printing the letters")

    writer = browser.new_page()
    writer.goto(f"{site.url}/en/actions/ua-58-20/write")
    writer.locator("[name=own_words]").fill("I know her sister.")
    main_button(writer)
    expect(writer.locator("[name=given_name]")).to_be_visible()

    other = browser.new_page()
    sign_in(other, site, "olivia@example.org")
    other.goto(f"{site.url}/desk/campaigns/ua-58-20/status?to=stopped")
    other.locator("[name=kind][value=harm]").check()
    other.locator("[name=reason_en]").fill(REASON)
    other.get_by_role("button", name="Stop the campaign").click()
    expect(other.locator("main")).to_contain_text(REASON)
    other.close()

    # The page that says that nothing was kept is right about the browser as well.
    writer.locator("[name=given_name]").fill("Guy")
    main_button(writer)
    expect(writer.locator("main")).to_contain_text("we did not keep it")
    left = "Object.keys(sessionStorage).concat(Object.keys(localStorage))"
    kept = [key for key in writer.evaluate(left) if key.startswith(("step:", "draft:"))]
    assert kept == []
    writer.close()

    # Whatever was being printed ends, and none of it can be fetched.
    desk.goto(bundle)
    expect(desk.locator("main")).to_contain_text(REASON)
    expect(desk.locator("form[action$='/download']")).to_have_count(0)
    assert_accessible(browser, desk)
    expect(desk.locator("main")).to_contain_text("We are not printing this bundle")
    desk.goto(f"{site.url}/fr/actions/ua-58-20")
    expect(desk.locator(".notice.is-alarm")).to_contain_text(REASON)
    expect(desk.locator(".call .button")).to_have_count(0)
    assert_accessible(browser, desk)
    refused = site.command("bundle", "ua-58-20", "--mission", "mexico-ottawa", "--out", "/tmp")
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
