"""Processes that wait for the next print run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from campaign.core.isolation import worker
from campaign.core.isolation.worker import WorkProcess, borrow_process
from tests.idle_process import KIND


@pytest.fixture(autouse=True)
def _none_at_rest() -> None:
    worker.close_all()


def ended(process: WorkProcess) -> bool:
    return not process.is_alive()


def test_a_process_serves_one_run_after_the_other() -> None:
    with borrow_process(KIND) as first:
        pass
    with borrow_process(KIND) as second:
        assert second is first
        with borrow_process(KIND) as third:
            assert third is not first


def test_a_process_whose_run_failed_is_not_used_again() -> None:
    with pytest.raises(ZeroDivisionError), borrow_process(KIND) as first:
        raise ZeroDivisionError
    assert ended(first)
    with borrow_process(KIND) as second:
        assert second is not first


def test_a_process_that_rested_too_long_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with borrow_process(KIND) as first:
        pass
    monkeypatch.setattr(worker, "KEPT_SECONDS", 0.0)
    with borrow_process(KIND) as second:
        assert second is not first
    assert ended(first)


def test_a_process_that_was_killed_is_not_used_again() -> None:
    with borrow_process(KIND) as first:
        pass
    first._process.kill()
    first._process.wait()
    with borrow_process(KIND) as second:
        assert second is not first


def test_a_forked_child_leaves_the_process_to_its_parent() -> None:
    with borrow_process(KIND) as first:
        pass
    child = os.fork()
    if child == 0:
        os._exit(len(worker._at_rest))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert not ended(first)
    with borrow_process(KIND) as second:
        assert second is first


def test_no_process_outlives_its_program() -> None:
    script = (
        "import sys, types\n"
        "package = types.ModuleType('campaign')\n"  # `campaign/__init__.py` would import all of it
        "package.__path__ = ['campaign']\n"
        "sys.modules['campaign'] = package\n"
        "from campaign.core.isolation.worker import borrow_process\n"
        "from tests.idle_process import KIND\n"
        "with borrow_process(KIND) as process: print(process._process.pid)\n"
    )
    root = Path(__file__).parents[3]
    run = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(run, check=True, cwd=root, capture_output=True, text=True)
    assert done.stderr == ""
    assert not Path(f"/proc/{int(done.stdout)}").exists()
