"""What an import of missions would do. Pure: it compares records with rows that are loaded."""

from collections.abc import Iterable
from typing import Any

from campaign.core.text.slugs import free_slug
from campaign.directory.entries import contacts_of
from campaign.directory.imports.match_entries import MissionIndex
from campaign.directory.imports.plan import (
    PLACES,
    Item,
    Plan,
    changes_of,
    contact_changes,
    in_words,
    new_contacts,
    new_place,
    new_words,
    refused,
)
from campaign.directory.imports.read_rows import N_, Fault, MissionRecord, Repeated, RowProblem
from campaign.directory.missions import mission_slug
from campaign.models.directory import Mission
from campaign.models.directory_import import Verdict

_NEW = ("kind", "name", "sending_country", "host_country", "accredited_to", "head_of_mission",
        "hours", "last_checked_on", *PLACES)  # fmt: skip


def plan_missions(
    kept: list[Mission],
    readings: Iterable[MissionRecord | RowProblem | Repeated],
    *,
    replace: bool = False,
) -> Plan:
    """What becomes of each row.

    A mission is found again by its source id, else by countries, kind and town where that is sure.
    """
    readings = list(readings)
    records = (one for one in readings if isinstance(one, MissionRecord))
    index, slugs = MissionIndex(kept, records), {mission.slug for mission in kept}
    plan = Plan()
    for reading in readings:
        if isinstance(reading, RowProblem):
            plan.items.append(refused(reading))
        elif isinstance(reading, Repeated):
            plan.items.append(_repeated(reading))
        elif (known := index.find(reading)) is None:
            plan.items.append(_added(reading, slugs))
        else:
            plan.items.append(_compared(known, reading, replace))
    return plan


def _repeated(reading: Repeated) -> Item:
    why = Fault(
        N_("The same mission as in row %(row)s; a head of mission that is missing there is taken "
           "from here."), {"row": reading.of_row},
    )  # fmt: skip
    return Item(reading.row, Verdict.LEFT, reading.title, why=why)


def _added(record: MissionRecord, slugs: set[str]) -> Item:
    draft = record.draft
    wanted = mission_slug(draft.kind, draft.sending_country, draft.host_country, draft.locality)
    slug = free_slug(wanted, slugs)
    slugs.add(slug)
    values = {name: getattr(draft, name) for name in _NEW}
    values |= {"slug": slug, "source_id": record.source_id}
    title = draft.name.get("en") or next(iter(draft.name.values()), slug)
    return Item(
        record.row, Verdict.ADDED, title, slug, values=values, contacts=draft.contacts,
        left_out=record.left_out,
    )  # fmt: skip


def _compared(mission: Mission, record: MissionRecord, replace: bool) -> Item:
    values = _changed_values(mission, record, replace)
    checked = mission.last_checked_on is not None
    added, dropped = new_contacts(
        contacts_of(mission.contacts), record.draft.contacts, replace=replace, only_kinds=checked
    )
    changes = (*changes_of(mission, values), *contact_changes(added, dropped))
    verdict = Verdict.CHANGED if values or added or dropped else Verdict.LEFT
    title = mission.name.get("en") or in_words(mission.name) or mission.slug
    return Item(
        record.row, verdict, title, mission.slug, changes, known=mission, values=values,
        contacts=added, dropped=dropped, left_out=record.left_out,
    )  # fmt: skip


def _changed_values(mission: Mission, record: MissionRecord, replace: bool) -> dict[str, Any]:
    """New values of the columns that an import changes.

    What came from this source and nobody has checked since follows the source, as all does with
    `replace`; else it is only filled in where it is empty.
    """
    draft = record.draft
    checked = mission.last_checked_on is not None
    follows = replace or (mission.source_id == record.source_id and not checked)
    values: dict[str, Any] = {}
    if record.source_id and not mission.source_id:
        values["source_id"] = record.source_id
    ours = bool(record.own_id) and record.own_id == mission.public_id
    said = dict(draft.name)
    if record.made_name and mission.name.get("en"):
        said.pop("en", None)
    names = new_words(mission.name, said, replace=replace)
    if names != mission.name:
        values["name"] = names
    candidates: list[str] = ["head_of_mission", "accredited_to", "hours"]
    if ours and replace:
        # An export of ours that was changed: what tells missions apart may be what was mended.
        candidates += ["kind", "sending_country", "host_country"]
    values |= new_place(mission, draft, follows=follows, replace=replace)
    for name in candidates:
        new, old = getattr(draft, name), getattr(mission, name)
        if new and new != old and (follows or not old):
            values[name] = new
    new_day, old_day = draft.last_checked_on, mission.last_checked_on
    if new_day and (old_day is None or new_day > old_day):
        values["last_checked_on"] = new_day
    return values
