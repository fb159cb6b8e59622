"""Back, reload, and what led here: nothing that somebody typed is lost on the way."""

import re
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect
from sqlalchemy import select

from campaign.campaigns.content.options import set_letter_options
from campaign.campaigns.find_campaigns import get_campaign
from campaign.core import db
from campaign.models.signature import Signature
from tests.e2e.conftest import Site
from tests.e2e.mails import mail_to
from tests.e2e.test_letter_to_bundle import MAIN_BUTTON, main_button, sign_in

pytestmark = pytest.mark.e2e
CASE = "/en/actions/ua-58-20"
WORDS = "My sister has an escort as well; I know what one officer less means."
PARTNER = "https://partner.example/"


def give_details(page: Page, email: str) -> None:
    for name, value in (
        ("given_name", "Oumou"),
        ("family_name", "Example"),
        ("email", email),
        ("locality", "Halifax"),
    ):
        page.locator(f"[name={name}]").fill(value)
    page.locator("[name=country]").select_option("CA")
    page.locator("[name=disclosure][value=town]").check()


def sources(site: Site) -> list[str]:
    """What led to each signature, the newest last."""
    with site.entered(), db.reading() as session:
        return list(session.scalars(select(Signature.source).order_by(Signature.id)))


def test_back_forward_and_reload_bring_what_was_typed(desk: Page, site: Site) -> None:
    address = "back@example.org"
    desk.goto(f"{site.url}{CASE}/write")
    desk.locator("[name=own_words]").fill(WORDS)
    desk.locator("[name=points][type=checkbox]").last.uncheck()
    main_button(desk)
    give_details(desk, address)
    desk.reload()
    expect(desk.locator("[name=given_name]")).to_have_value("Oumou")
    expect(desk.locator("[name=disclosure][value=town]")).to_be_checked()
    main_button(desk)
    expect(desk.locator("article.letter")).to_contain_text(WORDS)
    desk.reload()
    expect(desk.locator("article.letter")).to_contain_text("Oumou Example")

    desk.go_back()
    expect(desk.locator("[name=email]")).to_have_value(address)
    desk.go_back()
    expect(desk.locator("textarea[name=own_words]")).to_have_value(WORDS)
    expect(desk.locator("[name=points][type=checkbox]").last).not_to_be_checked()
    desk.reload()
    expect(desk.locator("textarea[name=own_words]")).to_have_value(WORDS)
    main_button(desk)
    expect(desk.locator("[name=given_name]")).to_have_value("Oumou")
    main_button(desk)
    main_button(desk)
    expect(desk.locator("[data-mailbox]")).to_contain_text(address)  # from this tab alone
    mail_to(site, desk, address, "letter")

    # Signed: the tab and the browser have forgotten it.
    kept = desk.evaluate("Object.keys(sessionStorage).concat(Object.keys(localStorage))")
    assert [key for key in kept if key.startswith(("step:", "draft:"))] == []
    desk.goto(f"{site.url}{CASE}/write")
    expect(desk.locator("textarea[name=own_words]")).to_have_value("")


def test_back_after_a_form_that_was_refused_shows_the_step_that_was_mended(
    desk: Page, site: Site
) -> None:
    desk.goto(f"{site.url}{CASE}/write")
    desk.locator("[name=own_words]").fill("See www.example.org")
    main_button(desk)
    expect(desk.locator(".error-summary")).to_contain_text("www.example.org")
    desk.locator("[name=own_words]").fill(WORDS)
    main_button(desk)
    expect(desk.locator("[name=given_name]")).to_be_visible()
    give_details(desk, "nobody")
    main_button(desk)
    expect(desk.locator(".error-summary")).to_contain_text("complete email address")
    desk.locator("[name=email]").fill("mended@example.org")
    main_button(desk)
    expect(desk.locator("article.letter")).to_contain_text(WORDS)
    desk.go_back()
    expect(desk.locator("[name=email]")).to_have_value("mended@example.org")
    desk.go_back()
    expect(desk.locator("[name=given_name]")).to_be_visible()
    desk.go_back()
    expect(desk.locator("textarea[name=own_words]")).to_have_value(WORDS)


