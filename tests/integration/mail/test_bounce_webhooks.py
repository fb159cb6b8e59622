"""What providers tell of bounces marks an address; what somebody else tells does nothing."""

import base64
import hashlib
import hmac
import json
import socket
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from campaign.core import clock, db
from campaign.core.errors import UnsafeSettings
from campaign.core.rate_limits import is_first_use, read_count
from campaign.core.settings import Settings, load_settings
from campaign.mail.bounce_views import CERTIFICATES
from campaign.mail.bounce_webhooks import Call, NotBelieved, read_report
from campaign.mail.messages import BadAddress, address_fingerprint
from campaign.tracking.mails import NoLetters

TO = "planted-name@example.org"
SECRET = "a-secret-of-the-provider-01"
TOPIC = "arn:aws:sns:ca-central-1:123456789012:bounces"
CERTIFICATE = "https://sns.ca-central-1.amazonaws.com/SimpleNotificationService-0a1b.pem"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def now() -> datetime:
    return clock.utcnow() - timedelta(minutes=2)


def make_certificate(key: rsa.RSAPrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    return (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now() - timedelta(days=2))
        .not_valid_after(now() + timedelta(days=2))
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )


def sign_sns(body: dict[str, str], key: rsa.RSAPrivateKey = KEY) -> dict[str, str]:
    names = sorted(set(body) - {"Signature", "SignatureVersion", "SigningCertURL"})
    signed = "".join(f"{name}\n{body[name]}\n" for name in names)
    signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return {
        "SignatureVersion": "2",
        "SigningCertURL": CERTIFICATE,
        "Signature": base64.b64encode(signature).decode(),
    } | body


