"""A mail server that answers, for tests, whatever it is told to."""

import contextlib
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_ANSWERS = {
    "": "220 ready",
    "EHLO": "250 mail",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go on",
    ".": "250 taken",
    "RSET": "250 ok",
    "QUIT": "221 bye",
}
_ENDLESS = 1000


@dataclass(slots=True)
class MailServer:
    port: int
    answers: dict[str, str] = field(default_factory=lambda: dict(_ANSWERS))
    """To each command; to `` as it begins, to `.` at the end of a mail."""
    endless_at: str = "-"
    """Where one line of an answer follows the other."""
    hang_up_at: str = "-"
    silent_at: str = "-"
    """Where it says nothing until who asked hangs up."""
    asked: list[str] = field(default_factory=list)
    taken: int = 0


class _Session(socketserver.StreamRequestHandler):
    server: "_Server"

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            command = ""
            while self._answer(command) and (line := self.rfile.readline()):
                command = line.decode().split()[0].upper()
                told = self.server.told
                if told.asked[-1:] == ["DATA"] and told.answers["DATA"].startswith("354"):
                    while line.strip() != b".":
                        line = self.rfile.readline()
                    command = "."

    def _answer(self, command: str) -> bool:
        told = self.server.told
        told.asked.append(command)
        if told.hang_up_at == command:
            return False
        if told.silent_at == command:
            return not self.rfile.read()
        if told.endless_at == command:
            for _ in range(_ENDLESS):
                self.wfile.write(b"250-and more\r\n" * 1000)
        answer = told.answers.get(command, "502 what")
        told.taken += command == "." and answer.startswith("250")
        self.wfile.write(answer.encode() + b"\r\n")
        return command != "QUIT"


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    told: MailServer


@contextmanager
def serve() -> Iterator[MailServer]:
    with _Server(("127.0.0.1", 0), _Session) as server:
        server.told = MailServer(port=server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server.told
        finally:
            server.shutdown()
            thread.join()
