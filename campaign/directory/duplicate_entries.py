"""Two entries of the directory that may be one: suggested, told apart, or merged.

Rows that refer to an entry follow, found by their foreign keys. Packages above have rules beyond
that: `create_app` hands them in.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import chain, combinations
from typing import Any

from flask import Flask, current_app
from sqlalchemy import Column, Select, func, select, update
from sqlalchemy.orm import QueryableAttribute, Session

from campaign.core import audit, db
from campaign.core.answers import NOTHING, Answers
from campaign.core.db.batches import batched
from campaign.core.errors import Refused
from campaign.directory import where_used
from campaign.directory.entry_fields import (
    PLACES,
    Entry,
    EntryModel,
    Rule,
    directory_of,
    names_with,
)
from campaign.directory.imports.match_entries import are_told_apart, main_kind
from campaign.directory.officials import get_current_membership, post_key
from campaign.directory.risk_flags import refuse_unseen_risks, watch_letters
from campaign.directory.signed_letters import watch_forms
from campaign.directory.town_names import town_key
from campaign.models.directory import (
    ContactDetail,
    Membership,
    Mission,
    MissionKind,
    Official,
    ToldApart,
)
from campaign.web.pagination import Listing, count_pages

_CHUNK = 1000
MOST = 50  # pairs that are shown at once
_ALIKE = 6
"""Rows of one group from which pairs are made: more share an office's mailbox than a name."""
_EMBASSIES = 3
"""Of one state in another: more are offices in many towns, whatever their list calls them."""
_WEAK = {"name", "place", "countries"}
"""Reasons that do not count where Wikidata knows the two as two."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two rows that may be one, and why: `source`, `email`, `name`, `place` or `countries`."""

    first: Entry
    second: Entry
    reasons: tuple[str, ...]


def find_duplicates(session: Session, model: EntryModel, *, page: int = 1) -> Listing[Pair]:
    """Return a page of the pairs that may be one, those with most reasons first."""
    reasons: dict[tuple[int, int], list[str]] = defaultdict(list)
    for reason, groups in _find_groups(session, model):
        for ids in groups:
            for pair in combinations(sorted(ids)[:_ALIKE], 2):
                known_reasons = reasons[pair]
                if reason not in known_reasons and not (
                    reason == "countries" and "place" in known_reasons
                ):
                    known_reasons.append(reason)
    ranked = sorted(reasons, key=lambda pair: (-len(reasons[pair]), pair))
    apart = {(row.first, row.second) for row in session.scalars(select(ToldApart))}
    names = _get_names(session, model, {*chain(*ranked)})
    # The mailbox is the office's: it passes from one holder to the next.
    by_email = [pair for pair in ranked if model is Official and reasons[pair] == ["email"]]
    successive = _find_successive(session, by_email)

    def are_two(first: int, second: int) -> bool:
        (public_id, source_id), (other_public_id, other_source_id) = names[first], names[second]
        is_weak = _WEAK.issuperset(reasons[first, second])
        return (
            _sort_pair(public_id, other_public_id) in apart
            or (is_weak and are_told_apart(source_id, other_source_id))
            or (first, second) in successive
        )

    ranked = [pair for pair in ranked if not are_two(*pair)]
    pages = count_pages(len(ranked), MOST)
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


def tell_apart(session: Session, *, first: Entry, second: Entry, actor: str) -> None:
    lower, higher = _sort_pair(first.public_id, second.public_id)
    db.insert_new(session, ToldApart, first=lower, second=higher)
    kind = first.__tablename__
    audit.record(
        session, actor, "directory.tell-apart", f"{kind}:{lower}", other=f"{kind}:{higher}"
    )


def _find_groups(session: Session, model: EntryModel) -> Iterator[tuple[str, list[list[int]]]]:
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
    """Find missions of one sender in one town, and embassies of one state in another."""
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
    groups: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for row_id, *key in session.execute(query):
        groups[tuple(key)].append(row_id)
    return [ids for ids in groups.values() if len(ids) > 1]


