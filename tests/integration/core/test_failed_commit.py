"""Work that cannot be committed ends in a page, and a log that quotes nobody."""

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import Session
from structlog.testing import capture_logs


@pytest.fixture
def like_in_production(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.setattr(app, "testing", False)
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    return app


def test_a_failed_commit_logs_no_link_no_name_and_no_traceback(
    like_in_production: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_session: Session) -> None:
        raise ValueError("Plantina Namelosa")

    event.listen(Session, "before_commit", fail)
    try:
        client = like_in_production.test_client()
        with capture_logs() as events:
            answer = client.post("/en/my-letters", data={"email": "plantina@example.org"})
    finally:
        event.remove(Session, "before_commit", fail)
    assert answer.status_code == 500
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    [failure] = [event for event in events if event["log_level"] == "error"]
    assert failure["problem"].startswith("ValueError at ")
    logged = f"{events} {caplog.text}"
    for planted in ("Plantina", "plantina", "Traceback", "/en/my-letters"):
        assert planted not in logged
