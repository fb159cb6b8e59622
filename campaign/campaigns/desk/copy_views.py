"""The desk's pages on which a campaign is continued by a follow-up, or copied."""

from collections.abc import Callable

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField
from wtforms.validators import StopValidation

from campaign.campaigns import create_and_edit, lifecycle
from campaign.campaigns.desk.blueprint import blueprint, done, load
from campaign.campaigns.desk.forms import CampaignForm
from campaign.core import db
from campaign.models.campaign import Campaign
from campaign.staff.desk_access import actor, staff_user
from campaign.web.form_fields import LineField, choices
from campaign.web.page import Page, ProblemsOn, show_page


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

    def validate_risks(self, field: RadioField) -> None:
        """Whoever is asked must answer: silence would take a protection away."""
        if self.asks_risks and not field.data:
            raise StopValidation(_l("Choose whether to copy the risk flags."))


class Copy(Page, template="campaigns/copy.html"):
    campaign: Campaign
    form: CopyForm
    linked: bool
    under_embargo: bool


@blueprint.route("/<slug>/continue", methods=["GET", "POST"])
def continue_as(slug: str) -> ResponseReturnValue:
    words = _("Draft created. It continues the earlier action. Write what is new.")
    return _copy(load(slug), create_and_edit.continue_campaign, words, linked=True)


@blueprint.route("/<slug>/clone", methods=["GET", "POST"])
def clone(slug: str) -> ResponseReturnValue:
    words = _(
        "Draft created. It has the texts, recipients, letters and options of the other campaign."
    )
    return _copy(load(slug), create_and_edit.clone_campaign, words, linked=False)


def _copy(
    source: Campaign, make: Callable[..., Campaign], words: str, *, linked: bool
) -> ResponseReturnValue:
    session, form = db.session(), CopyForm()
    form.asks_risks = not linked and bool(source.risk_flags)
    more = {"risks": form.risks.data == "take"} if form.asks_risks else {}
    if form.validate_on_submit():
        with ProblemsOn(form):
            by = {"actor": actor(), "created_by_id": staff_user().id}
            copy = make(session, source, reference=form.reference.data, **by, **more)
            return done(words, ".edit_facts", slug=copy.slug)
    held = lifecycle.is_under_embargo(source.embargo_until, db.utcnow())
    return show_page(Copy(campaign=source, form=form, linked=linked, under_embargo=held))
