"""What the forms of officials and missions share: an address, words per language, contacts.

Words per language and rows of contacts are plain fields, `office_fr` and `contact_2_value`: they
work without scripts, and every error stands by its field.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple, fields
from typing import Any, ClassVar, NamedTuple, TypedDict, TypeVar

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from wtforms import Field, Form, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from campaign.core import db, i18n
from campaign.core.text.desk_texts import split_lines
from campaign.directory import where_used
from campaign.directory.contacts import VALUE_LENGTH, clean_value
from campaign.directory.desk.blueprint import CONTACT_LABELS, say_rewritten
from campaign.directory.edit_entries import Unaddressed
from campaign.directory.entry_fields import (
    CONTACT_TYPES,
    LABELS,
    Contact,
    EntryModel,
    MissionDraft,
    OfficialDraft,
    limit_of,
)
from campaign.directory.postal_addresses import address_problems
from campaign.directory.risk_flags import RisksUnseen, SpoilsOpenings, say_gap
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.directory import Mission
from campaign.staff.desk_access import staff_user
from campaign.web.edit_conflict import EditConflictForm
from campaign.web.form_fields import DayField, choices, clean_line, clean_lines, stripped
from campaign.web.meant_field import MeantField, ask

F = TypeVar("F", bound="AddressForm")
EMPTY_ROWS = 2
_MAX_ROWS = 30
_MAX_LINES = 6
_LINE_LENGTH = 100
_ROW = re.compile(r"contact_([0-9]{1,2})_value")
_CONTACT_FIELDS = ("type", "value", "note", "from", "until")


def say_risks(problem: RisksUnseen) -> str:
    """Ask before such an entry is saved, and say what saving it undoes."""
    sentences = []
    if problem.is_public:
        sentences.append(
            _(
                "A public campaign names this entry. Its risk flags do not allow some of these "
                "words."
            )
        )
    elif problem.is_flagged:
        sentences.append(
            _(
                "A scheduled campaign names this entry. Its risk flags do not allow some of these "
                "words."
            )
        )
    if problem.rewritten:
        names = _name_campaigns(problem.rewritten)
        sentences.append(_("This changes the approved letters of %(campaigns)s.", campaigns=names))
    if problem.letters:
        sentences.append(say_rewritten(problem.letters))
    if problem.cancels_opening:
        sentences.append(
            _("If you save, the campaign no longer opens as scheduled. It needs approval again.")
        )
    return " ".join(sentences)


_AT_FIELDS = {
    "mission-unchecked": "last_checked_on",
    "no-address": "address",
    "no-post-address": "address",
    "copy-without-address": "address",
}


def list_spoiled(problem: SpoilsOpenings) -> list[str]:
    """Say which campaigns could not open, and how to mend it."""
    return list(dict.fromkeys(words for _field, words in _list_spoiled(problem)))


def _list_spoiled(problem: SpoilsOpenings) -> Iterator[tuple[str, str]]:
    for naming in problem.namings:
        campaign = naming.campaign
        names = where_used.hide_other_teams(db.session(), [campaign.reference], staff_user())
        for gap in naming.gaps:
            yield _AT_FIELDS.get(gap.slug, ""), _say_spoiled(campaign, gap, names)


def _say_spoiled(campaign: Campaign, gap: Any, names: list[str]) -> str:
    if names != [campaign.reference]:
        return _(
            "After this change, a scheduled campaign of another team could not open automatically. "
            "Leave this as it was, or ask an admin to cancel the opening first."
        )
    at = campaign.open_at
    opens = _(
        "After this change, %(campaign)s could not open automatically on %(moment)s.",
        campaign=campaign.reference,
        moment=i18n.say_moment_in_zone(at, campaign.timezone) if at else "",
    )
    mend = _("Correct this, or cancel the opening of the campaign first.")
    return Markup(" ").join((opens, say_gap(campaign, gap), mend))


def _name_campaigns(references: list[str]) -> str:
    shown = where_used.hide_other_teams(db.session(), references, staff_user())
    return i18n.comma(i18n.locale()).join(shown)


def text_field(label: object, length: int, *, description: object = "") -> StringField:
    long = Length(max=length, message=_l("Shorten this to %(max)d characters.", max=length))
    checks = [Optional(), long, clean_line]
    return StringField(label, checks, filters=[stripped], description=description)


def kept_field(model: EntryModel, name: str, *, description: object = "") -> StringField:
    return text_field(LABELS[name], limit_of(model, name), description=description)


def day_field(label: object, *, needed: object = None) -> DayField:
    """Make a field for any day; may stay empty unless `needed` says what to do."""
    asked = _l("Enter the date as year, month and day: 2026-11-24.")
    return DayField(label, needed=needed, asked=asked, any_year=True)


def country_field(label: object, *, required: object, senders: bool = False) -> SelectField:
    """Make a choice of countries; with `senders`, also of what has embassies and is no country."""
    offered = i18n.senders if senders else i18n.countries
    return SelectField(
        label, [InputRequired(required)], choices=lambda: choices((("", ""), *offered()))
    )


class AddressValues(TypedDict):
    address: list[str]
    locality: str
    region: str
    postal_code: str


class ContactFields(NamedTuple):
    type: Field
    value: Field
    note: Field
    start: Field
    end: Field


_NEEDED = {
    CampaignStatus.OPEN: _l(
        "Letters of %(campaigns)s in this language need this text. Enter a text here, or close "
        "the campaign first."
    ),
    CampaignStatus.SCHEDULED: _l(
        "Letters of %(campaigns)s in this language need this text. Enter a text here, or cancel "
        "the opening of the campaign first."
    ),
}


class AddressForm(EditConflictForm):
    address = TextAreaField(
        _l("Street (up to six lines)"), [Optional(), clean_lines], filters=[stripped]
    )
    locality = kept_field(Mission, "locality")
    region = kept_field(Mission, "region")
    postal_code = kept_field(Mission, "postal_code")
    risks_seen = MeantField(_l("Continue anyway"))
    address_country: ClassVar[str]  # name of the field with the country in which the address is
    contact_numbers: tuple[int, ...] = ()
    word_fields: tuple[str, ...] = ()

    def ask_about_risks(self, problem: RisksUnseen) -> None:
        ask(problem.keys)
        self.risks_seen.errors = [say_risks(problem)]

    def refuse_spoiled(self, problem: SpoilsOpenings) -> None:
        for name, words in dict.fromkeys(_list_spoiled(problem)):
            if name in self:
                self[name].errors = [*self[name].errors, words]
            else:
                self.form_errors.append(words)

    def refuse_unaddressed(self, problem: Unaddressed) -> None:
        """Name the campaigns, by their status, whose letters need what was emptied."""
        for name, campaigns in problem.campaigns.items():
            field = self[_key(name)]
            for status, sentence in _NEEDED.items():
                if uses := [each.reference for each in campaigns if each.status is status]:
                    needed = str(sentence) % {"campaigns": _name_campaigns(uses)}
                    field.errors = [*field.errors, needed]

    def validate_address(self, field: Field) -> None:
        """Six lines at most: an envelope's window shows no more."""
        lines = split_lines(field.data or "")
        if len(lines) > _MAX_LINES:
            raise ValidationError(_("Use at most six lines. The envelope window shows no more."))
        if any(len(line) > _LINE_LENGTH for line in lines):
            raise ValidationError(_("Shorten each line to 100 characters."))

    def validate_postal_code(self, field: Field) -> None:
        country, code = self[self.address_country].data or "", field.data or ""
        for problem in address_problems(
            country=country, street=[], locality="", region="", postal_code=code
        ):
            if problem.certain:
                raise ValidationError(
                    _(
                        "This postal code does not match the country. Enter one like this: "
                        "%(example)s.",
                        example=problem.example,
                    )
                    if problem.example
                    else _("This postal code does not match the country. Correct one of them.")
                )

    def contact_rows(self) -> list[ContactFields]:
        return [
            ContactFields(*(self[f"contact_{number}_{name}"] for name in _CONTACT_FIELDS))
            for number in self.contact_numbers
        ]

    def contacts(self) -> tuple[Contact, ...]:
        """Return what the rows say; an empty one says nothing."""
        return tuple(
            Contact(row.type.data, value, row.note.data or "", row.start.data, row.end.data)
            for row in self.contact_rows()
            if (value := clean_value(row.type.data, row.value.data or ""))
        )

    def words(self, name: str) -> dict[str, str]:
        """Return what was said per language, an empty text included: it removes that language's."""
        return {code: self[f"{name}_{_key(code)}"].data or "" for code in self.locales}

    def word_rows(self) -> list[tuple[str, list[Field]]]:
        return [
            (code, [self[f"{name}_{_key(code)}"] for name in self.word_fields])
            for code in self.locales
        ]

    def texts(self, *names: str) -> dict[str, Any]:
        return {name: self[name].data or "" for name in names}

    def address_parts(self) -> AddressValues:
        return {
            "address": split_lines(self.address.data or ""),
            "locality": self.locality.data or "",
            "region": self.region.data or "",
            "postal_code": (self.postal_code.data or "").upper(),
        }


