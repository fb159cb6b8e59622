"""One click: mail providers end a membership for their user (RFC 8058), from their own machines.

Their POST has no origin of ours, and it needs none: the address itself is the secret. So this
route stands outside the check of origins that every other public form is held to.
"""

from flask import Blueprint, abort, g, request, url_for
from flask.typing import ResponseReturnValue

from campaign.core import db, i18n
from campaign.core.errors import NotFound
from campaign.models.network import MemberState, NetworkMember
from campaign.network import mails, memberships
from campaign.network.pages.views import Leave, Left, show_lost
from campaign.public.pages.before_request import private
from campaign.web.page import show_page
from campaign.web.security import public

blueprint = Blueprint("network_unsubscribe", __name__, url_prefix="/network/unsubscribe")
blueprint.register_error_handler(NotFound, show_lost)
blueprint.after_request(private)


@blueprint.get("/<token>")
@public
def ask(token: str) -> ResponseReturnValue:
    """Show people whose mail program opens the address the button. Looking changes nothing."""
    with db.reading() as session:
        member = memberships.get_by_link(session, mails.LEAVING, token)
        _speak_to(member)
        if member.state is MemberState.LEFT:
            return show_page(Left(again=True))
    return show_page(Leave(action=url_for(".leave", token=token)))


@blueprint.post("/<token>")
@public
def leave(token: str) -> ResponseReturnValue:
    """Take the click, of a provider or of the button above."""
    if request.form.get("List-Unsubscribe") != "One-Click":
        abort(400)
    session = db.session()
    member = memberships.get_by_link(session, mails.LEAVING, token)
    _speak_to(member)
    memberships.leave(session, member, now=db.utcnow())
    return show_page(Left(again=False))


def _speak_to(member: NetworkMember) -> None:
    """The page is in the language of the mails: its address has none."""
    if member.locale in i18n.languages():
        g.locale = member.locale
