"""Sending: what the Standard Webhooks library verifies, and targets that do not behave."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from standardwebhooks import Webhook, WebhookVerificationError

from campaign.core import db, jobs
from campaign.core.announcements import announce
from campaign.core.audit import AuditEntry
from campaign.core.outgoing_http import Limits
from campaign.mail.messages import OutboxMail
from campaign.mail.sender import RETRY_MINUTES
from campaign.models.staff import Role
from campaign.models.webhook import (
    EndpointState,
    EventKind,
    PostState,
    WebhookEndpoint,
    WebhookEvent,
    WebhookPost,
)
from campaign.webhooks import endpoints
from campaign.webhooks import send as sender
from campaign.webhooks.send import _ENDPOINTS
from tests.factories import make_staff_user
from tests.http_target import Handler, Target, serve
from tests.integration.webhooks.conftest import AddEndpoint, Later, list_posts, send


def tell(session: Session, n: int = 1, kind: EventKind = EventKind.ACTION_OPENED) -> None:
    for number in range(n):
        announce(session, kind, now=db.utcnow(), action=f"ua-{number}")
    session.commit()


def read_again(session: Session, endpoint: WebhookEndpoint) -> WebhookEndpoint:
    session.rollback()
    session.expire_all()
    return session.get_one(WebhookEndpoint, endpoint.id)


def test_the_verifier_of_the_specification_accepts_what_we_send(
    session: Session, target: Target, add_endpoint: AddEndpoint
) -> None:
    endpoint = add_endpoint(f"{target.url}/hook?key=1")
    now = db.utcnow()
    announce(session, EventKind.ACTION_CLOSED, now=now, action="ua-1")
    session.commit()
    send()
    [got] = target.received
    told = Webhook(endpoint.secret).verify(got.body, got.headers)
    assert told == {
        "type": "action.closed",
        "timestamp": now.isoformat().replace("+00:00", "Z"),
        "data": {"action": "ua-1"},
    }
    assert got.path == "/hook?key=1"
    assert got.headers["content-type"] == "application/json"
    assert got.headers["webhook-id"] == session.scalars(select(WebhookEvent.public_id)).one()
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoint.secret).verify(got.body.replace(b"ua-1", b"ua-2"), got.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 44).verify(got.body, got.headers)
    [post] = list_posts(session)
    assert (post.state, post.answer, post.attempts) == (PostState.SENT, "204", 1)


def test_each_endpoint_gets_what_it_is_told_of_once(
    session: Session, target: Target, add_endpoint: AddEndpoint
) -> None:
    add_endpoint(f"{target.url}/all")
    add_endpoint(f"{target.url}/replies", (EventKind.REPLY_PUBLISHED,))
    add_endpoint(f"{target.url}/off", state=EndpointState.OFF)
    tell(session)
    tell(session, kind=EventKind.REPLY_PUBLISHED)
    send()
    send()
    told = sorted((got.path, json.loads(got.body)["type"]) for got in target.received)
    assert told == [
        ("/all", "action.opened"),
        ("/all", "reply.published"),
        ("/replies", "reply.published"),
    ]


def test_what_is_rolled_back_is_told_to_nobody_and_one_deed_is_told_once(
    session: Session, target: Target, add_endpoint: AddEndpoint
) -> None:
    add_endpoint(target.url)
    announce(session, EventKind.ACTION_OPENED, now=db.utcnow(), action="ua-1")
    session.rollback()
    for _ in range(2):
        announce(session, EventKind.ACTION_OPENED, now=db.utcnow(), deed="ua-2", action="ua-2")
        session.commit()
    send()
    assert [json.loads(got.body)["data"] for got in target.received] == [{"action": "ua-2"}]


def test_without_webhooks_nothing_is_written_down(session: Session) -> None:
    tell(session, 3)
    assert session.scalars(select(WebhookEvent)).all() == []


def test_many_go_out_over_few_connections(
    session: Session, target: Target, add_endpoint: AddEndpoint
) -> None:
    add_endpoint(target.url)
    tell(session, 450)
    send()
    ids = {got.headers["webhook-id"] for got in target.received}
    assert len(target.received) == len(ids) == 450
    assert len({got.peer for got in target.received}) <= 3 * 8
    assert {post.state for post in list_posts(session)} == {PostState.SENT}


@pytest.mark.both_engines
def test_two_workers_do_not_send_to_one_endpoint(
    app: Flask, session: Session, target: Target, add_endpoint: AddEndpoint
) -> None:
    endpoint = add_endpoint(target.url)
    tell(session)
    with db.transaction() as other:
        assert _ENDPOINTS.claim(other, endpoint.id)
    send()
    assert target.received == []


@pytest.mark.both_engines
def test_what_a_dead_worker_left_is_sent_later(
    session: Session, target: Target, add_endpoint: AddEndpoint, later: Later
) -> None:
    endpoint = add_endpoint(target.url)
    tell(session)
    with db.transaction() as other:
        _ENDPOINTS.claim(other, endpoint.id)
    later(timedelta(minutes=2))
    send()
    assert len(target.received) == 1


def test_500_for_a_week_loses_nothing_turns_it_off_and_says_so(
    session: Session, add_endpoint: AddEndpoint, later: Later
) -> None:
    admin = make_staff_user(session, Role.ADMIN)
    answers = [500]
    with serve(lambda handler: handler.say(answers[0])) as target:
        endpoint = add_endpoint(target.url)
        tell(session, 20)
        send()
        tries = len(target.received)
        assert tries <= 8  # those under way when the first was refused
        send()
        assert len(target.received) == tries  # it rests
        for minutes in (*RETRY_MINUTES, *[1440] * 8):
            later(timedelta(minutes=minutes))
            send()
        assert read_again(session, endpoint).state is EndpointState.BROKEN
        assert len(target.received) < 40
        assert {post.state for post in list_posts(session)} == {PostState.WAITING}
        before = len(target.received)
        tell(session)  # kept for it all the same
        later(timedelta(days=1))
        send()
        assert len(target.received) == before
        kinds = [(row.kind, row.recipient) for row in session.scalars(select(OutboxMail))]
        assert ("webhook-disabled", admin.email) in kinds
        actions = session.scalars(select(AuditEntry.action)).all()
        assert actions.count("webhook.disable") == 1
        answers[0] = 200
        endpoints.turn_on(session, read_again(session, endpoint), by=admin)
        session.commit()
        send()
    taken = [got.headers["webhook-id"] for got in target.received[before:]]
    assert len(taken) == len(set(taken)) == 21
    assert {post.state for post in list_posts(session)} == {PostState.SENT}
    assert read_again(session, endpoint).failing_since is None


def test_one_post_that_is_refused_holds_up_no_other_and_fails_in_the_end(
    session: Session, add_endpoint: AddEndpoint, later: Later
) -> None:
    def refuse_one(handler: Handler) -> None:
        body = handler.server.target.received[-1].body
        handler.say(422 if b'"ua-0"' in body else 200)

    with serve(refuse_one) as target:
        endpoint = add_endpoint(target.url)
        tell(session)
        for minutes in (0, *RETRY_MINUTES):
            later(timedelta(minutes=minutes))
            announce(session, EventKind.ACTION_OPENED, now=db.utcnow(), action="ua-9")
            session.commit()
            send()
    failed, *others = list_posts(session)
    assert (failed.state, failed.answer) == (PostState.FAILED, "422")
    assert {post.state for post in others} == {PostState.SENT}
    assert read_again(session, endpoint).state is EndpointState.READY


def test_a_redirect_and_a_private_address_are_said_and_not_followed(
    app: Flask, session: Session, target: Target, add_endpoint: AddEndpoint
) -> None:
    def lead(handler: Handler) -> None:
        handler.say(302, Location=target.url)

    with serve(lead) as leading:
        add_endpoint(leading.url)
        # As if its name had led elsewhere when it was added.
        add_endpoint(leading.url).address = "https://localhost/hook"
        tell(session)
        send()
    assert target.received == []
    assert [post.answer for post in list_posts(session)] == ["redirected", "address-private"]
    assert {post.state for post in list_posts(session)} == {PostState.WAITING}


def test_who_hangs_holds_up_no_other(
    session: Session, target: Target, add_endpoint: AddEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "_LIMITS", Limits(2, 0.3))
    with serve(lambda handler: handler.wait() and None) as hanging:
        add_endpoint(hanging.url)
        add_endpoint(target.url)
        tell(session)
        send()
    assert len(target.received) == 1
    assert [post.answer for post in list_posts(session)] == ["too-slow", "204"]


def test_who_takes_its_time_with_each_post_holds_up_nothing_else(
    session: Session, target: Target, add_endpoint: AddEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run has its time: each connection sends what it has begun, and the rest waits."""
    monkeypatch.setattr(sender, "_SECONDS", -1.0)
    monkeypatch.setattr(sender, "_CONNECTIONS", 1)
    add_endpoint(target.url)
    for _ in range(3):
        tell(session)
    for number in (1, 2, 3):
        send()
        assert len(target.received) == number
    assert {post.state for post in list_posts(session)} == {PostState.SENT}


