"""Forms of posts: from when until when, and who comes after."""

from datetime import date

from flask_babel import lazy_gettext as _l

from campaign.directory.desk.forms import day_field, form_with
from campaign.directory.desk.official_form import WORDS, OfficialForm
from campaign.directory.entries import OfficialDraft
from campaign.directory.offices import of_the_office
from campaign.models.directory import Membership, Official
from campaign.web.desk_form import DeskForm
from campaign.web.form_base import SiteForm
from campaign.web.form_fields import DayField

_SENTENCES = {"before-first": _l("The last day is before the first. Correct one of them.")}


class DaysForm(DeskForm):
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
        fields[f"from_{held.id}"] = day_field(_l("In office since"))
        fields[f"until_{held.id}"] = day_field(_l("In office until"))
        data |= {f"from_{held.id}": held.started_on, f"until_{held.id}": held.ended_on}
    form: DaysForm = type("PostDaysForm", (DaysForm,), fields)(data=data)
    form.numbers = tuple(held.id for held in memberships)
    return form


class SuccessorDay(SiteForm):
    """When somebody who is in the directory takes over."""

    on = day_field(
        _l("Takes over on"), needed=_l("Enter the day on which the new person takes over.")
    )

    def day(self) -> date:
        assert self.on.data is not None
        return self.on.data


class SuccessorForm(SuccessorDay, OfficialForm):
    """Who comes after, and when."""


def successor_form(predecessor: Official, draft: OfficialDraft, today: date) -> SuccessorForm:
    """Make the form of a new person in that office: what belongs to the office is filled in."""
    form = form_with(SuccessorForm, words=WORDS, kept=of_the_office(predecessor, draft))
    if not form.is_submitted():
        form.on.data = today
    return form
