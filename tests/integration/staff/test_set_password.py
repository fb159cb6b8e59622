"""The one-time link by which a password is set."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_security import hash_password
from sqlalchemy import update
from sqlalchemy.orm import Session

from campaign import close_app, create_app
from campaign.core import db
from campaign.core.settings import Settings
from campaign.models.staff import Role, StaffUser
from campaign.staff import passwords
from campaign.staff.passwords import LINK_DAYS, create_password_link
from campaign.staff.staff_users import disable_staff_user
from tests.factories import csrf_token, make_staff_user, post, set_password, sign_in

NEW = "seven quiet lanterns at sea"


@pytest.fixture
def user(session: Session) -> StaffUser:
    staff_user = make_staff_user(session, Role.ORGANIZER, email="noor@example.org", locale="fr")
    session.commit()
    return staff_user


def _path(user: StaffUser) -> str:
    return urlsplit(create_password_link(user)).path


def test_the_link_leads_to_the_address_of_the_settings(user: StaffUser, settings: Settings) -> None:
    assert create_password_link(user).startswith(f"{settings.base_url}/desk/set-password/")


def test_a_password_is_set_and_sign_in_is_asked_for(client: FlaskClient, user: StaffUser) -> None:
    path = _path(user)
    assert "noor@example.org" in client.get(path).text
    response = post(client, path, {"password": NEW})
    assert response.location == "/desk/sign-in"
    assert client.get("/desk/account").status_code == 302
    data = {"email": "noor@example.org", "password": NEW}
    assert post(client, "/desk/sign-in", data).location == "/desk/"


def test_the_page_is_in_the_language_of_its_user(client: FlaskClient, user: StaffUser) -> None:
    page = client.get(_path(user), headers={"Accept-Language": "es"})
    assert '<html lang="fr"' in page.text


def test_opening_the_link_uses_nothing_up(client: FlaskClient, user: StaffUser) -> None:
    path = _path(user)
    for _ in range(3):
        assert client.get(path).status_code == 200
        assert client.head(path).status_code == 200
    assert post(client, path, {"password": NEW}).status_code == 303


def test_the_link_works_once(client: FlaskClient, user: StaffUser) -> None:
    path = _path(user)
    client.get(path)
    post(client, path, {"password": NEW})
    assert client.get(path).status_code == 410
    again = post(client, path, {"password": "another password altogether"})
    assert again.status_code == 410
    assert "sign-in" in again.text
    data = {"email": "noor@example.org", "password": NEW}
    assert post(client, "/desk/sign-in", data).status_code == 303


def test_a_second_link_dies_with_the_first(client: FlaskClient, user: StaffUser) -> None:
    first, second = _path(user), _path(user)
    client.get(first)
    post(client, first, {"password": NEW})
    assert client.get(second).status_code == 410


def test_the_link_dies_after_three_days(
    client: FlaskClient, user: StaffUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    signer = passwords._serializer().make_signer("set-password").__class__
    now = signer.get_timestamp
    days = timedelta(days=LINK_DAYS).total_seconds()
    path = _path(user)
    monkeypatch.setattr(signer, "get_timestamp", lambda self: now(self) + int(days) - 60)
    assert client.get(path).status_code == 200
    monkeypatch.setattr(signer, "get_timestamp", lambda self: now(self) + int(days) + 60)
    assert client.get(path).status_code == 410


def test_a_link_that_nobody_made_is_gone(client: FlaskClient, user: StaffUser) -> None:
    path = _path(user)
    # Not the last character: some of its bits say nothing.
    at = len(path) - 10
    other = path[:at] + ("A" if path[at] != "A" else "B") + path[at + 1 :]
    for wrong in (other, "/desk/set-password/x", "/desk/set-password/a.b.c"):
        assert client.get(wrong).status_code == 410


def test_a_disabled_user_cannot_set_a_password(
    client: FlaskClient, user: StaffUser, session: Session
) -> None:
    path = _path(user)
    disable_staff_user(session, user=user, by=make_staff_user(session, Role.ADMIN))
    session.commit()
    assert client.get(path).status_code == 410


def test_a_weak_password_is_refused_with_words_by_the_field(
    client: FlaskClient, user: StaffUser, session: Session
) -> None:
    user.locale = "en"
    session.commit()
    path = _path(user)
    client.get(path)
    for weak, words in (
        ("", "Enter a new password."),
        ("short", "at least 12 characters"),
        ("Password123456", "easy to guess"),
        ("noornoorhaddad", "your name or address"),
    ):
        response = post(client, path, {"password": weak})
        assert response.status_code == 422
        assert words in response.text
        assert not weak or f'value="{weak}"' not in response.text
    assert client.get(path).status_code == 200


def test_without_a_token_or_from_another_origin_nothing_is_set(
    client: FlaskClient, user: StaffUser
) -> None:
    path = _path(user)
    client.get(path)
    assert client.post(path, data={"password": NEW}).status_code == 400
    headers = {"Origin": "https://evil.example"}
    assert post(client, path, {"password": NEW}, headers=headers).status_code == 403
    assert client.get(path).status_code == 200


def test_a_new_password_ends_all_sessions(
    client: FlaskClient, app: Flask, session: Session
) -> None:
    user = sign_in(client, app, Role.STAFF)
    assert client.get("/desk/account").status_code == 200
    set_password(session, session.merge(user))
    session.commit()
    assert client.get("/desk/account").status_code == 302


def test_the_page_is_not_kept(client: FlaskClient, user: StaffUser) -> None:
    response = client.get(_path(user))
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"


def test_a_password_takes_its_time(settings: Settings) -> None:
    # The application that tests share hashes cheaply; this is one as it is served.
    app = create_app(settings.model_copy())
    with app.app_context():
        assert hash_password("violet-harbour").startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    close_app(app)


class Gate:
    """In the place of the lock of the judge: shows that a password is there, and lets it wait."""

    def __init__(self) -> None:
        self.is_reached, self.is_open = Event(), Event()

    def __enter__(self) -> None:
        self.is_reached.set()
        assert self.is_open.wait(30)

    def __exit__(self, *_: object) -> None:
        pass


@pytest.mark.both_engines
def test_nobody_waits_while_a_password_is_judged_and_a_link_works_once_all_the_same(
    client: FlaskClient,
    app: Flask,
    user: StaffUser,
    session: Session,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path, gate, user_id = _path(user), Gate(), user.id
    client.get(path)
    session.close()
    csrf_token(client)
    monkeypatch.setattr(passwords, "_zxcvbn_lock", gate)

    def use_up() -> None:
        with app.app_context(), db.transaction() as other:
            other.execute(
                update(StaffUser)
                .where(StaffUser.id == user_id)
                .values(link_number=StaffUser.link_number + 1)
            )

    with ThreadPoolExecutor(2) as pool:
        answer = pool.submit(post, client, path, {"password": NEW})
        try:
            assert gate.is_reached.wait(30)
            pool.submit(use_up).result(timeout=10)
        finally:
            gate.is_open.set()
        assert answer.result(timeout=30).status_code == 410
