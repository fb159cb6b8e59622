"""Two rows of the directory become one: the chosen words, and all that depends on either.

The features that use officials and missions stand above this one. Whoever has rules beyond "the
reference follows" registers them with `moves`; everybody else's tables are found by their foreign
keys.
"""

from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import Column, Table, func, select, update
from sqlalchemy.orm import Session

from campaign.core import audit
from campaign.core.db import Base
from campaign.core.errors import Refused
from campaign.directory import where_used
from campaign.directory.entries import contacts_of
from campaign.directory.fields import PLACES, Rule, names_with
from campaign.directory.risk_flags import refuse_flagged
from campaign.models.directory import Mission, Official
from campaign.models.directory_import import Directory

Mover = Callable[[Session, int, int, str], None]
_movers: dict[tuple[str, str], Mover] = {}
_OWN = {"contact_detail", "membership"}


def moves(table: str, owner: str) -> Callable[[Mover], Mover]:
    """Register how rows of `table` come from one `owner` (official, mission) to the other.

    The function is given the session, the id that is kept, the one that goes, and the actor.
    """

    def register(mover: Mover) -> Mover:
        _movers[table, owner] = mover
        return mover

    return register


def dependants(session: Session, row: Official | Mission) -> dict[str, int]:
    """How many rows of each table refer to it."""
    found: dict[str, int] = {}
    for table, column in _references(row.__tablename__):
        count = session.scalar(select(func.count()).select_from(table).where(column == row.id))
        if count:
            found[table.name] = found.get(table.name, 0) + count
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
    for table, column in _references(kept.__tablename__):
        mover = _movers.get((table.name, kept.__tablename__))
        if mover is not None:
            mover(session, kept.id, gone.id, actor)
        else:
            session.execute(update(table).where(column == gone.id).values({column: kept.id}))
    _take_words(kept, gone, take)
    _take_contacts(kept, gone)
    if isinstance(kept, Official) and isinstance(gone, Official):
        _take_posts(kept, gone)
    session.flush()
    refuse_flagged(session, kept, (*fields_of(kept), *PLACES), seen=risks_seen, actor=actor)
    where_used.show_change(session, f"{kept.__tablename__}_id", kept.id)
    session.expire(gone)
    audit.record(
        session, actor=actor, action=f"{kept.__tablename__}s.merge",
        subject=f"{kept.__tablename__}:{kept.public_id}", gone=gone.public_id,
        taken=sorted(take), moved=moved,
    )  # fmt: skip
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


def _references(name: str) -> list[tuple[Table, Column[Any]]]:
    """Tables outside the directory that refer to it, and by which column."""
    return [
        (table, column)
        for table in Base.metadata.sorted_tables
        if table.name not in _OWN
        for column in table.columns
        if any(key.target_fullname == f"{name}.id" for key in column.foreign_keys)
    ]
