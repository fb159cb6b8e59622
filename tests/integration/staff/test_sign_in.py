"""Sign-in, sign-out, sessions, throttling."""

import re
from typing import Any
from urllib.parse import urlsplit

import argon2.low_level
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from campaign import close_app, create_app
from campaign.core import db
from campaign.core.audit import AuditEntry
from campaign.core.rate_limits import WIDER_BUDGET, FewAtOnce
from campaign.core.settings import Settings
from campaign.models.staff import Role, StaffUser
from campaign.staff import staff_users
from campaign.staff.pages.sign_in_views import TRIES_PER_HOUR
from campaign.staff.staff_users import disable_staff_user, find_by_email
from tests.factories import STAFF_PASSWORD, csrf_token, make_staff_user, post, sign_in

EMAIL = "noor@example.org"
_TOKEN = re.compile(rb'name="csrf_token"[^>]*value="[^"]*"')


@pytest.fixture
def user(session: Session) -> StaffUser:
    staff_user = make_staff_user(session, Role.STAFF, email=EMAIL, password=True)
    session.commit()
    return staff_user


def _try(client: FlaskClient, **fields: str) -> TestResponse:
    client.get("/desk/sign-in")
    data = {"email": EMAIL, "password": STAFF_PASSWORD} | fields
    return post(client, "/desk/sign-in", data)


def _may_enter(client: FlaskClient) -> bool:
    return client.get("/desk/account").status_code == 200


def _body(response: TestResponse) -> bytes:
    return _TOKEN.sub(b"", response.data)


def test_the_desk_asks_to_sign_in_and_leads_on_to_the_page_that_was_asked_for(
    client: FlaskClient, user: StaffUser
) -> None:
    asked = client.get("/desk/account?from=here")
    assert asked.status_code == 302
    page = client.get(asked.location)
    assert b'value="/desk/account?from=here"' in page.data
    response = _try(client, next="/desk/account?from=here")
    assert response.location == "/desk/account?from=here"
    assert _may_enter(client)


def test_any_spelling_of_the_address_signs_in(client: FlaskClient, user: StaffUser) -> None:
    assert _try(client, email=" Noor@EXAMPLE.org ").status_code == 303


def test_sign_in_is_noted_with_its_time_and_in_the_audit(
    client: FlaskClient, user: StaffUser, session: Session
) -> None:
    _try(client)
    seen = session.scalars(select(StaffUser).execution_options(populate_existing=True)).one()
    assert seen.last_sign_in_at is not None
    actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions[-1] == "accounts.sign-in"


def test_unknown_user_and_wrong_password_get_the_same_body(
    client: FlaskClient, user: StaffUser, session: Session
) -> None:
    boss = make_staff_user(session, Role.ADMIN)
    gone = make_staff_user(session, Role.STAFF, email="gone@example.org", password=True)
    make_staff_user(session, Role.STAFF, email="new@example.org")
    disable_staff_user(session, user=gone, by=boss)
    session.commit()
    bodies = set()
    for email, password in (
        (EMAIL, "not-this-one-at-all"),
        ("nobody@example.org", STAFF_PASSWORD),
        ("gone@example.org", STAFF_PASSWORD),
        ("new@example.org", STAFF_PASSWORD),
    ):
        response = _try(client, email=email, password=password)
        assert response.status_code == 422
        bodies.add(_body(response).replace(email.encode(), b"ADDRESS"))
        assert not _may_enter(client)
    assert len(bodies) == 1
    assert b"The email address or the password is wrong" in bodies.pop()


