"""Forms that ask who it is, after the password and before what is delicate, and their page."""

from flask import request
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired, Length

from campaign.core import db
from campaign.core.errors import TooMany
from campaign.models.staff import StaffUser
from campaign.staff import reauthentication
from campaign.web.form_base import SiteForm
from campaign.web.page import Page

_LONGEST_CODE = 128
_NOT_KEPT = {"csrf_token", "proof"}


def _(message: str, **values: object) -> str:
    return str(gettext(message, **values))


class _IdentityForm(SiteForm):
    """A form with one answer, `proof`, that shows who it is."""

    next = HiddenField()

    def check(self, user: StaffUser) -> int:
        """Return 200 where the answer is right, otherwise the status of the page that says no."""
        if not self.validate():
            return 422
        has_factor, user_id = user.has_second_factor, user.id
        # What has been read so far holds SQLite's one write lock, which the count of tries wants.
        db.session().rollback()
        try:
            if reauthentication.prove_identity(user_id, self.proof.data):
                return 200
        except TooMany as limit:
            self.proof.errors = [say_too_many(limit)]
            return limit.status
        self.proof.errors = [
            _("This code is wrong or was already used. Wait for the next code and enter it.")
            if has_factor
            else _("This password is wrong. Enter it again.")
        ]
        return 422


class CodeForm(_IdentityForm):
    proof = StringField(
        _l("Code"),
        description=_l(
            "Enter the six digits that your app shows now. Without your phone, enter a recovery "
            "code."
        ),
        validators=[
            InputRequired(_l("Enter the code.")),
            Length(
                max=_LONGEST_CODE, message=_l("This code is too long. Check it and enter it again.")
            ),
        ],
    )


class ProofForm(_IdentityForm):
    """Who are you, once more: a code, or the password where there is no second factor."""

    proof = PasswordField(_l("Password"), validators=[InputRequired(_l("Enter your password."))])

    def __init__(self, user: StaffUser, **values: object) -> None:
        super().__init__(**values)
        self.asks_for_code = user.has_second_factor
        if self.asks_for_code:
            self.proof.label.text = CodeForm().proof.label.text
            self.proof.description = CodeForm().proof.description

    def list_kept(self) -> list[tuple[str, str]]:
        """List all else that was typed, so that it is not lost while we ask."""
        return [pair for pair in request.form.items(multi=True) if pair[0] not in _NOT_KEPT]


class Reauthenticate(Page, template="staff/reauthenticate.html"):
    form: ProofForm
    action: str
    """Where the answer is sent."""
    kept: list[tuple[str, str]]
    """Names and values of what was typed before."""


def say_too_many(limit: TooMany) -> str:
    minutes = -(-limit.seconds // 60)
    return str(
        ngettext(
            "Too many attempts. Wait %(num)s minute, then try again.",
            "Too many attempts. Wait %(num)s minutes, then try again.",
            minutes,
        )
    )
