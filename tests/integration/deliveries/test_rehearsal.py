"""A rehearsal at the gate: marked, carried by nobody, and in nobody's way."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from campaign.bundles.freeze import freeze_bundle
from campaign.core import db
from campaign.core.settings import Settings
from campaign.models.bundle import Bundle, BundleState
from campaign.models.campaign import Campaign, CampaignStatus
from tests.factories import add_confirmed, make_campaign, post
from tests.integration.bundles.conftest import reload
from tests.integration.deliveries.conftest import form


@pytest.fixture
def rehearsed(app: Flask, session: Session, bundle: Bundle, settings: Settings) -> Bundle:
    """Two invented letters of a draft, printed for the mission of a real bundle."""
    draft = make_campaign(session, status=CampaignStatus.DRAFT, opened_at=None)
    draft.targets[0].mission_id = bundle.mission_id
    add_confirmed(session, draft, 2, letter_locale="en")
    draft_id = draft.id
    session.commit()
    with app.app_context(), db.transaction() as own:
        campaign = own.get_one(Campaign, draft_id)
        mission = campaign.targets[0].mission
        assert mission is not None
        rehearsal = freeze_bundle.freeze(
            own,
            campaign=campaign,
            mission=mission,
            settings=settings,
            locale="en",
            actor="test",
            rehearsal=True,
        )
        rehearsal.state = BundleState.READY
        bundle_id = rehearsal.id
    return reload(session, bundle_id)


def test_a_rehearsal_does_not_come_along(
    staff: FlaskClient, bundle: Bundle, rehearsed: Bundle
) -> None:
    page = f"/desk/bundles/{bundle.public_id}/deliver"
    assert f"with_{rehearsed.id}" not in staff.get(page).text
    assert post(staff, page, form()).status_code == 303


@pytest.mark.parametrize("page", ["", "/deliver", "/cancel", "/reprint", "/after"])
def test_each_page_of_a_rehearsal_says_what_it_is_and_offers_no_hand_over(
    staff: FlaskClient, bundle: Bundle, rehearsed: Bundle, page: str
) -> None:
    mark = "Nothing here is counted, sent or delivered."
    shown = staff.get(f"/desk/bundles/{rehearsed.public_id}{page}").text
    assert mark in shown
    for word in (
        "Record a delivery",
        "Export the signature list",
        "Record the delivery",
        "Accepted all letters",
    ):
        assert word not in shown
    assert mark not in staff.get(f"/desk/bundles/{bundle.public_id}{page}").text


def test_its_gate_takes_nothing(staff: FlaskClient, rehearsed: Bundle) -> None:
    page = f"/desk/bundles/{rehearsed.public_id}/deliver"
    words = "This is a rehearsal. Nothing in it can be delivered."
    assert words in staff.get(page).text
    answer = post(staff, page, form())
    assert answer.status_code == 422
    assert words in answer.text


def test_a_rehearsal_is_marked_among_the_bundles(
    staff: FlaskClient, bundle: Bundle, rehearsed: Bundle
) -> None:
    rows = staff.get("/desk/bundles/").text.split('<th scope="row">')[1:]
    marked = ['<span class="status is-faint">Rehearsal</span>' in row for row in rows]
    assert marked == [True, False]
