"""Other programs: the suppression list, and files of addresses that are taken in."""

from collections.abc import Mapping, Sequence

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from campaign.core import db
from campaign.core.errors import Refused, UnreadableFile
from campaign.core.settings import current_settings
from campaign.crm import connections, contact_imports
from campaign.crm.connections import PersonTold
from campaign.crm.contact_imports import Findings
from campaign.crm.desk.forms import (
    AddressForm,
    ColumnsForm,
    ConnectionForm,
    KeyForm,
    ProofForm,
    UploadForm,
)
from campaign.crm.desk.labels import FAULTS
from campaign.crm.read_contacts import MEANINGS
from campaign.directory.imports.read_list import MAX_BYTES
from campaign.directory.imports.tables import OURS, Table
from campaign.mail import suppression_list
from campaign.models.crm import ContactImport, ContactImportKind, CrmConnection, CrmKind
from campaign.models.staff import Role
from campaign.staff.desk_access import fresh, guard, staff_user
from campaign.staff.gone_things import lead_to_others
from campaign.web.page import Page, ProblemsOn, csv_file, redirect_to, show_page
from campaign.web.security import takes_file

blueprint = Blueprint("crm", __name__, url_prefix="/desk/crm")
guard(blueprint, Role.ADMIN)
_REMOVED = _l("This connection was removed. Nothing was saved.")
lead_to_others(blueprint, {"crm-connection": _REMOVED})


class CrmPage(Page, template="crm/index.html"):
    form: AddressForm
    suppressed: int
    connections: Sequence[tuple[CrmConnection, str, Mapping[str, int]]]
    """Each with its address, empty where it does not open, and people by state."""


class AddConnection(Page, template="crm/connect.html"):
    form: ConnectionForm


class ShowConnection(Page, template="crm/connection.html"):
    connection: CrmConnection
    address: str  # empty where it does not open
    waits: bool
    """For a second person."""
    is_own: bool
    mark: str
    counts: Mapping[str, int]
    people: Sequence[PersonTold]


class ChangeKey(Page, template="crm/key.html"):
    form: KeyForm
    connection: CrmConnection
    is_approved_again: bool


class RemoveConnection(Page, template="crm/remove.html"):
    connection: CrmConnection
    waiting: int
    erased: int


class UploadContacts(Page, template="crm/upload.html"):
    form: UploadForm


class ShowContacts(Page, template="crm/contacts.html"):
    contacts: ContactImport
    form: ColumnsForm
    table: Table | None  # none once the file is taken in
    chosen: Mapping[str, str]  # meanings by column
    meanings: Sequence[str]
    unread: Sequence[str]  # columns, by the meanings of the last check
    findings: Findings
    fault_words: Mapping[str, object]


@blueprint.get("/")
def index() -> ResponseReturnValue:
    return _show_index(AddressForm(formdata=None))


@blueprint.post("/suppression-list")
def change_list() -> ResponseReturnValue:
    form = AddressForm()
    if not form.validate():
        return _show_index(form)
    session, email = db.session(), form.email.data
    if "release" in request.form:
        if contact_imports.release_address(session, email, by=staff_user()):
            return redirect_to(".index", _("Address taken off the list. We can email it again."))
        return redirect_to(".index", _("This address is not on the list."), "alarm")
    try:
        contact_imports.suppress_address(session, email, by=staff_user())
    except Refused:
        form.email.errors = [
            _("This is the address of a colleague, who needs our emails to sign in.")
        ]
        return _show_index(form)
    return redirect_to(".index", _("Address added. It gets no email from us any more."))


@blueprint.get("/connections/new")
def connect() -> ResponseReturnValue:
    return show_page(AddConnection(form=ConnectionForm(formdata=None)))


@blueprint.post("/connections/new")
@fresh()
def add_connection() -> ResponseReturnValue:
    form = ConnectionForm()
    if form.validate():
        session, kind, key = db.session(), CrmKind(form.kind.data), form.key.data.strip()
        facts = (kind, form.address.data, key, form.list_name.data)
        with ProblemsOn(form):
            connections.refuse_new(session, kind, form.list_name.data)
            connections.try_out(*facts)
            connection = connections.add_connection(session, *facts, by=staff_user())
            message = _("Connected. Members are sent there within ten minutes.")
            if connections.waits_for_approval(connection):
                message = _("Connected. Members are sent there once another admin has approved it.")
            return redirect_to(".show_connection", message, public_id=connection.public_id)
    return show_page(AddConnection(form=form))


