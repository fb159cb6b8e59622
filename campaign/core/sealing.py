"""Keys for personal data: what seals a column, and what finds a person without opening it.

Three keys are derived (HKDF-SHA256) from the data key, which lies outside the database. A thief of
the database learns nothing without it. Pure.
"""

import hmac
import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES = 12
_VERSION = b"\x01"
_PADDED = b"\x02"
"""Version of texts whose length tells little: padded before they are sealed."""
_END = b"\x80"
_SHORTEST, _LONGEST_STEP = 32, 4096


class WrongKey(Exception):
    """A sealed value was made with another key, moved from another column, or damaged."""


@dataclass(frozen=True, slots=True, repr=False)  # a traceback must not quote a key
class Keyring:
    """Seals and opens values (AES-256-GCM) and fingerprints look-up values (HMAC-SHA256)."""

    _aead: AESGCM
    _fingerprint_key: bytes
    _backup_key: bytes

    @classmethod
    def of(cls, data_key: bytes) -> "Keyring":
        """Derive the keys from `data_key` (32 bytes)."""
        return cls(
            AESGCM(_derive(data_key, b"seal")),
            _derive(data_key, b"fingerprint"),
            _derive(data_key, b"backup"),
        )

    def seal(self, text: str, place: str) -> bytes:
        """Seal `text` for `place` (a column's name): it opens nowhere else.

        Of its length a thief learns the bucket alone (`_bucket_of`), and whether it is empty.
        """
        nonce, data = os.urandom(_NONCE_BYTES), text.encode()
        if data:
            data = (data + _END).ljust(_bucket_of(len(data) + 1), b"\0")
        return _PADDED + nonce + self._aead.encrypt(nonce, data, _PADDED + place.encode())

    def open(self, sealed: bytes, place: str) -> str:
        """Return what `seal` was given. Raises WrongKey where key, place or bytes differ."""
        if sealed[:1] != _PADDED:
            return self.open_bytes(sealed, place).decode()
        padded = self._decrypt(sealed, place, _PADDED)
        return padded[: padded.rindex(_END)].decode() if padded else ""

    def seal_bytes(self, data: bytes, place: str) -> bytes:
        """Seal `data` for `place`: a file in a backup, say."""
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + self._aead.encrypt(nonce, data, place.encode())

    def open_bytes(self, sealed: bytes, place: str) -> bytes:
        """Return what `seal_bytes` was given. Raises WrongKey."""
        return self._decrypt(sealed, place)

    def _decrypt(self, sealed: bytes, place: str, version: bytes = b"") -> bytes:
        nonce, cipher = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return self._aead.decrypt(nonce, cipher, version + place.encode())
        except InvalidTag as problem:
            raise WrongKey(place) from problem

    def fingerprint(self, text: str, purpose: str) -> bytes:
        """Return 32 bytes by which equal texts of one purpose are found, and nothing is learnt."""
        message = f"{purpose}\0{text}".encode()
        return hmac.digest(self._fingerprint_key, message, "sha256")

    def sign_backup(self, manifest: bytes) -> bytes:
        """Return 32 bytes (HMAC-SHA256) that nobody without the data key can make."""
        return hmac.digest(self._backup_key, manifest, "sha256")


def _bucket_of(size: int) -> int:
    """Return the size that is stored: 32, 64, … 4096 bytes, then steps of 4096."""
    if size > _LONGEST_STEP:
        return -(-size // _LONGEST_STEP) * _LONGEST_STEP
    return max(_SHORTEST, 1 << (size - 1).bit_length())


def _derive(data_key: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"campaign " + purpose).derive(data_key)
