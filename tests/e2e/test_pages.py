"""Pages of the desk and of the public side, each looked at by axe and on a small phone."""

import re
from collections.abc import Iterator
from functools import cache

import pytest
from babel.messages.pofile import read_po
from playwright.sync_api import Browser, Page, Route, expect
from sqlalchemy import select

from campaign.core import db
from campaign.models.bundle import Bundle
from campaign.models.signature import Letter, SignatureState
from tests.e2e.axe import assert_accessible
from tests.e2e.conftest import ROOT, Site
from tests.e2e.test_letter_to_bundle import sign_in

pytestmark = pytest.mark.e2e

ORGANIZERS_PAGES = [
    "/desk/campaigns",
    "/desk/campaigns/new",
    "/desk/campaigns/ua-58-20",
    "/desk/campaigns/ua-58-20/facts",
    "/desk/campaigns/ua-58-20/editions/fr",
    "/desk/campaigns/ua-58-20/letters/es",
    "/desk/campaigns/ua-58-20/targets",
    "/desk/campaigns/ua-58-20/updates",
    "/desk/campaigns/ua-58-20/reach",
    "/desk/campaigns/ua-58-20/risks",
    "/desk/campaigns/ua-58-20/picture",
    "/desk/campaigns/ua-58-20/screening",
    "/desk/campaigns/ua-58-20/letter-options",
    "/desk/campaigns/ua-58-20/languages/points",
    "/desk/campaigns/ua-58-20/history",
    "/desk/campaigns/ua-58-20/team",
    "/desk/campaigns/ua-58-20/figures",
    "/desk/replies/campaigns/ua-58-20/new",
    "/desk/today",
    "/desk/campaigns/ua-58-20/status?to=stopped",
    "/desk/officials",
    "/desk/officials/new",
    "/desk/officials/governor-yucatan",
    "/desk/missions",
    "/desk/missions/mexico-ottawa",
    "/desk/account",
]


def test_the_organizers_pages_can_be_used_by_everybody(
    desk: Page, browser: Browser, site: Site
) -> None:
    sign_in(desk, site, "olivia@example.org")
    for path in ORGANIZERS_PAGES:
        answer = desk.goto(f"{site.url}{path}")
        assert answer is not None
        assert answer.status == 200, path
        assert_accessible(browser, desk)


def test_pages_that_change_a_bundle_can_be_used_by_everybody(
    desk: Page, browser: Browser, site: Site
) -> None:
    public_id = site.make_bundle()
    bundle = f"/desk/bundles/{public_id}"
    sign_in(desk, site, "samir@example.org")
    cover = "/desk/bundles/missions/mexico-ottawa/cover/en"
    for path in (bundle, f"{bundle}/reprint", cover):
        desk.goto(f"{site.url}{path}")
        assert_accessible(browser, desk)
    with site.entered(), db.transaction() as session:
        first = select(Letter).join(Bundle).where(Bundle.public_id == public_id)
        letter = session.scalars(first.order_by(Letter.sequence).limit(1)).one()
        letter.signature.state = SignatureState.WITHDRAWN
    desk.goto(f"{site.url}{bundle}")
    assert_accessible(browser, desk)  # the site may remake the volumes by itself meanwhile
    desk.goto(f"{site.url}{bundle}/cancel")
    assert_accessible(browser, desk)
    desk.locator("[name=reason]").fill("A second official was forgotten.")
    desk.get_by_role("button", name="Cancel this bundle").click()
    expect(desk.locator("main")).to_contain_text("This bundle was cancelled")
    assert_accessible(browser, desk)


_SHOWN = """[document.documentElement.lang, document.body.innerText,
  document.documentElement.scrollWidth]"""
PUBLIC_PAGES = [
    ("/{lang}/", 200),
    ("/{lang}/?q=nothing-like-it&country=MX&theme=women", 200),
    ("/{lang}/archive", 200),
    ("/{lang}/updates", 200),
    ("/{lang}/actions/ua-58-20/embed", 200),
    ("/{lang}/actions/ua-58-20", 200),
    ("/{lang}/actions/ua-58-20/outcome", 200),
    ("/{lang}/actions/ua-58-20/write", 200),
    ("/{lang}/actions/ua-58-20/write?letter=es", 200),
    ("/{lang}/actions/ayotzinapa", 200),
    ("/{lang}/actions/mothers-day-cards", 200),
    ("/{lang}/actions/mothers-day-cards/write", 200),
    ("/{lang}/actions/coloradas-de-la-virgen", 200),
    ("/{lang}/actions/there-is-no-such-case", 404),
    ("/{lang}/letter/not-a-link", 404),
    ("/{lang}/my-letters", 200),
    ("/{lang}/my-letters/sent", 200),
    ("/{lang}/my-letters/not-a-link", 404),
    ("/{lang}/privacy", 200),
    ("/{lang}/about", 200),
    ("/{lang}/accessibility", 200),
    ("/{lang}/network", 200),
    ("/{lang}/network/sent", 200),
    ("/{lang}/network/confirm/not-a-link", 404),
]


