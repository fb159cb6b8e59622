"""Imports: what a file says is compared with what is kept, then all of it is applied, or nothing.

An import adds and fills in; it never removes. What staff have checked (missions) or typed
(officials) is theirs and stays, so that an old file cannot undo a correction; unless somebody who
has seen old beside new says `replace`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sqlalchemy import insert, select
from sqlalchemy.orm import Session, selectinload

from campaign.core import audit
from campaign.core.errors import N_, Fault
from campaign.core.text.search_words import name_key, search_text
from campaign.directory import where_used
from campaign.directory.entries import EntryModel, contact_details, model_of
from campaign.directory.imports.plan import (
    ColumnValues,
    Item,
    Plan,
    plan_missions,
    plan_officials,
    refuse,
)
from campaign.directory.imports.read_rows import Reading, RowProblem
from campaign.directory.offices import get_or_create_post, note_held
from campaign.directory.risk_flags import find_flagged
from campaign.models.directory import (
    ContactDetail,
    Directory,
    Membership,
    Mission,
    Official,
    Verdict,
)

Progress = Callable[[int], object]
_CHUNK = 500  # rows written at once
_FLAGGED = N_(
    "The risk flags of a public or scheduled campaign do not allow some words in this row. "
    "Leave out this row, and change the entry %(name)s on its own page."
)


@dataclass(slots=True)
class ImportReport:
    added: int = 0
    changed: int = 0
    left: int = 0
    """Unchanged, or not added."""
    not_added: int = 0
    problems: list[RowProblem] = field(default_factory=list)
    left_out: list[tuple[int, str, str]] = field(default_factory=list)
    crowded: list[tuple[str, int]] = field(default_factory=list)
    applied: bool = False
    """Whether anything was written: not in a dry run, not with bad rows that nobody skips."""


def make_plan(
    session: Session, directory: Directory, readings: Iterable[Reading], *, replace: bool = False
) -> Plan:
    """Plan what a file would change; rows about whose entry risk flags ask are refused."""
    if directory is Directory.MISSIONS:
        missions = select(Mission).options(selectinload(Mission.contacts)).order_by(Mission.id)
        plan = plan_missions(list(session.scalars(missions)), readings, replace=replace)
    else:
        officials = select(Official).options(
            selectinload(Official.contacts), selectinload(Official.memberships)
        )
        plan = plan_officials(list(session.scalars(officials)), readings, replace=replace)
    changes: dict[int, ColumnValues] = {}
    for item in plan.items:
        if item.entry and item.verdict is Verdict.CHANGED:
            changes.setdefault(item.entry.id, {}).update(item.values)
    flagged = find_flagged(session, model_of(directory), changes)
    for place, item in enumerate(plan.items):
        if item.entry and item.entry.id in flagged and item.verdict is Verdict.CHANGED:
            problem = RowProblem(item.row, "", Fault(_FLAGGED, {"name": item.title}))
            plan.items[place] = refuse(problem)
    return plan


def import_entries(
    session: Session,
    directory: Directory,
    readings: Iterable[Reading],
    *,
    actor: str,
    dry_run: bool = False,
    skip_bad: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Keep what a file has; with a bad row nothing is written unless `skip_bad`."""
    plan = make_plan(session, directory, readings)
    counts, problems = plan.counts(), plan.problems()
    report = ImportReport(
        counts["added"], counts["changed"], counts["left"], plan.count_not_added(), problems
    )
    report.left_out = [(item.row, *part) for item in plan.items for part in item.left_out]
    report.crowded = plan.crowded
    if not dry_run and (skip_bad or not problems):
        apply_plan(session, plan, directory, actor=actor, progress=progress)
        report.applied = True
    return report


def apply_plan(
    session: Session,
    plan: Plan,
    directory: Directory,
    *,
    actor: str,
    progress: Progress | None = None,
) -> None:
    for item in plan.items:
        if item.verdict is Verdict.CHANGED:
            _change(session, item)
    fresh = [item for item in plan.items if item.verdict is Verdict.ADDED]
    for start in range(0, len(fresh), _CHUNK):
        chunk = fresh[start : start + _CHUNK]
        _insert(session, model_of(directory), chunk)
        if progress:
            progress(len(chunk))
    session.flush()
    counts = plan.counts()
    if counts["added"] or counts["changed"]:
        audit.record(
            session,
            actor,
            f"{directory}.import",
            directory.value,
            added=counts["added"],
            changed=counts["changed"],
            left=counts["left"],
            bad=counts["refused"],
        )


def _change(session: Session, item: Item) -> None:
    entry = item.entry
    assert entry is not None
    for name, value in item.values.items():
        setattr(entry, name, value)
    gone = {(contact.type, contact.value) for contact in item.dropped}
    if gone:
        entry.contacts = [
            contact for contact in entry.contacts if (contact.type, contact.value) not in gone
        ]
    entry.contacts.extend(contact_details(item.contacts))
    for held in item.held:
        assert isinstance(entry, Official)
        note_held(session, entry, held)
    where_used.show_change(session, entry)


def _insert(session: Session, model: EntryModel, chunk: list[Item]) -> None:
    """Rows and their contacts by two statements, not by two thousand."""
    ids = session.scalars(
        insert(model).returning(model.id, sort_by_parameter_order=True),
        [item.values | _find_words(model, item.values) for item in chunk],
    ).all()
    owner = "mission_id" if model is Mission else "official_id"
    contacts = [
        {"type": contact.type, "value": contact.value, owner: row_id}
        for row_id, item in zip(ids, chunk, strict=True)
        for contact in item.contacts
    ]
    if contacts:
        session.execute(insert(ContactDetail), contacts)
    held = [
        {
            "official_id": row_id,
            "post_id": get_or_create_post(
                session, country=item.values["country"], label=office.label
            ).id,
            "started_on": office.started_on,
            "ended_on": office.ended_on,
        }
        for row_id, item in zip(ids, chunk, strict=True)
        for office in item.held
    ]
    if held:
        session.execute(insert(Membership), held)


def _find_words(model: EntryModel, values: ColumnValues) -> dict[str, str]:
    """Return what the model's own listener would note, had it been asked."""
    if model is Mission:
        texts = (values["locality"], values["head_of_mission"])
        countries = [values["sending_country"], values["host_country"]]
        search = search_text(values["slug"], *texts, words=values["name"], countries=countries)
        return {"search": search}
    texts = tuple(values[name] for name in ("name", "given_name", "family_name", "locality"))
    office, countries = values["office"], [values["country"]]
    return {
        "name_key": name_key(values["name"], office, values["slug"]),
        "search": search_text(values["slug"], *texts, words=office, countries=countries),
    }
