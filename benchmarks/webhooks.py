"""What a webhook costs who signs and confirms, and how fast 10,000 confirmations leave.

Signing and confirming are measured with the webhook on or off by chance, on both databases:
the median of processor time, which what else runs on the machine hardly changes.
"""

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from typing import Any

from benchmarks.desk import new_database

SLOWER = 1.05
"""How many times as long signing and confirming may take."""
SECONDS = 60
"""In which the confirmations must have left."""
_TRIES = 1_200
_FORM = {
    "given_name": "Ana",
    "locality": "Ottawa",
    "region": "ON",
    "postal_code": "K1P 1A4",
    "country": "CA",
    "own_words": "I am a nurse, and I know what it means to rely on somebody at night.",
    "points": "restore-escorts",
    "disclosure": "town",
}
_LIMITS = ("signings_per_hour", "burst_per_network", "burst_per_campaign")
_Timed = Callable[[int], None]


class _Listener(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_of: object) -> None:
        pass


def _listen(ports: Any) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Listener)
    ports.put(server.server_port)
    server.serve_forever()


def measure(database: str, count: int) -> list[tuple[str, str, bool]]:
    from campaign import close_app, create_app
    from campaign.demo.load_demo import load_demo

    spawn = get_context("spawn")
    ports = spawn.Queue()
    listener = spawn.Process(target=_listen, args=(ports,), daemon=True)
    listener.start()
    with new_database(database) as settings:
        changes = dict.fromkeys(_LIMITS, 10**9) | {"outgoing_hosts": ["127.0.0.1"]}
        app = create_app(settings.model_copy(update=changes))
        try:
            with app.app_context():
                load_demo()
                endpoint_id = _add_endpoint(f"http://127.0.0.1:{ports.get()}/")
                rows = list(_compare(app, endpoint_id))
                return [*rows, _send(endpoint_id, count)]
        finally:
            close_app(app)
            listener.kill()
            listener.join()


def _add_endpoint(address: str) -> int:
    from campaign.core import db
    from campaign.models.webhook import WebhookEndpoint
    from campaign.webhooks.endpoints import KINDS

    with db.transaction() as session:
        endpoint = WebhookEndpoint(
            address=address, secret="whsec_AAAA", events=[kind.value for kind in KINDS]
        )
        session.add(endpoint)
        session.flush()
        return endpoint.id


def _compare(app: Any, endpoint_id: int) -> list[tuple[str, str, bool]]:
    from campaign.core import db
    from campaign.models.webhook import EndpointState, WebhookEndpoint

    client, links = app.test_client(), iter(list[str]())
    chance = random.Random(7)

    def sign(number: int) -> None:
        form = _FORM | {"family_name": f"Nr {number}", "email": f"bench-{number}@example.org"}
        assert client.post("/en/actions/ua-58-20/sign", data=form).status_code == 303

    def confirm(_number: int) -> None:
        assert client.post(next(links)).status_code == 303

    def run(action: _Timed) -> dict[EndpointState, float]:
        times: dict[EndpointState, list[float]] = {EndpointState.OFF: [], EndpointState.READY: []}
        for number in range(_TRIES):
            state = chance.choice(list(times))
            with db.transaction() as session:
                db.update_row(session, WebhookEndpoint, endpoint_id, state=state)
            begin = time.thread_time()
            action(number)
            times[state].append(time.thread_time() - begin)
        return {state: statistics.median(taken) for state, taken in times.items()}

    rows = []
    for name, action in (("sign", sign), ("confirm", confirm)):
        if action is confirm:
            links = iter(_list_links())
        medians = run(action)
        off, on = medians[EndpointState.OFF], medians[EndpointState.READY]
        figure = f"{off * 1000:.2f} ms, with a webhook {on * 1000:.2f} ms ({on / off:.3f}x)"
        rows.append((name, figure, on / off < SLOWER))
    return rows


def _list_links() -> list[str]:
    import json

    from sqlalchemy import select

    from campaign.core import db
    from campaign.mail.messages import OutboxMail

    with db.reading() as session:
        mails = session.scalars(
            select(OutboxMail.context).where(OutboxMail.kind == "confirm-letter")
        )
        links = [str(json.loads(context or "{}").get("link", "")) for context in mails]
    return ["/" + link.split("/", 3)[3] for link in links if link]


def _send(endpoint_id: int, count: int) -> tuple[str, str, bool]:
    from sqlalchemy import func, select

    from campaign.core import db, jobs
    from campaign.core.announcements import announce
    from campaign.models.webhook import (
        EndpointState,
        EventKind,
        PostState,
        WebhookEndpoint,
        WebhookEvent,
        WebhookPost,
    )

    consents = {"delivery": True, "news": True, "network": False}
    with db.transaction() as session:
        db.update_row(session, WebhookEndpoint, endpoint_id, state=EndpointState.READY)
        there = session.scalar(select(func.count(WebhookEvent.id))) or 0
        for number in range(count - there):
            kind, now = EventKind.SIGNATURE_CONFIRMED, db.utcnow()
            announce(session, kind, now=now, signature=f"bench-{number}", consents=consents)
    begin = time.perf_counter()
    jobs.run_now("webhooks.send")
    seconds = time.perf_counter() - begin
    with db.reading() as session:
        taken = WebhookPost.state == PostState.SENT, WebhookPost.endpoint_id == endpoint_id
        sent = session.scalar(select(func.count(WebhookPost.id)).where(*taken)) or 0
    figure = f"{sent:,} in {seconds:.1f} s, {sent / seconds:,.0f}/s"
    return "webhooks leave", figure, sent >= count and seconds < SECONDS


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.webhooks", description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--databases", default="sqlite,postgresql")
    chosen = parser.parse_args()
    met = True
    for database in chosen.databases.split(","):
        for name, figure, kept in measure(database, chosen.count):
            print(f"{database:<12} {name:<16} {figure:<56} {'' if kept else 'NOT MET'}".rstrip())
            met = met and kept
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
