"""The one way by which we call an address that somebody typed: webhooks, other programs.

Over https only, at an address of the public internet that was looked up once; no redirect is
followed, no proxy of the environment asked, and neither the time nor the size of an answer is the
other side's to choose. What the setting `outgoing_hosts` names may be a private address, and http.
"""

import ipaddress
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import cache
from http.client import HTTPException  # noqa: TID251
from importlib.metadata import version
from types import TracebackType
from typing import Self, cast

from urllib3.connection import HTTPConnection, HTTPSConnection  # noqa: TID251
from urllib3.exceptions import HTTPError, LocationParseError  # noqa: TID251
from urllib3.response import HTTPResponse  # noqa: TID251
from urllib3.util import Url, parse_url  # noqa: TID251

from campaign.core import clock
from campaign.core.errors import DomainError
from campaign.core.settings import current_settings
from campaign.core.slow_work import leave_database

# Its warnings quote addresses, and an address may hold a token.
logging.getLogger("urllib3").setLevel(logging.CRITICAL)

Resolve = Callable[[str, int], Sequence[str]]
_USER_AGENT = f"urgent-action-letters/{version('urgent-action-letters')}"
_PORTS = {"http": 80, "https": 443}
_PART = 64 * 1024
_ADDRESSES = 4  # of a host that are tried
_LONGEST_REST = 24 * 3600  # seconds
_LOOK_UP_SECONDS = 1  # while somebody waits for a page
_PUBLIC_6 = ipaddress.IPv6Network("2000::/3")
_MAPPED_6 = ipaddress.IPv6Network("64:ff9b::/96")  # IPv4 behind it, as RFC 6052 says


class OutgoingFailed(DomainError):
    """No answer that can be used; `answered` is its status where at least that came."""

    status = 502

    def __init__(self, slug: str, *, answered: int | None = None) -> None:
        super().__init__(slug, answered=answered)
        self.answered = answered


@dataclass(frozen=True, slots=True)
class Limits:
    connect_seconds: float = 5
    """For each address of a host, and as long again for TLS."""
    whole_seconds: float = 15
    """From the first byte that is sent to the last that comes."""
    answer_bytes: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """Their names in any case."""
    body: bytes


def rest_of(answer: Answer) -> int:
    """Return the seconds of Retry-After, which may be a moment; a day at most, 0 for none."""
    asked, seconds = answer.headers.get("Retry-After", "").strip(), 0.0
    if asked.isascii() and asked.isdigit():
        seconds = int(asked[:9])  # Python refuses to read thousands of digits
    else:
        with suppress(ValueError, TypeError, OverflowError, IndexError):
            moment = parsedate_to_datetime(asked).astimezone(UTC)
            seconds = (moment - clock.utcnow()).total_seconds()
    return int(max(0, min(seconds, _LONGEST_REST)))


def look_up(host: str, port: int) -> list[str]:
    rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(row[4][0]) for row in rows))


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def refuse_address(address: str, allowed: Sequence[str], *, resolve: Resolve = look_up) -> None:
    """Raise OutgoingFailed for what may not be called, as far as can be told within a second.

    Whatever it is now, `send` looks where the name leads then.
    """
    host, port = _host_and_port(_parse(address, allowed))
    if _is_allowed(host, port, allowed):
        return
    leave_database()
    addresses: list[str] = []

    def ask() -> None:
        with suppress(OSError, UnicodeError):
            addresses.extend(resolve(host, port))

    # A name server may take its time, and no socket limit applies to it.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(_LOOK_UP_SECONDS)
    if not all(map(_is_public, list(addresses))):
        raise OutgoingFailed("address-private")


