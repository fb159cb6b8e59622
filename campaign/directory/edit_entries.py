"""Entries of the directory created, changed and deleted; many at once as each by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from campaign.core import i18n
from campaign.core.answers import NOTHING, Answers
from campaign.core.errors import Invalid, Refused
from campaign.core.text.desk_texts import free_slug, slugify
from campaign.directory import missions, where_used
from campaign.directory.entry_fields import (
    Entry,
    MissionDraft,
    OfficialDraft,
    draft_of,
    model_of,
    take_draft,
)
from campaign.directory.risk_flags import (
    RisksUnseen,
    SpoilsOpenings,
    refuse_unseen_risks,
    watch_letters,
)
from campaign.directory.signed_letters import ADDRESSED, Forms, count_rewritten, forms_of_address
from campaign.models.campaign import Campaign
from campaign.models.directory import Directory, Mission, MissionKind, Official

E = TypeVar("E", Official, Mission)
_TRIES = 5
ACTIONS = {
    Directory.MISSIONS: ("kind", "sending_country", "host_country", "delete"),
    Directory.OFFICIALS: ("country", "delete"),
}
MOST = 50  # entries at once: a page of the list


class Unaddressed(Invalid):
    """Letters of open or scheduled campaigns lack a form of address: `campaigns`, by its field."""

    def __init__(self, campaigns: Mapping[str, list[Campaign]]) -> None:
        super().__init__("official-in-use", fields=dict.fromkeys(campaigns, "in-use"))
        self.campaigns = campaigns


def create_entry(
    session: Session, entry: E, *, draft: OfficialDraft | MissionDraft, actor: str
) -> E:
    """Keep a new entry; its slug is an official's name or office, or like `mexico-ottawa`."""
    take_draft(entry, draft)
    if isinstance(draft, OfficialDraft):
        slug = slugify(draft.name or i18n.words_in(draft.office, "en"))
    else:
        slug = missions.mission_slug(draft)
    _add_with_slug(session, entry, slug)
    where_used.record_change(session, entry, "create", actor)
    return entry


def update_entry(
    session: Session,
    entry: Entry,
    *,
    draft: OfficialDraft | MissionDraft,
    actor: str,
    risks_seen: Answers = NOTHING,
) -> None:
    """Keep what the draft says; the slug stays, since addresses and scripts rely on it.

    Raises Unaddressed, SpoilsOpenings, or RisksUnseen unless `risks_seen`.
    """
    before, list_rewritten = forms_of_address(entry), watch_letters(session, entry)
    changed, after = take_draft(entry, draft), forms_of_address(entry)
    if lacking := find_unaddressed(session, entry.id, before, after):
        session.refresh(entry)
        raise Unaddressed(lacking)
    session.flush()
    if changed:
        refuse_unseen_risks(
            session,
            entry,
            changed,
            list_rewritten,
            letters=count_rewritten(session, entry.id, before, after),
            seen=risks_seen,
            actor=actor,
        )
        where_used.show_change(session, entry)
        where_used.record_change(session, entry, "edit", actor, fields=changed)


def delete_entry(session: Session, entry: Entry, *, actor: str) -> None:
    """Remove an entry that nothing uses; raises Refused otherwise, with `uses`."""
    if uses := where_used.list_uses(session, entry):
        raise Refused(f"{entry.__tablename__}-in-use", uses=uses)
    gone_name = where_used.get_gone_name(entry)
    where_used.record_change(session, entry, "delete", actor, gone_name=gone_name)
    session.delete(entry)
    session.flush()


def list_chosen(session: Session, directory: Directory, slugs: Sequence[str]) -> Sequence[Entry]:
    model = model_of(directory)
    return where_used.list_entries(session, model, model.slug.in_(slugs[:MOST]))


def delete_entries(
    session: Session, entries: Sequence[Entry], *, actor: str
) -> tuple[int, list[Entry]]:
    """Delete those that nothing uses; return how many, and the others."""
    stays = []
    for entry in entries:
        try:
            delete_entry(session, entry, actor=actor)
        except Refused:
            stays.append(entry)
    return len(entries) - len(stays), stays


def change_entries(
    session: Session, entries: Sequence[Entry], *, field: str, value: str, actor: str
) -> tuple[int, list[Entry]]:
    """Give each the same kind or country; return how many, and those that campaigns keep."""
    stays = []
    changes: dict[str, Any] = {field: MissionKind(value) if field == "kind" else value}
    for entry in entries:
        try:
            with session.begin_nested():
                draft = replace(draft_of(entry), **changes)
                update_entry(session, entry, draft=draft, actor=actor)
        except (RisksUnseen, SpoilsOpenings):
            session.refresh(entry)
            stays.append(entry)
    return len(entries) - len(stays), stays


def find_unaddressed(
    session: Session, official_id: int, before: Forms, after: Forms
) -> dict[str, list[Campaign]]:
    """Find forms of address (`close_fr`) that go, with the campaigns whose letters need them."""
    gone = [
        (name, locale)
        for name in ADDRESSED
        for locale, text in before[name].items()
        if text and not after[name].get(locale)
    ]
    campaigns = where_used.list_writing_to(session, official_id) if gone else ()
    lacking = {
        f"{name}_{locale}": [each for each in campaigns if locale in each.letter_locales]
        for name, locale in gone
    }
    return {name: users for name, users in lacking.items() if users}


def _add_with_slug(session: Session, entry: Entry, slug: str) -> None:
    """Add the entry under that slug, or with the first number from 2 that is free."""
    column = type(entry).slug
    for tries_left in reversed(range(_TRIES)):
        taken = set(session.scalars(select(column).where(column.startswith(slug))))
        entry.slug = free_slug(slug, taken)
        try:
            with session.begin_nested():
                session.add(entry)
        except IntegrityError:
            # Somebody took it since we looked.
            if not tries_left:
                raise
        else:
            return
