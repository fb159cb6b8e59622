"""Forms of the desk's pages on other programs."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from markupsafe import Markup
from wtforms import EmailField, Field, PasswordField, RadioField, SelectField
from wtforms.validators import ValidationError
from wtforms.widgets import PasswordInput

from campaign.core.i18n import language_name
from campaign.core.settings import current_settings
from campaign.crm.read_contacts import LONGEST_SOURCE, LONGEST_WORDING
from campaign.models.crm import ContactImportKind, CrmKind
from campaign.signing.clean_text import Problem, check_line
from campaign.signing.validate import EMAIL_LIMIT, check_email
from campaign.web.form_base import DeskForm
from campaign.web.form_fields import DayField, Filled, LineField, TextField, choices
from campaign.web.outgoing_sentences import OUTGOING_SENTENCES


class AddressForm(DeskForm):
    email = EmailField(_l("Email address"), [Filled(_l("Enter the email address."))])

    def validate_email(self, field: Field) -> None:
        checked = check_line(field.data or "", limit=EMAIL_LIMIT)
        if isinstance(checked, Problem) or check_email(checked):
            raise ValidationError(_l("Enter a complete email address, such as name@example.org."))
        field.data = checked


def _key_input(field: Field, **kwargs: Any) -> Markup:
    """Keep a key where something else was wrong: many programs show one once."""
    shown: Markup = PasswordInput(hide_value=bool(field.errors))(field, **kwargs)
    return shown


def _key_field() -> PasswordField:
    return PasswordField(_l("API key"), [Filled(_l("Enter the key."))], widget=_key_input)


class ConnectionForm(DeskForm):
    sentences: Mapping[str, object] = {
        **OUTGOING_SENTENCES,
        "key-refused": _l("The program refused this key."),
        "too-many": _l("The program asked us to wait."),
        "http-500": _l("The program reported an error of its own."),
        "no-api": _l("We found no such program at this address. Copy the address of its API."),
        "tag-missing": _l("There is no such tag in Action Network. Create it there first."),
        "group-number": _l("Enter the number of the group in CiviCRM."),
        "provider-missing": _l(
            "The privacy notice does not name this program yet. Ask the site operator to fill in "
            "the setting crm_provider."
        ),
        "kind-twice": _l("There is a connection to this program already."),
    }
    kind = RadioField(
        _l("Program"),
        choices=choices([(kind.value, kind.program) for kind in CrmKind]),
        default=CrmKind.ACTION_NETWORK.value,
    )
    address = LineField(
        _l("Address of its API"),
        limit=300,
        needed=_l("Enter the address."),
        description=_l(
            "https://actionnetwork.org/api/v2 or https://your-site.org/civicrm/ajax/api4."
        ),
    )
    key = _key_field()
    list_name = LineField(
        _l("Tag or group"),
        limit=100,
        description=_l(
            "Action Network: a tag that exists there, or nothing. CiviCRM: the number of the group."
        ),
    )


class KeyForm(DeskForm):
    sentences = ConnectionForm.sentences
    key = _key_field()


class UploadForm(DeskForm):
    kind = RadioField(
        _l("What the file contains"),
        choices=choices(
            [
                (ContactImportKind.MEMBERS.value, _l("Members, with proof of their consent")),
                (ContactImportKind.SUPPRESSED.value, _l("Addresses for the suppression list")),
            ]
        ),
        default=ContactImportKind.MEMBERS.value,
    )
    file = FileField(
        _l("File"), description=_l("XLSX, XLS, ODS or CSV, up to 12 MB and 20,000 rows.")
    )

    def validate_file(self, field: Field) -> None:
        if not field.data or not field.data.filename:
            raise ValidationError(_l("Choose a file first."))


class ColumnsForm(DeskForm):
    """What the columns mean is read beside it."""

    sentences: Mapping[str, object] = {
        "email-missing": _l("Choose the column that has the email addresses."),
        "meaning-twice": _l("Two columns have the same contents. Choose one of them."),
    }


class ProofForm(ColumnsForm):
    """What holds for all rows that do not say it themselves."""

    consented_on = DayField(_l("Date of consent"))
    wording = TextField(
        _l("What they agreed to"),
        limit=LONGEST_WORDING,
        description=_l("The sentence, word for word, as they read it."),
    )
    source = LineField(
        _l("Where the proof is"),
        limit=LONGEST_SOURCE,
        description=_l("Such as “Paper forms, Montréal book fair, May 2026, binder 3”."),
    )
    locale = SelectField(_l("Language of our emails"))

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        locales = current_settings().locales
        self.locale.choices = choices([(code, language_name(code)) for code in locales])
