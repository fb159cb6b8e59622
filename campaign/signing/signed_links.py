"""Links to a row, proved by an HMAC of which nothing is stored, or by a secret stored as a digest.

The HMAC's key is the instance's: who has the database cannot make such a link, and a link of one
kind opens nothing of another.
"""

import base64
import hashlib
import hmac
import secrets

from campaign.core import db

_MAC_BYTES = 24


def signed_link(kind: str, public_id: str) -> str:
    """Return the row's public id and its proof, as an address holds them."""
    proof = db.database().keyring.prove(public_id, f"link:{kind}")
    return f"{public_id}.{_as_text(proof)}"


def opened_link(kind: str, token: str) -> str | None:
    """Return the public id that a link of that kind names, or None where it was not made here."""
    public_id, _, proof = token.rpartition(".")
    rights = [
        hmac.compare_digest(proof.encode(), _as_text(right).encode())
        for right in db.database().keyring.proofs(public_id, f"link:{kind}")
    ]
    return public_id if any(rights) and public_id else None


def _as_text(proof: bytes) -> str:
    return base64.urlsafe_b64encode(proof[:_MAC_BYTES]).decode()


_BYTES = 24


def new_token() -> str:
    """Make a fresh secret: 192 random bits, 32 characters that fit an address."""
    return secrets.token_urlsafe(_BYTES)


def digest_of(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def matches(token: str, digest: bytes | None) -> bool:
    """Tell whether `digest` is the token's, in the same time whatever it holds."""
    return hmac.compare_digest(digest_of(token), digest or b"")
