"""Two rows of the directory become one: the chosen words, and all that depends on either.

What refers to them follows, found by its foreign keys. Packages above have rules beyond that:
`create_app` hands them in.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Any

from flask import Flask, current_app
from sqlalchemy import Column, func, select, update
from sqlalchemy.orm import QueryableAttribute, Session

from campaign.core.errors import Refused
from campaign.directory import where_used
from campaign.directory.entry_fields import PLACES, Rule, names_with
from campaign.directory.risk_flags import refuse_flagged
from campaign.models.directory import Mission, Official
from campaign.models.directory_import import Directory

Mover = Callable[[Session, int, int, str], None]
"""Is given the session, the id that is kept, the one that goes, and the actor."""


def init_app(app: Flask, *, movers: Mapping[QueryableAttribute[Any], Mover]) -> None:
    """Take the rules by which rows follow that refer to an entry in these columns."""
    app.extensions["merge_movers"] = {
        attribute.property.columns[0]: mover for attribute, mover in movers.items()
    }


def count_uses(session: Session, entry: Official | Mission) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for column in where_used.list_references(type(entry)):
        query = select(func.count()).where(column == entry.id)
        counts[column.table.name] += session.scalar(query) or 0
    return dict(+counts)


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
    moved = count_uses(session, gone)
    movers: Mapping[Column[Any], Mover] = current_app.extensions["merge_movers"]
    for column in where_used.list_references(type(kept)):
        if move := movers.get(column):
            move(session, kept.id, gone.id, actor)
        else:
            session.execute(update(column.table).where(column == gone.id).values({column: kept.id}))
    _take_fields(kept, gone, take)
    _take_contacts(kept, gone)
    if isinstance(kept, Official) and isinstance(gone, Official):
        _take_posts(kept, gone)
    session.flush()
    refuse_flagged(session, kept, (*list_fields(kept), *PLACES), seen=risks_seen, actor=actor)
    where_used.show_change(session, kept)
    session.expire(gone)
    action = "officials.merge" if isinstance(kept, Official) else "missions.merge"
    where_used.record_change(
        session, kept, action, actor, gone=gone.public_id, taken=sorted(take), moved=moved
    )
    session.delete(gone)
    session.flush()


def list_fields(entry: Official | Mission) -> tuple[str, ...]:
    """List the fields between which one chooses."""
    directory = Directory.OFFICIALS if isinstance(entry, Official) else Directory.MISSIONS
    return tuple(name for name in names_with(directory, *Rule) if name not in PLACES[1:])


def are_same(first: Official | Mission, second: Official | Mission, name: str) -> bool:
    """Whether the two say the same in that field; an address is compared whole."""
    names = PLACES if name == "address" else (name,)
    return all((getattr(first, part) or "") == (getattr(second, part) or "") for part in names)


def is_better(first: Official | Mission, second: Official | Mission, name: str) -> bool:
    """Whether the second says something where the first says nothing."""
    return bool(getattr(second, name)) and not getattr(first, name)


def _take_fields(kept: Official | Mission, gone: Official | Mission, take: Collection[str]) -> None:
    for name in list_fields(kept):
        is_chosen = name in take
        old, new = getattr(kept, name), getattr(gone, name)
        if isinstance(old, dict):
            setattr(kept, name, {**old, **new} if is_chosen else {**new, **old})
        elif is_chosen and name == "address":
            for part in PLACES if isinstance(kept, Official) else (*PLACES, "timezone"):
                setattr(kept, part, getattr(gone, part))
        elif is_chosen:
            setattr(kept, name, new)


def _take_contacts(kept: Official | Mission, gone: Official | Mission) -> None:
    own = {(contact.type, contact.value) for contact in kept.contacts}
    for detail in list(gone.contacts):
        if (detail.type, detail.value) not in own:
            gone.contacts.remove(detail)
            kept.contacts.append(detail)


def _take_posts(kept: Official, gone: Official) -> None:
    own = {(membership.post_id, membership.started_on) for membership in kept.memberships}
    for membership in list(gone.memberships):
        if (membership.post_id, membership.started_on) not in own:
            gone.memberships.remove(membership)
            kept.memberships.append(membership)
