"""A campaign that two people write."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.staff import Role
from tests.factories import make_campaign, post, sign_in

DESK = "/desk/campaigns/ua-1-26"
Send = Callable[..., Any]


@pytest.fixture
def draft(session: Session) -> Campaign:
    """A draft in en, fr and es that lacks nothing."""
    campaign = make_campaign(session, status=CampaignStatus.DRAFT, opened_at=None)
    session.commit()
    return campaign


@pytest.fixture
def desk(client: FlaskClient, app: Flask, draft: Campaign) -> FlaskClient:
    """An organizer's browser."""
    sign_in(client, app, Role.ORGANIZER, name="Olivia")
    return client


@pytest.fixture
def other(app: Flask, draft: Campaign) -> Iterator[FlaskClient]:
    """The browser of another of the same team."""
    with app.test_client() as browser:
        sign_in(browser, app, Role.ADMIN, name="Ada")
        yield browser


@pytest.fixture
def send(desk: FlaskClient) -> Send:
    """Post a form of the campaign's desk."""
    return lambda path, data=None, **kwargs: post(desk, DESK + path, data, **kwargs)


@pytest.fixture
def fresh(session: Session, draft: Campaign) -> Callable[[], Campaign]:
    """The campaign as it stands in the database."""

    def again() -> Campaign:
        session.rollback()
        session.expire_all()
        return draft

    return again
