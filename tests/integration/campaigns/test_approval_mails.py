"""Who is mailed about a review: who can look at it, and who waits for the answer."""

from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns import campaigns, schedule
from campaign.campaigns.readiness import approval
from campaign.mail.models import OutboxMail
from campaign.mail.sender import render
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.staff import CampaignMember, Role, StaffUser
from tests.factories import make_staff_user
from tests.integration.campaigns.test_lifecycle import NOW, asks_for_a_second_person, draft


@pytest.fixture(autouse=True)
def _second_person(app: Flask) -> None:
    asks_for_a_second_person(app)


@pytest.fixture
def writer(unit: Session) -> StaffUser:
    return make_staff_user(unit, Role.ORGANIZER)


@pytest.fixture
def reader(unit: Session) -> StaffUser:
    return make_staff_user(unit, Role.ORGANIZER)


@pytest.fixture
def case(unit: Session, writer: StaffUser, reader: StaffUser) -> Campaign:
    """A draft of the two."""
    campaign = draft(unit, owner_id=writer.id)
    if unit.get(CampaignMember, (campaign.id, reader.id)) is None:
        unit.add(CampaignMember(campaign_id=campaign.id, staff_user_id=reader.id))
    unit.flush()
    return campaign


def mailed(unit: Session) -> list[tuple[str, str]]:
    found = unit.scalars(select(OutboxMail).order_by(OutboxMail.id))
    return [(mail.kind, str(mail.recipient)) for mail in found]


def last_mail(app: Flask, unit: Session) -> str:
    mail = unit.scalars(select(OutboxMail).order_by(OutboxMail.id.desc())).first()
    assert mail is not None
    return str(render(mail, app.extensions["settings"]).get_body(("plain",)).get_content())  # type: ignore[union-attr]


def submit(unit: Session, case: Campaign, writer: StaffUser, now: datetime = NOW) -> None:
    approval.submit_for_review(unit, case, actor=f"staff:{writer.id}", now=now)


def test_who_is_on_the_team_is_asked_to_look_and_nobody_else(
    app: Flask, unit: Session, case: Campaign, writer: StaffUser, reader: StaffUser
) -> None:
    make_staff_user(unit, Role.ADMIN)
    make_staff_user(unit, Role.ORGANIZER)
    submit(unit, case, writer)
    assert mailed(unit) == [("staff-review-asked", reader.email)]
    said = last_mail(app, unit)
    assert writer.name in said
    assert f"/desk/campaigns/{case.slug}" in said
    assert case.person_name not in said


def test_where_nobody_else_is_on_the_team_the_admins_are_asked(
    unit: Session, case: Campaign, writer: StaffUser, reader: StaffUser
) -> None:
    admin, gone = make_staff_user(unit, Role.ADMIN), make_staff_user(unit, Role.ADMIN)
    gone.active = reader.active = False
    unit.flush()
    submit(unit, case, writer)
    assert mailed(unit) == [("staff-review-asked", admin.email)]


def test_the_writer_hears_that_it_came_back_and_the_note_stays_at_the_desk(
    app: Flask, unit: Session, case: Campaign, writer: StaffUser, reader: StaffUser
) -> None:
    submit(unit, case, writer)
    approval.return_to_draft(unit, case, actor=f"staff:{reader.id}", note="Her sister is named.")
    assert mailed(unit)[1:] == [("staff-review-returned", writer.email)]
    assert "sister" not in last_mail(app, unit)


def test_who_takes_it_back_gets_no_mail_about_it(
    unit: Session, case: Campaign, writer: StaffUser
) -> None:
    submit(unit, case, writer)
    approval.return_to_draft(unit, case, actor=f"staff:{writer.id}")
    assert len(mailed(unit)) == 1


def test_the_writer_hears_that_it_is_approved_and_when_it_opens(
    app: Flask, unit: Session, case: Campaign, writer: StaffUser, reader: StaffUser
) -> None:
    writer.locale = "fr"
    submit(unit, case, writer)
    moment = NOW + timedelta(days=1)
    approval.schedule_campaign(unit, case, actor=f"staff:{reader.id}", open_at=moment, now=NOW)
    assert mailed(unit)[1:] == [("staff-review-approved", writer.email)]
    assert "25 novembre 2026" in last_mail(app, unit)


def test_the_writer_hears_that_it_is_open(
    unit: Session, case: Campaign, writer: StaffUser, reader: StaffUser
) -> None:
    submit(unit, case, writer)
    campaigns.open_campaign(unit, case, actor=f"staff:{reader.id}", now=NOW)
    assert mailed(unit)[1:] == [("staff-review-approved", writer.email)]


def test_what_is_changed_after_it_was_approved_asks_for_another_look(
    app: Flask, unit: Session, case: Campaign, writer: StaffUser, reader: StaffUser
) -> None:
    submit(unit, case, writer)
    moment = NOW + timedelta(days=1)
    by = f"staff:{reader.id}"
    approval.schedule_campaign(unit, case, actor=by, open_at=moment, now=NOW)
    campaigns.edit_campaign(unit, case, actor=by, person_pronouns="they")
    assert case.status is CampaignStatus.REVIEW
    assert mailed(unit)[2:] == [("staff-review-asked", writer.email)]
    assert "while it waited" in last_mail(app, unit)


def test_who_mends_it_in_review_becomes_its_writer_and_the_first_is_asked_once(
    unit: Session, case: Campaign, writer: StaffUser, reader: StaffUser
) -> None:
    submit(unit, case, writer)
    for pronouns in ("they", "she"):
        campaigns.edit_campaign(unit, case, actor=f"staff:{reader.id}", person_pronouns=pronouns)
    assert mailed(unit)[1:] == [("staff-review-asked", writer.email)]


def test_owner_and_writer_hear_once_each_that_it_could_not_open(
    app: Flask, unit: Session, case: Campaign, writer: StaffUser, reader: StaffUser
) -> None:
    submit(unit, case, writer)
    moment = NOW + timedelta(days=1)
    approval.schedule_campaign(unit, case, actor=f"staff:{reader.id}", open_at=moment, now=NOW)
    case.act_by = date(2026, 11, 1)
    unit.commit()
    schedule.open_scheduled(moment + timedelta(minutes=1))
    unit.expire_all()
    assert mailed(unit)[2:] == [("staff-opening-missed", writer.email)]
    assert "November 25, 2026" in last_mail(app, unit)
