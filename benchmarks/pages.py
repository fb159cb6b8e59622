"""Signing and reading over HTTP, against the bare peer, in turn so that drift cancels out."""

import itertools
import statistics
import urllib.request
from collections.abc import Callable
from contextlib import AbstractContextManager
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
CASE = "/en/actions/ua-58-20"
_people = itertools.count()
"""Nobody signs twice, also not in a second measurement."""


@dataclass
class Comparison:
    """Answers per second; each ratio is the median of those of each round."""

    ours: float
    many: float
    """Ours, with a great action in the database."""
    bare: float
    ratio: float
    """Ours to the bare peer."""
    many_ratio: float
    slower: float
    """By how much a great action makes it slower; 0.1 is 10 %."""


@dataclass
class PageRun:
    get: Comparison
    sign: Comparison
    live_ms: float
    """One live preview, asked for by itself."""
    peak_mb: float


def measure(few: dict[str, str], many: dict[str, str], folder: Path) -> PageRun:
    """Requests per second of the case page and of POST sign, ours twice and the peer's."""
    ours, crowded, bare = free_port(), free_port(), free_port()
    page = folder / "page.html"
    peer = {"BARE_PAGE": str(page), "BARE_DATABASE": f"sqlite:///{folder}/bare.sqlite"}
    with _ours(few, ours) as pid, _ours(many, crowded) as crowded_pid:
        with urllib.request.urlopen(f"http://127.0.0.1:{ours}{CASE}") as answer:
            page.write_bytes(answer.read())
        with serving(bare_command(bare), bare, peer):
            gets = _compare(
                (ours, lambda _n: get_message(ours, CASE)),
                (crowded, lambda _n: get_message(crowded, CASE)),
                (bare, lambda _n: get_message(bare, "/page")),
                count=_GETS,
                expected=b"HTTP/1.1 200",
            )
            posts = _compare(
                (ours, lambda _n: sign_message(ours, next(_people))),
                (crowded, lambda _n: sign_message(crowded, next(_people))),
                (bare, lambda n: post_message(bare, "/row", n)),
                count=_POSTS,
                expected=b"HTTP/1.1 303",
            )
        live = 1000 / requests_per_second(
            ours,
            lambda _n: post_message(ours, f"{CASE}/preview", 0),
            count=100,
            connections=1,
            expected=b"HTTP/1.1 200",
        )
        peak = max(map(peak_megabytes, (pid, crowded_pid)))
    return PageRun(gets, posts, live, peak)


def _ours(environment: dict[str, str], port: int) -> AbstractContextManager[int]:
    base = {"CAMPAIGN_BASE_URL": f"http://127.0.0.1:{port}"}
    return serving(our_command(port), port, {**environment, **base})


def _compare(
    *servers: tuple[int, Callable[[int], bytes]], count: int, expected: bytes
) -> Comparison:
    """All in each round, so that the machine's moods meet all of them."""
    rounds: list[list[float]] = []
    for round_ in range(_ROUNDS + 1):
        rates = [
            requests_per_second(
                port, make, count=count, connections=_CONNECTIONS, expected=expected
            )
            for port, make in servers
        ]
        if round_:  # the first is for caches to fill
            rounds.append(rates)
    median = statistics.median
    ours_median, many_median, bare_median = (median(rates) for rates in zip(*rounds, strict=True))
    return Comparison(
        ours_median,
        many_median,
        bare_median,
        ratio=median(ours / bare for ours, _many, bare in rounds),
        many_ratio=median(many / bare for _ours, many, bare in rounds),
        slower=median(ours / many for ours, many, _bare in rounds) - 1,
    )


def get_message(port: int, path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()


def sign_message(port: int, number: int) -> bytes:
    """A signature by somebody who has that number."""
    return post_message(port, f"{CASE}/sign", number)


def post_message(port: int, path: str, number: int) -> bytes:
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
