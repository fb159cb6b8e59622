"""Tokens of other programs: making, using and revoking them. Of a token its SHA-256 is kept."""

import secrets
from collections.abc import Collection, Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core import audit, clock, db
from campaign.core.errors import DomainError, Invalid, Refused
from campaign.core.rate_limits import count_against_limit
from campaign.core.settings import current_settings
from campaign.models.api_token import ApiScope, ApiToken
from campaign.models.staff import StaffUser
from campaign.signing.signed_links import digest_of, matches
from campaign.staff.deciders import refuse_approver
from campaign.staff.staff_users import actor_name

REQUESTS_PER_HOUR = 10_000
SIGN_UPS_PER_HOUR = 1_000
LIFETIMES = (30, 90, 365)  # days
_MARK = "uact_"
"""How every token begins, so that who finds one, and programs that search for such, know it."""
_SHOWN = len(_MARK) + 6
_EACH_HOURS = 1


class TokenRefused(DomainError):
    """`token-unknown` (also one that was revoked) or `token-expired`."""

    status = 401


class ScopeRefused(DomainError):
    """`scope` that the token has not, or `not-approved` by a second person."""

    status = 403


def create_token(
    session: Session, *, name: str, scopes: Collection[ApiScope], days: int, by: StaffUser
) -> tuple[ApiToken, str]:
    """Return the row and the token itself, which nobody can see again."""
    if not scopes or days not in LIFETIMES:
        raise Invalid(fields={"scopes": "scopes-none"})
    secret = _MARK + secrets.token_urlsafe(32)
    token = ApiToken(
        name=name,
        prefix=secret[:_SHOWN],
        digest=digest_of(secret),
        scopes=sorted(scopes),
        created_by_id=by.id,
        expires_at=db.utcnow() + timedelta(days=days),
    )
    db.add_row(session, token)
    audit.record(session, actor_name(by), "api.token-add", token, scopes=token.scopes, days=days)
    return token, secret


def list_tokens(session: Session) -> Sequence[ApiToken]:
    return session.scalars(select(ApiToken).order_by(ApiToken.id.desc())).all()


def get_token(session: Session, public_id: str) -> ApiToken:
    """Raises NotFound."""
    query = select(ApiToken).where(ApiToken.public_id == public_id)
    return db.get_row(session, query, "api-token")


def revoke_token(session: Session, *, public_id: str, by: StaffUser) -> None:
    """Take no more requests with it. Raises NotFound; Refused (`token-revoked`)."""
    token = _lock_token(session, public_id)
    token.revoked_at = db.utcnow()
    audit.record(session, actor_name(by), "api.token-revoke", token)


def _lock_token(session: Session, public_id: str) -> ApiToken:
    token = get_token(session, public_id)
    session.refresh(token, with_for_update=True)
    if token.revoked_at is not None:
        raise Refused("token-revoked")
    return token


def waits_for_approval(token: ApiToken) -> bool:
    """Whether it reads people, and nobody but its maker has agreed to that."""
    return (
        ApiScope.PEOPLE in token.scopes
        and token.approved_by_id is None
        and current_settings().exports_need_second_person
    )


def approve_token(session: Session, *, public_id: str, by: StaffUser) -> None:
    """Let it read people. Raises NotFound; Refused (`token-revoked`), or as `refuse_approver`."""
    token = _lock_token(session, public_id)
    refuse_approver(by, asker_id=token.created_by_id)
    if waits_for_approval(token):
        token.approved_by_id = by.id
        audit.record(session, actor_name(by), "api.token-approve", token)


def use_token(secret: str, scope: ApiScope) -> ApiToken:
    """Return the token of a request. Raises TokenRefused, ScopeRefused or TooMany.

    In a transaction of its own: a GET writes nothing else.
    """
    with db.transaction() as session:
        token = _find_token(session, secret)
        if token is None or token.revoked_at is not None:
            raise TokenRefused("token-unknown")
        if token.expires_at <= db.utcnow():
            raise TokenRefused("token-expired")
        if scope not in token.scopes:
            raise ScopeRefused("scope", scope=scope.value)
        if scope is ApiScope.PEOPLE and waits_for_approval(token):
            raise ScopeRefused("not-approved", scope=scope.value)
        count_against_limit(session, "api", token.public_id, REQUESTS_PER_HOUR)
        if scope is ApiScope.SIGN_UPS:
            count_against_limit(session, "api-sign-up", token.public_id, SIGN_UPS_PER_HOUR)
        today = clock.today(current_settings().timezone)
        if token.last_used_on is None:
            audit.record(session, actor_of(token), "api.token-first-use", token)
        if token.last_used_on != today:
            token.last_used_on = today
    return token


def note_token_in_address(secret: str) -> None:
    """Tell the audit of a token that came in an address, and so may stand in logs."""
    with db.reading() as session:
        token = _find_token(session, secret)
    if token is not None:
        note_use(token, "api.token-in-address", f"api-token:{token.id}")


def note_use(token: ApiToken, action: str, subject: str) -> None:
    """Record what a program did with what, once an hour."""
    actor, since = actor_of(token), db.utcnow() - timedelta(hours=_EACH_HOURS)
    with db.reading() as session:
        if audit.has_recent(session, actor, action, subject, since=since):
            return
    with db.transaction() as session:
        audit.record(session, actor, action, subject)


def actor_of(token: ApiToken) -> str:
    return f"api-token:{token.id}"


def _find_token(session: Session, secret: str) -> ApiToken | None:
    token = session.scalar(select(ApiToken).where(ApiToken.digest == digest_of(secret)))
    return token if token is not None and matches(secret, token.digest) else None
