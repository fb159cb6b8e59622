"""The form of the page at the gate."""

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, time
from typing import Any, cast

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    FileField,
    HiddenField,
    IntegerField,
    MultipleFileField,
    RadioField,
    StringField,
)
from wtforms.validators import InputRequired, Optional, Regexp

from campaign.bundles.nouns import Noun, noun_of
from campaign.core import clock, i18n
from campaign.core.errors import Invalid
from campaign.deliveries import attachments
from campaign.deliveries.attachments import RedrawnFile
from campaign.deliveries.correct_record import RecordFacts, facts_of, has_tracking
from campaign.deliveries.desk.refusals import DeliveryForm
from campaign.deliveries.record_delivery import CarriedBundle, VisitFacts
from campaign.deliveries.recording_rules import SENT
from campaign.models.bundle import Bundle, DeliveryOutcome
from campaign.models.delivery import GateVisit
from campaign.web.edit_conflict import Meeting
from campaign.web.fields import DayField, LineField, TextField, choices

OUTCOMES: dict[DeliveryOutcome, Any] = {
    DeliveryOutcome.ACCEPTED: _l("They took all letters"),
    DeliveryOutcome.PART: _l("They took a part"),
    DeliveryOutcome.REFUSED: _l("They refused"),
    DeliveryOutcome.LEFT: _l("Left at the door"),
    DeliveryOutcome.POSTED: _l("Posted"),
    DeliveryOutcome.COURIER: _l("Sent by courier"),
}
"""What staff can press at the gate, in the order of the buttons."""
_ID = re.compile(r"[0-9]{1,9}")


class ClockField(StringField):  # type: ignore[misc]
    """A time of day that may stay empty: 14:30."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take the time as the browser sends it."""
        text = valuelist[0].strip() if valuelist else ""
        self.data = None
        if not text:
            return
        try:
            self.data = time.fromisoformat(text).replace(second=0, microsecond=0, tzinfo=None)
        except ValueError:
            raise ValueError(_l("Write the time as in 14:30.")) from None

    def _value(self) -> str:
        return self.data.strftime("%H:%M") if isinstance(self.data, time) else ""


class FilesForm(DeliveryForm):
    """Pictures of a visit, and the receipt that was signed there."""

    camera = FileField(_l("Take a picture"))
    pictures = MultipleFileField(_l("Choose pictures"))
    receipt = FileField(_l("Signed receipt"), description=_l("A picture or a PDF."))
    picture_name = ""
    """Of the picture that is being drawn: where one is refused, it is named."""

    def refuse(self, fields: Mapping[str, str]) -> None:
        """Put the sentence for each slug by its field; a picture by its name."""
        super().refuse(fields)
        if "pictures" in fields and self.picture_name:
            colon = i18n.colon(i18n.locale())
            self.pictures.errors = [
                f"{self.picture_name}{colon}{error}" for error in self.pictures.errors
            ]

    def drawn(self) -> Iterator[RedrawnFile]:
        """The files as they will be kept. Raises Invalid where one is not what it should be."""
        sent = [file for file in (self.camera.data, *(self.pictures.data or ())) if _chosen(file)]
        if len(sent) > attachments.MAX_PICTURES:
            raise Invalid(fields={"pictures": "pictures-too-many"})
        for file in sent:
            self.picture_name = file.filename
            yield attachments.draw_picture(file.stream, file.filename)
        self.picture_name = ""
        if _chosen(self.receipt.data):
            yield attachments.draw_receipt(self.receipt.data.stream, self.receipt.data.filename)


