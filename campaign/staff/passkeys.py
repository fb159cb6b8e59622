"""Passkeys (WebAuthn): added, used and removed.

A device signs a challenge of ours with a key that never leaves it, and signs for no other site:
a page that looks like ours gets nothing. The `webauthn` package checks what browsers send. Under
which name and at which address (`_site`) is decided by the setting `base_url`, never by a
request's Host. A challenge is for one purpose and person, five minutes and one answer.
"""

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import urlsplit

from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    parse_authentication_credential_json,
    parse_registration_credential_json,
)
from webauthn.helpers.structs import (
    AuthenticatorAttachment,
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from campaign.core import db
from campaign.core.errors import Invalid, NotFound, Refused
from campaign.core.settings import current_settings
from campaign.core.unsafe_settings import is_loopback
from campaign.mail.messages import Mail
from campaign.models.staff import Passkey, StaffUser, UsedChallenge
from campaign.staff import required_factors, second_factor
from campaign.staff.staff_users import actor_name, record

Purpose = Literal["add", "sign-in", "second-step", "confirm"]
CHALLENGE_SECONDS = 300
_CHALLENGE_BYTES = 32
_LONGEST_ANSWER = 16_000
_DEFAULT_PORTS = {"http": 80, "https": 443}


class PasskeyChanged(Mail, kind="staff-passkey"):
    name: str
    is_added: bool


@dataclass(frozen=True, slots=True)
class Challenge:
    options: dict[str, Any]
    """Of navigator.credentials, as WebAuthn writes them in JSON."""
    token: str
    """Names the challenge; the answer comes with it."""


def ask_for_new(user: StaffUser) -> Challenge:
    challenge, token = _make_challenge("add", user)
    hardware = required_factors.needed_kind(user) == "hardware_key"
    options = generate_registration_options(
        rp_id=_site().name,
        rp_name=current_settings().organisation_name,
        user_name=user.email,
        user_display_name=user.name or user.email,
        user_id=user.public_id.encode(),
        challenge=challenge,
        timeout=CHALLENGE_SECONDS * 1000,
        exclude_credentials=_describe(user.passkeys),
        authenticator_selection=AuthenticatorSelectionCriteria(
            authenticator_attachment=AuthenticatorAttachment.CROSS_PLATFORM if hardware else None,
            resident_key=ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
    )
    return Challenge(json.loads(options_to_json(options)), token)


def ask_for(purpose: Purpose, user: StaffUser | None) -> Challenge:
    """Return the challenge of a passkey that is to be used.

    Without a `user` the device finds whose passkeys it has, and must know its owner (by a PIN or
    a finger): what is asked of a stranger tells of no account.
    """
    challenge, token = _make_challenge(purpose, user)
    options = generate_authentication_options(
        rp_id=_site().name,
        challenge=challenge,
        timeout=CHALLENGE_SECONDS * 1000,
        allow_credentials=_describe(required_factors.list_accepted(user)) if user else None,
        user_verification=UserVerificationRequirement.PREFERRED
        if user
        else UserVerificationRequirement.REQUIRED,
    )
    return Challenge(json.loads(options_to_json(options)), token)


def add_passkey(
    session: Session, *, user: StaffUser, name: str, answer: str, token: str
) -> list[str]:
    """Add what the browser made; return recovery codes where it is the first second factor.

    Raises Invalid: `passkey-refused`, `passkey-not-hardware` where this user needs a hardware key,
    `passkey-known`.
    """
    challenge = _take_challenge(session, "add", user, token)
    try:
        credential = parse_registration_credential_json(answer[:_LONGEST_ANSWER])
        verified = verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=_site().name,
            expected_origin=_site().origin,
        )
    except Exception as problem:  # of many kinds, where somebody sends what no browser would
        raise Invalid("passkey-refused") from problem
    passkey = Passkey(
        credential_id=verified.credential_id,
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
        is_hardware=credential.authenticator_attachment is AuthenticatorAttachment.CROSS_PLATFORM
        and verified.credential_device_type is CredentialDeviceType.SINGLE_DEVICE,
        transports=[transport.value for transport in credential.response.transports or ()],
        name=name,
    )
    if not required_factors.is_of_needed_kind(user, passkey):
        raise Invalid("passkey-not-hardware")
    is_first = not user.has_second_factor
    try:
        with session.begin_nested():
            user.passkeys.append(passkey)
    except IntegrityError as problem:
        raise Invalid("passkey-known") from problem
    _tell(session, user, passkey, is_added=True)
    record(session, actor_name(user), "accounts.passkey-add", user)
    return second_factor.create_recovery_codes(session, user) if is_first else []


def remove_passkey(session: Session, *, user: StaffUser, public_id: str) -> None:
    """Raises Refused (`factor-required`) for the last one that the user needs, or NotFound."""
    required_factors.lock_factors(session, user)
    passkey = next((key for key in user.passkeys if key.public_id == public_id), None)
    if passkey is None:
        raise NotFound("passkey")
    if not required_factors.can_remove_passkey(user, passkey):
        raise Refused("factor-required")
    _tell(session, user, passkey, is_added=False)
    user.passkeys.remove(passkey)
    second_factor.drop_idle_codes(session, user)
    record(session, actor_name(user), "accounts.passkey-remove", user)


def use_passkey(
    session: Session, purpose: Purpose, user: StaffUser | None, *, answer: str, token: str
) -> StaffUser | None:
    """Return who has proved who they are; None where the answer proves nothing.

    `user`: who it must be, if that is known. To be committed either way: a challenge is used up.
    """
    try:
        challenge = _take_challenge(session, purpose, user, token)
        credential = parse_authentication_credential_json(answer[:_LONGEST_ANSWER])
    except Exception:  # of many kinds, where somebody sends what no browser would
        return None
    passkey = session.scalar(select(Passkey).where(Passkey.credential_id == credential.raw_id))
    if passkey is None or (user is not None and passkey.staff_user_id != user.id):
        return None
    owner = passkey.staff_user
    handle = credential.response.user_handle
    if handle is None and user is None:
        return None
    if handle is not None and not hmac.compare_digest(handle, owner.public_id.encode()):
        return None
    if not owner.active or passkey not in required_factors.list_accepted(owner):
        return None
    try:
        verified = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=_site().name,
            expected_origin=_site().origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,  # `_count_use` compares it, also of two at one moment
            require_user_verification=user is None,
        )
    except Exception:
        return None
    if passkey.is_hardware and verified.credential_device_type is CredentialDeviceType.MULTI_DEVICE:
        return None
    if not _count_use(session, passkey, verified.new_sign_count):
        record(session, actor_name(owner), "accounts.passkey-copied", owner)
        return None
    return owner


