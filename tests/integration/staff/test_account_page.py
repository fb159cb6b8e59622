"""One's own account, the desk's first page, and the desk's navigation."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core import db
from campaign.core.audit import AuditEntry
from campaign.core.errors import Invalid
from campaign.models.staff import Role, StaffUser
from campaign.staff import reauthentication
from tests.factories import STAFF_PASSWORD, give_session, post, set_password, sign_in

NEW = "seven quiet lanterns at sea"
WRITING = ["Today", "Campaigns", "Officials", "Missions", "Replies"]
CARRYING = ["Today", "Replies"]
PRINTING = ["Letters and bundles", "Screening", "Paper signatures", "Exports"]
ADMIN = ["Other programs", "About us", "Staff", "Audit log"]


def test_the_desk_begins_with_what_waits_today(client: FlaskClient, app: Flask) -> None:
    sign_in(client, app, Role.STAFF)
    assert client.get("/desk/").location == "/desk/today"


@pytest.mark.parametrize(
    ("role", "sections"),
    [
        (Role.ORGANIZER, WRITING),
        (Role.STAFF, CARRYING + PRINTING),
        (Role.ADMIN, [*WRITING, *PRINTING, *ADMIN]),
    ],
)
def test_the_navigation_shows_what_a_role_may_enter(
    client: FlaskClient, app: Flask, role: Role, sections: list[str]
) -> None:
    sign_in(client, app, role)
    page = client.get("/desk/account").text
    navigation = page.partition('<ul class="desk-nav">')[2].partition("</ul>")[0]
    shown = [item.partition("</a>")[0].rpartition(">")[2] for item in navigation.split("<li>")[1:]]
    assert shown == sections
    assert "Noor Haddad" in page


def test_the_navigation_marks_where_one_is(client: FlaskClient, app: Flask) -> None:
    sign_in(client, app, Role.ADMIN)
    page = client.get("/desk/staff/new").text
    assert page.count('aria-current="page"') == 1
    assert '<a href="/desk/staff" aria-current="page">' in page
    section = '<a href="/desk/crm/" aria-current="page">Other programs</a>'
    for tab in ("/desk/crm/", "/desk/webhooks/", "/desk/api-tokens/"):
        page = client.get(tab).text
        assert section in page
        assert f'<li><a href="{tab}" aria-current="page">' in page.partition("<main")[2]
    assert section in client.get("/desk/webhooks/new").text


def test_name_and_language_are_saved(client: FlaskClient, app: Flask, session: Session) -> None:
    sign_in(client, app, Role.STAFF)
    response = post(client, "/desk/account", {"name": "  Noor H. ", "locale": "es"})
    assert response.location == "/desk/account"
    assert '<html lang="es"' in client.get("/desk/account").text
    user = session.scalars(select(StaffUser)).one()
    assert (user.name, user.locale) == ("Noor H.", "es")
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert (entry.action, entry.actor) == ("accounts.profile", f"staff:{user.id}")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "N" * 81, "locale": "en"}, "Shorten the name to 80"),
        ({"name": "Noor\u202e", "locale": "en"}, "hidden characters"),
        ({"name": "Noor\x01", "locale": "en"}, "hidden characters"),
        ({"name": "Noor", "locale": "xx"}, "Choose a language"),
    ],
)
def test_what_cannot_be_taken_is_said_by_the_field(
    client: FlaskClient, app: Flask, session: Session, fields: dict[str, str], words: str
) -> None:
    sign_in(client, app, Role.STAFF)
    response = post(client, "/desk/account", fields)
    assert response.status_code == 422
    assert words in response.text
    assert session.scalars(select(StaffUser)).one().name == "Noor Haddad"


@pytest.mark.both_engines
def test_a_new_password_wants_the_present_one_and_signs_out(
    client: FlaskClient, app: Flask
) -> None:
    sign_in(client, app, Role.STAFF, email="noor@example.org", password=True)
    url = "/desk/account/password"
    wrong = post(client, url, {"current_password": "not-this-one", "password": NEW})
    assert wrong.status_code == 422
    assert "not your current password" in wrong.text
    weak = post(client, url, {"current_password": STAFF_PASSWORD, "password": "short"})
    assert weak.status_code == 422
    done = post(client, url, {"current_password": STAFF_PASSWORD, "password": NEW})
    assert done.location == "/desk/sign-in"
    assert client.get("/desk/account").status_code == 302
    client.get("/desk/sign-in")
    data = {"email": "noor@example.org", "password": NEW}
    assert post(client, "/desk/sign-in", data).status_code == 303


def test_a_present_password_is_guessed_ten_times_an_hour_and_no_more(
    client: FlaskClient, app: Flask, session: Session
) -> None:
    """A session that somebody left open does not give the password away."""
    sign_in(client, app, Role.STAFF, email="noor@example.org", password=True)
    url = "/desk/account/password"
    guess = {"current_password": "not-this-one", "password": NEW}
    assert [post(client, url, guess).status_code for _ in range(10)] == [422] * 10
    answer = post(client, url, guess | {"current_password": STAFF_PASSWORD})
    assert answer.status_code == 429
    assert "Too many attempts" in answer.text
    assert post(client, "/desk/confirm", {"proof": STAFF_PASSWORD}).status_code == 429
    assert client.get("/desk/account").status_code == 200


def test_a_password_that_a_link_set_meanwhile_is_not_overwritten(
    client: FlaskClient, app: Flask, session: Session
) -> None:
    me = sign_in(client, app, Role.STAFF, password=True)
    user = session.get_one(StaffUser, me.id)
    with db.transaction() as other:
        set_password(other, other.get_one(StaffUser, me.id), NEW)
    with app.test_request_context(), pytest.raises(Invalid):
        reauthentication.change_own_password(
            session, user=user, current_password=NEW, password=NEW + " again"
        )


def test_forms_of_the_account_want_their_token(client: FlaskClient, app: Flask) -> None:
    sign_in(client, app, Role.STAFF)
    for url in ("/desk/account", "/desk/account/password", "/desk/sign-out"):
        assert client.post(url, data={"name": "Someone", "locale": "en"}).status_code == 400
    assert "Noor Haddad" in client.get("/desk/account").text


def test_a_name_is_inert_on_the_page(client: FlaskClient, app: Flask) -> None:
    sign_in(client, app, Role.STAFF, name="<script>alert(1)</script>{{7*7}}")
    page = client.get("/desk/account").text
    assert "<script>alert(1)" not in page
    assert "{{7*7}}" in page


@pytest.mark.parametrize("then", ["right", "refused"])
def test_who_has_just_proved_who_they_are_stands_in_the_audit(
    client: FlaskClient, app: Flask, session: Session, then: str
) -> None:
    """In a transaction of its own: also where the page that asked for it refuses the rest."""
    user = sign_in(client, app, Role.ADMIN, password=True)
    give_session(client, user.fs_uniquifier, proved_ago=3600)
    path = "/desk/confirm" if then == "right" else "/desk/crm/connections/new"
    assert post(client, path, {"proof": "wrong"}).status_code in {200, 422}
    query = select(AuditEntry.subject).where(AuditEntry.action == "accounts.confirm")
    assert not session.scalars(query).all()
    session.rollback()
    answer = post(client, path, {"proof": STAFF_PASSWORD})
    assert answer.status_code == (303 if then == "right" else 422)
    assert session.scalars(query).all() == [f"staff:{user.id}"]
