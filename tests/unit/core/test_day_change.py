"""What fails because a day ended meanwhile is tried again, and nothing else."""

import re
import subprocess
import sys
from pathlib import Path

_TESTS = """
from datetime import timedelta
from campaign.core import clock

tries = []

def fail_once(name, minutes):
    now, is_first = clock.utcnow(), name not in tries
    tries.append(name)
    clock.utcnow = lambda: now + timedelta(minutes=minutes if is_first else 0)
    assert not is_first

def test_in_which_a_day_ends():
    fail_once("day", 15)

def test_that_fails_otherwise():
    fail_once("other", 0)
"""


def test_only_a_test_in_which_a_quarter_of_an_hour_ended_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "test_days.py").write_text(_TESTS, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.day_change", "-rfp", "--tb=no"]
    # Its own folder is the root: nothing of ours is set up for it.
    done = subprocess.run(
        [*command, "-c", "/dev/null", "--rootdir", str(tmp_path), str(tmp_path / "test_days.py")],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
    )
    summary = re.findall(r"^(PASSED|FAILED) .*::(\w+)", done.stdout, re.MULTILINE)
    assert {name: verdict for verdict, name in summary} == {
        "test_in_which_a_day_ends": "PASSED",
        "test_that_fails_otherwise": "FAILED",
    }
