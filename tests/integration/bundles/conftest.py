"""What tests of bundles share: a frozen bundle, and its printing without a queue."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from campaign.bundles.freeze.choices import EVERYTHING, BundleChoice
from campaign.bundles.volumes import print_jobs
from campaign.core import db
from campaign.core.settings import Settings
from campaign.models.bundle import Bundle, BundleState
from campaign.models.campaign import Campaign
from tests.factories import freeze_waiting

Freeze = Callable[..., int]
Print = Callable[[int], BundleState]


@pytest.fixture
def freeze(app: Flask, settings: Settings) -> Freeze:
    """Freeze what waits where the campaign's first target goes, in a transaction of its own."""

    def run(
        campaign_id: int,
        locale: str = "en",
        volume_letters: int = 500,
        on_paper: int = 0,
        choice: BundleChoice = EVERYTHING,
    ) -> int:
        with app.app_context(), db.transaction() as session:
            return freeze_waiting(
                session,
                session.get_one(Campaign, campaign_id),
                settings=settings.model_copy(update={"volume_letters": volume_letters}),
                locale=locale,
                actor="command",
                on_paper=on_paper,
                choice=choice,
            ).id

    return run


@pytest.fixture
def print_bundle(app: Flask) -> Print:
    """Print a bundle here, as the command does."""

    def run(bundle_id: int) -> BundleState:
        with app.app_context():
            return print_jobs.print_here(bundle_id, at_once=2, progress=lambda _done: None)

    return run


def reload(session: Session, bundle_id: int) -> Bundle:
    """The bundle as it now stands in the database."""
    session.rollback()
    session.expire_all()
    return session.get_one(Bundle, bundle_id)
