"""Forms of a visit: what happened with the bundles that were carried."""

import re
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from types import MappingProxyType
from typing import cast

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as pgettext
from flask_wtf.file import FileField, MultipleFileField
from werkzeug.datastructures import FileStorage
from wtforms import BooleanField, HiddenField, RadioField, StringField
from wtforms.validators import InputRequired, Optional, Regexp

from campaign.bundles.nouns import Noun, noun_of
from campaign.campaigns.stop_rule import is_stopped
from campaign.core import clock, i18n
from campaign.core.db import Json
from campaign.core.errors import Invalid
from campaign.deliveries import attachments
from campaign.deliveries.attachments import RedrawnFile
from campaign.deliveries.carried_paper import Paper, is_letter
from campaign.deliveries.correct_record import facts_of, has_tracking
from campaign.deliveries.desk.print_words import say_paper
from campaign.deliveries.desk.refusals import DeliveryForm, say_numbers_fault
from campaign.deliveries.record_delivery import CarriedBundle, RecordFacts, VisitFacts
from campaign.deliveries.recording_rules import (
    LONGEST,
    SENT,
    Numbers,
    NumbersFault,
    NumbersProblem,
    read_numbers,
)
from campaign.models.bundle import Bundle, DeliveryAttempt, DeliveryOutcome
from campaign.models.delivery import GateVisit
from campaign.staff.desk_access import name_staff, staff_user
from campaign.web.edit_conflict import EditConflictForm
from campaign.web.form_fields import DayField, IntegerField, LineField, TextField, choices

OUTCOMES: Mapping[DeliveryOutcome, object] = {
    DeliveryOutcome.ACCEPTED: _l("Accepted all letters"),
    DeliveryOutcome.PART: pgettext("letters", "Accepted in part"),
    DeliveryOutcome.REFUSED: pgettext("letters", "Refused"),
    DeliveryOutcome.UNOPENED: _l("No one opened"),
    DeliveryOutcome.LEFT: pgettext("letters", "Left at the door"),
    DeliveryOutcome.POSTED: pgettext("letters", "Posted"),
    DeliveryOutcome.COURIER: pgettext("letters", "Sent by courier"),
}
"""What staff can press at the gate, in the order of the buttons: of letters, in the plural."""
_FILLED_IN_WITHIN = timedelta(minutes=5)  # a page that is sent so soon is of the same moment
_ID = re.compile(r"[0-9]{1,9}")
_OF_BUNDLE = re.compile(r"(?:with|taken|sheets|paper|removed)_([0-9]{1,9})")
_SHEETS_BACK = MappingProxyType({"accepted": False, "back": True})
"""By what is answered. Earlier pages were preset to `taken`: that answers nothing."""
KEY = Regexp(r"[A-Za-z0-9_-]{16,64}\Z")


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


def _is_chosen(file: FileStorage | str | None) -> bool:
    return isinstance(file, FileStorage) and bool(file.filename)


