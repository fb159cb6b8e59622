"""Forms of a visit: what is written down at the gate, corrected later, or added."""

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, time
from typing import cast

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import FileStorage
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
from campaign.campaigns.stop_rule import is_stopped
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
from campaign.web.edit_conflict import EditConflictForm
from campaign.web.form_fields import DayField, LineField, TextField, choices

OUTCOMES: Mapping[DeliveryOutcome, object] = {
    DeliveryOutcome.ACCEPTED: _l("Accepted all letters"),
    DeliveryOutcome.PART: _l("Accepted in part"),
    DeliveryOutcome.REFUSED: _l("Refused"),
    DeliveryOutcome.LEFT: _l("Left at the door"),
    DeliveryOutcome.POSTED: _l("Posted"),
    DeliveryOutcome.COURIER: _l("Sent by courier"),
}
"""What staff can press at the gate, in the order of the buttons."""
_ID = re.compile(r"[0-9]{1,9}")


class ClockField(StringField):
    """A time of day that may stay empty: 14:30."""

    def process_formdata(self, valuelist: list[str]) -> None:
        text = valuelist[0].strip() if valuelist else ""
        self.data = None
        if not text:
            return
        try:
            self.data = time.fromisoformat(text).replace(second=0, microsecond=0, tzinfo=None)
        except ValueError:
            raise ValueError(_l("Enter the time like this: 14:30.")) from None

    def _value(self) -> str:
        return self.data.strftime("%H:%M") if isinstance(self.data, time) else ""


class FilesForm(DeliveryForm):
    """Pictures of a visit, and the receipt that was signed there."""

    camera = FileField(_l("Take a picture"))
    pictures = MultipleFileField(_l("Choose pictures"))
    receipt = FileField(_l("Signed receipt"), description=_l("A picture or a PDF."))
    picture_name: str | None = None
    """Of the picture that is being drawn: where one is refused, it is named."""

    def refuse(self, fields: Mapping[str, str]) -> None:
        super().refuse(fields)
        if "pictures" in fields and self.picture_name:
            name = f"{self.picture_name}{i18n.colon(i18n.locale())}"
            self.pictures.errors = [f"{name}{error}" for error in self.pictures.errors]

    def redrawn(self) -> Iterator[RedrawnFile]:
        """Draw the files as they will be kept. Raises Invalid: one is not what it should be."""
        sent = (self.camera.data, *(self.pictures.data or ()))
        pictures = [file for file in sent if _is_chosen(file)]
        if len(pictures) > attachments.MAX_PICTURES:
            raise Invalid(fields={"pictures": "pictures-too-many"})
        for picture in pictures:
            self.picture_name = picture.filename
            yield attachments.draw_picture(picture.stream, picture.filename)
        self.picture_name = None
        if _is_chosen(self.receipt.data):
            yield attachments.draw_receipt(self.receipt.data.stream, self.receipt.data.filename)


class GateForm(FilesForm):
    """What happened; `gate_form` adds each bundle that was carried."""

    key = HiddenField(validators=[Regexp(r"[A-Za-z0-9_-]{16,64}\Z")])
    outcome = RadioField(_l("What happened"), [InputRequired(_l("Choose what happened."))])
    happened_on = DayField(_l("Date"), needed=_l("Enter the date."))
    happened_time = ClockField(_l("Time"))
    place = LineField(_l("Place of delivery"), limit=200)
    received_by = LineField(
        _l("Received by"), limit=200, description=_l("Name and office, if you know them.")
    )
    delegates = LineField(_l("Delivered by"), limit=300)
    tracking = LineField(_l("Tracking number"), limit=60)
    notes = TextField(
        _l("Notes for colleagues"), limit=4000, description=_l("They are not published.")
    )
    left_out = HiddenField()
    """Names of files that the phone left out: they are no pictures."""
    carried: Sequence[Bundle] = ()
    unknown = False
    """Whether a bundle was ticked that is not there, or is for another mission."""

    def validate(self, extra_validators: object = None) -> bool:
        valid = super().validate(extra_validators)
        if self.unknown:
            self.form_errors.append(
                gettext("A bundle you ticked no longer exists. Untick it and try again.")
            )
        return valid and not self.unknown

    def bundles(self) -> list[CarriedBundle]:
        """List the bundles that were carried, the page's own first."""
        own, *companions = self.carried
        ticked = [own, *(bundle for bundle in companions if self[f"with_{bundle.id}"].data)]
        return [CarriedBundle(bundle, self[f"taken_{bundle.id}"].data) for bundle in ticked]

    def happened(self) -> VisitFacts:
        """Return what was written down. Raises Invalid: a file is not what it should be."""
        return VisitFacts(
            outcome=DeliveryOutcome(self.outcome.data),
            happened_on=cast("date", self.happened_on.data),  # validated
            happened_time=self.happened_time.data,
            place=self.place.data,
            delegates=self.delegates.data,
            received_by=self.received_by.data,
            notes=self.notes.data,
            tracking=self.tracking.data,
            files=tuple(self.redrawn()),
        )


