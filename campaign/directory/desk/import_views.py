"""Pages of imports on the desk: upload, what the columns mean, dry run, import."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from flask import flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from campaign.core import db, i18n
from campaign.core.errors import QUOTED, Fault, Invalid, Refused, UnreadableFile
from campaign.directory.desk.blueprint import (
    SHOWN_FIELDS,
    add_page_to_both,
    get_import_url,
    say_field,
    say_how_to_mend,
    say_rewritten,
)
from campaign.directory.desk.import_form import MappingForm, UploadForm, mapping_form
from campaign.directory.imports import jobs, uploads
from campaign.directory.imports.apply_import import revert_import
from campaign.directory.imports.guess_columns import NEEDED, SAMPLES, WHICH, is_either
from campaign.directory.imports.jobs import FaultDetail, RowDetail
from campaign.directory.imports.read_list import MAX_BYTES
from campaign.directory.imports.row_parts import ImportChoices
from campaign.directory.imports.tables import OURS
from campaign.directory.imports.uploads import ImportSource
from campaign.directory.risk_flags import RisksUnseen
from campaign.models.directory import Directory, DirectoryImport, ImportRow, Verdict
from campaign.staff.desk_access import actor, staff_user
from campaign.web.meant_field import NAME, ask, read_answers, say_asked
from campaign.web.page import Page, csv_file, redirect_to, show_page
from campaign.web.pagination import Listing, read_page
from campaign.web.security import takes_file


class ImportUpload(Page, template="directory/import_upload.html"):
    form: UploadForm
    directory: Directory
    uploads: Sequence[DirectoryImport]


class ImportMapping(Page, template="directory/import_mapping.html"):
    form: MappingForm
    kept: DirectoryImport
    directory: Directory
    source: ImportSource
    samples: list[list[str]]  # of each column
    hints: Mapping[str, str]  # by the names of fields
    is_asked: bool  # false where the form was sent without the countries that the file now needs
    needed: list[str]  # what every row has to say


class ShowImport(Page, template="directory/import.html"):
    kept: DirectoryImport
    directory: Directory
    verdict: Verdict | None
    verdicts: Sequence[Verdict]
    listing: Listing[ImportRow]
    rows: Sequence[RowDetail]
    failure: FaultDetail | None
    shown_fields: Sequence[str]
    is_asked: bool  # whether undoing rewrites signed letters, which is asked about
    lacks_language: bool  # whether the language of an official is among what is left out
    field_of: Callable[[RowDetail], str]


@add_page_to_both("/imports", "GET", "POST")
@takes_file(MAX_BYTES)
def imports(directory: Directory) -> ResponseReturnValue:
    session, form = db.session(), UploadForm()
    if form.validate_on_submit():
        try:
            kept = uploads.keep_upload(
                session,
                owner_id=staff_user().id,
                directory=directory,
                file_name=form.file.data.filename,
                data=form.body(),
                actor=actor(),
            )
        except UnreadableFile as problem:
            form.refuse(problem.fault)
        else:
            return redirect(get_import_url("mapping", kept), 303)
    own_uploads = uploads.list_uploads(session, owner_id=staff_user().id, directory=directory)
    return show_page(ImportUpload(form=form, directory=directory, uploads=own_uploads))


@add_page_to_both("/imports/<public_id>/mapping", "GET", "POST")
def mapping(directory: Directory, public_id: str) -> ResponseReturnValue:
    kept = _load(directory, public_id)
    if not uploads.may_change(kept):
        return redirect(get_import_url("show_import", kept), 303)
    source, choices, fault = _open_file(kept)
    form = mapping_form(source, choices, uploads.samples_of_upload(kept, source))
    is_asked = request.method == "GET" or all(
        field.name in request.form for field, _count in form.values()
    )
    if is_asked and form.validate_on_submit() and _start_rehearsal(kept, form):
        return redirect(get_import_url("show_import", kept), 303)
    if fault:
        form.refuse_file(fault)
    table = source.table
    page = ImportMapping(
        form=form,
        kept=kept,
        directory=kept.directory,
        source=source,
        samples=[table.samples(at) for at in range(len(table.columns))] if table else [],
        hints=_find_hints(source, form),
        is_asked=is_asked,
        needed=[say_field(name) for name in NEEDED[kept.directory]],
    )
    return show_page(page, 200 if is_asked else 422)


@add_page_to_both("/imports/sample.csv")
def sample_file(directory: Directory) -> ResponseReturnValue:
    columns = SAMPLES[directory]
    rows = [list(columns), *zip(*columns.values(), strict=True)]
    return csv_file(f"{directory.value}-sample", rows)


@add_page_to_both("/imports/<public_id>")
def show_import(directory: Directory, public_id: str) -> ResponseReturnValue:
    """What the file would change, row by row; or how far it is; or what it did."""
    kept = _load(directory, public_id)
    verdict = _choose_verdict(kept)
    page = read_page(request.args)
    listing, rows = jobs.list_rows(db.session(), kept=kept, verdict=verdict, page=page)
    choices = uploads.choices_of(kept)
    heads = dict(zip(choices.mapping, choices.columns, strict=False))
    lacking = {column for row in rows for column, _text in row.left_out}
    return show_page(
        ShowImport(
            kept=kept,
            directory=kept.directory,
            verdict=verdict,
            verdicts=list(Verdict),
            listing=listing,
            rows=rows,
            is_asked=request.args.get("asked") == "undo",
            failure=json.loads(kept.failure) if kept.failure else None,
            shown_fields=[
                name
                for name in SHOWN_FIELDS[kept.directory]
                if name != "preferred_locale" or "language" in heads
            ],
            lacks_language=heads.get("language", "")[:QUOTED] in lacking,
            field_of=_say_field_of,
        )
    )


@add_page_to_both("/imports/<public_id>/undo", "POST")
def undo_import(directory: Directory, public_id: str) -> ResponseReturnValue:
    kept, session, seen = _load(directory, public_id), db.session(), read_answers()
    try:
        return _try_action(
            kept, lambda: revert_import(session, kept=kept, actor=actor(), risks_seen=seen)
        )
    except RisksUnseen as problem:
        session.rollback()
        ask(problem.keys)
        flash(say_rewritten(problem.letters), "error")
    asked = {"asked": "undo", NAME: say_asked()}
    return redirect(get_import_url("show_import", kept, **asked), 303)


@add_page_to_both("/imports/<public_id>/apply", "POST")
def apply_import(directory: Directory, public_id: str) -> ResponseReturnValue:
    kept, skip_bad = _load(directory, public_id), "skip_bad" in request.form
    return _try_action(
        kept, lambda: jobs.ask_import(db.session(), kept=kept, skip_bad=skip_bad, actor=actor())
    )


@add_page_to_both("/imports/<public_id>/discard", "POST")
def discard_import(directory: Directory, public_id: str) -> ResponseReturnValue:
    kept = _load(directory, public_id)
    uploads.discard(db.session(), kept=kept, actor=actor())
    message = _("File deleted. Nothing was imported.")
    return redirect_to("directory.imports", message, directory=directory.value)


@add_page_to_both("/imports/<public_id>/refused.csv")
def refused_rows(directory: Directory, public_id: str) -> ResponseReturnValue:
    """Return the refused rows as the file has them, with what to fix: to be uploaded again."""
    kept = _load(directory, public_id)
    refused = jobs.list_refused_rows(db.session(), kept=kept)
    columns = next((row.columns for row in refused if row.columns), None)
    heads = [f"{OURS}{_('Row')}", f"{OURS}{_('What to fix')}"]
    rows = [[*heads, *columns] if columns else [_("Row"), _("Field"), _("What to fix")]]
    for row in refused:
        field = _say_field_of(row)
        fault = say_how_to_mend(row.fault["sentence"], row.fault["values"]) if row.fault else ""
        if columns:
            mend = i18n.colon(i18n.locale()).join(filter(None, (field, fault)))
            rows.append([str(row.row), mend, *row.cells])
        else:
            rows.append([str(row.row), field, fault])
    return csv_file("refused-rows", rows, uploads.choices_of(kept).delimiter or ",")


def _open_file(kept: DirectoryImport) -> tuple[ImportSource, ImportChoices, Fault | None]:
    """Return the file as was chosen now; else as before, and what is wrong."""
    before, values = uploads.choices_of(kept), request.values
    choices = replace(
        before,
        encoding=values.get("encoding", before.encoding),
        sheet=values.get("sheet", before.sheet),
        head=values.get("head", before.head, type=int),
    )
    fault: Fault | None = None
    try:
        source = uploads.source_of_upload(kept, choices)
    except UnreadableFile as problem:
        source, choices, fault = uploads.source_of_upload(kept), before, problem.fault
    width = len(source.table.columns) if source.table else 0
    is_seen = (choices.sheet, choices.head) == (before.sheet, before.head)
    if request.method == "POST":
        choices.mapping = [values.get(f"column_{at}", "") for at in range(width)]
        choices.lists = request.form.getlist("lists")
    elif len(choices.mapping) != width or not is_seen:
        choices.mapping = uploads.guess_choices(db.session(), source, kept.file_name).mapping
    return source, choices, fault


def _start_rehearsal(kept: DirectoryImport, form: MappingForm) -> bool:
    """Ask for the dry run; where it is refused, what the mapping lacks is said on the form."""
    try:
        jobs.ask_rehearsal(db.session(), kept=kept, choices=form.choices(), actor=actor())
    except Invalid as problem:
        form.refuse(problem.fields)
    except UnreadableFile as problem:
        form.refuse_file(problem.fault)
    else:
        return True
    return False


def _load(directory: Directory, public_id: str) -> DirectoryImport:
    return uploads.get_upload(
        db.session(), public_id=public_id, owner_id=staff_user().id, directory=directory
    )


def _say_field_of(row: RowDetail) -> str:
    """Return the file's own name of a column, else ours of what no column says."""
    return row.field if row.field in row.columns else say_field(row.field)


