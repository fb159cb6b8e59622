"""The morning email to staff: what Today has for each, once a day, and nothing of a supporter."""

import re
from datetime import datetime, time, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core import clock, jobs
from campaign.core.settings import Settings
from campaign.dashboard.digest import list_lines, send_digest, send_due_digests
from campaign.mail.messages import OutboxMail
from campaign.mail.sender import render
from campaign.models.campaign import CampaignStatus
from campaign.models.staff import Role, StaffUser
from tests.days import ZONE, today
from tests.factories import add_confirmed, make_campaign, make_staff_user, post, sign_in
from tests.races import overtake


def at_hour(hour: int) -> datetime:
    return clock.moment_of(today(), time(hour, 1), ZONE)


def add_staff(session: Session, email: str, role: Role, locale: str = "en") -> StaffUser:
    user = make_staff_user(session, role, email=email)
    user.locale, user.created_at = locale, clock.utcnow() - timedelta(days=2)
    session.flush()
    return user


def list_mails(session: Session) -> list[OutboxMail]:
    session.rollback()
    return list(session.scalars(select(OutboxMail).where(OutboxMail.kind == "staff-digest")))


def test_each_gets_their_own_list_once_a_day_from_that_hour_on(
    app: Flask, session: Session
) -> None:
    make_campaign(session, reference="UA 1", status=CampaignStatus.REVIEW)
    add_staff(session, "olivia@example.org", Role.ORGANIZER)
    add_staff(session, "samir@example.org", Role.STAFF)
    add_staff(session, "ada@example.org", Role.ADMIN)
    session.commit()
    send_due_digests(at_hour(6))
    assert list_mails(session) == [], "it is too early"
    send_due_digests(at_hour(19))
    assert list_mails(session) == [], "it is no morning any more"
    send_due_digests(at_hour(9))
    send_due_digests(at_hour(10))
    (mail,) = list_mails(session)
    # An organizer sees their own campaigns alone; staff have nothing to do with one under review.
    assert mail.recipient == "ada@example.org"
    settings: Settings = app.extensions["settings"]
    message = render(mail, settings)
    text = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert message["Subject"] == "1 item on your list today"
    assert "- 1 campaign needs approval" in text
    assert "http://127.0.0.1:5000/desk/today" in text
    assert "http://127.0.0.1:5000/desk/account" in text
    send_due_digests(at_hour(9) + timedelta(days=1))
    assert len(list_mails(session)) == 2, "the next day there is another"


def test_who_turned_it_off_left_or_came_today_gets_none(app: Flask, session: Session) -> None:
    make_campaign(session, reference="UA 1", status=CampaignStatus.REVIEW)
    add_staff(session, "off@example.org", Role.ADMIN).gets_digest = False
    add_staff(session, "left@example.org", Role.ADMIN).active = False
    add_staff(session, "new@example.org", Role.ADMIN).created_at = at_hour(9)
    session.commit()
    send_due_digests(at_hour(9))
    assert list_mails(session) == []


@pytest.mark.both_engines
@pytest.mark.parametrize("locale", ["en", "fr", "es", "ar"])
def test_it_is_in_the_language_of_its_reader_and_names_nobody(
    app: Flask, session: Session, locale: str
) -> None:
    campaign = make_campaign(session, reference="UA 1")
    signatures = add_confirmed(session, campaign, 2)
    add_staff(session, "samir@example.org", Role.STAFF, locale)
    session.commit()
    jobs.run_now("overview.count")
    send_due_digests(at_hour(9))
    (mail,) = list_mails(session)
    message = render(mail, app.extensions["settings"])
    raw = "".join(part.get_content() for part in message.iter_parts()) + message["Subject"]
    assert "/desk/today" in raw
    assert mail.locale == locale
    assert campaign.person_name not in raw
    for signature in signatures:
        assert signature.email not in raw
        assert signature.family_name not in raw


@pytest.mark.both_engines
def test_of_two_jobs_at_once_one_writes(app: Flask, session: Session) -> None:
    make_campaign(session, status=CampaignStatus.REVIEW)
    user = add_staff(session, "ada@example.org", Role.ADMIN)
    session.commit()
    todos = list_lines(session, by=user, now=clock.utcnow())
    session.expunge_all()
    session.rollback()

    def send(session: Session, _seen: object = None) -> None:
        send_digest(session, user, todos, today())

    overtake(app, send, lambda session: session.get_one(StaffUser, user.id).digest_on, send)
    assert len(list_mails(session)) == 1


def test_each_chooses_their_emails_on_the_account_page(
    client: FlaskClient, app: Flask, session: Session
) -> None:
    sign_in(client, app, Role.ADMIN)
    page = client.get("/desk/account").text
    boxes = re.findall(r'<input [^>]*type="checkbox"[^>]*>', page)
    assert [re.findall(r'name="(\w+)"', box)[0] for box in boxes] == ["gets_digest", "gets_alarms"]
    assert all(" checked" in box for box in boxes)
    fields = {"name": "Ada", "locale": "en"}
    post(client, "/desk/account", fields | {"gets_alarms": "y"})
    user = session.scalars(select(StaffUser)).one()
    assert (user.gets_digest, user.gets_alarms) == (False, True)


def test_alarms_are_for_admins_and_others_turn_none_off(
    client: FlaskClient, app: Flask, session: Session
) -> None:
    sign_in(client, app, Role.STAFF)
    assert "gets_alarms" not in client.get("/desk/account").text
    post(client, "/desk/account", {"name": "Samir", "locale": "en"})
    user = session.scalars(select(StaffUser)).one()
    assert (user.gets_digest, user.gets_alarms) == (False, True), "should they become an admin"
