"""What providers of email tell of bounces, by their webhooks: who is believed, and what is read.

Their formats as of November 2026:
Amazon SES by SNS  https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html and
                   https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
Postmark           https://postmarkapp.com/developer/webhooks/bounce-webhook
Mailgun            https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/webhook-payloads
Brevo              https://developers.brevo.com/docs/transactional-webhooks
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from campaign.core.settings import Settings

Body = Mapping[str, Any]
Fetch = Callable[[str], bytes]
"""Gives what is at an address."""
_STATUS = re.compile(r"(?<![\d.])[45]\.\d{1,3}\.\d{1,3}(?![\d.])")
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        "Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type",
    ),
}  # fmt: skip
_LONGEST_ADDRESS = 320


class NotBelieved(Exception):
    """A request that is forged or cannot be read; why is for our log alone."""


@dataclass(frozen=True, slots=True)
class Bounce:
    address: str
    is_hard: bool
    status: str
    """Of RFC 3463, as far as the provider gives one."""


@dataclass(frozen=True, slots=True)
class Report:
    event_id: str
    """By which it is known if it comes again."""
    at: datetime
    bounces: tuple[Bounce, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A request: its body, and the password or token that came with it."""

    body: Body
    credential: str


def read_report(provider: str, call: Call, settings: Settings, fetch: Fetch) -> Report:
    """Return what a provider reports, once it is proved to be the provider. Raises NotBelieved."""
    if provider not in _READERS:
        raise NotBelieved("unknown")
    try:
        return _READERS[provider](call, settings, fetch)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as problem:
        raise NotBelieved("malformed") from problem


def _read_postmark(call: Call, settings: Settings, _fetch: Fetch) -> Report:
    _refuse_other(call.credential, settings.postmark_bounce_secret.get_secret_value())
    body = call.body
    is_hard = body["RecordType"] == "Bounce" and body["Type"] in {"HardBounce", "BadEmailAddress"}
    bounce = _bounce(body["Email"], body.get("Details", ""), is_hard=is_hard)
    return Report(f"postmark|{body['ID']}", _moment(body["BouncedAt"]), (bounce,))


def _read_brevo(call: Call, settings: Settings, _fetch: Fetch) -> Report:
    _refuse_other(call.credential, settings.brevo_bounce_secret.get_secret_value())
    body = call.body
    is_hard = body["event"] in {"hard_bounce", "invalid_email"}
    bounce = _bounce(body["email"], body.get("reason", ""), is_hard=is_hard)
    event_id = "|".join(str(body[name]) for name in ("message-id", "event", "email", "ts_event"))
    return Report(f"brevo|{event_id}", _seconds(body["ts_event"]), (bounce,))


def _read_mailgun(call: Call, settings: Settings, _fetch: Fetch) -> Report:
    signature, event = call.body["signature"], call.body["event-data"]
    key = settings.mailgun_signing_key.get_secret_value()
    signed = f"{signature['timestamp']}{signature['token']}"
    proof = hmac.new(key.encode(), signed.encode(), hashlib.sha256).hexdigest()
    _refuse_other(str(signature["signature"]), proof if key else "")
    status = event.get("delivery-status", {})
    words = f"{status.get('enhanced-code', '')} {status.get('message', '')}"
    is_hard = (event["event"], event.get("severity")) == ("failed", "permanent")
    bounce = _bounce(event["recipient"], words, is_hard=is_hard)
    # The signature holds no event, so that each token counts once.
    return Report(f"mailgun|{signature['token']}", _seconds(signature["timestamp"]), (bounce,))


def _read_ses(call: Call, settings: Settings, fetch: Fetch) -> Report:
    body = call.body
    verify_sns(body, settings.ses_bounce_topic, fetch)
    event_id, at = f"ses|{body['MessageId']}", _moment(body["Timestamp"])
    if body["Type"] == "SubscriptionConfirmation":
        fetch(_amazon_address(body["SubscribeURL"], body["TopicArn"], r"\?Action=Confirm\S+"))
        return Report(event_id, at, ())
    message = json.loads(body["Message"])
    if message.get("notificationType", message.get("eventType")) != "Bounce":
        return Report(event_id, at, ())
    is_hard = message["bounce"]["bounceType"] == "Permanent"
    bounces = tuple(
        _bounce(recipient["emailAddress"], recipient.get("status", ""), is_hard=is_hard)
        for recipient in message["bounce"]["bouncedRecipients"]
    )
    return Report(event_id, at, bounces)


_READERS = {
    "ses": _read_ses,
    "postmark": _read_postmark,
    "mailgun": _read_mailgun,
    "brevo": _read_brevo,
}


def verify_sns(body: Body, topic: str, fetch: Fetch) -> None:
    """Raise NotBelieved for what Amazon did not sign for our topic: anybody may have one there."""
    if not topic or body["TopicArn"] != topic:
        raise NotBelieved("topic")
    if body["SignatureVersion"] != "2":
        raise NotBelieved("signature version")
    names = _SIGNED[body["Type"]]
    signed = "".join(f"{name}\n{body[name]}\n" for name in names if name in body)
    address = _amazon_address(
        body["SigningCertURL"], topic, r"SimpleNotificationService-[0-9a-zA-Z]+\.pem"
    )
    key = x509.load_pem_x509_certificate(fetch(address)).public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise NotBelieved("certificate")
    try:
        signature = base64.b64decode(body["Signature"], validate=True)
        key.verify(signature, signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, binascii.Error) as problem:
        raise NotBelieved("signature") from problem


def _amazon_address(address: str, topic: str, path: str) -> str:
    """Return an address of SNS in the topic's region. Raises NotBelieved for any other."""
    region = re.escape(topic.split(":")[3])
    if not re.fullmatch(rf"https://sns\.{region}\.amazonaws\.com(\.cn)?/{path}", address):
        raise NotBelieved("address")
    return address


def _refuse_other(given: str, right: str) -> None:
    if not right or not hmac.compare_digest(given.encode(), right.encode()):
        raise NotBelieved("secret")


def _bounce(address: Any, words: Any, *, is_hard: bool) -> Bounce:
    if not isinstance(address, str) or not 3 <= len(address) <= _LONGEST_ADDRESS:
        raise NotBelieved("malformed")
    status = _STATUS.search(str(words))
    return Bounce(address, is_hard, status[0] if status else "5.0.0")


def _seconds(value: Any) -> datetime:
    return datetime.fromtimestamp(int(value), UTC)


def _moment(value: str) -> datetime:
    return datetime.fromisoformat(value).astimezone(UTC)
