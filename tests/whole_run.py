"""What a whole run of the tests must have tried, asked at its end of all its processes."""

from collections.abc import Callable
from typing import Any

import pytest

_WHOLE = {"tests", "tests/unit", "tests/integration", "tests/e2e"}


class WholeRun:
    """Gathers what the processes of a run saw, and fails a whole one that saw too little."""

    def __init__(self, name: str, seen: tuple[set[str], ...], judge: Callable[[], str]) -> None:
        """Take what is seen under this name, and what says at the end what is missing, or ""."""
        self._name = name
        self._seen = seen
        self._judge = judge

    @pytest.hookimpl(optionalhook=True)  # of pytest-xdist: a profiler wants to do without
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker saw."""
        theirs = getattr(node, "workeroutput", {}).get(self._name, [])
        for mine, others in zip(self._seen, theirs, strict=False):
            mine.update(others)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Tell the controller; or, there, say at the end of a whole run what is missing."""
        config = session.config
        if hasattr(config, "workeroutput"):
            config.workeroutput[self._name] = [sorted(seen) for seen in self._seen]
            return
        whole = set(config.args) <= _WHOLE and {"tests", "tests/integration"} & set(config.args)
        chosen = config.getoption("keyword") or config.getoption("markexpr")
        if not whole or chosen or session.testsfailed:
            return
        if missing := self._judge():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
            reporter = config.pluginmanager.get_plugin("terminalreporter")
            reporter.write_line("")
            reporter.write_line(missing)
