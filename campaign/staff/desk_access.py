"""Guards: who may come to the pages of a blueprint.

A guard stands on the whole blueprint, so that a new view is guarded from its first day, and
noted for the test that walks the URL map.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, TypeVar, cast

from flask import (
    Blueprint,
    abort,
    current_app,
    flash,
    g,
    has_request_context,
    redirect,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf.csrf import CSRFError

from campaign.core import audit, db, i18n
from campaign.core.audit import AuditEntry
from campaign.core.errors import NotFound
from campaign.models.staff import Role, StaffUser
from campaign.staff import reauthentication, require_audit, required_factors, sessions
from campaign.staff.gone_things import show_gone
from campaign.staff.reauthentication import ASKED, ProofForm, Reauthenticate, say_press_again
from campaign.web.security import private_page, refuse_nul, same_origin

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])
_BEFORE_SET_UP = {
    "staff.sign_out",
    "staff.confirm",
    "staff.prove",
    "staff.second_factor.show",
    "staff.second_factor.start",
    "staff.second_factor.turn_on",
    "staff.confirm_by_passkey",
    "staff.passkeys.show",
    "staff.passkeys.new",
    "staff.passkeys.challenge",
    "staff.passkeys.add",
}
"""What a user may do whose role asks for a second factor that is not set up yet."""
_SET_UP_PAGES = {
    "any": "staff.second_factor.show",
    "passkey": "staff.passkeys.show",
    "hardware_key": "staff.passkeys.show",
}


def guard(blueprint: Blueprint, *roles: Role) -> None:
    """Let only signed-in users of these roles (and admins) in; with no role, every staff user.

    Others are sent to sign in; signed-in users of another role get the page of a thing that does
    not exist (404), so that addresses tell nothing.
    """
    allowed = frozenset(roles or Role) | {Role.ADMIN}
    blueprint.allowed_roles = allowed  # type: ignore[attr-defined]

    @blueprint.before_request
    def check() -> ResponseReturnValue | None:
        same_origin()
        if not current_user.is_authenticated:
            return sessions.ask_to_sign_in()
        user = staff_user()
        if not sessions.note_use():
            sessions.close_session(user)
            if request.method in {"GET", "HEAD"}:
                return sessions.ask_to_sign_in()
            raise CSRFError("idle")  # its page keeps what was typed
        if user.role not in allowed:
            g.kept_out = True
            abort(404)
        g.locale = user.locale
        refuse_nul()
        if required_factors.must_set_up(user) and request.endpoint not in _BEFORE_SET_UP:
            return redirect(url_for(_SET_UP_PAGES[required_factors.needed_kind(user)]))
        require_audit.watch()
        return None

    blueprint.register_error_handler(NotFound, show_gone)
    blueprint.register_error_handler(404, show_gone)
    blueprint.after_request(private_page)
    blueprint.after_request(require_audit.require_entry)


def fresh(*, back: str | None = None) -> Callable[[View], View]:
    """Let a view run only for who proved within the last minutes (`fresh_minutes`) who they are.

    For what hands out personal data in bulk; stands below the route. Others are asked for the code
    of their second factor, or for the password where they have none. A GET is then done as it was
    asked for. A POST with `back` leads to that page (with the same arguments), where its button is
    pressed once more: right for downloads, which leave the page as it is. Without `back` the POST
    goes on once it is answered. In both cases the question holds all that was typed, and `back`,
    which fills its form from the request, shows it again; a file cannot be kept so.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def ask_first(**values: Any) -> ResponseReturnValue:
            if reauthentication.is_fresh():
                return view(**values)
            if request.method in {"GET", "HEAD"}:
                return redirect(url_for("staff.confirm", next=request.full_path.rstrip("?")))
            if back is not None and not reauthentication.list_kept():
                target = url_for(back, **values)
                return redirect(url_for("staff.confirm", next=target, again="1"), 303)
            if question := _ask_with_what_was_typed(leads_back=back is not None):
                return question
            note_proof()
            return view(**values) if back is None else _show_again(back, values)

        ask_first.is_fresh = True  # type: ignore[attr-defined]
        return cast("View", ask_first)

    return decorate


