"""What tests of deliveries share: a printed bundle of real letters, and somebody of the staff."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign.campaigns.status_changes import stop_campaign
from campaign.core import db, jobs
from campaign.deliveries import record_delivery
from campaign.models.bundle import Bundle, BundleState, DeliveryOutcome
from campaign.models.campaign import Campaign
from campaign.models.delivery import EnvelopeRun, GateVisit
from campaign.models.signature import Letter
from campaign.models.staff import Role
from tests.days import today
from tests.factories import add_confirmed, make_target_mission, sign_in
from tests.integration.bundles.conftest import Freeze, Print, freeze, print_bundle, reload
from tests.integration.conftest import Keep
from tests.integration.tracking.conftest import erase

__all__ = ["Record", "again", "erase", "form", "freeze", "photograph", "print_bundle", "reload"]

Record = Callable[..., GateVisit]
RowT = TypeVar("RowT")


def let_go(session: Session, row: RowT) -> RowT:
    """The row as it was loaded: to read it begins no transaction while others write."""
    session.expunge(row)
    session.rollback()
    return row


def run_of(session: Session) -> EnvelopeRun:
    session.rollback()
    session.expire_all()
    return let_go(session, session.scalars(select(EnvelopeRun)).one())


@pytest.fixture
def bundle(
    session: Session, campaign: Campaign, make_ready: Callable[[], int], keep: Keep
) -> Bundle:
    """Seven letters that are ready; nobody has printed them."""

    def make() -> int:
        add_confirmed(session, campaign, 7, letter_locale="en")
        session.commit()
        return make_ready()

    return reload(session, keep("bundle", make))


@pytest.fixture
def make_ready(
    app: Flask, session: Session, campaign: Campaign, freeze: Freeze
) -> Callable[[], int]:
    """Freezes what waits, and says that it is printed: a page a letter."""

    def run() -> int:
        campaign_id = campaign.id
        session.rollback()
        bundle_id = freeze(campaign_id)
        with app.app_context(), db.transaction() as own:
            own.execute(
                update(Letter)
                .where(Letter.bundle_id == bundle_id)
                .values(first_page=Letter.sequence, pages=1)
            )
            frozen_bundle = own.get_one(Bundle, bundle_id)
            frozen_bundle.state = BundleState.READY
            frozen_bundle.created_at -= timedelta(days=30)  # what happened lately, happened to it
        return bundle_id

    return run


@pytest.fixture
def printed(
    session: Session, campaign: Campaign, freeze: Freeze, print_bundle: Print, keep: Keep
) -> Bundle:
    """Seven letters that are printed."""

    def make() -> int:
        add_confirmed(session, campaign, 7, letter_locale="en")
        session.commit()
        bundle_id = freeze(campaign.id)
        assert print_bundle(bundle_id) is BundleState.READY
        return bundle_id

    return reload(session, keep("printed", make))


@pytest.fixture
def staff(client: FlaskClient, app: Flask) -> FlaskClient:
    """A browser in which somebody of the staff is signed in."""
    sign_in(client, app, Role.STAFF)
    return client


@pytest.fixture
def other_mission(session: Session, campaign: Campaign) -> str:
    """Slug of a consulate of the same country in Montréal."""
    mission = make_target_mission(
        7,
        slug="consulate-montreal",
        name={"en": "Consulate of the Republic"},
        locality="Montréal",
        address=["7 Rue Exemple"],
    )
    session.add(mission)
    session.commit()
    return mission.slug


@pytest.fixture
def record(app: Flask) -> Record:
    """Record a visit with a bundle, in a transaction of its own."""

    def run(bundle: Bundle, outcome: DeliveryOutcome, **facts: Any) -> GateVisit:
        with app.app_context(), db.transaction() as session:
            return record_delivery.record_visit(
                session,
                carried=[
                    record_delivery.CarriedBundle(
                        session.get_one(Bundle, bundle.id),
                        facts.pop("taken", None),
                        facts.pop("paper", ""),
                        facts.pop("removed", ()),
                        facts.pop("sheets_back", False),
                    )
                ],
                happened=record_delivery.VisitFacts(
                    outcome=outcome, happened_on=facts.pop("day", None) or today(), **facts
                ),
                key=db.new_public_id(),
                actor="test",
            )

    return run


@pytest.fixture
def stop(app: Flask, session: Session, bundle: Bundle) -> Callable[[], None]:
    """Stop the bundle's campaign."""
    campaign_id = bundle.campaign_id

    def run() -> None:
        session.rollback()
        with app.app_context(), db.transaction() as own:
            stop_campaign(
                own,
                own.get_one(Campaign, campaign_id),
                actor="test",
                now=db.utcnow(),
                reasons={"en": "She asked us to."},
            )

    return run


@pytest.fixture
def again(app: Flask) -> Callable[..., None]:
    """Do a job here."""

    def run(name: str, *ident: int) -> None:
        with app.app_context():
            jobs.run_now(name, *ident)

    return run


def form(**facts: Any) -> dict[str, Any]:
    """What the page at the gate sends."""
    return {
        "key": db.new_public_id(),
        "outcome": "accepted",
        "happened_on": today().isoformat(),
        "happened_time": "00:00",
        "place": "45 O'Connor Street",
        "received_by": "Planted Attaché",
        "delegates": "Planted Delegate",
        "notes": "Planted note.",
    } | facts


def photograph(kind: str = "JPEG", size: tuple[int, int] = (2000, 1000)) -> io.BytesIO:
    """A picture that says where it was taken."""
    picture = Image.new("RGB", size, "#7788aa")
    exif = Image.Exif()
    exif[0x010E] = "PLANTED-DESCRIPTION"
    exif[0x0112] = 6  # held upright
    out = io.BytesIO()
    facts: dict[str, Any] = {"exif": exif}
    if kind == "JPEG":
        facts["comment"] = b"PLANTED-COMMENT"
    picture.save(out, kind, **facts)
    out.seek(0)
    return out
