"""The form by which somebody joins the network, and later changes what comes."""

from flask import Blueprint, abort, g, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, EmailField, Form, RadioField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import StopValidation

from campaign.campaigns.lifecycle import PUBLIC
from campaign.campaigns.themes import THEMES, themes_by_name
from campaign.core import db, i18n
from campaign.core.errors import Gone, NotFound
from campaign.core.rate_limits import count_from_networks
from campaign.core.settings import current_settings
from campaign.models.campaign import Campaign
from campaign.models.network import Frequency, MemberState, NetworkMember
from campaign.network import mails, memberships
from campaign.network.mails import NetworkConfirm
from campaign.network.memberships import Preferences
from campaign.public import before_request
from campaign.signing.clean_text import Problem, check_line
from campaign.signing.form.steps import correct_address
from campaign.signing.validate import EMAIL_LIMIT, check_email, suggest_address
from campaign.web.form_base import PlainForm
from campaign.web.form_fields import CheckboxesField, Filled, choices
from campaign.web.page import Page, redirect_to, show_page
from campaign.web.security import even_time, public, request_networks

ALL, SOME = "all", "some"
JOINS_PER_HOUR = 30  # Memberships that may be asked for from one network address in an hour


def consent_wording() -> str:
    words: str = gettext(
        "I agree that %(organisation)s keeps my email address and these choices so that it can "
        "email me about urgent actions. I can leave at any time with the link in every email.",
        organisation=current_settings().organisation_name,
    )
    return words


class OfferedField(CheckboxesField):
    def __init__(self, label: object, **kwargs: object) -> None:
        super().__init__(label, choices=[], validate_choice=False, **kwargs)

    def pre_validate(self, form: Form) -> None:
        if not set(self.data or []) <= {choice.value for choice in self.choices}:
            raise StopValidation(
                gettext("One of your choices is no longer available. Choose again.")
            )


def _scope(label: object, everything: object, only: object) -> RadioField:
    return RadioField(
        label,
        default=ALL,
        validate_choice=False,
        choices=[SelectChoice(ALL, everything), SelectChoice(SOME, only)],
    )


class PreferencesForm(PlainForm):
    country_scope = _scope(_l("Countries"), _l("All countries"), _l("Only the ones I choose"))
    countries = OfferedField(_l("Countries"))
    theme_scope = _scope(_l("Themes"), _l("All themes"), _l("Only the ones I choose"))
    themes = OfferedField(_l("Themes"))
    languages = OfferedField(
        _l("Languages you can write in"),
        description=_l(
            "We email you about actions with a letter in one of these languages. "
            "If you tick none, you get all."
        ),
    )
    frequency = RadioField(
        _l("How often"),
        default=Frequency.EACH.value,
        validate_choice=False,
        choices=[
            SelectChoice(Frequency.EACH.value, _l("Each action as it opens")),
            SelectChoice(Frequency.WEEKLY.value, _l("At most once a week, in one email")),
            SelectChoice(Frequency.MONTHLY.value, _l("At most once a month, in one email")),
        ],
    )

    def validate_frequency(self, field: RadioField) -> None:
        if field.data not in set(Frequency):
            raise StopValidation(gettext("Choose how often we email you."))

    def validate_countries(self, field: OfferedField) -> None:
        if self.country_scope.data == SOME and not field.data:
            raise StopValidation(gettext("Choose at least one country, or all countries."))

    def validate_themes(self, field: OfferedField) -> None:
        if self.theme_scope.data == SOME and not field.data:
            raise StopValidation(gettext("Choose at least one theme, or all themes."))

    def preferences(self) -> Preferences:
        return Preferences(
            countries=list(self.countries.data or []) if self.country_scope.data == SOME else [],
            themes=list(self.themes.data or []) if self.theme_scope.data == SOME else [],
            languages=list(self.languages.data or []),
            frequency=Frequency(self.frequency.data),
        )

    def offer(self, session: Session, member: NetworkMember | None = None) -> None:
        """Fill the choices: countries and languages that actions have had, and the member's own."""
        countries = set(
            session.scalars(select(Campaign.country).where(Campaign.status.in_(PUBLIC)))
        )
        listed = session.scalars(select(Campaign.letter_locales).where(Campaign.status.in_(PUBLIC)))
        spoken = [*i18n.languages(), *sorted({code for codes in listed for code in codes})]
        if member is not None:
            countries |= set(member.countries)
            spoken += member.languages
        self.countries.choices = choices(
            [pair for pair in i18n.countries() if pair[0] in countries]
        )
        self.themes.choices = choices(themes_by_name())
        self.languages.choices = choices(
            [
                (code, i18n.capitalize_first(i18n.language_name(code, i18n.locale())))
                for code in dict.fromkeys(spoken)
            ]
        )


