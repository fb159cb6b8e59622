"""Forms of sign-in, one's own account, and the staff list."""

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import (
    EmailField,
    Field,
    HiddenField,
    PasswordField,
    SelectChoice,
    SelectField,
    StringField,
)
from wtforms.validators import AnyOf, InputRequired, Length, StopValidation

from campaign.core import i18n
from campaign.models.staff import Role
from campaign.staff.passwords import MAXIMUM, MINIMUM
from campaign.web.form_base import SiteForm
from campaign.web.form_fields import clean_line, stripped

EMAIL_LENGTH = 254
NAME_LENGTH = 80


def _(message: str, **values: object) -> str:
    return str(gettext(message, **values))


def _email_field() -> EmailField:
    return EmailField(
        _l("E-mail address"),
        filters=[stripped],
        validators=[
            InputRequired(_l("Enter an e-mail address.")),
            Length(max=EMAIL_LENGTH, message=_l("An e-mail address has at most 254 characters.")),
            clean_line,
        ],
    )


def _new_password_field() -> PasswordField:
    return PasswordField(
        _l("New password"),
        description=_l(
            "At least %(count)s characters. Four words that have nothing to do with each other "
            "are easy to keep in mind and hard to guess.",
            count=MINIMUM,
        ),
        validators=[InputRequired(_l("Enter a new password."))],
    )


class SignInForm(SiteForm):
    email = _email_field()
    password = PasswordField(_l("Password"), validators=[InputRequired(_l("Enter your password."))])
    next = HiddenField()


class SetPasswordForm(SiteForm):
    password = _new_password_field()


class ChangePasswordForm(SiteForm):
    """One's own new password; the present one proves who asks."""

    current_password = PasswordField(
        _l("Present password"), validators=[InputRequired(_l("Enter your present password."))]
    )
    password = _new_password_field()


class _WithName(SiteForm):
    name = StringField(
        _l("Name"),
        filters=[stripped],
        validators=[
            Length(max=NAME_LENGTH, message=_l("A name has at most 80 characters here.")),
            clean_line,
        ],
    )
    locale = SelectField(_l("Language of the desk"), validate_choice=False)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.locale.choices = [
            SelectChoice(code, i18n.language_name(code)) for code in i18n.languages()
        ]

    def validate_locale(self, field: Field) -> None:
        if field.data not in i18n.languages():
            raise StopValidation(_("Choose one of the languages in the list."))


class ProfileForm(_WithName):
    """One's own account."""


class RoleForm(SiteForm):
    role = SelectField(
        _l("Role"),
        validators=[
            AnyOf([role.value for role in Role], _l("Choose one of the roles in the list."))
        ],
        validate_choice=False,
        choices=[
            SelectChoice(Role.ORGANIZER.value, _l("Organizer")),
            SelectChoice(Role.STAFF.value, _l("Staff")),
            SelectChoice(Role.ADMIN.value, _l("Admin")),
        ],
    )


class NewStaffForm(_WithName, RoleForm):
    email = _email_field()


def say_email_problem(slug: str) -> str:
    if slug == "staff-exists":
        return _("Somebody on the staff has this address already. Make a new link in the list.")
    return _("This is no e-mail address. It looks like name@example.org.")


def say_password_problem(slug: str) -> str:
    words = {
        "password-wrong": _("This is not your present password. Type it again."),
        "password-short": _(
            "This password is too short. Use at least %(count)s characters.", count=MINIMUM
        ),
        "password-long": _(
            "This password is too long. Use at most %(count)s characters.", count=MAXIMUM
        ),
        "password-repeats": _("This password repeats itself. Use several words that differ."),
        "password-personal": _(
            "This password is mostly your name or address. Use words that nobody links with you."
        ),
    }
    return words.get(slug) or _(
        "This password is one that is tried first. Use several words that do not belong together."
    )