class GateForm(FilesForm):
    """What happened; `gate_form` adds each bundle that was carried."""

    key = HiddenField(validators=[KEY])
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
    offered = HiddenField()  # the moment in UTC that the page filled in as day and time
    left_out = HiddenField()  # names of files that the phone left out: they are no pictures
    carried: Sequence[Bundle] = ()
    whole_alone = _l(
        "If they accepted or refused all of this bundle, untick it and record it separately."
    )
    recorded = ""  # the address of a colleague's record that says the same
    papers: Mapping[int, Sequence[Paper]] = MappingProxyType({})
    papers_now: Mapping[int, Sequence[Paper]] = MappingProxyType({})
    """Those of today, where the page is opened; `papers` may be those of an earlier visit."""
    removed: dict[int, list[Numbers]]
    """Sheets of withdrawn letters removed by hand, where not all were; by the bundle's id."""
    unknown = False  # whether a bundle was ticked that is not there, or is for another mission
    sent: Mapping[str, str] = MappingProxyType({})
    is_outdated = False  # whether its page asked what is not asked any more

    def validate(self, extra_validators: object = None) -> bool:
        valid = super().validate(extra_validators)
        if self.unknown:
            self.form_errors.append(
                gettext("A bundle you ticked no longer exists. Untick it and try again.")
            )
        asks = self._asks_for_moment()
        reads = self._reads_removed()
        return self._ticks_what_it_counts() and valid and not self.unknown and not asks and reads

    def _reads_removed(self) -> bool:
        ticked = self._ticked() if self.carried else ()
        problems = [words for bundle in ticked if (words := self._read_removed(bundle))]
        return not problems

    def _read_removed(self, bundle: Bundle) -> str:
        """Read which sheets were removed by hand; return what is wrong with it, on the form too."""
        name = f"removed_{bundle.id}"
        typed = self._typed(name)
        if not typed:
            return ""
        try:
            self.removed[bundle.id] = read_numbers(typed)
        except NumbersFault as fault:
            is_none = fault.fault is NumbersProblem.NONE
            problem = NumbersFault(NumbersProblem.UNREADABLE, typed) if is_none else fault
            words = say_numbers_fault(problem, cards=noun_of(bundle) is Noun.CARD)
            if name in self:
                self[name].errors = [*self[name].errors, words]
            else:
                self.form_errors.append(words)
            return words
        return ""

    def _typed(self, name: str) -> str:
        """Return what was sent, also for a field that was asked by an earlier page alone."""
        return (self[name].data or "") if name in self else self.sent.get(name, "").strip()

    def refuse(self, fields: Mapping[str, str]) -> None:
        """Say it, with what was typed of sheets removed by hand where it is not asked any more.

        A phone sends it late, and what was withdrawn may count again by then.
        """
        super().refuse({name: slug for name, slug in fields.items() if slug != "removed-wanted"})
        for bundle in self.carried[1:]:
            if fields.get(name := f"taken_{bundle.id}") in {"taken-missing", "taken-not-a-part"}:
                self[name].errors = [f"{words} {self.whole_alone}" for words in self[name].errors]
        for bundle in self.carried:
            name = f"removed_{bundle.id}"
            lost = "" if name in self else self._typed(name)
            if fields.get(name) == "removed-wanted" or (lost and f"paper_{bundle.id}" in fields):
                self.form_errors.append(self._say_lost(bundle, lost))
                self.is_outdated = True

    def _say_lost(self, bundle: Bundle, numbers: str) -> str:
        sentences = [
            gettext(
                "You recorded that these sheets were removed by hand: %(numbers)s.", numbers=numbers
            )
            if numbers
            else gettext("You recorded that sheets or names were removed by hand."),
            gettext("Since then, some of them count again."),
        ]
        can_part = any(value == DeliveryOutcome.PART for value, *_label in self.outcome.choices)
        if can_part and bundle.letter_count > 1:
            sentences.append(
                gettext(
                    "If you did not deliver those, choose “Accepted in part”. Otherwise record the "
                    "delivery again as it is."
                )
            )
        else:
            sentences.append(gettext("Check what you delivered, then record it again."))
        return (self._name(bundle) if self.carried[1:] else "") + " ".join(sentences)

    def _asks_for_moment(self) -> bool:
        """A moment that nobody touched is that of recording; where the page is older, we ask.

        It would otherwise say when the page was opened: before a stop that came meanwhile.
        """
        offered = _read_moment(self.offered.data) if self.carried else None
        if offered is None:
            return False
        zone, now = self.carried[0].zone, clock.utcnow()
        written = (self.happened_on.data, self.happened_time.data)
        if written != (clock.day_of(offered, zone), clock.time_of(offered, zone)):
            return False
        self.offered.data = now.isoformat()
        for field, moment in (
            (self.happened_on, clock.day_of(now, zone)),
            (self.happened_time, clock.time_of(now, zone)),
        ):
            field.data, field.raw_data = moment, None
        if now - offered <= _FILLED_IN_WITHIN:
            return False
        words = gettext(
            "This page is from %(moment)s, and you did not change the date and time. We have "
            "entered the current ones. Check them.",
            moment=i18n.say_moment_in_zone(offered, zone),
        )
        self.happened_time.errors = [*self.happened_time.errors, words]
        return True

    def problems(self) -> list[tuple[str, str]]:
        """Name a bundle that came along: a summary or a phone says it away from its field."""
        names = {bundle.id: self._name(bundle) for bundle in self.carried[1:]}
        problems = []
        for anchor, words in super().problems():
            of_bundle = _OF_BUNDLE.match(anchor)
            name = names.get(int(of_bundle[1]), "") if of_bundle else ""
            problems.append((anchor, words if words.startswith(name) else f"{name}{words}"))
        return problems

    @staticmethod
    def _name(bundle: Bundle) -> str:
        return f"{bundle.name}{i18n.colon(i18n.locale())}"

    def _ticks_what_it_counts(self) -> bool:
        """A number at a bundle without its tick would be lost without a word."""
        if not self.carried or self.outcome.data != DeliveryOutcome.PART:
            return True  # nothing came along, as in a correction
        fields = [(self[f"with_{bundle.id}"], bundle) for bundle in self.carried[1:]]
        odd = [tick for tick, bundle in fields if self[f"taken_{bundle.id}"].data and not tick.data]
        for tick in odd:
            words = gettext("Tick this bundle if it was delivered too, or remove its number.")
            tick.errors = (*tick.errors, words)
        return not odd

    def _ticked(self) -> list[Bundle]:
        own, *companions = self.carried
        return [own, *(bundle for bundle in companions if self[f"with_{bundle.id}"].data)]

    def bundles(self) -> list[CarriedBundle]:
        return [
            CarriedBundle(
                bundle,
                self[f"taken_{bundle.id}"].data,
                self._typed(f"paper_{bundle.id}"),
                self.removed.get(bundle.id, ()),
                _SHEETS_BACK.get(self._typed(f"sheets_{bundle.id}")),
            )
            for bundle in self._ticked()
        ]

    def asked_papers(self) -> list[str]:
        """List the fields that are asked anew: a page that lacks one of them is opened anew.

        No page has a field called `anew`: one that offers what was true before is opened anew too.
        """
        asked = [name for name in self.errors if name and name.startswith(("paper_", "sheets_"))]
        is_outdated = self.is_outdated or any(self.sent.get(name) for name in asked)
        return [*asked, "anew"] if is_outdated else asked

    def written(self) -> Json:
        return {name: self[name].data for name in RecordFacts.__slots__ if name in self}

    def happened(self) -> VisitFacts:
        """Return it with its files. Raises Invalid: a file is not what it should be."""
        outcome = DeliveryOutcome(self.outcome.data)
        return VisitFacts(outcome=outcome, files=tuple(self.redrawn()), **self.written())


