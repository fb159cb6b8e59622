"""The audit for admins: who did what, about what, when; filtered, and as CSV."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from flask import Blueprint, Response, redirect, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from campaign.core import audit, db
from campaign.core.settings import current_settings
from campaign.models.staff import Role, StaffUser
from campaign.staff import staff_users
from campaign.staff.audit_log import labels, list_entries, names, search_field
from campaign.staff.audit_log.list_entries import PER_PAGE, Filter
from campaign.staff.guards import actor, fresh, guard
from campaign.web.form_fields import NoDay, read_day
from campaign.web.page import Page, show_page
from campaign.web.spreadsheets import inert

blueprint = Blueprint("audit_log", __name__, url_prefix="/audit")
guard(blueprint, Role.ADMIN)
_COLUMNS = ("id", "at", "who", "actor", "what", "action", "about", "subject", "detail")
_ACTOR = re.compile(r"staff:\d{1,9}|command|supporter")
FilterState = dict[str, str | list[str]]
"""A filter as an address, a download and the audit have it: ids and days, no names."""


class AuditLog(Page, template="staff/audit_log.html"):
    lines: list[names.Line]
    state: FilterState
    about: str
    """What the entries are about, in words."""
    wrong: Mapping[str, tuple[str, str]]
    older: str
    newest: str
    people: Sequence[StaffUser]
    groups: list[tuple[str, list[tuple[str, str]]]]
    """Every action in words, by group, for the list to choose from."""


@dataclass(frozen=True, slots=True)
class _TypedDay:
    typed: str
    day: date | None = None
    problem: str = ""

    @classmethod
    def of(cls, typed: str) -> "_TypedDay":
        """An empty one is no day, and nothing is wrong about it."""
        typed = typed.strip()[:20]
        try:
            return cls(typed, read_day(typed) if typed else None)
        except NoDay as problem:
            return cls(typed, problem=str(problem))


@dataclass(frozen=True, slots=True)
class _Query:
    chosen: Filter
    before: int | None = None
    wrong: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    """Of `since` and `until`, where it is no day: what was typed, and what is wrong about it."""

    @classmethod
    def of(cls, values: MultiDict[str, str]) -> "_Query":
        """What is said wrongly counts as not said, but a thing that is not there finds nothing."""
        days = {name: _TypedDay.of(values.get(name, "")) for name in ("since", "until")}
        who, action, before = (values.get(name, "").strip() for name in ("who", "what", "before"))
        about = values.getlist("subject")
        chosen = Filter(
            actor=who if _ACTOR.fullmatch(who) else "",
            action=action if action in labels.ACTIONS else "",
            subjects=list_entries.list_known_subjects(db.session(), about) if about else None,
            since=days["since"].day,
            until=days["until"].day,
        )
        is_id = before.isascii() and before.isdigit() and len(before) < 10
        wrong = {name: (day.typed, day.problem) for name, day in days.items() if day.problem}
        return cls(chosen, int(before) if is_id else None, wrong)

    def about(self, typed: str) -> "_Query":
        """The same, about what somebody means who typed this."""
        subjects = search_field.find_subjects(db.session(), typed)
        return _Query(replace(self.chosen, subjects=subjects), wrong=self.wrong)

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
    query = _Query.of(request.args)
    about = names.say_subjects(db.session(), query.chosen.subjects or ())
    return _show_page(query, about=about)


@blueprint.post("")
def search() -> ResponseReturnValue:
    """Find what a name means: it is posted, so that no address and no log holds it."""
    typed = request.form.get("about", "").strip()[:200]
    query = _Query.of(request.form).about(typed)
    if query.chosen.subjects == () or query.wrong:
        return _show_page(query, about=typed)
    return redirect(_get_address(query.state), 303)


@blueprint.post("/entries.csv")
@fresh(back="staff.audit_log.index")
def download() -> ResponseReturnValue:
    """All entries of the filter as CSV; the download is an entry itself."""
    query = _Query.of(request.form)
    audit.record(
        db.session(), actor=actor(), action="audit.export", subject="audit", filter=query.state
    )
    response = Response(stream_with_context(_write_csv(query.chosen)), mimetype="text/csv")
    response.headers["Content-Disposition"] = 'attachment; filename="audit.csv"'
    return response


def _write_csv(chosen: Filter) -> Iterator[str]:
    """Write as spreadsheets of every country open it: UTF-8 with mark, CRLF."""
    yield "\ufeff" + _write_rows([_COLUMNS])
    with db.reading() as session:
        for part in list_entries.walk_entries(session, chosen, zone=_zone()):
            rows = []
            for line in names.describe_entries(session, part):
                entry = line.entry
                detail = "; ".join(f"{name}: {value}" for name, value in line.details)
                cells = (str(entry.id), entry.at.isoformat(), line.who, entry.actor, line.what)
                rows.append((*cells, entry.action, line.about, entry.subject, detail))
            yield _write_rows(rows)


def _write_rows(rows: Iterable[tuple[str, ...]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows([inert(cell) for cell in row] for row in rows)
    return out.getvalue()


def _show_page(query: _Query, *, about: str) -> ResponseReturnValue:
    session = db.session()
    entries = list_entries.list_entries(
        session, query.chosen, zone=_zone(), before=query.before, limit=PER_PAGE + 1
    )
    shown = entries[:PER_PAGE]
    state = query.state
    return show_page(
        AuditLog(
            lines=names.describe_entries(session, shown),
            state=state,
            about=about,
            wrong=query.wrong,
            older=_get_address(state, before=shown[-1].id) if entries[PER_PAGE:] else "",
            newest=_get_address(state) if query.before is not None else "",
            people=staff_users.list_staff_users(session),
            groups=_list_groups(),
        )
    )


def _get_address(state: FilterState, before: int | None = None) -> str:
    values: dict[str, Any] = {**state, "before": before}  # url_for takes any
    return url_for(".index", **values)


def _list_groups() -> list[tuple[str, list[tuple[str, str]]]]:
    return [
        (
            str(title),
            [
                (slug, str(words))
                for slug, words in labels.ACTIONS.items()
                if slug.partition(".")[0] == group
            ],
        )
        for group, title in labels.GROUPS.items()
    ]


def _zone() -> str:
    return current_settings().timezone
