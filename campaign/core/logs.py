"""Logs: one line an event, with ids and counts; never a name, an address or a letter."""

import logging
import sys
import traceback
from pathlib import Path

import structlog

from campaign.core.settings import Settings


def place_of(problem: BaseException) -> str:
    """Return where a failure was raised in our own code: file, line and function, no message.

    The message of an exception may quote a person; its place cannot.
    """
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
    logging.basicConfig(
        level=max(level, logging.WARNING),
        stream=sys.stderr,
        format="%(levelname)s %(name)s %(message)s",
    )
