"""A clock that is set back, or runs ahead, costs time and nothing else."""

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign.bundles.find_bundles import PrintProgress
from campaign.bundles.volumes import assemble, print_jobs, print_queue
from campaign.core import db, jobs
from campaign.core.db.leases import LEASE
from campaign.models.bundle import Bundle, BundleState, Volume
from tests.factories import add_confirmed, make_campaign
from tests.integration.bundles.conftest import Freeze, reload


@pytest.fixture
def bundle_id(session: Session, freeze: Freeze) -> int:
    """A bundle of one volume."""
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 2)
    session.commit()
    return freeze(campaign.id)


def lease(session: Session, until: datetime) -> None:
    """As the clock of a moment ago would have written it."""
    session.rollback()
    session.execute(update(Volume).values(lease_until=until))
    session.commit()


def volume_of(session: Session) -> Volume:
    session.rollback()
    session.expire_all()
    return session.scalars(select(Volume)).one()


@pytest.mark.both_engines
def test_a_dead_worker_s_lease_of_before_the_clock_was_set_back_runs_out_in_time(
    app: Flask, session: Session, bundle_id: int
) -> None:
    taken = print_queue.claim(volume_of(session).id)
    assert taken is not None
    lease(session, db.utcnow() + timedelta(hours=1))
    jobs.run_now("bundles.sweep")
    until = volume_of(session).lease_until
    assert until is not None
    assert until <= db.utcnow() + LEASE
    assert print_queue.claim(taken.row_id) is None, "nobody takes what a living worker may have"
    lease(session, db.utcnow() - timedelta(seconds=1))
    again = print_queue.claim(taken.row_id)
    assert again is not None
    assert again.attempt == 2


@pytest.mark.both_engines
def test_a_living_worker_keeps_its_volume_when_the_clock_is_set_back(
    app: Flask, session: Session, bundle_id: int
) -> None:
    taken = print_queue.claim(volume_of(session).id)
    assert taken is not None
    lease(session, db.utcnow() + timedelta(hours=1))
    assert print_queue.shorten_leases() == 1
    assert print_queue.beat(taken)
    assert print_queue.shorten_leases() == 0
    assert print_queue.claim(taken.row_id) is None
    assert print_jobs.print_claimed(taken)
    assert volume_of(session).attempt == 1


@pytest.mark.both_engines
def test_the_assembling_of_before_the_clock_was_set_back_is_taken_up_again(
    app: Flask, session: Session, bundle_id: int
) -> None:
    taken = print_queue.claim(volume_of(session).id)
    assert taken is not None
    assert print_jobs.print_claimed(taken)
    assert assemble.claim(bundle_id)
    session.rollback()
    session.execute(update(Bundle).values(lease_until=db.utcnow() + timedelta(days=1)))
    session.commit()
    assert print_queue.shorten_leases() == 1
    session.execute(update(Bundle).values(lease_until=db.utcnow() - timedelta(seconds=1)))
    session.commit()
    assemble.assemble(bundle_id)
    assert reload(session, bundle_id).state is BundleState.READY


def test_progress_makes_no_guess_from_a_freeze_that_lies_ahead() -> None:
    progress = PrintProgress(done=10, total=20, lately=10, seconds=-30.0, at_work=True)
    assert (progress.per_second, progress.seconds_left) == (0.0, None)
