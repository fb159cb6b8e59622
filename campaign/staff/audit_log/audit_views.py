"""The audit for admins: who did what, about what, when; filtered, and as CSV."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from flask import Blueprint, Response, redirect, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from campaign.core import audit, db
from campaign.core.settings import current_settings
from campaign.core.text.desk_texts import read_number
from campaign.models.staff import Role, StaffUser
from campaign.staff import staff_users
from campaign.staff.audit_log import describe_entries, find_entries, labels, name_subjects
from campaign.staff.audit_log.find_entries import PER_PAGE, Filter
from campaign.staff.desk_access import actor, fresh, guard
from campaign.web.form_fields import NoDay, read_day
from campaign.web.page import Page, show_page
from campaign.web.spreadsheets import csv_lines

blueprint = Blueprint("audit_log", __name__, url_prefix="/audit")
guard(blueprint, Role.ADMIN)
_ACTOR = re.compile(r"staff:\d{1,9}|command|supporter")
FilterState = dict[str, str | list[str]]
"""A filter as an address, a download and the audit have it: ids and days, no names."""


class AuditLog(Page, template="staff/audit_log.html"):
    lines: list[describe_entries.Line]
    state: FilterState
    about: str
    wrong: Mapping[str, tuple[str, str]]
    older: str
    newest: str
    people: Sequence[StaffUser]
    groups: list[tuple[str, list[tuple[str, str]]]]
    """Every action in words, by group, for the list to choose from."""


@dataclass(frozen=True, slots=True)
class _Query:
    chosen: Filter
    before: int | None = None
    wrong: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    """Of `since` and `until`, where it is no day: what was typed, and what is wrong about it."""

    @classmethod
    def of(cls, values: MultiDict[str, str]) -> "_Query":
        """What is said wrongly counts as not said, but a thing that is not there finds nothing."""
        days: dict[str, date | None] = {}
        wrong: dict[str, tuple[str, str]] = {}
        for name in ("since", "until"):
            typed = values.get(name, "").strip()[:20]
            try:
                days[name] = read_day(typed) if typed else None
            except NoDay as problem:
                days[name], wrong[name] = None, (typed, str(problem))
        who, action, before = (values.get(name, "").strip() for name in ("who", "what", "before"))
        about = values.getlist("subject")
        chosen = Filter(
            actor=who if _ACTOR.fullmatch(who) else "",
            action=action if action in labels.ACTIONS else "",
            subjects=find_entries.list_known_subjects(db.session(), about) if about else None,
            since=days["since"],
            until=days["until"],
        )
        return cls(chosen, read_number(before), wrong)

    @property
    def state(self) -> FilterState:
        chosen = self.chosen
        state: FilterState = {
            "who": chosen.actor,
            "what": chosen.action,
            "subject": list(chosen.subjects or ()),
            "since": chosen.since.isoformat() if chosen.since else "",
            "until": chosen.until.isoformat() if chosen.until else "",
        }
        return {name: value for name, value in state.items() if value}


@blueprint.get("")
def index() -> ResponseReturnValue:
    query = _Query.of(request.values)
    about = name_subjects.say_subjects(db.session(), query.chosen.subjects or ())
    return _show_page(query, about=about)


@blueprint.post("")
def search() -> ResponseReturnValue:
    """Find what a name means: it is posted, so that no address and no log holds it."""
    typed = request.form.get("about", "").strip()[:200]
    query = _Query.of(request.form)
    subjects = name_subjects.find_subjects(db.session(), typed)
    query = _Query(replace(query.chosen, subjects=subjects), wrong=query.wrong)
    if subjects == () or query.wrong:
        return _show_page(query, about=typed)
    return redirect(_get_address(query.state), 303)


@blueprint.post("/entries.csv")
@fresh(back="staff.audit_log.index")
def download() -> ResponseReturnValue:
    """All entries of the filter as CSV; the download is an entry itself."""
    query = _Query.of(request.form)
    audit.record(db.session(), actor(), "audit.export", "audit", filter=query.state)
    response = Response(
        stream_with_context(csv_lines(_list_cells(query.chosen))), mimetype="text/csv"
    )
    response.headers["Content-Disposition"] = 'attachment; filename="audit.csv"'
    return response


def _list_cells(chosen: Filter) -> Iterator[tuple[object, ...]]:
    yield ("id", "at", "who", "actor", "what", "action", "about", "subject", "detail")
    with db.reading() as session:
        zone = current_settings().timezone
        for part in find_entries.walk_entries(session, chosen, zone=zone):
            for line in describe_entries.describe_entries(session, part):
                entry, at = line.entry, line.entry.at.isoformat()
                detail = "; ".join(f"{name}: {value}" for name, value in line.details)
                who, what = (line.who, entry.actor), (line.what, entry.action)
                yield (entry.id, at, *who, *what, line.about, entry.subject, detail)


def _show_page(query: _Query, *, about: str) -> ResponseReturnValue:
    session, state, zone = db.session(), query.state, current_settings().timezone
    entries = find_entries.list_entries(
        session, query.chosen, zone=zone, before=query.before, limit=PER_PAGE + 1
    )
    shown = entries[:PER_PAGE]
    return show_page(
        AuditLog(
            lines=describe_entries.describe_entries(session, shown),
            state=state,
            about=about,
            wrong=query.wrong,
            older=_get_address(state, before=shown[-1].id) if entries[PER_PAGE:] else "",
            newest=_get_address(state) if query.before is not None else "",
            people=staff_users.list_staff_users(session),
            groups=labels.list_groups(),
        )
    )


def _get_address(state: FilterState, before: int | None = None) -> str:
    values: dict[str, Any] = {**state, "before": before}  # url_for takes any
    return url_for(".index", **values)
