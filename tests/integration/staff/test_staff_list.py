"""The staff list of admins."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core import db
from campaign.core.audit import AuditEntry
from campaign.mail.messages import OutboxMail
from campaign.models.staff import Role, StaffUser
from tests.factories import STAFF_PASSWORD, give_session, make_staff_user, post, sign_in
from tests.ticks import read_without_token


@pytest.fixture
def admin(client: FlaskClient, app: Flask) -> StaffUser:
    return sign_in(client, app, Role.ADMIN, email="ada@example.org", name="Ada Lovell")


@pytest.fixture
def other(admin: StaffUser, session: Session) -> StaffUser:
    colleague = make_staff_user(session, Role.STAFF, email="omar@example.org", name="Omar Deng")
    session.commit()
    return colleague


def _now(session: Session, user: StaffUser) -> StaffUser:
    session.rollback()
    return session.scalars(
        select(StaffUser).where(StaffUser.id == user.id).execution_options(populate_existing=True)
    ).one()


def _last_action(session: Session) -> str:
    return str(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id.desc())).first())


def _mailed_links(session: Session, email: str) -> list[str]:
    session.rollback()
    mails = session.scalars(select(OutboxMail).order_by(OutboxMail.id)).all()
    session.rollback()
    links = (
        re.search(r"/desk/set-password/[^\"]+", str(mail.context))
        for mail in mails
        if mail.recipient == email
    )
    return [link[0] for link in links if link]


def test_the_list_names_everybody(client: FlaskClient, other: StaffUser) -> None:
    page = client.get("/desk/staff").text
    assert page.index("Ada Lovell") < page.index("Omar Deng")
    assert "No password yet" in page


def test_somebody_is_added_and_the_link_goes_by_mail_alone(
    client: FlaskClient, admin: StaffUser, session: Session
) -> None:
    fields = {"email": "Zoe@Example.org", "name": "Zoe Nand", "role": "organizer", "locale": "fr"}
    response = post(client, "/desk/staff/new", fields, follow_redirects=True)
    assert response.status_code == 200
    assert "/desk/set-password/" not in response.text
    assert "/desk/set-password/" not in client.get("/desk/staff").text
    assert _mailed_links(session, "Zoe@example.org")
    zoe = session.scalars(select(StaffUser).where(StaffUser.role == Role.ORGANIZER)).one()
    assert (zoe.email, zoe.name, zoe.locale) == ("Zoe@example.org", "Zoe Nand", "fr")
    assert _last_action(session) == "accounts.add"


@pytest.mark.both_engines
def test_the_same_address_in_another_spelling_is_not_added_twice(
    client: FlaskClient, other: StaffUser, session: Session
) -> None:
    fields = {"email": "OMAR+desk@example.org", "name": "O", "role": "staff", "locale": "en"}
    response = post(client, "/desk/staff/new", fields)
    assert response.status_code == 422
    assert "already has this address" in response.text
    assert 'value="OMAR+desk@example.org"' in response.text
    assert len(session.scalars(select(StaffUser)).all()) == 2


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"email": "nonsense"}, "This email address is not complete"),
        ({"email": ""}, "Enter an email address."),
        ({"role": "owner"}, "Choose a role"),
        ({"locale": "xx"}, "Choose a language"),
        ({"name": "N" * 81}, "Shorten the name to 80"),
    ],
)
def test_bad_input_is_said_by_the_field(
    client: FlaskClient, admin: StaffUser, session: Session, wrong: dict[str, str], words: str
) -> None:
    good = {"email": "zoe@example.org", "name": "Zoe", "role": "staff", "locale": "en"}
    response = post(client, "/desk/staff/new", good | wrong)
    assert response.status_code == 422
    assert words in response.text
    assert len(session.scalars(select(StaffUser)).all()) == 1


def test_a_role_is_changed(client: FlaskClient, other: StaffUser, session: Session) -> None:
    url = f"/desk/staff/{other.public_id}"
    assert post(client, f"{url}/role", {"role": "organizer"}).location == url
    assert _now(session, other).role is Role.ORGANIZER
    assert _last_action(session) == "accounts.role"
    assert post(client, f"{url}/role", {"role": "owner"}).status_code == 422


def test_disabling_ends_the_sessions_and_enabling_does_not_bring_them_back(
    client: FlaskClient, other: StaffUser, session: Session, app: Flask
) -> None:
    theirs = app.test_client()
    give_session(theirs, other.fs_uniquifier)
    assert theirs.get("/desk/account").status_code == 200
    url = f"/desk/staff/{other.public_id}"
    assert post(client, f"{url}/disable").location == url
    assert theirs.get("/desk/account").status_code == 302
    assert "Disabled" in client.get(url).text
    assert post(client, f"{url}/link").location == url
    assert post(client, f"{url}/enable").location == url
    assert _now(session, other).active
    assert theirs.get("/desk/account").status_code == 302


def test_a_new_link_is_made_and_noted(
    client: FlaskClient, other: StaffUser, session: Session
) -> None:
    address = f"/desk/staff/{other.public_id}/link"
    response = post(client, address, {"how": "show"}, follow_redirects=True)
    assert "/desk/set-password/" not in response.text
    assert _mailed_links(session, other.email)
    assert _last_action(session) == "accounts.link"


def test_what_gives_power_asks_again_who_it_is(
    client: FlaskClient, app: Flask, session: Session
) -> None:
    """A desk that was left open makes nobody an admin; what was typed goes on after the answer."""
    sign_in(client, app, Role.ADMIN, email="ada@example.org", password=True)
    other = make_staff_user(session, Role.STAFF, email="omar@example.org")
    session.commit()
    with client.session_transaction() as cookie:
        cookie["fs_paa"] -= 16 * 60
    url = f"/desk/staff/{other.public_id}"
    new = {"email": "zoe@example.org", "name": "Zoe", "role": "admin", "locale": "en"}
    for address, fields in (
        ("/desk/staff/new", new),
        (f"{url}/link", {}),
        (f"{url}/role", {"role": "admin"}),
    ):
        assert post(client, address, fields).status_code == 403
    assert len(session.scalars(select(StaffUser)).all()) == 2
    assert _now(session, other).role is Role.STAFF
    proved = post(client, f"{url}/role", {"role": "admin", "proof": STAFF_PASSWORD})
    assert proved.location == url
    assert _now(session, other).role is Role.ADMIN


def test_a_new_link_makes_the_one_before_worthless(
    client: FlaskClient, other: StaffUser, session: Session, app: Flask
) -> None:
    for _ in range(2):
        assert post(client, f"/desk/staff/{other.public_id}/link").status_code == 303
    first, second = _mailed_links(session, other.email)
    theirs = app.test_client()
    assert theirs.get(first).status_code == 410
    assert theirs.get(second).status_code == 200


def test_nobody_shuts_themselves_out(
    client: FlaskClient, admin: StaffUser, session: Session
) -> None:
    url = f"/desk/staff/{admin.public_id}"
    assert "your own account" in client.get(url).text
    post(client, f"{url}/disable")
    assert "This is your own account" in client.get(url).text
    post(client, f"{url}/role", {"role": "staff"})
    seen = _now(session, admin)
    assert seen.active
    assert seen.role is Role.ADMIN


def test_an_id_that_nobody_has_is_not_found(client: FlaskClient, other: StaffUser) -> None:
    assert client.get("/desk/staff/nobody").status_code == 404
    assert client.get(f"/desk/staff/{other.id}").status_code == 404
    for deed in ("link", "role", "disable", "enable"):
        assert post(client, f"/desk/staff/nobody/{deed}").status_code == 404


def test_a_get_changes_nothing(client: FlaskClient, other: StaffUser) -> None:
    for deed in ("link", "role", "disable", "enable"):
        assert client.get(f"/desk/staff/{other.public_id}/{deed}").status_code == 405


@pytest.mark.parametrize("role", [Role.ORGANIZER, Role.STAFF])
def test_other_roles_find_nothing_here(
    client: FlaskClient, app: Flask, session: Session, role: Role
) -> None:
    me = sign_in(client, app, role)
    page = client.get(f"/desk/staff/{me.public_id}")
    assert page.status_code == 404
    nobody = client.get("/desk/staff/nobody")
    assert read_without_token(page) == read_without_token(nobody)
    answer = post(client, f"/desk/staff/{me.public_id}/role", {"role": "admin"})
    assert answer.status_code == 404
    assert _now(session, me).role is role


def test_forms_want_their_token(client: FlaskClient, other: StaffUser, session: Session) -> None:
    url = f"/desk/staff/{other.public_id}"
    assert client.post(f"{url}/disable").status_code == 400
    assert client.post("/desk/staff/new", data={"email": "z@example.org"}).status_code == 400
    assert _now(session, other).active


@pytest.mark.both_engines
def test_who_changes_an_account_after_a_colleague_reads_who_was_first(
    client: FlaskClient, other: StaffUser, session: Session, app: Flask
) -> None:
    second = app.test_client()
    sign_in(second, app, Role.ADMIN, name="Noor Haddad")
    url = f"/desk/staff/{other.public_id}"
    first_page = second.get(url).text
    (link,) = re.findall(rf'action="({url}/link[^"]*)"', first_page)

    def twice(step: str, **data: str) -> str:
        assert post(client, f"{url}/{step}", data).status_code == 303
        return str(post(second, f"{url}/{step}", data, follow_redirects=True).text)

    assert "Ada Lovell already did this on" in twice("role", role="organizer", seen="staff")
    otherwise = post(second, f"{url}/role", {"role": "admin", "seen": "staff"})
    assert otherwise.status_code == 422
    assert "because Ada Lovell changed this on" in otherwise.text
    assert re.search(r'<option selected value="admin"|value="admin" selected', otherwise.text)
    assert _now(session, other).role is Role.ORGANIZER
    assert post(second, f"{url}/role", {"role": "admin", "seen": "organizer"}).status_code == 303
    for _ in range(2):
        post(client, link)
        told = post(second, link, follow_redirects=True).text
        assert "Ada Lovell already did this on" in told
    assert len(_mailed_links(session, "omar@example.org")) == 1
    assert "Ada Lovell already did this on" in twice("disable")
    assert "Ada Lovell already did this on" in twice("enable")
    session.rollback()
    actions = list(session.scalars(select(AuditEntry.action)))
    assert actions.count("accounts.role") == 2
    assert all(actions.count(f"accounts.{verb}") == 1 for verb in ("link", "disable", "enable"))


@pytest.mark.both_engines
def test_two_step_sign_in_that_a_colleague_reset_is_not_reset_again(
    client: FlaskClient, other: StaffUser, session: Session
) -> None:
    other.totp_secret, other.totp_since = "SECRET", db.utcnow()
    session.commit()
    url = f"/desk/staff/{other.public_id}"
    post(client, f"{url}/second-factor/reset")
    ends = _now(session, other).fs_uniquifier
    session.rollback()
    told = post(client, f"{url}/second-factor/reset", follow_redirects=True).text
    assert "Ada Lovell already did this on" in told
    assert _now(session, other).fs_uniquifier == ends
