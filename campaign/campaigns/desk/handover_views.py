"""For admins: the campaigns that somebody answers for, and handing all of them over."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from campaign.campaigns.content import team
from campaign.campaigns.desk.team_views import PersonForm, chosen_person
from campaign.core import db
from campaign.core.errors import Refused
from campaign.models.staff import Role
from campaign.staff.guards import guard, staff_user
from campaign.staff.staff_users import get_staff_user
from campaign.web.desk import redirect_to

blueprint = Blueprint("handover", __name__, url_prefix="/desk/staff/<public_id>/campaigns")
guard(blueprint, Role.ADMIN)


@blueprint.get("")
def show(public_id: str) -> ResponseReturnValue:
    """What they answer for, and who could take it over."""
    session = db.session()
    user = get_staff_user(session, public_id)
    writers = [one for one in team.list_writers(session) if one.id != user.id]
    return render_template(
        "campaigns/handover.html",
        user=user,
        owned=team.list_owned(session, user),
        taking=PersonForm(formdata=None).offer("taking", writers),
    )


@blueprint.post("")
def hand_over(public_id: str) -> ResponseReturnValue:
    """Give all of them to another, as when somebody leaves."""
    session = db.session()
    user = get_staff_user(session, public_id)
    to = chosen_person()
    if to is None:
        return _refused(public_id)
    try:
        count = team.hand_over_all(session, owner=user, to=to, by=staff_user())
    except Refused:
        return _refused(public_id)
    said = ngettext("%(num)s campaign is handed over.", "%(num)s campaigns are handed over.", count)
    return redirect_to("staff.users.show", said, public_id=public_id)


def _refused(public_id: str) -> ResponseReturnValue:
    said = _("Choose an organizer or an admin whose account is enabled.")
    return redirect_to(".show", said, "error", public_id=public_id)
