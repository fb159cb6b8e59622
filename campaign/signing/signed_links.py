"""Links to a row, proved by an HMAC of which nothing is stored, or by a secret stored as a digest.

The HMAC's key is the instance's: who has the database cannot make such a link, and a link of one
kind opens nothing of another. Receipts are what only the tab that signed knows of its letter: with
one, the same link is sent again, or the letter is taken back that went to a wrong address. Nothing
of it is stored: the link's secret follows from the receipt, what was typed and the instance's key.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from campaign.core import db

_SECRET_BYTES = 24
_RECEIPT = "receipt"
_GOOD_FOR = timedelta(days=1)


def signed_link(kind: str, public_id: str) -> str:
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
    return base64.urlsafe_b64encode(proof[:_SECRET_BYTES]).decode()


def new_token() -> str:
    return secrets.token_urlsafe(_SECRET_BYTES)


def digest_of(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def matches(token: str, digest: bytes | None) -> bool:
    """Tell whether `digest` is the token's, in the same time whatever it holds."""
    return hmac.compare_digest(digest_of(token), digest or b"")


@dataclass(frozen=True, slots=True)
class Signer:
    campaign_id: int
    email: str
    given_name: str
    family_name: str


def make_receipt(signer: Signer, now: datetime) -> str:
    nonce = f"{int(now.replace(tzinfo=UTC).timestamp())}-{secrets.token_hex(16)}"
    return signed_link(_RECEIPT, f"{nonce}-{digest_of(_token(nonce, signer)).hex()}")


def token_of(receipt: str, signer: Signer, now: datetime) -> str | None:
    read = _read_receipt(receipt, now)
    if read is None:
        return None
    nonce, digest = read
    token = _token(nonce, signer)
    return token if matches(token, digest) else None


def digest_in(receipt: str, now: datetime) -> bytes | None:
    read = _read_receipt(receipt, now)
    return read[1] if read else None


def _read_receipt(receipt: str, now: datetime) -> tuple[str, bytes] | None:
    content = opened_link(_RECEIPT, receipt)
    if content is None:
        return None
    nonce, _, digest = content.rpartition("-")
    made_at = int(nonce.partition("-")[0])
    if made_at < (now.replace(tzinfo=UTC) - _GOOD_FOR).timestamp():
        return None
    return nonce, bytes.fromhex(digest)


def _token(nonce: str, signer: Signer) -> str:
    typed = "\0".join(
        (nonce, str(signer.campaign_id), signer.email, signer.given_name, signer.family_name)
    )
    return _as_text(db.database().keyring.prove(typed, "link:letter"))
