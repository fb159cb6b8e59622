"""Imports: what a file says is compared with what is kept, then all of it is applied, or nothing.

An import adds and fills in; it never removes. What staff have checked (missions) or typed
(officials) is theirs and stays, so that an old file cannot undo a correction; unless somebody who
has seen old beside new says `replace`.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, delete, insert, select
from sqlalchemy.orm import Session, selectinload

from campaign.core import audit, db, i18n
from campaign.core.answers import NOTHING, Answers, is_answered
from campaign.core.audit import AuditEntry
from campaign.core.db.batches import batched
from campaign.core.errors import N_, Fault, Refused
from campaign.core.text.search_words import name_key, search_text
from campaign.directory import where_used
from campaign.directory.edit_entries import find_unaddressed
from campaign.directory.entry_fields import Contact, Entry, EntryModel, contact_details, model_of
from campaign.directory.imports.differences import ColumnValues
from campaign.directory.imports.plan import Plan, PlannedRow, plan_entries, refuse
from campaign.directory.imports.read_rows import Reading
from campaign.directory.imports.row_problems import RowProblem
from campaign.directory.officials import get_or_create_post, note_held, post_key
from campaign.directory.risk_flags import (
    RisksUnseen,
    find_flagged,
    find_watched,
    return_to_review,
    watch_letters,
)
from campaign.directory.signed_letters import count_rewritten, forms_of_address
from campaign.models.directory import (
    ContactDetail,
    Directory,
    DirectoryImport,
    ImportRow,
    ImportState,
    Membership,
    Mission,
    Official,
    Verdict,
)

Progress = Callable[[int], object]
_CHUNK = 500  # rows written, or taken back, at once
_FLAGGED = N_(
    "The risk flags of a public or scheduled campaign do not allow some words in this row. "
    "We do not say which field they are in, so that no one learns whom the flags protect. "
    "Leave out this row, and change the entry %(name)s on its own page."
)
_APPROVED = N_(
    "This row changes the approved letters of a scheduled campaign. Leave out this row, and "
    "change the entry %(name)s on its own page."
)
_SPOILS = N_(
    "With this row, a scheduled campaign could not open automatically. Leave out this row, and "
    "change the entry %(name)s on its own page."
)
_REFUSED = {"approved": _APPROVED, "spoils": _SPOILS}
UNDONE_WITHIN = timedelta(days=30)  # how long an import can be undone


@dataclass(slots=True)
class ImportReport:
    added: int = 0
    changed: int = 0
    left: int = 0
    """Unchanged, or not added."""
    not_added: int = 0
    differ: int = 0
    """Rows of which the file says something else, and the directory's stays."""
    letters: int = 0
    """Signed letters that address their official otherwise then."""
    problems: list[RowProblem] = field(default_factory=list)
    left_out: list[tuple[int, str, str]] = field(default_factory=list)
    crowded: list[tuple[str, int]] = field(default_factory=list)
    applied: bool = False
    """Whether anything was written: not in a dry run, not with bad rows that nobody skips."""


def make_plan(
    session: Session, directory: Directory, readings: Iterable[Reading], *, replace: bool = False
) -> Plan:
    """Plan what a file would change; rows that a campaign has something against are refused."""
    model = model_of(directory)
    entries: Select[Any] = select(model).options(selectinload(model.contacts)).order_by(model.id)
    if model is Official:
        entries = entries.options(selectinload(Official.memberships))
    plan = plan_entries(directory, session.scalars(entries).all(), readings, replace=replace)
    changes: dict[int, ColumnValues] = {}
    for item in plan.items:
        if item.entry and item.verdict is Verdict.CHANGED:
            changes.setdefault(item.entry.id, {}).update(item.values)
    flagged, watched = find_flagged(session, model, changes), find_watched(session, model)
    for place, item in enumerate(plan.items):
        if item.entry and item.verdict is Verdict.CHANGED:
            sentence = _FLAGGED if item.entry.id in flagged else ""
            if not sentence and item.entry.id in watched:
                sentence = _REFUSED.get(_find_harm(session, item.entry, item.values), "")
            if sentence:
                title = item.title
                if isinstance(title, dict):
                    title = i18n.words_in(title, i18n.languages()[0])
                problem = RowProblem(item.row, "", Fault(sentence, {"name": title}))
                plan.items[place] = refuse(problem)
    plan.rewritten = {
        item.entry.id: letters
        for item in plan.items
        if isinstance(item.entry, Official)
        and (letters := _count_letters(session, item.entry, item.values))
    }
    return plan


