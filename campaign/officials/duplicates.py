"""Officials and missions that look like one: suggestions, and what somebody said of them."""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign import audit, db
from campaign.officials.models import ContactDetail, Mission, MissionKind, Official, ToldApart

_WIKIDATA = re.compile(r"Q[0-9]+")
Model = type[Official] | type[Mission]
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


def find_duplicates(unit: Session, model: Model) -> list[Pair]:
    """Pairs that may be one, those with most reasons first."""
    why: dict[tuple[int, int], list[str]] = defaultdict(list)
    for reason, groups in _groups(unit, model):
        for ids in groups:
            for pair in combinations(sorted(ids)[:_ALIKE], 2):
                if reason not in why[pair]:
                    why[pair].append(reason)
    ranked = sorted(why, key=lambda pair: (-len(why[pair]), pair))
    two = _two_by_their_source(unit, model, {one for pair in ranked for one in pair})
    ranked = [pair for pair in ranked if why[pair] not in (["name"], ["place"]) or not two(*pair)]
    ranked = ranked[: 4 * MOST]
    wanted = {one for pair in ranked for one in pair}
    found_rows: list[Any] = list(unit.scalars(select(model).where(model.id.in_(wanted))))
    rows = {row.id: row for row in found_rows}
    apart = _told_apart(unit)
    found = [
        Pair(rows[one], rows[other], tuple(why[one, other]))
        for one, other in ranked
        if _key(rows[one], rows[other]) not in apart
    ]
    return found[:MOST]


def tell_apart(unit: Session, *, first: Any, second: Any, actor: str) -> None:
    """Note that the two are two: they are not suggested again."""
    one, other = _key(first, second)
    statement = db.insert_into(unit, ToldApart).values(first=one, second=other, said_at=db.utcnow())
    unit.execute(statement.on_conflict_do_nothing(index_elements=["first", "second"]))
    audit.record(unit, actor=actor, action="directory.tell-apart", subject=one, other=other)


def _groups(unit: Session, model: Model) -> list[tuple[str, list[Sequence[int]]]]:
    """Ids of rows that are alike in each way."""
    found = [
        ("source", _alike(unit, select(model.source_id).where(model.source_id != ""), model)),
        ("email", _same_mail(unit, model)),
    ]
    if model is Official:
        keys = select(Official.country, Official.name_key).where(Official.name_key != "")
        found.append(("name", _alike(unit, keys, model)))
    else:
        city = func.lower(Mission.locality)
        keys = select(Mission.sending_country, Mission.host_country, Mission.kind, city).where(
            Mission.kind != MissionKind.CONSULATE
        )
        found.append(("place", _alike(unit, keys, model)))
    return found


def _alike(unit: Session, keys: Any, model: Model) -> list[Sequence[int]]:
    """Ids of rows that have the same columns as another."""
    columns = list(keys.selected_columns)
    groups = keys.group_by(*columns).having(func.count() > 1).limit(MOST * 4)
    found = []
    for values in unit.execute(groups).all():
        same = [column == value for column, value in zip(columns, values, strict=True)]
        found.append(unit.scalars(select(model.id).where(*same).limit(_ALIKE)).all())
    return found


def _same_mail(unit: Session, model: Model) -> list[Sequence[int]]:
    owner = ContactDetail.official_id if model is Official else ContactDetail.mission_id
    mails = (
        select(ContactDetail.value)
        .where(ContactDetail.type == "email", owner.is_not(None))
        .group_by(ContactDetail.value)
        .having(func.count(owner.distinct()) > 1)
        .limit(MOST * 2)
    )
    return [
        list(
            dict.fromkeys(
                one
                for one in unit.scalars(
                    select(owner).where(
                        ContactDetail.type == "email", ContactDetail.value == value,
                        owner.is_not(None),
                    )
                )
                if one is not None
            )
        )
        for value in unit.scalars(mails).all()
    ]  # fmt: skip


def _two_by_their_source(
    unit: Session, model: Model, ids: Collection[int]
) -> Callable[[int, int], bool]:
    """Whether Wikidata knows the two under different ids: namesakes, two embassies in Rome."""
    rows: list[Any] = list(unit.execute(select(model.id, model.source_id).where(model.id.in_(ids))))
    known = {row.id: row.source_id for row in rows if _WIKIDATA.fullmatch(row.source_id)}
    return lambda one, other: one in known and other in known and known[one] != known[other]


def _told_apart(unit: Session) -> set[tuple[str, str]]:
    return {(one, other) for one, other in unit.execute(select(ToldApart.first, ToldApart.second))}


def _key(first: Any, second: Any) -> tuple[str, str]:
    one, other = sorted((str(first.public_id), str(second.public_id)))
    return one, other
