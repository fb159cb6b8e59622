"""Forms of sheets and of files of signatures, and the sentences for what is wrong in them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField, Field, RadioField, SelectChoice, SelectField, StringField
from wtforms.validators import InputRequired, NumberRange, Optional

from campaign.campaigns.desk.blueprint import name_person
from campaign.campaigns.desk.forms import SENTENCES
from campaign.core import i18n
from campaign.models.campaign import Campaign
from campaign.models.paper_signature import PaperRow, PaperSheet, RowVerdict, SheetKind
from campaign.paper_signatures.check_row import FIELDS, TICKS
from campaign.paper_signatures.read_file import RowFault
from campaign.paper_signatures.row_signatures import locale_of
from campaign.signing.clean_text import Problem
from campaign.signing.form.forms import describe_problem
from campaign.web.edit_conflict import EditConflictForm
from campaign.web.form_base import DeskForm
from campaign.web.form_fields import DayField, IntegerField, LineField, choices

_OWN: dict[str, Callable[[], str]] = {
    "give-name": lambda: gettext("Enter the name. We do not count a row without one."),
    "place-missing": lambda: gettext("Enter the town or the postal code."),
    "news-needs-email": lambda: gettext(
        "News goes by email. Enter the email address, or clear the box."
    ),
    "choose-country": lambda: gettext("Choose the country."),
    "country-unknown": lambda: gettext(
        "We do not recognize this country. Enter its name or its two-letter code."
    ),
    "tick-unclear": lambda: gettext(
        "Write yes or no: only a clear yes counts. Or leave out this column."
    ),
    "row-number": lambda: gettext("Enter the number of the row on the sheet: 1, 2, 3 …"),
    "row-taken": lambda: gettext(
        "This sheet already has a row with this number. Enter another number, or correct that row."
    ),
    "formula": lambda: gettext(
        "This starts like a spreadsheet formula. Remove the sign at the start."
    ),
}


def say_fault(fault: RowFault) -> str:
    if fault.sentence:
        return gettext(fault.sentence) % dict(fault.data)
    return say_problem(Problem(fault.slug, fault.data))


def say_problem(problem: Problem) -> str:
    own = _OWN.get(problem.slug)
    return own() if own else describe_problem(problem)


KINDS = {
    SheetKind.SHEET: _l("A sheet signed by several people"),
    SheetKind.CARD: _l("Cards, one for each person"),
}
_FACTS = ("kind", "collected_on", "place", "country", "locale", "rows_by_hand")
_WORDS = {
    "no-paper-now": _l("You cannot add paper signatures to this campaign now."),
    "day-to-come": _l("This date is in the future. Enter today or an earlier date."),
    "day-long-before": _l(
        "This is more than half a year before the date on which the campaign was issued. Check the "
        "year, or that date under “Facts”."
    ),
    "scan-too-big": _l("The scan is too large. Choose one of at most 12 MB and 60 million pixels."),
    "not-a-scan": _l("Choose a picture (JPEG, PNG or WebP) or a PDF."),
    "pdf-not-drawn": _l(
        "We cannot show this PDF. It may be locked or damaged. Scan the paper again."
    ),
    "scans-too-many": _l("You can attach at most twelve scans."),
    "scan-missing": _l("Choose a file."),
    "meaning-twice": _l("Two columns have the same meaning. Leave one of them out."),
    "name-twice": _l("Choose either the full name, or the given name and family name."),
    "name-missing": _l("Choose the column with the name."),
    "place-missing": _l("Choose the column with the town or the postal code."),
}


class PaperForm(DeskForm):
    sentences = {**SENTENCES, **_WORDS}  # noqa: RUF012 — nobody writes to it


def language_field() -> SelectField:
    return SelectField(
        _l("Language"),
        [InputRequired(_l("Choose a language from the list."))],
        choices=lambda: choices(
            [
                ("", _l("Choose")),
                *((code, i18n.language_name(code, i18n.locale())) for code in i18n.languages()),
            ]
        ),
        description=_l("The language of the text that people signed. We email them in it."),
    )


class SheetForm(PaperForm):
    campaign = SelectField(_l("Campaign"), [InputRequired(_l("Choose the campaign."))])
    kind = RadioField(
        _l("What you have in front of you"),
        choices=choices((kind.value, words) for kind, words in KINDS.items()),
        default=SheetKind.SHEET.value,
    )
    collected_on = DayField(_l("Date people signed"), needed=_l("Enter the date."))
    place = LineField(
        _l("Place where people signed"),
        limit=200,
        description=_l("For example: table at the market, Hull."),
    )
    country = SelectField(
        _l("Country"), description=_l("New rows start with this country."), validate_choice=True
    )
    locale = language_field()
    rows_by_hand = IntegerField(
        _l("Signatures counted by hand"),
        [Optional(), NumberRange(0, 5000, _l("Enter a number from 0 to 5,000."))],
        description=_l("The page then shows how many signatures you still have to enter."),
    )
    scan = FileField(
        _l("Scan"),
        description=_l("JPEG, PNG, WebP, TIFF or PDF, up to 12 MB. We keep it encrypted."),
    )

    @classmethod
    def for_new(cls, takers: Sequence[Campaign], chosen: str) -> "SheetForm":
        form = cls(data={"campaign": chosen, "kind": SheetKind.SHEET.value})
        form.campaign.choices = _list_campaigns(takers)
        form.country.choices = choices(i18n.countries())
        return form

    def facts(self) -> dict[str, Any]:
        facts = {name: self[name].data for name in _FACTS}
        return facts | {"kind": SheetKind(self.kind.data)}


class EditSheetForm(EditConflictForm, SheetForm):
    campaign = scan = None

    @classmethod
    def of(cls, sheet: PaperSheet) -> "EditSheetForm":
        facts = {name: getattr(sheet, name) for name in _FACTS}
        form = cls(data=facts | {"kind": sheet.kind.value, "locale": locale_of(sheet)})
        none = [] if sheet.country else [("", _l("No country"))]
        form.country.choices = choices([*none, *i18n.countries()])
        return form


class RowForm(EditConflictForm):
    """What one row says now and what was keyed in instead; `sheet.html` has its fields."""

    number = StringField(_l("Row"))
    given_name = StringField(_l("Given name"))
    family_name = StringField(_l("Family name"))
    locality = StringField(_l("Town"))
    postal_code = StringField(_l("Postal code"))
    country = SelectField(_l("Country"))
    email = StringField(_l("Email address"))
    news = BooleanField(_l("News"))
    network = BooleanField(_l("New actions"))
    removed = BooleanField(_l("Removed"))

    @classmethod
    def of(cls, row: PaperRow, values: Mapping[str, str]) -> "RowForm":
        ticks = {name: bool(values.get(name)) for name in TICKS}
        form = cls(
            data={name: values.get(name, "") for name in ("number", *FIELDS)}
            | ticks
            | {"removed": row.verdict is RowVerdict.REMOVED}
        )
        form.country.choices = choices(i18n.countries())
        return form

    def anchor_of(self, field: Field) -> str:
        return "" if field is self.removed else f"{field.id}-0"

    def take(self, typed: Mapping[str, str]) -> None:
        for name in ("number", *FIELDS):
            self[name].data = typed.get(name, "")
        for name in TICKS:
            self[name].data = bool(typed.get(name))


class ScanForm(PaperForm):
    scan = FileField(
        _l("Scan"),
        description=_l("JPEG, PNG, WebP, TIFF or PDF, up to 12 MB. We keep it encrypted."),
    )


class UploadForm(PaperForm):
    campaign = SelectField(_l("Campaign"), [InputRequired(_l("Choose the campaign."))])
    file = FileField(
        _l("File"), description=_l("XLSX, XLS, ODS or CSV, up to 12 MB and 20,000 rows.")
    )

    def say_fault(self, sentence: str) -> None:
        self.file.errors = [*self.file.errors, sentence]

    @classmethod
    def with_campaigns(cls, takers: Sequence[Campaign], chosen: str) -> "UploadForm":
        form = cls(data={"campaign": chosen})
        form.campaign.choices = _list_campaigns(takers)
        return form


class MappingForm(PaperForm):
    """What holds for all rows of a file; the meanings of columns are read beside it."""

    on_paper = RadioField(
        _l("Where these signatures come from"),
        choices=choices(
            [
                ("paper", _l("From paper: we have the sheets or cards")),
                ("elsewhere", _l("From elsewhere: another site, or a list without paper")),
            ]
        ),
        default="paper",
    )
    collected_on = DayField(_l("Date people signed"), needed=_l("Enter the date."))
    place = LineField(_l("Place where people signed"), limit=200)
    country = SelectField(_l("Country"), description=_l("For rows without a country."))
    locale = language_field()


def _list_campaigns(campaigns: Sequence[Campaign]) -> list[SelectChoice]:
    named = ((each.slug, f"{each.reference} · {name_person(each)}") for each in campaigns)
    return choices([("", _l("Choose")), *named])
