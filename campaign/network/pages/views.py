"""Joining the network and a member's own page: for everybody, without an account or a cookie."""

from typing import Any

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from campaign.core import db
from campaign.core.errors import Gone, NotFound
from campaign.core.rate_limits import count_against_limit, network_of
from campaign.core.settings import current_settings
from campaign.models.network import MemberState
from campaign.network import jobs, mails, memberships
from campaign.network.digests import send_digests
from campaign.network.mails import NetworkConfirm
from campaign.network.pages.forms import (
    ChangeForm,
    JoinForm,
    PreferencesForm,
    consent_wording,
    typed_of,
)
from campaign.public.pages import before_request
from campaign.public.pages.before_request import private
from campaign.web.security import public

__all__ = ["blueprint", "jobs", "send_digests"]

JOINS_PER_HOUR = 30
"""Memberships that may be asked for from one network address in an hour."""

blueprint = Blueprint("network", __name__)
before_request.init_blueprint(blueprint)


@blueprint.route("/<lang>/network", methods=["GET", "POST"])
@public
def join(lang: str) -> ResponseReturnValue:
    """Ask for a membership. The answer is the same whether the address has one or not."""
    form = JoinForm(_posted())
    with db.reading() as reader:
        form.offer(reader)
    if request.method != "POST" or not form.validate():
        return _form_page("network/join.html", form, consent=consent_wording())
    session = db.session()
    network = network_of(request.remote_addr or "")
    count_against_limit(session, "network-join", network, JOINS_PER_HOUR)
    memberships.join(
        session,
        email=form.email.data,
        locale=lang,
        preferences=form.preferences(),
        wording=consent_wording(),
        now=db.utcnow(),
    )
    return redirect(url_for(".sent", lang=lang), 303)


@blueprint.get("/<lang>/network/sent")
@public
def sent(lang: str) -> ResponseReturnValue:
    """Look in your mailbox."""
    settings = current_settings()
    return _page(
        "network/sent.html", days=settings.confirm_days, mails_a_day=NetworkConfirm.most_a_day()
    )


@blueprint.get("/<lang>/network/confirm/<token>")
@public
def confirm(lang: str, token: str) -> ResponseReturnValue:
    """The button that confirms, or what came of it. Looking changes nothing."""
    with db.reading() as session:
        member = memberships.get_by_token(session, token)
        memberships.refuse_expired(member, db.utcnow())
        if member.state is MemberState.PENDING:
            return _page("network/confirm.html", token=token)
        own = mails.preferences_token(member)
    return _page("network/joined.html", again=False, own=own)


@blueprint.post("/<lang>/network/confirm/<token>")
@public
def confirm_now(lang: str, token: str) -> ResponseReturnValue:
    """The button. A second click says that it was pressed before."""
    member, was_pending = memberships.confirm(db.session(), token=token, now=db.utcnow())
    if was_pending:
        return redirect(url_for(".confirm", lang=lang, token=token), 303)
    own = mails.preferences_token(member)
    return _page("network/joined.html", "confirm", again=True, own=own)


@blueprint.route("/<lang>/network/<token>", methods=["GET", "POST"])
@public
def preferences(lang: str, token: str) -> ResponseReturnValue:
    """What a member gets, to be changed."""
    session = db.session()
    member = memberships.get_by_link(session, mails.PREFERENCES, token)
    memberships.refuse_left(member)
    form = ChangeForm(_posted(), data=typed_of(member))
    form.offer(session, member)
    if request.method == "POST" and form.validate():
        memberships.change(session, member, locale=form.locale.data, preferences=form.preferences())
        return redirect(url_for(".preferences", lang=lang, token=token, saved=1), 303)
    saved = request.method == "GET" and "saved" in request.args
    return _form_page("network/preferences.html", form, member=member, token=token, saved=saved)


@blueprint.get("/<lang>/network/<token>/leave")
@public
def leave(lang: str, token: str) -> ResponseReturnValue:
    """The button that ends a membership. Looking changes nothing."""
    with db.reading() as session:
        member = memberships.get_by_link(session, mails.PREFERENCES, token)
        if member.state is MemberState.LEFT:
            return _page("network/left.html", again=True)
    return _page("network/leave.html", action=url_for(".leave_now", lang=lang, token=token))


@blueprint.post("/<lang>/network/<token>/leave")
@public
def leave_now(lang: str, token: str) -> ResponseReturnValue:
    """The button."""
    session = db.session()
    member = memberships.get_by_link(session, mails.PREFERENCES, token)
    memberships.leave(session, member, now=db.utcnow())
    return _page("network/left.html", "leave", again=False)


def _posted() -> MultiDict[str, str] | None:
    """What was sent; nothing where nobody has pressed the button: then boxes stay as they are."""
    return request.form if request.method == "POST" else None


def _form_page(template: str, form: PreferencesForm, **context: Any) -> Response:
    page = _page(template, form=form, **context)
    page.status_code = 422 if form.errors else 200
    return page


def _page(template: str, switch_to: str = "", **context: Any) -> Response:
    """A page that nobody keeps; its language switch leads to a page that can be asked for."""
    if switch_to:
        g.language_endpoint = f"network.{switch_to}"
    return private(Response(render_template(template, **context), mimetype="text/html"))


def lost(problem: Gone | NotFound) -> ResponseReturnValue:
    """A link that leads to no membership says what to do."""
    page = private(Response(render_template("network/link_gone.html", problem=problem.slug)))
    page.mimetype = "text/html"
    page.status_code = problem.status
    return page


blueprint.register_error_handler(Gone, lost)
blueprint.register_error_handler(NotFound, lost)
