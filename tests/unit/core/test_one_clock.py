"""Nothing but campaign/core/clock.py asks what time it is, or turns a moment into a day."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sources import search_modules

_REPOSITORY = Path(__file__).parents[3]
_OWN = "core/clock.py"
_OF_THE_MACHINE = {"now", "today", "utcnow"}
"""Of `datetime` and `date`: what the machine's clock says, some of them in its own zone."""
_OF_TIME = {"time", "time_ns", "localtime", "gmtime", "ctime", "strftime"}
"""Of `time`; its monotonic clocks measure how long something takes, and tell no day."""
_MAY_ASK = (
    r"\.(now|today|utcnow|date|current_date|localtimestamp|time|time_ns|localtime|gmtime|ctime"
    r"|strftime)\(|year=|^ *from time import|%d|isoformat\([^)]*\)\["
)
"""No module without it is worth parsing."""


def _asked(source: str) -> Iterator[tuple[int, str]]:
    """Line and name of each call that asks for a moment, or takes the day of one by itself."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from (
                (node.lineno, f"time.{alias.name}")
                for alias in node.names
                if alias.name in _OF_TIME
            )
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        name, owner = node.func.attr, ast.unparse(node.func.value)
        if owner.rpartition(".")[2] in {"datetime", "date"} and name in _OF_THE_MACHINE:
            yield node.lineno, f"{owner}.{name}"
        elif owner == "time" and name in _OF_TIME:
            yield node.lineno, f"time.{name}"
        elif name == "date" and not node.args and not node.keywords:
            yield node.lineno, f"{owner}.date"
        elif name == "replace" and any(keyword.arg == "year" for keyword in node.keywords):
            yield node.lineno, "replace(year=…), which 29 February does not bear"
        elif owner == "func" and name in {"now", "current_date", "localtimestamp"}:
            yield node.lineno, f"func.{name}"


def _written(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of what writes the day of a moment in the zone in which it is kept, UTC."""
    for node in ast.walk(ast.parse(source)):
        text = ast.unparse(node) if isinstance(node, ast.JoinedStr | ast.Constant) else ""
        if ("%d" in text and "%H" not in text and "%Y" in text) or (
            isinstance(node, ast.Subscript) and ".isoformat(" in ast.unparse(node.value)
        ):
            yield getattr(node, "lineno", 0), ast.unparse(node)


def test_the_clock_alone_asks_for_moments_and_days() -> None:
    places = [
        f"{path}:{line} {name}"
        for path, source in search_modules(_MAY_ASK)
        if path != _OWN
        for line, name in [*_asked(source), *_written(source)]
    ]
    assert not places, "Ask campaign/core/clock.py (utcnow, today, day_of) instead: " + ", ".join(
        places
    )


@pytest.mark.parametrize(
    "planted",
    [
        "today = date.today()",
        "later = day.replace(year=2027)",
        "today = datetime.date.today()",
        "now = datetime.now(UTC)",
        "now = datetime.datetime.utcnow()",
        "day = db.utcnow().date()",
        "day = (clock.utcnow() - timedelta(days=3)).date()",
        "day = row.signed_at.astimezone(ZoneInfo(zone)).date()",
        "age = time.time() - then",
        "from time import localtime",
        "query = select(func.now())",
        'day = f"{member.joined_at:%Y-%m-%d}"',
        'day = member.joined_at.strftime("%Y-%m-%d")',
        "day = member.joined_at.isoformat()[:10]",
    ],
)
def test_each_other_way_is_found(planted: str) -> None:
    assert re.search(_MAY_ASK, planted)
    assert [*_asked(planted), *_written(planted)]


@pytest.mark.parametrize(
    "allowed",
    [
        "day = clock.today(zone)",
        "day = date(2026, 11, 27)",
        "took = time.monotonic() - began",
        "clock.day_of(moment, zone)",
        "moment.astimezone(ZoneInfo(zone)).time()",
        'said = f"{moment:%Y-%m-%d %H:%M} UTC"',
        "day.isoformat()",
    ],
)
def test_what_asks_nobody_is_let_be(allowed: str) -> None:
    assert not [*_asked(allowed), *_written(allowed)]


@pytest.mark.parametrize("folder", ["tests", "benchmarks"])
def test_tests_and_measurements_ask_the_same_clock(folder: str) -> None:
    """Of a fixed moment they may take the day; of this one only `clock.today` of a place does."""
    places = [
        f"{folder}/{path}:{line} {name}"
        for path, source in search_modules(_MAY_ASK, _REPOSITORY / folder)
        for line, name in _asked(source)
        if (not name.endswith(".date") or "now(" in name) and not name.startswith("time.")
    ]
    assert places == []


def test_tests_take_days_of_a_place() -> None:
    """The latest day on earth is two days ahead of some place from 10:00 to 12:00 UTC."""
    used = search_modules(r"\blatest_day\(", _REPOSITORY / "tests")
    assert [path for path, _source in used] == []


@pytest.mark.parametrize("folder", ["templates", "letters"])
def test_no_template_takes_the_day_of_a_moment(folder: str) -> None:
    """A template has moments in UTC: `.date()` of one is another day in the evening."""
    pages = (_REPOSITORY / folder).rglob("*.html")
    paths = [str(path) for path in pages if ".date()" in path.read_text("utf-8")]
    assert paths == []
