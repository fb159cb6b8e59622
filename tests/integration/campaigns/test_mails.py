"""Who is mailed about a review: who can look at it, and who waits for the answer."""

from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns import create_and_edit, status_changes
from campaign.core import i18n
from campaign.mail.messages import OutboxMail
from campaign.mail.sender import render
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.staff import CampaignMember, Role, StaffUser
from tests.factories import make_staff_user
from tests.integration.campaigns.test_lifecycle import NOW, asks_for_a_second_person, draft


@pytest.fixture(autouse=True)
def _second_person(app: Flask) -> None:
    asks_for_a_second_person(app)


@pytest.fixture
def writer(session: Session) -> StaffUser:
    return make_staff_user(session, Role.ORGANIZER)


@pytest.fixture
def reader(session: Session) -> StaffUser:
    return make_staff_user(session, Role.ORGANIZER)


@pytest.fixture
def case(session: Session, writer: StaffUser, reader: StaffUser) -> Campaign:
    """A draft of the two."""
    campaign = draft(session, owner_id=writer.id)
    if session.get(CampaignMember, (campaign.id, reader.id)) is None:
        session.add(CampaignMember(campaign_id=campaign.id, staff_user_id=reader.id))
    session.flush()
    return campaign


def mailed(session: Session) -> list[tuple[str, str]]:
    mails = session.scalars(select(OutboxMail).order_by(OutboxMail.id))
    return [(mail.kind, str(mail.recipient)) for mail in mails]


def last_mail(app: Flask, session: Session) -> str:
    mail = session.scalars(select(OutboxMail).order_by(OutboxMail.id.desc())).first()
    assert mail is not None
    return str(render(mail, app.extensions["settings"]).get_body(("plain",)).get_content())  # type: ignore[union-attr]


def submit(session: Session, case: Campaign, writer: StaffUser, now: datetime = NOW) -> None:
    status_changes.submit_for_review(session, case, actor=f"staff:{writer.id}", now=now)


def test_who_is_on_the_team_is_asked_to_look_and_nobody_else(
    app: Flask, session: Session, case: Campaign, writer: StaffUser, reader: StaffUser
) -> None:
    make_staff_user(session, Role.ADMIN)
    make_staff_user(session, Role.ORGANIZER)
    submit(session, case, writer)
    assert mailed(session) == [("staff-review-asked", reader.email)]
    mail = last_mail(app, session)
    assert writer.name in mail
    assert f"/desk/campaigns/{case.slug}" in mail
    assert case.person_name not in mail


def test_where_nobody_else_is_on_the_team_the_admins_are_asked(
    session: Session, case: Campaign, writer: StaffUser, reader: StaffUser
) -> None:
    admin, gone = make_staff_user(session, Role.ADMIN), make_staff_user(session, Role.ADMIN)
    gone.active = reader.active = False
    session.flush()
    submit(session, case, writer)
    assert mailed(session) == [("staff-review-asked", admin.email)]


def test_the_writer_hears_that_it_came_back_and_the_note_stays_at_the_desk(
    app: Flask, session: Session, case: Campaign, writer: StaffUser, reader: StaffUser
) -> None:
    submit(session, case, writer)
    status_changes.return_to_draft(
        session, case, actor=f"staff:{reader.id}", note="Her sister is named."
    )
    assert mailed(session)[1:] == [("staff-review-returned", writer.email)]
    assert "sister" not in last_mail(app, session)


def test_who_takes_it_back_gets_no_mail_about_it(
    session: Session, case: Campaign, writer: StaffUser
) -> None:
    submit(session, case, writer)
    status_changes.return_to_draft(session, case, actor=f"staff:{writer.id}")
    assert len(mailed(session)) == 1


def test_the_writer_hears_that_it_is_approved_and_when_it_opens(
    app: Flask, session: Session, case: Campaign, writer: StaffUser, reader: StaffUser
) -> None:
    writer.locale, case.timezone = "fr", "Africa/Nairobi"
    session.flush()
    submit(session, case, writer)
    moment = NOW + timedelta(days=1)
    status_changes.schedule_campaign(
        session, case, actor=f"staff:{reader.id}", open_at=moment, now=NOW
    )
    assert mailed(session)[1:] == [("staff-review-approved", writer.email)]
    when = f"{i18n.say_moment(moment, 'Africa/Nairobi', 'fr')} (heure locale\u00a0: Nairobi)"
    letter = " ".join(last_mail(app, session).split())
    assert " ".join(when.split()) in letter


def test_the_writer_hears_that_it_is_open(
    session: Session, case: Campaign, writer: StaffUser, reader: StaffUser
) -> None:
    submit(session, case, writer)
    status_changes.open_campaign(session, case, actor=f"staff:{reader.id}", now=NOW)
    assert mailed(session)[1:] == [("staff-review-approved", writer.email)]


def test_what_is_changed_after_it_was_approved_asks_for_another_look(
    app: Flask, session: Session, case: Campaign, writer: StaffUser, reader: StaffUser
) -> None:
    submit(session, case, writer)
    moment = NOW + timedelta(days=1)
    by = f"staff:{reader.id}"
    status_changes.schedule_campaign(session, case, actor=by, open_at=moment, now=NOW)
    create_and_edit.edit_campaign(session, case, actor=by, person_pronouns="they")
    assert case.status is CampaignStatus.REVIEW
    assert mailed(session)[2:] == [("staff-review-asked", writer.email)]
    assert "after it was approved" in last_mail(app, session)


def test_who_mends_it_in_review_becomes_its_writer_and_the_first_is_asked_once(
    session: Session, case: Campaign, writer: StaffUser, reader: StaffUser
) -> None:
    submit(session, case, writer)
    for pronouns in ("they", "she"):
        create_and_edit.edit_campaign(
            session, case, actor=f"staff:{reader.id}", person_pronouns=pronouns
        )
    assert mailed(session)[1:] == [("staff-review-asked", writer.email)]


def test_owner_and_writer_hear_once_each_that_it_could_not_open(
    app: Flask, session: Session, case: Campaign, writer: StaffUser, reader: StaffUser
) -> None:
    submit(session, case, writer)
    moment = NOW + timedelta(days=1)
    status_changes.schedule_campaign(
        session, case, actor=f"staff:{reader.id}", open_at=moment, now=NOW
    )
    case.act_by = date(2026, 11, 1)
    session.commit()
    status_changes.open_scheduled(moment + timedelta(minutes=1))
    session.expire_all()
    assert mailed(session)[2:] == [("staff-opening-missed", writer.email)]
    assert "25 November 2026" in last_mail(app, session)
