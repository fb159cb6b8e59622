"""The forms of a mission, an official and the posts that one holds, and of their lists."""

from collections.abc import Callable
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, SelectChoice, SelectField, StringField, TextAreaField
from wtforms.validators import Length, Optional, ValidationError

from campaign.core import i18n
from campaign.core.settings import home_country
from campaign.core.text.desk_texts import split_lines
from campaign.core.time_zones import all_zones, zone_of
from campaign.directory.countries import country_code
from campaign.directory.desk.address_form import (
    AddressForm,
    country_field,
    day_field,
    form_with,
    kept_field,
    text_field,
)
from campaign.directory.desk.blueprint import KIND_LABELS
from campaign.directory.entry_fields import MissionDraft, OfficialDraft
from campaign.directory.officials import of_the_office
from campaign.directory.postal_addresses import address_lines
from campaign.models.directory import Membership, Mission, MissionKind, Official
from campaign.printing.check_letters import check_address
from campaign.printing.geometry import layout_for
from campaign.web.edit_conflict import EditConflictForm
from campaign.web.form_base import SiteForm
from campaign.web.form_fields import DayField, clean_lines, stripped


class MissionForm(AddressForm):
    address_country = "host_country"
    kind = SelectField(
        _l("Kind"), choices=[SelectChoice(kind.value, label) for kind, label in KIND_LABELS.items()]
    )
    sending_country = country_field(
        _l("Sending country"),
        required=_l("Choose the country that sends the mission."),
        senders=True,
    )
    host_country = country_field(
        _l("Host country"), required=_l("Choose the country where the mission is.")
    )
    accredited = TextAreaField(
        _l("Other countries this mission is responsible for"),
        [Optional(), clean_lines],
        filters=[stripped],
        description=_l("One country on each line."),
    )
    head_of_mission = kept_field(Mission, "head_of_mission")
    hours = kept_field(
        Mission,
        "hours",
        description=_l("When someone is there, for example “Monday to Friday, 9 to 12”."),
    )
    door_notes = TextAreaField(
        _l("Access notes"),
        [
            Optional(),
            clean_lines,
            Length(max=2000, message=_l("Shorten this to %(max)d characters.", max=2000)),
        ],
        filters=[stripped],
        description=_l("What your colleagues should know before they go. We keep this encrypted."),
    )
    timezone = SelectField(
        _l("Time zone"),
        default="",
        description=_l(
            "We use this time zone for the dates and times of deliveries. Choose "
            "another one if it is wrong."
        ),
    )
    last_checked_on = day_field(_l("Last checked on"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        host, city = self.host_country.data, self.locality.data
        place = zone_of(host, city or "") if host else ""
        own = _("The time zone of its city and country")
        self.timezone.choices = [
            SelectChoice(
                "", f"{own}{i18n.colon(i18n.locale())}{i18n.say_zone(place)}" if place else own
            ),
            *(SelectChoice(zone, i18n.say_zone(zone)) for zone in all_zones()),
        ]

    def validate_address(self, field: Field) -> None:
        """It stands below official, office and mission, all in an envelope's window."""
        layout = layout_for(self.host_country.data or "")
        name = max(self.words("name").values(), key=len, default="")
        parts = self.address_parts()
        lines = address_lines(
            country=self.host_country.data or "",
            street=parts["address"],
            locality=parts["locality"],
            region=parts["region"],
            postal_code=parts["postal_code"],
            # The letter is posted from the organisation's country: abroad its name comes below.
            country_name="" if self.host_country.data == home_country() else "-",
        )
        if check_address(("", "", name, *lines), layout):
            raise ValidationError(
                _("Below the names, this does not fit in the envelope window. Shorten it.")
            )

    def validate_accredited(self, field: Field) -> None:
        for name in split_lines(field.data or ""):
            if country_code(name, i18n.locale()) is None:
                raise ValidationError(
                    _(
                        "We do not know the country “%(name)s”. Enter its name as in the list "
                        "of countries, or its two-letter code.",
                        name=name[:80],
                    )
                )

    def validate_last_checked_on(self, field: Field) -> None:
        if field.data and field.data > i18n.today_at_home():
            raise ValidationError(_("This date is in the future. Enter today or an earlier date."))

    def validate(self, extra_validators: object = None) -> bool:
        """Letters, lists and labels print the name of the mission above its address."""
        is_valid = bool(super().validate(extra_validators))
        if not any(self.words("name").values()):
            _code, (first,) = self.word_rows()[0]
            message = _("Enter the name of the mission in at least one language.")
            first.errors = [*first.errors, message]
            return False
        return is_valid

    def draft(self) -> MissionDraft:
        names, host = split_lines(self.accredited.data or ""), self.host_country.data
        codes = {country_code(name, i18n.locale()) for name in names}
        return MissionDraft(
            kind=MissionKind(self.kind.data),
            name=self.words("name"),
            sending_country=self.sending_country.data,
            host_country=host,
            accredited_to=sorted(code for code in codes if code and code != host),
            last_checked_on=self.last_checked_on.data,
            contacts=self.contacts(),
            **self.texts("head_of_mission", "hours", "door_notes", "timezone"),
            **self.address_parts(),
        )


class ListFilter(SiteForm):
    class Meta:
        csrf = False


class MissionFilter(ListFilter):
    q = StringField(_l("Name, city or head of mission"), filters=[stripped])
    sending = SelectField(_l("Sending country"), validate_choice=False)
    host = SelectField(_l("Host country"), validate_choice=False)
    stale = BooleanField(_l("Not checked for a year"))


def mission_form(kept: MissionDraft | None = None) -> MissionForm:
    form = form_with(
        MissionForm,
        words={
            "name": lambda: text_field(
                _l("Name of the mission"), 200, description=_l("“Embassy of Mexico in Ottawa”")
            )
        },
        kept=kept,
    )
    if kept and not form.is_submitted():
        form.kind.data = kept.kind.value
    return form


_WORDS: dict[str, Callable[[], Field]] = {
    "office": lambda: text_field(_l("Office"), 200),
    "salutation": lambda: text_field(
        _l("Salutation"), 200, description=_l("First line of the letter, for example “Excellency:”")
    ),
    "close": lambda: text_field(
        _l("Close"), 200, description=_l("Last line of the letter, for example “Yours sincerely,”")
    ),
}


class OfficialForm(AddressForm):
    address_country = "country"
    name = text_field(
        _l("Full name"),
        200,
        description=_l(
            "With titles, as on an envelope. Leave it empty for an office without a name."
        ),
    )
    given_name = kept_field(Official, "given_name")
    family_name = kept_field(Official, "family_name")
    country = country_field(_l("Country"), required=_l("Choose the country of this official."))
    preferred_locale = SelectField(
        _l("Preferred language"),
        choices=lambda: [SelectChoice(code, i18n.language_name(code)) for code in i18n.languages()],
    )

    def validate(self, extra_validators: object = None) -> bool:
        """A letter needs somebody to go to: a name, or an office in one language."""
        is_valid = bool(super().validate(extra_validators))
        if not self.name.data and not any(self.words("office").values()):
            self.name.errors = [
                *self.name.errors,
                _("Enter a name, or the office in at least one language."),
            ]
            return False
        return is_valid

    def draft(self) -> OfficialDraft:
        return OfficialDraft(
            office=self.words("office"),
            salutation=self.words("salutation"),
            close=self.words("close"),
            country=self.country.data,
            preferred_locale=self.preferred_locale.data,
            contacts=self.contacts(),
            **self.texts("name", "given_name", "family_name"),
            **self.address_parts(),
        )


class OfficialFilter(ListFilter):
    q = StringField(_l("Name, office or place"), filters=[stripped])
    country = SelectField(_l("Country"), validate_choice=False)
    left = BooleanField(_l("Left office, but campaigns still write to them"))


def official_form(kept: OfficialDraft | None = None) -> OfficialForm:
    return form_with(OfficialForm, words=_WORDS, kept=kept)


_SENTENCES = {"before-first": _l("The last day is before the first. Correct one of them.")}


class DaysForm(EditConflictForm):
    """From when until when somebody held each post; `days_form` adds two fields a post."""

    sentences = _SENTENCES
    numbers: tuple[int, ...] = ()

    def days(self) -> dict[int, tuple[date | None, date | None]]:
        return {
            number: (self[f"from_{number}"].data, self[f"until_{number}"].data)
            for number in self.numbers
        }


def days_form(memberships: list[Membership]) -> DaysForm:
    fields: dict[str, DayField] = {}
    data: dict[str, date | None] = {}
    for held in memberships:
        post = i18n.words_in(held.post.label, i18n.locale()) + i18n.colon(i18n.locale())
        fields[f"from_{held.id}"] = day_field(post + _("In office since"))
        fields[f"until_{held.id}"] = day_field(post + _("In office until"))
        data |= {f"from_{held.id}": held.started_on, f"until_{held.id}": held.ended_on}
    form: DaysForm = type("PostDaysForm", (DaysForm,), fields)(data=data)
    form.numbers = tuple(held.id for held in memberships)
    return form


class SuccessorDay(SiteForm):
    on = day_field(
        _l("Takes over on"), needed=_l("Enter the day on which the new person takes over.")
    )

    def validate_on(self, field: Field) -> None:
        """Campaigns follow at once: who takes over later is no recipient yet."""
        if field.data and field.data > i18n.today_at_home():
            raise ValidationError(
                _("This day has not come yet. Enter the change on that day or later.")
            )

    def day(self) -> date:
        assert self.on.data is not None
        return self.on.data


class SuccessorForm(SuccessorDay, OfficialForm):
    """Who comes after, and when."""


def successor_form(predecessor: Official, draft: OfficialDraft, today: date) -> SuccessorForm:
    """Make the form of a new person in that office: what belongs to the office is filled in."""
    form = form_with(SuccessorForm, words=_WORDS, kept=of_the_office(predecessor, draft))
    if not form.is_submitted():
        form.on.data = today
    return form
