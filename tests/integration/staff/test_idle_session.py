"""A session at the desk ends when nobody is there, and in the end whatever is done in it."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign import close_app, create_app
from campaign.core.settings import Settings
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.staff import Role, StaffUser
from tests.factories import (
    STAFF_PASSWORD,
    csrf_token,
    make_campaign,
    make_staff_user,
    post,
    sign_in,
)

PAGE = "/desk/account"
SIGN_IN = f"/desk/sign-in?next={PAGE}"


def _pass(client: FlaskClient, minutes: float, *keys: str) -> None:
    with client.session_transaction() as cookie:
        for key in keys or ("used-at", "began-at"):
            cookie[key] -= minutes * 60


def _begin(client: FlaskClient, app: Flask, role: Role = Role.ADMIN) -> StaffUser:
    user = sign_in(client, app, role)
    assert client.get(PAGE).status_code == 200
    return user


def test_who_is_away_for_an_hour_is_signed_out(client: FlaskClient, app: Flask) -> None:
    _begin(client, app)
    for _ in range(3):
        _pass(client, 59)
        assert client.get(PAGE).status_code == 200, "each page begins the hour anew"
    _pass(client, 61)
    assert client.get(PAGE).location == SIGN_IN
    assert client.get(PAGE).location == SIGN_IN, "and stays so"


def test_the_minutes_are_a_setting(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"idle_minutes": 5}))
    app.testing = True
    client = app.test_client()
    _begin(client, app)
    _pass(client, 6)
    assert client.get(PAGE).location == SIGN_IN
    close_app(app)


def test_a_page_that_asks_by_itself_holds_no_session_open(client: FlaskClient, app: Flask) -> None:
    _begin(client, app)
    for _ in range(2):
        _pass(client, 35)
        answer = client.get(PAGE, headers={"HX-Request": "true"})
    assert answer.location == SIGN_IN


def test_a_session_ends_after_twelve_hours_whatever_is_done(
    client: FlaskClient, app: Flask
) -> None:
    _begin(client, app)
    _pass(client, 12 * 60 + 1, "began-at")
    assert client.get(PAGE).location == SIGN_IN


def test_a_copy_of_the_first_cookie_grows_old_as_well(
    client: FlaskClient, app: Flask, session: Session
) -> None:
    """It is made at sign-in, before any page: it says when that was."""
    make_staff_user(session, Role.STAFF, email="noor@example.org", password=True)
    session.commit()
    data = {"email": "noor@example.org", "password": STAFF_PASSWORD}
    assert post(client, "/desk/sign-in", data).location == "/desk/"
    with client.session_transaction() as cookie:
        assert {"began-at", "used-at"} <= cookie.keys()
        del cookie["began-at"]
    assert client.get(PAGE).location == SIGN_IN


def test_what_was_typed_in_a_session_that_ended_is_kept_and_not_done(
    client: FlaskClient, app: Flask
) -> None:
    user = _begin(client, app)
    _pass(client, 61)
    typed = {"name": "Typed <b>", "locale": "en", "csrf_token": csrf_token(client)}
    answer = client.post(PAGE, data=typed, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 400
    assert 'value="Typed &lt;b&gt;"' in answer.text
    assert f"/desk/sign-in?next={PAGE}" in answer.text
    assert client.get(PAGE).location == SIGN_IN
    assert user.name != "Typed <b>"


def _grow_stale(client: FlaskClient) -> None:
    with client.session_transaction() as cookie:
        cookie["fs_paa"] -= 16 * 60


def test_a_stop_for_good_wants_fresh_proof_and_keeps_what_was_typed(
    client: FlaskClient, app: Flask, session: Session
) -> None:
    slug = make_campaign(session, status=CampaignStatus.OPEN).slug
    session.commit()
    _begin(client, app)
    url = f"/desk/campaigns/{slug}/status?to=stopped"
    _grow_stale(client)
    assert client.get(url).status_code == 200, "reading what follows from it asks nobody"
    asked = post(client, url, {"to": "stopped", "reason_en": "She is <free>"})
    assert asked.status_code == 403
    assert 'name="reason_en" value="She is &lt;free&gt;"' in asked.text
    assert "We then carry out what you asked for." in asked.text
    status = select(Campaign.status).where(Campaign.slug == slug)
    assert session.scalar(status) is CampaignStatus.OPEN
    session.rollback()
    away = post(client, f"/desk/campaigns/{slug}/status", {"to": "closed"})
    assert "proof" not in away.text, "what can be undone asks nobody"


@pytest.mark.parametrize("deed", ["enable", "disable", "second-factor/reset"])
def test_power_over_an_account_wants_fresh_proof(
    client: FlaskClient, app: Flask, session: Session, deed: str
) -> None:
    other = make_staff_user(session, Role.STAFF)
    other.active = deed != "enable"
    session.commit()
    before = other.public_id, other.active, other.fs_uniquifier
    session.rollback()
    _begin(client, app)
    _grow_stale(client)
    asked = post(client, f"/desk/staff/{before[0]}/{deed}")
    assert asked.location == f"/desk/confirm?next=/desk/staff/{before[0]}&again=1"
    assert "You then return to the page you were on." in client.get(asked.location).text
    session.expire_all()
    assert (other.public_id, other.active, other.fs_uniquifier) == before


def test_who_asks_for_a_page_is_told_that_it_comes_next(client: FlaskClient, app: Flask) -> None:
    sign_in(client, app, Role.ADMIN)
    _grow_stale(client)
    asked = client.get("/desk/account/passkeys/add")
    for page in (
        client.get(asked.location),
        post(client, "/desk/confirm", {"next": "/desk/account/passkeys/add", "proof": "wrong"}),
    ):
        assert "You then continue to the page you asked for." in page.text


def test_who_is_led_back_with_what_was_typed_is_told_so(client: FlaskClient, app: Flask) -> None:
    sign_in(client, app, Role.ADMIN)
    _grow_stale(client)
    asked = post(client, "/desk/account/passkeys/add", {"name": "Blue key"})
    assert 'name="name" value="Blue key"' in asked.text
    assert "You then return to the page you were on." in asked.text
