"""The audit for admins: who did what, about what, when; filtered, and as CSV."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from flask import (
    Blueprint,
    Response,
    redirect,
    render_template,
    request,
    stream_with_context,
    url_for,
)
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from campaign.core import audit, db
from campaign.core.settings import current_settings
from campaign.models.staff import Role
from campaign.staff import staff_users
from campaign.staff.audit_log import labels, list_entries, names, search_field
from campaign.staff.audit_log.list_entries import PER_PAGE, Filter
from campaign.staff.guards import actor, fresh, guard
from campaign.web.date_fields import NoDay, read_day
from campaign.web.spreadsheets import inert

blueprint = Blueprint("audit_log", __name__, url_prefix="/audit")
guard(blueprint, Role.ADMIN)
_COLUMNS = ("id", "at", "who", "actor", "what", "action", "about", "subject", "detail")
_ACTOR = re.compile(r"staff:\d{1,9}|command|supporter")


@dataclass(frozen=True, slots=True)
class _Day:
    """A day of the filter as it was typed."""

    typed: str
    day: date | None = None
    wrong: str = ""

    @classmethod
    def of(cls, typed: str) -> "_Day":
        """An empty one is no day, and nothing is wrong about it."""
        typed = typed.strip()[:20]
        try:
            return cls(typed, read_day(typed) if typed else None)
        except NoDay as problem:
            return cls(typed, wrong=str(problem))


@dataclass(frozen=True, slots=True)
class _Asked:
    """The filter as an address, the download and the audit have it: ids and days, no names."""

    chosen: Filter
    before: int | None = None
    wrong: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Of `since` and `until`, where it is no day: what was typed, and what is wrong about it."""

    @classmethod
    def of(cls, values: MultiDict[str, str]) -> "_Asked":
        """What is said wrongly counts as not said, but a thing that is not there finds nothing."""
        days = {name: _Day.of(values.get(name, "")) for name in ("since", "until")}
        who, what, before = (values.get(name, "").strip() for name in ("who", "what", "before"))
        about = values.getlist("subject")
        chosen = Filter(
            actor=who if _ACTOR.fullmatch(who) else "",
            action=what if what in labels.DEEDS else "",
            subjects=list_entries.known_subjects(db.session(), about) if about else None,
            since=days["since"].day,
            until=days["until"].day,
        )
        is_id = before.isascii() and before.isdigit() and len(before) < 10
        wrong = {name: (one.typed, one.wrong) for name, one in days.items() if one.wrong}
        return cls(chosen, int(before) if is_id else None, wrong)

    def about(self, typed: str) -> "_Asked":
        """The same, about what somebody means who typed this."""
        subjects = search_field.subjects_of(db.session(), typed)
        return _Asked(replace(self.chosen, subjects=subjects), wrong=self.wrong)

    @property
    def state(self) -> dict[str, str | list[str]]:
        """What an address needs to say."""
        chosen = self.chosen
        said: dict[str, str | list[str]] = {
            "who": chosen.actor,
            "what": chosen.action,
            "subject": list(chosen.subjects or ()),
            "since": chosen.since.isoformat() if chosen.since else "",
            "until": chosen.until.isoformat() if chosen.until else "",
        }
        return {name: value for name, value in said.items() if value}


@blueprint.get("")
def index() -> ResponseReturnValue:
    """One page of entries, the newest first."""
    asked = _Asked.of(request.args)
    return _page(asked, about=names.say_subjects(db.session(), asked.chosen.subjects or ()))


@blueprint.post("")
def search() -> ResponseReturnValue:
    """Find what a name means: it is posted, so that no address and no log holds it."""
    typed = request.form.get("about", "").strip()[:200]
    asked = _Asked.of(request.form).about(typed)
    if asked.chosen.subjects == () or asked.wrong:
        return _page(asked, about=typed)
    return redirect(_address(asked.state), 303)


@blueprint.post("/entries.csv")
@fresh(back="staff.audit_log.index")
def download() -> ResponseReturnValue:
    """All entries of the filter as CSV; the download is an entry itself."""
    asked = _Asked.of(request.form)
    said = asked.state
    audit.record(db.session(), actor=actor(), action="audit.export", subject="audit", filter=said)
    response = Response(stream_with_context(_csv(asked.chosen)), mimetype="text/csv")
    response.headers["Content-Disposition"] = 'attachment; filename="audit.csv"'
    return response


def _csv(chosen: Filter) -> Iterator[str]:
    """As spreadsheets of every country open it: UTF-8 with mark, CRLF."""
    yield "\ufeff" + _rows([_COLUMNS])
    with db.reading() as session:
        for part in list_entries.walk(session, chosen, zone=_zone()):
            rows = []
            for line in names.lines_of(session, part):
                entry = line.entry
                detail = "; ".join(f"{name}: {value}" for name, value in line.details)
                cells = (str(entry.id), entry.at.isoformat(), line.who, entry.actor, line.what)
                rows.append((*cells, entry.action, line.about, entry.subject, detail))
            yield _rows(rows)


def _rows(rows: Iterable[tuple[str, ...]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows([inert(cell) for cell in row] for row in rows)
    return out.getvalue()


def _page(asked: _Asked, *, about: str) -> str:
    session = db.session()
    entries = list_entries.list_entries(
        session, asked.chosen, zone=_zone(), before=asked.before, limit=PER_PAGE + 1
    )
    shown = entries[:PER_PAGE]
    state = asked.state
    return render_template(
        "staff/audit_log.html",
        lines=names.lines_of(session, shown),
        state=state,
        about=about,
        wrong=asked.wrong,
        older=_address(state, before=shown[-1].id) if entries[PER_PAGE:] else "",
        newest=_address(state) if asked.before is not None else "",
        people=staff_users.list_staff_users(session),
        groups=_groups(),
    )


def _address(state: Mapping[str, str | list[str]], before: int | None = None) -> str:
    values: dict[str, Any] = {**state, "before": before}
    return url_for(".index", **values)


def _groups() -> list[tuple[str, list[tuple[str, str]]]]:
    """Every deed in words, by group, for the list to choose from."""
    return [
        (
            str(title),
            [
                (slug, str(words))
                for slug, words in labels.DEEDS.items()
                if slug.partition(".")[0] == group
            ],
        )
        for group, title in labels.GROUPS.items()
    ]


def _zone() -> str:
    return current_settings().timezone
