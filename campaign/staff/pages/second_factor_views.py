"""One's own second factor: setting it up with an app, recovery codes, turning it off."""

import segno
from flask import Blueprint, flash, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from campaign.core import db
from campaign.core.errors import Invalid, Refused
from campaign.staff import reauthentication, second_factor, sessions, totp
from campaign.staff.guards import fresh, guard, staff_user
from campaign.web.desk import redirect_to, render_page
from campaign.web.form_base import SiteForm

blueprint = Blueprint("second_factor", __name__, url_prefix="/account/second-factor")
guard(blueprint)


class FirstCodeForm(SiteForm):
    """The code that proves that the app knows the secret."""

    code = StringField(
        _l("Code that the app shows"),
        validators=[
            InputRequired(_l("Enter the code.")),
            Length(max=128, message=_l("A code is shorter than this.")),
        ],
    )


@blueprint.get("")
def show() -> ResponseReturnValue:
    """Whether there is one; or the QR code of one that was begun."""
    return _page(FirstCodeForm(formdata=None))


@blueprint.post("/start")
@fresh(back="staff.second_factor.show")
def start() -> ResponseReturnValue:
    """A secret for the app; a second time another one."""
    try:
        second_factor.start(db.session(), user=staff_user())
    except Refused:
        flash(_("You have a second factor already."), "error")
    return redirect_to(".show")


@blueprint.post("/turn-on")
@fresh(back="staff.second_factor.show")
def turn_on() -> ResponseReturnValue:
    """From the first right code on, sign-in asks for one; all other sessions end."""
    form, user = FirstCodeForm(), staff_user()
    if not form.validate():
        return _page(form)
    try:
        made = second_factor.turn_on(db.session(), user=user, code=form.code.data)
    except Invalid:
        form.code.errors = [_("This is not the code that the app shows now. Type the next one.")]
        return _page(form)
    except Refused:
        return redirect_to(".show")
    sessions.begin_anew(db.session(), user)
    return _codes_page(made)


@blueprint.post("/codes")
@fresh(back="staff.second_factor.show")
def renew_codes() -> ResponseReturnValue:
    """New recovery codes, shown once."""
    try:
        return _codes_page(second_factor.renew_recovery_codes(db.session(), user=staff_user()))
    except Refused:
        return redirect_to(".show")


@blueprint.post("/turn-off")
@fresh(back="staff.second_factor.show")
def turn_off() -> ResponseReturnValue:
    """The password alone signs in again."""
    user = staff_user()
    try:
        second_factor.turn_off(db.session(), user=user, required=reauthentication.is_required(user))
    except Refused:
        flash(_("Your role needs a second factor. Set up another app instead."), "error")
    else:
        flash(_("Your second factor is off. Your password alone signs you in."))
    return redirect_to(".show")


def _page(form: FirstCodeForm) -> ResponseReturnValue:
    session, user = db.session(), staff_user()
    begun = user.totp_secret is not None and not user.has_second_factor
    return render_page(
        "staff/second_factor.html",
        form,
        user=user,
        begun=begun,
        required=reauthentication.is_required(user),
        left=totp.count_recovery_codes(session, user),
        picture=_picture(totp.app_address(session, user)) if begun else None,
        key=totp.app_key(session, user) if begun else "",
    )


def _codes_page(made: list[str]) -> str:
    return render_template("staff/recovery_codes.html", codes=made)


def _picture(address: str) -> Markup:
    """The QR code as SVG in the page: dark on white also on a dark page, as cameras want it."""
    made = segno.make(address, error="m", micro=False)
    svg = made.svg_inline(scale=5, dark="#000", light="#fff", border=4, omitsize=True)
    return Markup(svg)  # noqa: S704 — drawn just above, from nothing but squares
