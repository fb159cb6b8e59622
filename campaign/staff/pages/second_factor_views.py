"""One's own second factor: setting it up with an app, recovery codes, turning it off."""

import segno
from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from campaign.core import db
from campaign.core.errors import Invalid, Refused
from campaign.models.staff import StaffUser
from campaign.staff import reauthentication, second_factor, sessions, totp
from campaign.staff.guards import fresh, guard, staff_user
from campaign.web.form_base import SiteForm
from campaign.web.page import Page, redirect_to, show_page

blueprint = Blueprint("second_factor", __name__, url_prefix="/account/second-factor")
guard(blueprint)


class FirstCodeForm(SiteForm):
    code = StringField(
        _l("Code from the app"),
        validators=[
            InputRequired(_l("Enter the code.")),
            Length(max=128, message=_l("This code is too long. Check it and enter it again.")),
        ],
    )


class SecondFactor(Page, template="staff/second_factor.html"):
    form: FirstCodeForm
    user: StaffUser
    is_started: bool
    """Whether an app was given a secret that no code has proved yet."""
    is_required: bool
    codes_left: int
    qr_code: Markup | None
    key: str


class RecoveryCodes(Page, template="staff/recovery_codes.html"):
    codes: list[str]


@blueprint.get("")
def show() -> ResponseReturnValue:
    return _show_page(FirstCodeForm(formdata=None))


@blueprint.post("/start")
@fresh(back="staff.second_factor.show")
def start() -> ResponseReturnValue:
    """Make a secret for the app; a second time another one."""
    try:
        second_factor.start(db.session(), user=staff_user())
    except Refused:
        return redirect_to(".show", _("You have already set up two-step sign-in."), "error")
    return redirect_to(".show")


@blueprint.post("/turn-on")
@fresh(back="staff.second_factor.show")
def turn_on() -> ResponseReturnValue:
    """Ask for codes at sign-in from now on; all other sessions end."""
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
    return show_page(RecoveryCodes(codes=codes))


@blueprint.post("/codes")
@fresh(back="staff.second_factor.show")
def renew_codes() -> ResponseReturnValue:
    try:
        codes = second_factor.renew_recovery_codes(db.session(), user=staff_user())
    except Refused:
        return redirect_to(".show")
    return show_page(RecoveryCodes(codes=codes))


@blueprint.post("/turn-off")
@fresh(back="staff.second_factor.show")
def turn_off() -> ResponseReturnValue:
    user = staff_user()
    try:
        second_factor.turn_off(db.session(), user=user, required=reauthentication.is_required(user))
    except Refused:
        message = _("Your role requires two-step sign-in, so you cannot turn it off.")
        return redirect_to(".show", message, "error")
    return redirect_to(
        ".show", _("Two-step sign-in is off. You now sign in with your password only.")
    )


def _show_page(form: FirstCodeForm) -> ResponseReturnValue:
    session, user = db.session(), staff_user()
    is_started = user.totp_secret is not None and not user.has_second_factor
    return show_page(
        SecondFactor(
            form=form,
            user=user,
            is_started=is_started,
            is_required=reauthentication.is_required(user),
            codes_left=totp.count_recovery_codes(session, user),
            qr_code=_draw_qr_code(totp.get_app_address(session, user)) if is_started else None,
            key=totp.get_app_key(session, user) if is_started else "",
        )
    )


def _draw_qr_code(address: str) -> Markup:
    """Return the QR code as SVG in the page: dark on white also on a dark page, for cameras."""
    code = segno.make(address, error="m", micro=False)
    svg = code.svg_inline(scale=5, dark="#000", light="#fff", border=4, omitsize=True)
    return Markup(svg)  # noqa: S704 — drawn just above, from nothing but squares
