"""Bytes that travel compressed: what is sent often is compressed once, not at each request.

Only what is the same for everybody goes through here. A page with a secret beside what somebody
typed would tell the secret by its length.
"""

import gzip
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

_WORTH_IT = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def zipped(body: bytes) -> bytes:
    """`body` as gzip; the same bytes for the same body."""
    return gzip.compress(body, 9, mtime=0)


def takes_gzip() -> bool:
    """Whether who asks can read gzip."""
    accepted = str(request.environ.get("HTTP_ACCEPT_ENCODING", ""))
    return "gzip" in accepted and "gzip;q=0" not in accepted


def compress(response: Response) -> Response:
    """A small public response, compressed where that is understood."""
    response.vary.add("Accept-Encoding")
    if takes_gzip():
        response.set_data(zipped(response.get_data()))
        response.headers["Content-Encoding"] = "gzip"
    return response


def init_app(app: Flask) -> None:
    """Send style sheets and scripts compressed, from memory."""
    app.view_functions["static"] = _static


def _static(filename: str) -> Response:
    kind = _WORTH_IT.get(Path(filename).suffix)
    if kind is None or not takes_gzip() or "Range" in request.headers:
        response = current_app.send_static_file(filename)
        if kind is not None:
            response.vary.add("Accept-Encoding")
        return response
    found = safe_join(str(current_app.static_folder), filename)
    if found is None or not Path(found).is_file():
        raise NotFound
    response = Response(_zipped_file(Path(found), Path(found).stat().st_mtime_ns), mimetype=kind)
    response.headers["Content-Encoding"] = "gzip"
    response.vary.add("Accept-Encoding")
    response.cache_control.public = True
    response.cache_control.max_age = current_app.get_send_file_max_age(filename)
    response.add_etag()
    response.make_conditional(request)
    return response


@lru_cache(maxsize=64)
def _zipped_file(path: Path, _changed: int) -> bytes:
    return zipped(path.read_bytes())
