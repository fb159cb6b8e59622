"""How the papers of a bundle say numbers and days, and what marks a rehearsal."""

from datetime import date
from functools import lru_cache

from babel import localedata
from flask_babel import gettext as _

from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.core import i18n
from campaign.core.i18n import say_number


def say_number_there(number: int, frozen: Frozen) -> str:
    """Return a number as the mission's country writes it: Spanish has 1.270, Mexico 1,270."""
    country = frozen.mission.sending_country
    own = f"{frozen.locale.partition('-')[0]}-{country}"
    exists = country and localedata.exists(own.replace("-", "_"))
    return say_number(number, own if exists else frozen.locale)


@lru_cache(maxsize=2000)
def short_day(iso: str, locale: str) -> str:
    """A day as a table has it."""
    return i18n.say_short_day(date.fromisoformat(iso), locale)


def mark_of(frozen: Frozen) -> str:
    """The word that every sheet of a rehearsal bears; nothing on a real one."""
    return str(_("Rehearsal")) if frozen.rehearsal else ""
