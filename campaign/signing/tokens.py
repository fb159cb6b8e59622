"""The secret in a supporter's link. Only its digest is stored. Pure."""

import hashlib
import hmac
import secrets

_BYTES = 24


def new_token() -> str:
    """A fresh secret: 192 random bits, 32 characters that fit an address."""
    return secrets.token_urlsafe(_BYTES)


def digest_of(token: str) -> bytes:
    """What the database holds of a token."""
    return hashlib.sha256(token.encode()).digest()


def matches(token: str, digest: bytes | None) -> bool:
    """Whether `digest` is the token's, in the same time whatever it holds."""
    return hmac.compare_digest(digest_of(token), digest or b"")
