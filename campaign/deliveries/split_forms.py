"""Forms of what is done with a bundle that was refused."""

import secrets
from collections.abc import Sequence
from datetime import date, datetime
from typing import cast
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, IntegerField, RadioField, SelectField
from wtforms.validators import InputRequired, NumberRange, Regexp, ValidationError

from campaign import db, i18n
from campaign.authoring.fields import DayField, DeskForm, LineField, choices
from campaign.bundles.models import DeliveryOutcome
from campaign.deliveries.models import EnvelopeRun
from campaign.deliveries.posting import Posting
from campaign.i18n import latest_day
from campaign.officials.models import Mission


class PartForm(DeskForm):
    """Which letters were taken of a part."""

    first = IntegerField(
        _l("From letter no."), [InputRequired(_l("Give the first number.")), NumberRange(1, 10**7)]
    )
    last = IntegerField(
        _l("To letter no."), [InputRequired(_l("Give the last number.")), NumberRange(1, 10**7)]
    )


class SplitForm(DeskForm):
    """How many letters go into an envelope."""

    letters_each = IntegerField(
        _l("Letters in each envelope"),
        [
            InputRequired(_l("Give the number of letters.")),
            NumberRange(1, 500, _l("Give a number from 1 to 500.")),
        ],
        default=25,
        description=_l("With 1, each letter goes alone: its own address shows in the window."),
    )
    with_letters = BooleanField(
        _l("Print the letters again"),
        default=True,
        description=_l("Without, only address sheets: use the sheets that came back."),
    )


class RerouteForm(DeskForm):
    """Through which mission the letters go instead."""

    mission = SelectField(_l("Mission"))

    @classmethod
    def of(cls, missions: Sequence[Mission]) -> "RerouteForm":
        """The form with these missions."""
        form = cls()
        form.mission.choices = choices(
            [("", _l("Choose")), *((one.slug, _say(one)) for one in missions)]
        )
        return form

    def validate_mission(self, field: SelectField) -> None:
        """One must be chosen."""
        if not field.data:
            raise ValidationError(_l("Choose a mission."))


class PostForm(DeskForm):
    """Envelopes that went to the post."""

    key = HiddenField(validators=[Regexp(r"[A-Za-z0-9_-]{16,64}\Z")])
    outcome = RadioField(
        _l("How they went"),
        choices=choices(
            [
                (DeliveryOutcome.POSTED.value, _l("Posted")),
                (DeliveryOutcome.COURIER.value, _l("Sent by courier")),
            ]
        ),
    )
    posted_on = DayField(_l("Day"), needed=_l("Give the day on which it happened."))
    first = IntegerField(_l("From envelope"), [InputRequired(_l("Give the first number."))])
    last = IntegerField(_l("To envelope"), [InputRequired(_l("Give the last number."))])
    tracking = LineField(
        _l("Tracking number"), limit=60,
        description=_l("Of one envelope; those who wrote the letters in it see it."),
    )  # fmt: skip

    @classmethod
    def of(cls, run: EnvelopeRun, first: int, last: int) -> "PostForm":
        """The form, filled in with what still lies here."""
        today = datetime.now(ZoneInfo(run.bundle.campaign.timezone)).date()
        return cls(
            data={
                "key": secrets.token_urlsafe(24), "outcome": DeliveryOutcome.POSTED.value,
                "posted_on": today, "first": first, "last": last,
            }
        )  # fmt: skip

    def posting(self) -> Posting:
        """What was posted."""
        return Posting(
            self.first.data,
            self.last.data,
            cast("date", self.posted_on.data),
            DeliveryOutcome(self.outcome.data),
            self.tracking.data,
        )

    def validate_posted_on(self, field: DayField) -> None:
        """What was posted lies behind us."""
        if field.data and field.data > latest_day(db.utcnow()):
            raise ValidationError(_l("This day is still to come."))


def _say(mission: Mission) -> str:
    name = i18n.words_in(mission.name, i18n.locale())
    return f"{name} · {mission.locality}" if mission.locality else name