class JoinForm(PreferencesForm):
    email = EmailField(
        _l("Email address"),
        [Filled(_l("Enter your email address. We will send you a link to confirm it."))],
    )
    consent = BooleanField()

    def validate_email(self, field: EmailField) -> None:
        checked = check_line(field.data, limit=EMAIL_LIMIT)
        if isinstance(checked, Problem) or check_email(checked):
            raise StopValidation(
                gettext("Enter a complete email address, such as name@example.org.")
            )
        field.data = checked

    def validate_consent(self, field: BooleanField) -> None:
        if not field.data:
            raise StopValidation(
                gettext("Tick this box to join. Without your consent we cannot email you.")
            )


class ChangeForm(PreferencesForm):
    locale = RadioField(_l("Language of our emails"), validate_choice=False)

    def offer(self, session: Session, member: NetworkMember | None = None) -> None:
        super().offer(session, member)
        self.locale.choices = choices(
            [(code, i18n.language_name(code)) for code in i18n.languages()]
        )

    def validate_locale(self, field: RadioField) -> None:
        if field.data not in i18n.languages():
            raise StopValidation(gettext("Choose the language of our emails."))


blueprint = Blueprint("network", __name__)
before_request.init_blueprint(blueprint)
blueprint.after_request(before_request.private)


class Join(Page, template="network/join.html"):
    form: JoinForm
    consent: str
    meant: str  # The likely address, where what was typed looks like a slip and nobody said not


class JoinLinkSent(Page, template="network/sent.html"):
    days: int  # For so long it can be confirmed
    mails_a_day: int


class Confirm(Page, template="network/confirm.html"):
    token: str
    choices: list[tuple[str, str]]  # What the button asks for, each with its label
    version: str
    changed: bool  # Whether somebody has asked for something else since this page was opened


class Joined(Page, template="network/joined.html"):
    again: bool
    own: str


class OwnPage(Page, template="network/preferences.html"):
    form: ChangeForm
    member: NetworkMember
    token: str
    saved: bool
    revoked: bool


class Leave(Page, template="network/leave.html"):
    action: str


class Left(Page, template="network/left.html"):
    again: bool


class MembershipLinkGone(Page, template="network/link_gone.html"):
    problem: str


@blueprint.route("/<lang>/network", methods=["GET", "POST"])
@public
@even_time
def join(lang: str) -> ResponseReturnValue:
    """Ask for a membership. The answer is the same whether the address has one or not."""
    posted = _posted()
    form = JoinForm(correct_address(posted) if posted else None)
    with db.reading() as reader:
        form.offer(reader)
    if request.method != "POST" or not form.validate():
        return show_page(Join(form=form, consent=consent_wording(), meant=""))
    meant = suggest_address(form.email.data)
    if meant and request.form.get("asked_about") != form.email.data:
        return show_page(Join(form=form, consent=consent_wording(), meant=meant))
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
    return show_page(JoinLinkSent(days=days, mails_a_day=mails_a_day))


@blueprint.get("/<lang>/network/confirm/<token>")
@public
def confirm(lang: str, token: str) -> ResponseReturnValue:
    with db.reading() as session:
        member = memberships.get_by_token(session, token)
        memberships.refuse_expired(member, db.utcnow())
        if member.state is MemberState.PENDING:
            page = Confirm(
                token=token,
                choices=_say_choices(member),
                version=memberships.version_of_wishes(member),
                changed="changed" in request.args,
            )
            return show_page(page)
        own = _find_own_page(member)
    return show_page(Joined(again=False, own=own))


@blueprint.post("/<lang>/network/confirm/<token>")
@public
def confirm_now(lang: str, token: str) -> ResponseReturnValue:
    """Confirm. A second click says that it was done before."""
    seen = request.form.get("version", "")
    try:
        member, was_pending = memberships.confirm(
            db.session(), token=token, now=db.utcnow(), seen=seen
        )
    except memberships.WishesChanged:
        return redirect_to(".confirm", lang=lang, token=token, changed=1)
    if was_pending:
        return redirect_to(".confirm", lang=lang, token=token)
    _switch_language_to("confirm")
    return show_page(Joined(again=True, own=_find_own_page(member)))


