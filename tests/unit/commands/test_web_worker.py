"""Slow connections, against the web server's own worker."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from gunicorn.config import Config

from campaign.commands import web_worker
from campaign.commands.web_worker import LIMITS, ImpatientSocket, ImpatientWorker
from tests.commands import ROOT

_SERVE = """
import sys, types
package = types.ModuleType("campaign")  # without all that the real one loads
package.__path__ = [sys.argv[2]]
sys.modules["campaign"] = package
from gunicorn.app.base import BaseApplication
from campaign.commands import web_worker

def answer(environ, start_response):
    try:
        environ["wsgi.input"].read()
    except OSError:
        pass
    if environ["PATH_INFO"].endswith("/SECRET"):
        raise RuntimeError("of SECRET")
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]

class Server(BaseApplication):
    def load_config(self):
        options = web_worker.LIMITS | {
            "bind": f"fd://{sys.argv[1]}", "threads": 2, "loglevel": "info",
            "worker_class": web_worker.ImpatientWorker, "control_socket_disable": True,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self):
        return answer

web_worker.SECONDS = 0.5
Server().run()
"""
_ASK = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("web") / "log"


@pytest.fixture(scope="module")
def address(log: Path) -> Iterator[tuple[str, int]]:
    with socket.create_server(("127.0.0.1", 0)) as listener, log.open("wb") as stderr:
        number = listener.fileno()
        process = subprocess.Popen(
            [sys.executable, "-c", _SERVE, str(number), str(ROOT / "campaign")],
            pass_fds=[number],
            stderr=stderr,
        )
        try:
            yield listener.getsockname()
        finally:
            process.kill()  # its worker ends within a second, as nobody is above it
            process.wait(30)


def _ask(address: tuple[str, int], request: bytes = _ASK) -> bytes:
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall(request)
        return connection.recv(100)


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost:",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nfew",
    ],
    ids=["nothing", "half a head", "half a body"],
)
def test_connections_that_stall_hold_no_thread_for_long(
    address: tuple[str, int], start: bytes
) -> None:
    assert _ask(address).startswith(b"HTTP/1.1 200")
    with ExitStack() as stack:
        for _ in range(6):
            stalled = stack.enter_context(socket.create_connection(address, timeout=30))
            stalled.sendall(start)
        began = time.monotonic()
        assert _ask(address).startswith(b"HTTP/1.1 200")
        assert time.monotonic() - began < 20, "six stall, two at a time, for half a second"


def test_an_address_or_headers_without_end_are_refused(address: tuple[str, int]) -> None:
    many = b"".join(b"X-%d: y\r\n" % number for number in range(LIMITS["limit_request_fields"]))
    assert _ask(address, _ASK[:-2] + many + b"\r\n").startswith(b"HTTP/1.1 4")
    assert _ask(address, b"GET /%s HTTP/1.1\r\n\r\n" % (b"x" * 4094)).startswith(b"HTTP/1.1 4")


@pytest.mark.parametrize(
    ("request_line", "says"),
    [
        (b"GET /en/letter/SECRET of mine HTTP/1.1", "Request refused: InvalidHTTPVersion"),
        (b"SECRET", "Request refused: InvalidRequestLine"),
        (b"GET / HTTP/1.1\r\nCookie SECRET", "Request refused: InvalidHeader"),
        (b"GET /en/letter/SECRET HTTP/1.1", "Request failed: RuntimeError at "),
    ],
)
def test_a_request_that_fails_is_quoted_neither_in_the_log_nor_in_its_answer(
    address: tuple[str, int], log: Path, request_line: bytes, says: str
) -> None:
    assert _ask(address).startswith(b"HTTP/1.1 200")
    before = log.stat().st_size
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall(request_line + b"\r\nHost: x\r\n\r\n")
        answer = connection.makefile("rb").read()
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 500"))
    assert b"SECRET" not in answer
    logged = log.read_text("utf-8")[before:]
    assert says in logged
    assert "SECRET" not in logged
    assert "127.0.0.1" not in logged


def test_who_trickles_gets_no_more_time_with_each_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_worker, "SECONDS", 0.1)
    ours, theirs = socket.socketpair()
    with ImpatientSocket(fileno=ours.detach()) as slow, theirs:
        slow.start_request()
        slow._since -= 0.2
        theirs.sendall(b"x")
        with pytest.raises(ConnectionResetError):
            slow.recv(1)
        slow.start_request()
        assert slow.recv(1) == b"x"


def test_who_does_not_read_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_worker, "SECONDS", 0.1)
    monkeypatch.setattr(web_worker, "BYTES_A_SECOND", 10**9)
    ours, theirs = socket.socketpair()
    with ImpatientSocket(fileno=ours.detach()) as full, theirs, pytest.raises(ConnectionResetError):
        full.sendall(bytes(20_000_000))


@pytest.mark.timeout(30)
def test_a_worker_ends_also_while_it_gives_a_request_to_a_thread() -> None:
    worker = ImpatientWorker(0, os.getppid(), [], None, 30, Config(), None)
    worker.tpool = ThreadPoolExecutor(1)
    # What `submit` holds where the signal comes.
    with worker.tpool._shutdown_lock, pytest.raises(SystemExit):
        worker.handle_quit(signal.SIGQUIT, None)
    worker.tpool.shutdown()
    worker.tmp.close()
