"""Forms of a campaign's facts, texts, updates and status."""

from collections.abc import Sequence
from datetime import date
from typing import Any, cast

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, FileField, HiddenField, RadioField, SelectField
from wtforms.validators import ValidationError

from campaign.campaigns.campaigns import Facts
from campaign.campaigns.content.editions import Texts
from campaign.campaigns.content.updates import WRITTEN_BY_HAND
from campaign.campaigns.desk.sentences import CampaignForm, make_form
from campaign.campaigns.desk.update_fields import post_fields
from campaign.campaigns.themes import theme_name, themes_by_name
from campaign.core import db, i18n
from campaign.core.text.desk_texts import lines
from campaign.core.time_zones import all_zones
from campaign.models.campaign import Campaign, LetterFormat, UpdateKind
from campaign.web.form_fields import (
    CheckboxesField,
    DayField,
    LineField,
    TextField,
    choices,
    each_within,
)

ASKS, ASK_LENGTH = 8, 300

FORMATS = {
    LetterFormat.LETTER: _l("A one-page letter"),
    LetterFormat.CARD: _l("A card, four per sheet"),
}
KINDS = {
    UpdateKind.FURTHER_INFORMATION: _l("Further information"),
    UpdateKind.GOOD_NEWS: _l("Good news"),
    UpdateKind.STOP: _l("Stop"),
    UpdateKind.DELIVERY: _l("Delivered"),
    UpdateKind.REPLY: _l("Reply"),
    UpdateKind.OUTCOME: _l("Outcome"),
}


_TYPED = (
    "reference",
    "index_number",
    "country",
    "person_name",
    "person_died",
    "person_pronouns",
    "issued_on",
    "act_by",
    "timezone",
    "default_locale",
)
"""Facts that the form has as the campaign has them."""


