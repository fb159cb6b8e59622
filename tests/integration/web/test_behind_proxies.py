"""What a request may claim about its host, its address and its way, with proxies and without."""

import logging
import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from campaign import close_app, create_app
from campaign.commands import doctor
from campaign.core.settings import Settings
from campaign.models.staff import Role
from campaign.web.security import read_usual_count
from tests.factories import STAFF_PASSWORD, make_staff_user, sign_in

SITE = "https://letters.example.org"
Serve = Callable[[int], Flask]


@pytest.fixture
def serve(settings: Settings) -> Iterator[Serve]:
    """Serve as in production, behind so many proxies."""
    apps: list[Flask] = []

    def make(proxies: int) -> Flask:
        changes = {"mode": "production", "base_url": SITE, "trusted_proxies": proxies}
        app = create_app(settings.model_copy(update=changes))
        app.testing = True
        app.add_url_rule("/en/whoami", view_func=lambda lang=None: request.remote_addr or "")
        apps.append(app)
        return app

    yield make
    for app in apps:
        close_app(app)


def _client(app: Flask) -> FlaskClient:
    client = app.test_client()
    client.environ_base["REMOTE_ADDR"] = "192.0.2.9"
    return client


@pytest.mark.parametrize("proxies", [0, 1, 2])
def test_a_forged_host_is_refused_or_in_no_link(serve: Serve, proxies: int) -> None:
    client = _client(serve(proxies))
    assert client.get("/en/", base_url="https://evil.example").status_code == 400
    assert client.get("/en/", base_url=f"{SITE}.evil.example").status_code == 400
    forged = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example;proto=http"}
    forged |= {"X-Forwarded-Prefix": "/evil.example", "X-Forwarded-Port": "666"}
    page = client.get("/en/", base_url=SITE, headers=forged)
    assert page.status_code == 200
    assert "evil" not in page.text
    assert "666" not in page.text


@pytest.mark.parametrize(
    ("proxies", "sent", "address"),
    [
        (0, "203.0.113.1", "192.0.2.9"),
        (0, "203.0.113.1, 203.0.113.2", "192.0.2.9"),
        (1, "203.0.113.2", "203.0.113.2"),
        (1, "6.6.6.6, 203.0.113.2", "203.0.113.2"),
        (2, "6.6.6.6, 203.0.113.1, 203.0.113.2", "203.0.113.1"),
        (2, "203.0.113.2", "192.0.2.9"),
        (1, "203.0.113.2:50123", "203.0.113.2"),
        (1, "6.6.6.6, [2001:db8::2]:443", "2001:db8::2"),
        (2, "203.0.113.1:50123, 203.0.113.2", "203.0.113.1"),
        (1, "2001:db8::2", "2001:db8::2"),
    ],
)
def test_an_address_counts_only_where_a_proxy_of_ours_says_it(
    serve: Serve, proxies: int, sent: str, address: str
) -> None:
    client = _client(serve(proxies))
    headers = {"X-Forwarded-For": sent}
    assert client.get("/en/whoami", base_url=SITE, headers=headers).text == address


@pytest.mark.both_engines
@pytest.mark.parametrize("proxies", [0, 1])
@pytest.mark.parametrize("target", ["//evil.example", "/\\evil.example", "https:evil.example"])
def test_next_leads_nowhere_else_whatever_the_proxies(
    serve: Serve, session: Session, proxies: int, target: str
) -> None:
    make_staff_user(session, Role.STAFF, email="noor@example.org", password=True)
    session.commit()
    client = _client(serve(proxies))
    headers = {"X-Forwarded-For": "203.0.113.2", "X-Forwarded-Host": "evil.example"}
    data = {"email": "noor@example.org", "password": STAFF_PASSWORD, "next": target}
    page = client.get(
        "/desk/sign-in", query_string={"next": target}, base_url=SITE, headers=headers
    )
    assert "evil" not in page.text
    data["csrf_token"] = re.findall('name="csrf_token" [^>]*value="([^"]+)"', page.text)[0]
    headers["Origin"] = SITE
    answer = client.post("/desk/sign-in", base_url=SITE, headers=headers, data=data)
    assert (answer.status_code, answer.location) == (303, "/desk/")
    away = client.get("/desk/staff", base_url=SITE, headers={"Host": "evil.example"})
    assert away.status_code == 400


def test_proxies_that_are_not_as_set_are_logged_once_without_an_address(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    client = _client(serve(1))
    with caplog.at_level(logging.WARNING):
        client.get("/en/", base_url=SITE, headers={"X-Forwarded-For": "203.0.113.2"})
        assert caplog.messages == []
        for _ in range(3):
            client.get("/en/", base_url=SITE, headers={"X-Forwarded-For": "6.6.6.6, 203.0.113.2"})
            client.get("/en/", base_url=SITE)
    [message] = caplog.messages
    assert "came with 2 addresses in X-Forwarded-For, trusted_proxies is 1" in message
    assert "203.0.113.2" not in message


def test_the_doctor_tells_with_how_many_most_requests_come(
    serve: Serve, settings: Settings
) -> None:
    """Not one forged header alone, nor the checks of a balancer."""
    client = _client(serve(1))
    assert read_usual_count(settings.folder) is None
    client.get("/en/", base_url=SITE, headers={"X-Forwarded-For": "203.0.113.2"})
    assert read_usual_count(settings.folder) == 1
    for proxies, times in ((0, 2), (2, 5), (7, 1)):
        header = {"X-Forwarded-For": ", ".join(["203.0.113.2"] * proxies)}
        for _ in range(times):
            client.get("/en/", base_url=SITE, headers=header)
    assert read_usual_count(settings.folder) == 1, "it is written down now and then"
    application = client.application
    application.extensions["proxy-counts"]._due = 0.0
    client.get("/en/", base_url=SITE)
    assert read_usual_count(settings.folder) == 2
    assert "203.0.113.2" not in (settings.folder / "proxies.seen").read_text()
    with application.app_context():
        sentences = list(doctor._settings())
    expected = "have 2 addresses in X-Forwarded-For, but trusted_proxies is 1"
    assert any(expected in sentence for sentence in sentences)


NOT_AS_SET = "The setting trusted_proxies is wrong"


def test_today_tells_admins_of_proxies_that_are_not_as_set(app: Flask) -> None:
    passed = {"X-Forwarded-For": "203.0.113.2"}
    admin = app.test_client()
    sign_in(admin, app, Role.ADMIN)
    assert NOT_AS_SET not in admin.get("/desk/today").text
    assert NOT_AS_SET in admin.get("/desk/today", headers=passed).text
    organizer = app.test_client()
    sign_in(organizer, app, Role.ORGANIZER)
    assert NOT_AS_SET not in organizer.get("/desk/today", headers=passed).text
