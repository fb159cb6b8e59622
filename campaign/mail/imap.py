"""A folder of an IMAP server (RFC 3501), over TLS that is verified.

By Python's own client: what strangers wrote comes as bytes, to be read elsewhere (`run_apart`), and
where the server can (UIDPLUS, RFC 4315) nothing is expunged but what we took. Neither how long it
takes nor how much comes is the server's to choose.
"""

import imaplib
import io
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, cast
from urllib.parse import unquote, urlsplit

from campaign.core.slow_work import leave_database

_SECONDS = 60  # for one read
_WHOLE_SECONDS = 180
_CONNECT_SECONDS = 10  # for each address of the host
_MOST_ANSWERED = 40_000_000  # bytes to one command: more than any mail that we read, in one
_LONGEST = 200_000_000  # bytes of one mail that is put aside: a server's may have no end
_MOST_AT_ONCE = 500
_LEFT = "LettersLeft"
"""Keyword of a mail that is not for us: it stays, and is not fetched again."""
_FAILED = r"\Flagged"


class ImapFailed(OSError):
    """The server did not do what it was asked; its words are left out, they may quote a mail."""


class EndlessMail(Exception):
    """The server's fault or the sender's, and no other mail's."""


class _Client(imaplib.IMAP4_SSL):
    """Hangs up on a server that takes too long, or says too much to one command."""

    room = _MOST_ANSWERED

    def send(self, data: Any) -> None:
        self.room = _MOST_ANSWERED
        super().send(data)

    def _create_socket(self, timeout: float | None) -> ssl.SSLSocket:
        """Connect, with the handshake in the time that the whole has."""
        plain_client: Any = imaplib.IMAP4
        plain: socket.socket = plain_client._create_socket(self, _CONNECT_SECONDS)  # noqa: SLF001
        plain.settimeout(timeout)
        wrapped: ssl.SSLSocket = self.ssl_context.wrap_socket(
            plain, server_hostname=self.host, do_handshake_on_connect=False
        )
        self.sock = wrapped
        timer = threading.Timer(_WHOLE_SECONDS, self._hang_up)
        timer.daemon = True
        timer.start()
        self.stop_clock = timer.cancel
        try:
            wrapped.do_handshake()
        except BaseException:
            self.stop_clock()
            wrapped.close()
            raise
        return wrapped

    def read(self, size: int) -> bytes:
        self._take(size)
        return super().read(size)

    def readline(self) -> bytes:
        line = super().readline()
        self._take(len(line))
        return line

    def shutdown(self) -> None:
        self.stop_clock()
        super().shutdown()

    def _take(self, size: int) -> None:
        self.room -= size
        if self.room < 0:
            raise self.abort("too much")

    def _hang_up(self) -> None:
        # Who sends a byte now and then runs into no time limit of a socket.
        with suppress(OSError):
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


class ImapMail:
    def __init__(self, client: imaplib.IMAP4, uid: str, *, has_failed: bool) -> None:
        self._client = client
        self._uid = uid
        self.has_failed = has_failed

    def open(self) -> BinaryIO:
        return cast(BinaryIO, _Body(self._client, self._uid))

    def remember_failure(self) -> None:
        self._flag(_FAILED)

    def leave(self) -> None:
        """Have it stay; where the server keeps no keywords, it is fetched again next time."""
        with suppress(ImapFailed):
            self._flag(_LEFT)

    def remove(self) -> None:
        self._flag(r"\Deleted")
        if "UIDPLUS" in _list_capabilities(self._client):
            _ask(lambda: self._client.uid("EXPUNGE", self._uid))
        else:
            _ask(self._client.expunge)

    def _flag(self, flag: str) -> None:
        _ask(lambda: self._client.uid("STORE", self._uid, "+FLAGS.SILENT", f"({flag})"))


class _Body(io.RawIOBase):
    """The bytes of a mail, fetched as they are read. That is no reading to the server (PEEK)."""

    def __init__(self, client: imaplib.IMAP4, uid: str) -> None:
        self._client = client
        self._uid = uid
        self._at = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._at > _LONGEST:
            raise EndlessMail
        part = f"(BODY.PEEK[]<{self._at}.{len(buffer)}>)"
        data = _ask(lambda: self._client.uid("FETCH", self._uid, part))
        if not data or data[0] is None:
            raise ImapFailed("gone")
        body = next((item[1] for item in data if isinstance(item, tuple)), b"")[: len(buffer)]
        buffer[: len(body)] = body
        self._at += len(body)
        return len(body)


@contextmanager
def open_folder(address: str, password: str) -> Iterator[list[ImapMail]]:
    """Give the mails that wait in `imaps://user@host/folder`. Raises OSError."""
    parts = urlsplit(address)
    client = _connect(parts.hostname or "", parts.port or 993)
    try:
        _sign_in(client, unquote(parts.username or ""), password)
        folder = unquote(parts.path.strip("/")) or "INBOX"
        quoted = folder.replace("\\", "\\\\").replace('"', '\\"')
        _ask(lambda: client.select(f'"{quoted}"'))
        yield _list_mails(client)
    finally:
        try:
            client.logout()
        except Exception:  # whatever the server sends
            client.shutdown()


def _connect(host: str, port: int) -> imaplib.IMAP4_SSL:
    leave_database()
    trust = ssl.create_default_context()
    try:
        return _Client(host, port, ssl_context=trust, timeout=_SECONDS)
    except OSError:
        raise
    except Exception as problem:  # whatever the server sends
        raise ImapFailed("connect") from problem


def _sign_in(client: imaplib.IMAP4, user: str, password: str) -> None:
    if "AUTH=PLAIN" in client.capabilities:
        words = f"\0{user}\0{password}".encode()
        _ask(lambda: client.authenticate("PLAIN", lambda _challenge: words))
    else:
        _ask(lambda: client.login(user, password))


def _list_mails(client: imaplib.IMAP4) -> list[ImapMail]:
    waiting, failed = _search(client), set(_search(client, "FLAGGED"))
    # The newest: where the server keeps no keywords, what is not for us would come first for ever.
    newest = waiting[-_MOST_AT_ONCE:]
    return [ImapMail(client, uid, has_failed=uid in failed) for uid in newest]


def _search(client: imaplib.IMAP4, *more: str) -> list[str]:
    data = _ask(lambda: client.uid("SEARCH", "UNDELETED", "UNKEYWORD", _LEFT, *more))
    return (data[0] or b"").decode("ascii", "replace").split() if data else []


def _list_capabilities(client: imaplib.IMAP4) -> list[str]:
    """As they are once somebody is signed in: `client.capabilities` is from before."""
    return b" ".join(_ask(client.capability)).decode("ascii", "replace").upper().split()


def _ask(command: Callable[[], tuple[str, Any]]) -> list[Any]:
    """Return what the server gave. Raises ImapFailed."""
    try:
        status, data = command()
    except OSError:
        raise
    except Exception as problem:  # whatever the server sends
        raise ImapFailed("error") from problem
    if status != "OK":
        raise ImapFailed(status)
    return cast(list[Any], data)
