"""Officials and missions that look like one: suggestions, and what somebody said of them."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from campaign.core import audit, db
from campaign.core.batches import batched
from campaign.directory import where_used
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

    first: Mission | Official
    second: Mission | Official
    reasons: tuple[str, ...]


def find_duplicates(session: Session, model: Model, *, page: int = 1) -> Listing[Pair]:
    """Return a page of the pairs that may be one, those with most reasons first."""
    reasons: dict[tuple[int, int], list[str]] = defaultdict(list)
    for reason, groups in _find_groups(session, model):
        for ids in groups:
            for pair in combinations(sorted(ids)[:_ALIKE], 2):
                found = reasons[pair]
                if reason not in found and not (reason == "countries" and "place" in found):
                    found.append(reason)
    ranked = sorted(reasons, key=lambda pair: (-len(reasons[pair]), pair))
    apart, names = _list_told_apart(session), _get_names(session, model, {*chain(*ranked)})

    def are_two(first: int, second: int) -> bool:
        (public_id, source_id), (other_public_id, other_source_id) = names[first], names[second]
        is_weak = _WEAK.issuperset(reasons[first, second])
        return _sort_pair(public_id, other_public_id) in apart or (
            is_weak and are_told_apart(source_id, other_source_id)
        )

    ranked = [pair for pair in ranked if not are_two(*pair)]
    pages = max(1, -(-len(ranked) // MOST))
    page = min(max(page, 1), pages)
    shown = ranked[(page - 1) * MOST : page * MOST]
    entries = {
        entry.id: entry
        for entry in where_used.list_entries(session, model, model.id.in_({*chain(*shown)}))
    }
    pairs = [
        Pair(entries[first], entries[second], tuple(reasons[first, second]))
        for first, second in shown
    ]
    return Listing(pairs, len(ranked), page, pages)


def tell_apart(
    session: Session, *, first: Mission | Official, second: Mission | Official, actor: str
) -> None:
    """Note that the two are two: they are not suggested again."""
    one, other = _sort_pair(first.public_id, second.public_id)
    statement = db.insert_into(session, ToldApart).values(
        first=one, second=other, said_at=db.utcnow()
    )
    session.execute(statement.on_conflict_do_nothing(index_elements=["first", "second"]))
    audit.record(session, actor=actor, action="directory.tell-apart", subject=one, other=other)


def _find_groups(session: Session, model: Model) -> Iterator[tuple[str, list[list[int]]]]:
    yield (
        "source",
        _find_alike(session, select(model.id, model.source_id).where(model.source_id != "")),
    )
    owner = ContactDetail.official_id if model is Official else ContactDetail.mission_id
    mails = select(owner, ContactDetail.value).distinct()
    yield (
        "email",
        _find_alike(session, mails.where(ContactDetail.type == "email", owner.is_not(None))),
    )
    if model is Official:
        keys = select(Official.id, Official.country, Official.name_key)
        yield "name", _find_alike(session, keys.where(Official.name_key != ""))
        return
    yield from _find_of_one_place(session)


def _find_of_one_place(session: Session) -> Iterator[tuple[str, list[list[int]]]]:
    """Find ids of missions of one sender in one town; and of embassies in one country.

    A state has one embassy in another, as a rule, whatever two lists call its town or district.
    """
    places = select(
        Mission.id, Mission.sending_country, Mission.host_country, Mission.kind, Mission.locality
    )
    towns: dict[tuple[object, ...], list[int]] = defaultdict(list)
    embassies: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row_id, sender, host, kind, town in session.execute(places.order_by(Mission.id)):
        key = town_key(town, host)
        if key or kind is MissionKind.PERMANENT_MISSION:
            towns[sender, host, main_kind(kind), key].append(row_id)
        if main_kind(kind) is MissionKind.EMBASSY:
            embassies[sender, host].append(row_id)
    yield "place", [ids for ids in towns.values() if len(ids) > 1]
    yield "countries", [ids for ids in embassies.values() if 1 < len(ids) <= _EMBASSIES]


def _find_alike(session: Session, query: Select[*tuple[Any, ...]]) -> list[list[int]]:
    """Find ids (the first column) of rows of which the other columns are the same."""
    groups: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for row_id, *key in session.execute(query):
        groups[tuple(key)].append(row_id)
    return [ids for ids in groups.values() if len(ids) > 1]


def _get_names(session: Session, model: Model, ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Return public id and id in the source, of each row."""
    columns = select(model.id, model.public_id, model.source_id)
    return {
        row_id: (public_id, source_id)
        for chunk in batched(ids, _CHUNK)
        for row_id, public_id, source_id in session.execute(columns.where(model.id.in_(chunk)))
    }


def _list_told_apart(session: Session) -> set[tuple[str, str]]:
    rows = session.execute(select(ToldApart.first, ToldApart.second))
    return {(first, second) for first, second in rows}


def _sort_pair(first: str, second: str) -> tuple[str, str]:
    return (first, second) if first <= second else (second, first)
