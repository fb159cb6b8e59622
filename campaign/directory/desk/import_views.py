"""Pages of imports on the desk: upload, what the columns mean, dry run, import."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.core import db, i18n
from campaign.core.errors import Invalid, Refused
from campaign.directory.desk.blueprint import blueprint
from campaign.directory.desk.import_form import MappingForm, UploadForm, mapping_form
from campaign.directory.desk.import_labels import (
    SHOWN,
    field_label,
    how_to_mend,
    shown,
    why_it_stays,
)
from campaign.directory.imports import jobs, undo, uploads
from campaign.directory.imports.columns import NEEDED, WHICH, is_either
from campaign.directory.imports.file_types import MAX_BYTES
from campaign.directory.imports.read_rows import Fault, UnreadableFile
from campaign.directory.imports.sample_files import SAMPLES
from campaign.directory.imports.source import Choices, Source
from campaign.directory.imports.tables import OURS
from campaign.models.directory_import import Directory, DirectoryImport, Verdict
from campaign.staff.guards import actor, staff_user
from campaign.web.desk import redirect_to, render_page
from campaign.web.security import takes_file
from campaign.web.spreadsheets import inert


def both(path: str, *methods: str) -> Callable[[Any], Any]:
    """A page that the officials' part and the missions' have alike."""

    def register(view: Any) -> Any:
        for directory in Directory:
            blueprint.add_url_rule(
                f"/desk/{directory.value}{path}",
                view_func=view,
                defaults={"directory": directory.value},
                methods=methods or ("GET",),
            )
        return view

    return register


@both("/imports", "GET", "POST")
@takes_file(MAX_BYTES)
def imports(directory: str) -> ResponseReturnValue:
    """A file is chosen; what was uploaded and is still kept."""
    session, form, part = db.session(), UploadForm(), Directory(directory)
    if form.validate_on_submit():
        try:
            kept = uploads.keep_upload(
                session,
                owner_id=staff_user().id,
                directory=part,
                file_name=form.file.data.filename,
                data=form.body(),
                actor=actor(),
            )
        except UnreadableFile as problem:
            form.refuse(problem.fault)
        else:
            return redirect(_url("mapping", kept), 303)
    mine = uploads.list_uploads(session, owner_id=staff_user().id, directory=part)
    return render_page("directory/import_upload.html", form, directory=part, mine=mine, url=_url)


@both("/imports/<public_id>/mapping", "GET", "POST")
def mapping(directory: str, public_id: str) -> ResponseReturnValue:
    """What each column means: our guess, to be changed."""
    kept = _load(directory, public_id)
    if not uploads.may_change(kept):
        return redirect(_url("show_import", kept), 303)
    source, choices, fault = _opened(kept)
    form = mapping_form(source, choices, uploads.samples_of_upload(kept, source))
    asked = request.method == "GET" or all(
        field.name in request.form for field, _n in form.values()
    )
    if asked and form.validate_on_submit() and _rehearsed(kept, form):
        return redirect(_url("show_import", kept), 303)
    if fault:
        form.refuse_file(fault)
    return render_page(
        "directory/import_mapping.html",
        form,
        200 if asked else 422,
        kept=kept,
        source=source,
        url=_url,
        samples=_samples(source),
        hints=_hints(source, form),
        directory=kept.directory,
        asked=asked,
        how_to_mend=how_to_mend,
        needed=[field_label(one) for one in NEEDED[kept.directory]],
    )


@both("/imports/sample.csv")
def sample_file(directory: str) -> ResponseReturnValue:
    """A file as an import reads it best."""
    return csv_file(f"{directory}-sample.csv", SAMPLES[Directory(directory)])


@both("/imports/<public_id>")
def show_import(directory: str, public_id: str) -> str:
    """What the file would change, row by row; or how far it is; or what it did."""
    kept = _load(directory, public_id)
    verdict = _verdict(kept)
    page = request.args.get("page", 1, type=int)
    listing, rows = jobs.rows_of(db.session(), kept=kept, verdict=verdict, page=page)
    failure = json.loads(kept.failure) if kept.failure else None
    return render_template(
        "directory/import.html",
        kept=kept,
        directory=kept.directory,
        verdict=verdict,
        listing=listing,
        rows=rows,
        url=_url,
        verdicts=list(Verdict),
        field_label=field_label,
        how_to_mend=how_to_mend,
        failure=failure,
        shown=shown,
        why_it_stays=why_it_stays,
        shown_fields=SHOWN[kept.directory],
        field_of=_field_of,
    )


@both("/imports/<public_id>/undo", "POST")
def undo_import(directory: str, public_id: str) -> ResponseReturnValue:
    """Take back what an import added and changed, as far as nothing uses it."""
    kept = _load(directory, public_id)
    try:
        undo.undo_import(db.session(), kept=kept, actor=actor())
    except Refused as problem:
        flash(_why_not(problem.slug), "error")
    return redirect(_url("show_import", kept), 303)


@both("/imports/<public_id>/apply", "POST")
def apply_import(directory: str, public_id: str) -> ResponseReturnValue:
    """Have done what the dry run showed."""
    kept = _load(directory, public_id)
    try:
        jobs.ask_import(db.session(), kept=kept, skip_bad="skip_bad" in request.form, actor=actor())
    except Refused as problem:
        flash(_why_not(problem.slug), "error")
    return redirect(_url("show_import", kept), 303)


@both("/imports/<public_id>/discard", "POST")
def discard_import(directory: str, public_id: str) -> ResponseReturnValue:
    """Throw the upload away."""
    kept = _load(directory, public_id)
    uploads.discard(db.session(), kept=kept, actor=actor())
    said = _("The file is thrown away. Nothing of it was imported.")
    return redirect_to("directory.imports", said, directory=directory)


@both("/imports/<public_id>/refused.csv")
def refused_rows(directory: str, public_id: str) -> ResponseReturnValue:
    """The refused rows as the file has them, with row and what to mend in front of each.

    It is the file to mend and upload again. No cell of it is a formula.
    """
    kept = _load(directory, public_id)
    rows = jobs.refused_rows(db.session(), kept=kept)
    columns = next((row["columns"] for row in rows if row.get("columns")), None)
    heads = [f"{OURS}{_('Row')}", f"{OURS}{_('What to mend')}"]
    table = [[*heads, *columns] if columns else [_("Row"), _("Field"), _("What to mend")]]
    for row in rows:
        said = how_to_mend(row["fault"]["sentence"], row["fault"]["values"])
        if columns:
            mend = i18n.colon(i18n.locale()).join(filter(None, (_field_of(row), said)))
            table.append([str(row["row"]), mend, *row.get("cells", ())])
        else:
            table.append([str(row["row"]), _field_of(row), said])
    return csv_file("refused-rows.csv", table)


def _opened(kept: DirectoryImport) -> tuple[Source, Choices, Fault | None]:
    """The file, and what is chosen of it: in the form, in the address, or before.

    Where it cannot be read as was chosen: as before, with what is wrong.
    """
    before, said = uploads.choices_of(kept), request.values
    choices = replace(
        before,
        encoding=said.get("encoding", before.encoding),
        sheet=said.get("sheet", before.sheet),
        head=said.get("head", before.head, type=int),
    )
    fault: Fault | None = None
    try:
        source = uploads.source_of_upload(kept, choices)
    except UnreadableFile as problem:
        source, choices, fault = uploads.source_of_upload(kept), before, problem.fault
    width = len(source.table.columns) if source.table else 0
    seen = (choices.sheet, choices.head) == (before.sheet, before.head)
    if request.method == "POST":
        choices.mapping = [said.get(f"column_{at}", "") for at in range(width)]
        choices.lists = request.form.getlist("lists")
    elif len(choices.mapping) != width or not seen:
        choices.mapping = uploads.guess_choices(db.session(), source, kept.file_name).mapping
    return source, choices, fault


def csv_file(name: str, rows: Iterable[Sequence[str]]) -> Response:
    """A CSV file as a spreadsheet opens it; no cell of it is a formula."""
    out = io.StringIO()
    csv.writer(out).writerows([inert(cell) for cell in row] for row in rows)
    response = Response("\ufeff" + out.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _rehearsed(kept: DirectoryImport, form: MappingForm) -> bool:
    """Whether the dry run was asked for; what the mapping lacks is said on the form."""
    try:
        jobs.ask_rehearsal(db.session(), kept=kept, choices=form.choices(), actor=actor())
    except Invalid as problem:
        form.refuse(problem.fields)
    except UnreadableFile as problem:
        form.refuse_file(problem.fault)
    else:
        return True
    return False


def _load(directory: str, public_id: str) -> DirectoryImport:
    return uploads.get_upload(
        db.session(), public_id=public_id, owner_id=staff_user().id, directory=Directory(directory)
    )


def _field_of(row: dict[str, Any]) -> str:
    """The file's own name of a column, else ours of what no column says."""
    name: str = row["field"]
    return name if name in row.get("columns", ()) else field_label(name)


