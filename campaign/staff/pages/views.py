"""The desk's first page and one's own account; the staff list of admins hangs below.

Changing one's own password: no more guesses than at the door, and nobody waits for the hash.
"""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from wtforms import Form

from campaign.core import db
from campaign.core.errors import Invalid, TooMany
from campaign.models.staff import StaffUser
from campaign.staff import reauthentication, sessions, staff_users
from campaign.staff.audit_log import views
from campaign.staff.code_form import ProofForm, say_too_many
from campaign.staff.guards import guard, note_proof, staff_user
from campaign.staff.pages import second_factor_views, staff_views
from campaign.staff.pages.forms import ChangePasswordForm, ProfileForm, say_password_problem

blueprint = Blueprint("staff", __name__, url_prefix="/desk")
guard(blueprint)
blueprint.register_blueprint(staff_views.blueprint)
blueprint.register_blueprint(second_factor_views.blueprint)
blueprint.register_blueprint(views.blueprint)


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """Where work begins."""
    return redirect(url_for("today.index"))


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End this session and all others of the user."""
    sessions.end(db.session(), staff_user())
    flash(_("You are signed out, on this device and on all others."))
    return redirect(url_for("sign_in.sign_in"))


@blueprint.get("/confirm")
def confirm() -> ResponseReturnValue:
    """Ask once more who it is, before something delicate (`guards.fresh`)."""
    form = ProofForm(staff_user(), next=sessions.safe_next(request.args.get("next")))
    again = "1" if request.args.get("again") else ""
    return render_template(
        "staff/reauthenticate.html", form=form, action=url_for(".prove"), kept=[("again", again)]
    )


@blueprint.post("/confirm")
def prove() -> ResponseReturnValue:
    """Go on to where one was."""
    form = ProofForm(staff_user())
    again = request.form.get("again", "")
    status = form.check(staff_user())
    if status != 200:
        page = render_template(
            "staff/reauthenticate.html",
            form=form,
            action=url_for(".prove"),
            kept=[("again", again)],
        )
        return page, status
    note_proof()
    if again:
        flash(_("You have confirmed who you are. Press the button once more."))
    return redirect(sessions.safe_next(form.next.data), 303)


@blueprint.get("/account")
def show_account() -> ResponseReturnValue:
    """Name, language, password."""
    return _account_page(ProfileForm(obj=staff_user()), ChangePasswordForm())


@blueprint.post("/account")
def save_account() -> ResponseReturnValue:
    """Change one's name and language."""
    form = ProfileForm()
    if not form.validate():
        return _account_page(form, ChangePasswordForm(formdata=None)), 422
    staff_users.change_profile(
        db.session(), user=staff_user(), name=form.name.data or "", locale=form.locale.data
    )
    with force_locale(form.locale.data):
        flash(_("Your account is saved."))
    return redirect(url_for("staff.show_account"))


@blueprint.post("/account/password")
def change_password() -> ResponseReturnValue:
    """Change one's password; every session ends, and sign-in is asked for."""
    form, user, status = ChangePasswordForm(), staff_user(), 422
    if form.validate():
        typed = {name: form[name].data for name in ("current_password", "password")}
        try:
            change(db.session(), user=user, **typed)
        except Invalid as problem:
            for name, slug in problem.fields.items():
                form[name].errors = [say_password_problem(slug)]
        except TooMany as limit:
            form.current_password.errors = [say_too_many(limit)]
            status = limit.status
        else:
            flash(_("Your password is changed. Sign in with the new one."))
            return redirect(url_for("sign_in.sign_in"))
    return _account_page(ProfileForm(formdata=None, obj=user), form), status


def _account_page(profile: Form, password: Form) -> str:
    return render_template(
        "staff/account.html", user=staff_user(), profile=profile, password=password
    )


_WRONG = {"current_password": "password-wrong"}


def change(session: Session, *, user: StaffUser, current_password: str, password: str) -> None:
    """Set one's own new password; to be called before the request has written anything.

    Raises Invalid where the present one is wrong or the new one weak, and TooMany after ten tries
    in an hour from one place, which count together with those of `reauthentication.prove`.
    """
    user_id, about, before = user.id, (user.email, user.name), user.password
    # What has been read so far holds SQLite's one write lock, which the count of tries wants, and
    # nobody else should wait for while passwords are hashed.
    session.rollback()
    if not reauthentication.prove_password(user_id, current_password):
        raise Invalid(fields=_WRONG)
    hashed = staff_users.hash_new_password(password, about=about)
    session.refresh(user, with_for_update=True)
    if user.password != before:  # set by a link meanwhile
        raise Invalid(fields=_WRONG)
    staff_users.keep_password(session, user=user, hashed=hashed)
