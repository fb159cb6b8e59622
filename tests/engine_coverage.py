"""Whether each function that asks a database was tried on PostgreSQL as well as on SQLite.

Most tests run on SQLite alone. What asks the database is tried on both: a whole run names at its
end each function whose statements went to SQLite alone; mark a test of it `both_engines`. It does
not fail: what a process remembers of an earlier test, this one does not ask again.
"""

import sys
from pathlib import Path
from types import FrameType

from sqlalchemy import Connection, Engine, event

import campaign
from tests.whole_run import WholeRun

_ROOT = f"{Path(campaign.__file__).parent}/"
_CORE = f"{_ROOT}core/"
_OTHERWISE_TRIED = ("migrations/", "commands/", "demo/")
"""A migration asks otherwise on each engine, and a command in a process of its own."""
_ASK_BY_THEMSELVES = {
    "_load_for_state",
    "_load_on_pk_identity",
    "_load_scalar_attributes",
    "_note_keys",
}
"""Of SQLAlchemy: they load a row by its id where it is first looked at. Ours: from time to time."""
_asked: dict[str, set[str]] = {"sqlite": set(), "postgresql": set()}


@event.listens_for(Engine, "before_cursor_execute")
def _note_asking(connection: Connection, *_: object) -> None:
    if function := _find_function(sys._getframe(1)):
        _asked[connection.dialect.name].add(function)


def _find_function(frame: FrameType | None) -> str:
    """The innermost function of the program above what passes statements on; "" for none."""
    core = ""
    while frame is not None:
        code = frame.f_code
        if code.co_name in _ASK_BY_THEMSELVES:
            return ""
        if code.co_filename.startswith(_ROOT):
            name = f"{code.co_filename.removeprefix(_ROOT)}:{code.co_qualname}"
            if not code.co_filename.startswith(_CORE):
                return name
            core = core or name
        frame = frame.f_back
    return core


def _say_missing() -> str:
    missing = sorted(
        name
        for name in _asked["sqlite"] - _asked["postgresql"]
        if not name.startswith(_OTHERWISE_TRIED)
    )
    advice = "No test that is marked `both_engines` has PostgreSQL asked by: "
    return advice + ", ".join(missing) if missing else ""


def make_plugin() -> WholeRun:
    """Make the plugin that judges a whole run."""
    return WholeRun("asked", (_asked["sqlite"], _asked["postgresql"]), _say_missing, fails=False)
