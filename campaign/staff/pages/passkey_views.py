"""Passkeys of one's own account."""

from flask import Blueprint, abort, jsonify, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, StringField
from wtforms.validators import DataRequired, Length

from campaign.core import db
from campaign.core.errors import Refused
from campaign.models.staff import Passkey, StaffUser
from campaign.staff import passkeys, required_factors, sessions
from campaign.staff.desk_access import fresh, guard, staff_user
from campaign.staff.passkeys import Challenge
from campaign.staff.reauthentication import is_fresh
from campaign.web.form_base import DeskForm
from campaign.web.form_fields import clean_line, stripped
from campaign.web.page import Page, ProblemsOn, redirect_to, show_page

blueprint = Blueprint("passkeys", __name__, url_prefix="/account/passkeys")
guard(blueprint)
NAME_LENGTH = 60
SENTENCES = {
    "passkey-refused": _l("We could not add this passkey. Press the button and try again."),
    "passkey-known": _l("This passkey is already on an account. Use another one."),
    "passkey-not-hardware": _l(
        "Admins need a hardware key: a small device made only for signing in, which you plug in "
        "or hold to your phone. A phone, a computer or a password manager is not one."
    ),
}


class NewPasskeyForm(DeskForm):
    sentences = SENTENCES
    name = StringField(
        _l("Name of the passkey"),
        description=_l("For you alone, to tell your passkeys apart: Blue key, Work laptop."),
        filters=[stripped],
        validators=[
            DataRequired(_l("Enter a name for the passkey.")),
            Length(max=NAME_LENGTH, message=_l("Shorten the name to 60 characters.")),
            clean_line,
        ],
    )
    passkey_proof = HiddenField()
    passkey_challenge = HiddenField()


class Passkeys(Page, template="staff/passkeys.html"):
    user: StaffUser
    passkeys: list[Passkey]
    needed_kind: required_factors.Kind
    must_set_up: bool


class AddPasskey(Page, template="staff/add_passkey.html"):
    form: NewPasskeyForm
    needed_kind: required_factors.Kind


class RecoveryCodes(Page, template="staff/recovery_codes.html"):
    codes: list[str]


@blueprint.get("")
def show() -> ResponseReturnValue:
    user = staff_user()
    return show_page(
        Passkeys(
            user=user,
            passkeys=user.passkeys,
            needed_kind=required_factors.needed_kind(user),
            must_set_up=required_factors.must_set_up(user),
        )
    )


@blueprint.get("/add")
@fresh()
def new() -> ResponseReturnValue:
    # The answer of another passkey, that proved who it is, is none of the new one.
    return _show_form(NewPasskeyForm(formdata=None, name=request.form.get("name", "")))


@blueprint.get("/challenge")
def challenge() -> ResponseReturnValue:
    if not is_fresh():
        abort(403)
    return answer_challenge(passkeys.ask_for_new(staff_user()))


@blueprint.post("/add")
@fresh(back="staff.passkeys.new")
def add() -> ResponseReturnValue:
    form, user = NewPasskeyForm(), staff_user()
    if form.validate():
        with ProblemsOn(form):
            codes = passkeys.add_passkey(
                db.session(),
                user=user,
                name=form.name.data,
                answer=form.passkey_proof.data or "",
                token=form.passkey_challenge.data or "",
            )
            sessions.renew_session(db.session(), user)
            if codes:
                return show_page(RecoveryCodes(codes=codes))
            message = _("Passkey added. We signed you out on your other devices.")
            return redirect_to(".show", message)
    return _show_form(form)


@blueprint.post("/<public_id>/remove")
@fresh(back="staff.passkeys.show")
def remove(public_id: str) -> ResponseReturnValue:
    user = staff_user()
    try:
        passkeys.remove_passkey(db.session(), user=user, public_id=public_id)
    except Refused:
        message = _("Your role requires this passkey. Add another one before you remove it.")
        return redirect_to(".show", message, "error")
    sessions.renew_session(db.session(), user)
    return redirect_to(".show", _("Passkey removed. We signed you out on your other devices."))


def answer_challenge(asked: Challenge) -> ResponseReturnValue:
    return jsonify(options=asked.options, challenge=asked.token)


def _show_form(form: NewPasskeyForm) -> ResponseReturnValue:
    kind = required_factors.needed_kind(staff_user())
    return show_page(AddPasskey(form=form, needed_kind=kind))
