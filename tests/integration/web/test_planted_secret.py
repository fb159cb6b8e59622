"""What somebody sends stands in no log and on no error page, wherever in a request it was."""

import logging
import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import Session
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from campaign.core.settings import Settings

SECRET = "Plantina-s3cret"
_HEADERS = (
    "Accept-Language", "Authorization", "Cookie", "Forwarded", "If-None-Match", "User-Agent",
    "X-Forwarded-For", "X-Request-Id",
)  # fmt: skip
HEADERS = dict.fromkeys(_HEADERS, SECRET)
BODY = dict.fromkeys(("email", "given_name", "own_words", "csrf_token", SECRET), SECRET)
OTHER_SITE = {"Origin": f"https://{SECRET}.example", "Referer": f"https://{SECRET}.example/"}
SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
REQUESTS: dict[str, tuple[int, str, str, dict[str, str]]] = {
    "a page that is not there": (404, "GET", f"/en/{SECRET}?q={SECRET}", {}),
    "a letter's link that is none": (404, "GET", f"/en/letter/{SECRET}?q={SECRET}", {}),
    "a link of the network that is none": (404, "POST", f"/en/network/{SECRET}/confirm", {}),
    "bytes that are no text": (400, "GET", f"/en/?q={SECRET}%ff", {}),
    "a form of another site": (403, "POST", f"/en/my-letters?q={SECRET}", OTHER_SITE),
    "a verb that is not taken": (405, "DELETE", f"/en/letter/{SECRET}?q={SECRET}", {}),
    "too much of it": (413, "POST", f"/en/my-letters?q={SECRET}", {}),
    "a form of the desk without its token": (400, "POST", f"/desk/sign-in?next={SECRET}", {}),
    "a failed commit": (500, "POST", f"/en/my-letters?q={SECRET}", {}),
    "too often": (429, "POST", f"/en/my-letters?q={SECRET}", {}),
}


@pytest.fixture
def serve(
    app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], TestResponse]:
    """Serve one of these as in production."""
    monkeypatch.setattr(app, "testing", False)
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)

    def fail(_session: Session) -> None:
        raise ValueError(SECRET)

    def run(name: str) -> TestResponse:
        status, verb, address, more = REQUESTS[name]
        if status == 429:
            changed = settings.model_copy(update={"links_per_hour": 0})
            monkeypatch.setitem(app.extensions, "settings", changed)
        if status == 500:
            event.listen(Session, "before_commit", fail)
        body = None if verb in {"GET", "DELETE"} else BODY | {"email": f"{SECRET}@example.org"}
        if body and status == 413:
            body["own_words"] = SECRET * 50_000
        try:
            return app.test_client().open(
                address,
                method=verb,
                data=body,
                headers=HEADERS | more,
                base_url="http://127.0.0.1:5000",
            )
        finally:
            if status == 500:
                event.remove(Session, "before_commit", fail)

    return run


@pytest.mark.parametrize("name", REQUESTS)
def test_it_is_in_no_log_and_on_no_error_page(
    serve: Callable[[str], TestResponse],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    name: str,
) -> None:
    with caplog.at_level(logging.DEBUG), capture_logs() as events:
        answer = serve(name)
    assert answer.status_code == REQUESTS[name][0]
    assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert {name: answer.headers.get(name) for name in SAFE} == SAFE
    out, err = capfd.readouterr()
    ours = [
        record.getMessage() for record in caplog.records if not record.name.startswith("asyncio")
    ]
    # Links of a page to itself, in another language, say what stands in the address anyway.
    page = re.sub(r'href="[^"]*"', "", answer.text)
    for place in (page, str(answer.headers), str(events), out, err, *ours):
        assert SECRET.casefold() not in place.casefold()
