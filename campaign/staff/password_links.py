"""The one-time link by which a staff user sets a password.

No link is stored: it carries its time and a signed fingerprint of the password there is now and of
how many links were made, so that setting a password, or making another link, makes it worthless.
"""

import hmac

from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core import db
from campaign.core.errors import Gone
from campaign.core.settings import current_settings
from campaign.mail.messages import Mail
from campaign.models.staff import StaffUser

LINK_DAYS = 3
_DAY_SECONDS = 86_400


class StaffInvitation(Mail, kind="staff-invitation"):
    """The one-time link by which somebody sets their password."""

    link: str
    days: int
    inviter: str
    is_new: bool
    """It is their first password."""


def create_password_link(user: StaffUser) -> str:
    """Return the address at which `user` can set a password once, in the next three days."""
    token = _serializer().dumps([user.public_id, _sign_state(user)[0]])
    # Not url_for: the host that a request names must not decide where a link leads.
    return f"{current_settings().base_url.rstrip('/')}/desk/set-password/{token}"


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
