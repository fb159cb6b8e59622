"""A flood of false signatures is found, counted, set aside and brought back; a letter is approved
by keyboard."""

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, insert, select

from campaign.campaigns import public_counts
from campaign.core import db, jobs
from campaign.models.campaign import Campaign
from campaign.models.screening import Hold
from campaign.models.signature import Letter, Signature, SignatureState
from campaign.signing.checks.origin import make_trace, marks_of
from tests.e2e.axe import assert_accessible
from tests.e2e.conftest import Site

pytestmark = pytest.mark.e2e
_FALSE = 150
_SLUG = "ua-58-20"


def flood(site: Site) -> int:
    """Confirmed signatures from one network; gives the number that is true."""
    with site.entered(), db.transaction() as session:
        campaign = session.scalars(select(Campaign).where(Campaign.slug == _SLUG)).one()
        honest = public_counts.recount(session, campaign)
        model = session.scalars(
            select(Signature).where(
                Signature.campaign_id == campaign.id, Signature.state == SignatureState.CONFIRMED
            )
        ).first()
        assert model is not None
        kept = {"id", "public_id", "token_digest", "given_name", "family_name", "email"}
        row = {
            column.name: getattr(model, column.name)
            for column in Signature.__table__.columns
            if column.name not in kept
        }
        keyring, now = db.database().keyring, db.utcnow()
        trace = make_trace("203.0.113.9", "python-requests/2.32")
        rows = []
        for number in range(_FALSE):
            email = f"x{number}@flood.example"
            rows.append(
                row
                | {"given_name": "Xan", "family_name": f"Nobody{number}", "email": email}
                | {"email_hmac": keyring.fingerprint(email, "email"), "seat": 1}
                | {"signed_at": now, "confirmed_at": now, "exact_times": None}
                | {"person_hmac": None, "own_words": ""}
                | {"trace": trace.text, **marks_of(keyring, trace, email)}
            )
        ids = session.scalars(insert(Signature).returning(Signature.id), rows).all()
        target, template = model.letters[0].target_id, model.letters[0].template_id
        addressed = {"target_id": target, "template_id": template}
        session.execute(
            insert(Letter), [{"signature_id": signature_id} | addressed for signature_id in ids]
        )
    return honest


def hold_one(site: Site) -> str:
    """One honest letter waits for a look; gives its writer's name."""
    with site.entered(), db.transaction() as session:
        signature = session.scalars(
            select(Signature)
            .where(Signature.state == SignatureState.CONFIRMED, Signature.trace.is_(None))
            .order_by(Signature.id)
        ).first()
        assert signature is not None
        signature.state = SignatureState.HELD
        signature.own_words = "Look at www.example.com, then answer."
        signature.campaign.screening = {"held": ["link"]}
        session.add(
            Hold(
                signature_id=signature.id,
                campaign_id=signature.campaign_id,
                reasons=["risk", "link"],
            )
        )
        return f"{signature.given_name} {signature.family_name}"


def count_now(site: Site) -> None:
    with site.entered():
        jobs.run_now("campaigns.count")
        jobs.run_now("screening.count-trends")


def state_of(site: Site, state: SignatureState) -> int:
    with site.entered(), db.reading() as session:
        query = select(func.count(Signature.id)).where(Signature.state == state)
        return session.scalar(query) or 0


def sign_in(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/desk/")
    page.locator("[name=email]").fill("samir@example.org")
    page.locator("[name=password]").fill(site.password)
    page.get_by_role("main").get_by_role("button").first.click()


def written(page: Page, site: Site, number: int) -> None:
    page.goto(f"{site.url}/en/actions/{_SLUG}?{number}")
    expect(page.get_by_text(f"{number:,} people have written").first).to_be_visible()


def test_a_flood_is_cleaned_and_a_held_letter_is_approved_by_keyboard(
    site: Site, browser: Browser, desk: Page
) -> None:
    honest = flood(site)
    count_now(site)
    page = desk
    sign_in(page, site)
    page.get_by_role("link", name="Screening").click()
    page.get_by_role("link", name="Signature sources").click()
    row = page.get_by_role("row").filter(has_text="203.0.113.0/24")
    expect(row).to_contain_text(str(_FALSE))
    expect(row).to_contain_text("unusual hour")
    assert_accessible(browser, page)
    row.get_by_role("link", name="Count these signatures").click()
    expect(page.get_by_label("Networks", exact=False).first).to_have_value("203.0.113.0/24")
    assert_accessible(browser, page)
    page.get_by_role("button", name="Count these signatures").click()
    expect(page.get_by_role("heading", name=f"{_FALSE} signatures found")).to_be_visible()
    assert_accessible(browser, page)
    assert state_of(site, SignatureState.INVALID) == 0
    page.get_by_label("Why these signatures are false").fill("A flood from one network.")
    page.get_by_role("button", name=f"Exclude {_FALSE} signatures").click()
    expect(page.get_by_role("heading", name=f"{_FALSE} signatures excluded")).to_be_visible()
    desk_page = page.url
    count_now(site)
    written(page, site, honest)
    page.goto(desk_page)
    page.get_by_role("button", name="Undo this exclusion").click()
    expect(page.get_by_role("heading", name=f"{_FALSE} signatures included again")).to_be_visible()
    count_now(site)
    written(page, site, honest + _FALSE)

    name = hold_one(site)
    page.goto(f"{site.url}/desk/screening/")
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    expect(page.locator("mark")).to_contain_text("www.example.com")
    assert_accessible(browser, page)
    page.keyboard.press("a")
    expect(page.get_by_label("Approve the letter with these words")).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("a")
    expect(page.get_by_text("1 letter approved.")).to_be_visible()
    assert state_of(site, SignatureState.HELD) == 0
    page.keyboard.press("u")
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    assert state_of(site, SignatureState.HELD) == 1
    page.get_by_label("Approve the letter with these words").check()
    page.keyboard.press("a")
    expect(page.get_by_text("No letters need review here.")).to_be_visible()
