"""A case is published from an empty instance in three languages, and two people write at once."""

import os
import re
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.commands import Commands
from tests.days import today
from tests.e2e.axe import assert_accessible
from tests.e2e.conftest import ROOT, Site, _free_port, _wait_for, _watched
from tests.e2e.mails import link_in, mail_to
from tests.e2e.test_letter_to_bundle import main_button

pytestmark = pytest.mark.e2e

CODES = ("en", "fr", "es")
PASSWORD = "violet-harbour-tin-orchard"
CONTENT = Path(ROOT) / "campaign" / "demo" / "content"


def _content(name: str) -> Any:
    return tomllib.loads((CONTENT / f"{name}.toml").read_text("utf-8"))


CASE = _content("ua-58-20")
GOVERNOR = _content("officials")["officials"][0]
EMBASSY = _content("missions")["missions"][0]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory, commands: Commands) -> Iterator[Site]:
    """A new instance without the demo, served as the README says."""
    instance = tmp_path_factory.mktemp("empty") / "instance"
    port = _free_port()
    process = commands.start(
        ["run", "--port", str(port)], {**os.environ, "CAMPAIGN_INSTANCE": str(instance)}
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url, process)
        yield Site(url, instance, commands)
    finally:
        assert process.end(30) == 0


@pytest.fixture
def second(browser: Browser) -> Iterator[Page]:
    """Another person's browser."""
    yield from _watched(browser.new_context(viewport={"width": 390, "height": 844}))


def join(page: Page, site: Site, email: str, role: str) -> None:
    """Be put on the staff, set a password by the link, and sign in."""
    done = site.command("staff", "add", email, "--role", role, "--name", email.partition("@")[0])
    assert done.returncode == 0, done.stderr
    # The first one's is printed, everybody else's mailed.
    link = done.stdout.strip()
    if not link:
        link = link_in(mail_to(site, page, email, "."), "/desk/set-password/")
    page.goto(re.sub(r"^https?://[^/]+", site.url, link))
    for field in page.locator("input[type=password]").all():
        field.fill(PASSWORD)
    with page.expect_navigation():
        main_button(page)
    page.goto(f"{site.url}/desk/campaigns/")
    if "sign-in" in page.url:
        page.locator("[name=email]").fill(email)
        page.locator("[name=password]").fill(PASSWORD)
        main_button(page)
    expect(page.locator(".desk-nav")).to_be_visible()


