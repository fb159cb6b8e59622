"""What is typed into a form of the desk stays in its tab, and never goes over what others saved."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from campaign.campaigns.create_and_edit import clone_campaign
from campaign.campaigns.find_campaigns import get_campaign
from campaign.core import db
from campaign.models.campaign import Campaign
from tests.days import today
from tests.e2e.axe import assert_accessible
from tests.e2e.conftest import Site
from tests.e2e.test_letter_to_bundle import sign_in

pytestmark = pytest.mark.e2e

MISSION = "/desk/missions/mexico-ottawa"


def kept(page: Page) -> list[str]:
    """Keys of what this tab keeps."""
    keys: list[str] = page.evaluate(
        "Object.keys(sessionStorage).filter(key => key.startsWith('kept:'))"
    )
    return keys


def save(page: Page) -> None:
    page.locator("#mission .actions button").click()


@pytest.fixture
def colleague(browser: Browser, site: Site) -> Page:
    """The mission in another organizer's browser."""
    page = browser.new_context().new_page()
    sign_in(page, site, "ada@example.org")
    page.goto(f"{site.url}{MISSION}")
    return page


def test_what_came_back_does_not_overwrite_what_a_colleague_saved(
    desk: Page, browser: Browser, site: Site, colleague: Page
) -> None:
    sign_in(desk, site, "olivia@example.org")
    desk.goto(f"{site.url}{MISSION}")
    desk.locator("[name=door_notes]").fill("Ring twice")
    desk.locator("[name=hours]").fill("Mornings")
    desk.goto(f"{site.url}/desk/missions")
    colleague.locator("[name=address]").fill("45 O’Connor Street")
    colleague.locator("[name=hours]").fill("9 to 12")
    save(colleague)
    expect(colleague.locator(".flash")).to_contain_text("saved")

    desk.goto(f"{site.url}{MISSION}")
    expect(desk.locator("[name=door_notes]")).to_have_value("Ring twice")
    expect(desk.locator("[data-kept-said]")).to_be_visible()
    expect(desk.locator("[name=address]")).to_have_value("45 O’Connor Street")
    expect(desk.locator("[name=hours]")).to_have_value("9 to 12")
    expect(desk.locator("[data-kept-aside]")).to_contain_text("Mornings")
    assert_accessible(browser, desk)
    desk.goto(f"{site.url}/desk/missions")
    desk.goto(f"{site.url}{MISSION}")
    expect(desk.locator("[data-kept-aside]")).to_contain_text("Mornings")
    save(desk)
    expect(desk.locator(".flash")).to_contain_text("saved")
    assert kept(desk) == []
    colleague.goto(f"{site.url}{MISSION}")
    for name, value in (
        ("address", "45 O’Connor Street"),
        ("hours", "9 to 12"),
        ("door_notes", "Ring twice"),
    ):
        expect(colleague.locator(f"[name={name}]")).to_have_value(value)
    colleague.context.close()


def test_what_was_put_aside_or_back_can_be_thrown_away(
    desk: Page, site: Site, colleague: Page
) -> None:
    sign_in(desk, site, "olivia@example.org")
    desk.goto(f"{site.url}{MISSION}")
    desk.locator("[name=door_notes]").fill("Knock")
    desk.locator("[name=hours]").fill("Evenings")
    desk.locator("[name=kind]").select_option(index=2)
    desk.goto(f"{site.url}/desk/missions")
    colleague.locator("[name=hours]").fill("8 to 11")
    save(colleague)
    expect(colleague.locator(".flash")).to_contain_text("saved")
    colleague.context.close()
    desk.goto(f"{site.url}{MISSION}")
    desk.locator("[data-kept-aside] [data-kept-discard]").click()
    expect(desk.locator("[data-kept-aside]")).to_be_hidden()
    expect(desk.locator("[name=door_notes]")).to_have_value("Knock")
    desk.locator("[data-kept-said] [data-kept-discard]").click()
    expect(desk.locator("[name=door_notes]")).not_to_have_value("Knock")
    assert kept(desk) == []
    desk.goto(f"{site.url}/desk/missions")
    assert kept(desk) == [], "a form that nobody typed into is not kept"


