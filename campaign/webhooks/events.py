"""What happened, written down with it in one statement; without webhooks nothing is.

Ids, consents and moments only: the moment is encrypted, as everywhere, and nothing in clear leads
from an event to a letter.
"""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from campaign.core import clock, db
from campaign.core.db.personal_columns import new_seal_id
from campaign.core.db.prepared_statements import fetch_first
from campaign.core.settings import current_settings
from campaign.models.webhook import (
    EndpointState,
    EventKind,
    PostState,
    WebhookEndpoint,
    WebhookEvent,
    WebhookPost,
)

_EVENTS = db.table_of(WebhookEvent)
_AT_ONCE = 500  # events of which posts are made in one transaction


def announce(
    session: Session, kind: StrEnum, *, deed: str, now: datetime, data: dict[str, object]
) -> None:
    row = _write_event(kind, deed, now, data)
    engine = db.connection_of(session).dialect.name
    fetch_first(session, _put_if_wanted(engine, tuple(row)), row | {"wanted": f'%"{kind}"%'})


def _write_event(
    kind: StrEnum, deed: str, now: datetime, data: dict[str, object]
) -> dict[str, object]:
    public_id = db.new_public_id()
    return {
        "public_id": public_id,
        "seal_id": new_seal_id(),
        "kind": kind,
        "deed": _deed_of(kind, deed or public_id),
        "body": write_body(kind, now, data),
        "created_at": clock.cut_to_hour(now),
    }


def write_body(kind: StrEnum, now: datetime, data: dict[str, object]) -> str:
    moment = now.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return json.dumps({"type": kind.value, "timestamp": moment, "data": data})


def _deed_of(kind: StrEnum, deed: str) -> bytes:
    key = current_settings().secret.encode()
    return hmac.digest(key, f"webhook:{kind}:{deed}".encode(), hashlib.sha256)


@lru_cache(maxsize=4)
def _put_if_wanted(engine: str, names: tuple[str, ...]) -> sa.sql.dml.ReturningInsert[tuple[int]]:
    """Insert an event that an endpoint is told of and that is not there. Built once."""
    given = {name: sa.bindparam(name, type_=_EVENTS.c[name].type) for name in names}
    listeners = sa.select(WebhookEndpoint.id).where(
        WebhookEndpoint.state != sa.literal_column(f"'{EndpointState.OFF.value}'"),
        sa.cast(WebhookEndpoint.events, sa.Text).like(sa.bindparam("wanted", type_=sa.String)),
    )
    insert = sqlite.insert if engine == "sqlite" else postgresql.insert
    return (
        insert(_EVENTS)
        .from_select(
            names, sa.select(*given.values()).where(sa.exists(listeners)), include_defaults=False
        )
        .on_conflict_do_nothing()
        .returning(_EVENTS.c.id)
    )


def share_events() -> None:
    """Make a post of each new event for each endpoint that is told of it."""
    while True:
        with db.transaction() as session:
            if _share_some(session) < _AT_ONCE:
                return


def _share_some(session: Session) -> int:
    events = session.execute(
        sa.select(WebhookEvent.id, WebhookEvent.kind)
        .where(WebhookEvent.shared_at.is_(None))
        .order_by(WebhookEvent.id)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    endpoints = session.execute(
        sa.select(WebhookEndpoint.id, WebhookEndpoint.events).where(
            WebhookEndpoint.state != EndpointState.OFF
        )
    ).all()
    # In the past, so that it is due; the moment would tell when somebody signed.
    hour = clock.cut_to_hour(db.utcnow())
    posts = [
        {"endpoint_id": endpoint.id, "event_id": event.id, "due_at": hour}
        for event in events
        for endpoint in endpoints
        if event.kind.value in endpoint.events
    ]
    if posts:
        session.execute(db.insert_into(session, WebhookPost).on_conflict_do_nothing(), posts)
    ids = [event.id for event in events]
    db.update_rows(session, WebhookEvent, WebhookEvent.id.in_(ids), shared_at=hour)
    return len(events)


def add_test(session: Session, endpoint: WebhookEndpoint, *, now: datetime) -> None:
    """Make an event that this endpoint alone is told of."""
    facts = _write_event(EventKind.TEST, "", now, {"endpoint": endpoint.public_id})
    event = db.add_row(session, WebhookEvent(**facts, shared_at=facts["created_at"]))
    post = WebhookPost(
        endpoint_id=endpoint.id, event_id=event.id, state=PostState.WAITING, due_at=now
    )
    db.add_row(session, post)
