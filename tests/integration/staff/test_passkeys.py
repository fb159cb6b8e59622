"""Passkeys: added, used to sign in, as second factor and as fresh proof, and removed."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from campaign import close_app, create_app
from campaign.core import db
from campaign.core.audit import AuditEntry
from campaign.core.errors import Refused
from campaign.core.settings import Settings
from campaign.mail.messages import OutboxMail
from campaign.models.staff import Passkey, RecoveryCode, Role, StaffUser, UsedChallenge
from campaign.staff import passkeys, second_factor
from tests.authenticator import Authenticator
from tests.factories import STAFF_PASSWORD, make_staff_user, post, sign_in
from tests.races import overtake

PAGE = "/desk/account/passkeys"
EMAIL = "noor@example.org"


def add(client: FlaskClient, device: Authenticator, name: str = "Blue key") -> TestResponse:
    asked = client.get(f"{PAGE}/challenge").json
    assert asked is not None
    answer: TestResponse = post(client, f"{PAGE}/add", device.create(asked) | {"name": name})
    return answer


def use_to_sign_in(client: FlaskClient, device: Authenticator) -> TestResponse:
    client.get("/desk/sign-in")
    asked: Any = client.get("/desk/sign-in/passkey").json
    fields = device.use(asked) | {"next": "/desk/account"}
    answer: TestResponse = post(client, "/desk/sign-in/passkey", fields)
    return answer


def know_password(client: FlaskClient) -> str:
    client.get("/desk/sign-in")
    data = {"email": EMAIL, "password": STAFF_PASSWORD, "next": "/desk/account"}
    return str(post(client, "/desk/sign-in", data).location)


def may_enter(client: FlaskClient) -> bool:
    return client.get("/desk/account").status_code == 200


@pytest.fixture
def strict(settings: Settings) -> Iterator[Flask]:
    """The application where admins need a hardware key."""
    application = create_app(settings.model_copy(update={"admin_second_factor": "hardware_key"}))
    application.testing = True
    yield application
    close_app(application)


@pytest.fixture
def required(settings: Settings) -> Iterator[Flask]:
    """The application where staff need a second factor."""
    application = create_app(settings.model_copy(update={"second_factor_roles": ["staff"]}))
    application.testing = True
    yield application
    close_app(application)


@pytest.fixture
def mine(client: FlaskClient, app: Flask) -> StaffUser:
    return sign_in(client, app, Role.STAFF, email=EMAIL, password=True)


def test_the_first_passkey_brings_recovery_codes_a_mail_and_an_entry(
    client: FlaskClient, app: Flask, mine: StaffUser, session: Session
) -> None:
    elsewhere = app.test_client()
    with elsewhere.session_transaction() as cookie:
        cookie.update(_user_id=mine.fs_uniquifier, _fresh=True)
    shown = add(client, Authenticator(attachment="cross-platform"))
    assert shown.text.count("<li><code>") == second_factor.RECOVERY_CODES
    assert may_enter(client)
    assert not may_enter(elsewhere), "sessions from before it end"
    passkey = session.scalars(select(Passkey)).one()
    assert (passkey.name, passkey.is_hardware, passkey.transports) == ("Blue key", True, ["usb"])
    mail = session.scalars(select(OutboxMail)).one()
    assert (mail.kind, mail.recipient) == ("staff-passkey", EMAIL)
    assert json.loads(mail.context or "")["is_added"]
    assert "accounts.passkey-add" in session.scalars(select(AuditEntry.action)).all()
    session.rollback()
    page = client.get(PAGE).text
    assert "Blue key" in page
    assert "Hardware key" in page
    assert add(client, Authenticator(), "Laptop").location == PAGE, "codes are shown once"
    session.rollback()
    kept = session.connection().exec_driver_sql("SELECT name FROM passkey").scalars().all()
    assert not any(b"Blue" in bytes(name) for name in kept)


def test_a_passkey_signs_in_alone_and_a_later_one_too(
    client: FlaskClient, app: Flask, mine: StaffUser, session: Session
) -> None:
    device = Authenticator(sign_count=7)
    add(client, device)
    for _time in range(2):
        browser = app.test_client()
        assert use_to_sign_in(browser, device).location == "/desk/account"
        assert may_enter(browser)
    session.expire_all()
    passkey = session.scalars(select(Passkey)).one()
    assert (passkey.sign_count, passkey.last_used_at is None) == (9, False)
    actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions[-1] == "accounts.passkey-sign-in"


def test_it_is_the_second_step_beside_app_and_recovery_codes(
    client: FlaskClient, app: Flask, mine: StaffUser
) -> None:
    device = Authenticator(verifies=False)  # an old key, without a PIN
    codes = add(client, device).text.partition("<li><code>")[2][:19]
    browser = app.test_client()
    assert know_password(browser).startswith("/desk/sign-in/code")
    assert not may_enter(browser)
    assert "Use your passkey" in browser.get("/desk/sign-in/code").text
    asked: Any = browser.get("/desk/sign-in/code/passkey").json
    assert len(asked["options"]["allowCredentials"]) == 1
    fields = device.use(asked) | {"next": "/desk/account"}
    assert post(browser, "/desk/sign-in/code", fields).location == "/desk/account"
    assert may_enter(browser)
    know_password(other := app.test_client())
    assert post(other, "/desk/sign-in/code", {"proof": codes}).status_code == 303
    assert may_enter(other)
    assert use_to_sign_in(app.test_client(), device).status_code == 422, (
        "it does not know its owner"
    )


def _of_other_site(device: Authenticator) -> None:
    device.origin = "https://letters-example.org"


def _without_owner(device: Authenticator) -> None:
    device.verifies = False


def _of_other_user(device: Authenticator) -> None:
    device.user_handle = "b3RoZXI"


def _of_other_key(device: Authenticator) -> None:
    device.key = Authenticator().key


def _unknown(device: Authenticator) -> None:
    device.credential_id = b"unknown"


def _counted_back(device: Authenticator) -> None:
    device.sign_count = 3


def _not_counted(device: Authenticator) -> None:
    device.sign_count = 0


@pytest.mark.parametrize(
    "change",
    [
        _of_other_site,
        _without_owner,
        _of_other_user,
        _of_other_key,
        _unknown,
        _counted_back,
        _not_counted,
    ],
)
def test_every_answer_that_is_not_right_gets_the_same_refusal(
    client: FlaskClient,
    app: Flask,
    mine: StaffUser,
    session: Session,
    change: Callable[[Authenticator], None],
) -> None:
    device = Authenticator(sign_count=5)
    add(client, device)
    change(device)
    browser = app.test_client()
    refused = use_to_sign_in(browser, device)
    assert refused.status_code == 422
    assert "We could not accept this passkey" in refused.text
    assert EMAIL not in refused.text
    assert not may_enter(browser)
    told = "accounts.passkey-copied" in session.scalars(select(AuditEntry.action)).all()
    assert told == (change in {_counted_back, _not_counted})


def test_a_disabled_account_and_a_removed_passkey_sign_nobody_in(
    client: FlaskClient, app: Flask, mine: StaffUser, session: Session
) -> None:
    device, other = Authenticator(), Authenticator()
    add(client, device)
    add(client, other, "Laptop")
    key = session.scalars(select(Passkey.public_id).order_by(Passkey.id)).first()
    session.rollback()
    assert post(client, f"{PAGE}/{key}/remove").location == PAGE
    assert use_to_sign_in(app.test_client(), device).status_code == 422
    mails = session.scalars(select(OutboxMail.context).order_by(OutboxMail.id)).all()
    assert '"is_added": false' in str(mails[-1])
    user = session.get_one(StaffUser, mine.id)
    user.active = False
    session.commit()
    assert use_to_sign_in(app.test_client(), other).status_code == 422


@pytest.mark.both_engines
def test_a_challenge_is_answered_once_in_time_and_for_its_purpose(
    client: FlaskClient,
    app: Flask,
    mine: StaffUser,
    session: Session,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    device = Authenticator()  # without a count, nothing but the challenge tells a replay
    add(client, device)
    browser = app.test_client()
    browser.get("/desk/sign-in")
    asked: Any = browser.get("/desk/sign-in/passkey").json
    fields = device.use(asked)
    assert post(browser, "/desk/sign-in/passkey", fields).status_code == 303
    again = app.test_client()
    assert post(again, "/desk/sign-in/passkey", fields).status_code == 422
    assert not may_enter(again)
    longest = timedelta(seconds=passkeys.CHALLENGE_SECONDS + 1)  # a token counts whole seconds
    known_until = session.scalars(select(func.max(UsedChallenge.expires_at))).one()
    assert known_until > db.utcnow() + longest, "it is known for as long as it could be taken"
    asked = again.get("/desk/sign-in/passkey").json
    fields = device.use(asked)
    assert post(client, "/desk/confirm", fields).status_code == 422, "asked for signing in"
    with monkeypatch.context() as patch:
        patch.setattr(passkeys, "CHALLENGE_SECONDS", -1)
        assert post(again, "/desk/sign-in/passkey", fields).status_code == 422
    forged = URLSafeTimedSerializer("x" * 32, salt="passkey|sign-in|anybody").dumps(
        asked["options"]["challenge"]
    )
    lie = fields | {"passkey_challenge": forged}
    assert post(again, "/desk/sign-in/passkey", lie).status_code == 422
    assert not may_enter(again)
    assert len(session.scalars(select(UsedChallenge)).all()) == 2


@pytest.mark.both_engines
def test_of_one_answer_given_many_times_at_once_one_signs_in(
    client: FlaskClient, app: Flask, mine: StaffUser
) -> None:
    device = Authenticator()
    add(client, device)
    asked: Any = app.test_client().get("/desk/sign-in/passkey").json
    fields = device.use(asked)
    answer, token = fields["passkey_proof"], fields["passkey_challenge"]

    def use(_number: int) -> bool:
        with app.app_context(), db.transaction() as own:
            user = passkeys.use_passkey(own, "sign-in", None, answer=answer, token=token)
            return user is not None

    with ThreadPoolExecutor(6) as pool:
        won = list(pool.map(lambda number: Context().run(use, number), range(12)))
    assert won.count(True) == 1


def test_what_no_browser_sends_is_refused_and_tries_from_a_network_end(
    app: Flask, settings: Settings
) -> None:
    browser = app.test_client()
    browser.get("/desk/sign-in")
    for answer in ("", "{", "[]", '{"id": 1}', "[" * 15_000, '{"response": {}}', "x" * 400_000):
        asked: Any = browser.get("/desk/sign-in/passkey").json
        fields = {"passkey_proof": answer, "passkey_challenge": asked["challenge"]}
        assert post(browser, "/desk/sign-in/passkey", fields).status_code == 422
    left = range(settings.sign_ins_per_hour - 7)
    assert {post(browser, "/desk/sign-in/passkey").status_code for _ in left} == {422}
    refused = post(browser, "/desk/sign-in/passkey")
    assert refused.status_code == 429
    assert "Retry-After" in refused.headers


def test_a_stranger_learns_of_no_account(client: FlaskClient, app: Flask, mine: StaffUser) -> None:
    add(client, Authenticator())
    stranger = app.test_client()
    asked: Any = stranger.get(f"/desk/sign-in/passkey?email={EMAIL}").json
    assert asked["options"]["allowCredentials"] == []
    assert asked["options"]["userVerification"] == "required"
    assert stranger.get("/desk/sign-in/code/passkey").status_code == 403
    assert stranger.get(f"{PAGE}/challenge").status_code == 302
    assert stranger.get("/desk/confirm/passkey").status_code == 302


def test_the_site_of_passkeys_is_that_of_the_settings(
    client: FlaskClient, app: Flask, mine: StaffUser
) -> None:
    other_port = "http://localhost:5999"
    asked: Any = client.get(f"{PAGE}/challenge", base_url=other_port).json
    assert asked["options"]["rp"]["id"] == "localhost"
    fields = Authenticator(origin=other_port).create(asked) | {"name": "Key"}
    assert post(client, f"{PAGE}/add", fields, base_url=other_port).status_code == 422
    other = app.test_client().get("/desk/sign-in/passkey", headers={"Host": "evil.example"})
    assert other.status_code == 400


def _grow_stale(client: FlaskClient) -> None:
    with client.session_transaction() as cookie:
        cookie["fs_paa"] -= 16 * 60


def test_a_passkey_is_fresh_proof_and_adding_and_removing_want_it(
    client: FlaskClient, app: Flask, mine: StaffUser, session: Session
) -> None:
    device = Authenticator()
    add(client, device)
    key = session.scalars(select(Passkey.public_id)).one()
    session.rollback()
    _grow_stale(client)
    assert client.get(f"{PAGE}/challenge").status_code == 403
    assert client.get(f"{PAGE}/add").location == f"/desk/confirm?next={PAGE}/add"
    assert post(client, f"{PAGE}/add").location.startswith("/desk/confirm")
    new = {"name": "Blue <key>", "passkey_proof": "{}", "passkey_challenge": "x"}
    kept = post(client, f"{PAGE}/add", new)
    assert kept.status_code == 403
    assert 'name="name" value="Blue &lt;key&gt;"' in kept.text
    asked = post(client, f"{PAGE}/{key}/remove").location
    assert "Use a passkey" in client.get(asked).text
    challenge: Any = client.get("/desk/confirm/passkey").json
    theirs = Authenticator(user_handle=device.user_handle)
    assert post(client, "/desk/confirm", theirs.use(challenge)).status_code == 422
    challenge = client.get("/desk/confirm/passkey").json
    fields = device.use(challenge) | {"next": PAGE, "again": "1"}
    assert post(client, "/desk/confirm", fields).location == PAGE
    assert post(client, f"{PAGE}/{key}/remove").location == PAGE
    assert session.scalars(select(RecoveryCode)).all() == []
    assert not session.get_one(StaffUser, mine.id).has_second_factor


@pytest.mark.both_engines
def test_who_is_asked_in_the_middle_of_a_form_goes_on_with_it_by_passkey(
    client: FlaskClient, app: Flask, session: Session
) -> None:
    sign_in(client, app, Role.ADMIN)
    device = Authenticator()
    add(client, device)
    other = make_staff_user(session, email="lina@example.org")
    session.commit()
    _grow_stale(client)
    url = f"/desk/staff/{other.public_id}/role"
    asked = post(client, url, {"role": "organizer"})
    assert 'name="role" value="organizer"' in asked.text
    challenge: Any = client.get("/desk/confirm/passkey").json
    assert post(client, url, {"role": "organizer"} | device.use(challenge)).status_code == 303
    session.expire_all()
    assert session.get_one(StaffUser, other.id).role is Role.ORGANIZER


def test_a_required_factor_stays_until_there_is_another(required: Flask, session: Session) -> None:
    browser = required.test_client()
    me = sign_in(browser, required, Role.STAFF)
    assert browser.get("/desk/bundles/").location == "/desk/account/second-factor"
    add(browser, Authenticator())
    assert browser.get("/desk/bundles/").status_code == 200
    key = session.scalars(select(Passkey.public_id)).one()
    session.rollback()
    assert post(browser, f"{PAGE}/{key}/remove").location == PAGE
    assert "Your role requires this passkey" in browser.get(PAGE).text
    user = session.get_one(StaffUser, me.id)
    user.totp_secret, user.totp_since = second_factor.create_secret(session), db.utcnow()
    session.commit()
    assert post(browser, f"{PAGE}/{key}/remove").location == PAGE
    session.expire_all()
    assert not session.get_one(StaffUser, me.id).passkeys
    assert session.scalars(select(RecoveryCode)).first() is not None
    session.rollback()
    post(browser, "/desk/account/second-factor/turn-off")
    session.expire_all()
    assert session.get_one(StaffUser, me.id).has_app


@pytest.mark.both_engines
@pytest.mark.parametrize("first", ["passkey", "app"])
def test_of_two_last_factors_removed_at_once_one_stays(
    required: Flask, session: Session, first: str
) -> None:
    browser = required.test_client()
    me = sign_in(browser, required, Role.STAFF)
    add(browser, Authenticator())
    add(browser, Authenticator(), "Laptop")
    key, other = session.scalars(select(Passkey.public_id).order_by(Passkey.id)).all()
    if first == "app":
        user = session.get_one(StaffUser, me.id)
        user.totp_secret, user.totp_since = second_factor.create_secret(session), db.utcnow()
        passkeys.remove_passkey(session, user=user, public_id=key)
    session.commit()

    def look(session: Session) -> StaffUser:
        return session.get_one(StaffUser, me.id)

    def remove(session: Session) -> None:
        if first == "app":
            second_factor.turn_off(session, user=look(session))
        else:
            passkeys.remove_passkey(session, user=look(session), public_id=key)

    def remove_other(session: Session, user: StaffUser) -> None:
        passkeys.remove_passkey(session, user=user, public_id=other)

    with required.app_context(), pytest.raises(Refused, match="factor-required"):
        overtake(required, remove, look, remove_other)
    session.expire_all()
    assert [passkey.public_id for passkey in look(session).passkeys] == [other]


def test_an_admin_is_led_to_the_hardware_key_that_is_required(
    strict: Flask, session: Session
) -> None:
    browser = strict.test_client()
    sign_in(browser, strict, Role.ADMIN)
    assert browser.get("/desk/staff").location == PAGE
    assert "Admins need a hardware key" in browser.get(PAGE).text
    asked: Any = browser.get(f"{PAGE}/challenge").json
    chosen = asked["options"]["authenticatorSelection"]
    assert chosen["authenticatorAttachment"] == "cross-platform"
    for wrong in (
        Authenticator(attachment="platform"),
        Authenticator(attachment="cross-platform", is_synced=True),
    ):
        refused = add(browser, wrong)
        assert refused.status_code == 422
        assert "Admins need a hardware key" in refused.text
    assert session.scalars(select(Passkey)).all() == []
    session.rollback()
    key = Authenticator(attachment="cross-platform")
    assert add(browser, key).status_code == 200
    assert browser.get("/desk/staff").status_code == 200
    key.is_synced = True
    assert use_to_sign_in(strict.test_client(), key).status_code == 422, "it says it was copied"
    key.is_synced = False
    assert use_to_sign_in(strict.test_client(), key).status_code == 303


def test_with_the_key_that_is_required_nothing_weaker_signs_in(
    strict: Flask, client: FlaskClient, app: Flask, session: Session
) -> None:
    me = sign_in(client, app, Role.ADMIN, email=EMAIL, password=True)
    synced, key = Authenticator(is_synced=True), Authenticator(attachment="cross-platform")
    add(client, synced, "Phone")  # as the setting was before
    browser = strict.test_client()
    assert use_to_sign_in(browser, synced).status_code == 303, "until there is a key, nobody is out"
    assert browser.get("/desk/staff").location == PAGE
    add(browser, key)
    user = session.get_one(StaffUser, me.id)
    user.totp_secret, user.totp_since = second_factor.create_secret(session), db.utcnow()
    session.commit()
    assert use_to_sign_in(strict.test_client(), synced).status_code == 422
    know_password(browser := strict.test_client())
    page = browser.get("/desk/sign-in/code").text
    assert "recovery code" in page
    assert "six digits" not in page
    asked: Any = browser.get("/desk/sign-in/code/passkey").json
    assert len(asked["options"]["allowCredentials"]) == 1
    assert post(browser, "/desk/sign-in/code", synced.use(asked)).status_code == 422
    token = second_factor._Totp(session)
    secret = session.get_one(StaffUser, me.id).totp_secret
    code = token.generate_totp_password(secret)
    session.rollback()
    assert post(browser, "/desk/sign-in/code", {"proof": code}).status_code == 422
    assert not may_enter(browser)


def test_a_reset_clears_passkeys(
    client: FlaskClient, app: Flask, mine: StaffUser, session: Session
) -> None:
    device = Authenticator()
    add(client, device)
    user = session.get_one(StaffUser, mine.id)
    second_factor.reset(session, user=user, actor="command")
    session.commit()
    assert session.scalars(select(Passkey)).all() == []
    assert session.scalars(select(RecoveryCode)).all() == []
    session.rollback()
    assert not may_enter(client)
    assert use_to_sign_in(app.test_client(), device).status_code == 422
    assert know_password(app.test_client()) == "/desk/account"


@pytest.mark.both_engines
def test_a_passkey_of_another_account_is_not_added_again(
    client: FlaskClient, app: Flask, mine: StaffUser, session: Session
) -> None:
    device = Authenticator()
    add(client, device)
    sign_in(client, app, Role.STAFF)
    refused = add(client, device)
    assert refused.status_code == 422
    assert "already on an account" in refused.text
    assert add(client, Authenticator(), " ").status_code == 422
    assert len(session.scalars(select(Passkey)).all()) == 1
