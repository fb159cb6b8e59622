"""Two rows of the directory become one: the chosen words, and all that depends on either.

What refers to them follows, found by its foreign keys. Packages above have rules beyond that:
`create_app` hands them in.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from flask import Flask, current_app
from sqlalchemy import Column, func, select, update
from sqlalchemy.orm import QueryableAttribute, Session

from campaign.core import audit
from campaign.core.errors import Refused
from campaign.directory import where_used
from campaign.directory.entries import contacts_of
from campaign.directory.fields import PLACES, Rule, names_with
from campaign.directory.risk_flags import refuse_flagged
from campaign.models.directory import Mission, Official
from campaign.models.directory_import import Directory

Mover = Callable[[Session, int, int, str], None]
"""Is given the session, the id that is kept, the one that goes, and the actor."""


def init_app(app: Flask, *, movers: Mapping[QueryableAttribute[Any], Mover]) -> None:
    """Take the rules by which rows follow that refer to an entry in these columns."""
    app.extensions["merge_movers"] = {
        one.property.columns[0]: mover for one, mover in movers.items()
    }


def dependants(session: Session, row: Official | Mission) -> dict[str, int]:
    """How many rows of each table refer to it."""
    found: dict[str, int] = {}
    for column in where_used.list_references(type(row)):
        name = column.table.name
        count = session.scalar(select(func.count()).where(column == row.id))
        if count:
            found[name] = found.get(name, 0) + count
    return found


def merge(
    session: Session,
    *,
    kept: Official | Mission,
    gone: Official | Mission,
    take: Collection[str],
    actor: str,
    risks_seen: bool = False,
) -> None:
    """Make the two one: `kept` stays, with the fields `take` of `gone`, who goes.

    Contacts of both are kept, each once; words in a language that only one has are kept too.
    Raises Refused where it is one row already, or letters to both were printed in one campaign;
    FlagNamed where public campaigns rule out what it says then, unless `risks_seen`.
    """
    if kept.id == gone.id or type(kept) is not type(gone):
        raise Refused("merge-same")
    moved = dependants(session, gone)
    movers: Mapping[Column[Any], Mover] = current_app.extensions["merge_movers"]
    for column in where_used.list_references(type(kept)):
        if move := movers.get(column):
            move(session, kept.id, gone.id, actor)
        else:
            session.execute(update(column.table).where(column == gone.id).values({column: kept.id}))
    _take_words(kept, gone, take)
    _take_contacts(kept, gone)
    if isinstance(kept, Official) and isinstance(gone, Official):
        _take_posts(kept, gone)
    session.flush()
    refuse_flagged(session, kept, (*fields_of(kept), *PLACES), seen=risks_seen, actor=actor)
    where_used.show_change(session, kept)
    session.expire(gone)
    audit.record(
        session,
        actor=actor,
        action=f"{kept.__tablename__}s.merge",
        subject=f"{kept.__tablename__}:{kept.public_id}",
        gone=gone.public_id,
        taken=sorted(take),
        moved=moved,
    )
    session.delete(gone)
    session.flush()


def fields_of(row: Official | Mission) -> tuple[str, ...]:
    """The fields between which one chooses."""
    directory = Directory.OFFICIALS if isinstance(row, Official) else Directory.MISSIONS
    return tuple(name for name in names_with(directory, *Rule) if name not in PLACES[1:])


def same(first: Any, second: Any, name: str) -> bool:
    """Whether the two say the same in that field; an address is compared whole."""
    names = PLACES if name == "address" else (name,)
    return all((getattr(first, one) or "") == (getattr(second, one) or "") for one in names)


def better(first: Any, second: Any, name: str) -> bool:
    """Whether the second says something where the first says nothing."""
    return bool(getattr(second, name)) and not getattr(first, name)


def _take_words(kept: Any, gone: Any, take: Collection[str]) -> None:
    for name in fields_of(kept):
        chosen = name in take
        old, new = getattr(kept, name), getattr(gone, name)
        if isinstance(old, dict):
            setattr(kept, name, {**old, **new} if chosen else {**new, **old})
        elif chosen and name == "address":
            for one in PLACES if isinstance(kept, Official) else (*PLACES, "timezone"):
                setattr(kept, one, getattr(gone, one))
        elif chosen:
            setattr(kept, name, new)


def _take_contacts(kept: Any, gone: Any) -> None:
    known = {(one.type, one.value) for one in contacts_of(kept.contacts)}
    for detail in list(gone.contacts):
        if (detail.type, detail.value) not in known:
            gone.contacts.remove(detail)
            kept.contacts.append(detail)


def _take_posts(kept: Official, gone: Official) -> None:
    known = {(one.post_id, one.started_on) for one in kept.memberships}
    for membership in list(gone.memberships):
        if (membership.post_id, membership.started_on) not in known:
            gone.memberships.remove(membership)
            kept.memberships.append(membership)