def _find_hints(source: ImportSource, form: MappingForm) -> dict[str, str]:
    """Say what columns are read as that could be the one country or the other, by their fields."""
    table = source.table
    hints: dict[str, str] = {}
    if table is None or source.directory is not Directory.MISSIONS:
        return hints
    sentences = {
        "sending_country": _l(
            "With this choice, row %(row)s is a mission of this country: %(country)s."
        ),
        "host_country": _l(
            "With this choice, row %(row)s is a mission in this country: %(country)s."
        ),
        WHICH: _l("Is row %(row)s a mission of %(country)s, or a mission in %(country)s?"),
    }
    for at, field in enumerate(form.columns()):
        first = next(((row, cells[at]) for row, cells in table.rows if cells[at].strip()), None)
        if first and is_either(table.columns[at]) and field.data in sentences:
            values = {"row": first[0], "country": first[1].strip()[:40]}
            hints[field.name] = str(sentences[field.data]) % values
    return hints


def _choose_verdict(kept: DirectoryImport) -> Verdict | None:
    """Return what is asked for, else what most deserves a look; None: the rows kept in part."""
    choice = request.args.get("show", "")
    if choice == "partly":
        return None
    if choice in set(Verdict):
        return Verdict(choice)
    order = (Verdict.REFUSED, Verdict.CHANGED, Verdict.ADDED)
    return next((verdict for verdict in order if kept.counts.get(verdict.value)), Verdict.LEFT)


def _try_action(kept: DirectoryImport, action: Callable[[], object]) -> ResponseReturnValue:
    words = {
        "import-has-bad-rows": _(
            "Some rows cannot be imported. Fix them in the file, or leave them out."
        ),
        "import-empty": _("This file changes nothing, so there is nothing to import."),
        "import-not-applied": _("This file was not imported, so there is nothing to undo."),
    }
    other = _(
        "The preview is not ready yet, or the file was already imported. Wait a moment "
        "and reload the page."
    )
    try:
        action()
    except Refused as problem:
        flash(words.get(problem.slug, other), "error")
    return redirect(get_import_url("show_import", kept), 303)