def ticked_ids(names: Iterable[str]) -> set[int]:
    """Ids of the bundles that came along, from the names of the fields that were sent; 0: none."""
    marked = [name.removeprefix("with_") for name in names if name.startswith("with_")]
    return {int(number) if _ID.fullmatch(number) else 0 for number in marked}


def gate_form(bundle: Bundle, companions: Sequence[Bundle], *, unknown: bool = False) -> GateForm:
    """Make the form for a bundle and those that may travel with it; after a stop, one answer more.

    With `unknown`, a bundle was ticked that is none of these.
    """
    carried = (bundle, *companions)
    fields: dict[str, object] = {"carried": carried, "unknown": unknown}
    for companion in carried:
        is_card = noun_of(companion) is Noun.CARD
        how_many = (
            _l("How many cards they accepted") if is_card else _l("How many letters they accepted")
        )
        fields[f"with_{companion.id}"] = BooleanField()
        fields[f"taken_{companion.id}"] = IntegerField(how_many, [Optional()])
    form_class = cast("type[GateForm]", type("CarriedGateForm", (GateForm,), fields))
    now, zone = clock.utcnow(), bundle.zone
    form = form_class(
        data={
            "key": secrets.token_urlsafe(24),
            "happened_on": clock.day_of(now, zone),
            "happened_time": clock.time_of(now, zone),
            "place": ", ".join(bundle.mission.address) if bundle.mission else "",
            # No other bundle is ticked: what nobody looked at would be recorded as delivered, and
            # its people told at once.
        }
    )
    form.speak_of_cards(noun_of(bundle) is Noun.CARD)
    form.outcome.choices = choices(_list_outcomes(bundle, cards=form.cards))
    return form


def _list_outcomes(bundle: Bundle, *, cards: bool) -> Iterator[tuple[str, object]]:
    for outcome, words in OUTCOMES.items():
        if cards and outcome is DeliveryOutcome.ACCEPTED:
            yield outcome.value, _l("Accepted all cards")
        # What goes by post leads to no gate; most is posted, some is sent by courier.
        elif bundle.mission is not None or outcome in SENT:
            yield outcome.value, words
    if is_stopped(bundle.campaign.status):
        yield DeliveryOutcome.STOPPED.value, _l("Not delivered: stopped")


class CorrectForm(EditConflictForm, GateForm):
    """What can be corrected of a record; how it ended cannot."""

    key = outcome = camera = pictures = receipt = left_out = None
    sure = BooleanField(_l("They were still posted on this day"))

    @classmethod
    def of(cls, visit: GateVisit) -> "CorrectForm":
        recorded = facts_of(visit).as_data()
        form = cls(data=recorded)
        form.mark_seen(recorded)
        if not has_tracking(visit):
            del form.tracking
        return form

    def facts(self) -> RecordFacts:
        """Return what the record should say."""
        return RecordFacts(
            happened_on=cast("date", self.happened_on.data),  # validated
            happened_time=self.happened_time.data,
            place=self.place.data,
            received_by=self.received_by.data,
            delegates=self.delegates.data,
            notes=self.notes.data,
            tracking=self.tracking.data if "tracking" in self else "",
        )


def _is_chosen(file: FileStorage | str | None) -> bool:
    return isinstance(file, FileStorage) and bool(file.filename)
