"""What an import of officials would do. Pure: it compares records with rows that are loaded."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from campaign.officials.drafts import contacts_of
from campaign.officials.import_models import Verdict
from campaign.officials.matching import OfficialIndex
from campaign.officials.models import Official
from campaign.officials.plans import (
    Item,
    Plan,
    changes_of,
    contact_changes,
    held_changes,
    new_contacts,
    new_words,
    refused,
)
from campaign.officials.posts import post_key
from campaign.officials.readings import N_, Fault, Held, OfficialRecord, RowProblem

_TEXTS = ("name", "given_name", "family_name", "locality", "region", "postal_code")
_WORDS = ("office", "salutation", "close")


def plan_officials(
    kept: list[Official],
    readings: Iterable[OfficialRecord | RowProblem],
    *,
    replace: bool = False,
) -> Plan:
    """What becomes of each row.

    An official is found again by source id, else by slug and country. Who holds no office any
    more is noted where they are kept, and otherwise left.
    """
    index = OfficialIndex(kept)
    plan = Plan()
    for reading in readings:
        if isinstance(reading, RowProblem):
            plan.items.append(refused(reading))
            continue
        known, slug = index.find(reading)
        if known is not None:
            plan.items.append(_compared(known, reading, replace))
        elif reading.left_on is None:
            plan.items.append(_added(reading, slug))
        else:
            plan.items.append(_passed_over(reading, reading.left_on))
    return plan


def _passed_over(record: OfficialRecord, left_on: date) -> Item:
    why = Fault(
        N_("Has held no office since %(day)s, and is not in the directory."),
        {"day": left_on.isoformat()},
    )
    return Item(record.row, Verdict.LEFT, record.draft.name or record.plain_name, why=why)


def _added(record: OfficialRecord, slug: str) -> Item:
    draft = record.draft
    plain = (*_TEXTS, *_WORDS, "country", "preferred_locale", "address")
    values = {name: getattr(draft, name) for name in plain}
    values |= {"slug": slug, "source_id": record.source_id}
    return Item(
        record.row, Verdict.ADDED, draft.name or record.plain_name, slug, values=values,
        contacts=draft.contacts, held=record.held,
    )  # fmt: skip


def _compared(official: Official, record: OfficialRecord, replace: bool) -> Item:
    draft = record.draft
    values: dict[str, Any] = {}
    if record.source_id and not official.source_id:
        values["source_id"] = record.source_id
    for name in _TEXTS:
        new, old = getattr(draft, name), getattr(official, name)
        if new and new != old and (replace or not old):
            values[name] = new
    if draft.address and draft.address != official.address and (replace or not official.address):
        values["address"] = draft.address
    for name in _WORDS:
        kept = getattr(official, name)
        words = new_words(kept, getattr(draft, name), replace=replace)
        if words != kept:
            values[name] = words
    if record.left_on and official.left_on is None:
        values["left_on"] = record.left_on
    added, dropped = new_contacts(contacts_of(official.contacts), draft.contacts, replace=replace)
    held = tuple(one for one in record.held if _is_news(official, one))
    changes = (
        *changes_of(official, values), *contact_changes(added, dropped), *held_changes(held)
    )  # fmt: skip
    verdict = Verdict.CHANGED if values or added or dropped or held else Verdict.LEFT
    title = official.name or record.plain_name
    return Item(
        record.row, verdict, title, official.slug, changes, known=official, values=values,
        contacts=added, dropped=dropped, held=held,
    )  # fmt: skip


def _is_news(official: Official, held: Held) -> bool:
    """Whether the office is not noted, or noted as one that has not ended."""
    key = post_key(held.label)
    same = [
        one for one in official.memberships
        if one.post.key == key and one.started_on in {held.started_on, None}
    ]  # fmt: skip
    return not any(one.ended_on or held.ended_on is None for one in same)
