"""The sender: posts what waits to each endpoint, a batch for each lease, over connections it keeps.

One worker at a time sends to an endpoint. What a worker that died had sent and not written down is
sent again with the same id: receivers know it by that. An endpoint that takes nothing is tried with
one post, ever more rarely; meanwhile nothing is given up, and after `webhook_failure_days` it is
turned off. A single post that it refuses while it takes others fails after some tries.
"""

import threading
import time
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue

import structlog
from flask import current_app
from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session
from standardwebhooks import Webhook

from campaign.core import audit, clock, db, jobs
from campaign.core.db.batches import read_each
from campaign.core.db.leases import Lease, LeasedRow
from campaign.core.outgoing_http import Limits, OutgoingFailed, OutgoingHttp, open_http, rest_of
from campaign.core.sealing import WrongKey
from campaign.core.settings import current_settings
from campaign.mail.sender import RETRY_MINUTES
from campaign.models.webhook import (
    EndpointState,
    PostState,
    WebhookEndpoint,
    WebhookEvent,
    WebhookPost,
)
from campaign.webhooks.events import share_events
from campaign.webhooks.mails import tell_admins

log = structlog.get_logger()

_ENDPOINTS = Lease(WebhookEndpoint, held=EndpointState.SENDING, waiting=(EndpointState.READY,))
_BATCH = 200
_SECONDS = 20.0
"""For which a run sends, and after which no endpoint's turn begins: those that are slow with each
post would hold up all other work."""
_SERVED_LAST = "webhooks_served_last"
_CONNECTIONS = 8  # to one endpoint at once
_LIMITS = Limits(connect_seconds=5, whole_seconds=15, answer_bytes=64 * 1024)
_GONE = "410"  # by the specification: send no more
_OF_ENDPOINT = {_GONE, "429"}


@dataclass(frozen=True, slots=True)
class _Message:
    post_id: int
    attempts: int
    message_id: str
    body: str


@dataclass(frozen=True, slots=True)
class _Sent:
    message: _Message
    answer: str
    """The status, or why there was none."""
    rest: int = 0
    """Seconds that it asked for."""

    @property
    def is_taken(self) -> bool:
        return self.answer.startswith("2")

    @property
    def is_of_endpoint(self) -> bool:
        """Whether the next post would fare no better."""
        answered = self.answer.isdigit()
        return not answered or self.answer.startswith("5") or self.answer in _OF_ENDPOINT


@jobs.job("webhooks.send", every_minutes=1)
def send_due() -> None:
    """Send to every endpoint in turn, a batch each, until nothing is due or the time is over.

    The next run goes on with the one that was served longest ago.
    """
    share_events()
    until, failed = time.monotonic() + _SECONDS, set[int]()
    while endpoints := set(_list_due()) - failed:
        for endpoint_id in _sort_by_turn(endpoints):
            current_app.extensions[_SERVED_LAST] = endpoint_id
            try:
                _send_batch(endpoint_id, until)
            except Exception as problem:
                # One whose secret does not open, say, must not hold up the others.
                kind = type(problem).__name__
                log.error("webhook not sent", endpoint=endpoint_id, problem=kind)
                failed.add(endpoint_id)
                if isinstance(problem, WrongKey):
                    _note_unreadable(endpoint_id)
            if time.monotonic() > until:
                return


def _sort_by_turn(endpoints: Collection[int]) -> list[int]:
    last: int = current_app.extensions.get(_SERVED_LAST, 0)
    return sorted(endpoints, key=lambda endpoint_id: (endpoint_id <= last, endpoint_id))


def _note_unreadable(endpoint_id: int) -> None:
    is_new = WebhookEndpoint.failing_since.is_(None)
    with db.transaction() as session:
        db.update_row(session, WebhookEndpoint, endpoint_id, is_new, failing_since=db.utcnow())


@jobs.job("webhooks.forget", every_minutes=60)
def forget() -> None:
    """Delete what happened longer ago than `webhook_log_days`, whether or not it was taken."""
    before = db.utcnow() - timedelta(days=current_settings().webhook_log_days)
    with db.transaction() as session:
        db.delete_rows(session, WebhookEvent, WebhookEvent.created_at < before)


def _list_due() -> Sequence[int]:
    due = exists().where(WebhookPost.endpoint_id == WebhookEndpoint.id, *_is_due())
    with db.reading() as session:
        return session.scalars(select(WebhookEndpoint.id).where(_ENDPOINTS.is_due(), due)).all()


def _is_due() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return WebhookPost.state == PostState.WAITING, WebhookPost.due_at <= db.utcnow()


def _send_batch(endpoint_id: int, until: float) -> None:
    with db.transaction() as session:
        row = _ENDPOINTS.claim(session, endpoint_id)
        if row is None:
            return
        endpoint = session.get_one(WebhookEndpoint, endpoint_id)
        # One that takes nothing is asked with a single post whether it does again.
        messages, damaged = _load_messages(session, endpoint, 1 if endpoint.failures else _BATCH)
        address, signer = endpoint.address, Webhook(endpoint.secret)
    with _ENDPOINTS.keep_alive(row):
        results = _post_all(address, signer, messages, until)
    with db.transaction() as session:
        _record(session, row, results, damaged)


