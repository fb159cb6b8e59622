"""Letters that a second person approved say nothing else unseen, whoever writes the directory."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core.audit import AuditEntry
from campaign.core.clock import utcnow
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.staff import Role
from tests.factories import make_campaign, make_target_mission, make_target_official, post, sign_in
from tests.integration.directory.test_import_pages import form_of, rehearsed, work
from tests.ticks import tick


@pytest.fixture
def second_person(app: Flask) -> None:
    settings = app.extensions["settings"]
    app.extensions["settings"] = settings.model_copy(update={"second_person_opens": True})


@pytest.fixture
def campaign(app: Flask, client: FlaskClient, session: Session) -> Campaign:
    scheduled = make_campaign(session, status=CampaignStatus.SCHEDULED)
    scheduled.opened_at, scheduled.open_at = None, utcnow() + timedelta(days=1)
    session.add(make_target_official(2, name="Ana Pérez", office={"en": "Mayor"}))
    session.add(make_target_mission(2, slug="second", locality="Toronto"))
    session.commit()
    sign_in(client, app, Role.ADMIN)
    return scheduled


def status_of(session: Session, campaign: Campaign) -> CampaignStatus:
    session.rollback()
    session.expire_all()
    return campaign.status


def edit_official(client: FlaskClient) -> tuple[str, dict[str, str]]:
    page = "/desk/officials/governor-1"
    return page, form_of(client.get(page).text) | {"salutation_en": "You torturer,"}


def edit_mission(client: FlaskClient) -> tuple[str, dict[str, str]]:
    page = "/desk/missions/embassy-1"
    return page, form_of(client.get(page).text) | {"address": "9 New Road"}


def merge_into_it(_client: FlaskClient) -> tuple[str, dict[str, str]]:
    pair = {"first": "embassy-1", "second": "second"}
    return "/desk/missions/merge", pair | {"address": "second"}


def merge_it_away(_client: FlaskClient) -> tuple[str, dict[str, str]]:
    return "/desk/missions/merge", {"first": "second", "second": "embassy-1"}


def merge_officials(_client: FlaskClient) -> tuple[str, dict[str, str]]:
    return "/desk/officials/merge", {"first": "governor-2", "second": "governor-1"}


def pass_office(_client: FlaskClient) -> tuple[str, dict[str, str]]:
    passes = {"successor": "governor-1", "on": "2026-10-01", "q": "ines"}
    return "/desk/officials/governor-2/successor/known", passes


Writer = Callable[[FlaskClient], tuple[str, dict[str, str]]]
WRITERS = [edit_official, edit_mission, merge_into_it, merge_it_away, merge_officials, pass_office]


@pytest.mark.usefixtures("second_person")
@pytest.mark.parametrize("writer", WRITERS)
def test_it_says_so_before_and_the_campaign_returns_to_review(
    client: FlaskClient, session: Session, campaign: Campaign, writer: Writer
) -> None:
    url, form = writer(client)
    asked = post(client, url, form, follow_redirects=True)
    assert f"This changes the approved letters of {campaign.reference}." in asked.text
    assert "the campaign no longer opens as scheduled. It needs approval again." in asked.text
    assert "risk flags" not in asked.text
    assert status_of(session, campaign) is CampaignStatus.SCHEDULED
    session.rollback()
    assert post(client, url, form | tick(asked)).status_code == 303
    assert status_of(session, campaign) is CampaignStatus.REVIEW
    assert campaign.submitted_by_id is not None, "who changed it does not approve it"
    actions = session.scalars(select(AuditEntry.action)).all()
    assert actions.count("campaign.entry") == 1
    assert "campaign.unscheduled" in actions
    assert "campaign.review" not in actions, "nobody sent it for approval"


@pytest.mark.usefixtures("second_person")
@pytest.mark.parametrize("writer", WRITERS)
def test_in_review_who_changed_it_has_written_last(
    client: FlaskClient, session: Session, campaign: Campaign, writer: Writer
) -> None:
    campaign.status, campaign.open_at, campaign.submitted_by_id = CampaignStatus.REVIEW, None, None
    session.commit()
    url, form = writer(client)
    assert post(client, url, form).status_code == 303
    assert status_of(session, campaign) is CampaignStatus.REVIEW
    assert campaign.submitted_by_id is not None


@pytest.mark.both_engines
@pytest.mark.parametrize("writer", WRITERS)
def test_where_no_second_person_is_asked_for_nothing_is_said(
    client: FlaskClient, session: Session, campaign: Campaign, writer: Writer
) -> None:
    url, form = writer(client)
    assert post(client, url, form).status_code == 303
    assert status_of(session, campaign) is CampaignStatus.SCHEDULED


@pytest.mark.usefixtures("second_person")
def test_what_is_on_no_letter_cancels_nothing(
    client: FlaskClient, session: Session, campaign: Campaign
) -> None:
    page = "/desk/missions/embassy-1"
    form = form_of(client.get(page).text) | {"hours": "9 to 12", "head_of_mission": "Ana Ruiz"}
    assert post(client, page, form).status_code == 303
    page = "/desk/officials/governor-1"
    form = form_of(client.get(page).text) | {"office_ar": "حاكمة", "preferred_locale": "fr"}
    assert post(client, page, form).status_code == 303
    assert status_of(session, campaign) is CampaignStatus.SCHEDULED


@pytest.mark.both_engines
@pytest.mark.usefixtures("second_person")
def test_of_many_changed_at_once_it_stays(
    client: FlaskClient, session: Session, campaign: Campaign
) -> None:
    many = {"slug": ["embassy-1", "second"], "field": "host_country", "value": "US"}
    told = post(client, "/desk/missions/bulk", many, follow_redirects=True).text
    assert "1 entry changed." in told
    assert "Not changed: Embassy of the Republic." in told
    assert status_of(session, campaign) is CampaignStatus.SCHEDULED
    assert campaign.targets[0].mission is not None
    assert campaign.targets[0].mission.host_country == "CA"


FILE = "operator;country;type;city;street\nMexico;Canada;embassy;Ottawa;9 New Road\n"


@pytest.mark.usefixtures("second_person")
def test_an_import_leaves_out_the_row(
    client: FlaskClient, session: Session, campaign: Campaign
) -> None:
    where = rehearsed(client, session, FILE, "missions", replace="y")
    told = client.get(where).text
    assert "This row changes the approved letters of a scheduled campaign." in told
    assert campaign.targets[0].mission is not None
    session.expire_all()
    assert campaign.targets[0].mission.address == ["100 Sample Street", "Suite 10"]


@pytest.mark.both_engines
@pytest.mark.usefixtures("second_person")
def test_an_import_into_letters_in_review_is_the_last_to_write(
    client: FlaskClient, session: Session, campaign: Campaign
) -> None:
    campaign.status, campaign.open_at, campaign.submitted_by_id = CampaignStatus.REVIEW, None, None
    session.commit()
    where = rehearsed(client, session, FILE, "missions", replace="y")
    post(client, f"{where}/apply")
    work(client, session, "officials.apply-import")
    assert status_of(session, campaign) is CampaignStatus.REVIEW
    assert campaign.submitted_by_id is not None
    assert campaign.targets[0].mission is not None
    assert campaign.targets[0].mission.address == ["9 New Road"]
    campaign.status, campaign.open_at = CampaignStatus.SCHEDULED, utcnow() + timedelta(days=1)
    session.commit()
    post(client, f"{where}/undo")
    assert status_of(session, campaign) is CampaignStatus.SCHEDULED
    assert campaign.targets[0].mission.address == ["9 New Road"]
    session.rollback()
    kept = client.get(f"{where}?show=changed").text
    assert "The approved letters of a scheduled campaign would change." in kept