def test_of_several_that_take_their_time_each_run_begins_with_another(
    session: Session, target: Target, add_endpoint: AddEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "_SECONDS", -1.0)
    monkeypatch.setattr(sender, "_CONNECTIONS", 1)
    for number in (1, 2, 3):
        add_endpoint(f"{target.url}/{number}")
    tell(session, 2)
    for number in range(1, 7):
        send()
        assert len(target.received) == number
    assert [got.path for got in target.received] == ["/1", "/2", "/3"] * 2


@pytest.mark.both_engines
def test_one_whose_secret_does_not_open_holds_up_no_other(
    session: Session, target: Target, add_endpoint: AddEndpoint
) -> None:
    damaged = add_endpoint(f"{target.url}/damaged")
    add_endpoint(f"{target.url}/whole")
    tell(session)
    change = "UPDATE webhook_endpoint SET seal_id = address WHERE id = :id"
    session.execute(text(change), {"id": damaged.id})
    session.commit()
    send()
    assert [got.path for got in target.received] == ["/whole"]
    session.rollback()
    failing = WebhookEndpoint.failing_since.is_not(None)
    assert session.scalars(select(WebhookEndpoint.id).where(failing)).all() == [damaged.id]


def test_what_was_taken_before_the_answer_broke_off_is_not_sent_again(
    session: Session, add_endpoint: AddEndpoint
) -> None:
    def say_much(handler: Handler) -> None:
        handler.say(200, b"x" * 1_000_000)

    with serve(say_much) as target:
        add_endpoint(target.url)
        tell(session)
        send()
        send()
    assert len(target.received) == 1
    assert [post.state for post in list_posts(session)] == [PostState.SENT]


