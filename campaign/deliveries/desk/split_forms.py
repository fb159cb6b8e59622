"""Forms of what is done with a bundle that was refused: its numbers, its envelopes, its way."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import date
from typing import cast

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, RadioField, SelectField
from wtforms.validators import InputRequired, NumberRange, Optional, ValidationError

from campaign.bundles.destinations import name_of, slug_of
from campaign.core import clock, i18n
from campaign.deliveries.desk.forms import KEY, OUTCOMES, ClockField
from campaign.deliveries.desk.refusals import DeliveryForm, say_numbers_fault
from campaign.deliveries.envelopes.mark_posted import Posting, posting_zone
from campaign.deliveries.recording_rules import LONGEST, SENT, Numbers, NumbersFault, read_numbers
from campaign.models.bundle import Bundle, DeliveryOutcome
from campaign.models.delivery import EnvelopeRun
from campaign.models.directory import Mission, Official
from campaign.web.form_fields import DayField, IntegerField, LineField, choices


class PartForm(DeliveryForm):
    numbers = LineField(
        _l("Numbers of the accepted letters"),
        limit=LONGEST,
        description=_l("Single numbers or ranges, with commas between them: 1-200, 350, 400-412"),
    )
    letter_numbers = Numbers(1, 0)
    """The lowest and the highest number that a letter of the bundle has."""
    spans: Sequence[Numbers] = ()

    @classmethod
    def of(cls, bundle: Bundle, letter_numbers: Numbers | None = None) -> "PartForm":
        """The form for a bundle whose letters have these numbers; without, a blank one."""
        form = cls() if letter_numbers else cls(formdata=None)
        form.letter_numbers = letter_numbers or cls.letter_numbers
        form.speak_of(bundle)
        if form.cards:
            form.numbers.label.text = _l("Numbers of the accepted cards")
        return form

    def validate_numbers(self, field: LineField) -> None:
        lowest, highest = self.letter_numbers
        try:
            self.spans = read_numbers(field.data or "", lowest=lowest, highest=highest)
        except NumbersFault as problem:
            words = say_numbers_fault(problem, cards=self.cards, lowest=lowest, highest=highest)
            raise ValidationError(words) from None


class SplitForm(DeliveryForm):
    letters_each = IntegerField(
        _l("Letters in each envelope"),
        [
            InputRequired(_l("Enter a number from 1 to 500.")),
            NumberRange(1, 500, _l("Enter a number from 1 to 500.")),
        ],
        default=5,
        description=_l(
            "Enter 1 to post each letter alone; its address shows in the window. Up "
            "to 5 one-sheet letters fit folded into a long envelope. They weigh "
            "about 35 g with the address sheet. Up to 25 fit flat into a 9 × 12 in "
            "or C4 envelope with a label, about 150 g. Weigh one before you buy "
            "stamps."
        ),
    )
    with_letters = BooleanField(
        _l("Print the letters again"),
        description=_l(
            "Choose this only if the letters did not come back. Otherwise we print "
            "only address sheets, and you use the letters that came back."
        ),
    )

    @classmethod
    def of(cls, bundle: Bundle, *, is_sent: bool) -> "SplitForm":
        form = cls() if is_sent else cls(formdata=None)
        form.speak_of(bundle)
        if bundle.mission_id is None:
            form.with_letters.description = _l(
                "Otherwise we print only address sheets. Use the letters from the bundle files."
            )
        if form.cards:
            form.letters_each.label.text = _l("Cards in each envelope")
            form.letters_each.description = _l(
                "Enter 1 to post each card alone, with a label. With more, put an "
                "address sheet on top. Weigh one envelope before you buy stamps."
            )
            del form.with_letters  # cards are printed several to a sheet, and cut
        return form


class RerouteForm(DeliveryForm):
    mission = SelectField(_l("Mission"))

    @classmethod
    def of(
        cls,
        bundle: Bundle,
        missions: Sequence[Mission],
        by_post: Official | None,
        *,
        chosen: str | None = None,
    ) -> "RerouteForm":
        """The form with these missions, and the official who can be written to by post."""
        form = cls() if chosen is None else cls(formdata=None, data={"mission": chosen})
        offered = [(mission.slug, _name_with_place(mission)) for mission in missions]
        if by_post is not None:
            offered.append((slug_of(by_post), name_of(by_post, i18n.locale())))
        form.mission.choices = choices([("", _l("Choose")), *offered])
        form.speak_of(bundle)
        return form

    def validate_mission(self, field: SelectField) -> None:
        if not field.data:
            raise ValidationError(_l("Choose a mission."))


def _name_with_place(mission: Mission) -> str:
    name = i18n.words_in(mission.name, i18n.locale())
    return f"{name} · {mission.locality}" if mission.locality else name


class PostForm(DeliveryForm):
    key = HiddenField(validators=[KEY])
    outcome = RadioField(
        _l("How you sent them"),
        choices=choices((kind.value, words) for kind, words in OUTCOMES.items() if kind in SENT),
    )
    posted_on = DayField(_l("Date"), needed=_l("Enter the date."))
    happened_time = ClockField(
        _l("Time"),
        description=_l(
            "Without a time, envelopes posted on the day of the stop count as posted after it."
        ),
    )  # asked once its campaign is stopped
    offered = HiddenField()  # the day that the page filled in
    sure = BooleanField(_l("They were still posted on this day"))
    withdrawn_in = RadioField(
        _l("Letters withdrawn or under review"),
        [Optional()],
        choices=choices(
            [("yes", _l("They were still in the envelopes")), ("no", _l("We removed them first"))]
        ),
    )
    first = IntegerField(_l("From envelope"), [InputRequired(_l("Enter the first number."))])
    last = IntegerField(_l("To envelope"), [InputRequired(_l("Enter the last number."))])
    tracking = LineField(
        _l("Tracking number"),
        limit=60,
        description=_l("For one envelope. People whose letters are in it see this number."),
    )
    today = ""
    most = 0  # the number of the last envelope
    is_sent = False
    asks_for_day = False  # whether the day is possible, and only asked about
    asks_for_withdrawn = False

    def refuse(self, fields: Mapping[str, str]) -> None:
        self.asks_for_day = fields.get("posted_on") == "posted-before-visit"
        self.asks_for_withdrawn = "withdrawn_in" in fields
        super().refuse(fields)

    @classmethod
    def of(cls, run: EnvelopeRun, first: int, last: int, *, is_sent: bool) -> "PostForm":
        """The form, filled in with the envelopes that still lie here, and today."""
        data = {
            "key": secrets.token_urlsafe(24),
            "outcome": DeliveryOutcome.POSTED.value,
            "posted_on": clock.today(posting_zone(run.bundle)),
            "offered": clock.today(posting_zone(run.bundle)).isoformat(),
            "first": first,
            "last": last,
        }
        form = cls(data=data) if is_sent else cls(formdata=None, data=data)
        form.most, form.is_sent = run.envelope_count, is_sent
        form.today = clock.today(posting_zone(run.bundle)).isoformat()
        form.speak_of(run.bundle, posted_in=posting_zone(run.bundle))
        if form.cards:
            form.withdrawn_in.label.text = _l("Cards withdrawn or under review")
            form.tracking.description = _l(
                "For one envelope. People whose cards are in it see this number."
            )
        return form

    def posting(self) -> Posting:
        return Posting(
            self.first.data,
            self.last.data,
            cast("date", self.posted_on.data),  # validated
            DeliveryOutcome(self.outcome.data),
            self.tracking.data,
            self.sure.data,
            {"yes": True, "no": False}.get(self.withdrawn_in.data or ""),
            self.happened_time.data,
        )

    def validate_posted_on(self, field: DayField) -> None:
        """Ask about a day that nobody touched on a page of an earlier one, once."""
        offered, self.offered.data = self.offered.data, self.today
        if field.data and field.data.isoformat() == offered != self.today:
            raise ValidationError(
                _l("The day has changed since you opened this page. Check the date.")
            )

    def validate_first(self, field: IntegerField) -> None:
        self._refuse_outside(field)

    def validate_last(self, field: IntegerField) -> None:
        self._refuse_outside(field)
        if None not in {field.data, self.first.data} and field.data < self.first.data:
            raise ValidationError(
                _l("The last number comes before the first. Enter the two in order.")
            )

    def _refuse_outside(self, field: IntegerField) -> None:
        if field.data is not None:
            NumberRange(1, self.most)(self, field)
