"""Signing and reading over HTTP, against the bare peer, in turn so that drift cancels out."""

import itertools
import statistics
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.http_load import requests_per_second
from benchmarks.servers import bare_command, free_port, our_command, peak_megabytes, serving

_ROUNDS = 15
"""Connections fall on the two workers by chance, anew in each round: it takes many."""
_CONNECTIONS = 16
_GETS = 1000
_POSTS = 240
_CASE = "/en/actions/ua-58-20"
_people = itertools.count()
"""Nobody signs twice, also not in a second measurement."""


@dataclass
class Comparison:
    ours: float
    bare: float
    ratio: float
    """Median of the ratios of each round."""


@dataclass
class PageRun:
    get: Comparison
    sign: Comparison
    live_ms: float
    """One live preview, asked for by itself."""
    peak_mb: float


def measure(environment: dict[str, str], folder: Path) -> PageRun:
    """Requests per second of the case page and of POST sign, ours and the peer's."""
    ours, bare = free_port(), free_port()
    base = {"CAMPAIGN_BASE_URL": f"http://127.0.0.1:{ours}"}
    page = folder / "page.html"
    peer = {"BARE_PAGE": str(page), "BARE_DATABASE": f"sqlite:///{folder}/bare.sqlite"}
    with serving(our_command(ours), ours, {**environment, **base}) as pid:
        with urllib.request.urlopen(f"http://127.0.0.1:{ours}{_CASE}") as answer:
            page.write_bytes(answer.read())
        with serving(bare_command(bare), bare, peer):
            gets = _compare(
                (ours, lambda _n: _get(ours, _CASE)),
                (bare, lambda _n: _get(bare, "/page")),
                _GETS,
                b"HTTP/1.1 200",
            )
            posts = _compare(
                (ours, lambda n: _post(ours, f"{_CASE}/sign", next(_people))),
                (bare, lambda n: _post(bare, "/row", n)),
                _POSTS,
                b"HTTP/1.1 303",
            )
        live = 1000 / requests_per_second(
            ours,
            lambda _n: _post(ours, f"{_CASE}/preview", 0),
            count=100,
            connections=1,
            expected=b"HTTP/1.1 200",
        )
        peak = peak_megabytes(pid)
    return PageRun(gets, posts, live, peak)


def _compare(ours, bare, count, expected) -> Comparison:  # type: ignore[no-untyped-def]
    rates: list[tuple[float, float]] = []
    for round_ in range(_ROUNDS + 1):
        pair = tuple(
            requests_per_second(
                port, make, count=count, connections=_CONNECTIONS, expected=expected
            )
            for port, make in (ours, bare)
        )
        if round_:  # the first is for caches to fill
            rates.append(pair)  # type: ignore[arg-type]
    first, second = zip(*rates, strict=True)
    return Comparison(
        statistics.median(first),
        statistics.median(second),
        statistics.median(one / other for one, other in rates),
    )


def _get(port: int, path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()


def _post(port: int, path: str, number: int) -> bytes:
    body = urlencode(
        {
            "given_name": "Ana",
            "family_name": f"Example {number}",
            "email": f"bench-{number}@example.org",
            "locality": "Ottawa",
            "region": "ON",
            "postal_code": "K1P 1A4",
            "country": "CA",
            "own_words": "I am a nurse, and I know what it means to rely on somebody at night.",
            "points": "restore-escorts",
            "disclosure": "town",
        }
    ).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
