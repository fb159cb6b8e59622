"""What only the tab that signed knows of its letter.

With it the same link is sent again, or the letter is taken back that went to a wrong address.
Nothing of it is stored. The page Check makes a receipt for what stands on it; the link's secret
follows from the receipt, what was typed and the instance's key, so that whoever has the receipt
cannot make the link, and the same letter signed again has the same link.
"""

import base64
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from campaign.core import db
from campaign.signing import signed_links
from campaign.signing.signed_links import opened_link, signed_link

_KIND = "receipt"
_GOOD_FOR = timedelta(days=1)
_BYTES = 24


@dataclass(frozen=True, slots=True)
class Signer:
    """Whose letter a receipt is for."""

    campaign_id: int
    email: str
    given_name: str
    family_name: str


def make_receipt(signer: Signer, now: datetime) -> str:
    """Make a receipt for who signs what is shown now."""
    nonce = f"{int(now.replace(tzinfo=UTC).timestamp())}-{secrets.token_hex(16)}"
    return signed_link(_KIND, f"{nonce}-{signed_links.digest_of(_token(nonce, signer)).hex()}")


def token_of(receipt: str, signer: Signer, now: datetime) -> str | None:
    """Return the secret of the letter's link; None where the receipt is old or not for it."""
    read = _read_receipt(receipt, now)
    if read is None:
        return None
    nonce, digest = read
    token = _token(nonce, signer)
    return token if signed_links.matches(token, digest) else None


def digest_in(receipt: str, now: datetime) -> bytes | None:
    """Return the digest of the letter signed with a receipt; None where it is old."""
    read = _read_receipt(receipt, now)
    return read[1] if read else None


def _read_receipt(receipt: str, now: datetime) -> tuple[str, bytes] | None:
    content = opened_link(_KIND, receipt)
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
    mac = db.database().keyring.prove(typed, "link:letter")[:_BYTES]
    return base64.urlsafe_b64encode(mac).decode()
