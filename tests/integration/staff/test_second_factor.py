"""The second factor of staff, and proving once more who one is."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context

import pytest
from flask import Blueprint, Flask, request
from flask.testing import FlaskClient
from passlib.totp import TOTP
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign import close_app, create_app
from campaign.core import db
from campaign.core.audit import AuditEntry
from campaign.core.settings import Settings
from campaign.models.staff import RecoveryCode, Role, StaffUser
from campaign.staff import reauthentication, second_factor
from campaign.staff.desk_access import fresh, guard
from campaign.staff.passwords import create_password_link
from campaign.staff.required_factors import count_admins_without
from tests.factories import STAFF_PASSWORD, give_session, make_staff_user, post, sign_in

EMAIL = "noor@example.org"
PAGE = "/desk/account/second-factor"


def _turn_on(session: Session, user: StaffUser) -> list[str]:
    """Give the user a second factor whose code of now is not used yet."""
    user.totp_secret = second_factor.create_secret(session)
    user.totp_since = db.utcnow()
    codes = second_factor.create_recovery_codes(session, user)
    session.commit()
    return codes


def _code(session: Session, user: StaffUser, shift: int = 0) -> str:
    key = second_factor.get_app_key(session, user).replace("-", "")
    token: str = TOTP(key=key).generate(time.time() + shift).token
    return token


@pytest.fixture
def user(session: Session) -> StaffUser:
    staff_user = make_staff_user(session, Role.STAFF, email=EMAIL, password=True)
    session.commit()
    return staff_user


def _know_password(client: FlaskClient, target: str = "/desk/account") -> str:
    client.get("/desk/sign-in")
    data = {"email": EMAIL, "password": STAFF_PASSWORD, "next": target}
    return str(post(client, "/desk/sign-in", data).location)


def _give(client: FlaskClient, proof: str) -> int:
    data = {"proof": proof, "next": "/desk/account"}
    return int(post(client, "/desk/sign-in/code", data).status_code)


def _may_enter(client: FlaskClient) -> bool:
    return client.get("/desk/account").status_code == 200


def test_it_is_set_up_with_a_picture_and_a_first_code(
    client: FlaskClient, app: Flask, session: Session
) -> None:
    me = sign_in(client, app, Role.STAFF)
    elsewhere = app.test_client()
    give_session(elsewhere, me.fs_uniquifier)
    assert post(client, f"{PAGE}/start").location == PAGE
    page = client.get(PAGE).text
    assert "<svg" in page
    seen = session.get_one(StaffUser, me.id)
    assert second_factor.get_app_key(session, seen) in page
    assert "otpauth://" not in page
    assert not seen.has_second_factor
    code = _code(session, seen)
    session.rollback()
    assert post(client, f"{PAGE}/turn-on", {"code": "abc"}).status_code == 422
    done = post(client, f"{PAGE}/turn-on", {"code": code})
    shown = re.findall(r"<li><code>([a-z2-9-]{19})</code>", done.text)
    assert len(set(shown)) == second_factor.RECOVERY_CODES
    assert not _may_enter(elsewhere)
    assert _may_enter(client)
    session.expire_all()
    row = session.connection().exec_driver_sql("SELECT totp_secret FROM staff_user").scalar_one()
    assert b"enckey" not in bytes(row)
    assert shown[0] not in str(session.scalars(select(RecoveryCode.digest)).all())
    assert session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()[-2:] == [
        "accounts.factor-start",
        "accounts.factor-on",
    ]


def test_the_password_alone_does_not_sign_in_and_a_code_works_once(
    client: FlaskClient, user: StaffUser, session: Session, app: Flask
) -> None:
    _turn_on(session, user)
    code = _code(session, user)
    session.rollback()
    assert _know_password(client) == "/desk/sign-in/code?next=/desk/account"
    assert not _may_enter(client)
    assert "Enter your code" in client.get("/desk/sign-in/code").text
    assert _give(client, "") == 422
    assert _give(client, f"{(int(code) + 1) % 1_000_000:06}") == 422
    assert not _may_enter(client)
    assert _give(client, code) == 303
    assert _may_enter(client)
    again = app.test_client()
    _know_password(again)
    assert _give(again, code) == 422
    assert not _may_enter(again)


@pytest.mark.both_engines
def test_of_one_code_given_many_times_at_once_one_signs_in(
    client: FlaskClient, user: StaffUser, session: Session, app: Flask
) -> None:
    spare = _turn_on(session, user)[0]
    for proof in (_code(session, user), spare):
        session.rollback()

        def use(_number: int, proof: str = proof) -> bool:
            with app.app_context(), db.transaction() as own:
                return reauthentication.use_either_code(own, own.get_one(StaffUser, user.id), proof)

        with ThreadPoolExecutor(6) as pool:
            won = list(pool.map(lambda number: Context().run(use, number), range(12)))
        assert won.count(True) == 1


def test_a_recovery_code_stands_in_once(
    client: FlaskClient, user: StaffUser, session: Session, app: Flask
) -> None:
    spare = _turn_on(session, user)[3]
    _know_password(client)
    assert _give(client, f" {spare.upper().replace('-', ' ')} ") == 303
    assert _may_enter(client)
    _know_password(again := app.test_client())
    assert _give(again, spare) == 422
    session.rollback()
    assert second_factor.count_recovery_codes(session, user) == second_factor.RECOVERY_CODES - 1
    assert "accounts.recovery-code" in session.scalars(select(AuditEntry.action)).all()


def test_a_new_password_does_not_pass_by_the_second_factor(
    client: FlaskClient, user: StaffUser, session: Session, app: Flask
) -> None:
    _turn_on(session, user)
    with app.test_request_context():
        link = create_password_link(user).partition("127.0.0.1:5000")[2]
    session.rollback()
    client.get(link)
    assert post(client, link, {"password": STAFF_PASSWORD + "-new"}).status_code == 303
    assert not _may_enter(client)
    client.get("/desk/sign-in")
    data = {"email": EMAIL, "password": STAFF_PASSWORD + "-new"}
    assert post(client, "/desk/sign-in", data).location.startswith("/desk/sign-in/code")
    assert not _may_enter(client)


@pytest.mark.both_engines
def test_halfway_ends_by_time_and_by_a_new_password(
    client: FlaskClient, user: StaffUser, session: Session
) -> None:
    spare = _turn_on(session, user)
    assert client.get("/desk/sign-in/code").location.startswith("/desk/sign-in")
    _know_password(client)
    with client.session_transaction() as cookie:
        cookie["halfway"] = [cookie["halfway"][0], cookie["halfway"][1] - 601]
    assert post(client, "/desk/sign-in/code", {"proof": spare[0]}).location.startswith(
        "/desk/sign-in?"
    )
    _know_password(client)
    user.fs_uniquifier = "a" * 64
    session.commit()
    _give(client, spare[0])
    assert not _may_enter(client)


def test_guesses_at_codes_end_and_lock_nobody_else_out(
    client: FlaskClient,
    user: StaffUser,
    session: Session,
    app: Flask,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spare = _turn_on(session, user)
    _know_password(client)
    wrong = [_give(client, "000000") for _ in range(reauthentication.TRIES_PER_HOUR + 1)]
    assert wrong == [422] * reauthentication.TRIES_PER_HOUR + [429]
    assert _give(client, spare[0]) == 429
    elsewhere = app.test_client()
    elsewhere.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    _know_password(elsewhere)
    monkeypatch.setattr(reauthentication, "CODES_PER_HOUR", reauthentication.TRIES_PER_HOUR)
    assert _give(elsewhere, "000000") == 429
    assert _give(elsewhere, spare[0]) == 303


def test_who_guesses_at_the_code_does_not_shut_out_a_browser_that_signed_in_before(
    client: FlaskClient,
    user: StaffUser,
    session: Session,
    app: Flask,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spare = _turn_on(session, user)
    _know_password(client)
    assert _give(client, spare[0]) == 303
    monkeypatch.setattr(reauthentication, "CODES_PER_HOUR", 1)
    stranger = app.test_client()
    stranger.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    _know_password(stranger)
    assert [_give(stranger, "000000") for _ in range(2)] == [422, 429]
    _know_password(client)
    assert _give(client, "000000") == 422
    client.delete_cookie("known-browser")
    assert _give(client, "000000") == 429


@pytest.mark.both_engines
def test_a_role_that_needs_it_gets_no_further_without(settings: Settings, session: Session) -> None:
    strict = create_app(settings.model_copy(update={"second_factor_roles": ["admin"]}))
    strict.testing = True
    browser = strict.test_client()
    me = sign_in(browser, strict, Role.ADMIN)
    assert browser.get("/desk/staff").location == PAGE
    assert post(browser, "/desk/account", {"name": "x", "locale": "en"}).location == PAGE
    assert "Your role requires two-step sign-in" in browser.get(PAGE).text
    with strict.app_context():
        assert count_admins_without(session) == (1, 1)
    seen = session.get_one(StaffUser, me.id)
    _turn_on(session, seen)
    with strict.app_context():
        assert count_admins_without(session) == (0, 1)
    assert browser.get("/desk/staff").status_code == 200
    assert post(browser, f"{PAGE}/turn-off").location == PAGE
    session.expire_all()
    assert session.get_one(StaffUser, me.id).has_second_factor
    session.rollback()
    close_app(strict)


@pytest.mark.both_engines
def test_it_is_turned_off_and_a_lost_one_is_reset_by_an_admin(
    client: FlaskClient, app: Flask, user: StaffUser, session: Session
) -> None:
    _turn_on(session, user)
    sign_in(client, app, Role.ADMIN)
    url = f"/desk/staff/{user.public_id}"
    assert "Reset two-step sign-in" in client.get(url).text
    before = user.fs_uniquifier
    assert post(client, f"{url}/second-factor/reset").location == url
    session.expire_all()
    assert not user.has_second_factor
    assert user.fs_uniquifier != before
    assert session.scalars(select(RecoveryCode)).all() == []
    session.rollback()
    assert _know_password(app.test_client()) == "/desk/account"
    me = sign_in(client, app, Role.STAFF)
    _turn_on(session, session.get_one(StaffUser, me.id))
    assert len(re.findall("<li><code>", post(client, f"{PAGE}/codes").text)) == 10
    assert post(client, f"{PAGE}/turn-off").location == PAGE
    session.expire_all()
    assert not session.get_one(StaffUser, me.id).has_second_factor


def _grow_stale(client: FlaskClient) -> None:
    with client.session_transaction() as cookie:
        cookie["fs_paa"] -= 16 * 60


def test_a_bulk_download_asks_again_and_returns_to_where_one_was(
    client: FlaskClient, app: Flask, session: Session
) -> None:
    me = sign_in(client, app, Role.ADMIN)
    download = "/desk/audit/entries.csv"
    assert post(client, download).status_code == 200
    _grow_stale(client)
    asked = post(client, download)
    assert asked.location == "/desk/confirm?next=/desk/audit&again=1"
    _turn_on(session, session.get_one(StaffUser, me.id))
    code = _code(session, session.get_one(StaffUser, me.id))
    session.rollback()
    assert "Code" in client.get(asked.location).text
    fields = {"next": "/desk/audit", "again": "1"}
    assert post(client, "/desk/confirm", fields | {"proof": STAFF_PASSWORD}).status_code == 422
    assert post(client, download).status_code == 303
    done = post(client, "/desk/confirm", fields | {"proof": code})
    assert done.location == "/desk/audit"
    assert "Press the button again" in client.get(done.location).text
    assert post(client, download).status_code == 200
    _grow_stale(client)
    assert post(client, "/desk/confirm", fields | {"proof": code}).status_code == 422
    assert post(client, "/desk/confirm", fields | {"next": "//evil.example"}).status_code == 422


def test_without_a_second_factor_the_password_is_asked_for(
    client: FlaskClient, user: StaffUser
) -> None:
    assert _know_password(client) == "/desk/account"
    _grow_stale(client)
    assert post(client, f"{PAGE}/start").location.startswith("/desk/confirm")
    wrong = post(client, "/desk/confirm", {"proof": "not-this-one-at-all"})
    assert wrong.status_code == 422
    assert "This password is wrong" in wrong.text
    right = {"proof": STAFF_PASSWORD, "next": "//evil.example/desk/"}
    assert post(client, "/desk/confirm", right).location == "/desk/"
    assert post(client, f"{PAGE}/start").location == PAGE


def test_what_was_typed_is_kept_while_a_form_asks_again(app: Flask, user: StaffUser) -> None:
    probe = Blueprint("probe", __name__, url_prefix="/desk/probe")
    guard(probe)
    probe.get("", endpoint="read")(fresh()(lambda: "read"))
    probe.post("", endpoint="write")(fresh()(lambda: f"took {request.form['words']}"))
    app.register_blueprint(probe)
    client = app.test_client()
    _know_password(client)
    _grow_stale(client)
    assert client.get("/desk/probe?a=b").location == "/desk/confirm?next=/desk/probe?a%3Db"
    asked = post(client, "/desk/probe", {"words": "typed <b> with care"})
    assert asked.status_code == 403
    assert 'name="words" value="typed &lt;b&gt; with care"' in asked.text
    again = {"words": "typed <b> with care", "proof": "not-this-one-at-all"}
    assert post(client, "/desk/probe", again).status_code == 422
    answer = post(client, "/desk/probe", again | {"proof": STAFF_PASSWORD})
    assert answer.text == "took typed <b> with care"
    assert client.get("/desk/probe").text == "read"


def test_what_was_typed_before_a_download_is_on_its_page_again(app: Flask, user: StaffUser) -> None:
    probe = Blueprint("probe", __name__, url_prefix="/desk/probe")
    guard(probe)
    probe.get("", endpoint="read")(lambda: f"typed {request.form.get('words')}")
    probe.post("/<file>", endpoint="take")(fresh(back=".read")(lambda file: f"took {file}"))
    app.register_blueprint(probe)
    client = app.test_client()
    _know_password(client)
    _grow_stale(client)
    assert post(client, "/desk/probe/a").location.startswith("/desk/confirm?next=/desk/probe")
    words = {"words": "torn <b> pages"}
    asked = post(client, "/desk/probe/a", words)
    assert asked.status_code == 403
    assert 'name="words" value="torn &lt;b&gt; pages"' in asked.text
    assert 'name="again" value="1"' in asked.text
    # An answer that was not asked for is one of the form's own, as of a new passkey.
    assert post(client, "/desk/probe/a", words | {"proof": STAFF_PASSWORD}).status_code == 403
    again = words | {"proof": STAFF_PASSWORD, "again": "1"}
    assert post(client, "/desk/probe/a", again | {"proof": "not-this-one"}).status_code == 422
    assert post(client, "/desk/probe/a", again).text == "typed torn <b> pages"
    assert post(client, "/desk/probe/a", words).text == "took a"