class OutgoingHttp:
    """Keeps a connection to each host open until it is closed itself. For one thread."""

    def __init__(
        self,
        allowed: Sequence[str] = (),
        *,
        limits: Limits | None = None,
        resolve: Resolve = look_up,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """Take hosts (`crm.internal`, `127.0.0.1:8080`) that may be private and without TLS."""
        self._allowed = allowed
        self._limits = limits or Limits()
        self._resolve = resolve
        self._trust = trust
        self._open: dict[tuple[str | None, str], HTTPConnection] = {}

    def send(
        self, method: str, address: str, *, headers: Mapping[str, str], body: bytes = b""
    ) -> Answer:
        """Return the answer, whatever its status but a redirect. Raises OutgoingFailed."""
        leave_database()
        url = _parse(address, self._allowed)
        origin = url.scheme, url.netloc or ""
        connection = self._open.pop(origin, None)
        if connection is None or not connection.is_connected:
            if connection is not None:
                connection.close()
            connection = self._connect(url)
        try:
            answer = self._exchange(connection, method, url, headers, body)
        except BaseException:
            connection.close()
            raise
        self._open[origin] = connection
        return answer

    def close(self) -> None:
        while self._open:
            self._open.popitem()[1].close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _connect(self, url: Url) -> HTTPConnection:
        """Look the host up once, and connect to what was looked at."""
        host, port = _host_and_port(url)
        try:
            addresses = self._resolve(host, port)
        except (OSError, UnicodeError) as problem:
            raise OutgoingFailed("host-unknown") from problem
        if not _is_allowed(host, port, self._allowed) and not all(map(_is_public, addresses)):
            raise OutgoingFailed("address-private")
        for address in addresses[:_ADDRESSES]:
            connection = self._connection_to(address, host, port, tls=url.scheme == "https")
            try:
                connection.connect()
            except (OSError, HTTPError, HTTPException) as problem:
                connection.close()
                if isinstance(problem, ssl.SSLError):
                    raise OutgoingFailed("not-trusted") from problem
            else:
                return connection
        raise OutgoingFailed("not-reached")

    def _connection_to(self, address: str, host: str, port: int, *, tls: bool) -> HTTPConnection:
        seconds = self._limits.connect_seconds
        if not tls:
            return HTTPConnection(address, port, timeout=seconds)
        trust = self._trust or _trust()
        return HTTPSConnection(
            address, port, timeout=seconds, ssl_context=trust, server_hostname=host
        )

    def _exchange(
        self,
        connection: HTTPConnection,
        method: str,
        url: Url,
        headers: Mapping[str, str],
        body: bytes,
    ) -> Answer:
        limits, status, too_slow = self._limits, None, threading.Event()
        peer = cast(socket.socket, connection.sock)

        def hang_up() -> None:
            # Who sends a byte now and then runs into no time limit of a socket.
            too_slow.set()
            with suppress(OSError):
                socket.socket.shutdown(peer, socket.SHUT_RDWR)

        connection.timeout = None
        clock = threading.Timer(limits.whole_seconds, hang_up)
        clock.daemon = True
        clock.start()
        try:
            connection.request(
                method,
                url.request_uri,
                body or None,
                {"Host": url.netloc or "", "Accept-Encoding": "identity"}
                | {"User-Agent": _USER_AGENT}
                | dict(headers),
                preload_content=False,
                decode_content=False,
            )
            response = connection.getresponse()
            status = response.status
            content = _read(response, limits.answer_bytes)
        except (OSError, HTTPError, HTTPException, ValueError) as problem:
            # ValueError: a header cannot be sent, such as a key with a typographic sign.
            slug = "too-slow" if too_slow.is_set() else "broken-off"
            raise OutgoingFailed(slug, answered=status) from problem
        finally:
            clock.cancel()
            clock.join()
        if too_slow.is_set():
            raise OutgoingFailed("too-slow", answered=status)
        if len(content) > limits.answer_bytes:
            raise OutgoingFailed("answer-too-large", answered=status)
        if 300 <= status < 400:
            raise OutgoingFailed("redirected", answered=status)
        return Answer(status, response.headers, content)


def _read(response: HTTPResponse, limit: int) -> bytes:
    """Return the body, or its beginning where it is longer than `limit`."""
    content = bytearray()
    # Only the read after its end tells that a body was cut off.
    while len(content) <= limit and (part := response.read(_PART)):
        content += part
    return bytes(content)


def open_http(limits: Limits | None = None) -> OutgoingHttp:
    leave_database()  # what is sent may be sent by a thread of its own
    return OutgoingHttp(current_settings().outgoing_hosts, limits=limits)


def _parse(address: str, allowed: Sequence[str]) -> Url:
    try:
        url = parse_url(address.strip())
    except LocationParseError as problem:
        raise OutgoingFailed("address-malformed") from problem
    if url.auth:
        raise OutgoingFailed("address-with-password")
    if url.scheme not in _PORTS or not url.host or url.port == 0:
        raise OutgoingFailed("address-malformed")
    host, port = _host_and_port(url)
    if _is_allowed(host, port, allowed):
        return url
    # Before https is asked for: a private host that the setting names may do without.
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        raise OutgoingFailed("address-private")
    with suppress(ValueError):
        if not _is_public(str(ipaddress.ip_address(host))):
            raise OutgoingFailed("address-private")
    if url.scheme != "https":
        raise OutgoingFailed("address-not-https")
    return url


def _host_and_port(url: Url) -> tuple[str, int]:
    return (url.host or "").strip("[]"), url.port or _PORTS[url.scheme or ""]


def _is_allowed(host: str, port: int, allowed: Sequence[str]) -> bool:
    return host in allowed or f"{host}:{port}" in allowed


def _is_public(text: str) -> bool:
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address):
        if address in _MAPPED_6:
            address = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        elif address not in _PUBLIC_6 or address.sixtofour or address.teredo:
            return False
    return address.is_global and not address.is_multicast
