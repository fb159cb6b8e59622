"""The signing form as pages show it. What it takes is checked by `validate`."""

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
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
from campaign.core.i18n import isolate, say_number
from campaign.models.signature import WORDS, Disclosure
from campaign.signing.address import AddressPart, list_address_parts, names_street
from campaign.signing.clean_text import Problem, without_emoji
from campaign.web.form_base import PlainForm

_LENGTHS = {"length", "limit"}
_NAMED = 3  # Things quoted in one sentence; whoever mends these is told of the next
_Data = Mapping[str, Any]  # each problem has its own
WRITE_FIELDS = (*WORDS, "letter_locale")
"""Fields of the page Write; all others are those of the page You."""
_CLEANED = {"nul", "control-character", "bidi-control", "not-text"}


def describe_problem(problem: Problem) -> str:
    data: _Data = problem.data
    if problem.slug in _TEXTS_WITH_DATA:
        return _TEXTS_WITH_DATA[problem.slug](data)
    values = {name: say_number(data[name]) for name in _LENGTHS & data.keys()}
    if "found" in data:
        texts = [isolate(text) for text in data["found"][:_NAMED]]
        values["found"] = i18n.between_quotes(i18n.locale()).join(texts)
    text = str(_TEXTS[problem.slug])
    # A text without values may have a percent sign of its own, also in one language alone.
    return text % values if values else text


def list_problem_texts(problem: Problem) -> list[str]:
    return [describe_problem(part) for part in (problem, *problem.also)]


def _cannot_print(data: _Data) -> str:
    characters = " ".join(data["characters"])
    if data["more"] > len(data["characters"]):
        characters += " …"
    return ngettext(
        "We cannot print the character %(characters)s. Remove it.",
        "We cannot print the characters %(characters)s. Remove them.",
        int(data["more"]),
        characters=characters,
    )


def _wrong_code(data: _Data) -> str:
    country, example = i18n.country_name(data["country"]), data["example"]
    if not example:
        return gettext(
            "Check the postal code. It does not look like one from %(country)s.", country=country
        )
    return gettext(
        "Check the postal code. One from %(country)s looks like %(example)s.",
        country=country,
        example=i18n.isolate(example),
    )


