"""Forms of sign-in, one's own account, and the staff list."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
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
from campaign.models.staff import Role, StaffUser
from campaign.staff.passwords import MAXIMUM, MINIMUM
from campaign.web.form_base import SiteForm
from campaign.web.form_fields import clean_line, stripped

EMAIL_LENGTH = 254
NAME_LENGTH = 80


def _email_field() -> EmailField:
    return EmailField(
        _l("Email address"),
        filters=[stripped],
        validators=[
            InputRequired(_l("Enter an email address.")),
            Length(max=EMAIL_LENGTH, message=_l("Shorten the email address to 254 characters.")),
            clean_line,
        ],
    )


def _new_password_field() -> PasswordField:
    return PasswordField(
        _l("New password"),
        description=_l(
            "Use at least %(count)s characters. Four unrelated words are easy to remember and "
            "hard to guess.",
            count=MINIMUM,
        ),
        validators=[InputRequired(_l("Enter a new password."))],
    )


class SignInForm(SiteForm):
    email = _email_field()
    password = PasswordField(_l("Password"), validators=[InputRequired(_l("Enter your password."))])
    next = HiddenField()


class PasskeySignInForm(SiteForm):
    next = HiddenField()
    passkey_proof = HiddenField()
    passkey_challenge = HiddenField()


class SetPasswordForm(SiteForm):
    password = _new_password_field()


class ChangePasswordForm(SiteForm):
    """One's own new password; the present one proves who asks."""

    current_password = PasswordField(
        _l("Current password"), validators=[InputRequired(_l("Enter your current password."))]
    )
    password = _new_password_field()


class _WithName(SiteForm):
    name = StringField(
        _l("Name"),
        filters=[stripped],
        validators=[
            Length(max=NAME_LENGTH, message=_l("Shorten the name to 80 characters.")),
            clean_line,
        ],
    )
    locale = SelectField(_l("Language of the workspace"), validate_choice=False)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.locale.choices = [
            SelectChoice(code, i18n.language_name(code)) for code in i18n.languages()
        ]

    def validate_locale(self, field: Field) -> None:
        if field.data not in i18n.languages():
            raise StopValidation(_("Choose a language from the list."))


class ProfileForm(_WithName):
    """One's own account; what only admins get is left out for others."""

    gets_digest = BooleanField(_l("Email me in the morning if there is something to do"))
    gets_alarms = BooleanField(_l("Email me when something is wrong with the site"))

    def __init__(self, user: StaffUser, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        if user.role is not Role.ADMIN:
            del self.gets_alarms


class RoleForm(SiteForm):
    role = SelectField(
        _l("Role"),
        validators=[AnyOf([role.value for role in Role], _l("Choose a role from the list."))],
        validate_choice=False,
        choices=[
            SelectChoice(Role.ORGANIZER.value, _l("Organizer")),
            SelectChoice(Role.STAFF.value, _l("Staff")),
            SelectChoice(Role.ADMIN.value, _l("Admin")),
        ],
    )


class ChangeRoleForm(RoleForm):
    seen = HiddenField()  # the role that the page showed


class NewStaffForm(_WithName, RoleForm):
    email = _email_field()


def say_email_problem(slug: str) -> str:
    if slug == "staff-exists":
        return _(
            "A staff member already has this address. Open their account in the list to "
            "send a new link."
        )
    return _("This email address is not complete. Enter one like name@example.org.")


def say_password_problem(slug: str) -> str:
    words = {
        "password-wrong": _("This is not your current password. Enter it again."),
        "password-short": _(
            "This password is too short. Use at least %(count)s characters.", count=MINIMUM
        ),
        "password-long": _(
            "This password is too long. Use at most %(count)s characters.", count=MAXIMUM
        ),
        "password-repeats": _(
            "This password repeats the same characters. Use several different words."
        ),
        "password-personal": _(
            "This password is mostly your name or address. Use words that no one connects with you."
        ),
    }
    return words.get(slug) or _("This password is easy to guess. Use several unrelated words.")
