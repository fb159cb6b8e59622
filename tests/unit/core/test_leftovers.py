"""What a run of the tests started ends with it, however it ends."""

import signal
import subprocess
import sys
import time

from tests import clear_leftovers

_RUN = """
import pathlib, subprocess, sys, tempfile
from tests import leftovers
plugin = leftovers.Plugin()
mark = plugin._mark
endless = ["sh", "-c", "echo begun; while :; do sleep 600; done"]
started = subprocess.Popen(endless, stdout=subprocess.PIPE, start_new_session=True)
started.stdout.readline()  # Linux shows a program's environment a moment after its start
pathlib.Path(tempfile.gettempdir(), f"campaign-postgres-{mark}").mkdir()
print(mark, flush=True)
sys.stdin.read()
"""


def test_a_run_that_is_killed_leaves_no_process_and_no_folder() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _RUN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        mark = run.stdout.readline().strip()
        started = clear_leftovers.find_processes(mark)
        assert any("sleep" in command for command in started.values())
        assert clear_leftovers.find_folders(mark)
        run.send_signal(signal.SIGKILL)
    until = time.monotonic() + 30
    while clear_leftovers.find_folders(mark) and time.monotonic() < until:
        time.sleep(0.05)
    assert clear_leftovers.find_folders(mark) == []
    assert clear_leftovers.find_processes(mark) == {}
