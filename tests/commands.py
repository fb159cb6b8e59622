"""`campaign` commands in processes of their own that need not load the program anew each time.

One process loads it, and forks itself for every command: what the command does, says and ends with
is its own, and it starts in milliseconds. Where the start itself is on trial (`FROM_NOTHING`), or a
process is killed at random, tests start `python -m campaign` instead.
"""

import atexit
import gc
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from flask import Flask
from jinja2 import FileSystemBytecodeCache

ROOT = Path(__file__).parents[1]
_START = "import sys; sys.path.insert(0, '.'); from tests.commands import serve; serve(sys.argv[1])"


@dataclass(frozen=True)
class Running:
    """A command that goes on while the test does."""

    pid: int
    server: "Commands"

    def poll(self) -> int | None:
        """Its exit code, once it has ended."""
        code: int | None = self.server.ask(poll=self.pid)
        return code

    def end(self, seconds: float) -> int | None:
        """Press Ctrl-C, and wait for it to end; its exit code."""
        os.kill(self.pid, signal.SIGINT)
        deadline = time.monotonic() + seconds
        while (code := self.poll()) is None and time.monotonic() < deadline:
            time.sleep(0.05)
        return code


class Commands:
    """The process that forks itself for every command."""

    def __init__(self, compiled_templates: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START, compiled_templates],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, **order: Any) -> Any:
        """Give an order; its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def run(
        self, arguments: Sequence[str], environment: dict[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        """Do the command, and wait for its end."""
        with tempfile.TemporaryDirectory() as folder:
            out, err = Path(folder) / "out", Path(folder) / "err"
            code = self.ask(
                run=list(arguments), environment=environment, out=str(out), err=str(err), wait=True
            )
            return subprocess.CompletedProcess(
                list(arguments), code, out.read_text(), err.read_text()
            )

    def run_code(self, code: str, arguments: Sequence[str], environment: dict[str, str]) -> int:
        """Run Python in a process that has loaded the program, and wait for it; its exit code."""
        order = {"run": list(arguments), "code": code, "environment": environment}
        return int(self.ask(**order, out=os.devnull, err="", wait=True))

    def start(self, arguments: Sequence[str], environment: dict[str, str], **code: str) -> Running:
        """Begin the command, or Python in `code`, and go on."""
        order = {"run": list(arguments), "environment": environment, **code}
        return Running(self.ask(**order, out=os.devnull, err="", wait=False), self)

    def close(self) -> None:
        """End the process."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()


def serve(compiled_templates: str) -> None:
    """Do what is ordered until nobody orders any more."""
    answers = os.dup(1)
    os.dup2(2, 1)
    import campaign  # noqa: PLC0415, F401 — here, and not where tests are gathered

    loaded = [name for name in sys.modules if name.startswith("campaign")]
    from campaign.cli import main  # noqa: PLC0415

    # What is loaded is nothing for the collectors of the commands to walk through.
    gc.collect()
    gc.freeze()
    gc.enable()  # `tests` turned it off
    # Templates are compiled once a run, not once for each command that shows pages.
    Flask.jinja_options = {"bytecode_cache": FileSystemBytecodeCache(compiled_templates)}
    for line in sys.stdin:
        order = json.loads(line)
        if "loaded" in order:  # what the application imports by itself
            answer = loaded
        elif "poll" in order:
            pid, status = os.waitpid(order["poll"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        else:
            pid = os.fork()
            if pid == 0:
                os.close(answers)
                _become(order)
                try:
                    if "code" in order:
                        exec(order["code"], {"__name__": "__main__"})
                    else:
                        main()
                except SystemExit as end:
                    _end(end.code)
                _end(None)
            answer = pid
            if order["wait"]:
                answer = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os.write(answers, json.dumps(answer).encode() + b"\n")


def _become(order: dict[str, Any]) -> None:
    """In the child: be a process that was started for this command."""
    for place, number in ((os.devnull, 0), (order["out"], 1), (order["err"], 2)):
        if place:
            opened = os.open(place, os.O_RDWR | os.O_CREAT, 0o600)
            os.dup2(opened, number)
            os.close(opened)
    os.environ.clear()
    os.environ.update(order["environment"])
    random.seed()
    sys.argv = ["campaign", *order["run"]]


def _end(code: str | int | None) -> NoReturn:
    """End as Python does, but leave the memory as it is: to clear it takes longer than a command.

    Processes that the command forks, such as those of `campaign run`, come by here as well.
    """
    if isinstance(code, str):
        sys.stderr.write(f"{code}\n")
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code or 0)