def _ask_with_what_was_typed(*, leads_back: bool = False) -> ResponseReturnValue | None:
    """Return the question, which holds all else that was typed; None where it is answered."""
    form, kept = ProofForm(staff_user()), reauthentication.list_kept()
    # A form to add a passkey has an answer of its own, which answers no question.
    is_answered = form.is_answered and (not leads_back or ASKED in request.form)
    status = form.check(staff_user()) if is_answered else 403
    if status == 200:
        return None
    if leads_back:
        kept.append((ASKED, "1"))
    page = Reauthenticate(
        form=form, action=request.full_path, kept=kept, leads_to="back" if leads_back else "deed"
    )
    return page.html(), status


def _show_again(back: str, values: dict[str, Any]) -> ResponseReturnValue:
    """Show the page of `back` with what was typed, where the button is pressed once more."""
    endpoint = f"{request.blueprint}{back}" if back.startswith(".") else back
    rule = next(current_app.url_map.iter_rules(endpoint))
    flash(say_press_again())
    page = cast("Callable[..., ResponseReturnValue]", current_app.view_functions[endpoint])
    return page(**{name: values[name] for name in rule.arguments})


def note_proof() -> None:
    """Make this session fresh again; the audit says so."""
    reauthentication.note_fresh()
    by = actor()
    db.session().rollback()  # what a POST has read holds SQLite's one write lock
    with db.transaction() as session:
        audit.record(session, by, "accounts.confirm", by)


def staff_user() -> StaffUser:
    user: StaffUser = current_user._get_current_object()  # noqa: SLF001 — a proxy has no other way
    return user


def name_staff(staff_id: int | None) -> str:
    """Return the name of who did something; empty where nobody at the desk did."""
    user = db.session().get(StaffUser, staff_id) if staff_id else None
    return (user.name or user.email) if user else ""


def name_who_and_when(staff_id: int | None, at: datetime, zone: str | None = None) -> str:
    """Return who did something, where somebody at the desk did, and when."""
    return " · ".join(filter(None, (name_staff(staff_id), i18n.say_moment_in_zone(at, zone))))


def say_done_before(entry: AuditEntry | None, zone: str | None = None) -> str:
    """Say to who comes second that nothing was changed, and who did the same before, and when."""
    if entry is None:
        return _("This was already done. Nothing was changed.")
    when = i18n.say_moment_in_zone(entry.at, zone)
    if who := name_staff(audit.staff_id(entry.actor)):
        return _("%(who)s already did this on %(when)s. Nothing was changed.", who=who, when=when)
    return _("This was already done on %(when)s. Nothing was changed.", when=when)


def say_changed_since(entry: AuditEntry | None, zone: str | None = None) -> str:
    """Say to who comes second that another changed the same otherwise, and who, and when."""
    who = name_staff(audit.staff_id(entry.actor)) if entry else ""
    if entry is None or not who:
        return _(
            "Nothing was saved, because this was changed after you opened the page. Read what is "
            "new, then press the button again."
        )
    return _(
        "Nothing was saved, because %(who)s changed this on %(when)s, after you opened the page. "
        "Read what is new, then press the button again.",
        who=who,
        when=i18n.say_moment_in_zone(entry.at, zone),
    )


def actor() -> str:
    """Return how the audit names the signed-in user."""
    return f"staff:{staff_user().id}"


def is_guarded_request() -> bool:
    if not has_request_context():
        return False
    blueprint = current_app.blueprints.get(request.blueprint or "")
    return hasattr(blueprint, "allowed_roles")


EACH_HOURS = 1


def ask_before_view(action: str, subject: str) -> ResponseReturnValue | None:
    """Return the question who it is; None where they may look, for an hour.

    A person proves it for the first look at a thing in an hour, which is noted in a transaction of
    its own: a GET commits nothing else, nor does a form that was refused. For a POST, to be called
    before anything is written: what was typed goes on with the answer.
    """
    by, since = actor(), db.utcnow() - timedelta(hours=EACH_HOURS)
    with db.reading() as session:
        if audit.has_recent(session, by, action, subject, since=since):
            return None
    if not reauthentication.is_fresh():
        if request.method in {"GET", "HEAD"}:
            return redirect(url_for("staff.confirm", next=request.full_path.rstrip("?")))
        if question := _ask_with_what_was_typed():
            return question
        note_proof()
    db.session().rollback()  # what a POST has read holds SQLite's one write lock
    with db.transaction() as session:
        audit.record(session, by, action, subject)
    return None
