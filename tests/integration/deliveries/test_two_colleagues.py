"""Two colleagues at one bundle at the same moment: one waits, and then sees what the other did."""

from collections.abc import Callable

import pytest
from flask import Flask, current_app
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign import storage
from campaign.bundles.changes import release_letters, remake_bundle
from campaign.core import db
from campaign.core.audit import AuditEntry
from campaign.core.errors import NotFound, Refused
from campaign.core.settings import Settings
from campaign.deliveries import publish_delivery, record_delivery
from campaign.deliveries.envelopes import mark_posted, reroute_bundle, split_bundle
from campaign.deliveries.recording_rules import Numbers
from campaign.models.bundle import (
    Bundle,
    BundleState,
    DeliveryAttempt,
    DeliveryOutcome,
    TakenLetters,
)
from campaign.models.campaign import Campaign
from campaign.models.delivery import Envelope, EnvelopeRun, GateVisit
from campaign.models.directory import Mission
from campaign.models.signature import Letter, Signature, SignatureState
from tests.days import today
from tests.integration.deliveries.conftest import Record
from tests.races import overtake


@pytest.fixture
def run_id(app: Flask, bundle: Bundle, unit: Session, record: Record) -> int:
    """Seven letters that were refused, in seven envelopes."""
    record(bundle, DeliveryOutcome.REFUSED)
    bundle_id = bundle.id
    unit.rollback()
    with app.app_context(), db.transaction() as own:
        made = split_bundle.split(
            own, own.get_one(Bundle, bundle_id), letters_each=1, with_letters=False, actor="test"
        )
        return made.id


def find(unit: Session, run_id: int) -> EnvelopeRun:
    run = unit.get(EnvelopeRun, run_id)
    if run is None:
        raise NotFound("envelopes")
    return run


def note_posted(unit: Session, run: EnvelopeRun) -> None:
    said = mark_posted.Posting(1, 3, today())
    mark_posted.post_envelopes(unit, run, said, key=db.new_public_id(), actor="test")


def undo(unit: Session, run: EnvelopeRun) -> None:
    split_bundle.undo_split(unit, run, actor="test")


def test_two_who_name_a_part_name_it_once(
    app: Flask, bundle: Bundle, unit: Session, record: Record
) -> None:
    attempt_id = record(bundle, DeliveryOutcome.PART, taken=2).attempts[0].id
    unit.rollback()

    def look(unit: Session) -> DeliveryAttempt:
        attempt = unit.get_one(DeliveryAttempt, attempt_id)
        attempt.taken.copy()  # has seen whether it is named
        return attempt

    def name(first: int, last: int, unit: Session, attempt: DeliveryAttempt) -> None:
        split_bundle.name_part(unit, attempt, [Numbers(first, last)], actor="test")

    with pytest.raises(Refused, match="part-named"):
        overtake(
            app,
            lambda unit: name(1, 2, unit, look(unit)),
            look,
            lambda unit, attempt: name(3, 4, unit, attempt),
        )
    taken = unit.scalars(select(TakenLetters)).all()
    assert [(one.first_number, one.last_number) for one in taken] == [(1, 2)]


def test_envelopes_that_are_being_posted_are_not_taken_apart(
    app: Flask, unit: Session, run_id: int
) -> None:
    with pytest.raises(Refused, match="envelopes-gone"):
        overtake(
            app,
            lambda unit: note_posted(unit, find(unit, run_id)),
            lambda unit: find(unit, run_id),
            undo,
        )
    assert unit.scalar(select(func.count(Envelope.attempt_id))) == 3


def test_two_who_post_the_same_envelopes_post_them_once(
    app: Flask, unit: Session, run_id: int
) -> None:
    with pytest.raises(Refused, match="envelopes-empty"):
        overtake(
            app,
            lambda unit: note_posted(unit, find(unit, run_id)),
            lambda unit: find(unit, run_id),
            note_posted,
        )
    posted = select(DeliveryAttempt).where(DeliveryAttempt.outcome == DeliveryOutcome.POSTED)
    assert [one.messages for one in unit.scalars(posted)] == [3]