def ses(kind: str = "Permanent", status: str = "5.1.1", **changed: str) -> dict[str, str]:
    recipient = {"emailAddress": TO, "action": "failed", "status": status}
    bounce = {"bounceType": kind, "bounceSubType": "General", "bouncedRecipients": [recipient]}
    body = {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Message": json.dumps({"notificationType": "Bounce", "bounce": bounce}),
        "Timestamp": now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    return sign_sns(body | changed)


def postmark(kind: str = "HardBounce", **changed: object) -> dict[str, object]:
    return {
        "RecordType": "Bounce",
        "ID": 4323372036854775807,
        "Type": kind,
        "Email": TO,
        "Details": "smtp;550 5.1.1 The email account does not exist.",
        "BouncedAt": now().isoformat(timespec="microseconds").replace("+", "9+"),
    } | changed


def mailgun(severity: str = "permanent", key: str = SECRET, **changed: str) -> dict[str, Any]:
    signature = {"timestamp": str(int(now().timestamp())), "token": "e0b5477167110d68"} | changed
    proof = hmac.new(
        key.encode(), f"{signature['timestamp']}{signature['token']}".encode(), hashlib.sha256
    )
    status = {"code": 550, "enhanced-code": "5.1.1", "message": "No such mailbox"}
    event = {"event": "failed", "severity": severity, "recipient": TO, "delivery-status": status}
    return {
        "signature": signature | {"signature": proof.hexdigest()},
        "event-data": event | {"id": "G9Bn5sl1TC6nu79C8C0bwg"},
    }


def brevo(event: str = "hard_bounce", **changed: object) -> dict[str, object]:
    return {
        "event": event,
        "email": TO,
        "id": 1,
        "message-id": "<2026@example.org>",
        "ts_event": int(now().timestamp()),
        "reason": "550 5.1.1 user unknown",
    } | changed


HARD = {"ses": ses, "postmark": postmark, "mailgun": mailgun, "brevo": brevo}
SOFT = {"ses": "Transient", "postmark": "SoftBounce", "mailgun": "temporary", "brevo": "deferred"}


@pytest.fixture
def app(app: Flask) -> Flask:
    """An application that four providers report to."""
    settings: Settings = app.extensions["settings"]
    app.extensions["settings"] = settings.model_copy(
        update={
            "ses_bounce_topic": TOPIC,
            "postmark_bounce_secret": SecretStr(SECRET),
            "mailgun_signing_key": SecretStr(SECRET),
            "brevo_bounce_secret": SecretStr(SECRET),
        }
    )
    app.extensions[CERTIFICATES][CERTIFICATE] = make_certificate(KEY)
    return app


@pytest.fixture
def client(app: Flask, session: Session) -> FlaskClient:
    """Of an instance that has written to the address."""
    NoLetters(home_url="http://x.example/").send(session, to=TO, locale="en")
    session.commit()
    return app.test_client()


def tell(
    client: FlaskClient, provider: str, body: object, secret: str = SECRET, **headers: str
) -> TestResponse:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    if provider == "postmark":
        headers["Authorization"] = "Basic " + base64.b64encode(f"x:{secret}".encode()).decode()
    elif provider == "brevo":
        headers["Authorization"] = f"Bearer {secret}"
    return client.post(f"/webhooks/bounces/{provider}", data=raw, headers=headers)


def marked(session: Session) -> dict[bytes, str]:
    session.rollback()
    return {bytes(row.email_hmac): row.status for row in session.scalars(select(BadAddress))}


@pytest.mark.parametrize("provider", HARD)
def test_a_hard_bounce_marks_its_address_once(
    client: FlaskClient, session: Session, provider: str
) -> None:
    body = HARD[provider]()
    assert tell(client, provider, body).status_code == 204
    assert marked(session) == {address_fingerprint(TO): "5.1.1"}
    for row in session.scalars(select(BadAddress)):
        session.delete(row)
    session.commit()
    assert tell(client, provider, body).status_code == 204
    assert marked(session) == {}, "what comes again does nothing"


@pytest.mark.parametrize("provider", SOFT)
def test_what_passes_marks_nobody(client: FlaskClient, session: Session, provider: str) -> None:
    assert tell(client, provider, HARD[provider](SOFT[provider])).status_code == 204
    assert marked(session) == {}


@pytest.mark.both_engines
def test_what_is_not_about_the_address_or_not_ours_marks_nobody(
    client: FlaskClient, session: Session
) -> None:
    assert tell(client, "ses", ses(status="5.7.1")).status_code == 204
    assert tell(client, "postmark", postmark(Email="other@example.org")).status_code == 204
    assert marked(session) == {}


@pytest.mark.parametrize("days", [-2, 2])
def test_a_report_that_somebody_kept_does_nothing(
    client: FlaskClient, session: Session, days: int
) -> None:
    moment = clock.utcnow() + timedelta(days=days)
    assert (
        tell(client, "mailgun", mailgun(timestamp=str(int(moment.timestamp())))).status_code == 204
    )
    assert tell(client, "ses", ses(Timestamp=moment.isoformat())).status_code == 204
    assert marked(session) == {}


def forged() -> Iterator[tuple[str, object, str]]:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    body = {name: text for name, text in ses().items() if not name.startswith("Sign")}
    yield "postmark", postmark(), "another-secret-of-24-characters"
    yield "postmark", postmark(), ""
    yield "brevo", brevo(), "another-secret-of-24-characters"
    yield "mailgun", mailgun(key="another"), ""
    yield "mailgun", mailgun(key=""), ""
    yield "ses", sign_sns(body, other), ""
    yield "ses", ses() | {"Message": ses(kind="Transient")["Message"]}, ""
    yield "ses", sign_sns(body | {"TopicArn": TOPIC.replace("123", "999")}), ""
    yield "ses", ses() | {"SignatureVersion": "1"}, ""
    for address in (
        "https://sns.ca-central-1.amazonaws.com.evil.example/SimpleNotificationService-0a1b.pem",
        "http://sns.ca-central-1.amazonaws.com/SimpleNotificationService-0a1b.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a1b.pem",
        "https://evil.example/?sns.ca-central-1.amazonaws.com/SimpleNotificationService-0a1b.pem",
        "https://sns.ca-central-1.amazonaws.com/evil.pem",
        f"{CERTIFICATE}\n",
    ):
        yield "ses", ses() | {"SigningCertURL": address}, ""
    for provider in HARD:
        yield provider, b'{"half', SECRET
        yield provider, b"[" * 100_000, SECRET
        yield provider, [], SECRET
        yield provider, {"Type": 1, "signature": 2, "event": [], "TopicArn": None}, SECRET
        yield provider, b"{}" + b" " * 10_000_000, SECRET
    yield "postmark", postmark(Email=["x@y.z"]), SECRET
    yield "brevo", brevo(ts_event=10**30), SECRET
    yield "nobody", postmark(), SECRET


def test_what_is_forged_or_broken_is_refused_as_if_nothing_were_there(
    app: Flask, client: FlaskClient, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    nothing = client.post("/webhooks/there-is-nothing").text
    for provider, body, secret in forged():
        answer = tell(client, provider, body, secret)
        assert (answer.status_code, answer.text) == (404, nothing), (provider, str(body)[:200])
    assert marked(session) == {}
    assert list(app.extensions[CERTIFICATES]) == [CERTIFICATE]
    out, err = capsys.readouterr()
    assert "planted-name" not in out + err


@pytest.mark.both_engines
def test_each_certificate_that_is_asked_for_is_counted_and_nobody_waits_for_it(
    app: Flask, client: FlaskClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    writers: list[bool] = []

    def look_up(*_place: object, **_more: object) -> list[object]:
        with db.transaction() as other:
            writers.append(is_first_use(other, "while-it-is-fetched", "", until=now()))
        raise OSError("no such host")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    body = ses() | {"SigningCertURL": CERTIFICATE.replace("-0", "-9")}
    assert tell(client, "ses", body).status_code == 404
    assert writers == [True]
    with app.app_context():
        assert read_count(session, "sns-fetch", "") == 1


@pytest.mark.parametrize("provider", HARD)
def test_without_its_setting_no_provider_is_believed(tmp_path: Path, provider: str) -> None:
    settings = load_settings(instance=tmp_path)
    body = mailgun(key="") if provider == "mailgun" else HARD[provider]()
    with pytest.raises(NotBelieved):
        read_report(provider, Call(body, ""), settings, lambda _address: make_certificate(KEY))


@pytest.mark.parametrize("host", ["sns.ca-central-1.amazonaws.com", "evil.example"])
def test_a_topic_is_confirmed_at_amazon_alone(tmp_path: Path, host: str) -> None:
    settings = load_settings(instance=tmp_path, ses_bounce_topic=TOPIC)
    address = f"https://{host}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37"
    body = ses(Type="SubscriptionConfirmation", SubscribeURL=address, Token="2336412f37")
    asked: list[str] = []

    def fetch(wanted: str) -> bytes:
        asked.append(wanted)
        return make_certificate(KEY)

    call = Call(body, "")
    if host == "evil.example":
        with pytest.raises(NotBelieved):
            read_report("ses", call, settings, fetch)
        assert asked == [CERTIFICATE]
    else:
        assert read_report("ses", call, settings, fetch).bounces == ()
        assert asked == [CERTIFICATE, address]


@pytest.mark.parametrize(
    ("name", "value"),
    [("postmark_bounce_secret", "short"), ("brevo_bounce_secret", "x"), ("ses_bounce_topic", "x")],
)
def test_a_secret_that_can_be_guessed_is_refused(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(UnsafeSettings, match=name):
        load_settings(instance=tmp_path, **{name: value})
