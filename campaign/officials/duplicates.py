"""Officials and missions that look like one: suggestions, and what somebody said of them."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign import audit, db
from campaign.batching import batched
from campaign.officials.listing import Listing
from campaign.officials.models import ContactDetail, Mission, MissionKind, Official, ToldApart

_WIKIDATA = re.compile(r"Q[0-9]+")
Model = type[Official] | type[Mission]
_CHUNK = 1000
MOST = 50
"""Pairs that are shown at once."""
_ALIKE = 6
"""Rows of one group from which pairs are made: more share an office's mailbox than a name."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two rows that may be one, and why: `source`, `email`, `name` or `place`."""

    first: Any
    second: Any
    reasons: tuple[str, ...]


def find_duplicates(unit: Session, model: Model, *, page: int = 1) -> Listing[Pair]:
    """A page of the pairs that may be one, those with most reasons first."""
    why: dict[tuple[int, int], list[str]] = defaultdict(list)
    for reason, groups in _groups(unit, model):
        for ids in groups:
            for pair in combinations(sorted(ids)[:_ALIKE], 2):
                if reason not in why[pair]:
                    why[pair].append(reason)
    ranked = sorted(why, key=lambda pair: (-len(why[pair]), pair))
    alike = {one for pair in ranked for one in pair}
    apart, known = _told_apart(unit), _ids_of(unit, model, alike)
    ranked = [
        (one, other) for one, other in ranked
        if _key(known[one][0], known[other][0]) not in apart
        and not (why[one, other] in (["name"], ["place"])
                 and _are_two(known[one][1], known[other][1]))
    ]  # fmt: skip
    pages = max(1, -(-len(ranked) // MOST))
    page = min(max(page, 1), pages)
    shown = ranked[(page - 1) * MOST : page * MOST]
    wanted = {one for pair in shown for one in pair}
    found_rows: list[Any] = list(unit.scalars(select(model).where(model.id.in_(wanted))))
    rows = {row.id: row for row in found_rows}
    pairs = [Pair(rows[one], rows[other], tuple(why[one, other])) for one, other in shown]
    return Listing(pairs, len(ranked), page, pages)


def tell_apart(unit: Session, *, first: Any, second: Any, actor: str) -> None:
    """Note that the two are two: they are not suggested again."""
    one, other = _key(first.public_id, second.public_id)
    statement = db.insert_into(unit, ToldApart).values(first=one, second=other, said_at=db.utcnow())
    unit.execute(statement.on_conflict_do_nothing(index_elements=["first", "second"]))
    audit.record(unit, actor=actor, action="directory.tell-apart", subject=one, other=other)


def _groups(unit: Session, model: Model) -> Iterator[tuple[str, list[list[int]]]]:
    """Ids of rows that are alike in each way."""
    yield "source", _alike(unit, select(model.id, model.source_id).where(model.source_id != ""))
    owner = ContactDetail.official_id if model is Official else ContactDetail.mission_id
    mails = select(owner, ContactDetail.value).distinct()
    yield "email", _alike(unit, mails.where(ContactDetail.type == "email", owner.is_not(None)))
    if model is Official:
        keys = select(Official.id, Official.country, Official.name_key)
        yield "name", _alike(unit, keys.where(Official.name_key != ""))
        return
    places = select(
        Mission.id, Mission.sending_country, Mission.host_country, Mission.kind,
        func.lower(Mission.locality),
    )  # fmt: skip
    yield "place", _alike(unit, places.where(Mission.kind != MissionKind.CONSULATE))


def _alike(unit: Session, query: Any) -> list[list[int]]:
    """Ids (the first column) of rows of which the other columns are the same."""
    groups: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for row_id, *key in unit.execute(query):
        groups[tuple(key)].append(row_id)
    return [ids for ids in groups.values() if len(ids) > 1]


def _ids_of(unit: Session, model: Model, ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Public id and id in the source, of each row."""
    found: dict[int, tuple[str, str]] = {}
    for chunk in batched(ids, _CHUNK):
        columns = select(model.id, model.public_id, model.source_id)
        rows: list[Any] = list(unit.execute(columns.where(model.id.in_(chunk))))
        found |= {row.id: (row.public_id, row.source_id) for row in rows}
    return found


def _are_two(one: str, other: str) -> bool:
    """Whether Wikidata knows the two under different ids: namesakes, two embassies in Rome."""
    return one != other and all(_WIKIDATA.fullmatch(source) for source in (one, other))


def _told_apart(unit: Session) -> set[tuple[str, str]]:
    return {(one, other) for one, other in unit.execute(select(ToldApart.first, ToldApart.second))}


def _key(first: str, second: str) -> tuple[str, str]:
    one, other = sorted((first, second))
    return one, other
