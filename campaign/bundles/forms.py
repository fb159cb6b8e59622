"""Forms of the desk's pages on bundles."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, SelectField
from wtforms.validators import DataRequired, Length

from campaign import i18n


class FreezeForm(FlaskForm):  # type: ignore[misc]
    """Which letters to freeze, and in which language the papers around them are."""

    campaign = HiddenField(validators=[DataRequired(), Length(max=80)])
    mission = HiddenField(validators=[DataRequired(), Length(max=80)])
    locale = SelectField(
        _l("Language of the cover letter and the lists"),
        description=_l("The letters stay in the languages in which they were written."),
    )
    sheets_travel = BooleanField(
        _l("The signed sheets and cards travel with this bundle"),
        description=_l("The cover letter then says how many people signed them."),
    )

    @classmethod
    def of(cls, campaign: str, mission: str, locales: list[str]) -> "FreezeForm":
        """The form for one campaign and mission, with the languages there are."""
        form = cls(campaign=campaign, mission=mission)
        form.locale.choices = [(code, i18n.language_name(code)) for code in locales]
        return form
