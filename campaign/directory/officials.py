"""Officials: kept, found, listed."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.core import i18n
from campaign.core.errors import Invalid, NotFound, Refused
from campaign.core.text.fold import fold_name
from campaign.core.text.slugs import slugify
from campaign.directory import where_used
from campaign.directory.entries import OfficialDraft, contact_details, contacts_of, merge_words
from campaign.directory.entry_fields import Rule, names_with
from campaign.directory.risk_flags import refuse_flagged
from campaign.models.directory import Official
from campaign.models.directory_import import Directory
from campaign.web.pagination import MOST_FOUND, Listing, contains_words, load_page, rank_of_country

_WORDS = names_with(Directory.OFFICIALS, Rule.WORDS)
_ADDRESSED = ("salutation", "close")
_PLAIN = names_with(Directory.OFFICIALS, Rule.IDENTITY, Rule.FILLED, Rule.PLACE)


def get_official(session: Session, *, slug: str) -> Official:
    official = find_official(session, slug=slug)
    if official is None:
        raise NotFound("official", slug=slug)
    return official


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
    """Return a page of officials; every word of `query` is in name, office, place or country.

    With `left`, those who have left their office while a campaign still aims at them.
    """
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


def search_officials(
    session: Session, *, query: str, without: Sequence[int] = (), most: int = MOST_FOUND
) -> Sequence[Official]:
    """Return the first officials that a search finds; those whose name begins so come first.

    Nothing for a query without words.
    """
    start = fold_name(query)
    if not start:
        return []
    matches = (
        select(Official)
        .where(*contains_words(query, Official.search), Official.id.not_in(without))
        .order_by(Official.name_key, Official.id)
    )
    begins = Official.name_key.startswith(start, autoescape=True)
    first = session.scalars(matches.where(begins).limit(most)).all()
    if len(first) == most:
        return first
    return [*first, *session.scalars(matches.where(~begins).limit(most - len(first)))]


def count_left(session: Session) -> int:
    """Count those who have left their office while a campaign still aims at them."""
    query = select(func.count(Official.id)).where(
        Official.left_on.is_not(None), where_used.is_aimed_at()
    )
    return session.scalar(query) or 0


def create_official(session: Session, *, draft: OfficialDraft, actor: str) -> Official:
    """Keep a new official; its slug is made from the name, or the office where none is known."""
    slug = slugify(draft.name or i18n.words_in(draft.office, "en"))
    official = Official()
    _take(official, draft)
    where_used.add_with_slug(session, official, slug)
    where_used.record_change(session, official, "officials.create", actor)
    return official


def update_official(
    session: Session,
    *,
    official: Official,
    draft: OfficialDraft,
    actor: str,
    risks_seen: bool = False,
) -> Official:
    """Keep what the draft says; the slug stays, since addresses and scripts rely on it.

    Raises Invalid: an open campaign would lack a form of address in a language of its letters, or
    a public one would name what its risk flags rule out (FlagNamed), unless `risks_seen`.
    """
    before = {name: dict(getattr(official, name)) for name in _ADDRESSED}
    changed = _take(official, draft)
    _refuse_unaddressed(session, official, before)
    session.flush()
    if changed:
        refuse_flagged(session, official, changed, seen=risks_seen, actor=actor)
        where_used.show_change(session, official)
        where_used.record_change(session, official, "officials.edit", actor, fields=changed)
    return official


def delete_official(session: Session, *, official: Official, actor: str) -> None:
    """Remove an official whom nothing uses; raises Refused("official-in-use", uses=[…])."""
    uses = where_used.list_uses(session, official)
    if uses:
        raise Refused("official-in-use", uses=uses)
    where_used.record_change(session, official, "officials.delete", actor)
    session.delete(official)
    session.flush()


def draft_of(official: Official) -> OfficialDraft:
    values = {name: getattr(official, name) for name in (*_WORDS, *_PLAIN)}
    return OfficialDraft(**values, contacts=contacts_of(official.contacts))


def _take(official: Official, draft: OfficialDraft) -> list[str]:
    """Put the draft into the row; return the names of the fields that changed."""
    values = {name: getattr(draft, name) for name in _PLAIN}
    for name in _WORDS:
        values[name] = merge_words(getattr(official, name) or {}, getattr(draft, name))
    changed = [name for name, value in values.items() if getattr(official, name) != value]
    for name in changed:
        setattr(official, name, values[name])
    if contacts_of(official.contacts) != draft.contacts:
        official.contacts = contact_details(draft.contacts)
        changed.append("contacts")
    return sorted(changed)


def _refuse_unaddressed(
    session: Session, official: Official, before: dict[str, dict[str, str]]
) -> None:
    """Raise Invalid where a form of address is gone that letters being signed begin or end with."""
    missing = {
        f"{name}_{locale}": "in-use"
        for locale in where_used.find_languages_written_in(session, official.id)
        for name in _ADDRESSED
        if before[name].get(locale) and not getattr(official, name).get(locale)
    }
    if missing:
        session.refresh(official)
        raise Invalid("official-in-use", fields=missing)
