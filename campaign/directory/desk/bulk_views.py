"""Pages of the desk for many entries at once: export, change, delete."""

from typing import Any

from flask import flash, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from campaign.core import db, i18n
from campaign.core.errors import NotFound
from campaign.directory import bulk_changes
from campaign.directory.desk.blueprint import blueprint
from campaign.directory.desk.import_labels import field_label
from campaign.directory.desk.import_views import both, csv_file
from campaign.directory.desk.merge_entry_views import title_of
from campaign.directory.desk.mission_form import KIND_LABELS
from campaign.directory.directory_export import export_directory
from campaign.models.directory_import import Directory
from campaign.staff.guards import actor
from campaign.web.desk import redirect_to

__all__ = ["blueprint"]


@both("/export.csv")
def export(directory: str) -> ResponseReturnValue:
    """All entries as a table that can be changed and imported again."""
    part = Directory(directory)
    return csv_file(f"{part.value}.csv", export_directory(db.session(), part))


@both("/bulk", "GET", "POST")
def change_many(directory: str) -> ResponseReturnValue:
    """What would become of the chosen entries; then it is done."""
    part, session = Directory(directory), db.session()
    field, value = request.values.get("field", ""), request.values.get("value", "")
    entries = bulk_changes.list_chosen(session, part, request.values.getlist("slug"))
    if field not in bulk_changes.ACTIONS[part]:
        raise NotFound("action")
    values = dict(_values_of(field))
    if not entries or (request.method == "POST" and values and value not in values):
        flash(_("Choose entries of the list, and what becomes of them."), "error")
    elif request.method == "POST":
        _do(entries, field, value)
    else:
        return render_template(
            "directory/bulk_change.html",
            directory=part,
            entries=entries,
            field=field,
            title=title_of,
            values=values,
            label=field_label,
        )
    return redirect_to("directory.missions" if _of_missions(part) else "directory.index")


def _do(entries: list[Any], field: str, value: str) -> None:
    """Do it, and say what was done."""
    session, by = db.session(), actor()
    if field == "delete":
        report = bulk_changes.delete_unused(session, entries, actor=by)
        flash(ngettext("%(num)s entry is deleted.", "%(num)s entries are deleted.", report.done))
        if report.stays:
            names = i18n.comma(i18n.locale()).join(title_of(one) for one in report.stays)
            flash(_("In use, so not deleted: %(names)s.", names=names), "error")
        return
    report = bulk_changes.change_field(session, entries, field=field, value=value, actor=by)
    flash(ngettext("%(num)s entry is changed.", "%(num)s entries are changed.", report.done))
    if report.stays:
        names = i18n.comma(i18n.locale()).join(title_of(one) for one in report.stays)
        said = _(
            "Not changed: %(names)s. Risk flags of a public campaign rule out the new words. "
            "Change the entry by itself.",
            names=names,
        )
        flash(said, "error")


def _values_of(field: str) -> list[tuple[str, str]]:
    """What can be chosen for a field; nothing where none is needed."""
    if field == "kind":
        return [(kind.value, str(label)) for kind, label in KIND_LABELS.items()]
    if field == "delete":
        return []
    return i18n.senders() if field == "sending_country" else i18n.countries()


def _of_missions(part: Directory) -> bool:
    return part is Directory.MISSIONS
