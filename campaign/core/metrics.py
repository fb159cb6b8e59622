"""What processes count for Prometheus, in files that all of an instance share.

Nothing here is of a person: labels are names of our own. Until `start`, nothing is counted.
"""

import os
import socket
from pathlib import Path
from time import perf_counter

from flask import Flask, Response, g, request
from prometheus_client import Counter, Histogram, values

PREFIX = "campaign_"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_DAY = 86_400
_DELAYS = (60, 300, 900, 3600, 6 * 3600, _DAY, 2 * _DAY, 7 * _DAY)


class Metrics:
    def __init__(self) -> None:
        self.requests = _histogram(
            "http_request_seconds", "Requests by route and status", _SECONDS, "route", "status"
        )
        self.pages = _counter("pages", "Public pages, from memory or made", "source")
        self.confirmation_delay = _histogram(
            "confirmation_delay_seconds", "From signing to the click that confirms", _DELAYS
        )
        self.letters_printed = _counter("letters_printed", "Letters whose volume is printed")
        self.work_ended = _counter(
            "work_ended",
            "Jobs of processes of their own that failed, by kind and reason",
            "kind",
            "reason",
        )


_metrics: Metrics | None = None


def start(folder: Path) -> None:
    """Count from here on, in files of this process below `folder`."""
    global _metrics  # noqa: PLW0603 - one set of files for a process
    if _metrics is None:
        folder.mkdir(mode=0o700, exist_ok=True)
        forget_ended(folder)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
        values.ValueClass = values.MultiProcessValue(name_process)
        _metrics = Metrics()


def name_process() -> str:
    """Return a name that no other process has, on this machine or in another container."""
    return f"{socket.gethostname()}-{os.getpid()}"


def forget_ended(folder: Path) -> None:
    """Remove files of processes of this machine that ended: to Prometheus they begin anew."""
    for file in folder.glob(f"*_{socket.gethostname()}-*.db"):
        if not _is_alive(int(file.stem.rpartition("-")[2])):
            file.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def init_app(app: Flask) -> None:
    app.before_request(_start_request)
    app.after_request(_count_request)


def _start_request() -> None:
    g.request_started = perf_counter()


def _count_request(response: Response) -> Response:
    started = g.get("request_started")
    if _metrics and started is not None:
        route = str(request.url_rule) if request.url_rule else "none"
        seconds = perf_counter() - started
        _metrics.requests.labels(route, str(response.status_code)).observe(seconds)
    return response


def count_page(source: str) -> None:
    """`source`: memory or made."""
    if _metrics:
        _metrics.pages.labels(source).inc()


def note_confirmation(seconds: float) -> None:
    if _metrics:
        _metrics.confirmation_delay.observe(seconds)


def count_printed(letters: int) -> None:
    if _metrics:
        _metrics.letters_printed.inc(letters)


def count_ended_work(kind: str, reason: str) -> None:
    if _metrics:
        _metrics.work_ended.labels(kind, reason).inc()


def _counter(name: str, text: str, *labels: str) -> Counter:
    return Counter(PREFIX + name, text, labels, registry=None)


def _histogram(name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
    return Histogram(PREFIX + name, text, labels, buckets=buckets, registry=None)
