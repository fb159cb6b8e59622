"""Foundries that wait for the next print run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from campaign.printing.engine import worker_pool
from campaign.printing.engine.worker import Foundry
from campaign.printing.engine.worker_pool import borrowed


@pytest.fixture(autouse=True)
def _none_at_rest() -> None:
    worker_pool.close_all()


def ended(foundry: Foundry) -> bool:
    return not foundry.is_alive()


def test_a_foundry_serves_one_run_after_the_other() -> None:
    with borrowed() as first:
        pass
    with borrowed() as second:
        assert second is first
        with borrowed() as third:
            assert third is not first


def test_a_foundry_whose_run_failed_is_not_used_again() -> None:
    with pytest.raises(ZeroDivisionError), borrowed() as first:
        raise ZeroDivisionError
    assert ended(first)
    with borrowed() as second:
        assert second is not first


def test_a_foundry_that_rested_too_long_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with borrowed() as first:
        pass
    monkeypatch.setattr(worker_pool, "KEPT_SECONDS", 0.0)
    with borrowed() as second:
        assert second is not first
    assert ended(first)


def test_a_foundry_that_was_killed_is_not_used_again() -> None:
    with borrowed() as first:
        pass
    first._process.kill()
    first._process.wait()
    with borrowed() as second:
        assert second is not first


def test_a_forked_child_leaves_the_foundry_to_its_parent() -> None:
    with borrowed() as first:
        pass
    child = os.fork()
    if child == 0:
        os._exit(len(worker_pool._at_rest))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert not ended(first)
    with borrowed() as second:
        assert second is first


def test_no_foundry_outlives_its_program() -> None:
    script = (
        "from campaign.printing.engine.worker_pool import borrowed\n"
        "with borrowed() as foundry: print(foundry._process.pid)\n"
    )
    root = Path(__file__).parents[3]
    run = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(run, check=True, cwd=root, capture_output=True, text=True)
    assert done.stderr == ""
    assert not Path(f"/proc/{int(done.stdout)}").exists()
