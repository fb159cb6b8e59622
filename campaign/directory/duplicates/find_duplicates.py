"""Officials and missions that look like one: suggestions, and what somebody said of them."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core import audit, db
from campaign.core.batches import batched
from campaign.directory.imports.match_entries import are_told_apart, main_kind
from campaign.directory.town_names import town_key
from campaign.models.directory import ContactDetail, Mission, MissionKind, Official, ToldApart
from campaign.web.pagination import Listing

Model = type[Official] | type[Mission]
_CHUNK = 1000
MOST = 50
"""Pairs that are shown at once."""
_ALIKE = 6
"""Rows of one group from which pairs are made: more share an office's mailbox than a name."""


_EMBASSIES = 3
"""Of one state in another: more are offices in many towns, whatever their list calls them."""
_WEAK = {"name", "place", "countries"}
"""Reasons that do not count where Wikidata knows the two as two."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two rows that may be one, and why: `source`, `email`, `name`, `place` or `countries`."""

    first: Any
    second: Any
    reasons: tuple[str, ...]


def find_duplicates(session: Session, model: Model, *, page: int = 1) -> Listing[Pair]:
    """A page of the pairs that may be one, those with most reasons first."""
    why: dict[tuple[int, int], list[str]] = defaultdict(list)
    for reason, groups in _groups(session, model):
        for ids in groups:
            for pair in combinations(sorted(ids)[:_ALIKE], 2):
                if reason not in why[pair] and not (reason == "countries" and "place" in why[pair]):
                    why[pair].append(reason)
    ranked = sorted(why, key=lambda pair: (-len(why[pair]), pair))
    alike = {one for pair in ranked for one in pair}
    apart, known = _told_apart(session), _ids_of(session, model, alike)
    ranked = [
        (one, other)
        for one, other in ranked
        if _key(known[one][0], known[other][0]) not in apart
        and not (
            _WEAK.issuperset(why[one, other]) and are_told_apart(known[one][1], known[other][1])
        )
    ]
    pages = max(1, -(-len(ranked) // MOST))
    page = min(max(page, 1), pages)
    shown = ranked[(page - 1) * MOST : page * MOST]
    wanted = {one for pair in shown for one in pair}
    found_rows: list[Any] = list(session.scalars(select(model).where(model.id.in_(wanted))))
    rows = {row.id: row for row in found_rows}
    pairs = [Pair(rows[one], rows[other], tuple(why[one, other])) for one, other in shown]
    return Listing(pairs, len(ranked), page, pages)


def tell_apart(session: Session, *, first: Any, second: Any, actor: str) -> None:
    """Note that the two are two: they are not suggested again."""
    one, other = _key(first.public_id, second.public_id)
    statement = db.insert_into(session, ToldApart).values(
        first=one, second=other, said_at=db.utcnow()
    )
    session.execute(statement.on_conflict_do_nothing(index_elements=["first", "second"]))
    audit.record(session, actor=actor, action="directory.tell-apart", subject=one, other=other)


def _groups(session: Session, model: Model) -> Iterator[tuple[str, list[list[int]]]]:
    """Ids of rows that are alike in each way."""
    yield "source", _alike(session, select(model.id, model.source_id).where(model.source_id != ""))
    owner = ContactDetail.official_id if model is Official else ContactDetail.mission_id
    mails = select(owner, ContactDetail.value).distinct()
    yield "email", _alike(session, mails.where(ContactDetail.type == "email", owner.is_not(None)))
    if model is Official:
        keys = select(Official.id, Official.country, Official.name_key)
        yield "name", _alike(session, keys.where(Official.name_key != ""))
        return
    yield from _of_one_place(session)


def _of_one_place(session: Session) -> Iterator[tuple[str, list[list[int]]]]:
    """Ids of missions of one sender in one town; and of embassies in one country.

    A state has one embassy in another, as a rule, whatever two lists call its town or district.
    """
    places = select(
        Mission.id, Mission.sending_country, Mission.host_country, Mission.kind, Mission.locality
    )
    towns: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    embassies: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row_id, sender, host, kind, town in session.execute(places.order_by(Mission.id)):
        key = town_key(town, host)
        if key or kind is MissionKind.PERMANENT_MISSION:
            towns[sender, host, main_kind(kind), key].append(row_id)
        if main_kind(kind) is MissionKind.EMBASSY:
            embassies[sender, host].append(row_id)
    yield "place", [ids for ids in towns.values() if len(ids) > 1]
    yield "countries", [ids for ids in embassies.values() if 1 < len(ids) <= _EMBASSIES]


def _alike(session: Session, query: Any) -> list[list[int]]:
    """Ids (the first column) of rows of which the other columns are the same."""
    groups: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for row_id, *key in session.execute(query):
        groups[tuple(key)].append(row_id)
    return [ids for ids in groups.values() if len(ids) > 1]


def _ids_of(session: Session, model: Model, ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Public id and id in the source, of each row."""
    found: dict[int, tuple[str, str]] = {}
    for chunk in batched(ids, _CHUNK):
        columns = select(model.id, model.public_id, model.source_id)
        rows: list[Any] = list(session.execute(columns.where(model.id.in_(chunk))))
        found |= {row.id: (row.public_id, row.source_id) for row in rows}
    return found


def _told_apart(session: Session) -> set[tuple[str, str]]:
    return {
        (one, other) for one, other in session.execute(select(ToldApart.first, ToldApart.second))
    }


def _key(first: str, second: str) -> tuple[str, str]:
    one, other = sorted((first, second))
    return one, other