_TEXTS: Mapping[str, LazyString] = {
    "give-name": _l("Enter your name. We print it under your text."),
    "give-email": _l("Enter your email address. We email you a link to confirm what you sign."),
    "give-locality": _l("Enter the town or village where you live."),
    "choose-country": _l("Choose the country where you live."),
    "choose-disclosure": _l("Choose what officials see."),
    "not-an-email": _l("Enter a complete email address, such as name@example.org."),
    "email-space": _l("Remove the space from this email address."),
    "email-two-dots": _l("This email address has two dots in a row. Remove one."),
    "no-letter": _l("Enter at least one letter of the alphabet here."),
    "name-taken": _l(
        "Someone has already signed under this name with this email address. Enter your own name."
    ),
    "one-line": _l("Write this on one line."),
    "too-long": _l("This has %(length)s characters. Shorten it to %(limit)s or fewer."),
    "too-long-words": _l(
        "You wrote %(length)s characters. There is room for %(limit)s. Shorten your words."
    ),
    "too-long-card": _l(
        "You wrote %(length)s characters. The card has room for %(limit)s. Shorten your words."
    ),
    "stacked-marks": _l(
        "One character has too many accents or marks. Remove some, or type the word again."
    ),
    "emoji": _l("We cannot print emoji, so we removed them. Check your text, then continue."),
    "bidi-control": _l(
        "We removed hidden characters that reverse the text. Check your text, then continue."
    ),
    "control-character": _l(
        "We removed hidden characters that we cannot print. Check your text, then continue."
    ),
    "nul": _l("We removed hidden characters that we cannot print. Check your text, then continue."),
    "not-text": _l("We cannot read part of this text. Type it again."),
    "forbidden-word": _l(
        "Remove this, or say it another way: “%(found)s”. It could put someone in danger."
    ),
    "insult": _l("Say this another way: “%(found)s”. Polite words are harder to ignore."),
    "threat": _l(
        "This reads as a threat: “%(found)s”. Remove it. If you are quoting someone, put the words "
        "in quotation marks."
    ),
    "phone-number": _l(
        "Remove the phone number: “%(found)s”. Many people will handle what you write."
    ),
    "link": _l("Remove the link or email address: “%(found)s”. No one can open it on paper."),
    "full-needs-region": _l(
        "An address in your country needs this as well as the postal code. Fill it in, or choose "
        "below to show officials less."
    ),
    "full-needs-postal-code": _l("Enter your postal code, or choose below to show officials less."),
    "street-as-town": _l(
        "This looks like a street. We never ask for your street. Enter only the town, or tick "
        "the box below."
    ),
    "points-changed": _l("Our text changed while you were writing. Check the points again."),
    "no-such-language": _l("Our text is not available in this language. Choose another language."),
}
_TEXTS_WITH_DATA: Mapping[str, Callable[[_Data], str]] = {
    "too-many-paragraphs": lambda data: gettext(
        "Your words have too many paragraphs. Use at most %(limit)s.", limit=data["limit"]
    ),
    "cannot-print": _cannot_print,
    "facts-missing": lambda data: ngettext(
        "Your letter needs this point: “%(points)s” Say it in your own way, or put it back.",
        "Your letter needs these points: “%(points)s” Say them in your own way, or put them back.",
        len(data["points"]),
        points=i18n.between_quotes(i18n.locale()).join(data["points"]),
    ),
    "second-page": lambda data: ngettext(
        "Your letter is %(num)s line too long for one page. Shorten it.",
        "Your letter is %(num)s lines too long for one page. Shorten it.",
        data["lines"],
    ),
    "over-card": lambda data: ngettext(
        "Your words are %(num)s line too long for the card. Shorten them.",
        "Your words are %(num)s lines too long for the card. Shorten them.",
        data["lines"],
    ),
    "wrong-code": _wrong_code,
}


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
    text_shown = HiddenField()
    """Digest of our text as Write, then Check showed it; other programs sign without."""
    given_name = StringField(_l("Given name"), [InputRequired()])
    family_name = StringField(_l("Family name"))
    email = EmailField(_l("Email address"), [InputRequired()])
    country = SelectField(
        _l("Country where you live"), [InputRequired()], validate_choice=False, choices=[]
    )
    locality = StringField(_l("City, town or village"), [InputRequired()])
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
        others = (pair for pair in i18n.countries() if pair[0] != first)
        pairs = [("", gettext("Choose a country")), (first, i18n.country_name(first)), *others]
        self.country.choices = [SelectChoice(code, name) for code, name in pairs]

    @property
    def besides_letter(self) -> list[Field]:
        shown = (*WORDS, "receipt")
        return [field for field in self if field.short_name not in shown]

    @property
    def errors(self) -> dict[str, list[str]]:
        """What is wrong, as the page runs: the address in the order of its country."""
        problems: dict[str, list[str]] = super().errors
        address = [part.name for part in list_address_parts(self.country.data or "")]
        names = [field.short_name for field in self if field.short_name not in address]
        at = names.index("country") + 1
        return {
            name: problems[name]
            for name in [*names[:at], *address, *names[at:]]
            if name in problems
        }

    def fit_address(self) -> tuple[AddressPart, ...]:
        parts = list_address_parts(self.country.data or "")
        for part in parts:
            self[part.name].label.text = part.label
        return parts

    @property
    def asks_for_town(self) -> bool:
        """Whether the town looks like a street: whoever says that it is none is believed."""
        return names_street(self.locality.data or "")

    def show_problems(self, problems: Mapping[str, Problem]) -> None:
        for name, problem in problems.items():
            field: Any = self[name]
            field.errors = list_problem_texts(problem)
            if problem.slug in _CLEANED and isinstance(field.data, str):
                # Nobody can find and delete what cannot be seen.
                field.data = "".join(
                    character
                    for character in field.data
                    if character in "\n\t\u200c\u200d"
                    or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn"}
                )
            elif problem.slug == "emoji" and isinstance(field.data, str):
                field.data = without_emoji(field.data)
