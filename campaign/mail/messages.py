"""`@message`: how a feature says which mails it sends.

    @message("confirm-letter")
    def send_confirm_letter(*, person_name: str, link: str) -> Context:
        return {"person_name": person_name, "link": link}

    send_confirm_letter(unit, to=address, locale="fr", person_name=…, link=…)

puts a row in the outbox; the sender job renders `templates/mail/confirm-letter.subject.txt`,
`.txt` and `.html` in that language and sends it.
"""

import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import lru_cache, wraps
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Insert,
    Integer,
    bindparam,
    func,
    insert,
    literal_column,
    select,
)
from sqlalchemy.orm import Session

from campaign.core import db, jobs
from campaign.core.email_addresses import canonical_email
from campaign.core.prepared_statements import fetch_first
from campaign.core.settings import current_settings
from campaign.mail.models import CANCELLED, MailState, OutboxMail

Context = dict[str, Any]
_DAY = timedelta(days=1)
_OUTBOX = db.table_of(OutboxMail)
_PUT = insert(_OUTBOX).returning(_OUTBOX.c.id)
# Of two mails to one person at once, one waits until the other is there to be counted. SQLite has
# one writer at a time anyway.
_LOCK = select(func.pg_advisory_xact_lock(bindparam("key", type_=BigInteger)))

kinds: dict[str, Callable[..., Context]] = {}
"""Every kind of message, by name: a test renders each in each language."""
rechecks: dict[str, Callable[[Session, Context], Context | None]] = {}
"""Kinds whose context is looked at again just before they go out."""
budgets: dict[str, str] = {}
"""Kinds of which one address gets only so many in a day, by the budget that they share: nobody who
asks for mails of one can keep those of another from coming."""
MOST_A_DAY = {"ask": 3, "join": 2}
"""Budgets smaller than the setting."""
told_of_stops: set[str] = set()
"""Kinds that go out although their campaign is stopped: those that say so."""


def message(
    name: str,
    *,
    limited: bool = True,
    budget: str = "",
    tells_of_stop: bool = False,
    recheck: Callable[[Session, Context], Context | None] | None = None,
) -> Callable[[Callable[..., Context]], Callable[..., bool]]:
    """Make a function that gives a mail's context into one that puts the mail in the outbox.

    The made function takes the session first and `to` and `locale` besides the context's own
    arguments, and tells whether the mail was taken: `limited` ones are not, beyond the number of
    their `budget` that one address may get in a day. With `due_at` it waits until then. With
    `campaign_id` the mail is about that campaign: once the campaign is stopped, it no longer goes
    out, unless the kind `tells_of_stop`. With `unsubscribe`, the address of a page whose button
    ends such mails, mail programs can press that button themselves (RFC 8058); the templates have
    it by that name. `cards`, which templates always have: what it is about is no letter.

    A mail about several campaigns may wait long: `recheck` gives its context anew when it is sent,
    or None where it is not to be sent any more.
    """
    if limited:
        budgets[name] = budget or name
    if tells_of_stop:
        told_of_stops.add(name)
    if recheck is not None:
        rechecks[name] = recheck

    def decorate(function: Callable[..., Context]) -> Callable[..., bool]:
        kinds[name] = function
        return _sending(name, function, limited=limited)

    return decorate


def _sending(name: str, function: Callable[..., Context], *, limited: bool) -> Callable[..., bool]:
    """What puts a mail of this kind in the outbox, with the context that `function` gives."""

    @wraps(function)
    def send(
        session: Session,
        *,
        to: str,
        locale: str,
        campaign_id: int | None = None,
        unsubscribe: str | None = None,
        cards: bool = False,
        due_at: datetime | None = None,
        **facts: Any,
    ) -> bool:
        context = function(**facts)
        if unsubscribe is not None:
            context["unsubscribe"] = unsubscribe
        if cards:
            context["cards"] = True
        row = _row(name, to, context) | {"campaign_id": campaign_id, "locale": locale}
        if due_at is not None:
            row["due_at"] = due_at
        return _put(session, row, limited=limited)

    return send


def address_fingerprint(address: str) -> bytes:
    """How mails to one person are counted: HMAC of the canonical address."""
    return db.database().keyring.fingerprint(canonical_email(address), "email")


def _row(kind: str, to: str, context: Context) -> dict[str, Any]:
    now = db.utcnow()
    return {
        "public_id": db.new_public_id(),
        "kind": kind,
        "recipient": to,
        "recipient_hmac": address_fingerprint(to),
        "context": json.dumps(context),
        "state": MailState.WAITING,
        "attempts": 0,
        "due_at": now,
        "created_at": now,
    }


def _put(session: Session, row: dict[str, Any], *, limited: bool) -> bool:
    """Put a mail in the outbox and have it sent; False where its reader has had those of a day."""
    mail_id = _put_within_limit(session, row) if limited else session.scalar(_PUT, row)
    if mail_id is None:
        return False
    if row["due_at"] <= row["created_at"]:
        jobs.enqueue(session, "mail.send", mail_id)
    return True


def _put_within_limit(session: Session, row: dict[str, Any]) -> int | None:
    """Put a mail in the outbox, unless its reader has had those of a day; gives its id."""
    lock_address(session, row["recipient_hmac"])
    limits = {"since": row["created_at"] - _DAY, "most": most_a_day(row["kind"])}
    budget = budgets[row["kind"]]
    counted = tuple(sorted(kind for kind, other in budgets.items() if other == budget))
    statement = _put_unless_full(tuple(row), counted)
    put = fetch_first(session, statement, row | limits)
    return put[0] if put else None


def most_a_day(kind: str) -> int:
    """How many mails of its budget one address gets in a day."""
    settings = current_settings()
    most = settings.mails_per_address_per_day
    return min(most, MOST_A_DAY.get(budgets[kind], most))


def lock_address(session: Session, recipient_hmac: bytes) -> None:
    """Have whoever mails the same person at once wait until this is committed."""
    connection = db.connection_of(session)
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK, {"key": int.from_bytes(recipient_hmac[:8]) >> 1})


@lru_cache(maxsize=16)
def _put_unless_full(names: tuple[str, ...], limited: tuple[str, ...]) -> Insert:
    """Count and insert in one step. Built once: a mail goes with every signature."""
    given = {name: bindparam(name, type_=_OUTBOX.c[name].type) for name in names}
    had = (
        select(func.count())
        .select_from(_OUTBOX)
        .where(
            _OUTBOX.c.recipient_hmac == given["recipient_hmac"],
            _OUTBOX.c.created_at > bindparam("since", type_=_OUTBOX.c.created_at.type),
            # News that somebody has subscribed to must not use up what confirms a letter.
            _OUTBOX.c.kind.in_(_literals(limited)),
            # Nobody got what was held back: a mail that replaces it may still go.
            func.coalesce(_OUTBOX.c.failure, "").not_in(_literals(CANCELLED)),
        )
        .scalar_subquery()
    )
    values = select(*given.values()).where(had < bindparam("most", type_=Integer))
    return (
        insert(_OUTBOX).from_select(names, values, include_defaults=False).returning(_OUTBOX.c.id)
    )


def _literals(words: Iterable[str]) -> list[ColumnElement[str]]:
    """Words written into a statement: a list of parameters would be put in anew each time."""
    return [literal_column(f"'{word}'") for word in words]
