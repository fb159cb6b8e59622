"""The pages before the desk: sign in, and set a password by a one-time link. Open to everybody.

Tries of passwords are counted per account *and* network address, together: who guesses at an
account from one place is stopped there, while its owner signs in from another, and neighbours sign
in to theirs. Over all accounts they are counted per network: who tries one password at many of
them is stopped too. A browser that has signed in to the account before has a count of its own
(`sessions`), so that a flood from its network locks nobody out. An account that does not
exist is counted like one that does.
"""

from flask import Blueprint, abort, g, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from sqlalchemy.orm import Session

from campaign.core import db, i18n
from campaign.core.errors import Gone, Invalid, TooMany
from campaign.core.rate_limits import (
    count_against_limit,
    count_from_networks,
    forget_count,
    forget_count_from_networks,
)
from campaign.core.settings import current_settings
from campaign.core.text.email_addresses import canonical_email
from campaign.models.staff import StaffUser
from campaign.staff import passkeys, passwords, sessions, staff_users
from campaign.staff.pages.forms import (
    PasskeySignInForm,
    SetPasswordForm,
    SignInForm,
    say_password_problem,
)
from campaign.staff.pages.passkey_views import answer_challenge
from campaign.staff.reauthentication import CodeForm, say_passkey_refused, say_too_many
from campaign.staff.sessions import find_known_browser
from campaign.web.page import Page, redirect_to, show_page
from campaign.web.security import private_page, public, request_networks, same_origin

TRIES_PER_HOUR = 10
_OF_ACCOUNT = "sign-in"
_OF_BROWSER = "sign-in-browser"
FROM_NETWORK = "sign-in-network"
_PASSKEYS = "sign-in-passkey"
blueprint = Blueprint("sign_in", __name__, url_prefix="/desk")
blueprint.before_request(same_origin)
blueprint.after_request(private_page)


class SignIn(Page, template="staff/sign_in.html"):
    form: SignInForm
    problem: str = ""


class EnterCode(Page, template="staff/enter_code.html"):
    form: CodeForm


class SetPassword(Page, template="staff/set_password.html"):
    form: SetPasswordForm
    user: StaffUser


class PasswordLinkGone(Page, template="staff/password_link_gone.html"):
    days: int


@blueprint.get("/sign-in")
@public
@i18n.localised
def sign_in() -> ResponseReturnValue:
    """Show the sign-in page; who is signed in already goes on to the desk."""
    target = sessions.safe_next_page(request.args.get("next"))
    if current_user.is_authenticated:
        return redirect(target)
    return show_page(SignIn(form=SignInForm(next=target)))


@blueprint.post("/sign-in")
@public
@i18n.localised
def sign_in_with_password() -> ResponseReturnValue:
    """Sign in. Every refusal looks the same, whether or not there is such an account."""
    form = SignInForm()
    if not form.validate():
        return show_page(SignIn(form=form))
    email, browser = form.email.data, find_known_browser(form.email.data)
    try:
        count_sign_in_try(email, browser)
        # The look-up and the hashing take no lock: a flood of guesses must not hold up signatures.
        with db.reading() as session:
            user = staff_users.find_by_email(session, email)
        right = staff_users.is_password_right(user, form.password.data, known=bool(browser))
    except TooMany as limit:
        return _refuse_too_many(form, limit)
    if user is None or not right:
        problem = _("The email address or the password is wrong. Check both and try again.")
        return show_page(SignIn(form=form, problem=problem), 422)
    forget_sign_in_tries(db.session(), email, browser)
    target = sessions.safe_next_page(form.next.data)
    if user.has_second_factor:
        sessions.remember_password_passed(user)
        return redirect_to(".second_step", next=target)
    sessions.begin_session(db.session(), staff_users.get_staff_user(db.session(), user.public_id))
    return redirect(target, 303)


@blueprint.get("/sign-in/passkey")
@public
def ask_for_passkey() -> ResponseReturnValue:
    return answer_challenge(passkeys.ask_for("sign-in", None))


@blueprint.post("/sign-in/passkey")
@public
@i18n.localised
def sign_in_with_passkey() -> ResponseReturnValue:
    """Sign in without a password: the device has made sure that it is its owner."""
    sent = PasskeySignInForm()
    form = SignInForm(formdata=None, next=sessions.safe_next_page(sent.next.data))
    try:
        with db.transaction() as session:
            around = request_networks(ipv4_prefix=24)
            count_from_networks(session, _PASSKEYS, around, current_settings().sign_ins_per_hour)
    except TooMany as limit:
        return _refuse_too_many(form, limit)
    with db.transaction() as session:
        user = passkeys.use_passkey(
            session,
            "sign-in",
            None,
            answer=sent.passkey_proof.data or "",
            token=sent.passkey_challenge.data or "",
        )
    if user is None:
        return show_page(SignIn(form=form, problem=say_passkey_refused()), 422)
    user = staff_users.get_staff_user(db.session(), user.public_id)
    sessions.begin_session(db.session(), user, by="passkey")
    return redirect(form.next.data, 303)


@blueprint.get("/sign-in/code")
@public
@i18n.localised
def second_step() -> ResponseReturnValue:
    """Ask for the second factor of somebody who knew the password."""
    target, user = sessions.safe_next_page(request.args.get("next")), _find_halfway()
    if user is None:
        return redirect(url_for(".sign_in", next=target))
    return show_page(EnterCode(form=CodeForm(user, next=target)))


