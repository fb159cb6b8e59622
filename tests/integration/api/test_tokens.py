"""Tokens of other programs: an admin makes one, sees it once, and ends it."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from campaign.api import tokens
from campaign.core import db
from campaign.core.audit import AuditEntry
from campaign.models.api_token import ApiScope, ApiToken
from campaign.models.staff import Role, StaffUser
from tests.factories import STAFF_PASSWORD, give_session, let_decide, make_token, post, sign_in

FORM = {"name": "Our CRM", "scopes": ["actions", "people"], "days": "30"}


def actions_of(app: Flask) -> list[str]:
    with app.app_context(), db.reading() as session:
        return [
            entry.action
            for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.id))
            if entry.action.startswith("api.")
        ]


def test_a_token_is_shown_once_and_only_its_hash_is_kept(client: FlaskClient, app: Flask) -> None:
    sign_in(client, app, Role.ADMIN)
    assert "No program has a token yet." in client.get("/desk/api-tokens/").text
    shown = post(client, "/desk/api-tokens/", FORM)
    assert shown.headers["Cache-Control"] == "no-store"
    secret = re.search(r"uact_[\w-]{43}", shown.text)[0]
    listed = client.get("/desk/api-tokens/").text
    assert secret not in listed
    assert f"{secret[:11]}…" in listed
    with app.app_context(), db.reading() as session:
        token = session.scalars(select(ApiToken)).one()
        row = str(session.connection().exec_driver_sql("SELECT * FROM api_token").all())
        assert secret[11:] not in row
        assert "Our CRM" not in row
        assert token.scopes == ["actions", "people"]
    assert actions_of(app) == ["api.token-add"]
    assert f"API token {secret[:11]}" in client.get("/desk/audit").text


@pytest.mark.both_engines
def test_making_one_wants_fresh_proof(client: FlaskClient, app: Flask) -> None:
    user = sign_in(client, app, Role.ADMIN, password=True)
    give_session(client, user.fs_uniquifier, proved_ago=3600)
    asked = post(client, "/desk/api-tokens/", FORM)
    assert asked.status_code == 403
    assert actions_of(app) == []
    assert "uact_" in post(client, "/desk/api-tokens/", FORM | {"proof": STAFF_PASSWORD}).text


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"name": " "}, "Enter a name, so that you know later what uses this token."),
        ({"scopes": []}, "Choose at least one scope."),
        ({"scopes": ["everything"]}, "Choose one of the answers offered."),
        ({"days": "4000"}, "Choose one of the answers offered."),
    ],
)
def test_what_is_missing_is_asked_for(
    client: FlaskClient, app: Flask, typed: dict[str, object], says: str
) -> None:
    sign_in(client, app, Role.ADMIN)
    answer = post(client, "/desk/api-tokens/", FORM | typed)
    assert answer.status_code == 422
    assert says in answer.text
    assert actions_of(app) == []


def test_the_first_use_is_audited_and_the_day_of_the_last_kept(app: Flask) -> None:
    secret = make_token(app, ApiScope.ACTIONS)
    with app.app_context():
        for _ in range(2):
            token = tokens.use_token(secret, ApiScope.ACTIONS)
        assert token.last_used_on is not None
    assert actions_of(app) == ["api.token-add", "api.token-first-use"]


def test_a_revoked_one_is_refused(client: FlaskClient, app: Flask) -> None:
    secret = make_token(app)
    sign_in(client, app, Role.ADMIN)
    with app.app_context(), db.reading() as session:
        public_id = session.scalars(select(ApiToken.public_id)).one()
    address = f"/desk/api-tokens/{public_id}/revoke"
    assert f'href="{address}"' in client.get("/desk/api-tokens/").text
    assert "Revoke this token?" in client.get(address).text
    with app.app_context():
        tokens.use_token(secret, ApiScope.PEOPLE)
    page = post(client, address, follow_redirects=True).text
    assert "Token revoked." in page
    assert "Revoked on" in page
    with app.app_context(), pytest.raises(tokens.TokenRefused, match="token-unknown"):
        tokens.use_token(secret, ApiScope.ACTIONS)


@pytest.mark.both_engines
@pytest.mark.parametrize("form", ["revoke", "approve"])
def test_who_comes_second_reads_that_it_was_revoked(
    client: FlaskClient, app: Flask, form: str
) -> None:
    make_token(app)
    sign_in(client, app, Role.ADMIN)
    with app.app_context(), db.reading() as session:
        address = f"/desk/api-tokens/{session.scalars(select(ApiToken.public_id)).one()}"
    assert post(client, f"{address}/revoke").status_code == 303
    page = post(client, f"{address}/{form}", follow_redirects=True).text
    assert "This token was revoked. Nothing was saved." in page
    assert "Token approved." not in page
    assert actions_of(app).count("api.token-revoke") == 1


def test_one_is_refused_once_it_expired_or_for_what_it_may_not(app: Flask) -> None:
    secret = make_token(app, ApiScope.ACTIONS)
    with app.app_context():
        with pytest.raises(tokens.ScopeRefused):
            tokens.use_token(secret, ApiScope.PEOPLE)
        with pytest.raises(tokens.TokenRefused, match="token-unknown"):
            tokens.use_token(secret[:-1], ApiScope.ACTIONS)
        with db.transaction() as session:
            token = session.scalars(select(ApiToken)).one()
            token.expires_at = db.utcnow() - timedelta(seconds=1)
        with pytest.raises(tokens.TokenRefused, match="token-expired"):
            tokens.use_token(secret, ApiScope.ACTIONS)


@pytest.mark.both_engines
def test_with_the_second_person_another_admin_lets_a_token_read_people(
    client: FlaskClient, app: Flask
) -> None:
    settings = app.extensions["settings"]
    app.extensions["settings"] = settings.model_copy(update={"exports_need_second_person": True})
    sign_in(client, app, Role.ADMIN)
    shown = post(client, "/desk/api-tokens/", FORM).text
    assert "until another admin approves it" in shown
    secret = re.search(r"uact_[\w-]{43}", shown)[0]
    with app.app_context(), db.reading() as session:
        address = f"/desk/api-tokens/{session.scalars(select(ApiToken.public_id)).one()}/approve"
    with app.app_context():
        assert tokens.use_token(secret, ApiScope.ACTIONS)
        with pytest.raises(tokens.ScopeRefused, match="not-approved"):
            tokens.use_token(secret, ApiScope.PEOPLE)
    assert "/approve" not in client.get("/desk/api-tokens/").text
    assert post(client, address).status_code == 409, "it is one’s own"
    other = app.test_client()
    user = sign_in(other, app, Role.ADMIN, email="second@example.org")
    assert address in other.get("/desk/api-tokens/").text
    assert post(other, address).status_code == 409, "an account without a second factor"
    with app.app_context():
        with pytest.raises(tokens.ScopeRefused, match="not-approved"):
            tokens.use_token(secret, ApiScope.PEOPLE)
        with db.transaction() as session:
            let_decide(session.get_one(StaffUser, user.id))
    assert post(other, address).status_code == 303
    with app.app_context():
        assert tokens.use_token(secret, ApiScope.PEOPLE)
    assert "api.token-approve" in actions_of(app)
