"""The signing form as pages show it. What it takes is checked by `validate`."""

import unicodedata
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    EmailField,
    Field,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from campaign.core import i18n
from campaign.models.signature import WORDS, Disclosure
from campaign.signing.address import Part, names_street, parts_of
from campaign.signing.clean_text import Problem, without_emoji
from campaign.signing.form.problem_texts import list_problem_texts
from campaign.web.form_base import PlainForm

WRITE_FIELDS = (*WORDS, "letter_locale")
"""Fields of the page Write; all others are those of the page You."""
_CLEANED = {"nul", "control-character", "bidi-control", "not-text"}


class SigningForm(PlainForm):
    """Every field of the contract. It renders and keeps what was typed; it validates nothing."""

    own_words = TextAreaField(_l("In your own words"))
    full_text = TextAreaField(_l("Your letter"))
    points = SelectMultipleField(_l("Points in your letter"), validate_choice=False)
    letter_locale = HiddenField()
    source = HiddenField()
    work = HiddenField()
    receipt = HiddenField()
    replaces = HiddenField()
    given_name = StringField(_l("Given name"), [InputRequired()])
    family_name = StringField(_l("Family name"))
    email = EmailField(_l("Email address"), [InputRequired()])
    country = SelectField(
        _l("Country where you live"), [InputRequired()], validate_choice=False, choices=[]
    )
    locality = StringField(_l("Town or village"), [InputRequired()])
    region = StringField(_l("Province, state or region"))
    town_is_right = BooleanField(_l("This is the name of my town or village"))
    postal_code = StringField(_l("Postal code"))
    disclosure = RadioField(
        _l("What officials see"),
        [InputRequired()],
        validate_choice=False,
        choices=[
            SelectChoice(Disclosure.NAME.value, _l("My name only")),
            SelectChoice(Disclosure.TOWN.value, _l("My name and town")),
            SelectChoice(Disclosure.FULL.value, _l("My name, town and postal code")),
        ],
    )
    consent_updates = BooleanField()
    consent_network = BooleanField()

    def offer_countries(self, first: str) -> None:
        """Fill the list of countries, that of the organisation on top."""
        others = (pair for pair in i18n.countries() if pair[0] != first)
        pairs = [("", gettext("Choose a country")), (first, i18n.country_name(first)), *others]
        self.country.choices = [SelectChoice(code, name) for code, name in pairs]

    @property
    def besides_letter(self) -> list[Field]:
        """What the page Write carries along: all that it does not show or make anew."""
        shown = (*WORDS, "receipt")
        return [field for field in self if field.short_name not in shown]

    @property
    def errors(self) -> dict[str, list[str]]:
        """What is wrong, as the page runs: the address in the order of its country."""
        problems: dict[str, list[str]] = super().errors
        address = [part.name for part in parts_of(self.country.data or "")]
        names = [field.short_name for field in self if field.short_name not in address]
        at = names.index("country") + 1
        return {
            name: problems[name]
            for name in [*names[:at], *address, *names[at:]]
            if name in problems
        }

    def fit_address(self) -> tuple[Part, ...]:
        """Name the address's fields as in the country chosen; gives them in its order."""
        parts = parts_of(self.country.data or "")
        for part in parts:
            self[part.name].label.text = part.label
        return parts

    @property
    def asks_for_town(self) -> bool:
        """Whether the town looks like a street: whoever says that it is none is believed."""
        return names_street(self.locality.data or "")

    def show_problems(self, problems: Mapping[str, Problem]) -> None:
        """Put the sentence of each problem by its field."""
        for name, problem in problems.items():
            field: Any = self[name]
            field.errors = list_problem_texts(problem)
            if problem.slug in _CLEANED and isinstance(field.data, str):
                # Nobody can find and delete what cannot be seen.
                field.data = _visible(field.data)
            elif problem.slug == "emoji" and isinstance(field.data, str):
                field.data = without_emoji(field.data)


def _visible(text: str) -> str:
    return "".join(
        character
        for character in text
        if character in "\n\t\u200c\u200d"
        or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn"}
    )