def test_what_was_refused_comes_back_later_and_no_other_deed_throws_it_away(
    desk: Page, site: Site
) -> None:
    sign_in(desk, site, "olivia@example.org")
    desk.goto(f"{site.url}{MISSION}")
    was = desk.locator("[name=postal_code]").input_value()
    desk.locator("[name=door_notes]").fill("Third floor")
    desk.locator("[name=postal_code]").fill("nonsense")
    save(desk)
    expect(desk.locator(".error-summary")).to_be_visible()
    expect(desk.locator("[data-kept-said]")).to_be_hidden()
    desk.locator("[name=head_of_mission]").fill("Somebody new")
    desk.goto(f"{site.url}/desk/missions/new")
    desk.goto(f"{site.url}{MISSION}")
    for name, value in (
        ("door_notes", "Third floor"),
        ("postal_code", "nonsense"),
        ("head_of_mission", "Somebody new"),
    ):
        expect(desk.locator(f"[name={name}]")).to_have_value(value)

    save(desk)
    expect(desk.locator(".error-summary")).to_be_visible()
    desk.goto(f"{site.url}/desk/campaigns/ua-58-20/risks")
    desk.get_by_role("button", name="Save the risk flags").click()
    expect(desk.locator(".flash")).to_contain_text("saved")
    desk.goto(f"{site.url}{MISSION}")
    expect(desk.locator("[name=door_notes]")).to_have_value("Third floor")
    desk.locator("[name=postal_code]").fill(was)
    save(desk)
    expect(desk.locator(".flash")).to_contain_text("saved")
    assert kept(desk) == []


def test_what_one_account_typed_is_gone_for_another_of_the_same_name(
    desk: Page, site: Site
) -> None:
    sign_in(desk, site, "olivia@example.org")
    desk.goto(f"{site.url}{MISSION}")
    mark = desk.locator("body").get_attribute("data-staff")
    assert mark
    assert "Olivia" not in mark
    desk.locator("[name=door_notes]").fill("Planted")
    desk.goto(f"{site.url}/desk/missions")
    assert kept(desk) == [f"kept:{MISSION}"]
    desk.context.clear_cookies()
    sign_in(desk, site, "ada@example.org")
    desk.goto(f"{site.url}/desk/")
    assert desk.locator("body").get_attribute("data-staff") != mark
    assert kept(desk) == []


@pytest.mark.parametrize("between", ["T", " "])
def test_a_moment_that_nobody_typed_is_neither_kept_nor_put_aside(
    desk: Page, site: Site, between: str
) -> None:
    """Also where a browser writes it otherwise than the page it came with."""
    with site.entered(), db.transaction() as session:
        other = get_campaign(session, "ua-58-20")
        reference = f"UA {ord(between)}/99"
        draft = clone_campaign(
            session, other, actor="command", created_by_id=None, reference=reference
        )
        draft.owner_id = other.owner_id
        for target in draft.targets:
            session.refresh(target)
            if target.mission:
                target.mission.last_checked_on = today()
        draft.embargo_until = datetime(2099, 12, 3, 14, tzinfo=UTC)
        number, url = draft.id, f"{site.url}/desk/campaigns/{draft.slug}/status?to=scheduled"

    def rewrite(route: Route) -> None:
        page = route.fetch()
        route.fulfill(response=page, body=page.text().replace("T09:00", f"{between}09:00"))

    sign_in(desk, site, "olivia@example.org")
    desk.route(url, rewrite)
    desk.goto(url)
    expect(desk.locator("[name=open_at]")).to_have_value("2099-12-03T09:00")
    desk.goto(f"{site.url}/desk/missions")
    assert kept(desk) == []
    desk.goto(url)
    expect(desk.locator("[data-kept-said]")).to_be_hidden()
    with site.entered(), db.transaction() as session:
        session.get_one(Campaign, number).embargo_until = datetime(2099, 12, 4, 15, tzinfo=UTC)
    desk.goto(url)
    expect(desk.locator("[name=open_at]")).to_have_value("2099-12-04T10:00")
    expect(desk.locator("[data-kept-aside]")).to_be_hidden()
