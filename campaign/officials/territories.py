"""From a country's name, as files and people write it, to its ISO 3166-1 code. Pure."""

import re
from functools import lru_cache

from campaign import i18n
from campaign.officials.text import fold

_ALIASES = {
    "usa": "US", "united states of america": "US", "us": "US", "uk": "GB", "great britain": "GB",
    "vatican": "VA", "holy see": "VA", "peoples republic of china": "CN",
    "palestine": "PS", "state of palestine": "PS", "palestinian territories": "PS",
    "czech republic": "CZ", "slovak republic": "SK", "turkey": "TR", "danish realm": "DK",
    "kingdom of denmark": "DK", "kingdom of the netherlands": "NL", "myanmar": "MM",
    "burma": "MM", "ivory coast": "CI", "democratic republic of the congo": "CD",
    "democratic republic of congo": "CD", "dr congo": "CD", "republic of the congo": "CG",
    "congo": "CG", "east timor": "TL", "federated states of micronesia": "FM",
    "hong kong": "HK", "macau": "MO", "macao": "MO",
    "sahrawi arab democratic republic": "EH", "korea republic of south korea": "KR",
    "republic of korea": "KR", "korea": "KR", "korea north": "KP",
    "democratic peoples republic of korea": "KP", "russian federation": "RU",
    "viet nam": "VN", "syrian arab republic": "SY", "iran islamic republic of": "IR",
    "bolivia plurinational state of": "BO", "venezuela bolivarian republic of": "VE",
    "tanzania united republic of": "TZ", "united republic of tanzania": "TZ",
    "moldova republic of": "MD", "republic of moldova": "MD", "cape verde": "CV",
    "cabo verde": "CV", "swaziland": "SZ", "macedonia": "MK", "lao pdr": "LA",
    "lao peoples democratic republic": "LA", "brunei darussalam": "BN",
    "republic of ireland": "IE", "kingdom of saudi arabia": "SA", "hellenic republic": "GR",
    "saint vincent and the grenadines": "VC", "republic of kosovo": "XK", "uae": "AE",
}  # fmt: skip
"""Folded names that Babel does not have."""

_WITH_ARTICLE = {
    "AE", "BS", "CD", "CF", "CG", "DO", "FK", "GB", "GM", "KM", "KY", "MH", "MV", "NL", "PH",
    "SB", "SC", "US",
}  # fmt: skip
_PLAIN = {
    "HK": "Hong Kong", "MO": "Macao", "MM": "Myanmar", "CD": "Democratic Republic of the Congo",
    "CG": "Republic of the Congo", "PS": "Palestine", "VA": "Holy See",
}  # fmt: skip
"""English names for use within a sentence, where Babel's carry brackets or a status."""


@lru_cache(maxsize=2000)
def country_code(name: str, *languages: str) -> str | None:
    """The code of the country that `name` names in English or one of `languages`; or None."""
    given = name.strip()
    if given.upper() in _codes() and len(given) == 2:
        return given.upper()
    folded = _key(given)
    for language in ("en", *languages):
        if code := _names(language).get(folded):
            return code
    return _ALIASES.get(folded)


def english_name(code: str) -> str:
    """A country's English name as it stands after "of": "Mexico", "the United States"."""
    name = _PLAIN.get(code) or i18n.country_name(code, "en")
    return f"the {name}" if code in _WITH_ARTICLE or code == "VA" else name


def slug_name(code: str) -> str:
    """A country's English name for a slug."""
    return _PLAIN.get(code) or i18n.country_name(code, "en")


def _key(name: str) -> str:
    return re.sub(r"^(the )?(st \b)?", lambda found: "saint " if found[2] else "", fold(name))


@lru_cache(maxsize=1)
def _codes() -> frozenset[str]:
    return frozenset(code for code, _ in i18n.countries("en"))


@lru_cache(maxsize=32)
def _names(language: str) -> dict[str, str]:
    return {_key(name): code for code, name in i18n.countries(language)}
