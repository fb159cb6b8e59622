"""The desk's pages on a campaign's team, and on all campaigns that somebody hands over."""

from collections.abc import Callable, Iterable, Sequence

from flask import Blueprint, flash, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import SelectField

from campaign.campaigns.content import team
from campaign.campaigns.desk.blueprint import blueprint, done, load
from campaign.campaigns.desk.forms import CampaignForm
from campaign.core import audit, db
from campaign.core.audit import DoneBefore
from campaign.core.errors import Refused
from campaign.models.campaign import Campaign
from campaign.models.staff import Role, StaffUser
from campaign.staff.desk_access import guard, say_changed_since, say_done_before, staff_user
from campaign.staff.staff_users import get_staff_user
from campaign.web.edit_conflict import lock_row
from campaign.web.form_fields import choices
from campaign.web.page import Page, redirect_to, show_page

handover = Blueprint("handover", __name__, url_prefix="/desk/staff/<public_id>/campaigns")
guard(handover, Role.ADMIN)


class PersonForm(CampaignForm):
    person = SelectField(_l("Person"), validate_choice=False)

    def offer(self, ident: str, people: Iterable[StaffUser]) -> "PersonForm":
        """Put these people in the list, none chosen; `ident` tells two lists of a page apart."""
        self.person.id = ident
        names = [(user.public_id, user.name or user.email) for user in people]
        self.person.choices = choices([("", _l("Choose")), *names] if names else [])
        return self


class Team(Page, template="campaigns/team.html"):
    campaign: Campaign
    owner: StaffUser | None
    members: Sequence[StaffUser]
    manages: bool
    me: StaffUser
    joining: PersonForm
    taking: PersonForm


class Handover(Page, template="campaigns/handover.html"):
    user: StaffUser
    owned: Sequence[Campaign]
    taking: PersonForm


@blueprint.get("/<slug>/team")
def edit_team(slug: str) -> ResponseReturnValue:
    return show_page(_team(load(slug)))


@blueprint.post("/<slug>/team/add")
def add_to_team(slug: str) -> ResponseReturnValue:
    message = _("Added to the team. This person can now see the campaign.")
    return _change(slug, team.add_member, message)


@blueprint.post("/<slug>/team/remove")
def remove_from_team(slug: str) -> ResponseReturnValue:
    """Also to leave it oneself."""
    message = _("Removed from the team. This person can no longer see the campaign.")
    return _change(slug, team.remove_member, message)


@blueprint.post("/<slug>/team/hand-over")
def hand_over(slug: str) -> ResponseReturnValue:
    return _change(slug, team.hand_over, _("Campaign transferred to its new owner."))


def _change(slug: str, action: Callable[..., object], confirmation: str) -> ResponseReturnValue:
    campaign, user = load(slug), staff_user()
    try:
        person = _get_chosen()
        if action is team.hand_over and (sentence := _say_given(campaign, person)):
            return redirect_to(".edit_team", sentence, "error", slug=slug)
        action(db.session(), campaign, person, by=user)
    except DoneBefore as problem:
        sentence = say_done_before(problem.entry, campaign.timezone)
        return redirect_to(".edit_team", sentence, "error", slug=slug)
    except Refused as problem:
        words = {
            "not-team-owner": _("Only the owner and the admins decide who is on the team."),
            "cannot-write": _("Choose an organizer or admin whose account is active."),
        }
        flash(words[problem.slug], "error")
        return show_page(_team(campaign), problem.status)
    if action is team.remove_member and person.id == user.id:
        return done(_("You have left the team."), ".index")
    return done(confirmation, ".edit_team", slug=slug)


def _say_given(campaign: Campaign, to: StaffUser) -> str:
    """Say who gave it to somebody else since the page was opened; empty where nobody did."""
    session, seen = db.session(), request.form.get("owner")
    lock_row(session, campaign)
    owner = team.owner_of(session, campaign)
    if seen in {None, owner.public_id if owner else ""} or (owner and owner.id == to.id):
        return ""
    entry = audit.find_last(session, f"campaign:{campaign.id}", "campaign.hand-over")
    return say_changed_since(entry, campaign.timezone)


def _get_chosen() -> StaffUser:
    if public_id := request.form.get("person", ""):
        return get_staff_user(db.session(), public_id)
    raise Refused("cannot-write")


def _team(campaign: Campaign) -> Team:
    session, user = db.session(), staff_user()
    members = team.list_members(session, campaign)
    manages = team.may_manage(user, campaign)
    writers = team.list_writers(session) if manages else []
    there = {member.id for member in members} | {campaign.owner_id}
    others = (writer for writer in writers if writer.id not in there)
    heirs = (writer for writer in writers if writer.id != campaign.owner_id)
    return Team(
        campaign=campaign,
        owner=team.owner_of(session, campaign),
        members=members,
        manages=manages,
        me=user,
        joining=PersonForm(formdata=None).offer("joining", others),
        taking=PersonForm(formdata=None).offer("taking", heirs),
    )


@handover.get("")
def show(public_id: str) -> ResponseReturnValue:
    session = db.session()
    user = get_staff_user(session, public_id)
    others = (writer for writer in team.list_writers(session) if writer.id != user.id)
    taking = PersonForm(formdata=None).offer("taking", others)
    return show_page(Handover(user=user, owned=team.list_owned(session, user), taking=taking))


@handover.post("", endpoint="hand_over")
def hand_over_all(public_id: str) -> ResponseReturnValue:
    session = db.session()
    user = get_staff_user(session, public_id)
    try:
        to = _get_chosen()
        count = team.hand_over_all(session, owner=user, to=to, by=staff_user())
    except Refused:
        message = _("Choose an organizer or admin whose account is active.")
        return redirect_to(".show", message, "error", public_id=public_id)
    if not count:
        return redirect_to(".show", say_done_before(None), "error", public_id=public_id)
    message = ngettext(
        "%(num)s campaign transferred to %(name)s.",
        "%(num)s campaigns transferred to %(name)s.",
        count,
        name=to.name or to.email,
    )
    return redirect_to("staff.users.show", message, public_id=public_id)
