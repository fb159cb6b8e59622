"""Posts and who held them (Popolo): from when until when, and who came after.

An office passes to somebody else.
"""

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core import audit, db, i18n
from campaign.core.errors import Invalid, NotFound, Refused
from campaign.core.text.fold import fold_name
from campaign.directory import officials
from campaign.directory.entries import OfficialDraft
from campaign.directory.imports.read_rows import Held
from campaign.directory.risk_flags import refuse_flagged
from campaign.models.directory import Membership, Official, Post

_KEY_LENGTH = 250


def post_key(label: dict[str, str]) -> str:
    """A post's label without accents and capitals, by which it is found again. Pure."""
    return fold_name(i18n.words_in(label, "en"))[:_KEY_LENGTH]


def find_post(session: Session, *, country: str, label: dict[str, str]) -> Post:
    """The post of that name in a country, made where there is none."""
    key = post_key(label)
    same = select(Post).where(Post.country == country, Post.key == key)
    post = session.scalar(same)
    if post is None:
        statement = db.insert_into(session, Post).values(
            public_id=db.new_public_id(),
            country=country,
            key=key,
            label=label,
            created_at=db.utcnow(),
        )
        session.execute(statement.on_conflict_do_nothing(index_elements=["country", "key"]))
        post = session.scalars(same).one()
    return post


def note_held(session: Session, official: Official, held: Held) -> Membership:
    """Note an office that the official holds or held; one that is noted as going on ends."""
    post = find_post(session, country=official.country, label=held.label)
    for known in official.memberships:
        if known.post_id == post.id and known.started_on in {held.started_on, None}:
            known.started_on = known.started_on or held.started_on
            known.ended_on = known.ended_on or held.ended_on
            return known
    membership = Membership(post=post, started_on=held.started_on, ended_on=held.ended_on)
    official.memberships.append(membership)
    return membership


def current_membership(session: Session, official: Official) -> Membership | None:
    """The official's membership in the post that letters name; made where none is noted yet.

    None where the official has no office.
    """
    if not official.office:
        return None
    key = post_key(official.office)
    named = [one for one in official.memberships if one.post.key == key]
    for known in named:
        if known.ended_on is None:
            return known
    if named:
        return named[-1]
    return note_held(session, official, Held(dict(official.office)))


def save_days(
    session: Session,
    *,
    official: Official,
    days: dict[int, tuple[date | None, date | None]],
    today: date,
    actor: str,
) -> None:
    """Keep from when until when the official held each post (by membership id).

    Who has left the office that letters name is noted as gone; who has not, is not. Raises
    Invalid where a last day comes before the first, NotFound for another's membership.
    """
    known = {one.id: one for one in official.memberships}
    wrong = {
        f"until_{number}": "before-first"
        for number, (start, end) in days.items()
        if start and end and end < start
    }
    if wrong:
        raise Invalid(fields=wrong)
    for number, (start, end) in days.items():
        if number not in known:
            raise NotFound("membership")
        known[number].started_on, known[number].ended_on = start, end
    _note_leaving(official, today)
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="officials.posts",
        subject=f"official:{official.public_id}",
        posts=sorted(days),
    )


def end_office(session: Session, *, official: Official, on: date, actor: str) -> Membership | None:
    """Note that the official left the office that letters name."""
    membership = current_membership(session, official)
    if membership is not None:
        membership.ended_on = on
    official.left_on = on
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="officials.leave",
        subject=f"official:{official.public_id}",
        on=on.isoformat(),
    )
    return membership


def begin_office(session: Session, *, official: Official, post: Post, on: date, actor: str) -> None:
    """Note that the official took over a post; letters name it from now on."""
    official.memberships.append(Membership(post=post, started_on=on))
    official.left_on = None
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="officials.take-over",
        on=on.isoformat(),
        subject=f"official:{official.public_id}",
        post=post.public_id,
    )


def successors(session: Session, official: Official) -> list[Official]:
    """Who holds now a post that the official has left, the latest first."""
    left = [one.post_id for one in official.memberships if one.ended_on]
    if not left:
        return []
    query = (
        select(Official)
        .join(Membership, Membership.official_id == Official.id)
        .where(
            Membership.post_id.in_(left),
            Membership.ended_on.is_(None),
            Official.id != official.id,
            Official.left_on.is_(None),
        )
        .order_by(Membership.started_on.desc(), Membership.id.desc())
        .limit(20)
    )
    return list(dict.fromkeys(session.scalars(query).all()))


def _note_leaving(official: Official, today: date) -> None:
    key = post_key(official.office) if official.office else ""
    named = [one for one in official.memberships if one.post.key == key]
    holds = any(one.ended_on is None or one.ended_on > today for one in named)
    ends = [one.ended_on for one in named if one.ended_on]
    if named:
        official.left_on = None if holds else max(ends, default=None)


def pass_to_new(
    session: Session, *, predecessor: Official, draft: OfficialDraft, on: date, actor: str
) -> Official:
    """The office passes to a person who is not in the directory yet."""
    successor = officials.create_official(session, draft=draft, actor=actor)
    return _pass(session, predecessor, successor, on, actor)


def pass_to(
    session: Session,
    *,
    predecessor: Official,
    successor: Official,
    on: date,
    actor: str,
    risks_seen: bool = False,
) -> Official:
    """The office passes to somebody who is in the directory; letters name the new office.

    Forms of address that the office had, and that do not name its holder, fill in what lacks.
    Raises Refused where they are one person; FlagNamed as `officials.update_official` does.
    """
    if predecessor.id == successor.id:
        raise Refused("successor-same")
    current_membership(session, successor)  # what they held before is noted
    passed = of_the_office(predecessor, officials.draft_of(predecessor))
    successor.office = dict(predecessor.office)
    successor.salutation = {**passed.salutation, **successor.salutation}
    successor.close = {**passed.close, **successor.close}
    changed = ("office", "salutation", "close")
    refuse_flagged(session, successor, changed, seen=risks_seen, actor=actor)
    return _pass(session, predecessor, successor, on, actor)


def _pass(
    session: Session, predecessor: Official, successor: Official, on: date, actor: str
) -> Official:
    known = current_membership(session, predecessor)
    if known is None:
        raise Refused("successor-no-office")
    if known.started_on and on < known.started_on:
        raise Invalid(fields={"on": "before-first"})
    membership = end_office(session, official=predecessor, on=on, actor=actor)
    assert membership is not None
    begin_office(session, official=successor, post=membership.post, on=on, actor=actor)
    return successor


def of_the_office(predecessor: Official, draft: OfficialDraft) -> OfficialDraft:
    """What stays when the person goes: office, address, and forms of address without the name.

    Mailboxes and telephones that carry the name go with it.
    """
    names = {
        word
        for name in (predecessor.name, predecessor.given_name, predecessor.family_name)
        for word in fold_name(name).split()
        if len(word) > 2
    }
    return OfficialDraft(
        office=dict(draft.office),
        salutation=_without(draft.salutation, names),
        close=_without(draft.close, names),
        country=draft.country,
        preferred_locale=draft.preferred_locale,
        address=draft.address,
        locality=draft.locality,
        region=draft.region,
        postal_code=draft.postal_code,
        contacts=tuple(
            one for one in draft.contacts if not any(name in fold_name(one.value) for name in names)
        ),
    )


def _without(words: dict[str, str], names: set[str]) -> dict[str, str]:
    return {code: text for code, text in words.items() if not names & set(fold_name(text).split())}
