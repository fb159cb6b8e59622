"""Forms by which a campaign moves on: its status, a later last day, a draft made from it."""

from collections.abc import Sequence
from datetime import date
from typing import Any, cast

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, RadioField
from wtforms.validators import Optional, StopValidation

from campaign.campaigns.desk.sentences import CampaignForm, make_form
from campaign.models.campaign import StopKind
from campaign.web.form_fields import DayField, LineField, MomentField, TextField, choices

STOPS = {
    StopKind.HARM.value: _l("Another letter could do harm"),
    StopKind.SAFE.value: _l("The person is free or safe: letters are no longer needed"),
    StopKind.OTHER.value: _l("Another reason"),
}


class StatusForm(CampaignForm):
    to = HiddenField()
    note = TextField(
        _l("What should be changed"), limit=1000, description=_l("Only the desk reads it.")
    )
    kind = RadioField(
        _l("Why it is stopped"),
        choices=choices(STOPS.items()),
        validators=[Optional()],
        description=_l("Pages, mails and the desk word the stop by it."),
    )
    act_by = DayField(_l("Last day to write"))
    open_at = MomentField(_l("Day and time"))
    risks_seen = BooleanField(_l("Continue anyway"))

    def stop_kind(self) -> StopKind | None:
        return StopKind(self.kind.data) if self.kind.data else None

    def reasons(self, locales: Sequence[str]) -> dict[str, str]:
        return {code: self[f"reason_{code}"].data or "" for code in locales}


def status_form(locales: Sequence[str], **kwargs: Any) -> StatusForm:
    fields = {f"reason_{code}": TextField(_l("Reason"), limit=1000) for code in locales}
    return make_form(StatusForm, fields, kwargs)


class ExtendForm(CampaignForm):
    act_by = DayField(_l("New last day to write"), needed=_l("Give the new last day."))

    def day(self) -> date:
        return cast("date", self.act_by.data)


class CopyForm(CampaignForm):
    reference = LineField(
        _l("Reference"),
        limit=40,
        needed=_l("Give the reference by which people quote it, such as UA 58/20."),
        description=_l("Of the new campaign. The page's address is made from it."),
    )
    risks = RadioField(
        _l("Risk flags"),
        choices=choices(
            [
                ("take", _l("Take them along: the new campaign is about the same people")),
                ("leave", _l("Leave them out: the new campaign is about someone else")),
            ]
        ),
        validate_choice=False,
    )
    asks_risks = False
    """Whether the page asks about them."""

    def validate_risks(self, field: RadioField) -> None:
        """Whoever is asked must answer: silence would take a protection away."""
        if self.asks_risks and not field.data:
            raise StopValidation(_l("Choose whether the risk flags come along."))