def fill(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        page.locator(f"[name={name}]").fill(value)


def make_the_directory(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/desk/officials/new")
    page.locator("[name=country]").select_option("MX")
    fill(page, locality="Mérida", region="Yucatán")
    for code in CODES:
        fill(
            page,
            **{
                f"{part}_{code}": GOVERNOR[part][code] for part in ("office", "salutation", "close")
            },
        )
    with page.expect_navigation():
        main_button(page)
    page.goto(f"{site.url}/desk/missions/new")
    page.locator("[name=sending_country]").select_option("MX")
    page.locator("[name=host_country]").select_option("CA")
    fill(
        page,
        address="\n".join(EMBASSY["address"]),
        locality="Ottawa",
        region="ON",
        postal_code="K1P 1A4",
        **{f"name_{code}": EMBASSY["name"][code] for code in CODES},
    )
    main_button(page)
    expect(page).to_have_url(re.compile("/desk/missions/mexico-ottawa"))
    # A mission that nobody has checked within a year keeps the campaign from opening.
    page.locator("button[name=checked]").click()


def write_the_facts(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/desk/campaigns/new")
    fill(
        page,
        reference="UA 58/20",
        person_name=CASE["person"]["name"],
        issued_on="2020-04-20",
        act_by=str(today() + timedelta(days=24)),
    )
    page.locator("[name=country]").select_option("MX")
    page.locator("[name=letter_locales][value=ar]").uncheck()
    main_button(page)
    expect(page.locator(".next")).to_be_visible()


def write_all_languages(page: Page, browser: Browser, campaign: str) -> None:
    page.goto(f"{campaign}/languages/texts")
    assert_accessible(browser, page)
    for code in CODES:
        words = CASE["editions"][code]
        fill(
            page,
            **{
                f"title_{code}": words["title"],
                f"summary_{code}": words["summary"].strip(),
                f"asks_{code}": "\n".join(words["asks"]),
                f"background_{code}": words["background"].strip(),
                f"outcome_{code}": words["outcome"].strip(),
            },
        )
    with page.expect_navigation():
        page.get_by_role("button", name="Save all languages").last.click()
    page.goto(f"{campaign}/languages/letters")
    for code in CODES:
        words = CASE["templates"][code]
        fill(
            page,
            **{f"{part}_{code}": words[part].strip() for part in ("subject", "opening", "closing")},
        )
    fill(page, opening_es="Le escribo por ((person_nam)).")
    page.get_by_role("button", name="Save all languages").last.click()
    expect(page.locator(".error-summary")).to_contain_text("Did you mean ((person_name))?")
    assert_accessible(browser, page)
    fill(page, opening_es=CASE["templates"]["es"]["opening"].strip())
    with page.expect_navigation():
        page.get_by_role("button", name="Save all languages").last.click()
    page.goto(f"{campaign}/languages/points")
    page.get_by_role("button", name="Add rows").click()
    # Written in the wrong order; the first is moved down by keyboard, where it belongs.
    order = [CASE["points"][1], CASE["points"][0], CASE["points"][2]]
    for at, point in enumerate(order):
        fill(page, **{f"rows-{at}-text_{code}": point["text"][code] for code in CODES})
        if point["required"]:
            page.locator(f"[name=rows-{at}-required]").check()
    page.locator("[name=rows-0-text_en]").press("Alt+ArrowDown")
    page.get_by_role("button", name="Save all languages").last.click()
    expect(page.locator("[data-key] textarea").first).to_have_value(CASE["points"][0]["text"]["en"])


def test_a_case_is_published_from_an_empty_instance_in_three_languages(
    empty: Site, desk: Page, browser: Browser
) -> None:
    join(desk, empty, "olivia@example.org", "organizer")
    make_the_directory(desk, empty)
    write_the_facts(desk, empty)
    campaign = f"{empty.url}/desk/campaigns/ua-58-20"
    write_all_languages(desk, browser, campaign)
    desk.goto(f"{campaign}/targets?q=Yucat")
    desk.locator("[name=official]").first.check()
    with desk.expect_navigation():
        main_button(desk)
    desk.goto(f"{campaign}/risks")
    fill(desk, relative="Planted Relative")
    main_button(desk)

    # Typing is kept; the preview says at the place what must not be said.
    desk.goto(f"{campaign}/editions/en")
    story = desk.locator("[name=background]")
    story.press("Control+End")
    desk.keyboard.type("\n\nHer **sister**, Planted Relative")
    expect(desk.locator("#background-preview strong")).to_have_text("sister")
    expect(desk.locator("#background-preview mark")).to_have_text("Planted Relative")
    expect(desk.locator(".autosaved")).to_contain_text("Draft kept at")
    desk.goto(f"{campaign}/editions/en")
    assert_accessible(browser, desk)
    desk.get_by_role("link", name="Continue with this text").click()
    expect(story).to_have_value(re.compile("Planted Relative"))
    desk.goto(f"{campaign}/editions/en")
    desk.get_by_role("button", name="Delete this text").click()
    expect(desk.locator(".draft-offer")).to_have_count(0)

    desk.goto(f"{campaign}/preview?sample=rtl")
    assert_accessible(browser, desk)
    desk.get_by_role("link", name="On screen").first.click()
    expect(desk.locator(".letter")).to_contain_text("عبد الرحمن")
    desk.goto(f"{campaign}/preview/fr/mails/confirm-letter")
    assert_accessible(browser, desk)
    desk.goto(campaign)
    assert_accessible(browser, desk)
    desk.locator(".next").get_by_role("link", name="Open the campaign").click()
    main_button(desk)
    for code in CODES:
        desk.goto(f"{empty.url}/{code}/actions/ua-58-20")
        expect(desk.locator("h1")).to_have_text(CASE["editions"][code]["title"])
        desk.locator(".call .button").click()
        expect(desk.locator(".letter")).to_contain_text(CASE["points"][0]["text"][code][:40])


def test_two_editors_at_once_lose_nothing(
    empty: Site, desk: Page, second: Page, browser: Browser
) -> None:
    join(desk, empty, "ada@example.org", "admin")
    join(second, empty, "amir@example.org", "admin")
    page = f"{empty.url}/desk/campaigns/ua-58-20/editions/fr"
    for tab in (desk, second):
        tab.goto(page)
    title, story = "[name=title]", "[name=background]"
    first = CASE["editions"]["fr"]["background"].strip()
    desk.locator(story).fill(re.sub(r"30(\s)mars", r"lundi 30\1mars", first, count=1))
    desk.locator(title).fill("Clemencia Salas, privée de son escorte")
    main_button(desk)
    expect(desk.locator(".flash")).to_be_visible()

    second.locator(story).fill(first + "\n\nÉcrivez aujourd’hui.")
    second.locator(title).fill("Rendez son escorte à Clemencia Salas")
    main_button(second)
    expect(second).to_have_url(re.compile("/merge/edition/fr$"))
    expect(second.locator("main")).to_contain_text("ada saved this part")
    assert_accessible(browser, second)
    second.get_by_label("My text", exact=True).first.check()
    second.get_by_role("button", name="Save the result").click()
    expect(second.locator(title)).to_have_value("Rendez son escorte à Clemencia Salas")
    expect(second.locator(story)).to_have_value(re.compile("lundi 30[\\s\\S]*Écrivez aujourd’hui"))

    second.goto(page.replace("editions/fr", "history/edition/fr"))
    expect(second.locator("main")).to_contain_text("amir")
    assert_accessible(browser, second)
    second.get_by_role("link", name="First version").or_(
        second.get_by_role("link", name="Saved version 1")
    ).last.click()
    with second.expect_navigation():
        second.get_by_role("button", name="Restore this version").click()
    second.goto(page)
    expect(second.locator(title)).to_have_value(CASE["editions"]["fr"]["title"])
