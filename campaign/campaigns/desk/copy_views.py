"""The desk's pages on which a campaign is continued by a follow-up, or copied."""

from collections.abc import Callable, Sequence

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField
from wtforms.validators import StopValidation

from campaign.campaigns import create_and_edit, find_campaigns, lifecycle
from campaign.campaigns.desk.blueprint import blueprint, done, load
from campaign.campaigns.desk.forms import CampaignForm
from campaign.core import db
from campaign.models.campaign import Campaign
from campaign.staff.desk_access import actor, staff_user
from campaign.web.edit_conflict import lock_row
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
        _l("Who is the new campaign about?"),
        choices=choices(
            [
                ("take", _l("The same people. Risk flags are copied.")),
                ("leave", _l("Someone else. Risk flags are not copied.")),
            ]
        ),
        validate_choice=False,
    )
    seen = HiddenField()  # the follow-ups that its page named
    asks_risks = False

    def validate_risks(self, field: RadioField) -> None:
        """Whoever is asked must answer: silence would take a protection away."""
        if self.asks_risks and not field.data:
            raise StopValidation(_l("Choose who the new campaign is about."))


class Copy(Page, template="campaigns/copy.html"):
    campaign: Campaign
    form: CopyForm
    linked: bool
    follow_ups: Sequence[Campaign]  # that there are, where it makes one
    harm: bool  # whether it, or one linked to it, was stopped because letters could do harm
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
    follow_ups = _list_follow_ups(source) if linked else []
    harm = bool(find_campaigns.list_harm_stops(session, source))
    form.asks_risks = not linked and (bool(source.risk_flags) or harm)
    more = {"risks": form.risks.data == "take"} if form.asks_risks else {}
    if form.validate_on_submit() and _are_seen(form, follow_ups):
        with ProblemsOn(form):
            by = {"actor": actor(), "created_by_id": staff_user().id}
            copy = make(session, source, reference=form.reference.data, **by, **more)
            return done(words, ".edit_facts", slug=copy.slug)
    form.seen.data = " ".join(campaign.slug for campaign in follow_ups)
    page = Copy(
        campaign=source,
        form=form,
        linked=linked,
        follow_ups=follow_ups,
        harm=harm,
        under_embargo=lifecycle.is_under_embargo(source.embargo_until, db.utcnow()),
    )
    return show_page(page)


def _list_follow_ups(source: Campaign) -> Sequence[Campaign]:
    """List those of colleagues too: of two who make one at once, the second sees the first's."""
    if request.method == "POST":
        lock_row(db.session(), source)
    return find_campaigns.visible_neighbours(db.session(), source, by=staff_user())[1]


def _are_seen(form: CopyForm, follow_ups: Sequence[Campaign]) -> bool:
    seen = (form.seen.data or "").split()
    if all(campaign.slug in seen for campaign in follow_ups):
        return True
    form.form_errors.append(
        _(
            "A follow-up action was created after you opened this page. If you need another "
            "one, press the button again."
        )
    )
    return False
