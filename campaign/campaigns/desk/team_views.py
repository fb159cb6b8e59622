"""The desk's page on a campaign's team: who is on it, and handing the campaign over."""

from collections.abc import Callable, Iterable

from flask import flash, make_response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField

from campaign.campaigns.content import team
from campaign.campaigns.desk.blueprint import blueprint, done, load, page
from campaign.campaigns.desk.sentences import CampaignForm
from campaign.core import db
from campaign.core.errors import Refused
from campaign.models.campaign import Campaign
from campaign.models.staff import StaffUser
from campaign.staff.guards import staff_user
from campaign.staff.staff_users import get_staff_user
from campaign.web.fields import choices


class PersonForm(CampaignForm):
    """Somebody of the staff, by their public id."""

    person = SelectField(_l("Person"), validate_choice=False)

    def offer(self, ident: str, people: Iterable[StaffUser]) -> "PersonForm":
        """Put these people in the list, none chosen; `ident` tells two lists of a page apart."""
        self.person.id = ident
        names = [(one.public_id, one.name or one.email) for one in people]
        self.person.choices = choices([("", _l("Choose")), *names] if names else [])
        return self


@blueprint.get("/<slug>/team")
def edit_team(slug: str) -> ResponseReturnValue:
    """Owner, members, and who could join."""
    return _team_page(load(slug))


@blueprint.post("/<slug>/team/add")
def add_to_team(slug: str) -> ResponseReturnValue:
    """Put somebody on the team."""
    return _change(slug, team.add_member, _("They are on the team and see the campaign now."))


@blueprint.post("/<slug>/team/remove")
def remove_from_team(slug: str) -> ResponseReturnValue:
    """Take somebody off the team, or leave it."""
    said = _("They are off the team and see the campaign no more.")
    return _change(slug, team.remove_member, said)


@blueprint.post("/<slug>/team/hand-over")
def hand_over(slug: str) -> ResponseReturnValue:
    """Give the campaign another owner."""
    return _change(slug, team.hand_over, _("The campaign is handed over."))


def _change(slug: str, deed: Callable[..., object], said: str) -> ResponseReturnValue:
    """Do it with the person chosen, and say so; or show the page with why not."""
    campaign, person, user = load(slug), chosen_person(), staff_user()
    if person is None:
        return _refused(campaign, Refused("cannot-write"))
    try:
        deed(db.session(), campaign, person, by=user)
    except Refused as problem:
        return _refused(campaign, problem)
    if deed is team.remove_member and person.id == user.id:
        return done(_("You have left the team."), ".index")
    return done(said, ".edit_team", slug=slug)


def chosen_person() -> StaffUser | None:
    """Who was chosen in the form; None where nobody was. Raises NotFound."""
    public_id = request.form.get("person", "")
    return get_staff_user(db.session(), public_id) if public_id else None


def _refused(campaign: Campaign, problem: Refused) -> ResponseReturnValue:
    words = {
        "not-team-owner": _("Only the owner and the admins decide who is on the team."),
        "cannot-write": _("Choose an organizer or an admin whose account is enabled."),
    }
    flash(words[problem.slug], "error")
    response = make_response(_team_page(campaign))
    response.status_code = problem.status
    return response


def _team_page(campaign: Campaign) -> ResponseReturnValue:
    session, user = db.session(), staff_user()
    owner = team.owner_of(session, campaign)
    members = team.list_members(session, campaign)
    manages = team.may_manage(user, campaign)
    writers = team.list_writers(session) if manages else []
    there = {one.id for one in members} | {campaign.owner_id}
    return page(
        "team",
        campaign=campaign,
        owner=owner,
        members=members,
        manages=manages,
        me=user,
        joining=PersonForm(formdata=None).offer(
            "joining", (one for one in writers if one.id not in there)
        ),
        taking=PersonForm(formdata=None).offer(
            "taking", (one for one in writers if one.id != campaign.owner_id)
        ),
    )
