"""From a country's name, as files and people write it, to its ISO 3166-1 code. Pure."""

import re
from functools import cache, lru_cache

from campaign.core import i18n
from campaign.core.text.fold import fold_name, read_word_table


def _read_names(text: str) -> dict[str, str]:
    return {name: code for code, names in read_word_table(text).items() for name in names}


_ALIASES = _read_names("""
AE: uae
BA: bosnia|bosnia herzegovina
BN: brunei darussalam
BO: bolivia plurinational state of
CD: democratic republic of the congo|democratic republic of congo|dr congo|
  congo democratic republic|congo democratic republic of|congo democratic republic of the|
  congo republique democratique|congo republique democratique du|republique democratique du congo|
  drc|rdc|congo kinshasa
CG: republic of the congo|congo|congo republic|congo republic of|congo republic of the|
  republique du congo|congo brazzaville
CI: ivory coast|cote d'ivoire|cote d' ivoire|republic of cote d'ivoire
CN: peoples republic of china|china peoples republic of|republique populaire de chine
CV: cape verde|cabo verde
CZ: czech republic|republique tcheque|republica checa
DK: danish realm|kingdom of denmark
EH: sahrawi arab democratic republic
FM: federated states of micronesia
GB: uk|great britain|united kingdom of great britain and northern ireland|england|
  royaume uni de grande bretagne et d'irlande du nord|grande bretagne
GR: hellenic republic
HK: hong kong
IE: republic of ireland
IR: iran islamic republic of|iran republique islamique d
KP: korea north|democratic peoples republic of korea|coree republique populaire democratique de|
  korea democratic peoples republic of|republique populaire democratique de coree|dprk
KR: korea republic of south korea|republic of korea|korea|coree republique de|coree|
  republique de coree|korea republic of|korea south|south korea
LA: lao pdr|lao peoples democratic republic
MD: moldova republic of|republic of moldova
MK: macedonia
MM: myanmar|burma
MO: macau|macao
NL: kingdom of the netherlands
PS: palestine|state of palestine|palestinian territories
RU: russian federation|federation de russie
SA: kingdom of saudi arabia
SK: slovak republic
SY: syrian arab republic
SZ: swaziland
TL: east timor
TR: turkey|turquie|turkiye|republic of turkiye
TZ: tanzania united republic of|united republic of tanzania
US: usa|united states of america|us|etats unis d'amerique|estados unidos de america
VA: vatican|holy see|papal states|saint siege|vatican city state|santa sede|apostolic nunciature|
  nunciature|nonciature apostolique|nunciatura apostolica
VC: saint vincent and the grenadines
VE: venezuela bolivarian republic of
VN: viet nam
XK: republic of kosovo
""")
"""Folded names that Babel does not have."""
_SENDERS = _read_names("""
EU: european union|delegation of the european union|eu delegation|eu|european commission|
  union europeenne|ue|delegation de lunion europeenne|union europea|europaische union|
  delegacion de la union europea|الاتحاد الاوروبي
XM: order of malta|sovereign order of malta|smom|sovereign military order of malta|ordre de malte|
  orden de malta|ordre souverain de malte|ordre souverain militaire de malte|
  soberana orden de malta|soberana orden militar de malta|
  sovereign military hospitaller order of malta|malteserorden|souveraner malteserorden|
  منظمة فرسان مالطا
""")
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
_TWO_OF_A_NAME = {"congo", "korea", "coree", "corea", "china", "chine", "guinea", "guinee"}
"""Names that two states share: their style tells them apart."""

_WITH_ARTICLE = {
    "AE", "BS", "CD", "CF", "CG", "DO", "EU", "FK", "GB", "GM", "KM",
    "KY", "MH", "MV", "NL", "PH", "SB", "SC", "US", "VA", "XM",
}  # fmt: skip
_PLAIN = {
    "HK": "Hong Kong",
    "MO": "Macao",
    "MM": "Myanmar",
    "CD": "Democratic Republic of the Congo",
    "CG": "Republic of the Congo",
    "PS": "Palestine",
    "VA": "Holy See",
}
"""English names for use within a sentence, where Babel's carry brackets or a status."""


@lru_cache(maxsize=2000)
def country_code(name: str, *languages: str) -> str | None:
    """The code of the country that `name` names in English or one of `languages`; or None."""
    name = name.strip()
    if name.upper() in country_codes():
        return name.upper()
    folded = _fold_country(name)
    for language in ("en", *languages):
        if code := _load_names(language).get(folded):
            return code
    return _ALIASES.get(folded)


@lru_cache(maxsize=2000)
def country_code_anywhere(name: str, *, sender: bool = False) -> str | None:
    """The same by names in all languages and styles; with `sender`, also the EU and the like."""
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
    name = slug_name(code)
    return f"the {name}" if code in _WITH_ARTICLE else name


def slug_name(code: str) -> str:
    return _PLAIN.get(code) or i18n.country_name(code, "en")


def _fold_country(name: str) -> str:
    return re.sub(r"^(the )?(st \b)?", lambda match: "saint " if match[2] else "", fold_name(name))


@cache
def country_codes() -> frozenset[str]:
    return frozenset(code for code, _ in i18n.countries("en"))


@cache
def _load_names_anywhere() -> dict[str, str]:
    """Names in all languages; one that means two countries means none. Half a second, once."""
    codes_by_name: dict[str, set[str]] = {}
    for code, name in set(i18n.countries_anywhere()):
        codes_by_name.setdefault(_fold_country(name), set()).add(code)
    return {name: codes.pop() for name, codes in codes_by_name.items() if len(codes) == 1}


@lru_cache(maxsize=32)
def _load_names(language: str) -> dict[str, str]:
    return {_fold_country(name): code for code, name in i18n.countries(language)}
