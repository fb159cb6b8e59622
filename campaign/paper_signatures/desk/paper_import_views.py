"""A file of signatures: uploaded, its columns mapped, rehearsed, taken in."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import cast

from flask import Blueprint, flash, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.campaigns.desk.blueprint import load
from campaign.core import db, i18n
from campaign.core.errors import Invalid, Refused, UnreadableFile
from campaign.directory.desk.import_form import ViewChoice, view_choices
from campaign.directory.imports.read_list import MAX_BYTES
from campaign.directory.imports.tables import OURS, Table
from campaign.models.campaign import Campaign
from campaign.models.paper_signature import PaperImport, PaperSheet
from campaign.paper_signatures import paper_imports, read_file, sheets
from campaign.paper_signatures.desk.forms import MappingForm, UploadForm, say_fault
from campaign.paper_signatures.read_file import MEANINGS, RowFault
from campaign.staff.desk_access import staff_user
from campaign.web.form_fields import choices
from campaign.web.page import Page, ProblemsOn, csv_file, redirect_to, show_page
from campaign.web.security import takes_file


class UploadFile(Page, template="paper_signatures/import_upload.html"):
    form: UploadForm


class MapColumns(Page, template="paper_signatures/import.html"):
    paper_import: PaperImport
    form: MappingForm
    campaign: Campaign
    table: Table | None  # none once the file is taken in
    views: Mapping[str, ViewChoice]  # how the file may be read otherwise
    chosen: Mapping[str, str]  # meanings by column
    meanings: Sequence[str]
    unread: Sequence[str]  # columns, by the meanings of the dry run
    faults: Sequence[tuple[RowFault, str]]  # with a sentence each
    failure: str
    sheet: PaperSheet | None


def register(blueprint: Blueprint) -> None:
    add = blueprint.add_url_rule
    add("/imports/new", "upload", upload, methods=["GET", "POST"])
    add("/imports/<public_id>", "show_import", show_import, methods=["GET", "POST"])
    add("/imports/<public_id>/apply", "apply_import", apply_import, methods=["POST"])
    add("/imports/<public_id>/wrong.csv", "wrong_rows", wrong_rows)


@takes_file(MAX_BYTES)
def upload() -> ResponseReturnValue:
    takers = sheets.list_open_campaigns(db.session())
    form = UploadForm.with_campaigns(takers, request.args.get("campaign", ""))
    if form.validate_on_submit():
        with ProblemsOn(form):
            public_id = _upload(form).public_id
            return redirect_to("paper_signatures.show_import", public_id=public_id)
    return show_page(UploadFile(form=form))


def show_import(public_id: str) -> ResponseReturnValue:
    session = db.session()
    paper_import = paper_imports.get_import(session, public_id, by=staff_user())
    table, views = _read_table(paper_import)
    form = _make_form(paper_import)
    if form.validate_on_submit() and table is not None:
        chosen = _get_meanings(paper_import, table)
        with ProblemsOn(form):
            paper_imports.choose_meanings(
                session,
                paper_import,
                {int(at): meaning for at, meaning in chosen.items()},
                on_paper=form.on_paper.data == "paper",
                collected_on=cast("date", form.collected_on.data),  # validated
                place=form.place.data,
                country=form.country.data,
                locale=form.locale.data,
                columns=table.columns,
                **_get_view(),
            )
            return redirect_to("paper_signatures.show_import", public_id=public_id)
    return show_page(
        MapColumns(
            paper_import=paper_import,
            form=form,
            campaign=session.get_one(Campaign, paper_import.campaign_id),
            table=table,
            views=views,
            chosen=_get_meanings(paper_import, table),
            meanings=MEANINGS,
            unread=_list_unread(paper_import, table),
            faults=[(fault, say_fault(fault)) for fault in paper_imports.list_faults(paper_import)],
            failure=paper_imports.get_failure(paper_import),
            sheet=session.get(PaperSheet, paper_import.sheet_id) if paper_import.sheet_id else None,
        )
    )


def apply_import(public_id: str) -> ResponseReturnValue:
    session = db.session()
    paper_import = paper_imports.get_import(session, public_id, by=staff_user())
    try:
        paper_imports.request_import(session, paper_import, skip_bad="skip_bad" in request.form)
    except Refused:
        words = _(
            "The file cannot be imported yet. Read the results below, correct the file "
            "and upload it again."
        )
        flash(words, "error")
    return redirect_to("paper_signatures.show_import", public_id=public_id)


def wrong_rows(public_id: str) -> ResponseReturnValue:
    """Return the wrong rows as the file has them, each with its number and what is wrong."""
    paper_import = paper_imports.get_import(db.session(), public_id, by=staff_user())
    try:
        file, wrong = paper_imports.list_wrong_rows(paper_import)
    except Refused:
        return redirect_to("paper_signatures.show_import", public_id=public_id)
    rows = [[f"{OURS}{_('Row')}", f"{OURS}{_('Problem')}", *file.columns]]
    colon = i18n.colon(i18n.locale())
    for number, faults, cells in wrong:
        sentences = [colon.join(filter(None, (fault.column, say_fault(fault)))) for fault in faults]
        rows.append([str(number), " ".join(sentences), *cells])
    return csv_file("wrong-rows", rows, file.delimiter or ",")


def _get_meanings(paper_import: PaperImport, table: Table | None) -> dict[str, str]:
    """Return what was said that the columns mean; of a file read otherwise, our guess."""
    if table is not None and request.method == "POST":
        return {str(at): _get_meaning(at) for at in range(len(table.columns))}
    if table is None or not _get_view():
        return dict(paper_import.options["meanings"])
    return {str(at): meaning for at, meaning in read_file.guess_meanings(table.columns).items()}


def _list_unread(paper_import: PaperImport, table: Table | None) -> list[str]:
    """List the columns that the dry run did not read; none where the page shows other columns."""
    if table is None or _get_view():
        return []
    meanings = paper_import.options["meanings"].items()
    return table.list_unread({int(at): meaning for at, meaning in meanings})


def _get_view() -> dict[str, str]:
    return {name: request.values[name] for name in paper_imports.VIEW if name in request.values}


def _read_table(paper_import: PaperImport) -> tuple[Table | None, dict[str, ViewChoice]]:
    """Return the table, and how it could be read otherwise; as before, where it cannot be so."""
    if not paper_import.storage_key:
        return None, {}
    view = _get_view()
    try:
        opened, table, samples = paper_imports.open_import(paper_import, view)
    except UnreadableFile as problem:
        flash(_(problem.fault.sentence) % problem.fault.values, "error")
        opened, table, samples = paper_imports.open_import(paper_import)
    chosen = view.get("encoding") or str(paper_import.options.get("encoding") or opened.encoding)
    return table, view_choices(opened, table, samples, chosen)


def _upload(form: UploadForm) -> PaperImport:
    if not form.file.data:
        raise Invalid(fields={"file": "scan-missing"})
    try:
        return paper_imports.upload_file(
            db.session(),
            load(form.campaign.data),
            data=form.file.data.stream.read(),
            file_name=form.file.data.filename or "",
            staff_id=staff_user().id,
        )
    except Refused as problem:
        raise Invalid(fields={"campaign": problem.slug}) from problem
    except UnreadableFile as problem:
        form.say_fault(_(problem.fault.sentence) % problem.fault.values)
        raise Invalid(fields={"file": ""}) from problem


def _get_meaning(at: int) -> str:
    meaning = request.form.get(f"meaning-{at}", "")
    return meaning if meaning in MEANINGS else ""


def _make_form(paper_import: PaperImport) -> MappingForm:
    options = paper_import.options
    form = MappingForm(
        data={
            "on_paper": "paper" if options.get("on_paper", True) else "elsewhere",
            "collected_on": date.fromisoformat(options["collected_on"])
            if options.get("collected_on")
            else None,
            "place": options.get("place", ""),
            "country": options.get("country", ""),
            "locale": options.get("locale", ""),
        }
    )
    form.country.choices = choices([("", _("No country")), *i18n.countries()])
    return form
