"""What a password must be, and the one-time link by which a staff user sets it.

After NIST SP 800-63B: length, and what is common, repeated or known of the person, which zxcvbn
judges without another machine. Its words are English and never shown: ours are chosen here.

No link is stored: it carries its time and a signed fingerprint of the password there is now and of
how many links were made, so that setting a password, or making another link, makes it worthless.
"""

import hmac
import re
from collections.abc import Iterable
from threading import Lock
from typing import Any

from flask_security.utils import password_complexity_validator
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import select
from sqlalchemy.orm import Session
from zxcvbn import zxcvbn

from campaign.core import db
from campaign.core.errors import Gone
from campaign.core.settings import current_settings, site_url
from campaign.core.text.fold import fold
from campaign.mail.messages import Mail
from campaign.models.staff import StaffUser

MINIMUM = 12
MAXIMUM = 128
SETTINGS = {
    "SECURITY_PASSWORD_LENGTH_MIN": MINIMUM,
    "SECURITY_PASSWORD_COMPLEXITY_CHECKER": "zxcvbn",
    "SECURITY_ZXCVBN_MINIMUM_SCORE": 4,
}
"""Of Flask-Security. Score 4: more than 10 to the 10 guesses, for what is kept here is sealed."""
_JUDGED = 40
"""Characters that are looked at: made to be slow, 40 take a second and 72 take three."""
_KNOWN_WORDS = (
    "amnesty", "campaign", "letters", "urgent", "action", "human", "rights", "humanrights",
    "contrasena", "contrasenia", "bienvenue", "bienvenido", "administrateur", "administrador",
    "motdepasse", "passphrase", "correct horse battery staple", "correcthorsebatterystaple",
)  # fmt: skip
"""Tried first in a house like this one, and too rare elsewhere for zxcvbn's lists."""
_zxcvbn_lock = Lock()
"""zxcvbn keeps what is known of a person in a table that all threads share."""


def find_password_problem(password: str, about: Iterable[str] = ()) -> str | None:
    """Return the slug of what is wrong with a password, or None.

    `about` holds what others know of the person: address, name, organisation.
    """
    if len(password) < MINIMUM:
        return "password-short"
    if len(password) > MAXIMUM:
        return "password-long"
    # Marks and signs that nobody sees fold to nothing: alone they are judged as they are.
    text = (fold(password) or password)[:_JUDGED]
    personal = {word for text_about in about for word in _list_words(text_about)}
    words = [*sorted(personal), *_KNOWN_WORDS]
    words_by_key = {str(key): word for key, word in enumerate(words)}
    with _zxcvbn_lock:
        if not password_complexity_validator(text, True, **words_by_key):
            return None
        return _find_reason(zxcvbn(text, words)["sequence"], personal, len(text))


def _find_reason(matches: Iterable[dict[str, Any]], personal: set[str], length: int) -> str:
    """Return why it is weak: what makes up half of it or more."""
    repeated = own = 0
    for match in matches:
        size = len(match["token"])
        repeated += size * (match["pattern"] == "repeat")
        own += size * (match.get("matched_word", match.get("base_token")) in personal)
    if own * 2 >= length:
        return "password-personal"
    return "password-repeats" if repeated * 2 >= length else "password-common"


def _list_words(text_about: str) -> Iterable[str]:
    """List the words of a name or address, and its parts between spaces and at the @."""
    plain = fold(text_about)[:200]
    parts = {*re.split(r"[\W_]+", plain), *re.split(r"[\s@]+", plain), plain}
    return (part for part in parts if len(part) >= 4)


LINK_DAYS = 3
_DAY_SECONDS = 86_400


class StaffInvitation(Mail, kind="staff-invitation"):
    link: str
    days: int
    inviter: str
    is_new: bool


def create_password_link(user: StaffUser) -> str:
    token = _serializer().dumps([user.public_id, _sign_state(user)[0]])
    return site_url(f"/desk/set-password/{token}")


def mail_password_link(session: Session, user: StaffUser, *, inviter: str, is_new: bool) -> None:
    """Mail `user` such a link: the only way by which one leaves."""
    link = create_password_link(user)
    mail = StaffInvitation(link=link, days=LINK_DAYS, inviter=inviter, is_new=is_new)
    mail.send(session, to=user.email, locale=user.locale)


def get_user_of_link(session: Session, token: str) -> StaffUser:
    """Return whose link it is, with the row locked; raises Gone if used, too old or a fake."""
    try:
        public_id, state = _serializer().loads(token, max_age=LINK_DAYS * _DAY_SECONDS)
    except (BadSignature, ValueError, TypeError) as problem:
        raise Gone("set-password-link") from problem
    user = session.scalar(
        select(StaffUser).where(StaffUser.public_id == public_id).with_for_update()
    )
    if user is None or not user.active or not _fits(user, state):
        raise Gone("set-password-link")
    return user


def _fits(user: StaffUser, state: str) -> bool:
    return any(hmac.compare_digest(right, state) for right in _sign_state(user))


def _sign_state(user: StaffUser) -> list[str]:
    """List what says how things stand, as each key signs it, the newest first."""
    text = f"{user.public_id}|{user.password or ''}|{user.link_number}"
    proofs = db.database().keyring.proofs(text, "set-password")
    return [proof.hex()[:32] for proof in proofs]


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_settings().secret, salt="set-password")
