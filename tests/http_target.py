"""A server that is called: it keeps what came, and answers, or does not, as a test wants."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Received:
    path: str
    headers: dict[str, str]
    body: bytes
    peer: tuple[str, int]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes: the second would wait 40 ms
    server: "_Server"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.target.received.append(
            Received(self.path, headers, body, self.client_address[:2])
        )
        try:
            self.server.target.answer(self)
        except OSError:
            self.close_connection = True

    do_GET = do_PUT = do_POST  # noqa: N815

    def say(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def wait(self, seconds: float | None = None) -> bool:
        """Hang until the test is over, or so long; True where it is over."""
        return self.server.target.ended.wait(seconds)

    def log_message(self, *of: object) -> None:
        pass


Answering = Callable[[Handler], None]


@dataclass
class Target:
    url: str
    answer: Answering
    received: list[Received] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)


class _Server(ThreadingHTTPServer):
    target: Target

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # who hangs up is what some tests want


@contextmanager
def serve(answer: Answering, tls: ssl.SSLContext | None = None) -> Iterator[Target]:
    server = _Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    scheme = "http" if tls is None else "https"
    server.target = Target(f"{scheme}://127.0.0.1:{server.server_port}", answer)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server.target
    finally:
        server.target.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