def _count_use(session: Session, passkey: Passkey, sign_count: int) -> bool:
    """Whether the device has counted on since it was used last: a copy of it would not know."""
    counted_on = Passkey.sign_count < sign_count if sign_count else Passkey.sign_count == 0
    return db.update_row(
        session, Passkey, passkey.id, counted_on, sign_count=sign_count, last_used_at=db.utcnow()
    )


@dataclass(frozen=True, slots=True)
class _Site:
    name: str
    """To which passkeys are bound (the RP ID)."""
    origin: str
    """Of the only pages that may ask for them."""


def _site() -> _Site:
    url = urlsplit(current_settings().base_url)
    # Browsers make no passkeys for numbers: on this machine it is localhost.
    name = "localhost" if is_loopback(url.hostname or "") else url.hostname or ""
    port = "" if url.port in {None, _DEFAULT_PORTS.get(url.scheme)} else f":{url.port}"
    return _Site(name, f"{url.scheme}://{name}{port}")


def _make_challenge(purpose: Purpose, user: StaffUser | None) -> tuple[bytes, str]:
    challenge = secrets.token_bytes(_CHALLENGE_BYTES)
    return challenge, _serializer(purpose, user).dumps(bytes_to_base64url(challenge))


def _take_challenge(
    session: Session, purpose: Purpose, user: StaffUser | None, token: str
) -> bytes:
    """Return the challenge, used up; raises Invalid where it was already, or is none of ours."""
    try:
        text = _serializer(purpose, user).loads(token, max_age=CHALLENGE_SECONDS)
    except BadData as problem:
        raise Invalid("passkey-refused") from problem
    challenge = base64url_to_bytes(text)
    now = db.utcnow()
    session.execute(delete(UsedChallenge).where(UsedChallenge.expires_at < now))
    is_new = db.insert_new(
        session,
        UsedChallenge,
        digest=hashlib.sha256(challenge).digest(),
        # Longer than any answer is taken: tokens count whole seconds, and clocks differ.
        expires_at=now + timedelta(seconds=2 * CHALLENGE_SECONDS),
    )
    if is_new is None:
        raise Invalid("passkey-refused")
    return challenge


def _serializer(purpose: Purpose, user: StaffUser | None) -> URLSafeTimedSerializer:
    whose = user.public_id if user else "anybody"
    return URLSafeTimedSerializer(current_settings().secret, salt=f"passkey|{purpose}|{whose}")


def _describe(passkeys: list[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=passkey.credential_id,
            transports=[AuthenticatorTransport(transport) for transport in passkey.transports],
        )
        for passkey in passkeys
    ]


def _tell(session: Session, user: StaffUser, passkey: Passkey, *, is_added: bool) -> None:
    mail = PasskeyChanged(name=passkey.name, is_added=is_added)
    mail.send(session, to=user.email, locale=user.locale)
