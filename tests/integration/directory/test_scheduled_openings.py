"""No change of the directory keeps a scheduled campaign from opening without anybody being told."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from campaign.campaigns import check_readiness
from campaign.campaigns.status_changes import open_scheduled
from campaign.core import i18n
from campaign.core.clock import utcnow
from campaign.models.campaign import Campaign, CampaignStatus, Target
from campaign.models.directory import Mission, Official
from campaign.models.staff import Role
from tests.days import days_ago
from tests.factories import (
    make_campaign,
    make_staff_user,
    make_target_mission,
    make_target_official,
    post,
    sign_in,
)
from tests.integration.directory.test_import_pages import form_of, rehearsed, work
from tests.integration.directory.test_letters_before_opening import second_person

__all__ = ["second_person"]
MEND = "Correct this, or cancel the opening of the campaign first."
OFFICIAL, MISSION = "/desk/officials/governor-1", "/desk/missions/embassy-1"
BY_POST = "/desk/officials/by-post"
LONG = "Plenipotentiary-" * 12

ANY_TICK = {"risks_seen": "y"}


@pytest.fixture
def campaign(app: Flask, client: FlaskClient, session: Session) -> Campaign:
    mission, opens = make_target_mission(1), utcnow() + timedelta(days=1)
    by_post = make_target_official(
        3, slug="by-post", name="", address=["1 Main Street"], locality="Mérida"
    )
    scheduled = make_campaign(
        session,
        status=CampaignStatus.SCHEDULED,
        opened_at=None,
        open_at=opens,
        targets=[Target(official=make_target_official(1), mission=mission)],
    )
    posted = Target(official=by_post, position=1)
    scheduled.targets.append(posted)
    session.add(make_target_official(2, office={"en": LONG}, salutation={}, close={}))
    second = {"address": [], "locality": "", "region": "", "postal_code": ""}
    session.add(make_target_mission(2, slug="second", **second))
    lengthen_to_the_last_line(scheduled)
    session.commit()
    sign_in(client, app, Role.ADMIN)
    return scheduled


def lengthen_to_the_last_line(campaign: Campaign) -> None:
    template = next(each for each in campaign.templates if each.locale == "en")
    while not check_readiness.blockers(campaign, utcnow()):
        before, template.opening = template.opening, f"{template.opening}\n\nA line more."
    template.opening = before


Writer = Callable[[FlaskClient], tuple[str, dict[str, str]]]


def edit(page: str, **change: str) -> Writer:
    return lambda client: (page, form_of(client.get(page).text) | change)


def send(url: str, **form: str) -> Writer:
    return lambda _client: (url, form)


WRITERS = {
    "the address is emptied": edit(MISSION, address="", locality=""),
    "nobody has checked it": edit(MISSION, last_checked_on=""),
    "it was checked long ago": edit(MISSION, last_checked_on=f"{days_ago(400)}"),
    "an office fits no window": edit(OFFICIAL, office_en=LONG),
    "a letter by post has no address": edit(BY_POST, address="", locality=""),
    "a letter fits no page": edit(OFFICIAL, salutation_en="Dear " * 38, close_en="Yours " * 30),
    "a mission without an address stays": send(
        "/desk/missions/merge", first="second", second="embassy-1"
    ),
    "an official with another office stays": send(
        "/desk/officials/merge", first="governor-2", second="governor-1"
    ),
    "the recipient gets another office": send(
        "/desk/officials/governor-2/successor/known",
        successor="governor-1",
        on="2026-10-01",
        q="ines",
    ),
}


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
def test_what_keeps_it_from_opening_is_refused_with_its_time_and_how_to_mend_it(
    client: FlaskClient, session: Session, campaign: Campaign, writer: Writer
) -> None:
    assert campaign.open_at is not None
    at = i18n.say_moment_in_zone(campaign.open_at, campaign.timezone, "en")
    refusal = f"After this change, {campaign.reference} could not open automatically on {at}."
    before = entries_of(session)
    url, form = writer(client)
    for sent in (form, form | ANY_TICK):
        told = post(client, url, sent, follow_redirects=True).text
        assert refusal in told
        assert MEND in told
        assert entries_of(session) == before
    assert opens_at_its_time(session, campaign)


def entries_of(session: Session) -> list[dict[str, object]]:
    session.rollback()
    session.expire_all()
    rows = [*session.query(Official).order_by("id"), *session.query(Mission).order_by("id")]
    return [{c.key: getattr(row, c.key) for c in row.__table__.columns} for row in rows]


def opens_at_its_time(session: Session, campaign: Campaign) -> bool:
    session.rollback()
    at: datetime | None = campaign.open_at
    session.rollback()
    assert at is not None
    open_scheduled(at + timedelta(minutes=1))
    session.expire_all()
    return campaign.status is CampaignStatus.OPEN


def test_of_many_changed_at_once_it_stays(
    client: FlaskClient, session: Session, campaign: Campaign
) -> None:
    mission = campaign.targets[0].mission
    assert mission is not None
    while not check_readiness.blockers(campaign, utcnow()):
        mission.address = [*mission.address, "Floor 1"]
    mission.address = mission.address[:-1]
    session.commit()
    # From abroad its country is named on a line of its own.
    many = {"slug": ["embassy-1", "second"], "field": "host_country", "value": "GB"}
    told = post(client, "/desk/missions/bulk", many, follow_redirects=True).text
    assert "1 entry changed." in told
    assert "Not changed: Embassy of the Republic." in told
    assert "or a scheduled campaign could not open. Change each entry on its own page." in told
    assert opens_at_its_time(session, campaign)


FILE = "operator;country;type;city;street\nMexico;Canada;embassy;Ottawa;{street}\n"


def test_an_import_leaves_out_the_row_and_an_undo_of_one_too(
    client: FlaskClient, session: Session, campaign: Campaign
) -> None:
    where = rehearsed(client, session, FILE.format(street=LONG), "missions", replace="y")
    told = client.get(where).text
    assert "With this row, a scheduled campaign could not open automatically." in told
    mission, at = campaign.targets[0].mission, campaign.open_at
    assert mission is not None
    campaign.status, mission.address = CampaignStatus.DRAFT, [LONG]
    mission.last_checked_on = None
    session.commit()
    file = FILE.format(street="9 New Road").replace("street", "street;checked")
    file = file.replace("Road", f"Road;{days_ago(2)}")
    where = rehearsed(client, session, file, "missions", replace="y")
    post(client, f"{where}/apply")
    work(client, session, "officials.apply-import")
    session.rollback()
    session.expire_all()
    assert (mission.address, mission.last_checked_on) == (["9 New Road"], days_ago(2))
    campaign.status, campaign.open_at = CampaignStatus.SCHEDULED, at
    session.commit()
    post(client, f"{where}/undo")
    kept = client.get(f"{where}?show=changed").text
    assert "With the earlier values of this entry, a scheduled campaign could not open" in kept
    assert opens_at_its_time(session, campaign)


@pytest.mark.usefixtures("second_person")
def test_with_a_second_person_what_is_on_no_letter_is_refused_too(
    client: FlaskClient, session: Session, campaign: Campaign
) -> None:
    url, form = edit(MISSION, last_checked_on="")(client)
    assert MEND in post(client, url, form | ANY_TICK).text
    assert opens_at_its_time(session, campaign)


@pytest.mark.both_engines
def test_a_campaign_of_another_team_is_not_named(
    client: FlaskClient, app: Flask, session: Session, campaign: Campaign
) -> None:
    campaign.owner_id = make_staff_user(session, Role.ADMIN).id
    session.commit()
    sign_in(client, app, Role.ORGANIZER, email="other@example.org")
    url, form = edit(MISSION, address="", locality="")(client)
    told = post(client, url, form).text
    assert "a scheduled campaign of another team could not open automatically." in told
    assert campaign.reference not in told
    session.rollback()
    assert opens_at_its_time(session, campaign)


def test_what_it_lacked_before_keeps_nobody_from_another_change(
    client: FlaskClient, session: Session, campaign: Campaign
) -> None:
    mission = campaign.targets[0].mission
    assert mission is not None
    mission.last_checked_on = None
    session.commit()
    url, form = edit(MISSION, address="9 New Road")(client)
    assert post(client, url, form).status_code == 303


def test_an_office_that_ends_keeps_it_from_nothing_and_today_says_so(
    client: FlaskClient, session: Session, campaign: Campaign
) -> None:
    post(client, f"{OFFICIAL}/left")
    assert "1 official has left office, but campaigns still write" in client.get("/desk/today").text
    assert opens_at_its_time(session, campaign)