def _get_names(
    session: Session, model: EntryModel, ids: Collection[int]
) -> dict[int, tuple[str, str]]:
    columns = select(model.id, model.public_id, model.source_id)
    return {
        row_id: (public_id, source_id)
        for chunk in batched(ids, _CHUNK)
        for row_id, public_id, source_id in session.execute(columns.where(model.id.in_(chunk)))
    }


def _find_successive(session: Session, pairs: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return the pairs of officials of whom one took over a post that the other had left."""
    terms: dict[int, list[Membership]] = defaultdict(list)
    for chunk in batched({*chain(*pairs)}, _CHUNK):
        held = select(Membership).where(Membership.official_id.in_(chunk))
        for membership in session.scalars(held):
            terms[membership.official_id].append(membership)

    def took_over(before: int, after: int) -> bool:
        return any(
            left.post_id == taken.post_id
            and left.ended_on is not None
            and taken.started_on is not None
            and left.ended_on <= taken.started_on
            for left in terms[before]
            for taken in terms[after]
        )

    return {pair for pair in pairs if took_over(*pair) or took_over(*reversed(pair))}


def _sort_pair(first: str, second: str) -> tuple[str, str]:
    return (first, second) if first <= second else (second, first)


Mover = Callable[[Session, int, int, str], None]


def init_app(app: Flask, *, movers: Mapping[QueryableAttribute[Any], Mover]) -> None:
    """Take the rules by which rows follow that refer to an entry in these columns."""
    app.extensions["merge_movers"] = {
        attribute.property.columns[0]: mover for attribute, mover in movers.items()
    }


def count_uses(session: Session, entry: Entry) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for column in where_used.list_references(type(entry)):
        query = select(func.count()).where(column == entry.id)
        counts[column.table.name] += session.scalar(query) or 0
    return dict(+counts)


def merge(
    session: Session,
    *,
    kept: Entry,
    gone: Entry,
    take: Collection[str],
    actor: str,
    risks_seen: Answers = NOTHING,
) -> None:
    """Make the two one: `kept` stays, with the fields `take` of `gone`, who goes.

    Contacts of both are kept, each once; words in a language that only one has are kept too. The
    day on which a mission was checked goes with its address.
    Raises Refused where it is one row already, or letters to both were printed in one campaign;
    SpoilsOpenings; RisksUnseen unless `risks_seen`.
    """
    if kept.id == gone.id or type(kept) is not type(gone):
        raise Refused("merge-same")
    moved, list_rewritten = count_uses(session, gone), watch_letters(session, kept, gone)
    count_letters = watch_forms(session, kept, gone)
    movers: Mapping[Column[Any], Mover] = current_app.extensions["merge_movers"]
    for column in where_used.list_references(type(kept)):
        if move := movers.get(column):
            move(session, kept.id, gone.id, actor)
        else:
            session.execute(update(column.table).where(column == gone.id).values({column: kept.id}))
    _take_contacts(kept, gone)
    if isinstance(kept, Official) and isinstance(gone, Official):
        left = [day for day in (kept.left_on, gone.left_on) if day]
        _note_last_days(session, kept, gone)
        _take_posts(kept, gone)
        _take_fields(kept, gone, take)
        _fit_posts(session, kept, left)
    else:
        _take_fields(kept, gone, take)
    session.flush()
    session.expire_all()  # campaigns follow in the database
    changed = (*list_fields(kept), *PLACES)
    letters = count_letters(kept)
    refuse_unseen_risks(
        session, kept, changed, list_rewritten, letters=letters, seen=risks_seen, actor=actor
    )
    where_used.show_change(session, kept)
    session.expire(gone)
    where_used.record_change(
        session,
        kept,
        "merge",
        actor,
        gone=gone.public_id,
        gone_name=where_used.get_gone_name(gone),
        taken=sorted(take),
        moved=moved,
    )
    session.delete(gone)
    session.flush()


def list_fields(entry: Entry) -> tuple[str, ...]:
    """List the fields of which either value is chosen; an address is one, with its check."""
    rules = (rule for rule in Rule if rule is not Rule.CHECKED)
    names = (name for name in names_with(directory_of(entry), *rules) if name not in PLACES[1:])
    return (*names, "left_on") if isinstance(entry, Official) else tuple(names)


def are_same(first: Entry, second: Entry, name: str) -> bool:
    """Whether the two say the same in that field; an address is compared whole."""
    names = PLACES if name == "address" else (name,)
    return all((getattr(first, part) or "") == (getattr(second, part) or "") for part in names)


def is_no_choice(first: Entry, second: Entry, name: str) -> bool:
    """Whether both choices come to the same: words in a language that only one has are kept."""
    if isinstance(getattr(first, name), dict):
        return join_words(first, second, name) == join_words(second, first, name)
    return are_same(first, second, name)


def join_words(first: Entry, second: Entry, name: str) -> dict[str, str]:
    """Return the words of both by language; of a language that both have, those of the first."""
    sides = [getattr(entry, name) for entry in (second, first)]
    return {locale: text for words in sides for locale, text in words.items() if text}


def is_better(first: Entry, second: Entry, name: str) -> bool:
    """Whether the second says something where the first says nothing.

    It does not say it of the first where it left another office.
    """
    if name == "left_on" and isinstance(first, Official) and isinstance(second, Official):
        offices = {post_key(official.office) for official in (first, second) if official.office}
        return bool(second.left_on) and not first.left_on and len(offices) < 2
    return bool(getattr(second, name)) and not getattr(first, name)


def _take_fields(kept: Entry, gone: Entry, take: Collection[str]) -> None:
    if isinstance(kept, Mission) and isinstance(gone, Mission):
        kept.last_checked_on = _find_check(kept, gone, take)
    for name in list_fields(kept):
        is_chosen = name in take
        old, new = getattr(kept, name), getattr(gone, name)
        if isinstance(old, dict):
            sides = (gone, kept) if is_chosen else (kept, gone)
            setattr(kept, name, join_words(*sides, name))
        elif is_chosen and name == "address":
            for part in PLACES if isinstance(kept, Official) else (*PLACES, "timezone"):
                setattr(kept, part, getattr(gone, part))
        elif is_chosen:
            setattr(kept, name, new)


def _find_check(kept: Mission, gone: Mission, take: Collection[str]) -> date | None:
    days = (kept.last_checked_on, gone.last_checked_on)
    if are_same(kept, gone, "address"):
        return max(filter(None, days), default=None)
    return days["address" in take]


def _take_contacts(kept: Entry, gone: Entry) -> None:
    own = {(contact.type, contact.value) for contact in kept.contacts}
    for detail in list(gone.contacts):
        if (detail.type, detail.value) not in own:
            gone.contacts.remove(detail)
            kept.contacts.append(detail)


def _note_last_days(session: Session, *officials: Official) -> None:
    """Note with its office the day on which each left it: either may be the one they become."""
    for official in officials:
        if official.left_on is not None:
            membership = get_current_membership(session, official)
            if membership is not None and membership.ended_on is None:
                membership.ended_on = official.left_on


def _take_posts(kept: Official, gone: Official) -> None:
    own = {(held.post.id, held.started_on): held for held in kept.memberships}
    for membership in list(gone.memberships):
        same = own.get((membership.post.id, membership.started_on))
        if same is not None and same.ended_on is None:
            same.ended_on = membership.ended_on
        elif same is None or membership.ended_on not in {None, same.ended_on}:
            gone.memberships.remove(membership)
            kept.memberships.append(membership)


def _fit_posts(session: Session, official: Official, left: Collection[date]) -> None:
    """Fit the office that letters name to what was chosen of the days `left`, or of none.

    It ends on the day they left; who holds it still has a term that goes on.
    """
    membership = get_current_membership(session, official) if left else None
    if membership is None:
        return
    if official.left_on is not None:
        for held in official.memberships:
            if held.post == membership.post and held.ended_on is None:
                held.ended_on = official.left_on
    elif membership.ended_on is not None and membership.ended_on <= max(left):
        official.memberships.append(Membership(post=membership.post))