def test_unknown_user_and_wrong_password_cost_the_same_work(
    client: FlaskClient, user: StaffUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[str] = []
    for name in ("hash_secret", "verify_secret"):
        run = getattr(argon2.low_level, name)

        def counted(*args: Any, _run: Any = run, **kwargs: Any) -> Any:
            runs.append("argon2")
            return _run(*args, **kwargs)

        monkeypatch.setattr(argon2.low_level, name, counted)
    _try(client, password="not-this-one-at-all")
    known = len(runs)
    _try(client, email="nobody@example.org")
    assert known == 1
    assert len(runs) - known == known


def test_a_field_left_empty_is_named(client: FlaskClient, user: StaffUser) -> None:
    response = _try(client, email="", password="")
    assert response.status_code == 422
    assert b"Enter an email address." in response.data
    assert b"Enter your password." in response.data


@pytest.mark.both_engines
def test_what_cannot_be_text_is_refused_and_the_rest_is_kept(
    client: FlaskClient, user: StaffUser
) -> None:
    assert _try(client, password="with\0nothing").status_code == 422
    response = _try(client, email="noor\u202e@example.org")
    assert response.status_code == 422
    assert b"hidden characters" in response.data


def test_sign_in_without_a_token_is_refused(client: FlaskClient, user: StaffUser) -> None:
    response = client.post("/desk/sign-in", data={"email": EMAIL, "password": STAFF_PASSWORD})
    assert response.status_code == 400
    assert not _may_enter(client)


def test_sign_in_from_another_origin_is_refused(client: FlaskClient, user: StaffUser) -> None:
    client.get("/desk/sign-in")
    data = {"email": EMAIL, "password": STAFF_PASSWORD}
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert post(client, "/desk/sign-in", data, headers=headers).status_code == 403
    assert not _may_enter(client)


def test_next_leads_nowhere_but_to_the_desk(client: FlaskClient, user: StaffUser) -> None:
    assert _try(client, next="//evil.example/desk/").location == "/desk/"
    for target in ("//evil.example/desk/", "/\\evil.example", "https:evil.example", "/en/"):
        response = client.get("/desk/sign-in", query_string={"next": target})
        assert response.location == "/desk/", target


def test_the_session_changes_at_sign_in_and_the_old_one_is_dead(
    client: FlaskClient, user: StaffUser, app: Flask
) -> None:
    client.get("/desk/sign-in")
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
    before = client.get_cookie("session")
    assert before is not None
    token = csrf_token(client)
    _try(client)
    after = client.get_cookie("session")
    assert after is not None
    assert after.value != before.value
    with client.session_transaction() as session:
        assert "planted" not in session
    old = app.test_client()
    old.set_cookie("session", before.value)
    assert not _may_enter(old)
    assert client.post("/desk/sign-out", data={"csrf_token": token}).status_code == 400


def test_sign_out_ends_all_sessions_and_a_get_does_not(
    client: FlaskClient, user: StaffUser, app: Flask
) -> None:
    phone = app.test_client()
    _try(client)
    _try(phone)
    stolen = app.test_client()
    cookie = client.get_cookie("session")
    assert cookie is not None
    stolen.set_cookie("session", cookie.value)
    assert client.get("/desk/sign-out").status_code == 405
    assert _may_enter(client)
    response = post(client, "/desk/sign-out")
    assert urlsplit(response.location).path == "/desk/sign-in"
    assert "You are signed out" in client.get("/desk/sign-in").text
    for browser in (client, phone, stolen):
        assert not _may_enter(browser)


def test_a_disabled_user_is_out_at_once(
    client: FlaskClient, user: StaffUser, session: Session
) -> None:
    _try(client)
    boss = make_staff_user(session, Role.ADMIN)
    seen = find_by_email(session, EMAIL)
    assert seen is not None
    disable_staff_user(session, user=seen, by=boss)
    session.commit()
    assert not _may_enter(client)


def test_guesses_at_one_account_from_one_place_end(client: FlaskClient, user: StaffUser) -> None:
    for _ in range(TRIES_PER_HOUR):
        assert _try(client, password="not-this-one-at-all").status_code == 422
    response = _try(client)
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) > 0
    assert b"Too many attempts" in response.data
    assert not _may_enter(client)


def test_throttling_locks_nobody_else_out(
    client: FlaskClient, user: StaffUser, session: Session, app: Flask
) -> None:
    make_staff_user(session, Role.STAFF, email="colleague@example.org", password=True)
    session.commit()
    for _ in range(TRIES_PER_HOUR + 1):
        _try(client, password="not-this-one-at-all")
    assert _try(app.test_client(), email="colleague@example.org").status_code == 303
    elsewhere = app.test_client()
    elsewhere.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    assert _try(elsewhere).status_code == 303


def test_a_forged_forwarded_address_does_not_escape_the_count(
    client: FlaskClient, user: StaffUser
) -> None:
    client.get("/desk/sign-in")
    answers = [
        post(
            client,
            "/desk/sign-in",
            {"email": EMAIL, "password": "not-this-one-at-all"},
            headers={"X-Forwarded-For": f"192.0.2.{number}", "Host": "localhost"},
        ).status_code
        for number in range(TRIES_PER_HOUR + 1)
    ]
    assert answers[-1] == 429


