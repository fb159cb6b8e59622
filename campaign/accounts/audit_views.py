"""The audit for admins: who did what, about what, when; filtered, and as CSV."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import (
    Blueprint,
    Response,
    current_app,
    render_template,
    request,
    stream_with_context,
    url_for,
)
from flask.typing import ResponseReturnValue

from campaign import audit, db
from campaign.accounts import audit_list, audit_names, deeds, services
from campaign.accounts.audit_list import PER_PAGE, Filter
from campaign.accounts.guards import actor, fresh, guard
from campaign.accounts.models import Role
from campaign.spreadsheets import inert

blueprint = Blueprint("audit", __name__, url_prefix="/audit")
guard(blueprint, Role.ADMIN)
_NAMES = ("who", "what", "about", "since", "until")
_COLUMNS = ("id", "at", "who", "actor", "what", "action", "about", "subject", "detail")


@dataclass(frozen=True, slots=True)
class _Asked:
    """The filter as it stands in the address."""

    typed: dict[str, str]
    chosen: Filter
    before: int | None

    @classmethod
    def of(cls, values: Any) -> "_Asked":
        """What is said wrongly counts as not said, but a thing that is not there finds nothing."""
        typed = {name: str(values.get(name, "")).strip()[:200] for name in _NAMES}
        before = str(values.get("before", ""))
        chosen = Filter(
            actor=typed["who"] if len(typed["who"]) <= 40 else "",
            action=typed["what"] if typed["what"] in deeds.DEEDS else "",
            subjects=audit_list.subjects_of(db.session(), typed["about"]),
            since=_day(typed["since"]),
            until=_day(typed["until"]),
        )
        is_id = before.isascii() and before.isdigit() and len(before) < 10
        return cls(typed, chosen, int(before) if is_id else None)

    @property
    def state(self) -> dict[str, str]:
        """What an address needs to say."""
        return {name: value for name, value in self.typed.items() if value}


@blueprint.get("")
def index() -> ResponseReturnValue:
    """One page of entries, the newest first."""
    unit = db.session()
    asked = _Asked.of(request.args)
    entries = audit_list.list_entries(
        unit, asked.chosen, zone=_zone(), before=asked.before, limit=PER_PAGE + 1
    )
    shown = entries[:PER_PAGE]
    older = _address(asked.state, before=shown[-1].id) if entries[PER_PAGE:] else ""
    newest = _address(asked.state) if asked.before is not None else ""
    return render_template(
        "accounts/audit.html",
        lines=audit_names.lines_of(unit, shown),
        typed=asked.typed,
        state=asked.state,
        older=older,
        newest=newest,
        people=services.list_staff_users(unit),
        groups=_groups(),
    )


@blueprint.post("/entries.csv")
@fresh(back="accounts.audit.index")
def download() -> ResponseReturnValue:
    """All entries of the filter as CSV; the download is an entry itself."""
    asked = _Asked.of(request.form)
    audit.record(
        db.session(), actor=actor(), action="audit.export", subject="audit", filter=asked.state
    )
    response = Response(stream_with_context(_csv(asked.chosen)), mimetype="text/csv")
    response.headers["Content-Disposition"] = 'attachment; filename="audit.csv"'
    return response


def _csv(chosen: Filter) -> Iterator[str]:
    """As spreadsheets of every country open it: UTF-8 with mark, CRLF."""
    yield "\ufeff" + _rows([_COLUMNS])
    with db.reading() as unit:
        for part in audit_list.walk(unit, chosen, zone=_zone()):
            rows = []
            for line in audit_names.lines_of(unit, part):
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


def _address(state: dict[str, str], before: int | None = None) -> str:
    values: dict[str, Any] = {**state, "before": before}
    return url_for(".index", **values)


def _groups() -> list[tuple[str, list[tuple[str, str]]]]:
    """Every deed in words, by group, for the list to choose from."""
    return [
        (
            str(title),
            [
                (slug, str(words))
                for slug, words in deeds.DEEDS.items()
                if slug.partition(".")[0] == group
            ],
        )
        for group, title in deeds.GROUPS.items()
    ]


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return None


def _zone() -> str:
    return str(current_app.extensions["settings"].timezone)