@pytest.mark.both_engines
def test_who_says_that_it_is_gone_is_turned_off_and_who_asks_for_time_gets_it(
    session: Session, add_endpoint: AddEndpoint
) -> None:
    def ask_for_time(handler: Handler) -> None:
        handler.say(429, **{"Retry-After": "7200"})

    with serve(lambda handler: handler.say(410)) as gone, serve(ask_for_time) as busy:
        first, second = add_endpoint(gone.url), add_endpoint(busy.url)
        tell(session)
        send()
    assert read_again(session, first).state is EndpointState.BROKEN
    rest = read_again(session, second).lease_until
    assert rest is not None
    assert timedelta(minutes=115) < rest - db.utcnow() <= timedelta(hours=2)


def test_what_cannot_be_understood_of_an_answer_is_no_reason_to_forget_it(
    session: Session, add_endpoint: AddEndpoint
) -> None:
    def ask_for_ages(handler: Handler) -> None:
        handler.say(429, **{"Retry-After": "9" * 5000})

    with serve(ask_for_ages) as target:
        endpoint = add_endpoint(target.url)
        tell(session)
        send()
    assert read_again(session, endpoint).failing_since is not None
    assert [(post.attempts, post.answer) for post in list_posts(session)] == [(1, "429")]


@pytest.mark.both_engines
def test_the_log_is_sealed_tells_no_moment_and_goes_in_time(
    app: Flask, session: Session, target: Target, add_endpoint: AddEndpoint, later: Later
) -> None:
    add_endpoint(target.url)
    announce(
        session, EventKind.ACTION_OPENED, now=datetime(2026, 3, 1, 9, 41, tzinfo=UTC), a="UA-7"
    )
    session.commit()
    send()
    rows = str(session.connection().exec_driver_sql("SELECT * FROM webhook_event").all())
    assert "UA-7" not in rows
    event, [post] = session.scalars(select(WebhookEvent)).one(), list_posts(session)
    assert event.body.count("UA-7") == 1
    assert event.created_at.minute == 0
    assert (post.due_at + timedelta(microseconds=1)).minute == 0
    jobs.run_now("webhooks.forget")
    session.rollback()
    later(timedelta(days=31))
    jobs.run_now("webhooks.forget")
    assert session.scalars(select(WebhookPost)).all() == []
    assert session.scalars(select(WebhookEvent)).all() == []
