"""The form by which somebody joins the network, and later changes what comes."""

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import BooleanField, EmailField, Form, RadioField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import StopValidation

from campaign.campaigns.lifecycle import PUBLIC
from campaign.campaigns.themes import themes_by_name
from campaign.core import i18n
from campaign.core.settings import current_settings
from campaign.models.campaign import Campaign
from campaign.models.network import Frequency, NetworkMember
from campaign.network.memberships import Preferences
from campaign.signing.clean_text import Problem, check_line
from campaign.signing.validate import EMAIL_LIMIT, check_email
from campaign.web.form_base import PlainForm
from campaign.web.form_fields import CheckboxesField, Filled, choices

ALL, SOME = "all", "some"


def consent_wording() -> str:
    """Return the sentence that is agreed to, in the language of the page."""
    words: str = gettext(
        "I agree that %(organisation)s keeps my email address and these choices to email me about "
        "urgent actions. I can leave at any time with the link in every email.",
        organisation=current_settings().organisation_name,
    )
    return words


class OfferedField(CheckboxesField):
    """Several choices, a checkbox each; what is not among them is refused in our words."""

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
    """What a member wants to get."""

    country_scope = _scope(_l("Countries"), _l("All countries"), _l("Only the ones I choose"))
    countries = OfferedField(_l("Countries"))
    theme_scope = _scope(_l("Themes"), _l("All themes"), _l("Only the ones I choose"))
    themes = OfferedField(_l("Themes"))
    languages = OfferedField(
        _l("Languages you can write in"),
        description=_l(
            "We email you about actions with a letter in one of these languages. "
            "Choose none to get all."
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
        spoken = [*i18n.languages(), *_letter_languages(session)]
        if member is not None:
            countries |= set(member.countries)
            spoken += member.languages
        self.countries.choices = choices(
            [pair for pair in i18n.countries() if pair[0] in countries]
        )
        self.themes.choices = choices(themes_by_name())
        self.languages.choices = choices(
            [
                (code, _capital(i18n.language_name(code, i18n.locale())))
                for code in dict.fromkeys(spoken)
            ]
        )


class JoinForm(PreferencesForm):
    """Joining: with the address and the consent."""

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
    """Changing what comes: with the language of the mails."""

    locale = RadioField(_l("Language of our emails"), validate_choice=False)

    def offer(self, session: Session, member: NetworkMember | None = None) -> None:
        super().offer(session, member)
        self.locale.choices = choices(
            [(code, i18n.language_name(code)) for code in i18n.languages()]
        )

    def validate_locale(self, field: RadioField) -> None:
        if field.data not in i18n.languages():
            raise StopValidation(gettext("Choose the language of our emails."))


def typed_of(member: NetworkMember) -> dict[str, object]:
    """Return a member's choices, as the form has them."""
    return {
        "country_scope": SOME if member.countries else ALL,
        "countries": member.countries,
        "theme_scope": SOME if member.themes else ALL,
        "themes": member.themes,
        "languages": member.languages,
        "frequency": member.frequency.value,
        "locale": member.locale,
    }


def _letter_languages(session: Session) -> list[str]:
    listed = session.scalars(select(Campaign.letter_locales).where(Campaign.status.in_(PUBLIC)))
    return sorted({code for codes in listed for code in codes})


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