def test_what_is_typed_while_the_address_is_fitted_to_a_country_stays(
    desk: Page, site: Site
) -> None:
    desk.goto(f"{site.url}{CASE}/write")
    main_button(desk)
    expect(desk.locator("[name=locality]")).to_be_visible()  # or its page itself would be held
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    desk.route("**/you", hold)
    desk.locator("[name=locality]").fill("Hali")
    with desk.expect_request("**/you"):
        desk.locator("[name=country]").select_option("CA")
    desk.locator("[name=locality]").fill("Halifax")
    desk.locator("[name=postal_code]").fill("B3H 1A1")
    held[0].continue_()
    expect(desk.locator("datalist#regions option[value='Nova Scotia']")).to_be_attached()
    expect(desk.locator("[name=locality]")).to_have_value("Halifax")
    expect(desk.locator("[name=postal_code]")).to_have_value("B3H 1A1")


def test_a_country_chosen_before_the_scripts_came_fits_the_address(desk: Page, site: Site) -> None:
    """On a slow line a country may be chosen before the page has its scripts."""
    desk.goto(f"{site.url}{CASE}/write")
    held = hold_script(desk, "where")
    with desk.expect_request("**/where*.js*"):
        desk.locator(MAIN_BUTTON).first.click(no_wait_after=True)
    desk.locator("[name=country]").select_option("CA")
    held[0].continue_()
    expect(desk.locator("datalist#regions option[value='Nova Scotia']")).to_be_attached()
    expect(desk.locator("[name=country]")).to_have_value("CA")


def test_a_letter_that_was_begun_lives_as_long_as_its_tab_or_as_its_writer_ticks(
    desk: Page, site: Site
) -> None:
    def words_in(page: Page) -> Locator:
        page.goto(f"{site.url}{CASE}/write")
        return page.locator("textarea[name=own_words]")

    words_in(desk).fill(WORDS)
    expect(desk.locator(".draft-kept")).to_be_visible()
    expect(desk.get_by_label("Keep it in this browser for 30 days")).not_to_be_checked()
    desk.goto(f"{site.url}/en/")
    expect(words_in(desk)).to_have_value(WORDS)
    assert desk.evaluate("JSON.stringify(localStorage)") == "{}"
    another = desk.context.new_page()
    expect(words_in(another)).to_have_value("")
    desk.get_by_label("Keep it in this browser for 30 days").check()
    expect(words_in(desk)).to_have_value(WORDS)
    expect(words_in(another)).to_have_value(WORDS)
    expect(another.get_by_label("Keep it in this browser for 30 days")).to_be_checked()
    another.get_by_label("Keep it in this browser for 30 days").uncheck()
    expect(words_in(another)).to_have_value(WORDS)
    assert another.evaluate("JSON.stringify(localStorage)") == "{}"
    another.close()
    expect(words_in(desk)).to_have_value("")
    desk.locator("[name=own_words]").fill(WORDS)
    expect(desk.locator(".draft-kept")).to_be_visible()
    desk.get_by_role("button", name="Delete this draft").click()
    desk.goto(f"{site.url}{CASE}/write")
    expect(desk.locator("textarea[name=own_words]")).to_have_value("")


def hold_script(page: Page, name: str) -> list[Route]:
    """Let a script of pages that are opened from now on wait, as on a slow line."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(f"**/{name}*.js*", hold)
    return held


def write_before_scripts(page: Page, site: Site, words: str) -> None:
    """Open the letter, type, untick a point and go on while no script of the page has come."""
    hold_script(page, "")
    page.goto(f"{site.url}{CASE}/write", wait_until="commit")
    page.locator("textarea[name=own_words]").fill(words)
    page.locator("[name=points][type=checkbox]").last.uncheck()
    page.route("**/*.js*", lambda route: route.continue_())  # those of the pages to come
    with page.expect_navigation():
        page.locator(MAIN_BUTTON).first.click()


def expect_draft(page: Page, site: Site, words: str) -> None:
    """Open the letter anew."""
    page.goto(f"{site.url}{CASE}/write")
    expect(page.locator("textarea[name=own_words]")).to_have_value(words)


def list_kept(page: Page) -> list[str]:
    keys = page.evaluate("Object.keys(sessionStorage).concat(Object.keys(localStorage))")
    return [key for key in keys if key.startswith("draft:")]


def type_before_draft_script(page: Page, site: Site, words: str) -> None:
    """Type own words on the page that is asked for anew; then the draft's script comes."""
    held = hold_script(page, "draft")
    with page.expect_request("**/draft*.js*"):
        page.goto(f"{site.url}{CASE}/write", wait_until="commit")
    page.locator("textarea[name=own_words]").fill(words)
    held[0].continue_()
    expect(page.locator(".draft-kept")).to_be_visible()
    page.unroute_all()


