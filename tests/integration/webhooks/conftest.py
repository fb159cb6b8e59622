"""What tests of webhooks share: an endpoint, who listens there, and a clock that can be set."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core import db, jobs
from campaign.core.settings import Settings
from campaign.models.staff import Role
from campaign.models.webhook import EventKind, WebhookEndpoint, WebhookPost
from campaign.webhooks import endpoints
from tests.factories import make_staff_user
from tests.http_target import Target, serve

AddEndpoint = Callable[..., WebhookEndpoint]
Later = Callable[[timedelta], None]


@pytest.fixture(autouse=True)
def _this_machine_is_allowed(app: Flask, settings: Settings) -> None:
    app.extensions["settings"] = settings.model_copy(update={"outgoing_hosts": ["127.0.0.1"]})


@pytest.fixture
def target() -> Iterator[Target]:
    """A program that takes whatever it is told."""
    with serve(lambda handler: handler.say(204)) as target:
        yield target


@pytest.fixture
def add_endpoint(session: Session) -> AddEndpoint:
    def add(
        address: str, kinds: tuple[EventKind, ...] = endpoints.KINDS, **columns: object
    ) -> WebhookEndpoint:
        admin = make_staff_user(session, Role.ADMIN)
        endpoint = endpoints.add_endpoint(session, address=address, kinds=kinds, by=admin)
        for name, value in columns.items():
            setattr(endpoint, name, value)
        session.commit()
        return endpoint

    return add


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    """Moves the clock on."""

    def move(by: timedelta) -> None:
        before: Callable[[], datetime] = db.utcnow
        monkeypatch.setattr(db, "utcnow", lambda: before() + by)

    return move


def send() -> None:
    jobs.run_now("webhooks.send")


def list_posts(session: Session) -> list[WebhookPost]:
    session.rollback()
    session.expire_all()
    return list(session.scalars(select(WebhookPost).order_by(WebhookPost.id)))