def _load_messages(
    session: Session, endpoint: WebhookEndpoint, limit: int
) -> tuple[list[_Message], list[int]]:
    """Return what to send now, and which posts of it do not open."""
    due = session.scalars(
        select(WebhookPost.id)
        .where(WebhookPost.endpoint_id == endpoint.id, *_is_due())
        .order_by(WebhookPost.due_at, WebhookPost.id)
        .limit(limit)
    ).all()
    query = select(
        WebhookPost.id, WebhookPost.attempts, WebhookEvent.public_id, WebhookEvent.body
    ).join(WebhookEvent)
    rows = list(read_each(session, query, WebhookPost.id, due))
    return [_Message(*row) for _id, row in rows if row], [key for key, row in rows if not row]


def _post_all(
    address: str, signer: Webhook, messages: Sequence[_Message], until: float
) -> list[_Sent]:
    """Post them over several connections, until one shows that it is of no use now."""
    waiting: SimpleQueue[_Message] = SimpleQueue()
    for message in messages:
        waiting.put(message)
    is_down = threading.Event()

    def post_some(http: OutgoingHttp) -> list[_Sent]:
        results = []
        with http, suppress(Empty):
            while not is_down.is_set():
                sent = _post(http, address, signer, waiting.get_nowait())
                results.append(sent)
                if sent.is_of_endpoint or time.monotonic() > until:
                    is_down.set()
        return results

    connections = [open_http(_LIMITS) for _ in messages[:_CONNECTIONS]]
    with ThreadPoolExecutor(max_workers=_CONNECTIONS) as pool:
        return [sent for some in pool.map(post_some, connections) for sent in some]


def _post(http: OutgoingHttp, address: str, signer: Webhook, message: _Message) -> _Sent:
    now = db.utcnow()
    headers = {
        "Content-Type": "application/json",
        "webhook-id": message.message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signer.sign(message.message_id, now, message.body),
    }
    try:
        answer = http.send("POST", address, headers=headers, body=message.body.encode())
    except OutgoingFailed as problem:
        # It was taken where a good status came, whatever followed it.
        is_taken = problem.answered is not None and 200 <= problem.answered < 300
        return _Sent(message, str(problem.answered) if is_taken else problem.slug)
    return _Sent(message, str(answer.status), rest_of(answer))


def _record(
    session: Session, row: LeasedRow, results: Sequence[_Sent], damaged: Sequence[int]
) -> None:
    now = db.utcnow()
    taken = [sent for sent in results if sent.is_taken]
    for answer in {sent.answer for sent in taken}:
        ids = [sent.message.post_id for sent in taken if sent.answer == answer]
        _end_posts(session, ids, PostState.SENT, answer, now)
    _end_posts(session, damaged, PostState.FAILED, "unreadable", now)
    refused = [sent for sent in results if not sent.is_taken]
    for sent in refused:
        attempts = sent.message.attempts + 1
        if taken and attempts > len(RETRY_MINUTES):
            _end_posts(session, [sent.message.post_id], PostState.FAILED, sent.answer, now)
        else:
            due = now + _wait_after(attempts)
            values = {"attempts": attempts, "due_at": due, "answer": sent.answer}
            db.update_row(session, WebhookPost, sent.message.post_id, **values)
    if taken or not refused:
        values = {"failures": 0, "failing_since": None} if taken else {}
        _ENDPOINTS.finish(session, row, state=EndpointState.READY, **values)
    else:
        _let_rest(session, row, refused, now)


def _end_posts(
    session: Session, ids: Sequence[int], state: PostState, answer: str, now: datetime
) -> None:
    values = {"state": state, "answer": answer, "due_at": clock.cut_to_hour(now)}
    ended = WebhookPost.id.in_(ids)
    db.update_rows(session, WebhookPost, ended, attempts=WebhookPost.attempts + 1, **values)


def _wait_after(attempts: int) -> timedelta:
    return timedelta(minutes=RETRY_MINUTES[min(attempts, len(RETRY_MINUTES)) - 1])


def _let_rest(session: Session, row: LeasedRow, refused: Sequence[_Sent], now: datetime) -> None:
    """Leave an endpoint that took nothing alone for a while, or turn it off."""
    endpoint = session.get(WebhookEndpoint, row.row_id)
    if endpoint is None:
        return  # it was deleted meanwhile
    since, failures = endpoint.failing_since or now, endpoint.failures + 1
    values = {"failures": failures, "failing_since": since}
    is_gone = any(sent.answer == _GONE for sent in refused)
    days = current_settings().webhook_failure_days
    if not is_gone and now - since < timedelta(days=days):
        rest = max(_wait_after(failures), timedelta(seconds=max(sent.rest for sent in refused)))
        _ENDPOINTS.give_back(session, row, rest, state=EndpointState.READY, **values)
    elif _ENDPOINTS.finish(session, row, state=EndpointState.BROKEN, **values):
        audit.record(session, "job:webhooks.send", "webhook.disable", endpoint, days=days)
        tell_admins(session, endpoint, gone=is_gone)
