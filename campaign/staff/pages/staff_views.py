"""The staff list: who may come to the desk, and as what. For admins."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaign.core import db
from campaign.core.errors import Invalid, Refused
from campaign.models.staff import Role, StaffUser
from campaign.staff import password_links, second_factor, staff_users
from campaign.staff.guards import actor, fresh, guard, staff_user
from campaign.staff.pages.forms import NewStaffForm, RoleForm, say_email_problem
from campaign.staff.password_links import StaffInvitation
from campaign.web.desk import redirect_to, render_page

blueprint = Blueprint("users", __name__, url_prefix="/staff")
guard(blueprint, Role.ADMIN)


@blueprint.get("")
def index() -> ResponseReturnValue:
    """All staff users, and what can be done with each."""
    users = staff_users.list_staff_users(db.session())
    return render_template("staff/index.html", users=users)


@blueprint.get("/new")
def new() -> ResponseReturnValue:
    """The form for a new staff user."""
    form = NewStaffForm(locale=staff_user().locale)
    return render_template("staff/create.html", form=form)


@blueprint.post("/new")
@fresh()
def add() -> ResponseReturnValue:
    """Add a staff user, and show once the link by which they set a password."""
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
            return _give_link(user, is_new=True)
    return render_page("staff/create.html", form)


@blueprint.get("/<public_id>")
def show(public_id: str) -> ResponseReturnValue:
    """One staff user, and what an admin can do."""
    user = staff_users.get_staff_user(db.session(), public_id)
    return _user_page(user, RoleForm(formdata=None, obj=user))


@blueprint.post("/<public_id>/link")
@fresh()
def make_link(public_id: str) -> ResponseReturnValue:
    """A new link for somebody who has lost the first, or the password."""
    user = staff_users.get_staff_user(db.session(), public_id)
    try:
        staff_users.note_new_link(db.session(), user=user, actor=actor())
    except Refused:
        flash(_("A disabled account takes no password. Enable it first."), "error")
        return redirect(url_for(".show", public_id=user.public_id))
    return _give_link(user, is_new=user.password is None)


@blueprint.post("/<public_id>/role")
@fresh()
def change_role(public_id: str) -> ResponseReturnValue:
    """Give somebody another role."""
    user = staff_users.get_staff_user(db.session(), public_id)
    form = RoleForm()
    if not form.validate():
        return _user_page(user, form)
    role = Role(form.role.data)
    return _do_to(user, staff_users.change_role, _("The role is changed."), role=role)


@blueprint.post("/<public_id>/disable")
def disable(public_id: str) -> ResponseReturnValue:
    """Let somebody in no more."""
    user = staff_users.get_staff_user(db.session(), public_id)
    return _do_to(
        user, staff_users.disable_staff_user, _("The account is disabled and signed out.")
    )


@blueprint.post("/<public_id>/enable")
def enable(public_id: str) -> ResponseReturnValue:
    """Let somebody in again."""
    user = staff_users.get_staff_user(db.session(), public_id)
    return _do_to(user, staff_users.enable_staff_user, _("The account can sign in again."))


@blueprint.post("/<public_id>/second-factor/reset")
@fresh(back="staff.users.show")
def reset_factor(public_id: str) -> ResponseReturnValue:
    """For somebody who lost phone and recovery codes."""
    user = staff_users.get_staff_user(db.session(), public_id)
    second_factor.reset(db.session(), user=user, actor=actor())
    said = _("Their second factor is reset, and they are signed out everywhere.")
    return redirect_to(".show", said, public_id=user.public_id)


def _do_to(
    user: StaffUser, service: Callable[..., None], done: str, **arguments: Any
) -> ResponseReturnValue:
    try:
        service(db.session(), user=user, by=staff_user(), **arguments)
    except Refused:
        flash(_("This is your own account. Ask another admin to change it."), "error")
    else:
        flash(done)
    return redirect(url_for(".show", public_id=user.public_id))


def _give_link(user: StaffUser, *, is_new: bool) -> ResponseReturnValue:
    """Mail the link to them, or show it once to be handed over by another way."""
    link = password_links.set_password_link(user)
    if request.form.get("how") == "mail":
        by = staff_user()
        mail = StaffInvitation(
            link=link, days=password_links.LINK_DAYS, inviter=by.name or by.email, is_new=is_new
        )
        mail.send(db.session(), to=user.email, locale=user.locale)
        said = _("The link is on its way to %(email)s.", email=user.email)
        return redirect_to(".show", said, public_id=user.public_id)
    return render_template(
        "staff/password_link.html", user=user, link=link, days=password_links.LINK_DAYS
    )


def _user_page(user: StaffUser, form: RoleForm) -> ResponseReturnValue:
    return render_page("staff/show.html", form, user=user, me=staff_user())
