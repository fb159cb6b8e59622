"""A cover letter with invented counts, to look at its words before any bundle is made."""

from flask_babel import force_locale
from flask_babel import gettext as _

from campaign import storage
from campaign.bundles.destinations import frozen_destination
from campaign.bundles.documents.cover_letter import Covered, cover_context
from campaign.bundles.documents.cover_texts import CoverWords
from campaign.bundles.freeze.bundle_facts import frozen_organisation
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.core import clock, i18n
from campaign.core.settings import Settings
from campaign.models.directory import Mission
from campaign.printing.geometry import LAYOUTS, layout_for
from campaign.printing.sheets import bundle_sheets
from campaign.signing.letter.compose import Case
from campaign.signing.letter.letter_facts import FrozenTarget


def sample_pdf(mission: Mission, locale: str, words: CoverWords, settings: Settings) -> bytes:
    """The letter as it would print. Raises LetterRefused."""
    with force_locale(locale.replace("-", "_")), storage.storage().workshop() as folder:
        frozen = _frozen(mission, locale, settings)
        covered = Covered({1: 481, 2: 250}, on_paper=41)
        out = folder / "cover-letter.pdf"
        context = cover_context(frozen, words, covered)
        bundle_sheets.cover_letter(context, LAYOUTS[frozen.layout], out)
        return out.read_bytes()


def _frozen(mission: Mission, locale: str, settings: Settings) -> Frozen:
    country = i18n.country_name(mission.sending_country, locale)
    case = Case(
        reference="UA 00/00",
        person_name=_("(the person’s name)"),
        country=mission.sending_country,
        act_by=None,
    )
    names = (_("First official"), _("Second official"))
    return Frozen(
        locale=locale,
        frozen_on=clock.today(settings.timezone),
        timezone=settings.timezone,
        layout=layout_for(mission.host_country).slug,
        format="letter",
        campaign="sample",
        case=case,
        mission=frozen_destination(mission, locale, settings.organisation_country),
        organisation=frozen_organisation(settings),
        targets={
            number: FrozenTarget("sample", {locale: f"{name}, {country}"}, {})
            for number, name in enumerate(names, 1)
        },
    )