@pytest.mark.parametrize("second", [note_posted, undo])
def test_what_is_taken_apart_is_neither_posted_nor_taken_apart_again(
    app: Flask, unit: Session, run_id: int, second: Callable[[Session, EnvelopeRun], None]
) -> None:
    with pytest.raises((Refused, NotFound), match="envelopes"):
        overtake(
            app,
            lambda unit: undo(unit, find(unit, run_id)),
            lambda unit: find(unit, run_id),
            second,
        )
    assert unit.scalar(select(func.count(Envelope.id))) == 0
    assert unit.scalar(select(func.count(DeliveryAttempt.id))) == 1


def test_two_who_take_a_record_back_take_it_back_once(
    app: Flask, bundle: Bundle, unit: Session, record: Record
) -> None:
    seen = record(bundle, DeliveryOutcome.REFUSED)
    visit_id = seen.id
    unit.rollback()

    def remove(unit: Session, visit: GateVisit) -> None:
        record_delivery.remove_visit(unit, visit, actor="test")

    def look(unit: Session) -> GateVisit:
        unit.add(seen)  # as it was before the first began, also where the second begins after it
        return seen

    with pytest.raises(NotFound, match="visit"):
        overtake(app, lambda unit: remove(unit, unit.get_one(GateVisit, visit_id)), look, remove)
    removed = select(func.count(AuditEntry.id)).where(AuditEntry.action == "delivery.remove")
    assert unit.scalar(removed) == 1


def a_post() -> publish_delivery.Post:
    return publish_delivery.Post({"en": ("Handed over", "They took them.")})


def test_two_who_publish_a_delivery_post_it_once(
    app: Flask, bundle: Bundle, unit: Session, record: Record
) -> None:
    seen = record(bundle, DeliveryOutcome.ACCEPTED).attempts[0]
    attempt_id, campaign_id = seen.id, seen.campaign_id
    unit.rollback()

    def publish(unit: Session, attempt: DeliveryAttempt) -> None:
        visit = unit.get_one(GateVisit, attempt.visit_id)
        publish_delivery.publish(unit, attempt, visit, a_post(), actor="test")

    def look(unit: Session) -> DeliveryAttempt:
        unit.add(seen)  # not published yet, as its page showed it
        return seen

    with pytest.raises(Refused, match="visit-published"):
        overtake(
            app,
            lambda unit: publish(unit, unit.get_one(DeliveryAttempt, attempt_id)),
            look,
            publish,
        )
    assert len(unit.get_one(Campaign, campaign_id).updates) == 1


def test_two_who_take_a_post_back_take_it_back_once(
    app: Flask, bundle: Bundle, unit: Session, record: Record
) -> None:
    visit = record(bundle, DeliveryOutcome.ACCEPTED)
    attempt_id, campaign_id, visit_id = visit.attempts[0].id, bundle.campaign_id, visit.id
    unit.rollback()
    with app.app_context(), db.transaction() as own:
        seen = own.get_one(DeliveryAttempt, attempt_id)
        publish_delivery.publish(
            own, seen, own.get_one(GateVisit, visit_id), a_post(), actor="test"
        )

    def take_back(unit: Session, attempt: DeliveryAttempt) -> None:
        publish_delivery.take_back(unit, attempt, actor="test")

    def look(unit: Session) -> DeliveryAttempt:
        unit.add(seen)
        return seen

    with pytest.raises(Refused, match="delivery-not-published"):
        overtake(
            app,
            lambda unit: take_back(unit, unit.get_one(DeliveryAttempt, attempt_id)),
            look,
            take_back,
        )
    assert unit.get_one(Campaign, campaign_id).updates == []


def test_who_publishes_what_a_colleague_has_removed_posts_nothing(
    app: Flask, bundle: Bundle, unit: Session, record: Record
) -> None:
    visit = record(bundle, DeliveryOutcome.ACCEPTED)
    seen, visit_id, campaign_id = visit.attempts[0], visit.id, bundle.campaign_id
    unit.rollback()

    def look(unit: Session) -> DeliveryAttempt:
        unit.add(seen)
        return seen

    with pytest.raises(NotFound, match="delivery"):
        overtake(
            app,
            lambda unit: record_delivery.remove_visit(
                unit, unit.get_one(GateVisit, visit_id), actor="test"
            ),
            look,
            lambda unit, attempt: publish_delivery.publish(
                unit, attempt, visit, a_post(), actor="test"
            ),
        )
    assert unit.get_one(Campaign, campaign_id).updates == []