def english_in(text: str, lang: str) -> list[str]:
    """Sentences of ours that a page shows in English although it is in another language."""
    return [sentence for sentence in _sentences(lang) if sentence in text]


@cache
def _sentences(lang: str) -> list[str]:
    path = ROOT / f"campaign/translations/{lang}/LC_MESSAGES/messages.po"
    with path.open("rb") as file:
        messages = [
            message.id for message in read_po(file, locale=lang) if isinstance(message.id, str)
        ]
    return [sentence for sentence in messages if " " in sentence and len(sentence) > 11]


@pytest.mark.parametrize("lang", ["fr", "es", "ar"])
def test_public_pages_can_be_used_by_everybody_and_fit_a_small_phone(
    desk: Page, browser: Browser, site: Site, lang: str
) -> None:
    desk.set_viewport_size({"width": 320, "height": 700})
    for pattern, status in PUBLIC_PAGES:
        path = pattern.format(lang=lang)
        answer = desk.goto(f"{site.url}{path}")
        assert answer is not None
        assert answer.status == status, path
        shown_lang, text, width = desk.evaluate(_SHOWN)
        assert shown_lang == lang
        assert english_in(text, lang) == [], path
        assert width <= 320, f"{path} scrolls sideways: {width} px"
        if lang == "ar":  # from right to left; the other way journeys look at most
            assert_accessible(browser, desk)


# --- The form in a frame, on a page of another address ----------------------------------------

PARTNER, STRANGER = "https://partner.example", "https://stranger.example"
PAGE = """<!doctype html><html lang="fr-CA"><title>Partner</title>
<p><a href="{url}/en/actions/ua-58-20?from=partner.example" data-letter-frame>Write</a></p>
<script src="{url}/embed.js" async></script></html>"""
FORGED = """new Promise((done) => {
  addEventListener("message", (event) => event.source === window && done());
  postMessage({ message: "height", value: 4000 }, "*");
})"""
WORDPRESS = """<!doctype html><html lang="en"><title>WordPress</title>
<iframe sandbox="allow-scripts" security="restricted" width="600" height="480"
  src="{url}/en/actions/ua-58-20/embed#?secret=abc123XYZ"></iframe>
<script>addEventListener("message", (event) => (window.heard ??= []).push(event.data))</script>
</html>"""


def listen(page: Page) -> list[str]:
    complaints: list[str] = []
    page.on(
        "console",
        lambda message: complaints.append(message.text) if message.type == "error" else None,
    )
    return complaints


@pytest.fixture
def partner(browser: Browser, site: Site) -> Iterator[Page]:
    """Pages of two other hosts, with the script, and with a frame as WordPress has it."""
    context = browser.new_context(permissions=["local-network-access"])

    def answer(route: Route) -> None:
        shape = WORDPRESS if "wordpress" in route.request.url else PAGE
        route.fulfill(content_type="text/html", body=shape.format(url=site.url))

    context.route(re.compile(r"https://(partner|stranger)\.example/"), answer)
    yield context.new_page()
    context.close()


def test_the_script_shows_the_form_in_the_pages_language_as_high_as_it_is(
    partner: Page, site: Site
) -> None:
    complaints = listen(partner)
    partner.goto(PARTNER)
    frame = partner.frame_locator("iframe")
    expect(frame.locator("html")).to_have_attribute("lang", "fr")
    expect(partner.get_by_role("link", name="Write")).to_be_hidden()
    partner.wait_for_function("""document.querySelector("iframe").clientHeight > 200""")
    height = partner.evaluate("""document.querySelector("iframe").clientHeight""")
    inner = frame.locator("html").evaluate("html => html.getBoundingClientRect().height")
    assert height == pytest.approx(inner, abs=1)
    partner.evaluate(FORGED)
    assert partner.evaluate("""document.querySelector("iframe").clientHeight""") == height
    with partner.context.expect_page() as opened:
        frame.get_by_role("button").click()
    assert opened.value.url == f"{site.url}/fr/actions/ua-58-20/write?from=partner.example"
    assert complaints == []

    # A page that may not frame it keeps its link.
    partner.goto(STRANGER)
    partner.wait_for_selector("iframe", state="attached")
    expect(partner.get_by_role("link", name="Write")).to_be_visible()
    assert partner.evaluate("""document.querySelector("iframe").clientHeight""") == 0


def test_in_the_sandbox_of_wordpress_the_page_opens_what_is_pressed(
    partner: Page, site: Site
) -> None:
    complaints = listen(partner)
    partner.goto(f"{PARTNER}/wordpress")
    frame = partner.frame_locator("iframe")
    expect(frame.locator("textarea")).to_have_count(0)
    frame.get_by_role("button").click()
    partner.wait_for_function("window.heard.some((data) => data.message === 'link')")
    heard = partner.evaluate("window.heard")
    assert {data["secret"] for data in heard} == {"abc123XYZ"}
    assert heard[0]["message"] == "height"
    assert heard[0]["value"] > 200
    assert heard[-1]["value"] == f"{site.url}/en/actions/ua-58-20/write"
    assert complaints == []
