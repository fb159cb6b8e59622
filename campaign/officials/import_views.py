"""Pages of imports on the desk: upload, what the columns mean, dry run, import."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign import db
from campaign.accounts.guards import actor, staff_user
from campaign.errors import Invalid, Refused
from campaign.officials import import_runs, uploads
from campaign.officials.desk import blueprint
from campaign.officials.files import MAX_BYTES
from campaign.officials.import_form import MappingForm, UploadForm, mapping_form
from campaign.officials.import_models import Directory, DirectoryImport, Verdict
from campaign.officials.import_words import SHOWN, field_label, how_to_mend, shown
from campaign.officials.readings import UnreadableFile
from campaign.officials.sources import Source
from campaign.security import takes_file
from campaign.spreadsheets import inert


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
    unit, form, part = db.session(), UploadForm(), Directory(directory)
    if form.validate_on_submit():
        try:
            kept = uploads.keep_upload(
                unit, owner_id=staff_user().id, directory=part,
                file_name=form.file.data.filename, data=form.body(), actor=actor(),
            )  # fmt: skip
        except UnreadableFile as problem:
            form.refuse(problem.fault)
        else:
            return redirect(_url("mapping", kept), 303)
    mine = uploads.list_uploads(unit, owner_id=staff_user().id, directory=part)
    page = render_template("officials/imports.html", form=form, directory=part, mine=mine, url=_url)
    return page, 422 if form.errors else 200


@both("/imports/<public_id>/mapping", "GET", "POST")
def mapping(directory: str, public_id: str) -> ResponseReturnValue:
    """What each column means: our guess, to be changed."""
    kept = _load(directory, public_id)
    if not uploads.may_change(kept):
        return redirect(_url("show_import", kept), 303)
    source = uploads.source_of_upload(kept)
    form = mapping_form(source, uploads.choices_of(kept))
    if form.validate_on_submit() and _rehearsed(kept, form):
        return redirect(_url("show_import", kept), 303)
    page = render_template(
        "officials/import_mapping.html", form=form, kept=kept, source=source, url=_url,
        samples=_samples(source), directory=kept.directory,
    )  # fmt: skip
    return page, 422 if form.errors else 200


@both("/imports/<public_id>")
def show_import(directory: str, public_id: str) -> str:
    """What the file would change, row by row; or how far it is; or what it did."""
    kept = _load(directory, public_id)
    verdict = _verdict(kept)
    page = request.args.get("page", 1, type=int)
    listing, rows = import_runs.rows_of(db.session(), kept=kept, verdict=verdict, page=page)
    failure = json.loads(kept.failure) if kept.failure else None
    return render_template(
        "officials/import.html", kept=kept, directory=kept.directory, verdict=verdict,
        listing=listing, rows=rows, url=_url, verdicts=list(Verdict), field_label=field_label,
        how_to_mend=how_to_mend, failure=failure, shown=shown,
        shown_fields=SHOWN[kept.directory],
    )  # fmt: skip


@both("/imports/<public_id>/apply", "POST")
def apply_import(directory: str, public_id: str) -> ResponseReturnValue:
    """Have done what the dry run showed."""
    kept = _load(directory, public_id)
    try:
        import_runs.ask_import(
            db.session(), kept=kept, skip_bad="skip_bad" in request.form, actor=actor()
        )
    except Refused as problem:
        flash(_why_not(problem.slug), "error")
    return redirect(_url("show_import", kept), 303)


@both("/imports/<public_id>/discard", "POST")
def discard_import(directory: str, public_id: str) -> ResponseReturnValue:
    """Throw the upload away."""
    kept = _load(directory, public_id)
    uploads.discard(db.session(), kept=kept, actor=actor())
    flash(_("The file is thrown away. Nothing of it was imported."))
    return redirect(url_for("officials.imports", directory=directory), 303)


@both("/imports/<public_id>/refused.csv")
def refused_rows(directory: str, public_id: str) -> ResponseReturnValue:
    """The refused rows with how to mend each; no cell of it is a formula."""
    kept = _load(directory, public_id)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([_("Row"), _("Field"), _("What to mend")])
    for row in import_runs.refused_rows(db.session(), kept=kept):
        said = how_to_mend(row["fault"]["sentence"], row["fault"]["values"])
        writer.writerow([row["row"], inert(row["field"]), inert(said)])
    response = Response("\ufeff" + out.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = 'attachment; filename="refused-rows.csv"'
    return response


def _rehearsed(kept: DirectoryImport, form: MappingForm) -> bool:
    """Whether the dry run was asked for; what the mapping lacks is said on the form."""
    try:
        import_runs.ask_rehearsal(db.session(), kept=kept, choices=form.choices(), actor=actor())
    except Invalid as problem:
        form.refuse(problem.fields)
    except UnreadableFile as problem:
        form.refuse_file(problem.fault)
    else:
        return True
    return False


def _load(directory: str, public_id: str) -> DirectoryImport:
    return uploads.get_upload(
        db.session(), public_id=public_id, owner_id=staff_user().id,
        directory=Directory(directory),
    )  # fmt: skip


def _samples(source: Source) -> list[list[str]]:
    table = source.table
    return [table.samples(at) for at in range(len(table.columns))] if table else []


def _verdict(kept: DirectoryImport) -> Verdict:
    """What is asked for, else what most deserves a look."""
    asked = request.args.get("show", "")
    if asked in set(Verdict):
        return Verdict(asked)
    order = (Verdict.REFUSED, Verdict.CHANGED, Verdict.ADDED)
    return next((one for one in order if kept.counts.get(one.value)), Verdict.LEFT)


def _url(endpoint: str, kept: DirectoryImport, **more: Any) -> str:
    return url_for(
        f"officials.{endpoint}", directory=kept.directory.value, public_id=kept.public_id, **more
    )


def _why_not(slug: str) -> str:
    words = {
        "import-has-bad-rows": _(
            "Rows are refused. Mend them in the file, or say that they are left out."
        ),
        "import-empty": _("The file would change nothing."),
    }
    other = _("The dry run is not there yet, or the file was imported already.")
    return str(words.get(slug, other))
