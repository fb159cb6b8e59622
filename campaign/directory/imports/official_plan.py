"""What an import of officials would do. Pure: it compares records with rows that are loaded."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import date

from campaign.core.text.fold import fold_name
from campaign.core.unreadable_file import N_, Fault
from campaign.directory.entries import contacts_of
from campaign.directory.entry_fields import Rule, names_with
from campaign.directory.imports.match_entries import OfficialIndex
from campaign.directory.imports.plan import (
    ColumnValues,
    Item,
    Plan,
    filled_values,
    list_contact_changes,
    list_held_changes,
    list_value_changes,
    new_contacts,
    new_place,
    new_values,
    new_words,
    refuse,
)
from campaign.directory.imports.read_rows import Held, OfficialRecord, Reading
from campaign.directory.imports.row_problems import RowProblem
from campaign.directory.offices import post_key
from campaign.models.directory import Official
from campaign.models.directory_import import Directory, Verdict

_CROWD = 3
"""So many who hold one office make a crowd; two may be a change that a list has not caught up."""
_CROWDED_SHOWN = 5
_FOR_ONE = re.compile(
    r"(head of (state|government)|president|presidente|presidenta|presidente|prime minister"
    r"|premier ministre|premiere ministre|primer ministro|primera ministra|premier|chancellor"
    r"|chancelier|canciller|bundeskanzler|king|queen|roi|reine|rey|reina|emperor|sultan|emir|amir"
    r"|(lieutenant )?governor|gouverneur|gobernador|gobernadora|mayor|maire|alcalde|alcaldesa"
    r"|chief justice|attorney general|procureur general|fiscal general|speaker of"
    r"|رييس|رئيس|الرييس|الملك|ملك|محافظ|عمدة)\b"
)
"""How offices begin that one person holds at a time."""


def plan_officials(
    kept: list[Official], readings: Iterable[Reading], *, replace: bool = False
) -> Plan:
    """Plan what becomes of each row.

    An official is found again by source id, else by slug and country. Who holds no office any
    more is noted where they are kept, and otherwise left.
    """
    index = OfficialIndex(kept)
    readings = list(readings)
    plan = Plan(crowded=find_crowded_offices(readings))
    for reading in readings:
        if isinstance(reading, RowProblem):
            plan.items.append(refuse(reading))
        elif isinstance(reading, OfficialRecord):
            official, slug = index.find(reading)
            if official is not None:
                plan.items.append(_compare(official, reading, replace))
            elif reading.left_on is None:
                plan.items.append(_add(reading, slug))
            else:
                plan.items.append(_pass_over(reading, reading.left_on))
    return plan


def find_crowded_offices(readings: Iterable[Reading]) -> list[tuple[str, int]]:
    """Find offices for one person that many hold by the file: former ones, it seems."""
    held: Counter[tuple[str, str]] = Counter()
    shown: dict[tuple[str, str], str] = {}
    for record in readings:
        if isinstance(record, OfficialRecord) and record.left_on is None and record.draft.office:
            office = record.draft.office.get("en") or next(iter(record.draft.office.values()))
            key = (record.draft.country, fold_name(office))
            held[key] += 1
            shown.setdefault(key, office)
    crowded = [
        (shown[key], count)
        for key, count in held.most_common()
        if count >= _CROWD and _FOR_ONE.match(key[1])
    ]
    return crowded[:_CROWDED_SHOWN]


def _pass_over(record: OfficialRecord, left_on: date) -> Item:
    last = [office for office in record.held if office.ended_on][-1:]
    sentence, values = N_("Left office on %(day)s, so not added to the directory."), {}
    if offices := list_held_changes(last):
        sentence = N_(
            "Former office: %(office)s. Left office on %(day)s, so not added to the directory."
        )
        values = {"office": offices[0].new[:80]}
    why = Fault(sentence, {**values, "day": left_on.isoformat()})
    return Item(record.row, Verdict.LEFT, record.draft.name or record.plain_name, why=why)


def _add(record: OfficialRecord, slug: str) -> Item:
    draft = record.draft
    values = new_values(Directory.OFFICIALS, draft)
    values |= {"slug": slug, "source_id": record.source_id}
    return Item(
        record.row,
        Verdict.ADDED,
        draft.name or record.plain_name,
        slug,
        values=values,
        contacts=draft.contacts,
        held=record.held,
        left_out=record.left_out,
    )


def _compare(official: Official, record: OfficialRecord, replace: bool) -> Item:
    draft = record.draft
    values: ColumnValues = {}
    if record.source_id and not official.source_id:
        values["source_id"] = record.source_id
    is_ours = replace and record.own_id == official.public_id
    values |= filled_values(Directory.OFFICIALS, official, draft, follows=replace, identity=is_ours)
    values |= new_place(official, record, follows=replace, replace=replace)
    for name in names_with(Directory.OFFICIALS, Rule.WORDS):
        kept = getattr(official, name)
        words = new_words(kept, getattr(draft, name), replace=replace)
        if words != kept:
            values[name] = words
    if record.left_on and official.left_on is None:
        values["left_on"] = record.left_on
    added, dropped = new_contacts(contacts_of(official.contacts), draft.contacts, replace=replace)
    held = tuple(office for office in record.held if _is_news(official, office))
    changes = (
        *list_value_changes(official, values),
        *list_contact_changes(added, dropped),
        *list_held_changes(held),
    )
    verdict = Verdict.CHANGED if values or added or dropped or held else Verdict.LEFT
    title = official.name or record.plain_name
    return Item(
        record.row,
        verdict,
        title,
        official.slug,
        changes,
        entry=official,
        values=values,
        contacts=added,
        dropped=dropped,
        held=held,
        left_out=record.left_out,
    )


def _is_news(official: Official, held: Held) -> bool:
    """Whether the office is not noted, or noted as one that has not ended."""
    key = post_key(held.label)
    return not any(
        membership.ended_on or held.ended_on is None
        for membership in official.memberships
        if membership.post.key == key and membership.started_on in {held.started_on, None}
    )