def _read_moment(text: str | None) -> datetime | None:
    """Read an aware moment as `isoformat` wrote it; None where somebody else wrote it."""
    try:
        moment = datetime.fromisoformat(text or "")
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def say_recorded(attempt: DeliveryAttempt, *, names_colleagues: bool = True) -> str:
    """Say what a record says already, of which day, and whose it is."""
    happened = {
        "outcome": str(_say_outcome(attempt.outcome, attempt.bundle)),
        "day": i18n.say_day(attempt.happened_on, i18n.locale()),
    }
    by_id = attempt.visit.created_by_id if attempt.visit else None
    who = name_staff(by_id) if names_colleagues else ""
    if by_id == staff_user().id:
        sentence = gettext("You have already recorded this: %(outcome)s, %(day)s.", **happened)
    elif who:
        sentence = gettext(
            "%(who)s has already recorded this: %(outcome)s, %(day)s.", who=who, **happened
        )
    else:
        sentence = gettext("This is already recorded: %(outcome)s, %(day)s.", **happened)
    return f"{sentence} {gettext('Open the record to add to it or correct it.')}"


def ticked_ids(names: Iterable[str]) -> set[int]:
    """Ids of the bundles that came along, from the names of the fields that were sent; 0: none."""
    marked = [name.removeprefix("with_") for name in names if name.startswith("with_")]
    return {int(number) if _ID.fullmatch(number) else 0 for number in marked}


