"""What waits today: to each role what is its own, with links that it may follow."""

import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from campaign import db, jobs
from campaign.accounts.models import Role
from campaign.bundles.models import Bundle, BundleState, DeliveryOutcome
from campaign.campaigns.models import Campaign, CampaignStatus
from campaign.deliveries import recording
from campaign.signing.models import SignatureState
from tests.days import days_ago, today
from tests.factories import add_confirmed, make_campaign, sign_in
from tests.integration.bundles.conftest import Freeze, freeze
from tests.integration.replies.test_replies import make_reply

__all__ = ["freeze"]

WRITING = {
    "1 campaign ends within a week",
    "1 campaign is open though its last day is over",
    "1 campaign has replies that are not published",
    "1 campaign could not open",
    "1 campaign waits for a second person",
    "1 draft lacks nothing and can open",
    "1 mission was not checked within a year",
    "1 campaign has ended, and nobody was told how",
}
BOTH = {
    "1 campaign has letters that wait for a look",
    "1 campaign has letters that wait to be printed",
    "1 campaign has letters that were refused at the gate",
}
CARRYING = {
    "1 bundle is printed and waits to be carried",
    "1 delivery is not on the page of its case",
    "1 campaign was handed over lately, and no answer is logged",
}
WAITS = {
    Role.ORGANIZER: WRITING | BOTH,
    Role.STAFF: BOTH | CARRYING,
    Role.ADMIN: WRITING | BOTH | CARRYING,
}


@pytest.fixture
def printed(app: Flask, unit: Session, freeze: Freeze) -> Callable[[Campaign], int]:
    """Freezes two letters of a campaign, and says that they are printed; gives the bundle's id."""

    def run(campaign: Campaign) -> int:
        add_confirmed(unit, campaign, 2)
        campaign_id = campaign.id
        unit.commit()
        bundle_id = freeze(campaign_id)
        with app.app_context(), db.transaction() as own:
            own.get_one(Bundle, bundle_id).state = BundleState.READY
        return bundle_id

    return run


def carry(app: Flask, bundle_id: int, outcome: DeliveryOutcome) -> None:
    with app.app_context(), db.transaction() as unit:
        recording.record_visit(
            unit,
            carried=[recording.Carried(unit.get_one(Bundle, bundle_id))],
            happened=recording.Happened(outcome, today()),
            key=db.new_public_id(),
            actor="test",
        )


@pytest.fixture
def busy_day(app: Flask, unit: Session, printed: Callable[[Campaign], int]) -> None:
    """One of everything that can wait."""
    today = days_ago(0)
    soon = make_campaign(unit, act_by=today + timedelta(days=2))
    assert soon.targets[0].mission is not None
    soon.targets[0].mission.last_checked_on = date(2020, 1, 1)
    make_reply(unit, soon)
    over = make_campaign(unit, act_by=today - timedelta(days=4))
    add_confirmed(unit, over, 1, state=SignatureState.HELD)
    draft = {"status": CampaignStatus.DRAFT, "opened_at": None}
    make_campaign(unit, **draft)
    make_campaign(unit, **draft, opening_missed_at=db.utcnow())
    make_campaign(unit, status=CampaignStatus.REVIEW, opened_at=None)
    make_campaign(unit, status=CampaignStatus.CLOSED, closed_at=db.utcnow())
    printed(soon)
    carry(app, printed(make_campaign(unit)), DeliveryOutcome.ACCEPTED)
    carry(app, printed(make_campaign(unit)), DeliveryOutcome.REFUSED)
    add_confirmed(unit, make_campaign(unit), 1)
    unit.commit()
    jobs.run_now("overview.count")


@pytest.mark.usefixtures("busy_day")
@pytest.mark.parametrize("role", list(Role))
def test_each_role_reads_what_waits_for_it_and_every_link_opens(
    app: Flask, client: FlaskClient, role: Role
) -> None:
    sign_in(client, app, role)
    page = client.get("/desk/today").text
    everything = WRITING | BOTH | CARRYING
    assert {words for words in everything if words in page} == WAITS[role]
    links = set(re.findall(r'href="(/desk/[^"#]*)', page))
    assert len(links) >= len(WAITS[role])
    closed = {link for link in links if _status(client, link) != 200}
    assert closed == set()


@pytest.mark.usefixtures("busy_day")
def test_references_names_and_numbers_stand_apart_in_a_right_to_left_list(
    app: Flask, client: FlaskClient
) -> None:
    sign_in(client, app, Role.ORGANIZER, locale="ar")
    page = client.get("/desk/today").text
    assert '<html lang="ar" dir="rtl"' in page
    first, _heading, running = page.partition("<main")[2].partition('id="running"')
    pair = r"<bdi>[^<]*</bdi>( · |</a> · )<bdi>[^<]*</bdi>"
    assert first.count(" · ") == len(re.findall(pair, first)) > 0
    assert len(re.findall(pair, running)) > 0
    assert re.search(r'</a>\s*<bdi class="hint">[^<]*\d', first)


def _status(client: FlaskClient, link: str) -> int:
    return client.get(link.replace("&amp;", "&"), follow_redirects=True).status_code
