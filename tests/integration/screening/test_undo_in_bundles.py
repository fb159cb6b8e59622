"""What an undo brings back goes with the next bundle, where its own was made without it."""

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign import storage
from campaign.bundles import downloads
from campaign.bundles.freeze import waiting_counts
from campaign.bundles.volumes.assemble import count_ends
from campaign.core import db, jobs
from campaign.core.audit import AuditEntry
from campaign.models.bundle import Bundle, BundleState
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.screening import Invalidation
from campaign.models.signature import Letter, Signature
from tests.factories import make_campaign
from tests.integration.bundles.conftest import Freeze, Print, freeze, print_bundle, reload
from tests.integration.conftest import Keep
from tests.integration.screening.test_invalidate import counted, flood, honest, run, undo

__all__ = ["freeze", "print_bundle"]


@pytest.fixture
def campaign(session: Session) -> Campaign:
    """Two letters that nothing speaks against, and three of a flood."""
    flooded = make_campaign(session)
    honest(session, flooded, 2)
    flood(session, flooded, 3)
    return flooded


@pytest.fixture
def bundle_id(campaign: Campaign, freeze: Freeze, print_bundle: Print, keep: Keep) -> int:
    """A bundle of all five, ready."""

    def make() -> int:
        frozen_id = freeze(campaign.id, volume_letters=2)
        assert print_bundle(frozen_id) is BundleState.READY
        return frozen_id

    return keep("ready", make)


@pytest.fixture
def undone(
    app: Flask, session: Session, campaign: Campaign, bundle_id: int, print_bundle: Print
) -> Invalidation:
    """The flood was set aside, the bundle made again without it, then it was brought back."""
    invalidation = run(session, counted(app, session, campaign, domains=("flood.example",)))
    session.rollback()
    jobs.run_now("bundles.remake")
    assert print_bundle(bundle_id) is BundleState.READY
    assert count_aside(session, bundle_id) == 3
    return undo(session, invalidation)


def count_aside(session: Session, bundle_id: int) -> int:
    """Letters that keep their numbers in the bundle, and are not in its papers."""
    aside = (Letter.bundle_id == bundle_id, Letter.set_aside.is_not(None))
    return session.scalar(select(func.count(Letter.id)).where(*aside)) or 0


def do_what_waits() -> None:
    """All that was sent for."""
    huey = jobs.queue().huey
    while (task := huey.dequeue()) is not None:
        huey.execute(task)


def test_they_wait_again_by_themselves_and_go_with_the_next_bundle(
    session: Session,
    campaign: Campaign,
    bundle_id: int,
    undone: Invalidation,
    freeze: Freeze,
    print_bundle: Print,
) -> None:
    session.rollback()
    do_what_waits()
    bundle = reload(session, bundle_id)
    assert count_aside(session, bundle_id) == 0
    assert [letter.number for letter in bundle.released] == ["00003", "00004", "00005"]
    assert count_ends(session, bundle).problem == ""
    assert [waiting.letters for waiting in waiting_counts.list_waiting(session)] == [3]
    note = session.scalars(select(AuditEntry).where(AuditEntry.action == "bundle.restore")).one()
    assert (note.actor, note.detail["letters"]) == ("job:bundles.restore", 3)
    session.rollback()
    second = freeze(campaign.id)
    assert print_bundle(second) is BundleState.READY
    session.rollback()
    rows = session.execute(
        select(Letter.bundle_id, Signature.email_hmac)
        .join(Signature, Signature.id == Letter.signature_id)
        .where(Letter.first_page.is_not(None))
    ).all()
    flooded = {
        db.database().keyring.fingerprint(f"bot-{at}@flood.example", "email") for at in (2, 3, 4)
    }
    assert {row.email_hmac for row in rows if row.bundle_id == second} == flooded
    assert len(rows) == 5
    session.rollback()
    with db.transaction() as writing:
        first = writing.get_one(Bundle, bundle_id)
        downloads.open_download(writing, first, storage.storage(), by=None, actor="test")


@pytest.mark.both_engines
def test_where_the_message_was_lost_they_are_found_within_minutes(
    session: Session, bundle_id: int, undone: Invalidation
) -> None:
    session.rollback()
    jobs.run_now("bundles.restore")
    assert count_aside(session, bundle_id) == 0


@pytest.mark.parametrize("state", [BundleState.PRINTING, BundleState.READY])
def test_a_bundle_that_is_being_made_or_stopped_keeps_them(
    session: Session, bundle_id: int, undone: Invalidation, state: BundleState
) -> None:
    bundle = reload(session, bundle_id)
    bundle.state = state
    if state is BundleState.READY:
        bundle.campaign.status = CampaignStatus.STOPPED
    session.commit()
    jobs.run_now("bundles.restore")
    bundle = reload(session, bundle_id)
    assert (count_aside(session, bundle_id), bundle.released) == (3, [])


def test_who_withdrew_stays_out(
    app: Flask, session: Session, campaign: Campaign, bundle_id: int, print_bundle: Print
) -> None:
    run(session, counted(app, session, campaign, domains=("flood.example",)))
    session.rollback()
    jobs.run_now("bundles.remake")
    assert print_bundle(bundle_id) is BundleState.READY
    jobs.run_now("bundles.restore")
    assert count_aside(session, bundle_id) == 3
