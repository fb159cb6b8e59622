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
    StopKind.SAFE.value: _l("There is good news: no more letters are needed"),
    StopKind.OTHER.value: _l("Another reason"),
}


class StatusForm(CampaignForm):
    to = HiddenField()
    note = TextField(
        _l("What should change"), limit=1000, description=_l("It is shown only in the workspace.")
    )
    kind = RadioField(
        _l("Why you are stopping it"),
        choices=choices(STOPS.items()),
        validators=[Optional()],
        description=_l("Pages, emails and the workspace explain the stop to match."),
    )
    act_by = DayField(_l("Deadline"))
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
    act_by = DayField(_l("New deadline"), needed=_l("Enter the new deadline."))

    def day(self) -> date:
        return cast("date", self.act_by.data)


class CopyForm(CampaignForm):
    reference = LineField(
        _l("Reference"),
        limit=40,
        needed=_l("Enter the reference people use, for example UA 58/20."),
        description=_l("The reference of the new campaign. It becomes part of the page’s address."),
    )
    risks = RadioField(
        _l("Risk flags"),
        choices=choices(
            [
                ("take", _l("Copy them: the new campaign is about the same people")),
                ("leave", _l("Do not copy them: the new campaign is about someone else")),
            ]
        ),
        validate_choice=False,
    )
    asks_risks = False
    """Whether the page asks about them."""

    def validate_risks(self, field: RadioField) -> None:
        """Whoever is asked must answer: silence would take a protection away."""
        if self.asks_risks and not field.data:
            raise StopValidation(_l("Choose whether to copy the risk flags."))
