"""The desk's first page, one's own account and second factor; other pages of staff hang below."""

import segno
from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from campaign.core import db
from campaign.core.errors import Invalid, Refused, TooMany
from campaign.core.i18n import force_locale
from campaign.models.staff import StaffUser
from campaign.staff import (
    passkeys,
    reauthentication,
    required_factors,
    second_factor,
    sessions,
    staff_users,
)
from campaign.staff.audit_log import audit_views
from campaign.staff.desk_access import fresh, guard, note_proof, staff_user
from campaign.staff.pages import passkey_views, staff_list_views
from campaign.staff.pages.forms import ChangePasswordForm, ProfileForm, say_password_problem
from campaign.staff.pages.passkey_views import RecoveryCodes, answer_challenge
from campaign.staff.reauthentication import (
    ASKED,
    ProofForm,
    Reauthenticate,
    code_field,
    say_press_again,
    say_too_many,
)
from campaign.web.form_base import SiteForm
from campaign.web.page import Page, redirect_to, show_page

second_factor_pages = Blueprint("second_factor", __name__, url_prefix="/account/second-factor")
guard(second_factor_pages)
blueprint = Blueprint("staff", __name__, url_prefix="/desk")
guard(blueprint)
blueprint.register_blueprint(staff_list_views.blueprint)
blueprint.register_blueprint(second_factor_pages)
blueprint.register_blueprint(passkey_views.blueprint)
blueprint.register_blueprint(audit_views.blueprint)


class Account(Page, template="staff/account.html"):
    user: StaffUser
    profile: ProfileForm
    password: ChangePasswordForm


@blueprint.get("/")
def home() -> ResponseReturnValue:
    return redirect(url_for("today.index"))


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    sessions.end_session(db.session(), staff_user())
    return redirect_to("sign_in.sign_in", _("You are signed out on all your devices."))


@blueprint.get("/confirm")
def confirm() -> ResponseReturnValue:
    """Ask once more who it is, before something delicate (`desk_access.fresh`)."""
    form = ProofForm(staff_user(), next=sessions.safe_next_page(request.args.get("next")))
    return show_page(_ask(form, "1" if request.args.get(ASKED) else ""))


def _ask(form: ProofForm, again: str) -> Reauthenticate:
    return Reauthenticate(
        form=form,
        action=url_for(".prove"),
        kept=[(ASKED, again)],
        leads_to="back" if again else "page",
    )


@blueprint.get("/confirm/passkey")
def confirm_by_passkey() -> ResponseReturnValue:
    return answer_challenge(passkeys.ask_for("confirm", staff_user()))


@blueprint.post("/confirm")
def prove() -> ResponseReturnValue:
    form = ProofForm(staff_user())
    again = request.form.get(ASKED, "")
    status = form.check(staff_user())
    if status != 200:
        return _ask(form, again).html(), status
    note_proof()
    if again:
        flash(say_press_again())
    return redirect(sessions.safe_next_page(form.next.data), 303)


@blueprint.get("/account")
def show_account() -> ResponseReturnValue:
    return show_page(
        Account(
            user=staff_user(),
            profile=ProfileForm(staff_user(), obj=staff_user()),
            password=ChangePasswordForm(),
        )
    )


@blueprint.post("/account")
def save_account() -> ResponseReturnValue:
    user = staff_user()
    form = ProfileForm(user)
    if not form.validate():
        password = ChangePasswordForm(formdata=None)
        return show_page(Account(user=user, profile=form, password=password), 422)
    staff_users.change_profile(
        db.session(),
        user=user,
        name=form.name.data or "",
        locale=form.locale.data,
        gets_digest=form.gets_digest.data,
        gets_alarms=form.gets_alarms.data if "gets_alarms" in form else user.gets_alarms,
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
    profile = ProfileForm(user, formdata=None, obj=user)
    return show_page(Account(user=user, profile=profile, password=form), status)


class FirstCodeForm(SiteForm):
    code = code_field(_l("Code from the app"))


class SecondFactor(Page, template="staff/second_factor.html"):
    form: FirstCodeForm
    user: StaffUser
    is_started: bool
    """Whether an app was given a secret that no code has proved yet."""
    must_set_up: bool
    can_turn_off: bool
    codes_left: int
    qr_code: Markup | None
    key: str


@second_factor_pages.get("")
def show() -> ResponseReturnValue:
    return _show_page(FirstCodeForm(formdata=None))


@second_factor_pages.post("/start")
@fresh(back="staff.second_factor.show")
def start() -> ResponseReturnValue:
    try:
        second_factor.start(db.session(), user=staff_user())
    except Refused:
        return redirect_to(".show", _("You have already set up two-step sign-in."), "error")
    return redirect_to(".show")


@second_factor_pages.post("/turn-on")
@fresh(back="staff.second_factor.show")
def turn_on() -> ResponseReturnValue:
    form, user = FirstCodeForm(), staff_user()
    if not form.validate():
        return _show_page(form)
    try:
        codes = second_factor.turn_on(db.session(), user=user, code=form.code.data)
    except Invalid:
        form.code.errors = [
            _("This code is wrong. Wait for the next code in the app and enter it.")
        ]
        return _show_page(form)
    except Refused:
        return redirect_to(".show")
    sessions.renew_session(db.session(), user)
    if not codes:
        return redirect_to(".show", _("Your app is set up. Your recovery codes are the same."))
    return show_page(RecoveryCodes(codes=codes))


@second_factor_pages.post("/codes")
@fresh(back="staff.second_factor.show")
def renew_codes() -> ResponseReturnValue:
    try:
        codes = second_factor.renew_recovery_codes(db.session(), user=staff_user())
    except Refused:
        return redirect_to(".show")
    return show_page(RecoveryCodes(codes=codes))


@second_factor_pages.post("/turn-off")
@fresh(back="staff.second_factor.show")
def turn_off() -> ResponseReturnValue:
    user = staff_user()
    try:
        second_factor.turn_off(db.session(), user=user)
    except Refused:
        message = _("Your role requires two-step sign-in, so you cannot turn it off.")
        return redirect_to(".show", message, "error")
    if user.has_second_factor:
        return redirect_to(".show", _("Codes from your app no longer work. Use your passkeys."))
    return redirect_to(
        ".show", _("Two-step sign-in is off. You now sign in with your password only.")
    )


def _show_page(form: FirstCodeForm) -> ResponseReturnValue:
    session, user = db.session(), staff_user()
    is_started = user.totp_secret is not None and not user.has_app
    return show_page(
        SecondFactor(
            form=form,
            user=user,
            is_started=is_started,
            must_set_up=required_factors.must_set_up(user),
            can_turn_off=required_factors.can_remove_app(user),
            codes_left=second_factor.count_recovery_codes(session, user),
            qr_code=_draw_qr_code(second_factor.get_app_address(session, user))
            if is_started
            else None,
            key=second_factor.get_app_key(session, user) if is_started else "",
        )
    )


def _draw_qr_code(address: str) -> Markup:
    """Return the QR code as SVG in the page: dark on white also on a dark page, for cameras."""
    code = segno.make(address, error="m", micro=False)
    svg = code.svg_inline(scale=5, dark="#000", light="#fff", border=4, omitsize=True)
    return Markup(svg)  # noqa: S704 — drawn just above, from nothing but squares
