"""What a whole run of the tests must have tried, asked at its end of all its processes."""

from collections.abc import Callable
from typing import Any

import pytest

_WHOLE = {"tests", "tests/unit", "tests/integration", "tests/e2e"}


class WholeRun:
    """Gathers what the processes of a run saw, and says of a whole one what it did not see."""

    def __init__(
        self, name: str, seen: tuple[set[str], ...], say_missing: Callable[[], str], *, fails: bool
    ) -> None:
        """Take sets of names that are seen, and what says at the end which are missing, or "".

        `fails`: a run that has not seen all fails.
        """
        self._name = name
        self._seen = seen
        self._say_missing = say_missing
        self._fails = fails

    @pytest.hookimpl(optionalhook=True)  # of pytest-xdist: a profiler wants to do without
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker saw."""
        from_worker = getattr(node, "workeroutput", {}).get(self._name, [])
        for names, more_names in zip(self._seen, from_worker, strict=False):
            names.update(more_names)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Tell the controller; or, there, say at the end of a whole run what is missing."""
        config = session.config
        if hasattr(config, "workeroutput"):
            config.workeroutput[self._name] = [sorted(names) for names in self._seen]
            return
        whole = set(config.args) <= _WHOLE and {"tests", "tests/integration"} & set(config.args)
        chosen = config.getoption("keyword") or config.getoption("markexpr")
        if not whole or chosen or session.testsfailed:
            return
        if missing := self._say_missing():
            if self._fails:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
            reporter = config.pluginmanager.get_plugin("terminalreporter")
            reporter.write_line("")
            reporter.write_line(missing)