def test_words_typed_before_the_scripts_came_are_in_the_draft(desk: Page, site: Site) -> None:
    write_before_scripts(desk, site, WORDS)
    expect(desk.locator("[name=given_name]")).to_be_visible()
    expect_draft(desk, site, WORDS)
    expect(desk.locator("[name=points][type=checkbox]").last).not_to_be_checked()
    expect(desk.locator("[name=points][type=checkbox]").first).to_be_checked()
    assert desk.evaluate("JSON.stringify(localStorage)") == "{}"

    # On the page itself, as soon as the script comes.
    desk.get_by_role("button", name="Delete this draft").click()
    type_before_draft_script(desk, site, f"{WORDS} Thank you.")
    expect_draft(desk, site, f"{WORDS} Thank you.")

    # Where somebody let this browser keep the draft, the newer words are kept there as well.
    desk.get_by_label("Keep it in this browser for 30 days").check()
    write_before_scripts(desk, site, WORDS)
    expect(desk.locator("[name=given_name]")).to_be_visible()
    another = desk.context.new_page()
    expect_draft(another, site, WORDS)
    expect(another.get_by_label("Keep it in this browser for 30 days")).to_be_checked()
    give_details(desk, "slow@example.org")
    main_button(desk)
    expect(desk.locator("article.letter")).to_contain_text(WORDS)
    main_button(desk)
    expect(desk.locator("[data-mailbox]")).to_be_visible()
    assert list_kept(desk) == list_kept(another) == []
    desk.get_by_role("button", name="Wrong address? Change it").click()
    expect(desk.locator("[name=email]")).to_have_value("slow@example.org")
    assert list_kept(desk) == []


def test_words_of_a_page_that_was_refused_or_changed_its_language_are_in_the_draft(
    desk: Page, site: Site
) -> None:
    write_before_scripts(desk, site, "See www.example.org")
    expect(desk.locator(".error-summary")).to_contain_text("www.example.org")
    expect_draft(desk, site, "See www.example.org")
    write_before_scripts(desk, site, WORDS)
    desk.get_by_role("button", name="français").click()
    expect(desk.locator("html")).to_have_attribute("lang", "fr")
    expect_draft(desk, site, WORDS)
    desk.goto(f"{site.url}/en/actions/mothers-day-cards/write")
    expect(desk.locator("textarea[name=own_words]")).to_have_value("")


def test_newer_words_of_a_draft_stay(desk: Page, site: Site) -> None:
    newer = f"{WORDS} Thank you."
    write_before_scripts(desk, site, WORDS)
    expect(desk.locator("[name=given_name]")).to_be_visible()
    expect_draft(desk, site, WORDS)
    desk.locator("textarea[name=own_words]").fill(newer)
    desk.go_back()
    expect(desk.locator("[name=given_name]")).to_be_visible()
    desk.go_back()
    expect(desk.locator("textarea[name=own_words]")).to_have_value(WORDS)
    expect(desk.locator(".draft-kept")).to_be_visible()
    main_button(desk)
    expect(desk.locator("[name=given_name]")).to_be_visible()
    expect_draft(desk, site, newer)

    # Two tabs: one goes on with what the other has changed since then.
    desk.get_by_label("Keep it in this browser for 30 days").check()
    expect_draft(desk, site, newer)
    another = desk.context.new_page()
    expect_draft(another, site, newer)
    another.locator("textarea[name=own_words]").fill(WORDS)
    expect_draft(another, site, WORDS)
    main_button(desk)
    give_details(desk, "tabs@example.org")
    main_button(desk)
    expect(desk.locator("article.letter")).to_contain_text(newer)
    expect_draft(another, site, WORDS)

    # Deleted is deleted, whoever goes on.
    another.get_by_role("button", name="Delete this draft").click()
    another.reload()
    main_button(another)
    expect(another.locator("[name=given_name]")).to_be_visible()
    assert list_kept(another) == []


