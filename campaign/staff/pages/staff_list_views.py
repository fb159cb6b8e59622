"""The staff list: who may come to the desk, and as what. For admins."""

from collections.abc import Callable, Sequence
from functools import partial

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.core import audit, db
from campaign.core.audit import DoneBefore
from campaign.core.errors import Invalid, Refused
from campaign.models.staff import Role, StaffUser
from campaign.staff import passwords, second_factor, staff_users
from campaign.staff.desk_access import (
    actor,
    fresh,
    guard,
    say_changed_since,
    say_done_before,
    staff_user,
)
from campaign.staff.pages.forms import ChangeRoleForm, NewStaffForm, say_email_problem
from campaign.web.edit_conflict import lock_row
from campaign.web.page import Page, redirect_to, show_page

blueprint = Blueprint("users", __name__, url_prefix="/staff")
guard(blueprint, Role.ADMIN)


class StaffList(Page, template="staff/index.html"):
    users: Sequence[StaffUser]


class CreateStaffUser(Page, template="staff/create.html"):
    form: NewStaffForm


class ShowStaffUser(Page, template="staff/show.html"):
    user: StaffUser
    me: StaffUser
    form: ChangeRoleForm


@blueprint.get("")
def index() -> ResponseReturnValue:
    return show_page(StaffList(users=staff_users.list_staff_users(db.session())))


@blueprint.get("/new")
def new() -> ResponseReturnValue:
    return show_page(CreateStaffUser(form=NewStaffForm(locale=staff_user().locale)))


@blueprint.post("/new")
@fresh()
def add() -> ResponseReturnValue:
    form = NewStaffForm()
    if form.validate():
        try:
            user = staff_users.add_staff_user(
                db.session(),
                email=form.email.data,
                role=Role(form.role.data),
                name=form.name.data or "",
                locale=form.locale.data,
                actor=actor(),
            )
        except (Invalid, Refused) as problem:
            form.email.errors = [say_email_problem(problem.slug)]
        else:
            return _mail_link(user, is_new=True)
    return show_page(CreateStaffUser(form=form))


@blueprint.get("/<public_id>")
def show(public_id: str) -> ResponseReturnValue:
    user = staff_users.get_staff_user(db.session(), public_id)
    form = ChangeRoleForm(formdata=None, obj=user, seen=user.role.value)
    return show_page(ShowStaffUser(user=user, me=staff_user(), form=form))


@blueprint.post("/<public_id>/link")
@fresh()
def make_link(public_id: str) -> ResponseReturnValue:
    user = staff_users.get_staff_user(db.session(), public_id)
    try:
        seen = request.args.get("seen", type=int)
        staff_users.note_new_link(db.session(), user=user, actor=actor(), seen=seen)
    except DoneBefore as problem:
        return _say_done_before(user, problem)
    except Refused:
        message = _("This account is disabled. Enable it before you send a link.")
        return redirect_to(".show", message, "error", public_id=user.public_id)
    return _mail_link(user, is_new=user.password is None)


@blueprint.post("/<public_id>/role")
@fresh()
def change_role(public_id: str) -> ResponseReturnValue:
    session, form = db.session(), ChangeRoleForm()
    user = staff_users.get_staff_user(session, public_id)
    lock_row(session, user)
    seen, form.seen.data = form.seen.data, user.role.value
    is_current = seen in {None, user.role.value} or form.role.data == user.role.value
    if form.validate() and not is_current:
        changed = audit.find_last(session, f"staff:{user.id}", "accounts.role")
        form.form_errors.append(say_changed_since(changed))
    if form.errors:
        return show_page(ShowStaffUser(user=user, me=staff_user(), form=form))
    change_role = partial(staff_users.change_role, role=Role(form.role.data))
    return _change_user(user, change_role, _("Role changed."))


@blueprint.post("/<public_id>/disable")
@fresh(back="staff.users.show")
def disable(public_id: str) -> ResponseReturnValue:
    user = staff_users.get_staff_user(db.session(), public_id)
    return _change_user(
        user, staff_users.disable_staff_user, _("Account disabled and signed out on all devices.")
    )


@blueprint.post("/<public_id>/enable")
@fresh(back="staff.users.show")
def enable(public_id: str) -> ResponseReturnValue:
    user = staff_users.get_staff_user(db.session(), public_id)
    return _change_user(
        user, staff_users.enable_staff_user, _("Account enabled. This person can sign in again.")
    )


@blueprint.post("/<public_id>/second-factor/reset")
@fresh(back="staff.users.show")
def reset_factor(public_id: str) -> ResponseReturnValue:
    user = staff_users.get_staff_user(db.session(), public_id)
    try:
        second_factor.reset(db.session(), user=user, actor=actor())
    except DoneBefore as problem:
        return _say_done_before(user, problem)
    message = _("Two-step sign-in reset. This person is signed out on all devices.")
    return redirect_to(".show", message, public_id=user.public_id)


def _change_user(user: StaffUser, change: Callable[..., None], message: str) -> ResponseReturnValue:
    try:
        change(db.session(), user=user, by=staff_user())
    except DoneBefore as problem:
        return _say_done_before(user, problem)
    except Refused:
        message = _("This is your own account. Ask another admin to change it.")
        return redirect_to(".show", message, "error", public_id=user.public_id)
    return redirect_to(".show", message, public_id=user.public_id)


def _say_done_before(user: StaffUser, problem: DoneBefore) -> ResponseReturnValue:
    message = say_done_before(problem.entry)
    return redirect_to(".show", message, "error", public_id=user.public_id)


def _mail_link(user: StaffUser, *, is_new: bool) -> ResponseReturnValue:
    """Mail it to them alone: who saw it could sign in as a colleague, and decide with them."""
    by = staff_user()
    passwords.mail_password_link(db.session(), user, inviter=by.name or by.email, is_new=is_new)
    message = _("We are sending the link to %(email)s.", email=user.email)
    return redirect_to(".show", message, public_id=user.public_id)
