"""What every request is held to and every response carries: origin, limits, hosts, headers."""

import errno
import json
import logging
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import unquote_to_bytes, urlsplit

from flask import Flask, Response, abort, current_app, g, request
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from campaign.core import db
from campaign.core.logs import place_of
from campaign.core.rate_limits import Networks, networks_of
from campaign.core.settings import Settings, current_settings
from campaign.storage import FilesAway

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_FILE = "proxies.seen"
_EVERY_SECONDS = 600
csrf = CSRFProtect()
_LOG = logging.getLogger(__name__)
F = TypeVar("F", bound=Callable[..., object])
_READING = {"GET", "HEAD", "OPTIONS"}
PROBES = frozenset({"/healthz", "/readyz"})
"""Asked of a machine under any name, and past the proxies."""
MAX_BODY_BYTES = 512 * 1024
MAX_FORM_FIELDS = 300
_EVEN_SECONDS = 0.025
"""Longer than an address that is known takes; what a machine can sign a second, this allows."""
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}
_BEFORE_PORT = re.compile(r"\[([^\]]+)\](?::\d*)?|([^:]+):\d*")
_PROXIES_NOTED = "odd-proxies-noted"
_PROXY_COUNTS = "proxy-counts"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
FOR_ALL_SITES = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
"""Headers of what any page of the web may read: it is the same for everybody."""
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}


class ProxyCounts:
    """Counts of one process. The file holds those of its last minutes: of all processes, one's."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE
        self._counts: Counter[int] = Counter()
        self._due = 0.0

    def note(self, count: int) -> None:
        self._counts[count] += 1
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + _EVERY_SECONDS
        counts, self._counts = self._counts, Counter()
        draft = self._path.with_name(f".{_FILE}.{os.getpid()}")
        with suppress(OSError):  # a request is answered all the same
            draft.write_text(json.dumps(counts), "utf-8")
            draft.replace(self._path)


def read_usual_count(folder: Path) -> int | None:
    """Return the commonest count: anybody can send such a header, a balancer's checks have none."""
    try:
        counts = json.loads((folder / _FILE).read_text("utf-8"))
        return int(max(counts, key=counts.__getitem__))
    except (OSError, ValueError):
        return None