def test_a_deleted_draft_stays_deleted_on_the_way_back_and_on(desk: Page, site: Site) -> None:
    field = desk.locator("textarea[name=own_words]")
    desk.goto(f"{site.url}{CASE}/write")
    field.fill(WORDS)
    expect(desk.locator(".draft-kept")).to_be_visible()
    desk.get_by_role("button", name="Delete this draft").click()
    desk.add_init_script(
        "addEventListener('DOMContentLoaded', () => document.body.append("
        "Object.assign(new Image(), { src: '/slow.png' })));"
    )
    _go_on_and_back(desk)
    assert list_kept(desk) == []
    _go_on_and_back(desk)
    assert list_kept(desk) == []
    field.press_sequentially(" Thank you.")
    expect(desk.locator(".draft-kept")).to_be_visible()

    # Deleted where the page of the letter was opened anew.
    write_before_scripts(desk, site, WORDS)
    expect(desk.locator("[name=given_name]")).to_be_visible()
    expect_draft(desk, site, WORDS)
    desk.get_by_role("button", name="Delete this draft").click()
    desk.go_back()
    expect(desk.locator("[name=given_name]")).to_be_visible()
    _go_back(desk)
    _go_on_and_back(desk)
    assert list_kept(desk) == []


def _go_on_and_back(page: Page) -> None:
    main_button(page)
    expect(page.locator("[name=given_name]")).to_be_visible()
    _go_back(page)


def _go_back(page: Page) -> None:
    """Go back to the letter, whose words the browser brings before the page has loaded."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/slow.png", hold, times=1)
    with page.expect_request("**/slow.png"):
        page.go_back(wait_until="commit")
    expect(page.locator("textarea[name=own_words]")).to_have_value(re.compile(re.escape(WORDS)))
    held[0].continue_()
    page.wait_for_load_state()


def test_a_rewritten_letter_is_there_when_its_page_is_opened_anew(desk: Page, site: Site) -> None:
    with site.entered(), db.transaction() as session:
        set_letter_options(
            session,
            get_campaign(session, "ua-58-20"),
            actor="test",
            forbidden_words=(),
            full_text_edit=True,
            print_translation=False,
        )
    desk.goto(f"{site.url}{CASE}/write")
    desk.locator("[name=own_words]").fill(WORDS)
    desk.get_by_role("button", name="Write the whole letter yourself").click()
    letter = desk.locator("textarea[name=full_text]")
    expect(letter).to_have_value(re.compile(re.escape(WORDS)))
    text = f"{letter.input_value()}\n\nThank you."
    letter.fill(text)
    type_before_draft_script(desk, site, f"{WORDS} Thank")
    desk.locator("textarea[name=own_words]").press_sequentially(" you.")
    desk.goto(f"{site.url}{CASE}/write")
    expect(letter).to_have_value(text)
    desk.get_by_role("button", name="Use our letter again").click()
    expect_draft(desk, site, f"{WORDS} Thank you.")


def test_the_buttons_that_lead_back_lose_nothing(page: Page, site: Site) -> None:
    page.goto(f"{site.url}{CASE}/write")
    page.locator("[name=own_words]").fill(WORDS)
    main_button(page)
    give_details(page, "buttons@example.org")
    page.get_by_role("button", name="Back to your letter").click()
    page.locator("textarea[name=own_words]").fill(f"{WORDS} Thank you.")
    main_button(page)
    expect(page.locator("[name=given_name]")).to_have_value("Oumou")
    page.get_by_role("button", name="français").click()
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    expect(page.locator("[name=email]")).to_have_value("buttons@example.org")
    main_button(page)
    expect(page.locator("article.letter")).to_contain_text("Thank you.")


@pytest.mark.parametrize("page", ["phone"], indirect=True)  # without scripts
def test_the_code_on_a_sheet_leads_to_a_letter_that_says_so(
    page: Page, site: Site, tmp_path: Path
) -> None:
    """Read off the printed sheet as a telephone does, with a reader of codes that is not ours."""
    path = tmp_path / "sheet.pdf"
    path.write_bytes(page.context.request.get(f"{site.url}{CASE}/sheet.pdf").body())
    document = pypdfium2.PdfDocument(path)
    (code,) = zxingcpp.read_barcodes(document[0].render(scale=3).to_pil())
    document.close()
    assert code.text == f"{site.url}{CASE}?from=sheet"

    page.goto(code.text)
    page.locator(".call .button").first.click()
    expect(page.locator("[name=source]")).to_have_value("sheet")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_letter_is_begun_on_a_partners_page(browser: Browser, site: Site, scripts: bool) -> None:
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    sign_in(page, site, "olivia@example.org")
    page.goto(f"{site.url}/desk/campaigns/ua-58-20/reach")
    page.locator("[name=hosts]").fill("partner.example")
    main_button(page)
    expect(page.locator(".flash")).to_be_visible()
    snippets = [area.input_value() for area in page.locator(".snippet textarea").all()]
    snippet = next(code for code in snippets if ("<script" in code) == scripts)
    context.clear_cookies()

    mail = f"partner-{scripts}@example.org"
    letter = _begin_in_frame(context, page, snippet)
    expect(letter.locator("textarea[name=own_words]")).to_have_value(WORDS)
    main_button(letter)
    give_details(letter, mail)
    main_button(letter)
    expect(letter.locator("article.letter")).to_contain_text(WORDS)
    main_button(letter)
    mail_to(site, letter, mail, "letter")
    assert sources(site)[-1] == "partner.example"
    context.close()


def _begin_in_frame(context: BrowserContext, page: Page, snippet: str) -> Page:
    """What somebody does who reads the partner's page; gives the tab that opens."""
    # Chromium asks before a page of the web shows one of this machine, as the test wants it.
    context.grant_permissions(["local-network-access"], origin=PARTNER.rstrip("/"))
    page.route(
        f"{PARTNER}**",
        lambda route: route.fulfill(
            body=f"<!doctype html><title>Partner</title><h1>Partner</h1>{snippet}",
            content_type="text/html",
        ),
    )
    page.goto(PARTNER)
    frame = page.frame_locator("iframe")
    frame.locator("[name=own_words]").fill(WORDS)
    with context.expect_page() as opened:
        frame.get_by_role("button", name="Continue").click()
    opened.value.wait_for_load_state()
    return opened.value