# --- A remake that comes first -----------------------------------------------------------------


def make_again(unit: Session, bundle_id: int) -> None:
    """Send the volume of a letter that was taken back to be printed without it."""
    assert remake_bundle.remake(unit, unit.get_one(Bundle, bundle_id), actor="test") == 1


def hand_over(unit: Session, bundle: Bundle) -> None:
    record_delivery.record_visit(
        unit, carried=[record_delivery.Carried(bundle)], key=db.new_public_id(), actor="test",
        happened=record_delivery.Happened(DeliveryOutcome.ACCEPTED, today()),
    )  # fmt: skip


def split(unit: Session, bundle: Bundle) -> None:
    split_bundle.split(unit, bundle, letters_each=1, with_letters=False, actor="test")


def reroute(unit: Session, bundle: Bundle) -> None:
    mission = unit.scalars(select(Mission).where(Mission.slug == "consulate-montreal")).one()
    settings: Settings = current_app.extensions["settings"]
    reroute_bundle.reroute(unit, bundle, mission, settings=settings, actor="test")


def release(unit: Session, bundle: Bundle) -> None:
    release_letters.release(unit, bundle, storage.storage(), actor="test")


@pytest.mark.parametrize("deed", [hand_over, split, reroute, release])
def test_nothing_is_done_with_a_bundle_that_a_colleague_has_just_sent_to_be_made_again(
    app: Flask, bundle: Bundle, unit: Session, record: Record, other_mission: str,
    deed: Callable[[Session, Bundle], None],
) -> None:  # fmt: skip
    record(bundle, DeliveryOutcome.REFUSED)
    bundle_id = bundle.id
    first = unit.scalars(select(Signature).order_by(Signature.id)).first()
    assert first is not None
    first.state = SignatureState.WITHDRAWN
    unit.commit()
    with pytest.raises(Refused, match="not-ready"):
        overtake(
            app,
            lambda unit: make_again(unit, bundle_id),
            lambda unit: unit.get_one(Bundle, bundle_id),
            deed,
        )
    unit.expire_all()
    assert unit.get_one(Bundle, bundle_id).state is BundleState.PRINTING
    assert unit.scalar(select(func.count(Letter.bundle_id))) == 7
    assert unit.scalar(select(func.count(DeliveryAttempt.id))) == 1


def test_envelopes_of_a_bundle_that_is_being_made_again_are_not_posted(
    app: Flask, unit: Session, run_id: int
) -> None:
    first = unit.scalars(select(Signature).order_by(Signature.id)).first()
    assert first is not None
    first.state = SignatureState.WITHDRAWN
    bundle_id = unit.get_one(EnvelopeRun, run_id).bundle_id
    unit.commit()
    with pytest.raises(Refused, match="not-ready"):
        overtake(
            app,
            lambda unit: make_again(unit, bundle_id),
            lambda unit: find(unit, run_id),
            note_posted,
        )
    assert unit.scalar(select(func.count(Envelope.attempt_id))) == 0


@pytest.mark.parametrize("deed", [hand_over, split, reroute, release])
def test_a_bundle_that_a_colleague_has_just_removed_is_not_found(
    app: Flask, bundle: Bundle, unit: Session, other_mission: str,
    deed: Callable[[Session, Bundle], None],
) -> None:  # fmt: skip
    bundle_id = bundle.id
    unit.get_one(Bundle, bundle_id).state = BundleState.FAILED
    unit.commit()

    def look(unit: Session) -> Bundle:
        found = unit.get(Bundle, bundle_id)
        if found is None:  # SQLite: the second begins after the first
            raise NotFound("bundle")
        return found

    with pytest.raises(NotFound, match="bundle"):
        overtake(app, lambda unit: release(unit, look(unit)), look, deed)