@blueprint.get("/sign-in/code/passkey")
@public
def ask_for_passkey_halfway() -> ResponseReturnValue:
    user = _find_halfway()
    if user is None:
        abort(403)
    return answer_challenge(passkeys.ask_for("second-step", user))


@blueprint.post("/sign-in/code")
@public
@i18n.localised
def sign_in_with_code() -> ResponseReturnValue:
    target, user = sessions.safe_next_page(request.form.get("next")), _find_halfway()
    if user is None:
        message = _("Your sign-in took too long. Sign in again.")
        return redirect_to(".sign_in", message, next=target)
    form = CodeForm(user)
    status = form.check(user)
    if status != 200:
        return EnterCode(form=form).html(), status
    sessions.begin_session(db.session(), staff_users.get_staff_user(db.session(), user.public_id))
    return redirect(target, 303)


def _find_halfway() -> StaffUser | None:
    with db.reading() as session:
        return sessions.find_user_halfway(session)


def _refuse_too_many(form: SignInForm, limit: TooMany) -> ResponseReturnValue:
    minutes = -(-limit.seconds // 60)
    if limit.slug == staff_users.HASHING:
        problem = _say_busy()
    elif limit.slug == _PASSKEYS:
        problem = say_too_many(limit)
    elif limit.slug == FROM_NETWORK:
        problem = ngettext(
            "Too many attempts from your network. Wait %(num)s minute, then try again. Or use a "
            "browser you have signed in with before.",
            "Too many attempts from your network. Wait %(num)s minutes, then try again. Or use "
            "a browser you have signed in with before.",
            minutes,
        )
    else:
        problem = ngettext(
            "Too many attempts with this address. Wait %(num)s minute, then try again.",
            "Too many attempts with this address. Wait %(num)s minutes, then try again.",
            minutes,
        )
    response = make_response(SignIn(form=form, problem=problem).html(), limit.status)
    response.headers["Retry-After"] = str(limit.seconds)
    return response


def _say_busy() -> str:
    return _("Many people are signing in now. Wait a few seconds, then try again.")


@blueprint.get("/set-password/<token>")
@public
@i18n.localised
def set_password(token: str) -> ResponseReturnValue:
    """Show the form behind a one-time link; that uses nothing up: mail scanners do so too."""
    try:
        user = passwords.get_user_of_link(db.session(), token)
    except Gone:
        return _show_link_gone()
    g.locale = user.locale
    return show_page(SetPassword(form=SetPasswordForm(), user=user))


@blueprint.post("/set-password/<token>")
@public
@i18n.localised
def save_password(token: str) -> ResponseReturnValue:
    """Set the password; the link is used up, all sessions end, and sign-in is asked for."""
    session = db.session()
    try:
        user = passwords.get_user_of_link(session, token)
    except Gone:
        return _show_link_gone()
    g.locale = user.locale
    form = SetPasswordForm()
    if form.validate():
        about = user.email, user.name
        session.rollback()  # nobody else waits while a password is judged and hashed
        try:
            hashed = staff_users.hash_new_password(form.password.data, about=about)
            user = passwords.get_user_of_link(session, token)
        except Gone:
            return _show_link_gone()
        except Invalid as problem:
            form.password.errors = [say_password_problem(problem.fields["password"])]
        except TooMany:
            form.password.errors = [_say_busy()]
        else:
            staff_users.keep_password(session, user=user, hashed=hashed)
            return redirect_to("sign_in.sign_in", _("Password set. Sign in with it."))
    return show_page(SetPassword(form=form, user=user))


def _show_link_gone() -> ResponseReturnValue:
    return show_page(PasswordLinkGone(days=passwords.LINK_DAYS), 410)


def count_sign_in_try(email: str, browser: str) -> None:
    """Count a try before the password is looked at; raises TooMany beyond the limit.

    `browser`: its name, where it has signed in to this account before. In a transaction of its
    own, as a refused sign-in commits nothing: call it before the request's session is used, which
    would hold SQLite's one write lock.
    """
    with db.transaction() as session:
        if browser:
            count_against_limit(
                session, _OF_BROWSER, _account_and_browser(email, browser), TRIES_PER_HOUR
            )
            return
        account, networks = canonical_email(email), request_networks()
        count_from_networks(session, _OF_ACCOUNT, networks, TRIES_PER_HOUR, account=account)
        around = request_networks(ipv4_prefix=24)
        count_from_networks(session, FROM_NETWORK, around, current_settings().sign_ins_per_hour)


def forget_sign_in_tries(session: Session, email: str, browser: str) -> None:
    """Forget the tries at the account of somebody who then knew the password.

    Those of a network over all accounts stay: with an account of their own, who guesses at others
    would begin anew again and again.
    """
    account, networks = canonical_email(email), request_networks()
    forget_count_from_networks(session, _OF_ACCOUNT, networks, account=account)
    if browser:
        forget_count(session, _OF_BROWSER, _account_and_browser(email, browser))


def _account_and_browser(email: str, browser: str) -> str:
    return f"{canonical_email(email)}|{browser}"
