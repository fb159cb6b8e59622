"""Several entries of the directory changed or deleted at once, each as it would be by itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from campaign.core.errors import Refused
from campaign.directory import missions, officials, where_used
from campaign.directory.risk_flags import FlagNamed
from campaign.models.directory import Mission, MissionKind, Official
from campaign.models.directory_import import Directory

ACTIONS = {
    Directory.MISSIONS: ("kind", "sending_country", "host_country", "delete"),
    Directory.OFFICIALS: ("country", "delete"),
}
"""What can be done to many at once, by the field that changes."""
MOST = 50
"""Entries at once: a page of the list."""


@dataclass(slots=True)
class BulkReport:
    """How many were done, and which entries stay as they are.

    A delete leaves what something uses; a change, what risk flags of a public campaign rule out.
    """

    done: int
    stays: list[Mission | Official]


def list_chosen(
    session: Session, directory: Directory, slugs: Sequence[str]
) -> Sequence[Mission | Official]:
    """List the entries that were chosen, in the order of their slugs."""
    model = Mission if directory is Directory.MISSIONS else Official
    return where_used.list_entries(session, model, model.slug.in_(slugs[:MOST]))


def delete_unused(
    session: Session, entries: Sequence[Mission | Official], *, actor: str
) -> BulkReport:
    """Delete those that nothing uses; the others stay."""
    report = BulkReport(0, [])
    for entry in entries:
        try:
            if isinstance(entry, Mission):
                missions.delete_mission(session, mission=entry, actor=actor)
            else:
                officials.delete_official(session, official=entry, actor=actor)
        except Refused:
            report.stays.append(entry)
        else:
            report.done += 1
    return report


def change_field(
    session: Session, entries: Sequence[Mission | Official], *, field: str, value: str, actor: str
) -> BulkReport:
    """Give each entry the same kind or country; one about which risk flags ask stays as it is."""
    report = BulkReport(0, [])
    for entry in entries:
        try:
            with session.begin_nested():
                _change(session, entry, field, value, actor)
        except FlagNamed:
            session.refresh(entry)
            report.stays.append(entry)
        else:
            report.done += 1
    return report


def _change(
    session: Session, entry: Mission | Official, field: str, value: str, actor: str
) -> None:
    if isinstance(entry, Mission):
        draft = missions.draft_of(entry)
        if field == "kind":
            draft = replace(draft, kind=MissionKind(value))
        elif field == "sending_country":
            draft = replace(draft, sending_country=value)
        else:
            draft = replace(draft, host_country=value)
        missions.update_mission(session, mission=entry, draft=draft, actor=actor)
    else:
        changed = replace(officials.draft_of(entry), country=value)
        officials.update_official(session, official=entry, draft=changed, actor=actor)
