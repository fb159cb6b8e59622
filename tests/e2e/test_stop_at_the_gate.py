"""At the gate with a phone: a stop that comes out of reach, and the time of a record."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect
from sqlalchemy import func, select, update

from campaign.campaigns.find_campaigns import get_campaign
from campaign.campaigns.status_changes import stop_campaign
from campaign.core import clock, db
from campaign.models.bundle import Bundle, BundleState, DeliveryAttempt
from campaign.models.campaign import Campaign, Target, TargetKind
from campaign.models.signature import WITHDRAWN, Letter, Signature, SignatureState
from tests.days import days_ago
from tests.e2e.axe import assert_accessible
from tests.e2e.conftest import Site
from tests.e2e.test_deliveries import phone
from tests.e2e.test_letter_to_bundle import sign_in
from tests.factories import add_confirmed, freeze_waiting, make_campaign, make_target_official

pytestmark = pytest.mark.e2e

__all__ = ["phone"]
_LOOKS_AT_CLOCK = 5000  # ms, after which the page does so again


def make_own_bundle(site: Site, slug: str, *, by_post: bool = False, along: str = "") -> str:
    """A bundle of a campaign of its own, which can be stopped; its public id.

    `along`: the slug of a campaign whose bundles go to the same mission.
    """
    facts: dict[str, Any] = {"slug": slug, "reference": slug.replace("-", " ").upper()}
    if by_post:
        official = make_target_official(slug=f"official-{slug}")
        facts["targets"] = [Target(official=official, kind=TargetKind.TO, position=0)]
    with site.entered(), db.transaction() as session:
        if along:
            first = get_campaign(session, along).targets[0]
            target = Target(official=first.official, mission=first.mission, kind=first.kind)
            facts["targets"] = [target]
        campaign = make_campaign(session, **facts)
        add_confirmed(session, campaign, 2, letter_locale="en")
        session.flush()
        bundle = freeze_waiting(session, campaign)
        bundle.state = BundleState.READY
        return bundle.public_id


def stop(site: Site, slug: str, at: datetime | None = None) -> None:
    """Stop the campaign, some minutes ago where no moment is given."""
    with site.entered(), db.transaction() as session:
        stop_campaign(
            session,
            get_campaign(session, slug),
            actor="test",
            now=at or db.utcnow() - timedelta(minutes=2),
            reasons={"en": "Her family asked us to."},
        )


@pytest.mark.parametrize("by_post", [False, True], ids=["at the gate", "by post"])
def test_a_stop_out_of_reach_is_an_alarm_as_soon_as_there_is_reach(
    phone: BrowserContext, site: Site, *, by_post: bool
) -> None:
    slug = f"ua-70{int(by_post)}-26"
    gate = f"{site.url}/desk/bundles/{make_own_bundle(site, slug, by_post=by_post)}/deliver"
    page = phone.new_page()
    sign_in(page, site, "samir@example.org")
    page.goto(gate)
    page.locator("html[data-offline=ready]").wait_for(state="attached")
    phone.set_offline(True)
    unsure = page.get_by_text("cannot tell whether the action has been stopped")
    expect(unsure).to_be_visible()
    stop(site, slug)
    page.locator("[name=outcome][value=posted]").check()
    page.locator("form[data-deliver] .actions button").click()
    expect(page.locator("#kept [data-state=away]")).to_contain_text("not sent yet")

    # There is reach, but no answer yet.
    phone.route("**/deliver?before=1", lambda route: route.abort())
    with page.expect_event("requestfailed", lambda asked: asked.url.endswith("/deliver?before=1")):
        phone.set_offline(False)
    sent = page.locator("#kept [data-state=sent]")
    expect(sent).to_contain_text("Delivered after the stop")
    expect(unsure).to_be_visible()
    phone.unroute("**/deliver?before=1")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    alarm = page.get_by_role("alert").filter(has_text="Stop: do not deliver anything")
    expect(alarm).to_be_in_viewport()
    expect(alarm).to_contain_text("Her family asked us to.")
    expect(unsure).to_be_hidden()
    sent.get_by_role("link", name="Open the record").click()
    expect(page.locator("main")).to_contain_text("Delivered after the stop")


def test_a_page_that_learns_of_a_stop_keeps_what_was_typed_and_offers_to_record_it(
    phone: BrowserContext, browser: Browser, site: Site
) -> None:
    gate = f"{site.url}/desk/bundles/{make_own_bundle(site, 'ua-702-26')}/deliver"
    page = phone.new_page()
    sign_in(page, site, "samir@example.org")
    page.goto(gate)
    page.locator("html[data-offline=ready]").wait_for(state="attached")
    phone.set_offline(True)
    page.get_by_label("Received by").fill("Planted Attaché")
    page.get_by_label("Left at the door").check()
    stop(site, "ua-702-26")
    phone.set_offline(False)
    expect(page.get_by_label("Not delivered: stopped")).to_be_visible()
    # What happened is chosen with the stop in view.
    expect(page.locator("[name=outcome]:checked")).to_have_count(0)
    page.get_by_label("Not delivered: stopped").check()
    expect(page.get_by_label("Received by")).to_have_value("Planted Attaché")
    assert_accessible(browser, page)
    # Out of reach once more, the page that is opened again has the alarm as well.
    page.evaluate(  # `wait_for_function` does not await what an async function gives
        """async address => {
          for (;;) {
            const kept = await caches.match(address, { ignoreVary: true });
            if (kept && (await kept.text()).includes("Her family asked us to.")) return;
            await new Promise(requestAnimationFrame);
          }
        }""",
        gate,
    )
    phone.set_offline(True)
    page.reload()
    expect(page.get_by_role("alert").filter(has_text="Her family asked us to.")).to_be_visible()
    phone.set_offline(False)
    phone.clear_cookies()
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator("#signed-out")).to_be_visible()


def list_recorded(site: Site, *slugs: str) -> list[str]:
    """Slugs of those campaigns of which something was recorded, a record each."""
    with site.entered(), db.transaction() as session:
        recorded = select(Campaign.slug).join(DeliveryAttempt).where(Campaign.slug.in_(slugs))
        return list(session.scalars(recorded.order_by(Campaign.slug)))


@pytest.mark.parametrize("ticked_again", [False, True], ids=["kept back", "delivered anyway"])
def test_a_bundle_that_came_along_is_unticked_once_by_a_page_that_learns_of_its_stop(
    phone: BrowserContext, browser: Browser, site: Site, *, ticked_again: bool
) -> None:
    own, other = f"ua-705-26-{int(ticked_again)}", f"ua-706-26-{int(ticked_again)}"
    gate = f"{site.url}/desk/bundles/{make_own_bundle(site, own)}/deliver"
    make_own_bundle(site, other, along=own)
    page = phone.new_page()
    sign_in(page, site, "samir@example.org")
    page.goto(gate)
    page.get_by_label("Left at the door").check()
    name = other.replace("-", " ").upper()
    along = page.locator("#companions").get_by_role("checkbox", name=name)
    along.check()
    stop(site, other)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    alarm = page.get_by_role("alert").filter(has_text="Stop: do not deliver")
    expect(alarm).to_contain_text("The bundle is unticked.")
    expect(along).not_to_be_checked()
    expect(along).to_have_accessible_name(re.compile("On hold: stopped$"))
    expect(page.get_by_label("Left at the door")).to_be_checked()
    if ticked_again:
        assert_accessible(browser, page)
        along.check()
        phone.set_offline(True)
        expect(page.locator("#no-reach")).to_be_visible()
        phone.set_offline(False)
        expect(page.locator("#no-reach")).to_be_hidden()
        expect(along).to_be_checked()
    page.locator("form[data-deliver] .actions button").click()
    page.wait_for_url("**/desk/deliveries/**")
    recorded = list_recorded(site, own, other)
    assert recorded == ([own, other] if ticked_again else [own])


@pytest.mark.parametrize("by_stop", [True, False], ids=["by a stop", "by hand"])
def test_the_number_of_a_bundle_goes_with_its_tick_and_returns_with_it(
    phone: BrowserContext, site: Site, *, by_stop: bool
) -> None:
    own, other = f"ua-708-26-{int(by_stop)}", f"ua-709-26-{int(by_stop)}"
    gate = f"{site.url}/desk/bundles/{make_own_bundle(site, own)}/deliver"
    make_own_bundle(site, other, along=own)
    with site.entered(), db.transaction() as session:
        of_other = select(Campaign.id).where(Campaign.slug == other).scalar_subquery()
        printed = update(Letter).where(
            Letter.bundle_id.in_(select(Bundle.id).where(Bundle.campaign_id == of_other))
        )
        session.execute(printed.values(first_page=Letter.sequence, pages=1))
        first = select(func.min(Signature.id)).where(Signature.campaign_id == of_other)
        withdrawn = update(Signature).where(Signature.id == first.scalar_subquery())
        session.execute(withdrawn.values(state=SignatureState.WITHDRAWN, withdrawn_at=db.utcnow()))
    page = phone.new_page()
    sign_in(page, site, "samir@example.org")
    page.goto(gate)
    page.get_by_label("Accepted in part").check()
    page.get_by_label("How many letters they accepted", exact=True).fill("1")
    name = other.replace("-", " ").upper()
    along = page.locator("#companions").get_by_role("checkbox", name=name)
    number = page.get_by_label(re.compile(f"How many letters of {name} .* they accepted"))
    which_print = page.get_by_text(f"Which print of {name}")
    for asked in (number, which_print):
        expect(asked).to_be_hidden()
    along.check()
    expect(which_print).to_be_visible()
    number.fill("1")
    if by_stop:
        stop(site, other)
        page.evaluate("window.dispatchEvent(new Event('online'))")
        expect(along).not_to_be_checked()
    else:
        along.uncheck()
    for asked in (number, which_print):
        expect(asked).to_be_hidden()
    along.check()
    expect(number).to_have_value("1")
    along.uncheck()
    page.locator("form[data-deliver] .actions button").click()
    page.wait_for_url("**/desk/deliveries/**")
    assert list_recorded(site, own, other) == [own]


@pytest.mark.parametrize("outcome", ["left", "stopped"])
def test_a_second_press_makes_no_second_record(
    phone: BrowserContext, site: Site, outcome: str
) -> None:
    slug = f"ua-707-26-{outcome}"
    gate = f"{site.url}/desk/bundles/{make_own_bundle(site, slug)}/deliver"
    if outcome == "stopped":
        stop(site, slug)
    page = phone.new_page()
    # Both clicks of a double click hit the button only where the page does not jump between them.
    page.emulate_media(reduced_motion="no-preference")
    sign_in(page, site, "samir@example.org")
    page.goto(gate)
    page.locator("html[data-offline=ready]").wait_for(state="attached")
    phone.set_offline(True)
    page.locator(f"[name=outcome][value={outcome}]").check()
    record = page.locator("form[data-deliver] .actions button")
    record.dblclick()
    expect(page.locator("#kept [data-state=away]")).to_have_count(1)
    record.dblclick()  # slowly: by now the form is as it was opened
    expect(page.locator("#kept-title")).to_be_focused()
    expect(page.locator("#not-yet")).to_be_hidden()
    assert page.evaluate("async () => (await deliveries.all()).length") == 1
    phone.set_offline(False)
    page.locator("#kept [data-state=sent]").get_by_role("link").click()
    page.goto(gate)
    expect(page.locator("#kept")).to_be_hidden()
    assert page.evaluate("async () => (await deliveries.all()).length") == 0
    assert list_recorded(site, slug) == [slug]


def test_a_time_that_nobody_touched_is_that_of_the_record_and_a_typed_time_stays(
    phone: BrowserContext, site: Site
) -> None:
    zone = "America/Toronto"
    gate = f"{site.url}/desk/bundles/{make_own_bundle(site, 'ua-703-26')}/deliver"
    page = phone.new_page()
    sign_in(page, site, "samir@example.org")
    opened = db.utcnow()
    minutes = [opened + timedelta(minutes=late) for late in range(5)]
    clocks = [clock.time_of(moment, zone).isoformat("minutes") for moment in minutes]
    page.clock.install(time=opened)
    page.clock.set_fixed_time(opened)
    page.goto(gate)
    field = page.locator("[name=happened_time]")
    expect(field).to_have_value(clocks[0])
    stop(site, "ua-703-26", at=minutes[1])

    # Kept on the phone, it has the moment of keeping: long before it is sent.
    phone.set_offline(True)
    page.clock.set_fixed_time(minutes[2])
    page.clock.run_for(_LOOKS_AT_CLOCK)
    expect(field).to_have_value(clocks[2])
    page.clock.set_fixed_time(minutes[3])
    page.get_by_label("Left at the door").check()
    page.locator("form[data-deliver] .actions button").click()
    expect(page.locator(".kept-what")).to_contain_text(f" at {clocks[3]} (")
    page.clock.set_fixed_time(minutes[4])
    page.clock.run_for(_LOOKS_AT_CLOCK)
    expect(field).to_have_value(clocks[4])
    page.locator("[name=happened_on]").fill(clock.day_of(opened, zone).isoformat())
    field.fill(clocks[0])
    page.get_by_label("Refused").check()
    page.locator("form[data-deliver] .actions button").click()
    # What is kept has no order.
    refused = page.locator(".kept-what").filter(has_text="Refused")
    expect(refused).to_contain_text(f" at {clocks[0]} (")
    expect(page.locator("#kept [data-state=away]")).to_have_count(2)
    phone.set_offline(False)
    sent = page.locator("#kept [data-state=sent]")
    expect(sent).to_have_count(2)
    expect(sent.filter(has_text="Left at the door")).to_contain_text("Delivered after the stop")
    for late, outcome in ((3, "Left at the door"), (0, "Refused")):
        link = sent.filter(has_text=outcome).get_by_role("link").get_attribute("href")
        shown = phone.request.get(f"{site.url}{link}").text()
        assert f" at {clocks[late]} (local time)" in shown


@pytest.mark.parametrize("outcome", ["stopped", "part"])
def test_what_the_page_does_not_offer_comes_back_without_loading_it_again_and_again(
    phone: BrowserContext, site: Site, outcome: str
) -> None:
    slug = f"ua-704-26-{outcome}"
    bundle = make_own_bundle(site, slug)
    gate = f"{site.url}/desk/bundles/{bundle}/deliver"
    if outcome == "stopped":
        stop(site, slug)
    page = phone.new_page()
    sign_in(page, site, "samir@example.org")
    page.goto(gate)
    page.locator(f"[name=outcome][value={outcome}]").check()
    page.get_by_label("Received by").fill("Planted Attaché")
    if outcome == "part":
        page.get_by_label("How many letters they accepted").fill("1")
    page.locator("[name=happened_on]").fill(days_ago(400).isoformat())
    page.locator("form[data-deliver] .actions button").click()
    kept = page.locator("#kept [data-state=problem]")
    expect(kept).to_be_visible()
    if outcome == "part":  # by now one letter is left, and no part can be taken of it
        with site.entered(), db.transaction() as session:
            bundle_id = select(Bundle.id).where(Bundle.public_id == bundle).scalar_subquery()
            second = (Letter.bundle_id == bundle_id, Letter.sequence == 2)
            letter = session.scalars(select(Letter).where(*second)).one()
            letter.signature.state = SignatureState.WITHDRAWN
            letter.set_aside, letter.first_page, letter.pages = WITHDRAWN, None, None
    page.goto(f"{gate}?before=1")
    kept.get_by_role("button", name="Correct it").click()
    expect(page.get_by_label("Received by")).to_have_value("Planted Attaché")
    loads: list[str] = []
    page.on("framenavigated", lambda frame: loads.append(frame.url))
    kept.get_by_role("button", name="Correct it").click()
    expect(page.get_by_label("Received by")).to_have_value("Planted Attaché")
    chosen = page.locator("[name=outcome]:checked")
    expect(chosen).to_have_count(1 if outcome == "stopped" else 0)
    if outcome == "part":
        page.get_by_label("Left at the door").check()
    page.locator("[name=happened_on]").fill(days_ago(0).isoformat())
    page.locator("[name=happened_time]").fill("")
    page.locator("form[data-deliver] .actions button").click()
    page.wait_for_url("**/desk/deliveries/**")
    assert len(loads) == 1, "the page of the record alone"