@blueprint.get("/connections/<public_id>")
def show_connection(public_id: str) -> ResponseReturnValue:
    session = db.session()
    connection = connections.get_connection(session, public_id)
    return show_page(
        ShowConnection(
            connection=connection,
            address=connections.read_address(connection),
            counts=connections.count_states(session, connection),
            people=connections.list_open(session, connection),
            waits=connections.waits_for_approval(connection),
            is_own=connection.added_by_id == staff_user().id,
            mark=connections.mark_of_connection(connection),
        )
    )


@blueprint.post("/connections/<public_id>/approve")
@fresh(back="crm.show_connection")
def approve_connection(public_id: str) -> ResponseReturnValue:
    session = db.session()
    connection = connections.get_connection(session, public_id, lock=True)
    seen = request.form.get("seen", "")
    message, category = _("Connection approved. Members are sent to it now."), "message"
    try:
        connections.approve_connection(session, connection, by=staff_user(), seen=seen)
    except Refused as problem:
        if problem.slug != "connection-changed":
            raise
        category = "alarm"
        message = _("Not approved: someone changed the key after you opened this page.")
    return redirect_to(".show_connection", message, category, public_id=public_id)


@blueprint.post("/connections/<public_id>/try-again")
def try_again(public_id: str) -> ResponseReturnValue:
    session = db.session()
    connection = connections.get_connection(session, public_id)
    connections.try_again(session, connection, by=staff_user())
    message = _("We try again now. Reload this page in a minute.")
    return redirect_to(".show_connection", message, public_id=public_id)


@blueprint.get("/connections/<public_id>/key")
def edit_key(public_id: str) -> ResponseReturnValue:
    return _show_key(connections.get_connection(db.session(), public_id), KeyForm(formdata=None))


@blueprint.post("/connections/<public_id>/key")
@fresh()
def change_key(public_id: str) -> ResponseReturnValue:
    session, form = db.session(), KeyForm()
    connection = connections.get_connection(session, public_id)
    if form.validate():
        with ProblemsOn(form):
            key = form.key.data.strip()
            facts = (connection.kind, connection.address, key, connection.list_name)
            connections.try_out(*facts)
            connection = connections.get_connection(session, public_id, lock=True)
            connections.change_key(session, connection, key=key, by=staff_user())
            return redirect_to(".show_connection", _("Changes saved."), public_id=public_id)
    return _show_key(connection, form)


def _show_key(connection: CrmConnection, form: KeyForm) -> ResponseReturnValue:
    again = current_settings().exports_need_second_person
    return show_page(ChangeKey(form=form, connection=connection, is_approved_again=again))


@blueprint.get("/connections/<public_id>/remove")
def ask_remove(public_id: str) -> ResponseReturnValue:
    session = db.session()
    connection = connections.get_connection(session, public_id)
    counts = connections.count_states(session, connection)
    return show_page(
        RemoveConnection(
            connection=connection,
            waiting=counts["waiting"] + counts["later"],
            erased=connections.count_erased(session, connection),
        )
    )


@blueprint.post("/connections/<public_id>/remove")
@fresh(back="crm.ask_remove")
def remove_connection(public_id: str) -> ResponseReturnValue:
    session = db.session()
    connection = connections.get_connection(session, public_id)
    connections.remove_connection(session, connection, by=staff_user())
    return redirect_to(".index", _("Connection removed. The people we sent there stay there."))


@blueprint.post("/connections/<public_id>/people/<int:row_id>/forget")
def forget_person(public_id: str, row_id: int) -> ResponseReturnValue:
    session = db.session()
    connection = connections.get_connection(session, public_id)
    connections.forget_person(session, connection, row_id, by=staff_user())
    return redirect_to(
        ".show_connection",
        _("Marked as done. This person is no longer on the list."),
        public_id=public_id,
    )


@blueprint.route("/files/new", methods=["GET", "POST"])
@takes_file(MAX_BYTES)
def upload() -> ResponseReturnValue:
    form = UploadForm()
    if not form.validate_on_submit():
        return show_page(UploadContacts(form=form))
    try:
        contacts = contact_imports.upload_file(
            db.session(),
            kind=ContactImportKind(form.kind.data),
            data=form.file.data.stream.read(),
            file_name=form.file.data.filename or "",
            by=staff_user(),
        )
    except UnreadableFile as problem:
        form.file.errors = [_(problem.fault.sentence) % problem.fault.values]
        return show_page(UploadContacts(form=form))
    return redirect_to(".show_file", public_id=contacts.public_id)


