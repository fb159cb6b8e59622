"""Pages of the desk and of the public side, each looked at by axe and on a small phone."""

from functools import cache

import pytest
from babel.messages.pofile import read_po
from playwright.sync_api import Browser, Page

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
    if lang == "en":
        return []
    return [one for one in _sentences(lang) if one in text]


@cache
def _sentences(lang: str) -> list[str]:
    path = ROOT / f"campaign/translations/{lang}/LC_MESSAGES/messages.po"
    with path.open("rb") as file:
        messages = [one.id for one in read_po(file, locale=lang) if isinstance(one.id, str)]
    return [one for one in messages if " " in one and len(one) > 11]


@pytest.mark.parametrize("lang", ["en", "fr", "es", "ar"])
def test_public_pages_can_be_used_by_everybody_and_fit_a_small_phone(
    desk: Page, browser: Browser, site: Site, lang: str
) -> None:
    desk.set_viewport_size({"width": 320, "height": 700})
    for pattern, status in PUBLIC_PAGES:
        path = pattern.format(lang=lang)
        answer = desk.goto(f"{site.url}{path}")
        assert answer is not None
        assert answer.status == status, path
        assert desk.locator("html").get_attribute("lang") == lang
        assert english_in(desk.locator("body").inner_text(), lang) == [], path
        width = desk.evaluate("document.documentElement.scrollWidth")
        assert width <= 320, f"{path} scrolls sideways: {width} px"
        if lang == "ar":  # from right to left; the other way the journeys look at them
            assert_accessible(browser, desk)
