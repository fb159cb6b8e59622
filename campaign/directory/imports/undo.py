"""An import taken back: what it added goes where nothing uses it, what it changed is set back."""

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from campaign.core import audit, db
from campaign.core.audit import AuditEntry
from campaign.core.errors import Refused
from campaign.directory import where_used
from campaign.directory.entries import Contact, contact_details
from campaign.directory.imports.plan import Item, Plan
from campaign.directory.offices import post_key
from campaign.directory.risk_flags import flagged_among
from campaign.models.directory import Mission, Official
from campaign.models.directory_import import (
    Directory,
    DirectoryImport,
    ImportRow,
    ImportState,
    Verdict,
)

KEPT_FOR = timedelta(days=30)
"""How long an import can be undone."""
_CHUNK = 500
IN_USE, EDITED, IMPORTED_AGAIN, CHANGED = "in-use", "edited", "imported-again", "changed"
FLAGGED = "flagged"
"""Why something stays."""


@dataclass(slots=True)
class UndoReport:
    """What an undo did."""

    removed: int = 0
    restored: int = 0
    stays: int = 0


def remember(session: Session, kept: DirectoryImport, plan: Plan) -> None:
    """Note what an undo needs, before a plan is applied: names of new rows, values of others."""
    for item in plan.items:
        if item.verdict is Verdict.ADDED:
            item.values["public_id"] = _entry_of(kept, item.slug)
    rows = session.scalars(
        select(ImportRow)
        .where(ImportRow.import_id == kept.id, ImportRow.verdict == Verdict.CHANGED)
        .order_by(ImportRow.id)
    )
    changed = (item for item in plan.items if item.verdict is Verdict.CHANGED)
    for row, item in zip(rows, changed, strict=True):
        detail = json.loads(row.detail) | {"before": _before(item)}
        row.detail = json.dumps(detail, ensure_ascii=False)


def undo_import(session: Session, *, kept: DirectoryImport, actor: str) -> UndoReport:
    """Take an import back as far as nothing uses or has changed what came of it.

    Rows that stay keep the reason; the rows of all others are forgotten. Raises
    Refused("import-not-applied").
    """
    mine = session.get_one(DirectoryImport, kept.id, with_for_update=True, populate_existing=True)
    if mine.state is not ImportState.APPLIED:
        raise Refused("import-not-applied")
    report = UndoReport()
    later = _changed_later(session, mine)
    for verdict, undo in ((Verdict.ADDED, _remove), (Verdict.CHANGED, _restore)):
        query = select(ImportRow).where(ImportRow.import_id == mine.id)
        rows = session.scalars(query.where(ImportRow.verdict == verdict)).all()
        stays = 0
        for chunk in _chunks(rows):
            kept_rows = undo(session, mine, chunk, later)
            gone = [row.id for row in chunk if row not in kept_rows]
            session.execute(delete(ImportRow).where(ImportRow.id.in_(gone)))
            stays += len(kept_rows)
        done = len(rows) - stays
        report.stays += stays
        if verdict is Verdict.ADDED:
            report.removed = done
        else:
            report.restored = done
        mine.counts = {**mine.counts, verdict.value: stays}
    before = mine.counts.get("undone", {"removed": 0, "restored": 0})
    mine.counts = {
        **mine.counts,
        "partly": 0,
        "undone": {
            "removed": before["removed"] + report.removed,
            "restored": before["restored"] + report.restored,
        },
    }
    mine.undone_at = db.utcnow()
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="imports.undo",
        subject=f"import:{mine.public_id}",
        removed=report.removed,
        restored=report.restored,
        stays=report.stays,
    )
    return report


