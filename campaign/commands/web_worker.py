"""gunicorn's worker of threads, none of which a slow connection holds for long.

gunicorn's own `timeout` ends a process that hangs; on a thread that waits for a byte it puts no
limit. A thread is given to a connection once it has sent something, and taken back when the whole
request is not there in time. A buffering proxy in front (docs/deploy.md) does the same better: it
holds slow connections without any thread.
"""

import errno
import socket
import time
from contextlib import suppress
from types import FrameType
from typing import Any

from gunicorn.http import errors
from gunicorn.util import write_error
from gunicorn.workers.gthread import _DEFER, TConn, ThreadWorker

from campaign.core.logs import describe

SECONDS = 15.0
"""For a request, from its first byte, or for an answer's next piece; and"""
BYTES_A_SECOND = 8_000
"""as much more time as its bytes take at this pace, a slow telephone's."""

LIMITS: dict[str, object] = {
    "limit_request_line": 4094,  # bytes; a filter of the desk is the longest address
    "limit_request_fields": 64,  # headers; browsers and proxies send some thirty
    "limit_request_field_size": 8190,  # bytes; two cookies of ours at their longest
    "timeout": 30,  # seconds after which a process that answers nothing at all is ended
    "keepalive": 5,  # seconds for which a connection may say nothing
    "worker_connections": 500,  # of a process, most at rest: below the 1024 files it may open
    "backlog": 512,  # connections that wait to be taken
}
"""What a connection may take up; above stands for how long."""


_REFUSALS: dict[type[Exception], tuple[int, str]] = {
    errors.LimitRequestLine: (414, "URI Too Long"),
    errors.LimitRequestHeaders: (431, "Request Header Fields Too Large"),
    errors.UnsupportedTransferCoding: (501, "Not Implemented"),
}


class ImpatientSocket(socket.socket):
    """A connection that breaks where the other side is too slow."""

    _since = 0.0
    _received = 0

    def start_request(self) -> None:
        self._since, self._received = time.monotonic(), 0

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        spent = time.monotonic() - self._since
        self._limit(SECONDS + self._received / BYTES_A_SECOND - spent)
        try:
            data = super().recv(size, flags)
        except TimeoutError:
            raise _too_slow() from None
        self._received += len(data)
        return data

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        self._limit(SECONDS + len(data) / BYTES_A_SECOND)
        try:
            super().sendall(data, flags)
        except TimeoutError:
            raise _too_slow() from None

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        self._limit(SECONDS)
        try:
            return super().sendfile(file, offset, count)
        except TimeoutError:
            raise _too_slow() from None

    def _limit(self, seconds: float) -> None:
        if seconds <= 0:
            raise _too_slow()
        self.settimeout(seconds)


def _too_slow() -> ConnectionResetError:
    """What gunicorn and Werkzeug know as a connection that the other side has left."""
    return ConnectionResetError(errno.ECONNRESET, "too slow")


class ImpatientWorker(ThreadWorker):
    def handle_quit(self, sig: int, frame: FrameType | None) -> None:
        """Serve no more, at once.

        A signal may come while a request is given to a thread: gunicorn's own handler then waits
        for a lock that this very code holds.
        """
        super(ThreadWorker, self).handle_quit(sig, frame)

    def handle(self, conn: TConn) -> object:
        """Serve a request, once there is a byte of it; until then no thread waits."""
        if not isinstance(conn.sock, ImpatientSocket):
            conn.sock = ImpatientSocket(fileno=conn.sock.detach())
        if not conn.initialized and not conn.wait_for_data(0):
            return _DEFER
        conn.sock.start_request()
        return super().handle(conn)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Refuse a request, or give it up.

        gunicorn's own words quote it to the log, with its network address: a link that a program
        broke in two, say, still has its secret.
        """
        if isinstance(exc, errors.ParseException):
            status, reason = _REFUSALS.get(type(exc), (400, "Bad Request"))
            self.log.warning("Request refused: %s", type(exc).__name__)
        else:
            status, reason = 500, "Internal Server Error"
            self.log.error("Request failed: %s", describe(exc))
        with suppress(OSError):
            write_error(client, status, reason, "")
