"""WCAG 2.2 AA where axe alone cannot tell: zoom, targets, focus, colours of one's own, paper."""

import json

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.axe import AXE
from tests.e2e.conftest import Site

pytestmark = pytest.mark.e2e

PAGES = [
    "/en/",
    "/en/?q=nothing-like-it&country=MX",
    "/en/archive",
    "/en/updates",
    "/en/network",
    "/en/my-letters",
    "/en/actions/ua-58-20",
    "/en/actions/ua-58-20/write?letter=es",
    "/ar/actions/ua-58-20",
    "/ar/actions/coloradas-de-la-virgen/write",
    "/en/actions/mothers-day-cards/write",
    "/en/letter/not-a-link",
]
_SPACED = """* { line-height: 1.5 !important; letter-spacing: .12em !important;
  word-spacing: .16em !important } p { margin-bottom: 2em !important }"""
"""What WCAG 1.4.12 lets a reader set."""
_FOCUSED = """() => {
  const one = document.activeElement, style = getComputedStyle(one);
  const reached = (box) => {
    const y = box.top + box.height / 2, x = box.left + box.width / 2;
    const top = document.elementFromPoint(x, y);
    return !!top && one.contains(top);
  };
  return { end: one === document.body, what: one.outerHTML.slice(0, 120),
    outline: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
    seen: Array.from(one.getClientRects()).some(reached) };
}"""


def sideways(page: Page) -> int:
    """How many pixels a page is wider than its window."""
    return int(
        page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    )


def test_pages_fit_at_twice_the_size_and_with_wider_text(desk: Page, site: Site) -> None:
    for path in PAGES:
        # A window of 1280 pixels at 200 % has 640, at 400 % 320.
        desk.set_viewport_size({"width": 640, "height": 450})
        desk.goto(f"{site.url}{path}")
        assert sideways(desk) <= 0, path
        desk.set_viewport_size({"width": 320, "height": 256})
        assert sideways(desk) <= 0, path
        desk.evaluate(
            "css => { const s = new CSSStyleSheet(); s.replaceSync(css); "
            "document.adoptedStyleSheets = [s]; }",
            _SPACED,
        )
        assert sideways(desk) <= 0, f"{path} with wider text"


def test_what_is_pressed_is_large_enough(browser: Browser, site: Site) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, bypass_csp=True)
    page = context.new_page()
    rule = {"runOnly": {"type": "rule", "values": ["target-size"]}}
    for path in PAGES:
        page.goto(f"{site.url}{path}")
        page.add_script_tag(path=AXE)
        broken = page.evaluate(
            "async (rule) => (await axe.run(document, rule)).violations"
            ".flatMap((one) => one.nodes.map((node) => node.html))",
            rule,
        )
        assert broken == [], f"{path}: {json.dumps(broken, indent=1)}"
    context.close()


def test_the_keyboard_reaches_everything_and_shows_where_it_is(desk: Page, site: Site) -> None:
    desk.emulate_media(reduced_motion="reduce")  # what has the focus is in view at once
    for path in PAGES:
        desk.goto(f"{site.url}{path}", wait_until="networkidle")
        for width in (390, 1280):
            desk.set_viewport_size({"width": width, "height": 700})
            walk_by_keyboard(desk, f"{path}, {width} px")


def walk_by_keyboard(page: Page, where: str) -> None:
    """From the beginning of the page to its end."""
    controls = page.locator(
        "a[href]:visible, button:visible:enabled:not([tabindex='-1']), summary:visible, "
        "select:visible, textarea:visible, input:visible:not([type=radio]):not([type=hidden])"
    ).count()
    passed, state = 0, {"end": False}
    for _ in range(controls + 20):
        page.keyboard.press("Tab")
        state = page.evaluate(_FOCUSED)
        if state["end"]:
            break
        passed += 1
        assert state["outline"] >= 2, f"{where}: no outline on {state['what']}"
        assert state["seen"], f"{where}: hidden under something: {state['what']}"
    assert state["end"], f"{where}: the keyboard does not come out again"
    assert passed >= controls, f"{where}: {passed} of {controls}"


def test_a_field_that_tab_reaches_stands_above_the_button_that_stays(
    desk: Page, site: Site
) -> None:
    desk.set_viewport_size({"width": 390, "height": 700})
    desk.emulate_media(reduced_motion="reduce")
    desk.goto(f"{site.url}/en/actions/ua-58-20/write", wait_until="networkidle")
    desk.evaluate(
        """() => {
            const field = document.getElementById("own_words");
            const bar = document.querySelector(".sticky-action").getBoundingClientRect();
            scrollBy(0, field.getBoundingClientRect().bottom - bar.top - 16);
            document.querySelector(".reorder summary").focus({ preventScroll: true });
        }"""
    )
    desk.keyboard.press("Tab")
    field, bar = desk.locator("#own_words"), desk.locator(".sticky-action")
    expect(field).to_be_focused()
    box, button = field.bounding_box(), bar.bounding_box()
    assert box is not None
    assert button is not None
    assert box["y"] + box["height"] <= button["y"]


def test_colours_of_ones_own_and_no_motion(browser: Browser, site: Site) -> None:
    context = browser.new_context(forced_colors="active", reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{site.url}/en/actions/ua-58-20")
    for what in (".call .button", ".timeline > li"):
        expect(page.locator(what).first).to_be_visible()
    border = "e => getComputedStyle(e).borderTopStyle"
    assert page.locator(".call .button").evaluate(border) == "solid"
    page.locator(".call .button").focus()
    scrolls = "getComputedStyle(document.documentElement).scrollBehavior"
    assert page.evaluate(scrolls) == "auto"
    moving = "document.getAnimations().length"
    assert page.evaluate(moving) == 0
    page.goto(f"{site.url}/en/actions/ua-58-20/write")
    for what in (".sheet", ".letter-field textarea"):
        assert page.locator(what).first.evaluate(border) == "solid", what
    context.close()


def test_a_case_prints_as_a_page_to_read(desk: Page, site: Site) -> None:
    desk.goto(f"{site.url}/en/actions/ua-58-20")
    desk.emulate_media(media="print")
    for gone in (".languages", ".sticky-action", ".share", ".foot-links"):
        expect(desk.locator(gone).first).to_be_hidden()
    expect(desk.locator("details.fold > div").first).to_be_visible()
    ink = desk.evaluate("getComputedStyle(document.body).color")
    assert ink == "rgb(0, 0, 0)"
    assert sideways(desk) <= 0
