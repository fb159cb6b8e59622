"""A closed action with letters left, linked to one that was stopped to prevent harm."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from campaign.campaigns.status_changes import stop_campaign
from campaign.core import db
from campaign.models.bundle import Bundle, CarriedSignature, DeliveryOutcome
from campaign.models.campaign import Campaign, CampaignStatus, StopKind
from campaign.models.signature import Letter, Origin
from campaign.models.staff import Role
from tests.factories import add_confirmed, make_campaign, post, sign_in
from tests.integration.campaigns.test_edit_conflict import read_form
from tests.integration.deliveries.conftest import Record, reload

WARNING = "was stopped because writing could do harm"
CONTINUES = "Printing and delivery still continue here."
NAMED = "It is closed, but printing and delivery continue there."
TODAY = "1 campaign continues, but a linked action was stopped to prevent harm"


@pytest.fixture(params=["follow-up", "copy"])
def later(session: Session, campaign: Campaign, request: pytest.FixtureRequest) -> Campaign:
    """The follow-up of the campaign, which is closed, or a copy about the same person."""
    name, follows = campaign.person_name, None
    if request.param == "follow-up":
        name, follows = "Amara N. Okafor", campaign
    follow_up = make_campaign(session, follows=follows, person_name=name)
    campaign.opened_at = db.utcnow() - timedelta(days=9)
    campaign.status, campaign.closed_at = CampaignStatus.CLOSED, db.utcnow()
    session.commit()
    return follow_up


def stop(session: Session, campaign: Campaign, kind: StopKind = StopKind.HARM) -> None:
    reasons = {"en": "The family asked us to stop."}
    stop_campaign(session, campaign, actor="test", now=db.utcnow(), reasons=reasons, kind=kind)
    session.commit()


@pytest.mark.parametrize("letters", [3, 0])
def test_letters_that_wait_are_named_before_and_after_the_stop_and_where_they_are_printed(
    app: Flask,
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    later: Campaign,
    letters: int,
) -> None:
    add_confirmed(session, campaign, letters)
    session.commit()
    sign_in(client, app, Role.ADMIN)
    url, overview = (f"/desk/campaigns/{slug}" for slug in (later.slug, campaign.slug))
    mission = campaign.targets[0].mission
    assert mission is not None
    bundle = f"/desk/bundles/new?campaign={campaign.slug}&mission={mission.slug}"
    assert WARNING not in client.get(bundle).text
    page = client.get(f"{url}/status?to=stopped").text
    waits = bool(letters)
    assert (NAMED in page) == (f'href="{overview}"' in page) == waits
    session.rollback()
    typed = read_form(page) | {"kind": "harm", "reason_en": "The family asked us to stop."}
    done = post(client, f"{url}/status?to=stopped", typed, follow_redirects=True).text
    assert "The campaign is stopped." in done
    assert (NAMED in done) == waits
    assert (CONTINUES in client.get(overview).text) == waits
    assert (TODAY in client.get("/desk/today").text) == waits
    for step in ("", "/letters", "/paper"):
        page = client.get(bundle.replace("/new", f"/new{step}")).text
        assert WARNING in page or not waits, step


def test_printed_letters_are_named_until_they_are_delivered(
    app: Flask,
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    bundle: Bundle,
    later: Campaign,
    record: Record,
) -> None:
    stop(session, later)
    sign_in(client, app, Role.ADMIN)
    overview = f"/desk/campaigns/{campaign.slug}"
    assert CONTINUES in client.get(overview).text
    assert TODAY in client.get("/desk/today").text
    session.rollback()
    record(reload(session, bundle.id), DeliveryOutcome.ACCEPTED)
    session.rollback()
    assert CONTINUES not in client.get(overview).text
    assert TODAY not in client.get("/desk/today").text


def test_signed_sheets_of_a_bundle_are_named_though_all_its_letters_were_set_aside(
    app: Flask,
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    bundle: Bundle,
    later: Campaign,
) -> None:
    session.execute(update(Letter).values(set_aside="withdrawn"))
    stop(session, later)
    sign_in(client, app, Role.ADMIN)
    overview = f"/desk/campaigns/{campaign.slug}"
    assert CONTINUES not in client.get(overview).text
    session.rollback()
    signer = add_confirmed(session, campaign, 1)[0]
    signer.origin = Origin.PAPER
    session.execute(delete(Letter).where(Letter.signature_id == signer.id))
    session.add(CarriedSignature(bundle_id=bundle.id, position=1, signature_id=signer.id))
    session.commit()
    assert CONTINUES in client.get(overview).text
    assert TODAY in client.get("/desk/today").text


@pytest.mark.both_engines
def test_who_prints_reads_of_letters_left_on_today_and_nothing_of_what_only_takes_some(
    staff: FlaskClient, session: Session, campaign: Campaign, later: Campaign
) -> None:
    stop(session, later)
    assert TODAY not in staff.get("/desk/today").text
    session.rollback()
    campaign.status = CampaignStatus.OPEN
    session.commit()
    assert TODAY not in staff.get("/desk/today").text
    session.rollback()
    add_confirmed(session, campaign, 1)
    session.commit()
    today = staff.get("/desk/today").text
    assert TODAY in today
    assert 'href="/desk/bundles/"' in today


def test_one_that_is_opened_again_after_the_stop_stays_on_today(
    app: Flask, client: FlaskClient, session: Session, campaign: Campaign, later: Campaign
) -> None:
    """Whoever opened it again was warned, the others were not."""
    stop(session, later)
    campaign.status, campaign.reopened_at = CampaignStatus.OPEN, db.utcnow() + timedelta(minutes=1)
    session.commit()
    sign_in(client, app, Role.ADMIN)
    assert TODAY in client.get("/desk/today").text


@pytest.mark.parametrize("kind", [StopKind.SAFE, StopKind.OTHER])
def test_a_stop_for_another_reason_warns_of_nothing(
    app: Flask,
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    later: Campaign,
    kind: StopKind,
) -> None:
    add_confirmed(session, campaign, 1)
    stop(session, later, kind)
    sign_in(client, app, Role.ADMIN)
    assert CONTINUES not in client.get(f"/desk/campaigns/{campaign.slug}").text
    assert TODAY not in client.get("/desk/today").text
