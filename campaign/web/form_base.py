"""What forms say by themselves, in our words and languages: the bases of every form of the site.

WTForms has sentences of its own for a field that is empty, no number or none of the choices. They
tell nobody what to do, and two of our languages lack some of them. A field says better what it
wants by a message of its own; where it has none, these stand in.
"""

from collections.abc import Mapping

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Form

_CHOICE = _l("Choose one of the answers offered.")
_WHOLE = _l("Enter a whole number, in figures.")
_NUMBER = _l("Enter a number, in figures.")
_OTHER = _l("We could not save this. Check it and try again.")
_LONG = _l("Use at most %(max)d characters.")
_SHORT = _l("Use at least %(min)d characters.")
_WORDS: Mapping[str, object] = {
    "This field is required.": _l("Fill in this field."),
    "Not a valid choice.": _CHOICE,
    "Invalid Choice: could not coerce.": _CHOICE,
    "Invalid choice(s): one or more data inputs could not be coerced.": _CHOICE,
    "'%(value)s' is not a valid choice for this field.": _CHOICE,
    "Not a valid integer value.": _WHOLE,
    "Not a valid decimal value.": _NUMBER,
    "Not a valid float value.": _NUMBER,
    "Not a valid date value.": _l("Enter the date as year, month and day: 2026-12-04."),
    "Not a valid datetime value.": _l("Enter the day and time like this: 2026-12-04T09:30."),
    "Field cannot be longer than %(max)d character.": _LONG,
    "Field must be at least %(min)d character long.": _SHORT,
    "Number must be at least %(min)s.": _l("Enter a number of %(min)s or more."),
    "Number must be at most %(max)s.": _l("Enter a number of %(max)s or less."),
    "Number must be between %(min)s and %(max)s.": _l("Enter a number from %(min)s to %(max)s."),
}
"""Our sentence for each of WTForms' own, with the same placeholders."""


class _Words:
    """Translations as WTForms asks for them; a sentence that we do not know is never shown."""

    def gettext(self, theirs: str) -> str:
        return str(_WORDS.get(theirs, _OTHER))

    def ngettext(self, theirs: str, _plural: str, _n: int) -> str:
        return self.gettext(theirs)


class Worded:
    """Beside a form: its own sentences are ours."""

    class Meta:
        def get_translations(self, _form: Form) -> _Words:
            return _Words()


class SiteForm(Worded, FlaskForm):  # type: ignore[misc]
    """A form with a token against forged requests: every one of the desk."""


class PlainForm(Worded, Form):  # type: ignore[misc]
    """A form without one: of public pages, which know no session, and rows within another."""
