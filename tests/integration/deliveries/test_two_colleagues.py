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
def run_id(app: Flask, bundle: Bundle, session: Session, record: Record) -> int:
    """Seven letters that were refused, in seven envelopes."""
    record(bundle, DeliveryOutcome.REFUSED)
    bundle_id = bundle.id
    session.rollback()
    with app.app_context(), db.transaction() as own:
        run = split_bundle.split_bundle(
            own, own.get_one(Bundle, bundle_id), letters_each=1, with_letters=False, actor="test"
        )
        return run.id


def find(session: Session, run_id: int) -> EnvelopeRun:
    run = session.get(EnvelopeRun, run_id)
    if run is None:
        raise NotFound("envelopes")
    return run


def note_posted(session: Session, run: EnvelopeRun) -> None:
    posting = mark_posted.Posting(1, 3, today())
    mark_posted.post_envelopes(session, run, posting, key=db.new_public_id(), actor="test")


def undo(session: Session, run: EnvelopeRun) -> None:
    split_bundle.undo_split(session, run, actor="test")


@pytest.mark.both_engines
def test_two_who_name_a_part_name_it_once(
    app: Flask, bundle: Bundle, session: Session, record: Record
) -> None:
    attempt_id = record(bundle, DeliveryOutcome.PART, taken=2).attempts[0].id
    session.rollback()

    def look(session: Session) -> DeliveryAttempt:
        attempt = session.get_one(DeliveryAttempt, attempt_id)
        attempt.taken.copy()  # has seen whether it is named
        return attempt

    def name(first: int, last: int, session: Session, attempt: DeliveryAttempt) -> None:
        split_bundle.name_part(session, attempt, [Numbers(first, last)], actor="test")

    with pytest.raises(Refused, match="part-named"):
        overtake(
            app,
            lambda session: name(1, 2, session, look(session)),
            look,
            lambda session, attempt: name(3, 4, session, attempt),
        )
    taken = session.scalars(select(TakenLetters)).all()
    assert [(span.first_number, span.last_number) for span in taken] == [(1, 2)]


@pytest.mark.both_engines
def test_envelopes_that_are_being_posted_are_not_taken_apart(
    app: Flask, session: Session, run_id: int
) -> None:
    with pytest.raises(Refused, match="envelopes-gone"):
        overtake(
            app,
            lambda session: note_posted(session, find(session, run_id)),
            lambda session: find(session, run_id),
            undo,
        )
    assert session.scalar(select(func.count(Envelope.attempt_id))) == 3


@pytest.mark.both_engines
def test_two_who_post_the_same_envelopes_post_them_once(
    app: Flask, session: Session, run_id: int
) -> None:
    with pytest.raises(Refused, match="envelopes-empty"):
        overtake(
            app,
            lambda session: note_posted(session, find(session, run_id)),
            lambda session: find(session, run_id),
            note_posted,
        )
    posted = select(DeliveryAttempt).where(DeliveryAttempt.outcome == DeliveryOutcome.POSTED)
    assert [attempt.messages for attempt in session.scalars(posted)] == [3]


@pytest.mark.both_engines
@pytest.mark.parametrize("second", [note_posted, undo])
def test_what_is_taken_apart_is_neither_posted_nor_taken_apart_again(
    app: Flask, session: Session, run_id: int, second: Callable[[Session, EnvelopeRun], None]
) -> None:
    with pytest.raises((Refused, NotFound), match="envelopes"):
        overtake(
            app,
            lambda session: undo(session, find(session, run_id)),
            lambda session: find(session, run_id),
            second,
        )
    assert session.scalar(select(func.count(Envelope.id))) == 0
    assert session.scalar(select(func.count(DeliveryAttempt.id))) == 1


@pytest.mark.both_engines
def test_two_who_take_a_record_back_take_it_back_once(
    app: Flask, bundle: Bundle, session: Session, record: Record
) -> None:
    seen = record(bundle, DeliveryOutcome.REFUSED)
    visit_id = seen.id
    session.rollback()

    def remove(session: Session, visit: GateVisit) -> None:
        record_delivery.remove_visit(session, visit, actor="test")

    def look(session: Session) -> GateVisit:
        session.add(seen)  # as it was before the first began, also where the second begins after it
        return seen

    with pytest.raises(NotFound, match="visit"):
        overtake(
            app, lambda session: remove(session, session.get_one(GateVisit, visit_id)), look, remove
        )
    removed = select(func.count(AuditEntry.id)).where(AuditEntry.action == "delivery.remove")
    assert session.scalar(removed) == 1


def a_post() -> publish_delivery.DeliveryPost:
    return publish_delivery.DeliveryPost({"en": ("Handed over", "They took them.")})


@pytest.mark.both_engines
def test_two_who_publish_a_delivery_post_it_once(
    app: Flask, bundle: Bundle, session: Session, record: Record
) -> None:
    seen = record(bundle, DeliveryOutcome.ACCEPTED).attempts[0]
    attempt_id, campaign_id = seen.id, seen.campaign_id
    session.rollback()

    def publish(session: Session, attempt: DeliveryAttempt) -> None:
        visit = session.get_one(GateVisit, attempt.visit_id)
        publish_delivery.publish(session, attempt, visit, a_post(), actor="test")

    def look(session: Session) -> DeliveryAttempt:
        session.add(seen)  # not published yet, as its page showed it
        return seen

    with pytest.raises(Refused, match="visit-published"):
        overtake(
            app,
            lambda session: publish(session, session.get_one(DeliveryAttempt, attempt_id)),
            look,
            publish,
        )
    assert len(session.get_one(Campaign, campaign_id).updates) == 1


