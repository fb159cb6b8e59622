"""An import taken back: what it added goes where nothing uses it, what it changed is set back."""

import base64
import hashlib
import json
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from campaign.core import audit, db
from campaign.core.audit import AuditEntry
from campaign.core.db.batches import batched
from campaign.core.errors import Refused
from campaign.directory import where_used
from campaign.directory.entries import Contact, Entry, contact_details, model_of
from campaign.directory.imports.plan import Item, Plan
from campaign.directory.offices import post_key
from campaign.directory.risk_flags import find_flagged
from campaign.models.directory import DirectoryImport, ImportRow, ImportState, Official, Verdict

KEPT_FOR = timedelta(days=30)  # how long an import can be undone
_CHUNK = 500


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


def undo_import(session: Session, *, kept: DirectoryImport, actor: str) -> dict[str, int]:
    """Take back what nothing uses or has changed since; others keep why they stay."""
    kept = session.get_one(DirectoryImport, kept.id, with_for_update=True, populate_existing=True)
    if kept.state is not ImportState.APPLIED:
        raise Refused("import-not-applied")
    later = _find_changed_later(session, kept)
    report, undone = {"stays": 0}, kept.counts.get("undone", {"removed": 0, "restored": 0})
    for verdict, undo, word in (
        (Verdict.ADDED, _remove, "removed"),
        (Verdict.CHANGED, _restore, "restored"),
    ):
        query = select(ImportRow).where(ImportRow.import_id == kept.id)
        rows = session.scalars(query.where(ImportRow.verdict == verdict)).all()
        stays = 0
        for chunk in batched(rows, _CHUNK):
            staying = undo(session, kept, chunk, later)
            gone = [row.id for row in chunk if row not in staying]
            session.execute(delete(ImportRow).where(ImportRow.id.in_(gone)))
            stays += len(staying)
        report[word] = len(rows) - stays
        report["stays"] += stays
        undone = {**undone, word: undone[word] + report[word]}
        kept.counts = {**kept.counts, verdict.value: stays, "partly": 0, "undone": undone}
    kept.undone_at = db.utcnow()
    session.flush()
    audit.record(session, actor, "imports.undo", f"import:{kept.public_id}", **report)
    return report


def _remove(
    session: Session, kept: DirectoryImport, rows: Sequence[ImportRow], later: set[str]
) -> list[ImportRow]:
    """Delete what the rows added; return those whose entry stays, each with the reason."""
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
    session.execute(
        delete(model).where(model.id.in_(going)).execution_options(synchronize_session=False)
    )
    for loaded in list(session.identity_map.values()):
        if not isinstance(loaded, ImportRow):  # of these all are needed once more
            session.expire(loaded)
    return staying


def _restore(
    session: Session, kept: DirectoryImport, rows: Sequence[ImportRow], later: set[str]
) -> list[ImportRow]:
    """Set back what the rows changed and nobody has changed since; return those that stay."""
    model = model_of(kept.directory)
    details = {row: json.loads(row.detail) for row in rows}
    slugs = [detail["slug"] for detail in details.values()]
    entries = {
        entry.slug: entry
        for entry in where_used.list_entries(session, model, model.slug.in_(slugs))
    }
    values_before = {
        entry.id: {name: old for name, (old, _new) in detail["before"]["values"].items()}
        for detail in details.values()
        if detail.get("before") and (entry := entries.get(detail["slug"]))
    }
    flagged = find_flagged(session, model, values_before)
    staying = []
    for row, detail in details.items():
        entry, before = entries.get(detail["slug"]), detail.get("before")
        if entry is None:
            continue
        if entry.id in flagged:
            staying.append(_note_reason(row, "flagged"))
            continue
        if before is None or detail["slug"] in later:
            staying.append(_note_reason(row, "imported-again"))
        elif not _set_back(entry, before):
            staying.append(_note_reason(row, "changed"))
        where_used.show_change(session, entry)
    session.flush()
    return staying


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


def _note_before(item: Item) -> dict[str, object]:
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
