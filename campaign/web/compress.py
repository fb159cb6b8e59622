"""Bytes that travel compressed: what is sent often is compressed once, not at each request.

Only what is the same for everybody goes through here. A page with a secret beside what somebody
typed would tell the secret by its length.
"""

import gzip
from functools import lru_cache
from pathlib import Path

import brotli
from flask import Flask, Response, current_app, request
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

from campaign.web.security import FOR_ALL_SITES

_WORTH_IT = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_CODINGS = ("br", "gzip")
_QUICK, _SMALL = 5, 11
"""Qualities of brotli: as quick as gzip and a tenth smaller; or a hundred times slower, for files
that are compressed once in a process."""


def accepted_coding() -> str:
    """Return in which coding who asks wants bytes: `br`, `gzip`, or "" for as they are."""
    accepted = request.accept_encodings
    coding = max(_CODINGS, key=accepted.quality)  # of equals the first
    quality = accepted.quality(coding)
    plain = accepted.quality("identity") if "identity" in accepted.values() else 0
    return coding if quality > 0 and quality >= plain else ""


def encode(body: bytes, coding: str, *, quality: int = _QUICK) -> bytes:
    """Return `body` in a coding; the same bytes for the same body."""
    if coding == "br":
        return bytes(brotli.compress(body, quality=quality))
    return gzip.compress(body, 9, mtime=0) if coding == "gzip" else body


def compress(response: Response) -> Response:
    """Compress a small public response where that is understood."""
    response.vary.add("Accept-Encoding")
    if coding := accepted_coding():
        response.set_data(encode(response.get_data(), coding))
        response.headers["Content-Encoding"] = coding
    return response


def init_app(app: Flask) -> None:
    app.view_functions["static"] = _send_to_all


def _send_to_all(filename: str) -> Response:
    """A file of the pages; also to a frame that a partner's page keeps in a sandbox."""
    response = _send_static(filename)
    response.headers.update(FOR_ALL_SITES)
    return response


def _send_static(filename: str) -> Response:
    kind = _WORTH_IT.get(Path(filename).suffix)
    coding = accepted_coding()
    if kind is None or not coding or "Range" in request.headers:
        response = current_app.send_static_file(filename)
        if kind is not None:
            response.vary.add("Accept-Encoding")
        return response
    joined = safe_join(str(current_app.static_folder), filename)
    if joined is None or not (path := Path(joined)).is_file():
        raise NotFound
    body = _encode_file(path, path.stat().st_mtime_ns, coding)
    response = Response(body, mimetype=kind)
    response.headers["Content-Encoding"] = coding
    response.vary.add("Accept-Encoding")
    response.cache_control.public = True
    response.cache_control.max_age = current_app.get_send_file_max_age(filename)
    response.add_etag()
    response.make_conditional(request)
    return response


@lru_cache(maxsize=128)
def _encode_file(path: Path, _changed: int, coding: str) -> bytes:
    return encode(path.read_bytes(), coding, quality=_SMALL)
