"""The form of an official, and of the list of officials."""

from collections.abc import Callable, Iterable

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, SelectChoice, SelectField, StringField

from campaign.core import i18n
from campaign.directory.desk.forms import (
    AddressForm,
    country_field,
    form_with,
    kept_field,
    text_field,
)
from campaign.directory.entries import OfficialDraft
from campaign.models.directory import Official
from campaign.web.form_base import SiteForm
from campaign.web.form_fields import stripped

WORDS: dict[str, Callable[[], Field]] = {
    "office": lambda: text_field(_l("Office"), 200),
    "salutation": lambda: text_field(
        _l("Salutation"), 200, description=_l("First line of a letter: “Excellency:”")
    ),
    "close": lambda: text_field(
        _l("Close"), 200, description=_l("Last line of a letter: “Yours sincerely,”")
    ),
}
"""What makes the field of each text that is there once a language."""


class OfficialForm(AddressForm):
    address_country = "country"
    name = text_field(
        _l("Full name"),
        200,
        description=_l("With titles, as an envelope has it. Leave it empty for an office alone."),
    )
    given_name = kept_field(Official, "given_name")
    family_name = kept_field(Official, "family_name")
    country = country_field(
        _l("Country"), required=_l("Choose the country in which the official acts.")
    )
    preferred_locale = SelectField(
        _l("Language the official prefers"),
        choices=lambda: [SelectChoice(code, i18n.language_name(code)) for code in i18n.languages()],
    )

    def validate(self, extra_validators: object = None) -> bool:
        """A letter needs somebody to go to: a name, or an office in one language."""
        is_valid = bool(super().validate(extra_validators))
        if not self.name.data and not any(self.words("office").values()):
            self.name.errors = [
                *self.name.errors,
                _("Give a name, or the office in one language at least."),
            ]
            return False
        return is_valid

    def refuse(self, missing: Iterable[str]) -> None:
        for name in missing:
            self[name].errors = [
                _(
                    "An open campaign takes letters in this language, and they need it. "
                    "Write another, or close the campaign first."
                )
            ]

    def draft(self) -> OfficialDraft:
        return OfficialDraft(
            name=self.name.data or "",
            given_name=self.given_name.data or "",
            family_name=self.family_name.data or "",
            office=self.words("office"),
            salutation=self.words("salutation"),
            close=self.words("close"),
            country=self.country.data,
            preferred_locale=self.preferred_locale.data,
            contacts=self.contacts(),
            **self.address_parts(),
        )


class OfficialFilter(SiteForm):
    """What the list of officials shows; it lives in the address."""

    class Meta:
        """A form that only asks needs no token."""

        csrf = False

    q = StringField(_l("Name, office or place"), filters=[stripped])
    country = SelectField(_l("Country"), validate_choice=False)
    left = BooleanField(_l("Left office, still a target"))


def official_form(kept: OfficialDraft | None = None) -> OfficialForm:
    return form_with(OfficialForm, words=WORDS, kept=kept)
