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

from campaign.campaigns.content import risks
from campaign.campaigns.status_changes import stop_campaign
from campaign.core import db, jobs
from campaign.core.settings import Settings
from campaign.deliveries import record_delivery
from campaign.deliveries.envelopes import reroute_bundle
from campaign.models.bundle import Bundle, BundleState, DeliveryOutcome
from campaign.models.campaign import Campaign
from campaign.models.delivery import EnvelopeRun, GateVisit
from campaign.models.directory import Mission
from campaign.models.revision import RiskKind
from campaign.models.screening import Decision, Hold, ScreeningAct
from campaign.models.signature import Letter, Signature
from campaign.models.staff import Role
from campaign.screening import review_queue
from tests.days import today
from tests.factories import add_confirmed, make_staff_user, make_target_mission, sign_in
from tests.integration.bundles.conftest import Freeze, Print, freeze, print_bundle, reload
from tests.integration.conftest import Keep
from tests.integration.tracking.conftest import erase

__all__ = ["Record", "again", "erase", "form", "freeze", "photograph", "print_bundle", "reload"]

Record = Callable[..., GateVisit]
Flag = MakeWithout = Callable[..., None]
Approve = Callable[..., int]
Reroute = Callable[[int], int]
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
def reroute(app: Flask, settings: Settings, session: Session, other_mission: str) -> Reroute:
    """Have a bundle's letters go through the consulate; gives the new bundle's id."""

    def run(bundle_id: int) -> int:
        session.rollback()
        with app.app_context(), db.transaction() as own:
            mission = own.scalars(select(Mission).where(Mission.slug == other_mission)).one()
            bundle = own.get_one(Bundle, bundle_id)
            return reroute_bundle.reroute_bundle(
                own, bundle, mission, settings=settings, actor="test"
            ).id

    return run


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


def letter_of(session: Session, bundle: Bundle, number: int) -> Letter:
    query = select(Letter).where(Letter.bundle_id == bundle.id, Letter.sequence == number)
    return session.scalars(query).one()


def signature_of(session: Session, bundle: Bundle, number: int) -> Signature:
    return letter_of(session, bundle, number).signature


@pytest.fixture
def flag(app: Flask, session: Session, campaign: Campaign) -> Flag:
    """Let letters of a bundle name a town, then flag it; the job runs, unless it `is_lost`."""

    def act(bundle: Bundle, *numbers: int, is_lost: bool = False) -> None:
        bundle_id, campaign_id = bundle.id, campaign.id
        session.rollback()
        with app.app_context():
            with db.transaction() as own:
                for number in numbers:
                    signature = signature_of(own, own.get_one(Bundle, bundle_id), number)
                    signature.own_words = "Mia has a cousin in Oldtown."
                risks.set_flags(
                    own,
                    own.get_one(Campaign, campaign_id),
                    actor="test",
                    words=[(RiskKind.PLACE, "Oldtown")],
                    embargo_until=None,
                )
            if not is_lost:
                jobs.run_now("screening.check-flags", campaign_id)
        session.expire_all()

    return act


def decide(session: Session, signature: Signature, decision: Decision) -> ScreeningAct:
    by = make_staff_user(session, role=Role.STAFF, name=f"Odile {db.new_public_id()}")
    return review_queue.decide(
        session,
        public_ids=[signature.public_id],
        seen={session.get_one(Hold, signature.id).version},
        decision=decision,
        by=by,
        now=db.utcnow(),
        note="" if decision is Decision.APPROVED else "Leave the town out.",
        flagged_seen=True,
    )


@pytest.fixture
def make_without(flag: Flag, again: Callable[..., None], print_bundle: Print) -> MakeWithout:
    """Flag letters of a bundle, and make it again without them."""

    def act(bundle: Bundle, *numbers: int) -> None:
        bundle_id = bundle.id
        flag(bundle, *numbers)
        again("bundles.remake")
        assert print_bundle(bundle_id) is BundleState.READY

    return act


@pytest.fixture
def approve(session: Session, again: Callable[..., None]) -> Approve:
    """Approve a letter of a bundle; if it left that, it `waits` for another. Returns its id."""

    def act(bundle_id: int, number: int, *, waits: bool = True) -> int:
        letter = letter_of(session, reload(session, bundle_id), number)
        decide(session, letter.signature, Decision.APPROVED)
        letter_id = letter.id
        session.commit()
        if waits:
            again("bundles.restore")
            session.rollback()
            session.expire_all()
        return letter_id

    return act