class GateForm(FilesForm):
    """What happened; `gate_form` adds each bundle that was carried."""

    key = HiddenField(validators=[Regexp(r"[A-Za-z0-9_-]{16,64}\Z")])
    outcome = RadioField(
        _l("What happened"),
        [InputRequired(_l("Say how it ended."))],
        choices=choices((kind.value, words) for kind, words in OUTCOMES.items()),
    )
    happened_on = DayField(_l("Day"), needed=_l("Give the day on which it happened."))
    happened_time = ClockField(_l("Time of day"))
    place = LineField(_l("Place"), limit=200)
    received_by = LineField(
        _l("Received by"), limit=200, description=_l("Name and office, as far as they were said.")
    )
    delegates = LineField(_l("Who went"), limit=300)
    tracking = LineField(_l("Tracking number"), limit=60)
    notes = TextField(
        _l("Notes for colleagues"), limit=4000, description=_l("They are not published.")
    )
    left_out = HiddenField()
    """Names of files that the phone left out: they are no pictures."""
    carried: Sequence[Bundle] = ()
    unknown = False
    """Whether a bundle was ticked that is not there, or is for another mission."""

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether it can be recorded as far as the form knows: all that was ticked is there."""
        valid = super().validate(extra_validators)
        if self.unknown:
            self.form_errors.append(
                gettext("A bundle that was ticked is not there any more. Untick it and send again.")
            )
        return bool(valid) and not self.unknown

    def bundles(self) -> list[CarriedBundle]:
        """The bundles that were carried, the page's own first."""
        own, *others = self.carried
        ticked = [own, *(other for other in others if self[f"with_{other.id}"].data)]
        return [CarriedBundle(bundle, self[f"taken_{bundle.id}"].data) for bundle in ticked]

    def happened(self) -> VisitFacts:
        """What was written down. Raises Invalid where a file is not what it should be."""
        return VisitFacts(
            outcome=DeliveryOutcome(self.outcome.data),
            happened_on=cast("date", self.happened_on.data),
            happened_time=self.happened_time.data,
            place=self.place.data,
            delegates=self.delegates.data,
            received_by=self.received_by.data,
            notes=self.notes.data,
            tracking=self.tracking.data,
            files=tuple(self.drawn()),
        )


def ticked_ids(names: Iterable[str]) -> set[int]:
    """Ids of the bundles that came along, from the names of the fields that were sent; 0: none."""
    marked = [name.removeprefix("with_") for name in names if name.startswith("with_")]
    return {int(number) if _ID.fullmatch(number) else 0 for number in marked}


def gate_form(
    bundle: Bundle, companions: Sequence[Bundle], *, stopped: bool = False, unknown: bool = False
) -> GateForm:
    """The form for a bundle and those that may travel with it; after a stop, one answer more.

    With `unknown`, a bundle was ticked that is none of these.
    """
    fields: dict[str, Any] = {"carried": (bundle, *companions), "unknown": unknown}
    for field in fields["carried"]:
        fields[f"with_{field.id}"] = BooleanField()
        is_card = noun_of(field) is Noun.CARD
        many = _l("How many cards they took") if is_card else _l("How many letters they took")
        fields[f"taken_{field.id}"] = IntegerField(many, [Optional()])
    form_class = cast("type[GateForm]", type("CarriedGateForm", (GateForm,), fields))
    now, zone = clock.utcnow(), bundle.zone
    form = form_class(
        data={
            "key": secrets.token_urlsafe(24),
            "happened_on": clock.day_of(now, zone),
            "happened_time": clock.time_of(now, zone),
            "place": ", ".join(bundle.mission.address) if bundle.mission else "",
            # What was frozen in one go travels in one bag.
            **{
                f"with_{companion.id}": _travels_with(companion, bundle) for companion in companions
            },
        }
    )
    if noun_of(bundle) is Noun.CARD:
        of_cards = OUTCOMES | {DeliveryOutcome.ACCEPTED: _l("They took all cards")}
        form.outcome.choices = choices((kind.value, words) for kind, words in of_cards.items())
    if bundle.mission is None:
        # What goes by post leads to no gate; most is posted, some is sent by courier.
        form.outcome.choices = choices(
            (outcome.value, OUTCOMES[outcome]) for outcome in OUTCOMES if outcome in SENT
        )
    if stopped:
        form.outcome.choices = [
            *form.outcome.choices,
            *choices([(DeliveryOutcome.STOPPED.value, _l("Not delivered: stopped"))]),
        ]
    return form


class CorrectForm(Meeting, GateForm):
    """What can be corrected of a record; how it ended cannot."""

    key = outcome = camera = pictures = receipt = left_out = None
    sure = BooleanField(_l("They were posted on this day all the same"))

    @classmethod
    def of(cls, visit: GateVisit) -> "CorrectForm":
        """The form with what stands in the record."""
        now = facts_of(visit).as_data()
        form = cls(data=now)
        form.saw(now)
        if not has_tracking(visit):
            del form.tracking
        return form

    def facts(self) -> RecordFacts:
        """What it should say."""
        return RecordFacts(
            happened_on=cast("date", self.happened_on.data),
            happened_time=self.happened_time.data,
            place=self.place.data,
            received_by=self.received_by.data,
            delegates=self.delegates.data,
            notes=self.notes.data,
            tracking=self.tracking.data if "tracking" in self else "",
        )


def _travels_with(companion: Bundle, bundle: Bundle) -> bool:
    return bundle.journey_id is not None and companion.journey_id == bundle.journey_id


def _chosen(file: Any) -> bool:
    return bool(file and getattr(file, "filename", ""))
