"""What the tests of the network share: the outbox, the members, the form."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from campaign.core import db
from campaign.mail.messages import OutboxMail
from campaign.models.network import NetworkMember

FORM = {
    "email": "maelle@example.org",
    "frequency": "each",
    "country_scope": "all",
    "theme_scope": "all",
    "consent": "y",
}
"""A form as a browser sends it, with nothing chosen but what is needed."""
HOST = "http://127.0.0.1:5000"

Mails = Callable[[], list[dict[str, Any]]]
Members = Callable[[], list[NetworkMember]]


@pytest.fixture
def mails(app: Flask) -> Mails:
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
def members(app: Flask) -> Members:
    """Reads all members."""

    def read() -> list[NetworkMember]:
        with app.app_context(), db.reading() as session:
            return list(session.scalars(select(NetworkMember).order_by(NetworkMember.id)))

    return read