def form_with(
    base: type[F],
    *,
    words: dict[str, Callable[[], Field]],
    kept: MissionDraft | OfficialDraft | None = None,
) -> F:
    """Make a form of `base` with words per language (and what makes their fields) and contacts."""
    locales = tuple(i18n.languages())
    numbers = _number_rows(len(kept.contacts) if kept else 0)
    fields: dict[str, object] = {
        "locales": locales,
        "word_fields": tuple(words),
        "contact_numbers": numbers,
    }
    for name, make in words.items():
        fields |= {f"{name}_{_key(code)}": make() for code in locales}
    for number in numbers:
        fields |= _make_contact_fields(number)
    data = _get_form_data(kept, words, locales) if kept else {}
    form: F = type(base.__name__, (base,), fields)(data=data)
    for code in locales[1:]:
        for name in words:
            # What a field is for is said once, with the first language.
            form[f"{name}_{_key(code)}"].description = ""
    return form


def _get_form_data(
    kept: MissionDraft | OfficialDraft, words: Iterable[str], locales: Iterable[str]
) -> dict[str, object]:
    data: dict[str, object] = {field.name: getattr(kept, field.name) for field in fields(kept)}
    data["address"] = "\n".join(kept.address)
    if isinstance(kept, MissionDraft):
        data["accredited"] = "\n".join(i18n.country_name(code) for code in kept.accredited_to)
    for name in words:
        texts = getattr(kept, name)
        data |= {f"{name}_{_key(code)}": texts.get(code, "") for code in locales}
    for number, contact in enumerate(kept.contacts, 1):
        for name, value in zip(_CONTACT_FIELDS, astuple(contact), strict=True):
            data[f"contact_{number}_{name}"] = value
    return data


