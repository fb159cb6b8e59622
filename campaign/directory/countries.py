"""From a country's name, as files and people write it, to its ISO 3166-1 code. Pure."""

import re
from functools import lru_cache

from campaign.core import i18n
from campaign.core.text.fold import fold_name

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
    "united kingdom of great britain and northern ireland": "GB", "england": "GB",
    "royaume uni de grande bretagne et d irlande du nord": "GB", "grande bretagne": "GB",
    "cote d ivoire": "CI", "republic of cote divoire": "CI", "congo democratic republic": "CD",
    "congo democratic republic of": "CD", "congo democratic republic of the": "CD",
    "congo republique democratique": "CD", "congo republique democratique du": "CD",
    "republique democratique du congo": "CD", "drc": "CD", "rdc": "CD",
    "congo republic": "CG", "congo republic of": "CG", "congo republic of the": "CG",
    "republique du congo": "CG", "congo brazzaville": "CG", "congo kinshasa": "CD",
    "coree republique de": "KR", "coree": "KR", "republique de coree": "KR",
    "korea republic of": "KR", "korea south": "KR", "south korea": "KR",
    "coree republique populaire democratique de": "KP",
    "korea democratic peoples republic of": "KP",
    "republique populaire democratique de coree": "KP", "dprk": "KP",
    "republique tcheque": "CZ", "etats unis d amerique": "US", "etats unis damerique": "US",
    "estados unidos de america": "US", "republica checa": "CZ", "federation de russie": "RU",
    "iran republique islamique d": "IR", "turquie": "TR", "turkiye": "TR",
    "republic of turkiye": "TR", "bosnia": "BA", "bosnia herzegovina": "BA",
    "china peoples republic of": "CN", "republique populaire de chine": "CN",
    "papal states": "VA", "saint siege": "VA", "vatican city state": "VA", "santa sede": "VA",
    "apostolic nunciature": "VA", "nunciature": "VA", "nonciature apostolique": "VA",
    "nunciatura apostolica": "VA",
}  # fmt: skip
"""Folded names that Babel does not have."""
_SENDERS = {
    "european union": "EU", "delegation of the european union": "EU", "eu delegation": "EU",
    "eu": "EU", "european commission": "EU", "union europeenne": "EU", "ue": "EU",
    "delegation de lunion europeenne": "EU", "union europea": "EU", "europaische union": "EU",
    "delegacion de la union europea": "EU", "الاتحاد الاوروبي": "EU",
    "order of malta": "XM", "sovereign order of malta": "XM", "smom": "XM",
    "sovereign military order of malta": "XM", "ordre de malte": "XM", "orden de malta": "XM",
    "ordre souverain de malte": "XM", "ordre souverain militaire de malte": "XM",
    "soberana orden de malta": "XM", "soberana orden militar de malta": "XM",
    "sovereign military hospitaller order of malta": "XM", "malteserorden": "XM",
    "souveraner malteserorden": "XM", "منظمة فرسان مالطا": "XM",
}  # fmt: skip
"""Folded names of those that have embassies and are no country."""
_SENDER_CODES = {code: code for code in i18n.NO_COUNTRIES_THAT_SEND}
_STYLES = re.compile(
    r"^(the )?((co operative|democratic|federal|federative|islamic|arab|socialist|independent"
    r"|oriental|peoples|plurinational|united|grand|hashemite) )*"
    r"(republic|kingdom|state|states|commonwealth|principality|duchy|union|sultanate) of (the )?"
    r"|^(la )?(republique|royaume|etat|principaute|grand duche|sultanat|federation)"
    r"( (federale|islamique|populaire|democratique|plurinational))* "
    r"(de la |de l|des |de |du |d ?(?=[aeiouhy]))"
    r"|^(la )?(republica|reino|estado|principado|sultanato) "
    r"((federal|islamica|popular|democratica) )*(de los |de las |de la |del |de )"
)
"""How states style themselves before their names."""
_TWO_OF_A_NAME = {"congo", "korea", "coree", "corea", "china", "chine", "guinea", "guinee"}
"""Names that two states share: their style tells them apart."""

_WITH_ARTICLE = {
    "AE", "BS", "CD", "CF", "CG", "DO", "EU", "FK", "GB", "GM", "KM", "KY", "MH", "MV", "NL", "PH",
    "SB", "SC", "US", "XM",
}  # fmt: skip
_PLAIN = {
    "HK": "Hong Kong", "MO": "Macao", "MM": "Myanmar", "CD": "Democratic Republic of the Congo",
    "CG": "Republic of the Congo", "PS": "Palestine", "VA": "Holy See",
}  # fmt: skip
"""English names for use within a sentence, where Babel's carry brackets or a status."""


@lru_cache(maxsize=2000)
def country_code(name: str, *languages: str) -> str | None:
    """The code of the country that `name` names in English or one of `languages`; or None."""
    name = name.strip()
    if name.upper() in _load_codes():
        return name.upper()
    folded = _fold_country(name)
    for language in ("en", *languages):
        if code := _load_names(language).get(folded):
            return code
    return _ALIASES.get(folded)


@lru_cache(maxsize=2000)
def country_code_anywhere(name: str, *, sender: bool = False) -> str | None:
    """The same by the names in every language that CLDR knows, and by official styles.

    With `sender`, also the European Union and the Order of Malta, which have embassies.
    """
    folded = fold_name(name)
    if sender and (code := _SENDERS.get(folded) or _SENDER_CODES.get(name.strip().upper())):
        return code
    if code := country_code(name, "fr", "es", "ar"):
        return code
    plain = _STYLES.sub("", folded)
    is_styled = plain != folded and plain not in _TWO_OF_A_NAME
    if is_styled and (code := country_code(plain, "fr", "es")):
        return code
    return _load_names_anywhere().get(_fold_country(name))


def english_name(code: str) -> str:
    """A country's English name as it stands after "of": "Mexico", "the United States"."""
    name = _PLAIN.get(code) or i18n.country_name(code, "en")
    return f"the {name}" if code in _WITH_ARTICLE or code == "VA" else name


def slug_name(code: str) -> str:
    return _PLAIN.get(code) or i18n.country_name(code, "en")


def _fold_country(name: str) -> str:
    return re.sub(r"^(the )?(st \b)?", lambda match: "saint " if match[2] else "", fold_name(name))


@lru_cache(maxsize=1)
def _load_codes() -> frozenset[str]:
    return frozenset(code for code, _ in i18n.countries("en"))


@lru_cache(maxsize=1)
def _load_names_anywhere() -> dict[str, str]:
    """Names in all languages; one that means two countries means none. Half a second, once."""
    codes_by_name: dict[str, set[str]] = {}
    for code, name in set(i18n.countries_anywhere()):
        codes_by_name.setdefault(_fold_country(name), set()).add(code)
    return {name: codes.pop() for name, codes in codes_by_name.items() if len(codes) == 1}


@lru_cache(maxsize=32)
def _load_names(language: str) -> dict[str, str]:
    return {_fold_country(name): code for code, name in i18n.countries(language)}
