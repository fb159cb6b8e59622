"""Keys for personal data: what seals a column, and what finds a person without opening it.

A ring holds the data keys of an instance, the first (version 1) to the newest. They lie outside the
database, and from each follow separate keys (HKDF-SHA256) for sealing, look-ups, links and backups.
A thief of the database learns nothing without them. Pure.
"""

import hmac
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from campaign.core.errors import DomainError

ROW_BYTES = 16  # of the random name by which values are bound to their row
MOST_KEYS = 127
_NONCE_BYTES = 12
_TAG_BYTES = 16
_BLOCK = 64  # bytes that SHA-256 takes at once
_UNPADDED, _PADDED = b"\x01", b"\x02"
"""First byte of texts from before keys had versions; they are of the first one."""
_OF_COLUMN, _OF_ROW = b"\x03", b"\x04"
"""First byte of texts bound to their column alone, and to row and column; then the key's version.

Nothing follows in an empty text of a row: whoever can write rows could empty it anyway.
"""
EMPTY_IN_ROW = _OF_ROW
_BYTES = 0x80
"""Added to the key's version in the first byte of sealed bytes; those from before begin with 1."""
_END = b"\x80"
SHORTEST = 32
_LONGEST_STEP = 4096
LONGEST_EMPTY = 1 + _NONCE_BYTES + _TAG_BYTES
"""Bytes of a sealed empty text, at most; a text that is not empty takes more."""


class WrongKey(Exception):
    """A sealed value is of another key, column or row, damaged, or of a form no longer taken."""


@contextmanager
def log_wrong_key(event: str, **row: int) -> Iterator[None]:
    """Log what cannot be opened, and go on: it must hold up no other."""
    try:
        yield
    except WrongKey:
        structlog.get_logger().error(event, **row)


class MissingKey(DomainError):
    """The database is ahead of this process: a data key is not in its ring, or another is."""

    status = 503

    def __init__(self, *, version: int, name: str) -> None:
        super().__init__("missing-key", version=version, name=name)

    def __str__(self) -> str:
        return (
            f"the database needs key {self.data['version']} ({self.data['name']}), which is "
            "missing. Put it back: the file data-2.key and so on, or the setting later_data_keys."
        )


@dataclass(frozen=True, slots=True)
class KeyState:
    """How far an instance has turned its keys: versions, kept in the database."""

    sealing: int = 1  # of the key that seals
    bound: int = 0
    """Since which version all values are bound to their row: older forms and keys are refused."""
    look_ups: int = 1
    name: str = ""
    """Of the key that seals (`Keyring.name_key`): elsewhere it may be another of that version."""


@dataclass(frozen=True, slots=True, repr=False)  # a traceback must not quote a key
class _Keys:
    aead: AESGCM
    look_ups: bytes
    links: bytes
    backups: bytes

    @classmethod
    def of(cls, data_key: bytes, version: int) -> "_Keys":
        look_ups = _derive(data_key, b"fingerprint")
        # The first key's links were made with that of look-ups, and must go on opening.
        links = look_ups if version == 1 else _derive(data_key, b"links")
        return cls(
            AESGCM(_derive(data_key, b"seal")), look_ups, links, _derive(data_key, b"backup")
        )


