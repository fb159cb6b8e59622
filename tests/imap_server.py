"""An IMAP server over TLS with one folder of two names: what emptying it takes (RFC 3501, 4315)."""

import base64
import contextlib
import re
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from campaign.core import clock

USER, PASSWORD = "letters@example.org", "pass word"
_PLAIN = b"\0letters@example.org\0pass word"


@dataclass
class Mailbox:
    """What is in the folder, by UID, and what a test wants of its server."""

    port: int = 0
    mails: dict[int, bytes] = field(default_factory=dict)
    flags: dict[int, set[str]] = field(default_factory=dict)
    keeps_keywords: bool = True
    hang_up_at: str = ""  # the command at which the connection breaks
    raw_at: tuple[str, bytes] = ("", b"")
    """A command, and what is said to it, over and over where it has no `{tag}`."""
    asked: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"imaps://{USER}@127.0.0.1:{self.port}/INBOX"

    def add(self, mail: bytes, *flags: str) -> int:
        uid = max(self.flags, default=0) + 1
        self.mails[uid], self.flags[uid] = mail.replace(b"\n", b"\r\n"), set(flags)
        return uid


class _Session(socketserver.StreamRequestHandler):
    server: "_Server"

    def setup(self) -> None:
        self.request.do_handshake()
        super().setup()

    def handle(self) -> None:
        self._say("* OK ready")
        with contextlib.suppress(OSError):
            while line := self.rfile.readline():
                tag, _space, command = line.decode().strip().partition(" ")
                box = self.server.box
                box.asked.append(command)
                if box.hang_up_at and box.hang_up_at in command:
                    return
                if box.raw_at[0] and box.raw_at[0] in command:
                    self._repeat(tag, box.raw_at[1])
                    continue
                verb, _space, rest = command.removeprefix("UID ").partition(" ")
                self._say(f"{tag} {getattr(self, f'_{verb.lower()}')(box, rest) or 'OK done'}")

    def _say(self, text: str, body: bytes | None = None) -> None:
        literal = b"" if body is None else b" {%d}\r\n%s)" % (len(body), body)
        self.wfile.write(text.encode() + literal + b"\r\n")

    def _repeat(self, tag: str, words: bytes) -> None:
        """Say it once where it has the tag, and for ever where it has not."""
        self.wfile.write(words.replace(b"{tag}", tag.encode()))
        while b"{tag}" not in words:
            self.wfile.write(words)

    def _capability(self, _box: Mailbox, _rest: str) -> None:
        self._say("* CAPABILITY IMAP4rev1 AUTH=PLAIN UIDPLUS")

    def _authenticate(self, _box: Mailbox, _rest: str) -> str:
        self.wfile.write(b"+ \r\n")
        return "" if base64.b64decode(self.rfile.readline()) == _PLAIN else "NO wrong"

    def _logout(self, _box: Mailbox, _rest: str) -> None:
        self._say("* BYE")

    def _select(self, box: Mailbox, rest: str) -> str:
        self._say(f"* {len(box.mails)} EXISTS")
        return "" if rest in {'"INBOX"', '"Bounces"'} else "NO such"

    def _search(self, box: Mailbox, rest: str) -> None:
        deleted, unkeyword, keyword, *flagged = rest.split()
        assert (deleted, unkeyword) == ("UNDELETED", "UNKEYWORD")
        uids = [uid for uid in box.mails if not box.flags[uid] & {"\\Deleted", keyword}]
        uids = [uid for uid in uids if not flagged or "\\Flagged" in box.flags[uid]]
        self._say(f"* SEARCH {' '.join(map(str, uids))}")

    def _fetch(self, box: Mailbox, rest: str) -> None:
        wanted = re.fullmatch(r"(\d+) \(BODY.PEEK\[\]<(\d+)\.(\d+)>\)", rest)
        assert wanted
        uid, start, size = map(int, wanted.groups())
        if uid in box.mails:
            body = box.mails[uid][start : start + size]
            self._say(f"* 1 FETCH (UID {uid} BODY[]<{start}>", body)

    def _store(self, box: Mailbox, rest: str) -> None:
        uid, change, flag = rest.split()
        assert change == "+FLAGS.SILENT"
        if flag.startswith("(\\") or box.keeps_keywords:
            box.flags[int(uid)].add(flag.strip("()"))

    def _expunge(self, box: Mailbox, rest: str) -> None:
        if "\\Deleted" in box.flags[int(rest)]:
            del box.mails[int(rest)]


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    box: Mailbox

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # who does not trust us hangs up


@contextmanager
def serve(folder: Path) -> Iterator[Mailbox]:
    """Serve a mailbox; `folder` then has `ca.pem`, the certificate that a client must trust."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*_make_certificate(folder))
    with _Server(("127.0.0.1", 0), _Session) as server:
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        server.box = Mailbox(port=server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server.box
        finally:
            server.shutdown()
            thread.join()


def _make_certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    now = clock.utcnow()
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "ca.pem", folder / "key.pem"
    pem = serialization.Encoding.PEM
    paths[0].write_bytes(certificate.public_bytes(pem))
    paths[1].write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths
