"""What the tests of signing share: an open campaign, a form, and the mails that went out."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from campaign.core import db
from campaign.mail.messages import OutboxMail
from campaign.models.signature import Signature

FORM = {
    "given_name": "Maëlle",
    "family_name": "Tremblay",
    "email": "maelle@example.org",
    "locality": "Saint-Jérôme",
    "region": "QC",
    "postal_code": "J7Z 1A1",
    "country": "CA",
    "own_words": "I write because I care.",
    "points": ["investigate"],
    "disclosure": "town",
    "letter_locale": "en",
}
"""The contract's fields as a browser sends them."""


@pytest.fixture(autouse=True)
def _pages_are_always_fresh(fresh_pages: None) -> None:
    """Each look makes a page anew."""


@pytest.fixture
def mails(app: Flask) -> Callable[[], list[dict[str, Any]]]:
    """Reads the outbox: each mail's kind, address, language and context."""

    def read() -> list[dict[str, Any]]:
        with app.app_context(), db.reading() as session:
            return [
                {"kind": mail.kind, "to": mail.recipient, "locale": mail.locale}
                | json.loads(mail.context or "{}")
                for mail in session.scalars(select(OutboxMail).order_by(OutboxMail.id))
            ]

    return read


@pytest.fixture
def signatures(app: Flask) -> Callable[[], list[Signature]]:
    """Reads all signatures with their letters."""

    def read() -> list[Signature]:
        with app.app_context(), db.reading() as session:
            signed = list(session.scalars(select(Signature).order_by(Signature.id)))
            assert all(letter.template for signature in signed for letter in signature.letters)
            return signed

    return read
