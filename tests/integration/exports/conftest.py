"""What tests of exports share: a campaign with people of every state, staff, and a made file."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from campaign import storage
from campaign.core import db, jobs
from campaign.core.settings import Settings
from campaign.exports import requests
from campaign.models.bundle import Bundle
from campaign.models.campaign import Campaign
from campaign.models.export import DataExport, ExportFormat, ExportKind
from campaign.models.signature import Disclosure, SignatureState
from campaign.models.staff import Role, StaffUser
from tests.factories import add_confirmed, give_session, let_decide, make_campaign, make_staff_user

REASON = "Vetting before the hand-over on Friday."
EVIL = "=cmd|' /C calc'!A0"


@dataclass(frozen=True)
class Scene:
    """Ids, so that every session loads for itself."""

    slug: str
    campaign_id: int
    asker_id: int
    other_id: int


@pytest.fixture
def scene(session: Session) -> Scene:
    """Confirmed people of each disclosure, and one of every other state."""
    campaign = make_campaign(session)
    for number, disclosure in enumerate(Disclosure):
        add_confirmed(
            session,
            campaign,
            1,
            given_name=f"Planted{number}",
            family_name="Nameless",
            disclosure=disclosure,
            own_words=EVIL,
            locality="Hintertux",
            postal_code="K1A 0B1",
        )
    for state in SignatureState:
        if state is not SignatureState.CONFIRMED:
            add_confirmed(session, campaign, 1, given_name=f"Is{state.value}", state=state)
    other_campaign = make_campaign(session)
    add_confirmed(session, other_campaign, 2, given_name="Elsewhere")
    asker = make_staff_user(session, Role.STAFF, name="Ada Asker")
    other = make_staff_user(session, Role.ADMIN, name="Otto Other")
    let_decide(other)
    session.commit()
    return Scene(campaign.slug, campaign.id, asker.id, other.id)


Ask = Callable[..., int]


@pytest.fixture
def ask(app: Flask, settings: Settings, scene: Scene) -> Ask:
    """Request an export at the service; gives its id."""

    def run(
        kind: ExportKind = ExportKind.FULL,
        written_as: ExportFormat = ExportFormat.CSV,
        *,
        second_person: bool = False,
        **others: object,
    ) -> int:
        chosen = settings.model_copy(update={"exports_need_second_person": second_person})
        with app.app_context(), db.transaction() as session:
            bundle_id = others.pop("bundle_id", None)
            bundle = session.get_one(Bundle, bundle_id) if bundle_id else None
            facts = {"bundle": bundle, "reason": REASON, "keys": [], "locale": "en"} | others
            return requests.ask(
                session,
                campaign=session.get_one(Campaign, scene.campaign_id),
                kind=kind,
                written_as=written_as,
                by=session.get_one(StaffUser, scene.asker_id),
                settings=chosen,
                **facts,  # type: ignore[arg-type]
            ).id

    return run


@pytest.fixture
def make_file(app: Flask) -> Callable[[int], bytes]:
    """Make an export as the worker would; gives its file."""

    def run(export_id: int) -> bytes:
        with app.app_context():
            jobs.run_now("exports.make", export_id)
            with db.reading() as session:
                key = session.get_one(DataExport, export_id).storage_key
            return b"".join(storage.storage().chunks(key))

    return run


@pytest.fixture
def browsers(app: Flask) -> Callable[[int], FlaskClient]:
    """A browser in which that staff user has signed in just now."""

    def run(user_id: int, *, fresh: bool = True) -> FlaskClient:

        client = app.test_client()
        with app.app_context(), db.reading() as session:
            name = session.get_one(StaffUser, user_id).fs_uniquifier
        give_session(client, name, proved_ago=0 if fresh else 90_000)
        return client

    return run