class FactsForm(CampaignForm):
    based_on = HiddenField()
    reference = LineField(
        _l("Reference"),
        limit=40,
        needed=_l("Enter the reference people use, for example UA 58/20."),
        description=_l(
            "The reference people use, for example UA 58/20. It becomes part of the page’s address."
        ),
    )
    index_number = LineField(_l("Index number"), limit=40)
    country = SelectField(_l("Country"))
    format = RadioField(_l("What people sign"))
    person_name = LineField(
        _l("Person"), limit=200, needed=_l("Enter the person’s name as the case sheet gives it.")
    )
    person_died = BooleanField(
        _l("This person has died"),
        description=_l("People then write a letter about this person, not for them."),
    )
    person_pronouns = LineField(
        _l("Pronouns"),
        limit=40,
        description=_l("The pronouns this person uses. Leave this empty if you do not know them."),
    )
    themes = CheckboxesField(
        _l("Themes"),
        description=_l(
            "People find the action by its themes. Network members choose the themes they "
            "get emails about."
        ),
    )
    issued_on = DayField(_l("Issued on"))
    act_by = DayField(
        _l("Deadline"),
        description=_l(
            "The deadline passes when the day has ended everywhere on Earth: at 12:00 UTC "
            "on the next day."
        ),
    )
    timezone = SelectField(
        _l("Time zone"), description=_l("The times of this campaign are shown in this time zone.")
    )
    default_locale = SelectField(
        _l("Main language"),
        description=_l("Readers see this language if there is no text in their own."),
    )
    letter_locales = CheckboxesField(
        _l("Languages of the letters"),
        description=_l("The languages the officials read and people write in."),
    )
    risks_seen = BooleanField(_l("Save it anyway"))
    follows = SelectField(
        _l("Further information on"),
        description=_l("The earlier campaign that this one continues."),
    )

    def __init__(self, followable: Sequence[Campaign], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._ids = {campaign.slug: campaign.id for campaign in followable}
        named = [(code, i18n.language_name(code, i18n.locale())) for code in i18n.languages()]
        self.country.choices = choices([("", _l("Choose a country")), *i18n.countries()])
        self.format.choices = choices((kind.value, words) for kind, words in FORMATS.items())
        self.themes.choices = choices(_add_kept(themes_by_name(), self.themes.object_data))
        self.timezone.choices = choices((zone, i18n.say_zone(zone)) for zone in all_zones())
        self.default_locale.choices = choices(named)
        self.letter_locales.choices = choices(_add_own(named, self.letter_locales.object_data))
        named_by_reference = [
            (campaign.slug, f"{campaign.reference} · {campaign.person_name}")
            for campaign in followable
        ]
        self.follows.choices = choices([("", _l("No other campaign")), *named_by_reference])

    @staticmethod
    def of(
        campaign: Campaign, followable: Sequence[Campaign], *, based_on: int = 0, **kwargs: Any
    ) -> "FactsForm":
        slugs = {other.id: other.slug for other in followable}
        data = {name: getattr(campaign, name) for name in (*_TYPED, "themes", "letter_locales")}
        data |= {
            "format": campaign.format.value,
            "follows": slugs.get(campaign.follows_id or 0, ""),
            "based_on": based_on,
        }
        return FactsForm(followable, data=data, **kwargs)

    def validate_country(self, field: SelectField) -> None:
        if not field.data:
            raise ValidationError(_l("Choose the country whose officials can act."))

    def validate_act_by(self, field: DayField) -> None:
        if field.data and self.issued_on.data and field.data < self.issued_on.data:
            raise ValidationError(
                _l("The deadline is before the day of issue. Change one of the two.")
            )

    def facts(self) -> Facts:
        facts = {
            **{name: self[name].data for name in _TYPED},
            "format": LetterFormat(self.format.data),
            "themes": list(self.themes.data or []),
            "letter_locales": list(self.letter_locales.data or []),
            "follows_id": self._ids.get(self.follows.data),
        }
        return cast("Facts", facts)


class EditionForm(CampaignForm):
    based_on = HiddenField()
    risks_seen = BooleanField(_l("Save it anyway"))
    title = LineField(
        _l("Title"),
        limit=200,
        needed=_l("Write a title: the person’s name and what is happening."),
        description=_l("The person’s name and what is happening."),
    )
    summary = TextField(_l("Summary"), limit=1200, description=_l("Three sentences."))
    asks = TextField(
        _l("What the letter asks"),
        limit=ASKS * (ASK_LENGTH + 1),
        description=_l("Two to five requests, one per line."),
    )
    background = TextField(
        _l("What happened"), limit=20_000, description=_l("About 400 words, in Markdown.")
    )
    outcome = TextField(
        _l("How it ended"),
        limit=20_000,
        description=_l("How this case ended, or how cases like it end. In Markdown."),
    )

    validate_asks = staticmethod(each_within(ASK_LENGTH, ASKS))

    def texts(self) -> Texts:
        return {
            "title": self.title.data,
            "summary": self.summary.data,
            "background": self.background.data,
            "asks": lines(self.asks.data),
            "outcome": self.outcome.data,
        }


class UpdateForm(CampaignForm):
    """A dated post; `update_form` adds title and body per language."""

    kind = SelectField(
        _l("What it is"), choices=choices((kind.value, KINDS[kind]) for kind in WRITTEN_BY_HAND)
    )
    happened_on = DayField(_l("Day"), needed=_l("Enter the day it happened."))
    picture = FileField(
        _l("Picture"),
        description=_l(
            "JPEG, PNG or WebP. We remove the details of place and camera. Do not show "
            "anyone who has not agreed."
        ),
    )
    tell_network = BooleanField(
        _l("Tell the network"),
        description=_l(
            "Members whose choices match this case get one email. You cannot undo this."
        ),
    )
    tell_signers = BooleanField(
        _l("Tell the supporters who asked for news about this case"),
        description=_l(
            "Each gets one email in their language. You cannot undo this. Replies and "
            "outcomes are always emailed to them."
        ),
    )
    risks_seen = BooleanField(_l("Publish it anyway"))

    def validate_happened_on(self, field: DayField) -> None:
        if field.data and field.data > i18n.latest_day(db.utcnow()):
            raise ValidationError(_l("This day is in the future. Enter today or an earlier day."))

    def day(self) -> date:
        return cast("date", self.happened_on.data)

    def has_picture(self) -> bool:
        return bool(self.picture.data and self.picture.data.filename)

    def alts(self, locales: Sequence[str]) -> dict[str, str]:
        words = {code: self[f"alt_{code}"].data for code in locales}
        return {code: text for code, text in words.items() if text}

    def words(self, locales: Sequence[str]) -> dict[str, tuple[str, str]]:
        return {code: (self[f"title_{code}"].data, self[f"body_{code}"].data) for code in locales}


def update_form(locales: Sequence[str], **kwargs: Any) -> UpdateForm:
    fields = post_fields(locales)
    for code in locales:
        fields[f"alt_{code}"] = LineField(_l("What the picture shows"), limit=300)
    return make_form(UpdateForm, fields, kwargs)


def _add_kept(named: list[tuple[str, str]], own: Sequence[str] | None) -> list[tuple[str, str]]:
    """Return the list, with what a campaign has from before it was one."""
    keys = {key for key, _name in named}
    return [*named, *((key, theme_name(key)) for key in own or () if key not in keys)]


def _add_own(named: list[tuple[str, str]], own: Sequence[str] | None) -> list[tuple[str, str]]:
    codes = {code for code, _name in named}
    more = [code for code in own or () if code not in codes]
    return [*named, *((code, i18n.language_name(code, i18n.locale())) for code in more)]