@pytest.mark.both_engines
def test_two_who_take_a_post_back_take_it_back_once(
    app: Flask, bundle: Bundle, session: Session, record: Record
) -> None:
    visit = record(bundle, DeliveryOutcome.ACCEPTED)
    attempt_id, campaign_id, visit_id = visit.attempts[0].id, bundle.campaign_id, visit.id
    session.rollback()
    with app.app_context(), db.transaction() as own:
        seen = own.get_one(DeliveryAttempt, attempt_id)
        publish_delivery.publish(
            own, seen, own.get_one(GateVisit, visit_id), a_post(), actor="test"
        )

    def take_back(session: Session, attempt: DeliveryAttempt) -> None:
        publish_delivery.unpublish(session, attempt, actor="test")

    def look(session: Session) -> DeliveryAttempt:
        session.add(seen)
        return seen

    with pytest.raises(Refused, match="delivery-not-published"):
        overtake(
            app,
            lambda session: take_back(session, session.get_one(DeliveryAttempt, attempt_id)),
            look,
            take_back,
        )
    assert session.get_one(Campaign, campaign_id).updates == []


@pytest.mark.both_engines
def test_who_publishes_what_a_colleague_has_removed_posts_nothing(
    app: Flask, bundle: Bundle, session: Session, record: Record
) -> None:
    visit = record(bundle, DeliveryOutcome.ACCEPTED)
    seen, visit_id, campaign_id = visit.attempts[0], visit.id, bundle.campaign_id
    session.rollback()

    def look(session: Session) -> DeliveryAttempt:
        session.add(seen)
        return seen

    with pytest.raises(NotFound, match="delivery"):
        overtake(
            app,
            lambda session: record_delivery.remove_visit(
                session, session.get_one(GateVisit, visit_id), actor="test"
            ),
            look,
            lambda session, attempt: publish_delivery.publish(
                session, attempt, visit, a_post(), actor="test"
            ),
        )
    assert session.get_one(Campaign, campaign_id).updates == []


# --- A remake that comes first -----------------------------------------------------------------


def make_again(session: Session, bundle_id: int) -> None:
    """Send the volume of a letter that was taken back to be printed without it."""
    assert remake_bundle.remake(session, session.get_one(Bundle, bundle_id), actor="test") == 1


def hand_over(session: Session, bundle: Bundle) -> None:
    record_delivery.record_visit(
        session,
        carried=[record_delivery.CarriedBundle(bundle)],
        key=db.new_public_id(),
        actor="test",
        happened=record_delivery.VisitFacts(outcome=DeliveryOutcome.ACCEPTED, happened_on=today()),
    )


def split(session: Session, bundle: Bundle) -> None:
    split_bundle.split_bundle(session, bundle, letters_each=1, with_letters=False, actor="test")


def reroute(session: Session, bundle: Bundle) -> None:
    mission = session.scalars(select(Mission).where(Mission.slug == "consulate-montreal")).one()
    settings: Settings = current_app.extensions["settings"]
    reroute_bundle.reroute_bundle(session, bundle, mission, settings=settings, actor="test")


def release(session: Session, bundle: Bundle) -> None:
    release_letters.release(session, bundle, storage.storage(), actor="test")


@pytest.mark.both_engines
@pytest.mark.parametrize("deed", [hand_over, split, reroute, release])
def test_nothing_is_done_with_a_bundle_that_a_colleague_has_just_sent_to_be_made_again(
    app: Flask,
    bundle: Bundle,
    session: Session,
    record: Record,
    other_mission: str,
    deed: Callable[[Session, Bundle], None],
) -> None:
    record(bundle, DeliveryOutcome.REFUSED)
    bundle_id = bundle.id
    first = session.scalars(select(Signature).order_by(Signature.id)).first()
    assert first is not None
    first.state = SignatureState.WITHDRAWN
    session.commit()
    with pytest.raises(Refused, match="not-ready"):
        overtake(
            app,
            lambda session: make_again(session, bundle_id),
            lambda session: session.get_one(Bundle, bundle_id),
            deed,
        )
    session.expire_all()
    assert session.get_one(Bundle, bundle_id).state is BundleState.PRINTING
    assert session.scalar(select(func.count(Letter.bundle_id))) == 7
    assert session.scalar(select(func.count(DeliveryAttempt.id))) == 1


@pytest.mark.both_engines
def test_envelopes_of_a_bundle_that_is_being_made_again_are_not_posted(
    app: Flask, session: Session, run_id: int
) -> None:
    first = session.scalars(select(Signature).order_by(Signature.id)).first()
    assert first is not None
    first.state = SignatureState.WITHDRAWN
    bundle_id = session.get_one(EnvelopeRun, run_id).bundle_id
    session.commit()
    with pytest.raises(Refused, match="not-ready"):
        overtake(
            app,
            lambda session: make_again(session, bundle_id),
            lambda session: find(session, run_id),
            note_posted,
        )
    assert session.scalar(select(func.count(Envelope.attempt_id))) == 0


@pytest.mark.both_engines
@pytest.mark.parametrize("deed", [hand_over, split, reroute, release])
def test_a_bundle_that_a_colleague_has_just_removed_is_not_found(
    app: Flask,
    bundle: Bundle,
    session: Session,
    other_mission: str,
    deed: Callable[[Session, Bundle], None],
) -> None:
    bundle_id = bundle.id
    session.get_one(Bundle, bundle_id).state = BundleState.FAILED
    session.commit()

    def look(session: Session) -> Bundle:
        failed = session.get(Bundle, bundle_id)
        if failed is None:  # SQLite: the second begins after the first
            raise NotFound("bundle")
        return failed

    with pytest.raises(NotFound, match="bundle"):
        overtake(app, lambda session: release(session, look(session)), look, deed)
