"""Logs: one line an event, with ids and counts; never a name, an address or a letter."""

import logging
import sys
import threading
import traceback
from pathlib import Path

import structlog

from campaign.core.settings import Settings


def place_of(problem: BaseException) -> str:
    """Return file, line and function of a failure; its message may quote a person."""
    frames = traceback.extract_tb(problem.__traceback__)
    ours = [frame for frame in frames if "campaign" in Path(frame.filename).parts] or frames
    last = ours[-1] if ours else None
    return f"{Path(last.filename).name}:{last.lineno} {last.name}" if last else ""


def init(settings: Settings) -> None:
    """Write events to stderr: readable on a terminal, JSON elsewhere."""
    level = getattr(logging, settings.log_level.upper())
    on_terminal = sys.stderr.isatty()
    renderer = (
        structlog.dev.ConsoleRenderer() if on_terminal else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # Libraries speak up when something is wrong only; their progress is nobody's news.
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LibraryFormatter())
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler])
    if settings.mode == "production":
        sys.excepthook = lambda _kind, problem, _trace: _report("uncaught", problem)
        threading.excepthook = lambda failure: _report("thread ended", failure.exc_value)
        sys.unraisablehook = lambda failure: _report("ignored", failure.exc_value)


class LibraryFormatter(logging.Formatter):
    """What a library logs, without what it may quote: an address, a row, the link in a path.

    Of a message only the pattern stays, of a failure its kind and place.
    """

    def format(self, record: logging.LogRecord) -> str:
        # Without arguments a message may be put together from what somebody typed.
        pattern = str(record.msg) if record.args else f"line {record.lineno}"
        line = f"{record.levelname} {record.name} {pattern}"
        problem = record.exc_info[1] if record.exc_info else None
        return f"{line}: {describe(problem)}" if problem is not None else line


def describe(problem: BaseException) -> str:
    return f"{type(problem).__name__} at {place_of(problem)}"


def _report(what: str, problem: BaseException | None) -> None:
    if problem is not None:
        print(f"{what}: {describe(problem)}", file=sys.stderr)  # noqa: T201