def test_an_unknown_account_is_counted_like_a_known_one(client: FlaskClient) -> None:
    answers = [
        _try(client, email="nobody@example.org").status_code for _ in range(TRIES_PER_HOUR + 1)
    ]
    assert answers == [422] * TRIES_PER_HOUR + [429]


def test_who_knew_the_password_starts_anew(
    client: FlaskClient, user: StaffUser, session: Session
) -> None:
    for _ in range(TRIES_PER_HOUR - 1):
        _try(client, password="not-this-one-at-all")
    _try(client)
    client.delete_cookie("known-browser")
    for _ in range(TRIES_PER_HOUR):
        assert _try(client, password="not-this-one-at-all").status_code == 422


@pytest.fixture
def few_tries(app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> int:
    few = settings.model_copy(update={"sign_ins_per_hour": 3})
    monkeypatch.setitem(app.extensions, "settings", few)
    return 3


def _guess(app: Flask, address: str, number: int) -> int:
    """Try one password at another account from another browser; the status."""
    browser = app.test_client()
    browser.environ_base["REMOTE_ADDR"] = address
    return _try(browser, email=f"person-{number}@example.org").status_code


@pytest.mark.parametrize(
    ("places", "elsewhere"),
    [
        (["192.0.2.1", "192.0.2.77", "192.0.2.200"], "192.0.3.1"),
        (["2001:db8:7:7::1", "2001:db8:7:7::2", "2001:db8:7:7:9::"], "2001:db8:7:8::1"),
    ],
)
def test_one_password_tried_at_many_accounts_from_one_network_ends(
    app: Flask, few_tries: int, places: list[str], elsewhere: str
) -> None:
    answers = [_guess(app, places[number % 3], number) for number in range(few_tries + 1)]
    assert answers == [422] * few_tries + [429]
    assert _guess(app, elsewhere, 0) == 422


def test_who_has_many_ipv6_networks_is_stopped_by_the_wider_one(app: Flask, few_tries: int) -> None:
    most = few_tries * WIDER_BUDGET
    answers = [_guess(app, f"2001:db8:7:{number:x}::1", number) for number in range(most + 1)]
    assert answers == [422] * most + [429]
    assert _guess(app, "2001:db8:8::1", 0) == 422


def test_a_flood_from_its_network_shuts_no_browser_out_that_has_signed_in_before(
    client: FlaskClient, user: StaffUser, app: Flask, few_tries: int
) -> None:
    assert _try(client).status_code == 303
    post(client, "/desk/sign-out")
    stranger = app.test_client()
    refused = [_try(stranger, password="not-this-one-at-all").status_code for _ in range(20)][-1]
    assert refused == 429
    assert _try(stranger).status_code == 429
    assert _try(client, password="not-this-one-at-all").status_code == 422
    assert _try(client).status_code == 303


def test_a_known_browser_has_ten_tries_at_its_own_accounts_and_none_at_others(
    client: FlaskClient, user: StaffUser, few_tries: int
) -> None:
    _try(client)
    post(client, "/desk/sign-out")
    own = [_try(client, password="not-this-one-at-all") for _ in range(TRIES_PER_HOUR + 1)]
    assert [answer.status_code for answer in own] == [422] * TRIES_PER_HOUR + [429]
    others = [_try(client, email=f"person-{number}@example.org") for number in range(few_tries)]
    assert others[-1].status_code == 429, "the first sign-in was the first of three"


def test_nobody_makes_their_browser_known_by_themselves(
    client: FlaskClient, user: StaffUser, app: Flask, few_tries: int
) -> None:
    _try(client)
    cookie = client.get_cookie("known-browser")
    assert cookie is not None
    assert cookie.http_only
    assert cookie.same_site == "Lax"
    assert EMAIL not in cookie.value
    forger = app.test_client()
    forger.set_cookie("known-browser", cookie.value[:-4] + "AAAA")
    answers = [_try(forger, password="not-this-one-at-all").status_code for _ in range(4)]
    assert answers[-1] == 429


@pytest.mark.both_engines
def test_who_floods_the_hashing_is_told_to_wait_and_who_is_known_comes_in(
    client: FlaskClient, user: StaffUser, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    _try(client)
    post(client, "/desk/sign-out")
    busy = FewAtOnce(1, seconds=0, slug=staff_users.HASHING)
    monkeypatch.setattr(staff_users, "_strangers", busy)
    with busy.wait():
        for email in (EMAIL, "nobody@example.org"):
            answer = _try(app.test_client(), email=email)
            assert answer.status_code == 429
            assert "Retry-After" in answer.headers
            assert "Many people are signing in now" in answer.text
        assert _try(client).status_code == 303
    assert _try(app.test_client()).status_code == 303


def test_the_sign_in_page_is_in_the_language_that_the_browser_asks_for(client: FlaskClient) -> None:
    page = client.get("/desk/sign-in", headers={"Accept-Language": "fr"})
    assert '<html lang="fr"' in page.text


def test_the_desk_is_in_the_language_of_its_user(client: FlaskClient, app: Flask) -> None:
    sign_in(client, app, Role.STAFF, locale="es")
    page = client.get("/desk/account", headers={"Accept-Language": "fr"})
    assert '<html lang="es"' in page.text


def test_pages_of_the_desk_and_before_it_are_not_kept(client: FlaskClient, app: Flask) -> None:
    assert client.get("/desk/sign-in").headers["Cache-Control"] == "no-store"
    assert client.get("/desk/account").headers["Cache-Control"] == "no-store"
    sign_in(client, app, Role.STAFF)
    assert client.get("/desk/account").headers["Cache-Control"] == "no-store"


def test_public_pages_do_not_look_at_the_session(client: FlaskClient, app: Flask) -> None:
    sign_in(client, app, Role.STAFF)
    for address in ("/brand.css", "/no-such-page"):
        response = client.get(address)
        assert "Cookie" not in response.headers.get("Vary", "")
        assert "Set-Cookie" not in response.headers


def test_on_https_the_cookie_is_bound_to_the_host_and_sign_in_needs_no_referer(
    user: StaffUser, settings: Settings
) -> None:
    secure = create_app(settings.model_copy(update={"base_url": "https://localhost"}))
    browser = secure.test_client()
    page = browser.get("/desk/sign-in", base_url="https://localhost")
    cookie = page.headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=")
    for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert part in cookie
    assert "Domain=" not in cookie
    assert "max-age" in page.headers["Strict-Transport-Security"]
    token = page.text.partition('name="csrf_token"')[2].partition('value="')[2].partition('"')[0]
    data = {"email": EMAIL, "password": STAFF_PASSWORD, "csrf_token": token}
    headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
    answer = browser.post("/desk/sign-in", data=data, headers=headers, base_url="https://localhost")
    assert answer.location == "/desk/"
    close_app(secure)


def test_an_origin_that_hides_itself_is_refused_where_the_browser_says_it_is_another_site(
    client: FlaskClient, user: StaffUser
) -> None:
    client.get("/desk/sign-in")
    data = {"email": EMAIL, "password": STAFF_PASSWORD}
    hidden = {"Origin": "null"}
    crossed = hidden | {"Sec-Fetch-Site": "cross-site"}
    assert post(client, "/desk/sign-in", data, headers=crossed).status_code == 403
    vouched = hidden | {"Sec-Fetch-Site": "same-origin"}
    assert post(client, "/desk/sign-in", data, headers=vouched).status_code == 303


def test_a_token_in_the_address_signs_nobody_in(
    client: FlaskClient, user: StaffUser, session: Session
) -> None:
    seen = find_by_email(session, EMAIL)
    assert seen is not None
    token = seen.get_auth_token()
    assert client.get(f"/desk/account?auth_token={token}").status_code == 302
    headers = {"Authentication-Token": token}
    assert client.get("/desk/account", headers=headers).status_code == 302


def test_the_database_holds_neither_the_address_nor_the_password(
    user: StaffUser, session: Session
) -> None:
    row = session.connection().exec_driver_sql("SELECT * FROM staff_user").one()
    held = " ".join(
        bytes(value).hex() if isinstance(value, (bytes, memoryview)) else str(value)
        for value in row
    )
    assert EMAIL not in held
    assert EMAIL.encode().hex() not in held
    assert STAFF_PASSWORD not in held
    assert "$argon2id$" in held
    assert db.utcnow() >= user.created_at
