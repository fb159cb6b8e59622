"""How the papers of a bundle say numbers and days, and what marks a rehearsal."""

from datetime import date
from functools import lru_cache

from babel import localedata
from babel.dates import format_date
from babel.numbers import format_decimal
from flask_babel import gettext as _

from campaign.bundles.freeze.frozen_texts import Frozen


def say_number(number: int, locale: str) -> str:
    """Say a number as people of the language write it."""
    return str(format_decimal(number, locale=locale.replace("-", "_")))


def say_number_there(number: int, frozen: Frozen) -> str:
    """Return a number as the mission's country writes it: Spanish has 1.270, Mexico 1,270."""
    language = frozen.locale.replace("-", "_").partition("_")[0]
    country = frozen.mission.sending_country
    own = f"{language}_{country}"
    return say_number(number, own if country and localedata.exists(own) else frozen.locale)


@lru_cache(maxsize=2000)
def short_day(iso: str, locale: str) -> str:
    """A day as a table has it."""
    return str(format_date(date.fromisoformat(iso), "medium", locale=locale.replace("-", "_")))


def mark_of(frozen: Frozen) -> str:
    """The word that every sheet of a rehearsal bears; nothing on a real one."""
    return str(_("Rehearsal")) if frozen.rehearsal else ""
