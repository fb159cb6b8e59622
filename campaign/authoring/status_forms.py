"""Forms by which a campaign moves on: its status, a later last day, a draft made from it."""

from datetime import date
from typing import cast

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField

from campaign.authoring.fields import DayField, DeskForm, LineField, MomentField, TextField


class StatusForm(DeskForm):
    """Review, opening, closing, stopping."""

    to = HiddenField()
    reason = TextField(
        _l("Reason"),
        limit=1000,
        description=_l("Everybody who comes to the page reads it. Write in the main language."),
    )
    act_by = DayField(_l("Last day to write"))
    open_at = MomentField(_l("Day and time"))


class ExtendForm(DeskForm):
    """A later last day."""

    act_by = DayField(_l("New last day to write"), needed=_l("Give the new last day."))

    def day(self) -> date:
        """The day, which validation made sure of."""
        return cast("date", self.act_by.data)


class CopyForm(DeskForm):
    """What a draft that is made from another campaign needs of its own."""

    reference = LineField(
        _l("Reference"),
        limit=40,
        needed=_l("Give the reference by which people quote it, such as UA 58/20."),
        description=_l("Of the new campaign. The page's address is made from it."),
    )
