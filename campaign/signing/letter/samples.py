"""Invented supporters with whom organizers look at a campaign: an ordinary one, and hard cases.

A hard case is one that signing takes: names, towns and words at their limits, in any script.
"""

from dataclasses import replace
from datetime import date

from flask_babel import gettext

from campaign.core.settings import current_settings
from campaign.models.signature import Disclosure
from campaign.signing.campaign_terms import SigningPlan
from campaign.signing.letter.compose import Writer

PLAIN, LONGEST, RTL, WORDS, SCRIPTS = "plain", "longest", "rtl", "words", "scripts"
SAMPLES = (PLAIN, LONGEST, RTL, WORDS, SCRIPTS)
_LONG_GIVEN = "Wilhelmina-Maximiliana Oluwaseun-Oluwadamilola Featherstonehaugh"
_LONG_FAMILY = "Venkatanarasimharajuvaripeta-Montgomery von Hohenzollern-Sigmaringen"
_LONG = 60
"""Characters of each: together the longest name for which letters are checked."""
_LONG_TOWN = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogoch"
_FEWEST = 40
"""Characters below which own words are not cut further to fit."""


def sample_writer(kind: str, plan: SigningPlan, locale: str, day: date) -> Writer:
    """Return the supporter of that kind, who takes every point."""
    points = tuple(key for key, _ in plan.points[locale])
    values = _PLAIN | {"own_words": _own_words()} | _CASES.get(kind, {})
    writer = Writer(**values, disclosure=Disclosure.FULL, points=points)
    if kind == WORDS:
        limit = plan.offer(locale).limit(current_settings().own_words_limit)
        return _filled(writer, plan, locale, day, limit)
    return writer


_PLAIN = {
    "given_name": "Robin",
    "family_name": "Beauchamp",
    "locality": "Ottawa",
    "region": "ON",
    "postal_code": "K1A 0A1",
    "country": "CA",
}
_CASES: dict[str, dict[str, str]] = {
    LONGEST: {
        "given_name": _LONG_GIVEN[:_LONG].strip(" -"),
        "family_name": _LONG_FAMILY[:_LONG].strip(" -"),
        "locality": _LONG_TOWN,
        "region": "Ynys Môn",
        "postal_code": "LL61 5UJ",
        "country": "GB",
    },
    RTL: {
        "given_name": "نور الهدى",
        "family_name": "عبد الرحمن الحدّاد",
        "locality": "بيروت",
        "region": "",
        "postal_code": "1107 2180",
        "country": "LB",
        "own_words": (
            "قرأتُ قصة هذا الإنسان ولم أستطع أن أنساها. نحن بعيدون، لكننا نتابع "
            "ما يجري، ونطلب أن تُحترم حقوقه وأن يُحمى هو ومن معه."
        ),
    },
    SCRIPTS: {
        "given_name": "Łucja Ștefania",
        "family_name": "Ωμέγα-Żółkiewska",
        "locality": "Київ",
        "region": "",
        "postal_code": "01001",
        "country": "UA",
        "own_words": (
            "Пишу вам здалеку: ми стежимо за цією справою. Σας γράφω από μακριά. "
            "Ďakujem, že čítate. Þakka þér fyrir. Xin cảm ơn."
        ),
    },
}
"""In what a hard case differs from the ordinary supporter."""


def _own_words() -> str:
    text: str = gettext(
        "Your own words will be printed here. I am writing because what happened matters to me."
    )
    return text


def _filled(writer: Writer, plan: SigningPlan, locale: str, day: date, limit: int) -> Writer:
    """Give the writer as many own words as are allowed and fit the page."""
    once = writer.own_words
    words = " ".join([once] * (limit // len(once) + 1))[:limit].rpartition(" ")[0]
    filled = replace(writer, own_words=words)
    while (
        locale in plan.bounded
        and len(filled.own_words) > _FEWEST
        and not plan.drafts[locale].room(filled, day).fits
    ):
        shorter = filled.own_words[: len(filled.own_words) - 40].rpartition(" ")[0]
        filled = replace(filled, own_words=shorter)
    return filled
