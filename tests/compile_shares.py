"""Each worker of a run compiles a share of the test modules; it reads what the others compiled.

All of them collect all modules in the same order, at the same moment: in a fresh clone each would
rewrite and compile every one by itself, which takes longer than the rest of what collecting does.
"""

from contextlib import suppress
from importlib import import_module
from pathlib import Path

import pytest

_ROOT = Path(__file__).parent.parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Load this worker's share first. What cannot be loaded, the collector says after this."""
    worker = getattr(session.config, "workerinput", None)
    if worker is None:
        return
    modules = sorted(path for part in session.config.args for path in _list_modules(part))
    number = int(worker["workerid"].removeprefix("gw"))
    for path in modules[number :: worker["workercount"]]:
        with suppress(Exception):
            import_module(".".join(path.relative_to(_ROOT).with_suffix("").parts))


def _list_modules(part: str) -> list[Path]:
    path = (_ROOT / part.partition("::")[0]).resolve()
    return list(path.rglob("test_*.py")) if path.is_dir() else [path]
