"""A worker that is killed at any moment costs time and nothing else."""

import os
import random
import subprocess
import sys
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from campaign import db
from campaign.bundles.models import Bundle, BundleState, Volume, VolumeState
from campaign.bundles.verifying import verify_zip
from campaign.settings import Settings
from campaign.signing.models import Letter
from tests.factories import add_confirmed, make_campaign
from tests.integration.bundles.conftest import Freeze, reload
from tests.integration.bundles.test_printing import zip_of

KILLS = int(os.environ.get("KILLS", "3"))
"""A long run has more: `KILLS=200 LETTERS=5000`."""
LETTERS = int(os.environ.get("LETTERS", "8"))
WORKER = """
from campaign import create_app
with create_app().app_context():
    from campaign import jobs
    jobs.queue().send("bundles.sweep")
    jobs.queue().huey.create_consumer(workers=2, max_delay=0.1).run()
"""


DROP_OTHERS = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def start_worker(settings: Settings, jobs_url: str = "") -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "CAMPAIGN_INSTANCE": str(settings.folder),
        "CAMPAIGN_DATABASE_URL": settings.sqlalchemy_url,
        "CAMPAIGN_LOG_LEVEL": "error",
        **({"CAMPAIGN_JOBS_URL": jobs_url} if jobs_url else {}),
    }
    return subprocess.Popen([sys.executable, "-c", WORKER], env=environment)


def let_leases_run_out(unit: Session) -> None:
    """As if a minute and a half had passed since the worker died."""
    past = db.utcnow() - timedelta(seconds=1)
    unit.rollback()
    unit.execute(update(Volume).where(Volume.lease_until.is_not(None)).values(lease_until=past))
    unit.execute(update(Bundle).where(Bundle.lease_until.is_not(None)).values(lease_until=past))
    unit.commit()


def wait_until(unit: Session, holds: object, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        unit.rollback()
        unit.expire_all()
        if holds(unit):  # type: ignore[operator]
            return True
        time.sleep(0.05)
    return False


def state_of(unit: Session) -> BundleState:
    return unit.scalars(select(Bundle.state)).one()


def is_ended(unit: Session) -> bool:
    return state_of(unit) in {BundleState.READY, BundleState.FAILED}


def somebody_is_at_it(unit: Session) -> bool:
    leased = unit.scalar(
        select(func.count())
        .select_from(Volume)
        .where(Volume.state == VolumeState.PRINTING, Volume.lease_until > db.utcnow())
    )
    assembling = unit.scalar(select(func.count()).where(Bundle.lease_until > db.utcnow()))
    return bool(leased or assembling) or is_ended(unit)


def end(*workers: subprocess.Popen[bytes]) -> None:
    for worker in workers:
        worker.kill()
    assert [worker.wait() for worker in workers] == [-9] * len(workers)


def assert_every_letter_is_there_once(
    app: Flask, unit: Session, bundle_id: int, frozen: set[int], folder: Path
) -> None:
    bundle = reload(unit, bundle_id)
    assert (bundle.state, bundle.letter_count) == (BundleState.READY, len(frozen))
    printed = unit.execute(
        select(Letter.id, Letter.sequence).where(
            Letter.bundle_id == bundle_id, Letter.first_page.is_not(None)
        )
    ).all()
    assert {row.id for row in printed} == frozen
    assert sorted(row.sequence for row in printed) == list(range(1, len(frozen) + 1))
    result = verify_zip(zip_of(app, bundle_id, folder))
    assert result.findings == []
    assert result.letters == len(frozen)


@pytest.mark.timeout(900 + 10 * KILLS)
def test_workers_killed_at_random_moments_lose_no_letter_and_double_none(
    app: Flask, unit: Session, settings: Settings, freeze: Freeze, tmp_path: Path
) -> None:
    chance = random.Random(20)
    campaign = make_campaign(unit)
    add_confirmed(unit, campaign, LETTERS)
    unit.commit()
    bundle_id = freeze(campaign.id, volume_letters=max(2, LETTERS // 500))
    frozen = set(unit.scalars(select(Letter.id).where(Letter.bundle_id == bundle_id)))
    workers = [start_worker(settings), start_worker(settings)]
    killed = 0
    while killed < KILLS and not is_ended(unit):
        assert wait_until(unit, somebody_is_at_it, 60)
        victim = chance.randrange(2)
        with suppress(subprocess.TimeoutExpired):
            workers[victim].wait(chance.uniform(0, 2.0))
        end(workers[victim])
        killed += 1
        let_leases_run_out(unit)
        workers[victim] = start_worker(settings)
    done = wait_until(unit, is_ended, 120 + LETTERS / 10)
    end(*workers)
    attempts = unit.scalar(select(func.sum(Volume.attempt)))
    sys.stdout.write(f"{killed} kills, {attempts} attempts at the volumes\n")
    assert done
    assert_every_letter_is_there_once(app, unit, bundle_id, frozen, tmp_path)


@pytest.mark.parametrize("queue", ["file", "database"])
def test_a_database_that_drops_its_connections_costs_time_only(
    app: Flask, unit: Session, settings: Settings, freeze: Freeze, tmp_path: Path, queue: str
) -> None:
    if unit.get_bind().dialect.name == "sqlite":
        pytest.skip("a file has no connection to drop")
    chance = random.Random(7)
    campaign = make_campaign(unit)
    add_confirmed(unit, campaign, 10)
    unit.commit()
    bundle_id = freeze(campaign.id, volume_letters=1)
    frozen = set(unit.scalars(select(Letter.id).where(Letter.bundle_id == bundle_id)))
    jobs_url = settings.sqlalchemy_url if queue == "database" else ""
    worker = start_worker(settings, jobs_url.replace("+psycopg", ""))
    assert wait_until(unit, somebody_is_at_it, 60)
    for _ in range(6):
        wait_until(unit, is_ended, chance.uniform(0, 0.6))
        unit.execute(DROP_OTHERS)
        let_leases_run_out(unit)
    # The sweep of the next minute, now.
    helper = start_worker(settings, jobs_url.replace("+psycopg", ""))
    done = wait_until(unit, is_ended, 120)
    assert worker.poll() is None, "a worker must outlive a lost connection"
    end(worker, helper)
    assert done
    assert_every_letter_is_there_once(app, unit, bundle_id, frozen, tmp_path)
