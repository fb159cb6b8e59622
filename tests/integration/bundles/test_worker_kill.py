"""A worker that is killed at any moment costs time and nothing else."""

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from select import select as wait_for

import pytest
from flask import Flask
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from campaign.bundles.documents.verify import verify_copy
from campaign.core import db
from campaign.core.settings import Settings
from campaign.models.bundle import Bundle, BundleState, Volume, VolumeState
from campaign.models.signature import Letter
from tests.commands import Commands, Running
from tests.factories import add_confirmed, make_campaign
from tests.integration.bundles.conftest import Freeze, reload
from tests.integration.bundles.test_print import zip_of

KILLS = int(os.environ.get("KILLS", "3"))
"""A long run has more: `KILLS=200 LETTERS=5000`."""
LETTERS = int(os.environ.get("LETTERS", "8"))
WORKER = """
from campaign import create_app, jobs
with create_app().app_context():
    jobs.queue().send("bundles.sweep")
    jobs.queue().huey.create_consumer(workers=2, max_delay=0.1).run()
"""


DROP_OTHERS = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


class Worker:
    """A worker's process, that is nobody's child here."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._process = os.pidfd_open(running.pid)

    def has_ended(self, within: float = 0) -> bool:
        """Whether it ends, or has ended, within so many seconds."""
        return bool(wait_for([self._process], [], [], within)[0])

    def kill(self) -> None:
        signal.pidfd_send_signal(self._process, signal.SIGKILL)

    def bury(self) -> None:
        """Wait for its end."""
        assert self.has_ended(60)
        self._running.poll()
        os.close(self._process)


Start = Callable[..., Worker]


@pytest.fixture
def start_worker(commands: Commands, settings: Settings) -> Start:
    """Starts a worker of this test's instance."""

    def run(jobs_url: str = "") -> Worker:
        environment = {
            **os.environ,
            "CAMPAIGN_INSTANCE": str(settings.folder),
            "CAMPAIGN_DATABASE_URL": settings.sqlalchemy_url,
            "CAMPAIGN_LOG_LEVEL": "error",
            "CAMPAIGN_JOBS_URL": jobs_url,
        }
        return Worker(commands.start([], environment, code=WORKER))

    return run


def let_leases_run_out(session: Session) -> None:
    """As if a minute and a half had passed since the worker died."""
    past = db.utcnow() - timedelta(seconds=1)
    session.rollback()
    session.execute(update(Volume).where(Volume.lease_until.is_not(None)).values(lease_until=past))
    session.execute(update(Bundle).where(Bundle.lease_until.is_not(None)).values(lease_until=past))
    session.commit()


def wait_until(session: Session, holds: object, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        session.rollback()
        session.expire_all()
        if holds(session):  # type: ignore[operator]
            return True
        time.sleep(0.05)
    return False


def state_of(session: Session) -> BundleState:
    return session.scalars(select(Bundle.state)).one()


def is_ended(session: Session) -> bool:
    return state_of(session) in {BundleState.READY, BundleState.FAILED}


def somebody_is_at_it(session: Session) -> bool:
    leased = session.scalar(
        select(func.count())
        .select_from(Volume)
        .where(Volume.state == VolumeState.PRINTING, Volume.lease_until > db.utcnow())
    )
    assembling = session.scalar(select(func.count()).where(Bundle.lease_until > db.utcnow()))
    return bool(leased or assembling) or is_ended(session)


def end(*workers: Worker) -> None:
    for worker in workers:
        assert not worker.has_ended(), "a worker ended by itself"
        worker.kill()
    for worker in workers:
        worker.bury()


def assert_every_letter_is_there_once(
    app: Flask, session: Session, bundle_id: int, frozen: set[int], folder: Path
) -> None:
    bundle = reload(session, bundle_id)
    assert (bundle.state, bundle.letter_count) == (BundleState.READY, len(frozen))
    printed = session.execute(
        select(Letter.id, Letter.sequence).where(
            Letter.bundle_id == bundle_id, Letter.first_page.is_not(None)
        )
    ).all()
    assert {row.id for row in printed} == frozen
    assert sorted(row.sequence for row in printed) == list(range(1, len(frozen) + 1))
    result = verify_copy(zip_of(app, bundle_id, folder))
    assert result.findings == []
    assert result.letters == len(frozen)


@pytest.mark.both_engines
@pytest.mark.timeout(900 + 10 * KILLS)
def test_workers_killed_at_random_moments_lose_no_letter_and_double_none(
    app: Flask, session: Session, start_worker: Start, freeze: Freeze, tmp_path: Path
) -> None:
    chance = random.Random(20)
    campaign = make_campaign(session)
    add_confirmed(session, campaign, LETTERS)
    session.commit()
    bundle_id = freeze(campaign.id, volume_letters=max(2, LETTERS // 500))
    frozen = set(session.scalars(select(Letter.id).where(Letter.bundle_id == bundle_id)))
    workers = [start_worker(), start_worker()]
    killed = 0
    while killed < KILLS and not is_ended(session):
        assert wait_until(session, somebody_is_at_it, 60)
        victim = chance.randrange(2)
        workers[victim].has_ended(chance.uniform(0, 2.0))
        end(workers[victim])
        killed += 1
        let_leases_run_out(session)
        workers[victim] = start_worker()
    done = wait_until(session, is_ended, 120 + LETTERS / 10)
    end(*workers)
    attempts = session.scalar(select(func.sum(Volume.attempt)))
    sys.stdout.write(f"{killed} kills, {attempts} attempts at the volumes\n")
    assert done
    assert_every_letter_is_there_once(app, session, bundle_id, frozen, tmp_path)


@pytest.mark.both_engines
def test_a_database_that_drops_its_connections_costs_time_only(
    app: Flask,
    session: Session,
    settings: Settings,
    start_worker: Start,
    freeze: Freeze,
    tmp_path: Path,
) -> None:
    """The queue lies in it as well."""
    if session.get_bind().dialect.name == "sqlite":
        pytest.skip("a file has no connection to drop")
    chance = random.Random(7)
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 10)
    session.commit()
    bundle_id = freeze(campaign.id, volume_letters=1)
    frozen = set(session.scalars(select(Letter.id).where(Letter.bundle_id == bundle_id)))
    jobs_url = settings.sqlalchemy_url.replace("+psycopg", "")
    worker = start_worker(jobs_url)
    assert wait_until(session, somebody_is_at_it, 60)
    for _ in range(6):
        wait_until(session, is_ended, chance.uniform(0, 0.6))
        session.execute(DROP_OTHERS)
        let_leases_run_out(session)
    # The sweep of the next minute, now.
    helper = start_worker(jobs_url)
    done = wait_until(session, is_ended, 120)
    assert not worker.has_ended(), "a worker must outlive a lost connection"
    end(worker, helper)
    assert done
    assert_every_letter_is_there_once(app, session, bundle_id, frozen, tmp_path)