def _samples(source: Source) -> list[list[str]]:
    table = source.table
    return [table.samples(at) for at in range(len(table.columns))] if table else []


def _hints(source: Source, form: MappingForm) -> dict[str, str]:
    """What columns are read as that could be the one country or the other, by their fields."""
    table = source.table
    found: dict[str, str] = {}
    if table is None or source.directory is not Directory.MISSIONS:
        return {}
    for at, field in enumerate(form.columns()):
        first = next(((row, cells[at]) for row, cells in table.rows if cells[at].strip()), None)
        if first is None or not is_either(table.columns[at]):
            continue
        said = {"row": first[0], "country": first[1].strip()[:40]}
        if field.data == "sending_country":
            found[field.name] = _("Read this way, row %(row)s is a mission of %(country)s.", **said)
        elif field.data == "host_country":
            found[field.name] = _("Read this way, row %(row)s is a mission in %(country)s.", **said)
        elif field.data == WHICH:
            found[field.name] = _(
                "Is row %(row)s a mission of %(country)s, or a mission in %(country)s?", **said
            )
    return found


def _verdict(kept: DirectoryImport) -> Verdict | None:
    """What is asked for, else what most deserves a look; None: the rows kept in part."""
    asked = request.args.get("show", "")
    if asked == "partly":
        return None
    if asked in set(Verdict):
        return Verdict(asked)
    order = (Verdict.REFUSED, Verdict.CHANGED, Verdict.ADDED)
    return next((one for one in order if kept.counts.get(one.value)), Verdict.LEFT)


def _url(endpoint: str, kept: DirectoryImport, **more: Any) -> str:
    return url_for(
        f"directory.{endpoint}", directory=kept.directory.value, public_id=kept.public_id, **more
    )


def _why_not(slug: str) -> str:
    words = {
        "import-has-bad-rows": _(
            "Rows are refused. Mend them in the file, or say that they are left out."
        ),
        "import-empty": _("The file would change nothing."),
        "import-not-applied": _("This file was not imported, so there is nothing to undo."),
    }
    other = _("The dry run is not there yet, or the file was imported already.")
    return str(words.get(slug, other))