def _number_rows(kept: int) -> tuple[int, ...]:
    """Number as many rows as were sent, or as there are contacts and some empty ones."""
    sent = [int(match[1]) for name in request.form if (match := _ROW.fullmatch(name))]
    count = max(sent) if sent else kept + EMPTY_ROWS
    return tuple(range(1, min(count, _MAX_ROWS) + 1))


def _make_contact_fields(number: int) -> dict[str, object]:
    start = f"contact_{number}"
    kinds = choices((kind, CONTACT_LABELS[kind]) for kind in CONTACT_TYPES)

    def check_value(form: Form, field: Field) -> None:
        if field.data and clean_value(form[f"{start}_type"].data, field.data) is None:
            raise ValidationError(
                _("This is incomplete or does not match the kind you chose. Correct it.")
            )

    def check_days(form: Form, field: Field) -> None:
        first = form[f"{start}_from"].data
        if first and field.data and field.data < first:
            raise ValidationError(_("The last day is before the first. Correct one of them."))

    return {
        f"{start}_type": SelectField(_l("Kind"), choices=kinds, default=CONTACT_TYPES[0]),
        f"{start}_value": text_field(_l("Address or number"), VALUE_LENGTH),
        f"{start}_note": text_field(_l("Note"), 300),
        f"{start}_from": day_field(_l("Valid from")),
        f"{start}_until": day_field(_l("Valid until")),
        f"validate_{start}_value": check_value,
        f"validate_{start}_until": check_days,
    }


def _key(code: str) -> str:
    return code.replace("-", "_").lower()
