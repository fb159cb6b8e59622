"""Officials: kept, found, listed; their posts: from when until when, and who comes after."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from campaign.core import db, i18n, jobs
from campaign.core.answers import Answers
from campaign.core.audit import AuditEntry
from campaign.core.errors import Invalid, NotFound, Refused
from campaign.core.text.fold import fold_name
from campaign.directory import where_used
from campaign.directory.edit_entries import create_entry
from campaign.directory.entry_fields import OfficialDraft, draft_of
from campaign.directory.imports.read_rows import Held
from campaign.directory.risk_flags import refuse_unseen_risks, watch_letters
from campaign.directory.signed_letters import count_rewritten, forms_of_address
from campaign.models.directory import Membership, Official, Post
from campaign.web.pagination import MOST_FOUND, Listing, contains_words, load_page, rank_of_country

_ACTOR = "job:officials.end-terms"
_KEY_LENGTH = 250
_FOUND_WITHIN = timedelta(days=31)
"""An office that ended longer ago than this, in an old file, is rarely the one letters name."""


def get_official(session: Session, *, slug: str) -> Official:
    return db.get_row(session, select(Official).where(Official.slug == slug), "official", slug=slug)


def find_official(session: Session, *, slug: str) -> Official | None:
    return session.scalar(select(Official).where(Official.slug == slug))


def list_officials(
    session: Session,
    *,
    query: str = "",
    country: str = "",
    left: bool = False,
    sort: str = "name",
    page: int = 1,
) -> Listing[Official]:
    """With `left`, list those who left their office while a campaign still aims at them."""
    matches = select(Official).where(*contains_words(query, Official.search))
    if country:
        matches = matches.where(Official.country == country)
    if left:
        matches = matches.where(Official.left_on.is_not(None), where_used.is_aimed_at())
    by_country = (rank_of_country(session, Official.country), Official.name_key)
    order = by_country if sort == "country" else (Official.name_key,)
    return load_page(session, matches.order_by(*order, Official.id), page)


def countries_of_officials(session: Session) -> list[str]:
    return list(session.scalars(select(Official.country).distinct().order_by(Official.country)))


def search_officials(session: Session, *, query: str, without: Sequence[int]) -> Sequence[Official]:
    """List the first that a search finds; those whose name begins so come first."""
    start = fold_name(query)
    if not start:
        return []
    matches = (
        select(Official)
        .where(*contains_words(query, Official.search), Official.id.not_in(without))
        .order_by(Official.name_key, Official.id)
    )
    begins = Official.name_key.startswith(start, autoescape=True)
    first = session.scalars(matches.where(begins).limit(MOST_FOUND)).all()
    if len(first) == MOST_FOUND:
        return first
    return [*first, *session.scalars(matches.where(~begins).limit(MOST_FOUND - len(first)))]


def count_left(session: Session) -> int:
    query = select(func.count(Official.id)).where(
        Official.left_on.is_not(None), where_used.is_aimed_at()
    )
    return session.scalar(query) or 0


def is_written_to(session: Session, official: Official) -> bool:
    """Whether a campaign aims at them whose letters may yet be printed."""
    query = select(Official.id).where(Official.id == official.id, where_used.is_aimed_at())
    return db.has_row(session, query)


def post_key(label: dict[str, str]) -> str:
    return fold_name(i18n.words_in(label, "en"))[:_KEY_LENGTH]


def get_or_create_post(session: Session, *, country: str, label: dict[str, str]) -> Post:
    """Return the post of that name in a country, made where there is none."""
    key = post_key(label)
    same = select(Post).where(Post.country == country, Post.key == key)
    post = session.scalar(same)
    if post is None:
        db.insert_new(session, Post, country=country, key=key, label=label)
        post = session.scalars(same).one()
    return post


def note_held(session: Session, official: Official, held: Held) -> Membership:
    """Note an office that the official holds or held; one that is noted as going on ends."""
    post = get_or_create_post(session, country=official.country, label=held.label)
    for membership in official.memberships:
        if membership.post_id == post.id and membership.started_on in {held.started_on, None}:
            membership.started_on = membership.started_on or held.started_on
            membership.ended_on = membership.ended_on or held.ended_on
            return membership
    membership = Membership(post=post, started_on=held.started_on, ended_on=held.ended_on)
    official.memberships.append(membership)
    return membership


def get_current_membership(session: Session, official: Official) -> Membership | None:
    """Return it in the post that letters name, noted if it was not; None without an office."""
    if not official.office:
        return None
    membership = _find_current_membership(official)
    if membership is None:
        membership = Membership(post=_post_named(session, official))
        official.memberships.append(membership)
    return membership


def _post_named(session: Session, official: Official) -> Post:
    return get_or_create_post(session, country=official.country, label=dict(official.office))


def _find_current_membership(official: Official) -> Membership | None:
    """Find what goes on, else what ended last; of several posts, none is surely the one."""
    of_office = _list_of_office(official, i18n.today_at_home())
    if not official.office or len({held.post.key for held in of_office}) > 1:
        return None
    return max(of_office, key=lambda held: held.ended_on or date.max, default=None)


def find_last_day(official: Official) -> date | None:
    """Return the last day on record in the office that letters name: to come, else over."""
    membership = _find_current_membership(official)
    ended_on = membership.ended_on if membership else None
    if ended_on and ended_on >= i18n.today_at_home():
        return ended_on
    return official.left_on or ended_on


def save_days(
    session: Session,
    *,
    official: Official,
    days: dict[int, tuple[date | None, date | None]],
    today: date,
    actor: str,
) -> None:
    """Keep from when until when the official held each post (by membership id).

    Who has left the office that letters name is noted as gone; who has not, is not, until
    `end_terms` finds the last day over. Where no last day of it changes, what is noted stays.
    Raises Invalid where a last day comes before the first, NotFound for another's membership.
    """
    memberships = {membership.id: membership for membership in official.memberships}
    wrong = {
        f"until_{number}": "before-first"
        for number, (start, end) in days.items()
        if start and end and end < start
    }
    if wrong:
        raise Invalid(fields=wrong)
    ends = {held: held.ended_on for held in _list_of_office(official, today)}
    changed = set()
    for number, (start, end) in days.items():
        if number not in memberships:
            raise NotFound("membership")
        held = memberships[number]
        if (held.started_on, held.ended_on) != (start, end):
            changed.add(held.post.public_id)
        held.started_on, held.ended_on = start, end
    of_office = [*ends, *_list_of_office(official, today)]
    if official.left_on is None or ends != {held: held.ended_on for held in of_office}:
        _note_leaving(official, of_office, today)
    session.flush()
    where_used.record_change(session, official, "posts", actor, posts=sorted(changed))


def end_office(session: Session, *, official: Official, on: date, actor: str) -> date:
    """Note that they have left the office: `on` that day, or on one on record that is over."""
    today, before = i18n.today_at_home(), find_last_day(official)
    membership = get_current_membership(session, official)
    ended_on = membership.ended_on if membership else None
    last_day = next((day for day in (official.left_on, ended_on) if day and day < today), on)
    if membership and (ended_on is None or ended_on >= today):
        membership.ended_on = last_day
    official.left_on = last_day
    session.flush()
    moved = {"before": before.isoformat()} if before and before != last_day else {}
    where_used.record_change(session, official, "leave", actor, on=last_day.isoformat(), **moved)
    return last_day


def successors(session: Session, official: Official) -> list[Official]:
    """List who holds now a post that the official has left, the latest first."""
    today = i18n.today_at_home()
    left = [
        held.post_id for held in official.memberships if held.ended_on and held.ended_on <= today
    ]
    if not left:
        return []
    query = (
        select(Official)
        .join(Membership, Membership.official_id == Official.id)
        .where(
            Membership.post_id.in_(left),
            or_(Membership.ended_on.is_(None), Membership.ended_on >= today),
            Official.id != official.id,
            Official.left_on.is_(None),
        )
        .order_by(Membership.started_on.desc(), Membership.id.desc())
        .limit(20)
    )
    return list(dict.fromkeys(session.scalars(query).all()))


class Passing(NamedTuple):
    """Who took over an office, and the entry of who recorded it."""

    successor: Official
    entry: AuditEntry


class OfficePassed(Refused):
    """A colleague has entered a successor already: the office would have two holders."""

    def __init__(self, passing: Passing) -> None:
        super().__init__("office-passed", successor=passing.successor.slug)
        self.passing = passing


def find_passing(session: Session, official: Official) -> Passing | None:
    """Find who was entered as the successor of an official who is not back in office."""
    if official.left_on is None:
        return None
    taken_over = select(AuditEntry).where(AuditEntry.action == "officials.take-over")
    for entry in session.scalars(taken_over.order_by(AuditEntry.id.desc())):
        if entry.detail.get("predecessor") == official.public_id:
            _kind, _colon, public_id = entry.subject.partition(":")
            successor = session.scalar(select(Official).where(Official.public_id == public_id))
            return Passing(successor, entry) if successor else None
    return None


def _refuse_passed(session: Session, predecessor: Official) -> None:
    """Wait for others who pass the office on. Raises OfficePassed where they did."""
    session.refresh(predecessor, with_for_update={"key_share": True})
    if passing := find_passing(session, predecessor):
        raise OfficePassed(passing)


def _list_of_office(official: Official, today: date) -> list[Membership]:
    """List when they held the office that letters name, without terms that were over long before.

    Who came back to an office may have no term of it yet. Where its wording was corrected since,
    no post is called so any more: it is what goes on, or what ended the day they left.
    """
    key = post_key(official.office) if official.office else ""
    named = [held for held in official.memberships if held.post.key == key]
    since = (official.left_on or today) - _FOUND_WITHIN
    if not named and official.left_on:
        since = today
    return [
        held
        for held in named or official.memberships
        if held.ended_on is None or held.ended_on >= since or held.ended_on == official.left_on
    ]


def _note_leaving(official: Official, of_office: list[Membership], today: date) -> None:
    """Note who has left: from the day after the last, or on it where somebody said so that day."""
    ends = [held.ended_on for held in of_office]
    if ends:
        holds = any(end is None or (end >= today and end != official.left_on) for end in ends)
        official.left_on = None if holds else max(filter(None, ends))


@jobs.job("officials.end-terms", every_minutes=60)
def end_terms() -> None:
    """Note as gone whose last day in office, known beforehand, is over."""
    today = i18n.today_at_home()
    since = today - _FOUND_WITHIN
    ended = select(Membership.official_id).where(
        Membership.ended_on >= since, Membership.ended_on < today
    )
    with db.transaction() as session:
        due = select(Official).where(Official.left_on.is_(None), Official.id.in_(ended))
        locked = due.order_by(Official.id).with_for_update(key_share=True)
        for official in session.scalars(locked).all():
            _note_leaving(official, _list_of_office(official, today), today)
            if official.left_on is not None:
                on = official.left_on.isoformat()
                where_used.record_change(session, official, "leave", _ACTOR, on=on)


def pass_to_new(
    session: Session, *, predecessor: Official, draft: OfficialDraft, on: date, actor: str
) -> Official:
    """Pass the office to a new entry. Raises OfficePassed, Invalid (`on`)."""
    _refuse_passed(session, predecessor)
    successor = create_entry(session, Official(), draft=draft, actor=actor)
    return _pass_office(session, predecessor, successor, on, actor)


def pass_to(
    session: Session,
    *,
    predecessor: Official,
    successor: Official,
    on: date,
    actor: str,
    risks_seen: Answers,
) -> Official:
    """Pass the office to somebody who is in the directory; letters name the new office.

    Forms of address that the office had, and that do not name its holder, fill in what lacks.
    Raises Refused where they are one person; OfficePassed; RisksUnseen and SpoilsOpenings as
    `update_entry` does.
    """
    _refuse_passed(session, predecessor)
    if predecessor.id == successor.id:
        raise Refused("successor-same")
    list_rewritten, before = watch_letters(session, successor), forms_of_address(successor)
    held_before = get_current_membership(session, successor)
    if held_before and held_before.ended_on is None:
        held_before.ended_on = successor.left_on
    kept = of_the_office(predecessor, draft_of(predecessor))
    successor.office = dict(predecessor.office)
    successor.salutation = {**kept.salutation, **successor.salutation}
    successor.close = {**kept.close, **successor.close}
    refuse_unseen_risks(
        session,
        successor,
        ("office", "salutation", "close"),
        list_rewritten,
        letters=count_rewritten(session, successor.id, before, forms_of_address(successor)),
        seen=risks_seen,
        actor=actor,
    )
    return _pass_office(session, predecessor, successor, on, actor)


def _pass_office(
    session: Session, predecessor: Official, successor: Official, on: date, actor: str
) -> Official:
    membership = get_current_membership(session, predecessor)
    if membership is None:
        raise Refused("successor-no-office")
    if membership.started_on and on < membership.started_on:
        raise Invalid(fields={"on": "before-first"})
    end_office(session, official=predecessor, on=on, actor=actor)
    # Both held the office as it is called now: its wording may have been corrected since.
    membership.post = _post_named(session, predecessor)
    successor.memberships.append(Membership(post=membership.post, started_on=on))
    successor.left_on = None
    session.flush()
    details = {
        "on": on.isoformat(),
        "post": membership.post.public_id,
        "predecessor": predecessor.public_id,
    }
    where_used.record_change(session, successor, "take-over", actor, **details)
    return successor


def of_the_office(predecessor: Official, draft: OfficialDraft) -> OfficialDraft:
    """Return what stays when the person goes: no mailbox and no greeting with the name."""
    names = {
        word
        for name in (predecessor.name, predecessor.given_name, predecessor.family_name)
        for word in fold_name(name).split()
        if len(word) > 2
    }
    return replace(
        draft,
        name="",
        given_name="",
        family_name="",
        salutation=_leave_out(draft.salutation, names),
        close=_leave_out(draft.close, names),
        contacts=tuple(
            contact
            for contact in draft.contacts
            if not any(name in fold_name(contact.value) for name in names)
        ),
    )


def _leave_out(words: dict[str, str], names: set[str]) -> dict[str, str]:
    return {code: text for code, text in words.items() if not names & set(fold_name(text).split())}
