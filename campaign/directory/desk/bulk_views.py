"""Pages of the desk for many entries at once: export, change, delete."""

from collections.abc import Mapping, Sequence

from flask import flash, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from campaign.core import db, i18n
from campaign.core.errors import NotFound
from campaign.directory import bulk_changes
from campaign.directory.desk.entry_display import get_entry_name
from campaign.directory.desk.import_views import add_page_to_both, csv_file
from campaign.directory.desk.mission_form import KIND_LABELS
from campaign.directory.directory_export import export_directory
from campaign.models.directory import Mission, Official
from campaign.models.directory_import import Directory
from campaign.staff.guards import actor
from campaign.web.desk import redirect_to
from campaign.web.page import Page, show_page


class BulkChange(Page, template="directory/bulk_change.html"):
    directory: Directory
    entries: Sequence[Mission | Official]
    field: str
    choices: Mapping[str, str]
    """Words for each value that can be chosen."""


@add_page_to_both("/export.csv")
def export(directory: str) -> ResponseReturnValue:
    """All entries as a table that can be changed and imported again."""
    part = Directory(directory)
    return csv_file(f"{part.value}.csv", export_directory(db.session(), part))


@add_page_to_both("/bulk", "GET", "POST")
def change_many(directory: str) -> ResponseReturnValue:
    part, session = Directory(directory), db.session()
    field, value = request.values.get("field", ""), request.values.get("value", "")
    entries = bulk_changes.list_chosen(session, part, request.values.getlist("slug"))
    if field not in bulk_changes.ACTIONS[part]:
        raise NotFound("action")
    values = dict(_list_values(field))
    if not entries or (request.method == "POST" and values and value not in values):
        flash(_("Choose entries from the list, then choose what to do with them."), "error")
    elif request.method != "POST":
        return show_page(BulkChange(directory=part, entries=entries, field=field, choices=values))
    elif field == "delete":
        _delete(entries)
    else:
        _change(entries, field, value)
    is_mission = part is Directory.MISSIONS
    return redirect_to("directory.missions" if is_mission else "directory.index")


def _delete(entries: Sequence[Mission | Official]) -> None:
    report = bulk_changes.delete_unused(db.session(), entries, actor=actor())
    flash(ngettext("%(num)s entry deleted.", "%(num)s entries deleted.", report.done))
    if report.stays:
        flash(
            _("Not deleted, because in use: %(names)s.", names=_join_names(report.stays)), "error"
        )


def _change(entries: Sequence[Mission | Official], field: str, value: str) -> None:
    report = bulk_changes.change_field(
        db.session(), entries, field=field, value=value, actor=actor()
    )
    flash(ngettext("%(num)s entry changed.", "%(num)s entries changed.", report.done))
    if report.stays:
        message = _(
            "Not changed: %(names)s. The risk flags of a public or scheduled campaign do not "
            "allow the new words. Change each entry on its own page.",
            names=_join_names(report.stays),
        )
        flash(message, "error")


def _join_names(entries: Sequence[Mission | Official]) -> str:
    return i18n.comma(i18n.locale()).join(map(get_entry_name, entries))


def _list_values(field: str) -> list[tuple[str, str]]:
    """List what can be chosen for a field; nothing where none is needed."""
    if field == "kind":
        return [(kind.value, str(label)) for kind, label in KIND_LABELS.items()]
    if field == "delete":
        return []
    return i18n.senders() if field == "sending_country" else i18n.countries()