def gate_form(
    bundle: Bundle,
    companions: Sequence[Bundle],
    papers: Mapping[int, Sequence[Paper]],
    *,
    with_sheets: Collection[int],
    sent: Mapping[str, str],
    unknown: bool = False,
) -> GateForm:
    """Make the form for a bundle and those that may travel; `unknown`: others were ticked.

    `papers` are those among which one was carried, by the bundle's id; `with_sheets` the ids of
    those whose signature sheets are here, or were then; `sent` is all that came.
    """
    carried = (bundle, *companions)
    fields: dict[str, object] = {
        "carried": carried,
        "papers": papers,
        "removed": {},
        "sent": sent,
        "unknown": unknown,
    }
    for companion in carried:
        is_card = noun_of(companion) is Noun.CARD
        how_many = (
            _l("How many cards they accepted") if is_card else _l("How many letters they accepted")
        )
        fields[f"with_{companion.id}"] = BooleanField()
        fields[f"taken_{companion.id}"] = IntegerField(how_many, [Optional()])
        if papers[companion.id]:
            fields[f"paper_{companion.id}"] = _make_paper_field(companion, papers[companion.id])
        if any(len([*filter(is_letter, paper.holds)]) > 1 for paper in papers[companion.id]):
            fields[f"removed_{companion.id}"] = _make_removed_field()
        if companion.id in with_sheets and companion.letter_count:
            fields[f"sheets_{companion.id}"] = _make_sheets_field()
    form_class = cast("type[GateForm]", type("CarriedGateForm", (GateForm,), fields))
    now, zone = clock.utcnow(), bundle.zone
    # No other bundle is ticked: what nobody looked at would be recorded as delivered, and its
    # people told at once.
    form = form_class(
        data={
            "key": secrets.token_urlsafe(24),
            "happened_on": clock.day_of(now, zone),
            "happened_time": clock.time_of(now, zone),
            "offered": now.isoformat(),
            "place": ", ".join(bundle.mission.address) if bundle.mission else "",
        }
    )
    form.speak_of(bundle)
    form.outcome.choices = choices(_list_outcomes(bundle))
    return form


def _make_paper_field(bundle: Bundle, papers: Sequence[Paper]) -> RadioField:
    check = gettext("Check whether the names that no longer count can still be read on the lists.")
    if len({paper.number for paper in papers}) == 1 and not any(paper.removed for paper in papers):
        compare = check
    elif not bundle.letter_count:
        compare = gettext(
            "Compare the names on the lists, and the number of people in the cover letter. If you "
            "cannot tell, choose the last print that was made before you left."
        )
    elif noun_of(bundle) is Noun.CARD:
        compare = gettext(
            "Count the cards, or compare the check code on the papers that go with them."
        )
    else:
        compare = gettext(
            "Count the letters, or compare the check code on the papers that go with them."
        )
    if compare != check and any(paper.unreadable for paper in papers):
        compare = f"{compare} {check}"
    return RadioField(
        _l("Which print did you have?"),
        [Optional()],
        description=compare,
        choices=choices(
            (paper.value, " ".join(say_paper(bundle, paper, papers))) for paper in papers
        ),
        validate_choice=False,  # `find_paper` asks again, and says what has changed
    )


def _make_removed_field() -> LineField:
    return LineField(
        _l("Numbers of the sheets you removed"),
        limit=LONGEST,
        description=_l(
            "Only if you removed some of the sheets that must not go, and not all. The others are "
            "then recorded as delivered with the rest."
        ),
    )


def _make_sheets_field() -> RadioField:
    return RadioField(
        _l("What happened to the signature sheets?"),
        [Optional()],
        choices=choices([("accepted", _l("They were accepted")), ("back", _l("They came back"))]),
        validate_choice=False,  # `record_visit` asks
    )


def _say_outcome(outcome: DeliveryOutcome, bundle: Bundle | None) -> object:
    if outcome is DeliveryOutcome.STOPPED:
        return pgettext("letters", "Not delivered: stopped")
    if bundle is None or outcome is not DeliveryOutcome.ACCEPTED:
        return OUTCOMES[outcome]
    if not bundle.letter_count:
        return _l("Accepted")  # sheets alone
    return _l("Accepted all cards") if noun_of(bundle) is Noun.CARD else OUTCOMES[outcome]


def _list_outcomes(bundle: Bundle) -> Iterator[tuple[str, object]]:
    for outcome in OUTCOMES:
        # What goes by post leads to no gate; most is posted, some is sent by courier.
        if bundle.mission is not None or outcome in SENT:
            yield outcome.value, _say_outcome(outcome, bundle)
    if is_stopped(bundle.campaign.status):
        yield DeliveryOutcome.STOPPED.value, _say_outcome(DeliveryOutcome.STOPPED, bundle)


class CorrectForm(EditConflictForm, GateForm):
    """What can be corrected of a record; how it ended cannot."""

    key = outcome = camera = pictures = receipt = offered = left_out = None
    sure = BooleanField(_l("They were still posted on this day"))

    @classmethod
    def of(cls, visit: GateVisit) -> "CorrectForm":
        form = cls(data=facts_of(visit).as_data())
        if not has_tracking(visit):
            del form.tracking
        if bundle := next((attempt.bundle for attempt in visit.attempts if attempt.bundle), None):
            form.speak_of(bundle)
        return form

    def facts(self) -> RecordFacts:
        return RecordFacts(**self.written())