def _remove(
    session: Session, kept: DirectoryImport, rows: Sequence[ImportRow], later: set[str]
) -> list[ImportRow]:
    """Delete what the rows added; gives those whose entry stays, each with the reason."""
    model, word = _model(kept)
    by_entry = {_entry_of(kept, json.loads(row.detail)["slug"]): row for row in rows}
    found = session.execute(
        select(model.id, model.public_id, model.slug).where(model.public_id.in_(by_entry))
    ).all()
    used = where_used.used_among(session, model, [one.id for one in found])
    subjects = {f"{word}:{one.public_id}" for one in found}
    edited = set(
        session.scalars(select(AuditEntry.subject).where(AuditEntry.subject.in_(subjects)))
    )
    staying: list[ImportRow] = []
    going: list[int] = []
    for one in found:
        why = (
            IN_USE
            if one.id in used
            else EDITED
            if f"{word}:{one.public_id}" in edited
            else IMPORTED_AGAIN
            if one.slug in later
            else ""
        )
        if why:
            staying.append(_say(by_entry[one.public_id], why))
        else:
            going.append(one.id)
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
    """Set back what the rows changed and nobody has changed since; gives those that stay."""
    model, _word = _model(kept)
    details = {row: json.loads(row.detail) for row in rows}
    slugs = [detail["slug"] for detail in details.values()]
    entries = {one.slug: one for one in session.scalars(select(model).where(model.slug.in_(slugs)))}
    was = {
        entry.id: {name: old for name, (old, _new) in detail["before"]["values"].items()}
        for detail in details.values()
        if detail.get("before") and (entry := entries.get(detail["slug"]))
    }
    flagged = flagged_among(session, model, was)
    staying = []
    for row, detail in details.items():
        entry, before = entries.get(detail["slug"]), detail.get("before")
        if entry is None:
            continue
        if entry.id in flagged:
            staying.append(_say(row, FLAGGED))
            continue
        if before is None or detail["slug"] in later:
            staying.append(_say(row, IMPORTED_AGAIN))
        elif not _set_back(entry, before):
            staying.append(_say(row, CHANGED))
        where_used.show_change(session, entry)
    session.flush()
    return staying


def _set_back(entry: Any, before: dict[str, Any]) -> bool:
    """Give an entry the values that it had before; whether all of them could be."""
    whole = True
    for name, (old, new) in before["values"].items():
        if _as_json(getattr(entry, name)) == new:
            setattr(entry, name, _of_json(old))
        else:
            whole = False
    added = {tuple(one) for one in before["added"]}
    entry.contacts = [one for one in entry.contacts if (one.type, one.value) not in added]
    present = {(one.type, one.value) for one in entry.contacts}
    dropped = (Contact(*one) for one in before["dropped"] if tuple(one) not in present)
    entry.contacts.extend(contact_details(tuple(dropped)))
    if before["held"]:
        entry.memberships = [
            one
            for one in entry.memberships
            if [one.post.key, _as_json(one.started_on)] not in before["held"]
        ]
    return whole


def _before(item: Item) -> dict[str, Any]:
    known = {(one.post.key, one.started_on) for one in getattr(item.known, "memberships", ())}
    return {
        "values": {
            name: [_as_json(getattr(item.known, name)), _as_json(value)]
            for name, value in item.values.items()
        },
        "added": [[one.type, one.value] for one in item.contacts],
        "dropped": [[one.type, one.value] for one in item.dropped],
        "held": [
            [post_key(one.label), _as_json(one.started_on)]
            for one in item.held
            if not {(post_key(one.label), one.started_on), (post_key(one.label), None)} & known
        ],
    }


def _as_json(value: Any) -> Any:
    return {"day": value.isoformat()} if isinstance(value, date) else value


def _of_json(value: Any) -> Any:
    return date.fromisoformat(value["day"]) if isinstance(value, dict) and "day" in value else value


def _changed_later(session: Session, kept: DirectoryImport) -> set[str]:
    """Slugs of what imports after this one have changed."""
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


def _say(row: ImportRow, why: str) -> ImportRow:
    """The row, with why what came of it stays."""
    row.detail = json.dumps(json.loads(row.detail) | {"stays": why}, ensure_ascii=False)
    return row


def _model(kept: DirectoryImport) -> tuple[Any, str]:
    return (Mission, "mission") if kept.directory is Directory.MISSIONS else (Official, "official")


def _entry_of(kept: DirectoryImport, slug: str) -> str:
    """The public id of what a row adds: known to who has the import's, and to nobody else."""
    digest = hashlib.sha256(f"{kept.public_id}:{slug}".encode()).digest()
    return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")


def _chunks(rows: Sequence[ImportRow]) -> Iterable[Sequence[ImportRow]]:
    return (rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK))
