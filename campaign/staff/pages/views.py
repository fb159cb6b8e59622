"""The desk's first page and one's own account; the staff list of admins hangs below."""

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _

from campaign.core import db
from campaign.core.errors import Invalid, TooMany
from campaign.models.staff import StaffUser
from campaign.staff import reauthentication, sessions, staff_users
from campaign.staff.audit_log import views
from campaign.staff.code_form import ProofForm, Reauthenticate, say_too_many
from campaign.staff.guards import guard, note_proof, staff_user
from campaign.staff.pages import second_factor_views, staff_views
from campaign.staff.pages.forms import ChangePasswordForm, ProfileForm, say_password_problem
from campaign.web.page import Page, redirect_to, show_page

blueprint = Blueprint("staff", __name__, url_prefix="/desk")
guard(blueprint)
blueprint.register_blueprint(staff_views.blueprint)
blueprint.register_blueprint(second_factor_views.blueprint)
blueprint.register_blueprint(views.blueprint)


class Account(Page, template="staff/account.html"):
    user: StaffUser
    profile: ProfileForm
    password: ChangePasswordForm


@blueprint.get("/")
def home() -> ResponseReturnValue:
    return redirect(url_for("today.index"))


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End this session and all others of the user."""
    sessions.end_session(db.session(), staff_user())
    return redirect_to("sign_in.sign_in", _("You are signed out on all your devices."))


@blueprint.get("/confirm")
def confirm() -> ResponseReturnValue:
    """Ask once more who it is, before something delicate (`guards.fresh`)."""
    form = ProofForm(staff_user(), next=sessions.safe_next_page(request.args.get("next")))
    again = "1" if request.args.get("again") else ""
    return show_page(Reauthenticate(form=form, action=url_for(".prove"), kept=[("again", again)]))


@blueprint.post("/confirm")
def prove() -> ResponseReturnValue:
    form = ProofForm(staff_user())
    again = request.form.get("again", "")
    status = form.check(staff_user())
    if status != 200:
        page = Reauthenticate(form=form, action=url_for(".prove"), kept=[("again", again)])
        return page.html(), status
    note_proof()
    if again:
        flash(_("You have confirmed who you are. Press the button again."))
    return redirect(sessions.safe_next_page(form.next.data), 303)


@blueprint.get("/account")
def show_account() -> ResponseReturnValue:
    return show_page(
        Account(
            user=staff_user(), profile=ProfileForm(obj=staff_user()), password=ChangePasswordForm()
        )
    )


@blueprint.post("/account")
def save_account() -> ResponseReturnValue:
    form, user = ProfileForm(), staff_user()
    if not form.validate():
        password = ChangePasswordForm(formdata=None)
        return show_page(Account(user=user, profile=form, password=password), 422)
    staff_users.change_profile(
        db.session(), user=user, name=form.name.data or "", locale=form.locale.data
    )
    with force_locale(form.locale.data):
        return redirect_to("staff.show_account", _("Account saved."))


@blueprint.post("/account/password")
def change_password() -> ResponseReturnValue:
    """Change one's password; every session ends, and sign-in is asked for."""
    form, user, status = ChangePasswordForm(), staff_user(), 422
    if form.validate():
        try:
            reauthentication.change_own_password(
                db.session(),
                user=user,
                current_password=form.current_password.data,
                password=form.password.data,
            )
        except Invalid as problem:
            for name, slug in problem.fields.items():
                form[name].errors = [say_password_problem(slug)]
        except TooMany as limit:
            form.current_password.errors = [say_too_many(limit)]
            status = limit.status
        else:
            message = _("Password changed. Sign in with the new one.")
            return redirect_to("sign_in.sign_in", message)
    profile = ProfileForm(formdata=None, obj=user)
    return show_page(Account(user=user, profile=profile, password=form), status)
