"""The pages before the desk: sign in, and set a password by a one-time link. Open to everybody.

How often somebody may try a password.

Tries are counted per account *and* network address, together: who guesses at an account from one
place is stopped there, while its owner signs in from another, and neighbours sign in to theirs.
An account that does not exist is counted like one that does.
"""

from flask import Blueprint, flash, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from sqlalchemy.orm import Session

from campaign.core import db, i18n
from campaign.core.email_addresses import canonical_email
from campaign.core.errors import Gone, Invalid, TooMany
from campaign.core.rate_limits import count_against_limit, forget_count, network_of
from campaign.staff import password_links, sessions, staff_users
from campaign.staff.code_form import CodeForm
from campaign.staff.pages.forms import SetPasswordForm, SignInForm, say_password_problem
from campaign.web.security import private_page, public, same_origin

blueprint = Blueprint("sign_in", __name__, url_prefix="/desk")
blueprint.before_request(same_origin)
blueprint.after_request(private_page)


@blueprint.get("/sign-in")
@public
@i18n.localised
def sign_in() -> ResponseReturnValue:
    """The sign-in page; who is signed in already goes on to the desk."""
    target = sessions.safe_next(request.args.get("next"))
    if current_user.is_authenticated:
        return redirect(target)
    return render_template("staff/sign_in.html", form=SignInForm(next=target), problem=None)


@blueprint.post("/sign-in")
@public
@i18n.localised
def sign_in_with_password() -> ResponseReturnValue:
    """Sign in. Every refusal looks the same, whether or not there is such an account."""
    form = SignInForm()
    if not form.validate():
        return render_template("staff/sign_in.html", form=form, problem=None), 422
    try:
        count_try(form.email.data)
    except TooMany as limit:
        return _too_many(form, limit)
    # The look-up and the hashing take no lock: a flood of guesses must not hold up signatures.
    with db.reading() as session:
        found = staff_users.find_by_email(session, form.email.data)
        right = staff_users.is_password_right(found, form.password.data)
    if found is None or not right:
        problem = _("This address and password do not fit together. Check both, then try again.")
        return render_template("staff/sign_in.html", form=form, problem=problem), 422
    forgive_tries(db.session(), form.email.data)
    target = sessions.safe_next(form.next.data)
    if found.has_second_factor:
        sessions.begin_halfway(found)
        return redirect(url_for(".second_step", next=target))
    sessions.begin(db.session(), staff_users.get_staff_user(db.session(), found.public_id))
    return redirect(target)


@blueprint.get("/sign-in/code")
@public
@i18n.localised
def second_step() -> ResponseReturnValue:
    """Ask for the code of the authenticator app, of somebody who knew the password."""
    target = sessions.safe_next(request.args.get("next"))
    with db.reading() as session:
        if sessions.user_halfway(session) is None:
            return redirect(url_for(".sign_in", next=target))
    return render_template("staff/enter_code.html", form=CodeForm(next=target))


@blueprint.post("/sign-in/code")
@public
@i18n.localised
def sign_in_with_code() -> ResponseReturnValue:
    """Sign in with the code, which works once."""
    form = CodeForm()
    target = sessions.safe_next(form.next.data)
    with db.reading() as session:
        user = sessions.user_halfway(session)
    if user is None:
        flash(_("Too much time has passed. Sign in again."))
        return redirect(url_for(".sign_in", next=target))
    status = form.check(user)
    if status != 200:
        return render_template("staff/enter_code.html", form=form), status
    sessions.begin(db.session(), staff_users.get_staff_user(db.session(), user.public_id))
    return redirect(target)


def _too_many(form: SignInForm, limit: TooMany) -> ResponseReturnValue:
    minutes = -(-limit.seconds // 60)
    problem = ngettext(
        "Too many tries with this address. Wait %(num)s minute, then try again.",
        "Too many tries with this address. Wait %(num)s minutes, then try again.",
        minutes,
    )
    response = make_response(render_template("staff/sign_in.html", form=form, problem=problem))
    response.status_code = limit.status
    response.headers["Retry-After"] = str(limit.seconds)
    return response


@blueprint.get("/set-password/<token>")
@public
@i18n.localised
def set_password(token: str) -> ResponseReturnValue:
    """The form behind a one-time link. Opening it uses nothing up: mail scanners do so too."""
    try:
        user = password_links.user_of_link(db.session(), token)
    except Gone:
        return _link_is_gone()
    g.locale = user.locale
    return render_template("staff/set_password.html", form=SetPasswordForm(), user=user)


@blueprint.post("/set-password/<token>")
@public
@i18n.localised
def save_password(token: str) -> ResponseReturnValue:
    """Set the password; the link is used up, all sessions end, and sign-in is asked for."""
    try:
        user = password_links.user_of_link(db.session(), token)
    except Gone:
        return _link_is_gone()
    g.locale = user.locale
    form = SetPasswordForm()
    if form.validate():
        try:
            staff_users.set_password(db.session(), user=user, password=form.password.data)
        except Invalid as problem:
            form.password.errors = [say_password_problem(problem.fields["password"])]
        else:
            flash(_("Your password is set. Sign in with it."))
            return redirect(url_for("sign_in.sign_in"))
    return render_template("staff/set_password.html", form=form, user=user), 422


def _link_is_gone() -> ResponseReturnValue:
    return render_template("staff/password_link_gone.html", days=password_links.LINK_DAYS), 410


TRIES_PER_HOUR = 10
_WHAT = "sign-in"


def count_try(email: str) -> None:
    """Count a try before the password is looked at; raises TooMany beyond the limit.

    In a transaction of its own, as a refused sign-in commits nothing: call it before the
    request's session is used, which would hold SQLite's one write lock.
    """
    with db.transaction() as session:
        count_against_limit(session, _WHAT, _place(email), TRIES_PER_HOUR)


def forgive_tries(session: Session, email: str) -> None:
    """Forget the tries of somebody who then knew the password."""
    forget_count(session, _WHAT, _place(email))


def _place(email: str) -> str:
    return f"{canonical_email(email)}|{network_of(request.remote_addr or '')}"