@blueprint.get("/files/<public_id>")
def show_file(public_id: str) -> ResponseReturnValue:
    contacts = contact_imports.get_import(db.session(), public_id, by=staff_user())
    return _show_contacts(contacts, _make_form(contacts))


@blueprint.post("/files/<public_id>")
def check_file(public_id: str) -> ResponseReturnValue:
    session = db.session()
    contacts = contact_imports.get_import(session, public_id, by=staff_user())
    form, table = _make_form(contacts), contact_imports.read_file(contacts)
    if not form.validate():
        return _show_contacts(contacts, form)
    chosen = {str(at): request.form.get(f"meaning-{at}", "") for at in range(len(table.columns))}
    meanings = {at: word for at, word in chosen.items() if word in MEANINGS}
    proof = {}
    if isinstance(form, ProofForm):
        names = ("consented_on", "wording", "source", "locale")
        proof = {name: form[name].data for name in names}
    with ProblemsOn(form):
        contact_imports.check_rows(session, contacts, meanings=meanings, by=staff_user(), **proof)
        return redirect_to(".show_file", public_id=public_id)
    return _show_contacts(contacts, form)


@blueprint.post("/files/<public_id>/apply")
@fresh(back="crm.show_file")
def apply_file(public_id: str) -> ResponseReturnValue:
    session = db.session()
    contacts = contact_imports.get_import(session, public_id, by=staff_user())
    try:
        contact_imports.apply_import(session, contacts, by=staff_user())
    except Refused:
        message = _("Nothing was imported: the result has changed. Preview the import again.")
        return redirect_to(".show_file", message, "alarm", public_id=public_id)
    return redirect_to(".show_file", public_id=public_id)


@blueprint.post("/files/<public_id>/compare")
@fresh(back="crm.show_file")
def compare_file(public_id: str) -> ResponseReturnValue:
    """Hand out which addresses of the file nobody may write to: nothing that it had not."""
    session = db.session()
    contacts = contact_imports.get_import(session, public_id, by=staff_user())
    rows = contact_imports.list_unwritable(session, contacts, by=staff_user())
    return csv_file("do-not-email", [("email", "status"), *rows])


@blueprint.get("/files/<public_id>/wrong.csv")
def wrong_rows(public_id: str) -> ResponseReturnValue:
    """Return the rows that are left out as the file has them, each with its number and why."""
    session = db.session()
    contacts = contact_imports.get_import(session, public_id, by=staff_user())
    file, wrong = contact_imports.list_wrong_rows(session, contacts)
    rows = [[f"{OURS}{_('Row')}", f"{OURS}{_('Problem')}", *file.columns]]
    rows += [[str(fault.row), str(FAULTS[fault.slug]), *cells] for fault, cells in wrong]
    return csv_file("wrong-rows", rows, file.delimiter or ",")


def _make_form(contacts: ContactImport) -> ColumnsForm:
    if contacts.kind is not ContactImportKind.MEMBERS:
        return ColumnsForm()
    proof = contact_imports.proof_of(contacts)
    names = ("consented_on", "wording", "source", "locale")
    return ProofForm(data={name: getattr(proof, name) for name in names})


def _show_index(form: AddressForm) -> ResponseReturnValue:
    session = db.session()
    listed = [
        (
            connection,
            connections.read_address(connection),
            connections.count_states(session, connection),
        )
        for connection in connections.list_connections(session)
    ]
    suppressed = suppression_list.count_suppressed(session)
    return show_page(CrmPage(form=form, suppressed=suppressed, connections=listed))


def _show_contacts(contacts: ContactImport, form: ColumnsForm) -> ResponseReturnValue:
    meanings: Mapping[str, str] = contacts.options["meanings"]
    chosen, table = dict(meanings), None
    if contacts.storage_key:
        table = contact_imports.read_file(contacts)
    if request.method == "POST":
        chosen = {
            name.removeprefix("meaning-"): word
            for name, word in request.form.items()
            if name.startswith("meaning-")
        }
    return show_page(
        ShowContacts(
            contacts=contacts,
            form=form,
            table=table,
            chosen=chosen,
            meanings=MEANINGS if contacts.kind is ContactImportKind.MEMBERS else ("email",),
            unread=table.list_unread({int(at): word for at, word in meanings.items()})
            if table
            else [],
            findings=contact_imports.read_findings(contacts),
            fault_words=FAULTS,
        )
    )