class Keyring:
    """Seals and opens values (AES-256-GCM) and fingerprints look-up values (HMAC-SHA256)."""

    __slots__ = ("_keys", "state")

    def __init__(self, *data_keys: bytes, state: KeyState = KeyState()) -> None:
        self._keys = [_Keys.of(key, version) for version, key in enumerate(data_keys, 1)]
        self.state = state

    @property
    def newest(self) -> int:
        return len(self._keys)

    def enter(self, state: KeyState) -> None:
        """Go by what the database says. Raises MissingKey."""
        if state == self.state:
            return
        version = max(state.sealing, state.look_ups)
        if version > self.newest or state.name not in {"", self.name_key(state.sealing)}:
            raise MissingKey(version=version, name=state.name)
        self.state = state

    def seal(self, text: str, place: str, row: bytes = b"", least: int = SHORTEST) -> bytes:
        """Seal for a column and row. Its length tells the bucket (`_bucket_of`), no more.

        `least`: bytes to which each text of the column is padded.
        """
        data = text.encode()
        if row and not data:
            return EMPTY_IN_ROW
        version = self.state.sealing
        head = self.head_of(version) if row else _OF_COLUMN + bytes((version,))
        nonce = os.urandom(_NONCE_BYTES)
        bound_to = head + place.encode() + b"\0" + row
        return (
            head + nonce + self._keys[version - 1].aead.encrypt(nonce, _pad(data, least), bound_to)
        )

    def open(self, sealed: bytes, place: str, row: bytes = b"") -> str:
        """Return what `seal` was given. Raises WrongKey where key, place, row or bytes differ."""
        kind = sealed[:1]
        if row and sealed == EMPTY_IN_ROW:
            return ""
        if row and kind != _OF_ROW and self.state.bound:
            raise WrongKey(place)
        if kind == _UNPADDED:
            return self.open_bytes(sealed, place).decode()
        if kind == _PADDED:
            return _unpad(self._decrypt(1, sealed[1:], _PADDED + place.encode()))
        if kind not in {_OF_COLUMN, _OF_ROW} or (kind == _OF_ROW) > bool(row):
            raise WrongKey(place)
        if row and kind == _OF_ROW and sealed[1] < self.state.bound:
            raise WrongKey(place)
        bound_to = sealed[:2] + place.encode() + b"\0" + (row if kind == _OF_ROW else b"")
        return _unpad(self._decrypt(sealed[1], sealed[2:], bound_to))

    def seal_unversioned(self, text: str, place: str) -> bytes:
        """Seal with the first key as before keys had versions: for who goes back to then."""
        data, nonce = text.encode(), os.urandom(_NONCE_BYTES)
        return (
            _PADDED
            + nonce
            + self._keys[0].aead.encrypt(nonce, _pad(data), _PADDED + place.encode())
        )

    @staticmethod
    def head_of(version: int) -> bytes:
        """Return how values that are bound to their row, and sealed with that key, begin."""
        return _OF_ROW + bytes((version,))

    def seal_bytes(self, data: bytes, place: str) -> bytes:
        version, nonce = self.state.sealing, os.urandom(_NONCE_BYTES)
        head, aead = bytes((_BYTES + version,)), self._keys[version - 1].aead
        return head + nonce + aead.encrypt(nonce, data, head + place.encode())

    def open_bytes(self, sealed: bytes, place: str) -> bytes:
        head = sealed[:1]
        if head == _UNPADDED:
            return self._decrypt(1, sealed[1:], place.encode())
        return self._decrypt(version_of(sealed), sealed[1:], head + place.encode())

    def _decrypt(self, version: int, sealed: bytes, bound_to: bytes) -> bytes:
        nonce, cipher = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            if version < 1:
                raise WrongKey("no version")
            return self._keys[version - 1].aead.decrypt(nonce, cipher, bound_to)
        except (InvalidTag, IndexError, ValueError) as problem:
            raise WrongKey("another key, place or row") from problem

    def fingerprint(self, text: str, purpose: str, size: int = 32) -> bytes:
        """Return bytes by which equal texts of one purpose are found, and nothing is learnt.

        Each newer key goes over what the one before made: stored fingerprints turn without the
        texts, of which many are erased.
        """
        message = f"{purpose}\0{text}".encode()
        for keys in self._keys[: self.state.look_ups]:
            message = hmac.digest(keys.look_ups, message, "sha256")[:size]
        return message

    def turning_pads(self, version: int) -> tuple[bytes, bytes]:
        key = self._keys[version - 1].look_ups.ljust(_BLOCK, b"\0")
        return bytes(byte ^ 0x36 for byte in key), bytes(byte ^ 0x5C for byte in key)

    def prove(self, text: str, purpose: str) -> bytes:
        """Return 32 bytes that only this instance can make: in a link, say."""
        return self.proofs(text, purpose)[0]

    def proofs(self, text: str, purpose: str) -> list[bytes]:
        """Return what proves it by each key, first that of `prove`: old links go on opening."""
        message = f"{purpose}\0{text}".encode()
        newest = self._keys[self.state.sealing - 1]
        return [
            hmac.digest(keys.links, message, "sha256")
            for keys in (newest, *(keys for keys in self._keys if keys is not newest))
        ]

    def lasting(self, purpose: str) -> bytes:
        """Return 32 bytes that stay what they are when keys turn: the pepper of passwords."""
        return hmac.digest(self._keys[0].links, purpose.encode(), "sha256")

    def sign_backup(self, manifest: bytes) -> bytes:
        """Return 32 bytes (HMAC-SHA256) that nobody without the data key can make."""
        return hmac.digest(self._keys[self.state.sealing - 1].backups, manifest, "sha256")

    def vouches_for_backup(self, manifest: bytes, signature: str) -> bool:
        """Return whether one of the keys signed the manifest; `signature` is in hexadecimal."""
        rights = [hmac.digest(keys.backups, manifest, "sha256").hex() for keys in self._keys]
        return any(hmac.compare_digest(right.encode(), signature.encode()) for right in rights)

    def name_key(self, version: int) -> str:
        """Return a few letters by which a person tells keys apart; they tell nothing of the key."""
        return hmac.digest(self._keys[version - 1].backups, b"name", "sha256")[:5].hex()


def version_of(sealed: bytes) -> int:
    return max(1, sealed[0] - _BYTES) if sealed else 1


def _pad(data: bytes, least: int = SHORTEST) -> bytes:
    return (data + _END).ljust(_bucket_of(len(data) + 1, least), b"\0") if data else data


def _unpad(padded: bytes) -> str:
    return padded[: padded.rindex(_END)].decode() if padded else ""


def _bucket_of(size: int, least: int) -> int:
    """Return the size that is stored: 32 (or `least`), 64, … 4096 bytes, then steps of 4096."""
    if size > _LONGEST_STEP:
        return -(-size // _LONGEST_STEP) * _LONGEST_STEP
    return max(least, 1 << (size - 1).bit_length())


def _derive(data_key: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"campaign " + purpose).derive(data_key)
