"""Joining the network and a member's own page: for everybody, without an account or a cookie."""

from flask import Blueprint, g, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from campaign.core import db
from campaign.core.errors import Gone, NotFound
from campaign.core.rate_limits import count_from_networks
from campaign.core.settings import current_settings
from campaign.models.network import MemberState, NetworkMember
from campaign.network import jobs, mails, memberships
from campaign.network.digests import send_digests
from campaign.network.mails import NetworkConfirm
from campaign.network.pages.forms import ChangeForm, JoinForm, consent_wording, typed_of
from campaign.public.pages import before_request
from campaign.web.desk import redirect_to
from campaign.web.page import Page, show_page
from campaign.web.security import public, request_networks

__all__ = ["blueprint", "jobs", "send_digests"]

JOINS_PER_HOUR = 30
"""Memberships that may be asked for from one network address in an hour."""

blueprint = Blueprint("network", __name__)
before_request.init_blueprint(blueprint)
blueprint.after_request(before_request.private)


class Join(Page, template="network/join.html"):
    form: JoinForm
    consent: str


class LinkSent(Page, template="network/sent.html"):
    days: int
    """For so long it can be confirmed."""
    mails_a_day: int


class Confirm(Page, template="network/confirm.html"):
    token: str


class Joined(Page, template="network/joined.html"):
    again: bool
    own: str
    """The token of the member's own page; may be empty."""


class Preferences(Page, template="network/preferences.html"):
    form: ChangeForm
    member: NetworkMember
    token: str
    saved: bool
    revoked: bool


class Leave(Page, template="network/leave.html"):
    action: str


class Left(Page, template="network/left.html"):
    again: bool


class LinkGone(Page, template="network/link_gone.html"):
    problem: str
    """The slug of why."""


@blueprint.route("/<lang>/network", methods=["GET", "POST"])
@public
def join(lang: str) -> ResponseReturnValue:
    """Ask for a membership. The answer is the same whether the address has one or not."""
    form = JoinForm(_posted())
    with db.reading() as reader:
        form.offer(reader)
    if request.method != "POST" or not form.validate():
        return show_page(Join(form=form, consent=consent_wording()))
    session = db.session()
    count_from_networks(session, "network-join", request_networks(), JOINS_PER_HOUR)
    memberships.join(
        session,
        email=form.email.data,
        locale=lang,
        preferences=form.preferences(),
        wording=consent_wording(),
        now=db.utcnow(),
    )
    return redirect_to(".sent", lang=lang)


@blueprint.get("/<lang>/network/sent")
@public
def sent(lang: str) -> ResponseReturnValue:
    days, mails_a_day = current_settings().confirm_days, NetworkConfirm.most_a_day()
    return show_page(LinkSent(days=days, mails_a_day=mails_a_day))


@blueprint.get("/<lang>/network/confirm/<token>")
@public
def confirm(lang: str, token: str) -> ResponseReturnValue:
    """Show the button that confirms, or that it is done. Looking changes nothing."""
    with db.reading() as session:
        member = memberships.get_by_token(session, token)
        memberships.refuse_expired(member, db.utcnow())
        if member.state is MemberState.PENDING:
            return show_page(Confirm(token=token))
        own = _find_own_page(member)
    return show_page(Joined(again=False, own=own))


@blueprint.post("/<lang>/network/confirm/<token>")
@public
def confirm_now(lang: str, token: str) -> ResponseReturnValue:
    """Confirm. A second click says that it was done before."""
    member, was_pending = memberships.confirm(db.session(), token=token, now=db.utcnow())
    if was_pending:
        return redirect_to(".confirm", lang=lang, token=token)
    _switch_language_to("confirm")
    return show_page(Joined(again=True, own=_find_own_page(member)))


def _find_own_page(member: NetworkMember) -> str:
    """Return the token of the member's page; empty where the link that asks has expired."""
    expires = member.token_expires_at
    return mails.preferences_token(member) if expires and expires > db.utcnow() else ""


@blueprint.route("/<lang>/network/<token>", methods=["GET", "POST"])
@public
def preferences(lang: str, token: str) -> ResponseReturnValue:
    session = db.session()
    member = memberships.get_by_own_link(session, token, db.utcnow())
    memberships.refuse_left(member)
    form = ChangeForm(_posted(), data=typed_of(member))
    form.offer(session, member)
    if request.method == "POST" and form.validate():
        memberships.change(session, member, locale=form.locale.data, preferences=form.preferences())
        return redirect_to(".preferences", lang=lang, token=token, saved=1)
    saved = request.method == "GET" and "saved" in request.args
    revoked = request.method == "GET" and "revoked" in request.args
    page = Preferences(form=form, member=member, token=token, saved=saved, revoked=revoked)
    return show_page(page)


@blueprint.post("/<lang>/network/<token>/links")
@public
def revoke_links(lang: str, token: str) -> ResponseReturnValue:
    """End every link to the page that is in a mail or a browser; lead on by a new one."""
    session = db.session()
    member = memberships.get_by_own_link(session, token, db.utcnow())
    memberships.revoke_links(session, member)
    session.refresh(member)
    own = mails.preferences_token(member)
    return redirect_to(".preferences", lang=lang, token=own, revoked=1)


@blueprint.get("/<lang>/network/<token>/leave")
@public
def leave(lang: str, token: str) -> ResponseReturnValue:
    """Show the button that ends a membership. Looking changes nothing."""
    with db.reading() as session:
        member = _get_leaving(session, token)
        if member.state is MemberState.LEFT:
            return show_page(Left(again=True))
    return show_page(Leave(action=url_for(".leave_now", lang=lang, token=token)))


@blueprint.post("/<lang>/network/<token>/leave")
@public
def leave_now(lang: str, token: str) -> ResponseReturnValue:
    session = db.session()
    member = _get_leaving(session, token)
    memberships.leave(session, member, now=db.utcnow())
    _switch_language_to("leave")
    return show_page(Left(again=False))


def _get_leaving(session: Session, token: str) -> NetworkMember:
    """Return who leaves: from their own page, or by a link in a mail from before links expired."""
    try:
        return memberships.get_by_own_link(session, token, db.utcnow())
    except NotFound:
        return memberships.get_by_link(session, mails.PREFERENCES, token)


def _posted() -> MultiDict[str, str] | None:
    """Return what was sent; None where nobody pressed the button: then boxes stay as they are."""
    return request.form if request.method == "POST" else None


def _switch_language_to(view: str) -> None:
    """Have the language switch lead to a page that can be asked for, where this one cannot."""
    g.language_endpoint = f"network.{view}"


def show_lost(problem: Gone | NotFound) -> ResponseReturnValue:
    """Say what to do about a link that leads to no membership."""
    return show_page(LinkGone(problem=problem.slug), problem.status)


blueprint.register_error_handler(Gone, show_lost)
blueprint.register_error_handler(NotFound, show_lost)
