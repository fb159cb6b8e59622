"""The form of an update: in each language of the campaign, with a picture."""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField, HiddenField, SelectField
from wtforms.validators import ValidationError

from campaign.campaigns.content.updates import WRITTEN_BY_HAND
from campaign.campaigns.desk.blueprint import languages_of
from campaign.campaigns.desk.forms import PICTURE_HINT, CampaignForm, make_form, post_fields
from campaign.campaigns.desk.labels import KINDS
from campaign.core import clock, i18n
from campaign.models.campaign import Campaign
from campaign.web.form_fields import DayField, LineField, choices
from campaign.web.meant_field import MeantField


class UpdateForm(CampaignForm):
    kind = SelectField(
        _l("What it is"), choices=choices((kind.value, KINDS[kind]) for kind in WRITTEN_BY_HAND)
    )
    happened_on = DayField(_l("Day"), needed=_l("Enter the day it happened."))
    picture = FileField(_l("Picture"), description=PICTURE_HINT)
    keep_picture = BooleanField(
        _l("Keep this picture"), description=_l("A picture that you choose below replaces it.")
    )
    tell_network = BooleanField(
        _l("Tell the network"),
        description=_l(
            "Members whose choices match this case get one email. You cannot undo this. "
            "Members who are also emailed as supporters get both emails."
        ),
    )
    tell_signers = BooleanField(
        _l("Tell the supporters who asked for news about this case"),
        description=_l(
            "Each gets one email in their language. You cannot undo this. Replies and "
            "outcomes are always emailed to them."
        ),
    )
    risks_seen = MeantField(_l("Publish it anyway"))
    newest = HiddenField()  # the number of the newest update that the page showed
    zone: str
    """The campaign's, whose page tells the day."""
    main_locale: str

    def validate(self, extra_validators: object = None) -> bool:
        """Name also the missing words of a picture: the file is lost with each refusal."""
        is_valid = bool(super().validate(extra_validators))
        if self.has_picture() and not self.alts([self.main_locale]):
            self.refuse({f"alt_{self.main_locale}": "picture-alt-missing"})
            return False
        return is_valid

    def validate_happened_on(self, field: DayField) -> None:
        if field.data and field.data > clock.today(self.zone):
            town = i18n.say_town_of_zone(self.zone)
            raise ValidationError(
                _("This day has not come yet (%(town)s time). Check the date.", town=town)
            )

    def has_picture(self) -> bool:
        return bool(self.picture.data and self.picture.data.filename)

    def alts(self, locales: Sequence[str]) -> dict[str, str]:
        words = {code: self[f"alt_{code}"].data for code in locales}
        return {code: text for code, text in words.items() if text}

    def words(self, locales: Sequence[str]) -> dict[str, tuple[str, str]]:
        return {code: (self[f"title_{code}"].data, self[f"body_{code}"].data) for code in locales}


def make_update_form(campaign: Campaign, **kwargs: Any) -> UpdateForm:
    locales = languages_of(campaign)
    fields = post_fields(locales)
    for code in locales:
        fields[f"alt_{code}"] = LineField(_l("What the picture shows"), limit=300)
    form = make_form(UpdateForm, fields, kwargs)
    form.zone, form.main_locale = campaign.timezone, campaign.default_locale
    return form