def _count_letters(session: Session, official: Official, values: ColumnValues) -> int:
    """Count the signed letters that the values of a row rewrite."""
    before = forms_of_address(official)
    after = before | {name: values[name] for name in before if name in values}
    return count_rewritten(session, official.id, before, after)


def _find_harm(session: Session, entry: Entry, values: ColumnValues) -> str:
    """Return what values would do to a scheduled campaign; tried out, and nothing is kept.

    `spoils`: it could not open. `approved`: it would return to review. Empty: nothing.
    """
    rewritten = watch_letters(session, entry)
    before = {name: getattr(entry, name) for name in values}
    with session.no_autoflush:
        for name, value in values.items():
            setattr(entry, name, value)
        namings = rewritten()
        for name, value in before.items():
            setattr(entry, name, value)
    if any(naming.gaps for naming in namings):
        return "spoils"
    return "approved" if any(naming.cancels_opening for naming in namings) else ""


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
        counts["added"],
        counts["changed"],
        counts["left"],
        plan.count_not_added(),
        plan.count_differing(),
        sum(plan.rewritten.values()),
        problems,
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
    watched = find_watched(session, model_of(directory))
    for item in plan.items:
        if item.verdict is Verdict.CHANGED:
            _change(session, item, watched, actor)
    fresh = [item for item in plan.items if item.verdict is Verdict.ADDED]
    for start in range(0, len(fresh), _CHUNK):
        chunk = fresh[start : start + _CHUNK]
        _insert(session, model_of(directory), chunk)
        if progress:
            progress(start + len(chunk))
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


def _change(session: Session, item: PlannedRow, watched: Container[int], actor: str) -> None:
    entry = item.entry
    assert entry is not None
    list_rewritten = watch_letters(session, entry) if entry.id in watched else list
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
    return_to_review(list_rewritten(), actor)
    where_used.show_change(session, entry)


def _insert(session: Session, model: EntryModel, chunk: list[PlannedRow]) -> None:
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


def remember_before(session: Session, kept: DirectoryImport, plan: Plan) -> None:
    """Note what an undo needs, before a plan is applied: names of new rows, values of others."""
    for item in plan.items:
        if item.verdict is Verdict.ADDED:
            item.values["public_id"] = _make_entry_id(kept, item.slug)
    rows = session.scalars(
        select(ImportRow)
        .where(ImportRow.import_id == kept.id, ImportRow.verdict == Verdict.CHANGED)
        .order_by(ImportRow.id)
    )
    changed = (item for item in plan.items if item.verdict is Verdict.CHANGED)
    for row, item in zip(rows, changed, strict=True):
        detail = json.loads(row.detail) | {"before": _note_before(item)}
        row.detail = json.dumps(detail, ensure_ascii=False)


