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
        _l("Salutation"), 200, description=_l("First line of the letter, for example “Excellency:”")
    ),
    "close": lambda: text_field(
        _l("Close"), 200, description=_l("Last line of the letter, for example “Yours sincerely,”")
    ),
}
"""What makes the field of each text that is there once a language."""


class OfficialForm(AddressForm):
    address_country = "country"
    name = text_field(
        _l("Full name"),
        200,
        description=_l(
            "With titles, as on an envelope. Leave it empty for an office without a name."
        ),
    )
    given_name = kept_field(Official, "given_name")
    family_name = kept_field(Official, "family_name")
    country = country_field(_l("Country"), required=_l("Choose the country of this official."))
    preferred_locale = SelectField(
        _l("Preferred language"),
        choices=lambda: [SelectChoice(code, i18n.language_name(code)) for code in i18n.languages()],
    )

    def validate(self, extra_validators: object = None) -> bool:
        """A letter needs somebody to go to: a name, or an office in one language."""
        is_valid = bool(super().validate(extra_validators))
        if not self.name.data and not any(self.words("office").values()):
            self.name.errors = [
                *self.name.errors,
                _("Enter a name, or the office in at least one language."),
            ]
            return False
        return is_valid

    def refuse(self, missing: Iterable[str]) -> None:
        for name in missing:
            self[name].errors = [
                _(
                    "Letters of an open campaign in this language need this text. Enter a text "
                    "here, or close the campaign first."
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
    left = BooleanField(_l("Left office, but campaigns still write to them"))


def official_form(kept: OfficialDraft | None = None) -> OfficialForm:
    return form_with(OfficialForm, words=WORDS, kept=kept)