def public(view: F) -> F:
    """Mark a view as open to everybody; every other one must stand behind a guard."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def even_time(view: F) -> F:
    """Mark a view whose answer, once it has written, takes as long whatever there was before.

    Of an address that is known more is read than of a new one: the page does not tell it, and how
    long it took would. On a busy machine an answer takes longer than this by itself.
    """

    @wraps(view)
    def take(**values: Any) -> object:
        until = time.monotonic() + _EVEN_SECONDS
        answer = view(**values)
        if session := g.get("session"):
            # After the commit: nobody who writes waits for it.
            db.after_commit(session, lambda: sleep(max(0.0, until - time.monotonic())))
        return answer

    return cast(F, take)


def takes_file(most_bytes: int) -> Callable[[F], F]:
    """Mark a view whose form may hold a file of so many bytes; others take forms alone.

    Where files cannot be kept now, the form is shown again as it was typed (`DeskForm.validate`):
    the view runs once more, so before it validates it may do nothing but read.
    """

    def mark(view: F) -> F:
        @wraps(view)
        def take(**values: Any) -> object:
            try:
                return view(**values)
            except (FilesAway, OSError) as problem:
                if isinstance(problem, OSError) and problem.errno not in _NO_ROOM:
                    raise
                wants_json = request.accept_mimetypes.best == "application/json"
                if request.method in _READING or wants_json:
                    raise  # a phone sends again by itself what is no answer
                _LOG.error("no file kept: %s at %s", type(problem).__name__, place_of(problem))
                db.session().rollback()
                g.files_away = True
                return view(**values)

        take.most_bytes = most_bytes + MAX_BODY_BYTES  # type: ignore[attr-defined]
        return cast(F, take)

    return mark


def private_page(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def origins_of(hosts: Iterable[str]) -> str:
    return " ".join(f"https://{host}" for host in hosts)


def framed_by(hosts: Iterable[str]) -> dict[str, str]:
    """Return headers of a page that these hosts may show in a frame; all others may not."""
    policy = _POLICY.replace("frame-ancestors 'none'", f"frame-ancestors {origins_of(hosts)}")
    return {"Content-Security-Policy": policy, "Cross-Origin-Resource-Policy": "cross-origin"}


def with_worker() -> dict[str, str]:
    """Return headers of a page that has a service worker of its own."""
    return {"Content-Security-Policy": f"{_POLICY}; worker-src 'self'"}


def same_origin() -> None:
    """Refuse (403) a form that another site sent. Public pages use no cookies, hence no tokens."""
    if request.method in _READING:
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site != "same-origin":
        abort(403)
    source = request.headers.get("Origin") or request.headers.get("Referer")
    if source == "null":
        # Our pages send no Referer, so browsers keep the Origin to themselves as well. Those that
        # are too old to say where a form came from (Safari before 16.4) are taken at their word:
        # a public form carries no rights that another site could borrow, a staff form its token.
        return
    if source is not None and _host_of(source) != request.host:
        abort(403)


def request_networks(*, ipv4_prefix: int = 32) -> Networks:
    """Return from where the request comes: what a limit counts it against."""
    return networks_of(request.remote_addr or "", ipv4_prefix=ipv4_prefix)


def _host_of(address: str) -> str:
    try:
        return urlsplit(address).netloc
    except ValueError:  # `http://[`
        return ""


def init_app(app: Flask, settings: Settings) -> None:
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_BODY_BYTES,
        MAX_FORM_PARTS=MAX_FORM_FIELDS,
        SESSION_COOKIE_NAME="__Host-session" if settings.secure else "session",
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        TRUSTED_HOSTS=_own_names(settings),
    )
    if settings.mode == "production":
        app.extensions[_PROXY_COUNTS] = ProxyCounts(settings.folder)
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = _WithoutPort(app.wsgi_app)  # type: ignore[method-assign]
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=count, x_proto=count, x_host=0
        )
    app.wsgi_app = _AtTheRoot(app.wsgi_app, _own_names(settings)[0])  # type: ignore[method-assign]
    app.before_request(_note_odd_proxies)
    app.before_request(_allow_file)
    app.before_request(_refuse_malformed)
    app.before_request(_refuse_unreadable_form)
    app.after_request(_add_headers)


def find_odd_proxies() -> int | None:
    """Return how many proxies say that this request came through them, if not as many as are set.

    With fewer, everybody has the last proxy's address; with more, the one of a proxy.
    """
    count = _count_proxies()
    return count if count != current_settings().trusted_proxies else None


def _count_proxies() -> int:
    header = request.headers.get("X-Forwarded-For", "")
    return sum(1 for address in header.split(",") if address.strip())


def _note_odd_proxies() -> None:
    if request.path in PROBES:
        return
    counts: ProxyCounts | None = current_app.extensions.get(_PROXY_COUNTS)
    if counts is not None:
        counts.note(_count_proxies())
    count = find_odd_proxies()
    if count is None or _PROXIES_NOTED in current_app.extensions:
        return
    current_app.extensions[_PROXIES_NOTED] = True
    _LOG.warning(
        "a request came with %s addresses in X-Forwarded-For, trusted_proxies is %s: see Today",
        count,
        current_settings().trusted_proxies,
    )


class _WithoutPort:
    """Some proxies write `203.0.113.2:50123`: no address, so that everybody would be one place."""

    def __init__(self, inner: "WSGIApplication") -> None:
        self.inner = inner

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if match := _BEFORE_PORT.fullmatch(environ.get("REMOTE_ADDR", "").strip()):
            environ["REMOTE_ADDR"] = match[1] or match[2]
        return self.inner(environ, start_response)


class _AtTheRoot:
    """We serve at the root of our host; a prefix that a request claims would be in every link."""

    def __init__(self, inner: "WSGIApplication", own_host: str) -> None:
        self.inner = inner
        self.own_host = own_host

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        environ["SCRIPT_NAME"] = ""
        if environ.get("PATH_INFO") in PROBES:
            environ["HTTP_HOST"] = self.own_host
        return self.inner(environ, start_response)


def _own_names(settings: Settings) -> list[str]:
    """Return the names under which a request may ask for us; a forged Host is a 400."""
    if settings.mode == "development":
        return ["127.0.0.1", "localhost", "[::1]"]
    return [urlsplit(settings.base_url).hostname or ""]


def _allow_file() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    most = getattr(view, "most_bytes", None)
    if most is not None:
        request.max_content_length = most


def _refuse_malformed() -> None:
    """Refuse (400) bytes that are no text, and NUL, before anything reads them."""
    raw = request.environ.get("QUERY_STRING", "") + request.environ.get("PATH_INFO", "")
    if "\0" in raw or "%00" in raw:
        abort(400)
    try:
        request.environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8")
        unquote_to_bytes(request.environ.get("QUERY_STRING", "")).decode("utf-8")
    except UnicodeError:
        abort(400)


def _refuse_unreadable_form() -> None:
    """Refuse too many fields (413), or bytes that are no UTF-8 (400), before they are parsed."""
    if request.method in _READING or request.mimetype != "application/x-www-form-urlencoded":
        return
    raw = request.get_data()
    if raw.count(b"&") >= MAX_FORM_FIELDS:
        abort(413)
    if b"%" in raw or not raw.isascii():
        try:
            unquote_to_bytes(raw).decode()
        except UnicodeDecodeError:
            abort(400)


def refuse_nul() -> None:
    """Refuse (400) a form that holds NUL anywhere: PostgreSQL can neither keep nor look for it."""
    files = ((name, file.filename or "") for name, file in request.files.items(multi=True))
    for name, value in (*request.form.items(multi=True), *files):
        if "\0" in name or "\0" in value:
            abort(400)


def _add_headers(response: Response) -> Response:
    """Add what the answer does not say itself, in one pass: `setdefault` looks through all."""
    present = {name.lower() for name, _value in response.headers}
    wanted = dict(_HEADERS)
    if response.status_code >= 400:
        wanted["Cache-Control"] = "no-store"
    if current_settings().secure:
        wanted["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
    response.headers.extend(
        (name, value) for name, value in wanted.items() if name.lower() not in present
    )
    return response
