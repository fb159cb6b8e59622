"""Endpoints: the programs that are told, as admins add, change, try and turn them off and on."""

import base64
import json
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, defer, joinedload

from campaign.core import audit, db, jobs
from campaign.core.db.batches import read_each
from campaign.core.errors import Invalid, Refused
from campaign.core.outgoing_http import OutgoingFailed, refuse_address
from campaign.core.sealing import WrongKey
from campaign.core.settings import current_settings
from campaign.models.staff import StaffUser
from campaign.models.webhook import (
    EndpointState,
    EventKind,
    PostState,
    WebhookEndpoint,
    WebhookEvent,
    WebhookPost,
)
from campaign.staff.staff_users import actor_name
from campaign.webhooks import events

KINDS = tuple(kind for kind in EventKind if kind is not EventKind.TEST)
MOST = 20
"""Endpoints of an instance: each costs whatever happens a row."""
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class CheckedAddress:
    """One to which posts may go. Raises Invalid with the field `address`. Slow."""

    text: str

    def __post_init__(self) -> None:
        try:
            refuse_address(self.text, current_settings().outgoing_hosts)
        except OutgoingFailed as problem:
            raise Invalid(fields={"address": problem.slug}) from problem


@dataclass(frozen=True, slots=True)
class Message:
    body: str

    @property
    def happened_at(self) -> datetime:
        return datetime.fromisoformat(json.loads(self.body)["timestamp"])


def read_address(endpoint: WebhookEndpoint) -> str:
    """Return its address; empty where what is sealed of it does not open."""
    try:
        return endpoint.address if endpoint.secret else ""
    except WrongKey:
        return ""


def host_of(endpoint: WebhookEndpoint) -> str:
    """Return its host, if it opens: the rest of an address may be a secret of the receiver's."""
    return urlsplit(read_address(endpoint)).netloc


def list_endpoints(session: Session) -> Sequence[WebhookEndpoint]:
    return session.scalars(_select_endpoints().order_by(WebhookEndpoint.id)).all()


def get_endpoint(session: Session, public_id: str) -> WebhookEndpoint:
    query = _select_endpoints().where(WebhookEndpoint.public_id == public_id)
    return db.get_row(session, query, "webhook")


def _select_endpoints() -> Select[WebhookEndpoint]:
    """Select them whether or not what is sealed of them opens: it is read where it is needed."""
    sealed = (defer(WebhookEndpoint.address), defer(WebhookEndpoint.secret))
    return select(WebhookEndpoint).options(*sealed)


def add_endpoint(
    session: Session, *, address: str, kinds: Collection[EventKind], by: StaffUser
) -> WebhookEndpoint:
    """Raises Invalid with the field `address`; Refused (`webhooks-many`)."""
    checked = CheckedAddress(address)
    if (session.scalar(select(func.count(WebhookEndpoint.id))) or 0) >= MOST:
        raise Refused("webhooks-many")
    secret = base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    endpoint = WebhookEndpoint(
        address=checked.text,
        secret=f"whsec_{secret}",
        events=_names(kinds),
        state=EndpointState.READY,
    )
    db.add_row(session, endpoint)
    _record(session, endpoint, by, "add", events=endpoint.events)
    return endpoint


def change_endpoint(
    session: Session,
    endpoint: WebhookEndpoint,
    *,
    address: CheckedAddress,
    kinds: Collection[EventKind],
    by: StaffUser,
) -> None:
    moved = address.text != endpoint.address
    endpoint.address, endpoint.events = address.text, _names(kinds)
    session.flush()
    _record(session, endpoint, by, "change", events=endpoint.events, address_changed=moved)


def show_secret(session: Session, endpoint: WebhookEndpoint, *, by: StaffUser) -> str:
    _record(session, endpoint, by, "secret")
    return endpoint.secret


def turn_off(session: Session, endpoint: WebhookEndpoint, *, by: StaffUser) -> None:
    """Send nothing more to it, and keep nothing new for it."""
    _set_state(session, endpoint, EndpointState.OFF)
    _record(session, endpoint, by, "turn-off")


def turn_on(session: Session, endpoint: WebhookEndpoint, *, by: StaffUser) -> None:
    """Send again, what waits at once."""
    _set_state(session, endpoint, EndpointState.READY)
    db.update_rows(session, WebhookPost, *_waits(endpoint), due_at=db.utcnow(), attempts=0)
    jobs.enqueue(session, "webhooks.send")
    _record(session, endpoint, by, "turn-on")


