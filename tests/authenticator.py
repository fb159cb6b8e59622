"""A device for passkeys in software: makes and uses them as a browser and its device would."""

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import bytes_to_base64url as text_of
from webauthn.helpers import encode_cbor

ORIGIN = "http://localhost:5000"
"""Of the instance of a test: at 127.0.0.1, which no browser makes passkeys for."""
_PRESENT, _VERIFIED, _SYNCED, _ATTESTED = 0x01, 0x04, 0x08 | 0x10, 0x40


@dataclass
class Authenticator:
    """One passkey on one device; what is set lets it do what it should not."""

    attachment: str = "platform"
    is_synced: bool = False
    verifies: bool = True
    origin: str = ORIGIN
    sign_count: int = 0
    user_handle: str = ""
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def create(self, asked: dict[str, Any]) -> dict[str, str]:
        """The fields of a form that adds the passkey; `asked` is what the site's challenge says."""
        options = asked["options"]
        self.user_handle = options["user"]["id"]
        point = self.key.public_key().public_numbers()
        public_key = encode_cbor(
            {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)}
        )
        identity = bytes(16) + len(self.credential_id).to_bytes(2) + self.credential_id
        facts = self._facts(options["rp"]["id"], _ATTESTED) + identity + public_key
        attestation = encode_cbor({"fmt": "none", "attStmt": {}, "authData": facts})
        response = {
            "clientDataJSON": text_of(self._client_data("webauthn.create", options)),
            "attestationObject": text_of(attestation),
            "transports": ["usb"],
        }
        return self._fields(asked, response)

    def use(self, asked: dict[str, Any]) -> dict[str, str]:
        """The fields of a form that is answered by the passkey; the device counts on."""
        self.sign_count += self.sign_count > 0
        options = asked["options"]
        facts = self._facts(options["rpId"], 0)
        client_data = self._client_data("webauthn.get", options)
        signed = facts + hashlib.sha256(client_data).digest()
        response = {
            "clientDataJSON": text_of(client_data),
            "authenticatorData": text_of(facts),
            "signature": text_of(self.key.sign(signed, ec.ECDSA(SHA256()))),
            "userHandle": self.user_handle,
        }
        return self._fields(asked, response)

    def _facts(self, site: str, flags: int) -> bytes:
        flags |= _PRESENT | (_VERIFIED if self.verifies else 0) | (_SYNCED if self.is_synced else 0)
        return hashlib.sha256(site.encode()).digest() + bytes([flags]) + self.sign_count.to_bytes(4)

    def _client_data(self, kind: str, options: dict[str, Any]) -> bytes:
        facts = {"type": kind, "challenge": options["challenge"], "origin": self.origin}
        return json.dumps(facts).encode()

    def _fields(self, asked: dict[str, Any], response: dict[str, Any]) -> dict[str, str]:
        credential = {
            "id": text_of(self.credential_id),
            "rawId": text_of(self.credential_id),
            "type": "public-key",
            "authenticatorAttachment": self.attachment,
            "response": response,
        }
        return {"passkey_proof": json.dumps(credential), "passkey_challenge": asked["challenge"]}
