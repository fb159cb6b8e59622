"""At the gate with a phone, out of reach and back; and what becomes of what was refused."""

import re
from collections.abc import Iterator
from datetime import date, time, timedelta
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import select, update

from campaign.core import db, i18n
from campaign.demo import synthesis
from campaign.models.bundle import (
    Bundle,
    BundleState,
    CarriedSignature,
    DeliveryAttempt,
    DeliveryOutcome,
)
from campaign.models.signature import Letter, SignatureState
from campaign.models.staff import StaffUser
from tests.days import days_ago
from tests.e2e.axe import assert_accessible
from tests.e2e.conftest import Site, hold_request
from tests.e2e.mails import link_in, mail_to
from tests.e2e.test_letter_to_bundle import main_button, sign_in
from tests.e2e.test_supporters import CASE, FORM, post

pytestmark = pytest.mark.e2e
MISSIONS = """operator;jurisdictions;country;city;address;phone;email;website;type;QID;
Mexico;;Canada;Toronto;11 King Street West, Suite 350, Toronto ON M5H 4C7;;;;consulate general;Q2;
"""

_ASK_WORKER = """part => new Promise(async (resolve) => {
  const line = new MessageChannel();
  line.port1.onmessage = (event) => resolve(event.data);
  const { active } = await navigator.serviceWorker.ready;
  active.postMessage({ keep: [part] }, [line.port2]);
})"""


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    """A phone that can lose its reach."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844},
        accept_downloads=True,
        reduced_motion="reduce",  # nothing is pressed while the page still moves
    )
    yield context
    context.close()


@pytest.fixture(autouse=True)
def _bundles_of_its_own(site: Site) -> Iterator[None]:
    """No page offers bundles of the tests before as such that came along, and asks after each."""
    yield
    with site.entered(), db.transaction() as session:
        session.execute(update(Bundle).values(state=BundleState.CANCELLED))


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """As a phone takes it: large, and with the place in it."""
    path = tmp_path / "IMG_0001.jpg"
    exif = Image.Exif()
    exif[0x010E] = "PLANTED-PLACE"
    Image.new("RGB", (1800, 1200), "#7788aa").save(path, exif=exif)
    return path


def attempts(page: Page, site: Site) -> list[str]:
    """What the list of deliveries says of our bundles, the newest first."""
    page.goto(f"{site.url}/desk/deliveries/")
    return page.locator("tbody tr", has_text="UA 58/20").all_inner_texts()


def test_out_of_reach_it_is_kept_on_the_phone_and_sent_once_when_there_is_reach(
    phone: BrowserContext, browser: Browser, site: Site, picture: Path
) -> None:
    gate = f"{site.url}/desk/bundles/{site.make_bundle(signatures=5)}/deliver"
    page = phone.new_page()
    page.goto(gate)
    page.locator("[name=email]").fill("samir@example.org")
    page.locator("[name=password]").fill(site.password)
    main_button(page)
    expect(page).to_have_url(gate)
    page.locator("html[data-offline=ready]").wait_for(state="attached")
    opens_offline = page.get_by_text("This page now opens without a connection.")
    expect(opens_offline).to_have_role("status")
    expect(opens_offline).to_be_visible()
    # The worker says so of what it has, and not of what did not come.
    for part, is_kept in (("/static/css/deliver.css", True), ("/static/none.css", False)):
        assert page.evaluate(_ASK_WORKER, part) is is_kept

    phone.set_offline(True)
    page.reload()
    expect(page.locator("#no-reach")).to_be_visible()
    page.locator(".actions button").click()
    expect(page.locator("#not-yet")).to_have_text("Choose what happened.")
    page.get_by_label("Refused").check()
    page.locator("#pictures").set_input_files(picture)
    expect(page.locator("#thumbs canvas")).to_be_visible()
    day, at = (page.locator(f"[name=happened_{part}]").input_value() for part in ("on", "time"))
    page.locator("[name=happened_time]").fill(at)
    page.locator(".actions button").click()
    expect(page.locator("#kept")).to_contain_text("Kept on this phone, not sent yet")
    expect(page.locator(".kept-what")).to_contain_text(re.compile(rf"{day[:4]} at {at} \("))
    page.reload()
    expect(page.locator("#kept")).to_contain_text("Kept on this phone, not sent yet")
    assert_accessible(browser, page)

    phone.set_offline(False)
    expect(page.locator("#kept [data-state=sent]")).to_be_visible(timeout=30_000)
    expect(opens_offline).to_have_count(0)
    # Nothing is left on the phone, and a second try sends nothing.
    assert page.evaluate("async () => (await deliveries.all()).length") == 0
    assert page.evaluate("async () => (await deliveries.send_all()).length") == 0
    page.locator("#kept a").click()
    expect(page.locator("main")).to_contain_text("Refused")
    shown = page.locator(".visit-pictures img").first
    body = phone.request.get(f"{site.url}{shown.get_attribute('src')}").body()
    assert body.startswith(b"\xff\xd8")
    assert b"PLANTED" not in body
    assert_accessible(browser, page)
    assert len([row for row in attempts(page, site) if "Refused" in row]) == 1
    assert page.evaluate("async () => (await caches.keys()).length") == 0


def test_what_is_kept_has_its_day_and_time_in_the_words_of_the_workspace(
    phone: BrowserContext, site: Site
) -> None:
    gate = f"{site.url}/desk/bundles/{site.make_bundle(signatures=2)}/deliver"
    page = phone.new_page()
    sign_in(page, site, "samir@example.org")
    for language in ("fr", "es", "ar", "en"):  # the last one is that of the other journeys
        with site.entered(), db.transaction() as session:
            session.execute(update(StaffUser).values(locale=language))
        # A busy machine answers after the phone's patience: without a question, from what it keeps.
        page.goto(f"{gate}?before=1")
        expect(page.locator("html")).to_have_attribute("lang", language)
        page.locator("[name=outcome][value=refused]").check()
        phone.set_offline(True)
        for day, at in ((date(2026, 11, 1), time(1, 5)), (date(2026, 10, 22), time(14, 30))):
            page.locator("[name=outcome][value=refused]").check()
            page.locator("[name=happened_on]").fill(day.isoformat())
            page.locator("[name=happened_time]").fill(at.isoformat("minutes"))
            page.locator("form[data-deliver] .actions button").click()
            expect(page.locator(".kept-what")).to_contain_text(
                f"· {i18n.say_day_and_time(day, at, language)} ("
            )
            discard = page.locator("#kept .actions button").last
            discard.click()
            discard.click()
            expect(page.locator("#kept")).to_be_hidden()
        phone.set_offline(False)


def test_what_can_not_be_is_said_before_it_is_kept_and_after_it_is_sent_the_form_is_gone(
    phone: BrowserContext, site: Site, tmp_path: Path, picture: Path
) -> None:
    bundles = [f"{site.url}/desk/bundles/{site.make_bundle(signatures=2)}" for _ in range(2)]
    no_picture = tmp_path / "notes.jpg"
    no_picture.write_text("no picture")
    page = phone.new_page()
    sign_in(page, site, "samir@example.org")
    page.goto(f"{bundles[1]}/deliver")
    expect(page.locator("#companions .optional")).to_have_count(0)
    page.locator("html[data-offline=ready]").wait_for(state="attached")
    page.get_by_label("Refused").check()
    page.locator("#pictures").set_input_files([picture, no_picture])
    expect(page.locator("#no-picture")).to_have_text(re.compile("^notes.jpg is not a JPEG"))
    expect(page.locator("#thumbs li")).to_have_count(1)
    page.locator("#receipt").set_input_files(no_picture)
    expect(page.locator(".part-wrong")).to_have_text(re.compile("^notes.jpg is not .* or a PDF"))
    assert page.evaluate("document.getElementById('receipt').files.length") == 0
    today = page.locator("[name=happened_on]").input_value()
    page.locator("[name=happened_on]").fill("2199-01-01")
    page.locator("form[data-deliver] .actions button").click()
    expect(page.locator(".part-wrong")).to_have_text(
        "This day has not come yet where the mission is. Check the date."
    )
    assert page.evaluate("async () => (await deliveries.all()).length") == 0
    page.locator("[name=happened_on]").fill(today)
    at = page.locator("[name=happened_time]").input_value()
    phone.set_offline(True)
    page.locator("form[data-deliver] .actions button").click()
    expect(page.locator("#kept")).to_contain_text("Kept on this phone, not sent yet")
    page.reload()
    expect(page.locator("#kept")).to_contain_text("Kept on this phone, not sent yet")
    expect(page.locator("form[data-deliver]")).to_be_visible()
    phone.set_offline(False)
    expect(page.locator("#kept [data-state=sent]")).to_be_visible(timeout=30_000)
    expect(page.locator("form[data-deliver]")).to_be_hidden()
    page.get_by_role("button", name="Record another delivery attempt").click()
    expect(page.locator(".tries")).to_contain_text("Refused")
    page.get_by_label("Refused").check()
    page.locator("[name=happened_time]").fill(at)
    page.locator("form[data-deliver] .actions button").click()
    twice = page.locator("#kept [data-state=problem]")
    expect(twice).to_contain_text("already recorded this: Refused")
    twice.get_by_role("link", name="Open the record").click()
    page.wait_for_url(re.compile("/desk/deliveries/"))
    expect(page.locator("main")).to_contain_text("Refused")


def test_signed_out_meanwhile_it_stays_on_the_phone_until_the_same_one_signs_in(
    phone: BrowserContext, site: Site
) -> None:
    gate = f"{site.url}/desk/bundles/{site.make_bundle(signatures=3)}/deliver"
    page = phone.new_page()
    sign_in(page, site, "samir@example.org")
    page.goto(gate)
    phone.clear_cookies()
    page.get_by_label("Left at the door").check()
    page.locator(".actions button").click()
    expect(page.locator("#kept")).to_contain_text("Sign in to send it")
    page.locator("#kept").get_by_role("link", name="Sign in").click()
    page.locator("[name=email]").fill("samir@example.org")
    page.locator("[name=password]").fill(site.password)
    main_button(page)
    expect(page.locator("#kept [data-state=sent]")).to_be_visible(timeout=30_000)
    assert len([row for row in attempts(page, site) if "Left at the door" in row]) == 1


def test_what_is_recorded_while_an_earlier_record_is_on_its_way_is_sent_after_it_and_opens(
    phone: BrowserContext, site: Site
) -> None:
    bundle = site.make_bundle(signatures=2)
    page = phone.new_page()
    sign_in(page, site, "samir@example.org")
    page.goto(f"{site.url}/desk/bundles/{bundle}/deliver")
    page.locator("html[data-offline=ready]").wait_for(state="attached")
    phone.set_offline(True)
    page.get_by_label("Refused").check()
    page.locator("form[data-deliver] .actions button").click()
    expect(page.locator("#kept [data-state=away]")).to_contain_text("not sent yet")
    on_its_way = hold_request(page, "**/deliver/token")
    with page.expect_request("**/deliver/token"):
        phone.set_offline(False)

    page.get_by_label("Left at the door").check()
    page.locator("form[data-deliver] .actions button").click()
    expect(page.locator("#kept [data-state=sending]")).to_contain_text("Left at the door")
    on_its_way[0].continue_()
    page.wait_for_url(re.compile("/desk/deliveries/"))
    expect(page.locator("main")).to_contain_text("Left at the door")
    outcomes = [outcome for outcome, _messages in list_outcomes(site, bundle)]
    assert outcomes == [DeliveryOutcome.REFUSED, DeliveryOutcome.LEFT]


def test_what_is_kept_is_sent_in_the_order_in_which_it_was_kept(
    phone: BrowserContext, site: Site
) -> None:
    bundle = site.make_bundle(signatures=2)
    with site.entered(), db.transaction() as session:
        frozen_at = db.utcnow() - timedelta(days=3)
        mine = update(Bundle).where(Bundle.public_id == bundle)
        session.execute(mine.values(created_at=frozen_at))
    page = phone.new_page()
    sign_in(page, site, "samir@example.org")
    page.goto(f"{site.url}/desk/bundles/{bundle}/deliver")
    page.locator("html[data-offline=ready]").wait_for(state="attached")
    phone.set_offline(True)
    minutes = [time(0, minute) for minute in range(1, 6)]
    for minute in minutes:
        page.locator("[name=happened_on]").fill(days_ago(1).isoformat())
        page.get_by_label("Refused").check()
        page.locator("[name=happened_time]").fill(minute.isoformat("minutes"))
        page.locator("form[data-deliver] .actions button").click()
        waiting = page.locator("#kept [data-state=away]")
        expect(waiting).to_have_count(minutes.index(minute) + 1)
    # One that an earlier version of the page kept goes first, whatever its key is.
    keys = page.evaluate(
        """async () => {
          const kept = await deliveries.all();
          const base = await new Promise((resolve) => {
            const asked = indexedDB.open("deliveries", 1);
            asked.onsuccess = () => resolve(asked.result);
          });
          const step = base.transaction("kept", "readwrite");
          const { place, ...before } = kept[0];
          step.objectStore("kept").put({ ...before, key: "zzz" });
          await new Promise((resolve) => { step.oncomplete = resolve; });
          base.close();
          const keys = (await deliveries.all()).map((record) => record.key);
          await deliveries.remove("zzz");
          return [keys[0], keys.slice(1).join() === kept.map((record) => record.key).join()];
        }"""
    )
    assert keys == ["zzz", True]
    phone.set_offline(False)
    sent = page.locator("#kept [data-state=sent]")
    expect(sent).to_have_count(len(minutes), timeout=30_000)
    with site.entered(), db.transaction() as session:
        times = select(DeliveryAttempt.happened_time).join(Bundle).order_by(DeliveryAttempt.id)
        assert session.scalars(times.where(Bundle.public_id == bundle)).all() == minutes


def test_what_cannot_be_taken_yet_stays_on_the_phone_and_says_what_to_do_first(
    phone: BrowserContext, browser: Browser, site: Site, picture: Path
) -> None:
    along = site.make_bundle(signatures=2)
    bundle = f"{site.url}/desk/bundles/{site.make_bundle(signatures=4)}"
    page = phone.new_page()
    sign_in(page, site, "samir@example.org")
    page.goto(f"{bundle}/deliver")
    page.get_by_label("Accepted in part").check()
    taken = page.get_by_label("How many letters they accepted").first
    page.get_by_label("Received by").fill("Planted Attaché")
    most = taken.get_attribute("max")  # all but one: demo data may lie in the bundle as well
    taken.fill("100")
    page.locator(".actions button").click()
    expect(page.locator(".part-wrong")).to_contain_text(f"Enter a number from 1 to {most}.")
    expect(taken).to_be_focused()
    expect(taken).to_have_value("100")
    expect(page.get_by_label("Received by")).to_have_value("Planted Attaché")
    assert page.evaluate("async () => (await deliveries.all()).length") == 0
    taken.fill("1")
    page.locator(".actions button").click()
    page.wait_for_url(re.compile("/desk/deliveries/"))
    page.goto(f"{bundle}/deliver")
    page.get_by_label("Accepted all letters").check()
    page.get_by_label("Received by").fill("Planted Attaché")
    page.locator("#receipt").set_input_files(picture)
    page.locator("form[data-deliver] .actions button").click()
    kept = page.locator("#kept [data-state=problem]")
    expect(kept).to_contain_text("we do not know which letters")
    phone.set_offline(True)
    kept.get_by_role("button", name="Correct it").click()
    page.locator("form[data-deliver] .actions button").click()  # with nothing changed
    expect(page.locator("#kept [data-state=away]")).to_have_count(1)
    phone.set_offline(False)
    expect(kept).to_contain_text("we do not know which letters")
    assert_accessible(browser, page)

    page.get_by_role("link", name="First enter the numbers of the accepted letters.").click()
    page.locator("[name=numbers]").fill("2")
    page.get_by_role("button", name="Save the numbers").click()
    expect(page.locator("h1")).to_contain_text(f"You still have {most} letters here")
    page.goto(f"{bundle}/deliver")
    expect(kept).to_contain_text("we do not know which letters")
    # As if it had been ticked from the start, and unticked at the gate.
    page.locator("[name^=with_]").first.check()
    kept.get_by_role("button", name="Correct it").click()
    expect(page.get_by_label("Received by")).to_have_value("Planted Attaché")
    expect(page.locator("[name^=with_]:checked")).to_have_count(0)
    assert page.evaluate("document.getElementById('receipt').files[0].name") == picture.name
    expect(kept).to_be_visible()  # until another takes its place, it stays
    page.reload()
    kept.get_by_role("button", name="Correct it").click()
    page.locator("form[data-deliver] .actions button").click()
    page.wait_for_url(re.compile("/desk/deliveries/"))
    expect(page.locator("main")).to_contain_text("Accepted")
    expect(page.locator(".visit-bundles li")).to_have_count(1)
    expect(page.locator("main")).to_contain_text("Signed receipt")
    page.goto(f"{site.url}/desk/bundles/{along}/deliver")
    assert page.evaluate("async () => (await deliveries.all()).length") == 0


def list_outcomes(site: Site, bundle: str) -> list[tuple[DeliveryOutcome, int]]:
    """How a bundle fared each time, and with how many letters."""
    with site.entered(), db.transaction() as session:
        attempts = select(DeliveryAttempt).join(Bundle).where(Bundle.public_id == bundle)
        return [(row.outcome, row.messages) for row in session.scalars(attempts)]


def test_a_page_from_before_a_withdrawal_asks_later_which_print_it_was_and_keeps_all(
    phone: BrowserContext, site: Site, picture: Path
) -> None:
    bundle = site.make_bundle(signatures=3)
    page = phone.new_page()
    sign_in(page, site, "samir@example.org")
    page.goto(f"{site.url}/desk/bundles/{bundle}/deliver")
    page.locator("html[data-offline=ready]").wait_for(state="attached")
    phone.set_offline(True)
    page.get_by_label("Accepted all letters").check()
    page.get_by_label("Received by").fill("Planted Attaché")
    page.locator("#pictures").set_input_files(picture)
    expect(page.locator("#thumbs canvas")).to_be_visible()
    page.locator("form[data-deliver] .actions button").click()
    expect(page.locator("#kept")).to_contain_text("Kept on this phone, not sent yet")
    expect(page.get_by_label("is in it")).to_have_count(0)

    with site.entered(), db.transaction() as session:
        in_it = select(Letter).join(Bundle).where(Bundle.public_id == bundle)
        letters = session.scalars(in_it).all()
        letters[0].signature.state = SignatureState.WITHDRAWN
        printed = len(letters)
        # Without its files it is not made again: every third minute it would be, at some moment.
        session.execute(
            update(Bundle).where(Bundle.public_id == bundle).values(emptied_at=db.utcnow())
        )
    phone.set_offline(False)
    kept = page.locator("#kept [data-state=problem]")
    expect(kept).to_contain_text("Choose which print you had", timeout=30_000)
    assert list_outcomes(site, bundle) == []

    kept.get_by_role("button", name="Correct it").click()
    expect(page.get_by_label("Its sheets that must not go were removed by hand")).to_be_visible()
    expect(page.get_by_label("Accepted all letters")).to_be_checked()
    expect(page.get_by_label("Received by")).to_have_value("Planted Attaché")
    expect(page.locator("#thumbs li")).to_have_count(1)
    page.locator("form[data-deliver] .actions button").click()
    expect(page.locator(".part-wrong")).to_contain_text("Choose which print you had")
    page.get_by_label("is in it").check()
    page.locator("form[data-deliver] .actions button").click()
    page.wait_for_url(re.compile("/desk/deliveries/"))
    expect(page.locator(".visit-pictures img")).to_have_count(1)
    assert list_outcomes(site, bundle) == [(DeliveryOutcome.ACCEPTED, printed)]


def test_a_page_that_did_not_ask_about_signature_sheets_asks_later_and_keeps_all(
    phone: BrowserContext, browser: Browser, site: Site, picture: Path
) -> None:
    bundle = site.make_bundle(signatures=3)
    page = phone.new_page()
    sign_in(page, site, "samir@example.org")
    page.goto(f"{site.url}/desk/bundles/{bundle}/deliver")
    page.locator("html[data-offline=ready]").wait_for(state="attached")
    phone.set_offline(True)
    page.get_by_label("Accepted in part").check()
    page.get_by_label("How many letters they accepted").first.fill("1")
    page.get_by_label("Received by").fill("Planted Attaché")
    page.locator("#pictures").set_input_files(picture)
    expect(page.locator("#thumbs canvas")).to_be_visible()
    asked = page.get_by_role("group", name="What happened to the signature sheets?")
    expect(asked).to_have_count(0)
    record = page.locator("form[data-deliver] .actions button")
    record.click()
    expect(page.locator("#kept")).to_contain_text("Kept on this phone, not sent yet")

    with site.entered(), db.transaction() as session:
        letter = session.scalars(
            select(Letter).join(Bundle).where(Bundle.public_id == bundle)
        ).first()
        assert letter is not None
        session.add(
            CarriedSignature(
                bundle_id=letter.bundle_id, position=1, signature_id=letter.signature_id
            )
        )
    phone.set_offline(False)
    kept = page.locator("#kept [data-state=problem]")
    unsaid = "Say what happened to the signature sheets."
    expect(kept).to_contain_text(unsaid, timeout=30_000)
    assert list_outcomes(site, bundle) == []

    kept.get_by_role("button", name="Correct it").click()
    expect(asked).to_be_visible()
    expect(asked.get_by_role("radio", checked=True)).to_have_count(0)
    expect(page.get_by_label("Accepted in part")).to_be_checked()
    expect(page.get_by_label("Received by")).to_have_value("Planted Attaché")
    expect(page.locator("#thumbs li")).to_have_count(1)
    record.click()
    expect(page.locator(".part-wrong")).to_have_text(unsaid)
    expect(page.get_by_label("They were accepted")).to_be_focused()
    assert_accessible(browser, page)
    page.get_by_label("They came back").check()
    record.click()
    page.wait_for_url(re.compile("/desk/deliveries/"))
    expect(page.locator("main")).to_contain_text("The signature sheets came back.")
    expect(page.locator(".visit-pictures img")).to_have_count(1)
    assert list_outcomes(site, bundle) == [(DeliveryOutcome.PART, 1)]


def test_a_bundle_that_came_along_stays_ticked_also_once_the_page_offers_it_no_more(
    phone: BrowserContext, site: Site
) -> None:
    along, own = (f"{site.url}/desk/bundles/{site.make_bundle(signatures=2)}" for _ in range(2))
    page = phone.new_page()
    sign_in(page, site, "samir@example.org")
    page.goto(f"{own}/deliver")
    page.get_by_label("Accepted in part").check()
    page.get_by_label("How many letters they accepted").first.fill("1")
    page.locator(".actions button").click()
    page.wait_for_url(re.compile("/desk/deliveries/"))
    page.goto(f"{along}/deliver")
    name = page.locator(".kicker a").inner_text()
    page.goto(f"{own}/deliver")
    page.get_by_label("Accepted all letters").check()
    page.get_by_label(re.compile(re.escape(name))).first.check()
    page.locator("form[data-deliver] .actions button").click()
    kept = page.locator("#kept [data-state=problem]")
    expect(kept).to_contain_text("we do not know which letters")

    page.goto(f"{along}/deliver")
    page.get_by_label("Accepted in part").check()
    page.get_by_label("How many letters they accepted").first.fill("1")
    page.locator("form[data-deliver] .actions button").click()
    page.wait_for_url(re.compile("/desk/deliveries/"))
    for bundle in (along, own):
        page.goto(f"{bundle}/after")
        page.locator("[name=numbers]").fill("1")
        page.get_by_role("button", name="Save the numbers").click()
        expect(page.locator("h1")).to_contain_text("You still have")
    page.goto(f"{own}/deliver")
    ticked = page.get_by_label(re.compile(re.escape(name)))
    expect(ticked).to_have_count(0)
    kept.get_by_role("button", name="Correct it").click()
    expect(ticked.first).to_be_checked()
    # It was tried a minute ago, perhaps: before the part was taken, there were not so many left.
    page.locator("[name=happened_time]").fill("")
    page.locator("form[data-deliver] .actions button").click()
    page.wait_for_url(re.compile("/desk/deliveries/"))
    expect(page.locator(".visit-bundles li")).to_have_count(2)


def test_refused_it_is_split_and_posted_and_the_rest_accepted_elsewhere(
    desk: Page, browser: Browser, site: Site, tmp_path: Path
) -> None:
    missions = tmp_path / "missions.csv"
    missions.write_text(MISSIONS)
    done = site.command("import", "missions", str(missions))
    assert done.returncode == 0, done.stderr
    letters = {}
    for name in ("first", "last"):
        address = f"{name}@example.org"
        fields = {**FORM, "family_name": name, "email": address, "consent_updates": "y"}
        post(site, f"{CASE}/sign", **fields)
        letters[name] = link_in(mail_to(site, desk, address, "letter"), "/en/letter/")
        desk.goto(letters[name])
        main_button(desk)
        if name == "first":
            with site.entered():
                synthesis.synthesise("ua-58-20", signatures=4)
    bundle = site.make_bundle(printed=True)
    desk.goto(letters["first"])
    numbered = re.search("as letter ([0-9]{5})", desk.locator(".timeline").inner_text())
    assert numbered is not None
    sign_in(desk, site, "samir@example.org")
    desk.goto(f"{site.url}/desk/bundles/{bundle}")
    desk.get_by_role("link", name="Record a delivery").click()
    desk.get_by_label("Refused").check()
    main_button(desk)
    desk.get_by_role("link", name="Envelopes or another mission").click()
    assert_accessible(browser, desk)
    # The first envelope ends with the first letter; the last one comes after it.
    desk.locator("[name=letters_each]").fill(str(int(numbered[1])))
    desk.get_by_role("button", name="Make the envelopes").click()
    expect(desk.get_by_text("envelopes-001.pdf")).to_be_visible(timeout=60_000)
    assert_accessible(browser, desk)
    with desk.expect_download() as download:
        desk.locator("tr", has_text="envelopes-001.pdf").get_by_role("button").click()
    assert download.value.path().read_bytes().startswith(b"%PDF-")
    desk.locator("[name=last]").fill("1")
    desk.locator("[name=tracking]").fill("RN 4411 CA")
    desk.get_by_role("button", name="Record as posted").click()
    expect(desk.locator("h1")).to_contain_text("You still have")
    desk.locator("[name=mission]").select_option(index=1)
    desk.get_by_role("button", name="Check the change").click()
    assert_accessible(browser, desk)
    desk.get_by_role("button", name="Freeze and print").click()
    expect(desk.locator("h1")).to_contain_text("Toronto")
    expect(desk.get_by_role("button", name="Download the bundle")).to_be_visible(timeout=60_000)
    desk.get_by_role("link", name="Record a delivery").click()
    desk.get_by_label("Accepted all letters").check()
    main_button(desk)
    desk.get_by_role("link", name="Publish").click()
    assert_accessible(browser, desk)
    desk.locator("[name=title_en]").fill("Handed over in Toronto")
    main_button(desk)
    expect(desk.locator("main")).to_contain_text("On the case page")

    desk.goto(f"{site.url}{CASE}")
    expect(desk.locator("main")).to_contain_text("Handed over in Toronto")
    ways = {}
    for name, address in letters.items():
        desk.goto(address)
        ways[name] = desk.locator(".timeline .is-done").all_inner_texts()
        assert any("Refused at the door" in mark for mark in ways[name])
    assert any("Sent by post" in mark and "RN 4411 CA" in mark for mark in ways["first"])
    assert not any("Delivered" in mark for mark in ways["first"])
    assert any("Delivered" in mark for mark in ways["last"])
    assert not any("Sent by post" in mark for mark in ways["last"])
    assert_accessible(browser, desk)
    assert re.search("posted", str(mail_to(site, desk, "first@example.org", "posted")["Subject"]))
    told = mail_to(site, desk, "last@example.org", "delivered").get_body(("plain",))
    assert told is not None
    assert re.search(r"\b0{4}[1-9]\b", told.get_content()), "the number of the letter"