def test_after_signing_the_address_is_changed_the_mail_sent_again_and_details_come_back(
    desk: Page, site: Site
) -> None:
    wrong, right = "wrong@example.org", "right@example.org"
    desk.goto(f"{site.url}{CASE}/write")
    desk.locator("[name=own_words]").fill(WORDS)
    main_button(desk)
    give_details(desk, wrong)
    expect(desk.locator("#keep-details")).not_to_be_checked()
    desk.locator("#keep-details").check()
    main_button(desk)
    main_button(desk)
    desk.get_by_role("button", name="Wrong address? Change it").click()
    expect(desk.locator("[name=email]")).to_have_value(wrong)
    # By this the letter that went to the wrong address is taken back.
    expect(desk.locator("[name=replaces]")).to_have_value(re.compile(r"\d+-\w+-\w+\."))
    desk.locator("[name=email]").fill(right)
    main_button(desk)
    expect(desk.locator("article.letter")).to_contain_text(WORDS)
    main_button(desk)
    expect(desk.locator("[data-mailbox]")).to_contain_text(right)
    desk.get_by_role("button", name="Send the email again").click()
    expect(desk.get_by_text("We send the same link again now.")).to_be_visible()
    expect(desk.locator("[data-mailbox]")).to_contain_text(right)
    mail_to(site, desk, right, "letter")

    desk.goto(f"{site.url}{CASE}/write")
    expect(desk.locator(".draft-kept")).to_be_hidden()
    main_button(desk)
    expect(desk.locator("[name=email]")).to_have_value(right)
    expect(desk.locator("[name=locality]")).to_have_value("Halifax")
    expect(desk.locator("[name=country]")).to_have_value("CA")
    desk.get_by_role("button", name="Delete them").click()
    assert desk.evaluate("localStorage.getItem('details')") is None
