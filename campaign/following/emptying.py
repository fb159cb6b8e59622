"""What a signature says of a person, and what each of its columns is once nobody is in it. Pure."""

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from campaign.signing.models import Disclosure

PERSON: Mapping[str, Any] = MappingProxyType(
    {
        "given_name": "",
        "family_name": "",
        "email": "",
        "locality": "",
        "postal_code": "",
        "own_words": "",
        "full_text": None,
        "points": [],
        "disclosure": Disclosure.NAME,
        "consent_updates_at": None,
        "consent_network_at": None,
        "token_expires_at": None,
        "reminded_at": None,
        "trace": None,
        "address_mark": None,
        "network_mark": None,
        "domain_mark": None,
        "agent_mark": None,
    }
)
"""Name, contact, words and choices."""

COUNTED: Mapping[str, Any] = MappingProxyType(
    {
        "country": "",
        "region": "",
        "source": "",
        "sent_by_self_at": None,
        "state_before": None,
        "invalidation_id": None,
        "person_hmac": None,
    }
)
"""What figures are made of: it goes only at the person's own wish."""


def no_fingerprint() -> bytes:
    """Stands for a fingerprint, which tells to who has the key that an address signed."""
    return os.urandom(32)