def revert_import(
    session: Session, *, kept: DirectoryImport, actor: str, risks_seen: Answers = NOTHING
) -> dict[str, int]:
    """Take back what nothing uses or has changed since; others keep why they stay.

    Raises RisksUnseen unless `risks_seen` where that rewrites signed letters.
    """
    kept = session.get_one(DirectoryImport, kept.id, with_for_update=True, populate_existing=True)
    if kept.state is not ImportState.APPLIED:
        raise Refused("import-not-applied")
    later = _find_changed_later(session, kept)
    report, letters = {"stays": 0}, 0
    undone = kept.counts.get("undone", {"removed": 0, "restored": 0})
    for verdict, undo, word in (
        (Verdict.ADDED, _remove, "removed"),
        (Verdict.CHANGED, _restore, "restored"),
    ):
        query = select(ImportRow).where(ImportRow.import_id == kept.id)
        rows = session.scalars(query.where(ImportRow.verdict == verdict)).all()
        stays = done = 0
        for chunk in batched(rows, _CHUNK):
            staying, number, rewritten = undo(session, kept, chunk, later, actor)
            letters += rewritten
            gone = [row.id for row in chunk if row not in staying]
            session.execute(delete(ImportRow).where(ImportRow.id.in_(gone)))
            stays += len(staying)
            done += number
        report[word] = done
        report["stays"] += stays
        undone = {**undone, word: undone[word] + report[word]}
        kept.counts = {**kept.counts, verdict.value: stays, "partly": 0, "undone": undone}
    problem = RisksUnseen((), letters, values={"import": kept.id})
    if not is_answered(problem, risks_seen):
        raise problem
    kept.undone_at = db.utcnow()
    session.flush()
    audit.record(session, actor, "imports.undo", f"import:{kept.public_id}", **report)
    return report


def _remove(
    session: Session, kept: DirectoryImport, rows: Sequence[ImportRow], later: set[str], actor: str
) -> tuple[list[ImportRow], int, int]:
    """Delete what the rows added; return those that stay, each with the reason, and how many go.

    What somebody has deleted before is neither. No letter goes to what nothing uses.
    """
    model = model_of(kept.directory)
    word = model.__tablename__
    by_entry = {_make_entry_id(kept, json.loads(row.detail)["slug"]): row for row in rows}
    added = session.execute(
        select(model.id, model.public_id, model.slug).where(model.public_id.in_(by_entry))
    ).all()
    used = where_used.find_used(session, model, [entry.id for entry in added])
    subjects = {f"{word}:{entry.public_id}" for entry in added}
    edited = set(
        session.scalars(select(AuditEntry.subject).where(AuditEntry.subject.in_(subjects)))
    )
    staying: list[ImportRow] = []
    going: list[int] = []
    for entry in added:
        if entry.id in used:
            reason = "in-use"
        elif f"{word}:{entry.public_id}" in edited:
            reason = "edited"
        elif entry.slug in later:
            reason = "imported-again"
        else:
            going.append(entry.id)
            continue
        staying.append(_note_reason(by_entry[entry.public_id], reason))
    db.delete_rows(session, model, model.id.in_(going))
    for loaded in list(session.identity_map.values()):
        if not isinstance(loaded, ImportRow):  # of these all are needed once more
            session.expire(loaded)
    return staying, len(going), 0


