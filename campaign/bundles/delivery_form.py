"""The form on which staff record what happened at the gate."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, cast

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import IntegerField, RadioField
from wtforms.validators import InputRequired, NumberRange, ValidationError

from campaign import db
from campaign.authoring.fields import DayField, DeskForm, LineField, TextField, choices
from campaign.bundles.models import DeliveryOutcome
from campaign.i18n import latest_day

_MOST = 10_000_000

OUTCOMES: Mapping[DeliveryOutcome, Any] = {
    DeliveryOutcome.ACCEPTED: _l("Accepted"),
    DeliveryOutcome.REFUSED: _l("Refused"),
    DeliveryOutcome.LEFT: _l("Left at the door"),
    DeliveryOutcome.POSTED: _l("Posted"),
    DeliveryOutcome.COURIER: _l("Sent by courier"),
}


class DeliveryForm(DeskForm):
    """An attempt; `delivery_form` adds title, text and the picture's description per language."""

    outcome = RadioField(
        _l("How it ended"),
        [InputRequired(_l("Say how it ended."))],
        choices=choices((kind.value, words) for kind, words in OUTCOMES.items()),
    )
    happened_on = DayField(_l("Day"), needed=_l("Give the day on which it happened."))
    place = LineField(
        _l("Place"), limit=200, description=_l("Such as: gate of the embassy, 45 O'Connor Street.")
    )
    received_by = LineField(
        _l("Received by"), limit=200, description=_l("Name and office, as far as they were said.")
    )
    messages = IntegerField(
        _l("Letters handed over"),
        [
            InputRequired(_l("Give the number of letters.")),
            NumberRange(0, _MOST, _l("Give a number from 0 to 10,000,000.")),
        ],
    )
    notes = TextField(
        _l("Notes for colleagues"), limit=4000, description=_l("They are not published.")
    )
    picture = FileField(
        _l("Picture"),
        description=_l(
            "JPEG, PNG or WebP, up to 12 MB. Where and with what it was taken is removed."
        ),
    )

    def validate_happened_on(self, field: DayField) -> None:
        """A delivery lies behind us, wherever it was."""
        if field.data and field.data > latest_day(db.utcnow()):
            raise ValidationError(_l("This day is still to come."))

    def validate_picture(self, field: FileField) -> None:
        """A picture is published with words, and with what those hear who cannot see it."""
        if not field.data:
            return
        if not self.words():
            raise ValidationError(_l("A picture is published with a post: write its title below."))
        if not all(self.described(code) for code in self.words()):
            raise ValidationError(_l("Say below, in each language of the post, what it shows."))

    def day(self) -> date:
        """The day, which validation made sure of."""
        return cast("date", self.happened_on.data)

    def words(self) -> dict[str, tuple[str, str]]:
        """Title and text of the post, in the languages that have a title."""
        return {
            code: (self[f"title_{code}"].data, self[f"body_{code}"].data)
            for code in self.post_locales
            if self[f"title_{code}"].data
        }

    def described(self, code: str) -> str:
        """What the picture shows, in that language."""
        return str(self[f"alt_{code}"].data or "")

    post_locales: Sequence[str] = ()


def delivery_form(locales: Sequence[str], **data: Any) -> DeliveryForm:
    """The form, with a post in these languages."""
    fields: dict[str, Any] = {"post_locales": tuple(locales)}
    for code in locales:
        fields[f"title_{code}"] = LineField(_l("Title"), limit=200)
        fields[f"body_{code}"] = TextField(_l("Text"), limit=10_000)
        fields[f"alt_{code}"] = LineField(_l("What the picture shows"), limit=300)
    made = type("LocalisedDeliveryForm", (DeliveryForm,), fields)
    return cast("DeliveryForm", made(data=data))