def delete_endpoint(session: Session, endpoint: WebhookEndpoint, *, by: StaffUser) -> None:
    _record(session, endpoint, by, "delete")
    session.delete(endpoint)


def send_test(session: Session, endpoint: WebhookEndpoint, *, by: StaffUser) -> None:
    """Raises Refused (`webhook-off`)."""
    _refuse_off(endpoint)
    events.add_test(session, endpoint, now=db.utcnow())
    jobs.enqueue(session, "webhooks.send")
    _record(session, endpoint, by, "test")


def send_again(
    session: Session, endpoint: WebhookEndpoint, *, by: StaffUser, post_id: str = ""
) -> int:
    """Send one post again, whatever came of it, or all that failed; return how many they are.

    Raises Refused (`webhook-off`).
    """
    _refuse_off(endpoint)
    which = (
        (WebhookPost.public_id == post_id,) if post_id else (WebhookPost.state == PostState.FAILED,)
    )
    values = {"state": PostState.WAITING, "due_at": db.utcnow(), "attempts": 0}
    of_endpoint = WebhookPost.endpoint_id == endpoint.id
    count = db.update_rows(session, WebhookPost, of_endpoint, *which, **values)
    jobs.enqueue(session, "webhooks.send")
    _record(session, endpoint, by, "replay", count=count)
    return count


def try_again(session: Session, endpoint: WebhookEndpoint, *, by: StaffUser) -> None:
    """Send what waits now, where its program works again. Raises Refused (`webhook-off`)."""
    _refuse_off(endpoint)
    count = db.update_rows(session, WebhookPost, *_waits(endpoint), due_at=db.utcnow())
    # While a worker sends to it, no other does.
    rests = WebhookEndpoint.state == EndpointState.READY
    db.update_row(session, WebhookEndpoint, endpoint.id, rests, lease_until=None)
    jobs.enqueue(session, "webhooks.send")
    _record(session, endpoint, by, "try-again", count=count)


def select_posts(endpoint: WebhookEndpoint) -> Select[WebhookPost]:
    """Select what it was sent, the newest first."""
    return (
        select(WebhookPost)
        .where(WebhookPost.endpoint_id == endpoint.id)
        .options(joinedload(WebhookPost.event).defer(WebhookEvent.body))
        .order_by(WebhookPost.id.desc())
    )


def read_messages(session: Session, posts: Sequence[WebhookPost]) -> dict[int, Message | None]:
    """Return what each of these sends, by its event; None where that does not open."""
    query = select(WebhookEvent.id, WebhookEvent.body)
    rows = read_each(session, query, WebhookEvent.id, [post.event_id for post in posts])
    return {event_id: Message(row.body) if row else None for event_id, row in rows}


def count_failed(session: Session, endpoint: WebhookEndpoint) -> int:
    failed = WebhookPost.state == PostState.FAILED
    posts = select(WebhookPost.id).where(WebhookPost.endpoint_id == endpoint.id, failed)
    return db.count_rows(session, posts)


def count_waiting(session: Session, endpoint: WebhookEndpoint) -> int:
    return db.count_rows(session, select(WebhookPost.id).where(*_waits(endpoint)))


def find_next_try(session: Session, endpoint: WebhookEndpoint) -> datetime | None:
    """Return when one that fails is tried again, with a single post: the others wait for it."""
    due = session.scalar(select(func.min(WebhookPost.due_at)).where(*_waits(endpoint)))
    if due is None or not endpoint.failing_since:
        return None
    rests = endpoint.lease_until if endpoint.state is EndpointState.READY else None
    return max(due, rests or due, db.utcnow())


def _waits(endpoint: WebhookEndpoint) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return WebhookPost.endpoint_id == endpoint.id, WebhookPost.state == PostState.WAITING


def _set_state(session: Session, endpoint: WebhookEndpoint, state: EndpointState) -> None:
    endpoint.state, endpoint.lease_until = state, None
    endpoint.failures, endpoint.failing_since = 0, None
    session.flush()


def _refuse_off(endpoint: WebhookEndpoint) -> None:
    if endpoint.state in {EndpointState.OFF, EndpointState.BROKEN}:
        raise Refused("webhook-off")


def _names(kinds: Collection[EventKind]) -> list[str]:
    return [kind.value for kind in KINDS if kind in kinds]


def _record(
    session: Session, endpoint: WebhookEndpoint, by: StaffUser, action: str, **detail: object
) -> None:
    audit.record(session, actor_name(by), f"webhook.{action}", endpoint, **detail)