def _restore(
    session: Session, kept: DirectoryImport, rows: Sequence[ImportRow], later: set[str], actor: str
) -> tuple[list[ImportRow], int, int]:
    """Set back what the rows changed and nobody has changed since.

    Return those that stay, how many are as before, and how many signed letters that rewrites.
    """
    model = model_of(kept.directory)
    details = {row: json.loads(row.detail) for row in rows}
    slugs = [detail["slug"] for detail in details.values()]
    entries = {
        entry.slug: entry
        for entry in where_used.list_entries(session, model, model.slug.in_(slugs))
    }
    values_before: dict[int, dict[str, Any]] = {
        entry.id: {name: _of_json(old) for name, (old, _new) in detail["before"]["values"].items()}
        for detail in details.values()
        if detail.get("before") and (entry := entries.get(detail["slug"]))
    }
    flagged, watched = find_flagged(session, model, values_before), find_watched(session, model)
    staying, letters = [], 0
    for row, detail in details.items():
        entry, before = entries.get(detail["slug"]), detail.get("before")
        if entry is None:
            continue
        if entry.id in flagged:
            staying.append(_note_reason(row, "flagged"))
            continue
        forms = forms_of_address(entry)
        forms_before = forms | values_before.get(entry.id, {})
        if find_unaddressed(session, entry.id, forms, forms_before):
            staying.append(_note_reason(row, "in-use"))
            continue
        values = values_before.get(entry.id, {})
        if entry.id in watched and (harm := _find_harm(session, entry, values)):
            staying.append(_note_reason(row, harm))
            continue
        list_rewritten = watch_letters(session, entry) if entry.id in watched else list
        if before is None or detail["slug"] in later:
            staying.append(_note_reason(row, "imported-again"))
        elif not _set_back(entry, before):
            staying.append(_note_reason(row, "changed"))
        letters += count_rewritten(session, entry.id, forms, forms_of_address(entry))
        return_to_review(list_rewritten(), actor)
        where_used.show_change(session, entry)
    session.flush()
    here = sum(detail["slug"] in entries for detail in details.values())
    return staying, here - len(staying), letters


def _set_back(entry: Entry, before: dict[str, Any]) -> bool:
    """Give an entry the values that it had before; whether all of them could be."""
    is_whole = True
    for name, (old, new) in before["values"].items():
        if _as_json(getattr(entry, name)) == new:
            setattr(entry, name, _of_json(old))
        else:
            is_whole = False
    added = {tuple(contact) for contact in before["added"]}
    entry.contacts = [
        contact for contact in entry.contacts if (contact.type, contact.value) not in added
    ]
    present = {(contact.type, contact.value) for contact in entry.contacts}
    dropped = (Contact(*contact) for contact in before["dropped"] if tuple(contact) not in present)
    entry.contacts.extend(contact_details(tuple(dropped)))
    if before["held"]:
        assert isinstance(entry, Official)
        entry.memberships = [
            membership
            for membership in entry.memberships
            if [membership.post.key, _as_json(membership.started_on)] not in before["held"]
        ]
    return is_whole


def _note_before(item: PlannedRow) -> dict[str, object]:
    noted = {
        (membership.post.key, membership.started_on)
        for membership in getattr(item.entry, "memberships", ())
    }
    return {
        "values": {
            name: [_as_json(getattr(item.entry, name)), _as_json(value)]
            for name, value in item.values.items()
        },
        "added": [[contact.type, contact.value] for contact in item.contacts],
        "dropped": [[contact.type, contact.value] for contact in item.dropped],
        "held": [
            [key, _as_json(office.started_on)]
            for office in item.held
            if (key := post_key(office.label))
            and noted.isdisjoint({(key, office.started_on), (key, None)})
        ],
    }


def _as_json(value: object) -> object:
    return {"day": value.isoformat()} if isinstance(value, date) else value


def _of_json(value: object) -> object:
    return date.fromisoformat(value["day"]) if isinstance(value, dict) and "day" in value else value


def _find_changed_later(session: Session, kept: DirectoryImport) -> set[str]:
    rows = session.scalars(
        select(ImportRow)
        .join(DirectoryImport, DirectoryImport.id == ImportRow.import_id)
        .where(
            DirectoryImport.id > kept.id,
            DirectoryImport.directory == kept.directory,
            DirectoryImport.state == ImportState.APPLIED,
            ImportRow.verdict == Verdict.CHANGED,
        )
    )
    return {json.loads(row.detail)["slug"] for row in rows}


def _note_reason(row: ImportRow, reason: str) -> ImportRow:
    row.detail = json.dumps(json.loads(row.detail) | {"stays": reason}, ensure_ascii=False)
    return row


def _make_entry_id(kept: DirectoryImport, slug: str) -> str:
    """Return the public id of what a row adds: only who has the import's knows it."""
    digest = hashlib.sha256(f"{kept.public_id}:{slug}".encode()).digest()
    return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")
