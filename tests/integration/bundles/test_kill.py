"""A worker that is killed at any moment costs time and nothing else."""

import os
import random
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, update
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


def start_worker(settings: Settings) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "CAMPAIGN_INSTANCE": str(settings.folder),
        "CAMPAIGN_DATABASE_URL": settings.sqlalchemy_url,
        "CAMPAIGN_LOG_LEVEL": "error",
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


def somebody_is_at_it(unit: Session) -> bool:
    leased = unit.scalar(
        select(func.count())
        .select_from(Volume)
        .where(Volume.state == VolumeState.PRINTING, Volume.lease_until > db.utcnow())
    )
    assembling = unit.scalar(select(func.count()).where(Bundle.lease_until > db.utcnow()))
    return bool(leased or assembling) or unit.scalars(select(Bundle.state)).one() in {
        BundleState.READY,
        BundleState.FAILED,
    }


@pytest.mark.timeout(400 + 30 * KILLS + LETTERS)
def test_a_worker_killed_at_random_moments_loses_no_letter_and_doubles_none(
    app: Flask, unit: Session, settings: Settings, freeze: Freeze, tmp_path: Path
) -> None:
    chance = random.Random(20)
    campaign = make_campaign(unit)
    add_confirmed(unit, campaign, LETTERS)
    unit.commit()
    bundle_id = freeze(campaign.id, volume_letters=2)
    frozen = set(unit.scalars(select(Letter.id).where(Letter.bundle_id == bundle_id)))
    for _ in range(KILLS):
        worker = start_worker(settings)
        assert wait_until(unit, somebody_is_at_it, 60)
        try:
            worker.wait(chance.uniform(0, 2.5))
        except subprocess.TimeoutExpired:
            worker.kill()
        assert worker.wait() == -9
        let_leases_run_out(unit)
    worker = start_worker(settings)
    done = wait_until(unit, lambda u: u.get_one(Bundle, bundle_id).state is BundleState.READY, 120)
    worker.kill()
    worker.wait()
    assert done
    bundle = reload(unit, bundle_id)
    assert bundle.letter_count == LETTERS
    printed = unit.execute(
        select(Letter.id, Letter.sequence).where(
            Letter.bundle_id == bundle_id, Letter.first_page.is_not(None)
        )
    ).all()
    assert {row.id for row in printed} == frozen
    assert sorted(row.sequence for row in printed) == list(range(1, LETTERS + 1))
    result = verify_zip(zip_of(app, bundle_id, tmp_path))
    assert result.findings == []
    assert result.letters == LETTERS
