"""The page of tokens, for admins."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField

from campaign.api import tokens
from campaign.core import db
from campaign.models.api_token import ApiScope, ApiToken
from campaign.models.staff import Role
from campaign.staff.desk_access import fresh, guard, staff_user
from campaign.staff.gone_things import lead_to_others
from campaign.web.form_base import DeskForm
from campaign.web.form_fields import CheckboxesField, Filled, LineField, choices
from campaign.web.page import Page, redirect_to, show_page

blueprint = Blueprint("api_tokens", __name__, url_prefix="/desk/api-tokens")
guard(blueprint, Role.ADMIN)
_REVOKED = _l("This token was revoked. Nothing was saved.")
lead_to_others(blueprint, {"token-revoked": _REVOKED})

SCOPES: Mapping[str, object] = {
    ApiScope.ACTIONS.value: _l("Read actions and how many people wrote"),
    ApiScope.PEOPLE.value: _l("Read people who agreed to our emails, and signatures"),
    ApiScope.SIGN_UPS.value: _l("Send signatures and members from forms on other sites"),
}
_PERIODS = {30: _l("30 days"), 90: _l("90 days"), 365: _l("One year")}
assert tuple(_PERIODS) == tokens.LIFETIMES


class TokenForm(DeskForm):
    name = LineField(
        _l("Name of the program"),
        limit=60,
        needed=_l("Enter a name, so that you know later what uses this token."),
        description=_l("What uses the token and where, such as “Our CRM”."),
    )
    scopes = CheckboxesField(
        _l("Scopes (what the program can do)"),
        [Filled(_l("Choose at least one scope."))],
        choices=choices(list(SCOPES.items())),
    )
    days = RadioField(
        _l("Valid for"),
        default="90",
        choices=choices([(str(days), words) for days, words in _PERIODS.items()]),
    )


class TokensPage(Page, template="api/tokens.html"):
    form: TokenForm
    tokens: Sequence[ApiToken]
    scopes: Mapping[str, object]
    now: datetime
    waits: Callable[[ApiToken], bool]
    """For a second person."""
    me: int


class NewToken(Page, template="api/new_token.html"):
    token: ApiToken
    secret: str
    waits: bool


class RevokePage(Page, template="api/revoke.html"):
    token: ApiToken


@blueprint.get("/")
def index() -> ResponseReturnValue:
    return _show_tokens(TokenForm(formdata=None))


@blueprint.post("/")
@fresh()
def create() -> ResponseReturnValue:
    form = TokenForm()
    if not form.validate():
        return _show_tokens(form)
    token, secret = tokens.create_token(
        db.session(),
        name=form.name.data,
        scopes=[ApiScope(scope) for scope in form.scopes.data],
        days=int(form.days.data),
        by=staff_user(),
    )
    # Shown in the answer itself: kept anywhere for another page, it could be read there.
    return show_page(NewToken(token=token, secret=secret, waits=tokens.waits_for_approval(token)))


@blueprint.post("/<public_id>/approve")
@fresh()
def approve(public_id: str) -> ResponseReturnValue:
    tokens.approve_token(db.session(), public_id=public_id, by=staff_user())
    return redirect_to(".index", _("Token approved. The program can read people now."))


@blueprint.get("/<public_id>/revoke")
def ask_revoke(public_id: str) -> ResponseReturnValue:
    return show_page(RevokePage(token=tokens.get_token(db.session(), public_id)))


@blueprint.post("/<public_id>/revoke")
def revoke(public_id: str) -> ResponseReturnValue:
    tokens.revoke_token(db.session(), public_id=public_id, by=staff_user())
    return redirect_to(".index", _("Token revoked. The program that used it is now refused."))


def _show_tokens(form: TokenForm) -> ResponseReturnValue:
    listed = tokens.list_tokens(db.session())
    return show_page(
        TokensPage(
            form=form,
            tokens=listed,
            scopes=SCOPES,
            now=db.utcnow(),
            waits=tokens.waits_for_approval,
            me=staff_user().id,
        )
    )