def _say_choices(member: NetworkMember) -> list[tuple[str, str]]:
    form = PreferencesForm(data={"frequency": member.frequency.value})
    comma, locale = i18n.comma(i18n.locale()), i18n.locale()
    often = {choice.value: str(choice.label) for choice in form.frequency.choices}
    wishes = {
        gettext("Countries"): comma.join(map(i18n.country_name, member.countries))
        or gettext("All countries"),
        gettext("Themes"): comma.join(str(THEMES[key]) for key in member.themes if key in THEMES)
        or gettext("All themes"),
        gettext("Languages you can write in"): i18n.capitalize_first(
            comma.join(i18n.language_name(code, locale) for code in member.languages)
        ),
        gettext("How often"): often[member.frequency.value],
        gettext("Language of our emails"): i18n.capitalize_first(
            i18n.language_name(member.locale, locale)
        ),
    }
    return list(wishes.items())


def _find_own_page(member: NetworkMember) -> str:
    expires = member.token_expires_at
    return mails.preferences_token(member) if expires and expires > db.utcnow() else ""


@blueprint.route("/<lang>/network/<token>", methods=["GET", "POST"])
@public
def preferences(lang: str, token: str) -> ResponseReturnValue:
    session = db.session()
    member = memberships.get_by_own_link(session, token, db.utcnow())
    memberships.refuse_left(member)
    form = ChangeForm(
        _posted(),
        data={
            "country_scope": SOME if member.countries else ALL,
            "countries": member.countries,
            "theme_scope": SOME if member.themes else ALL,
            "themes": member.themes,
            "languages": member.languages,
            "frequency": member.frequency.value,
            "locale": member.locale,
        },
    )
    form.offer(session, member)
    if request.method == "POST" and form.validate():
        memberships.change(session, member, locale=form.locale.data, preferences=form.preferences())
        return redirect_to(".preferences", lang=lang, token=token, saved=1)
    saved = request.method == "GET" and "saved" in request.args
    revoked = request.method == "GET" and "revoked" in request.args
    page = OwnPage(form=form, member=member, token=token, saved=saved, revoked=revoked)
    return show_page(page)


@blueprint.post("/<lang>/network/<token>/links")
@public
def revoke_links(lang: str, token: str) -> ResponseReturnValue:
    session = db.session()
    member = memberships.get_by_own_link(session, token, db.utcnow())
    memberships.revoke_links(session, member)
    session.refresh(member)
    own = mails.preferences_token(member)
    return redirect_to(".preferences", lang=lang, token=own, revoked=1)


@blueprint.get("/<lang>/network/<token>/leave")
@public
def leave(lang: str, token: str) -> ResponseReturnValue:
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
    return show_page(MembershipLinkGone(problem=problem.slug), problem.status)


blueprint.register_error_handler(Gone, show_lost)
blueprint.register_error_handler(NotFound, show_lost)


one_click = Blueprint("network_unsubscribe", __name__, url_prefix="/network/unsubscribe")
one_click.register_error_handler(NotFound, show_lost)
one_click.after_request(before_request.private)


@one_click.get("/<token>", endpoint="ask")
@public
def ask_one_click(token: str) -> ResponseReturnValue:
    with db.reading() as session:
        member = memberships.get_by_link(session, mails.LEAVING, token)
        i18n.speak_as_mail(member.locale)
        if member.state is MemberState.LEFT:
            return show_page(Left(again=True))
    return show_page(Leave(action=url_for(".leave", token=token, lang=i18n.locale())))


@one_click.post("/<token>", endpoint="leave")
@public
def leave_by_one_click(token: str) -> ResponseReturnValue:
    if request.form.get("List-Unsubscribe") != "One-Click":
        abort(400)
    session = db.session()
    member = memberships.get_by_link(session, mails.LEAVING, token)
    i18n.speak_as_mail(member.locale)
    memberships.leave(session, member, now=db.utcnow())
    g.language_endpoint = "network_unsubscribe.ask"
    return show_page(Left(again=False))
