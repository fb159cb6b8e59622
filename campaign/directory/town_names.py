"""Whether two names of towns mean one town: "London", "Londres", "لندن". Pure.

Names in other languages are those that CLDR has for the cities that name a time zone, among them
most capitals; other towns with many missions stand here.
"""

import pickle
import re
from collections import defaultdict
from functools import cache, lru_cache
from pathlib import Path

from babel.core import get_global
from babel.localedata import exists, resolve_locale_filename

from campaign.core.text.fold import fold_name

_LANGUAGES = (
    "en", "fr", "es", "ar", "bg", "cs", "da", "de", "el", "fa", "fi", "he", "hu", "id", "it", "ja",
    "ko", "nb", "nl", "pl", "pt", "ro", "ru", "sr", "sv", "th", "tr", "uk", "ur", "vi", "zh",
)  # fmt: skip
"""Languages in which lists of missions are written; all that CLDR has would take a second."""
_TOWNS = {
    "AU": "canberra|كانبرا|كانبيرا|канберра;melbourne|ملبورن",
    "BE": "antwerp|antwerpen|anvers|amberes|أنتويرب",
    "BR": "brasilia|برازيليا|бразилиа",
    "CA": "ottawa|أوتاوا|اتاوا|оттава;quebec|quebec city|ville de quebec|كيبيك;montreal|"
          "مونتريال|монреаль;calgary|كالغاري",
    "CH": "geneva|geneve|ginebra|genf|ginevra|جنيف|женева;bern|berne|berna|برن|берн;basel|bale|"
          "basilea",
    "CN": "beijing|pekin|peking|pequim|pechino|بكين|بيجين|пекин|北京;guangzhou|canton|kanton|"
          "غوانزو|廣州|广州",
    "DE": "frankfurt|frankfurt am main|francfort|francfort sur le main|francoforte|فرانكفورت;"
          "munich|munchen|monaco di baviera|ميونخ|ميونيخ;cologne|koln|colonia;hamburg|hambourg|"
          "hamburgo|هامبورغ",
    "EG": "alexandria|alexandrie|alejandria|الاسكندرية",
    "FR": "strasbourg|estrasburgo|strassburg|ستراسبورغ;marseille|marseilles|marsella|مرسيليا;"
          "lyon|lyons|ليون",
    "GR": "thessaloniki|salonica|salonique|salonica|تسالونيكي",
    "IL": "tel aviv|tel aviv jaffa|tel aviv yafo|تل أبيب",
    "IN": "new delhi|nouvelle delhi|nueva delhi|neu delhi|nova deli|delhi|نيودلهي|дели|"
          "नई दिल्ली;mumbai|bombay|مومباي;chennai|madras;bangalore|bengaluru",
    "IT": "milan|milano|mailand|ميلانو;naples|napoli|napoles|نابولي;turin|torino;florence|"
          "firenze|florencia|florenz;venice|venezia|venise|venecia",
    "KZ": "astana|nur sultan|أستانا|астана",
    "MA": "rabat|الرباط|рабат;marrakesh|marrakech|مراكش;tangier|tanger|طنجة",
    "MX": "mexico city|mexico|ciudad de mexico|mexico df|mexico d f|cdmx|مكسيكو|مدينة مكسيكو",
    "NG": "abuja|أبوجا|абуджа",
    "NL": "the hague|la haye|la haya|den haag|s gravenhage|haag|لاهاي|гаага",
    "NZ": "wellington|ولينغتون|веллингтон",
    "PK": "islamabad|إسلام آباد|исламабад",
    "PL": "krakow|cracow|cracovie|cracovia|krakau",
    "RU": "saint petersburg|st petersburg|saint petersbourg|san petersburgo|санкт петербург|"
          "سانت بطرسبرغ",
    "SA": "jeddah|djeddah|jidda|yeda|جدة",
    "TR": "ankara|أنقرة|انقرة|анкара",
    "TZ": "dodoma|دودوما",
    "US": "washington|washington dc|washington d c|واشنطن|واشنطن العاصمة|вашингтон|华盛顿;"
          "philadelphia|philadelphie|filadelfia;houston|هيوستن;san francisco|سان فرانسيسكو;"
          "miami|ميامي;new orleans|la nouvelle orleans|nueva orleans;boston|بوسطن",
    "VN": "hanoi|ha noi|هانوي|ханой|河内",
    "ZA": "pretoria|tshwane|بريتوريا|претория;cape town|le cap|ciudad del cabo|kapstadt|"
          "كيب تاون",
}  # fmt: skip
_NO_NAME = {"cedex", "city", "d", "c", "f", "dc", "df"}
_TOWN_OF = re.compile(r"^(ciudad|cidade|ville|city|stadt) (de la|de|do|of) |^مدينة ")


def town_key(town: str, country: str) -> str:
    """Return what all names of a town in that country have alike; empty where none is given."""
    return _find_key(_strip_town(town), country)


def same_town(town: str, other: str, country: str) -> bool | None:
    """None where a name is missing, or in another script and not known."""
    key, other_key = town_key(town, country), town_key(other, country)
    if key and key == other_key:
        return True
    cannot_tell = not (key and other_key) or _is_latin(key) != _is_latin(other_key)
    return None if cannot_tell else False


@lru_cache(maxsize=4000)
def _find_key(plain: str, country: str) -> str:
    zones = _load_towns().get((country, plain)) or _load_towns().get(("", plain))
    return min(zones) if zones else plain


@lru_cache(maxsize=4000)
def _strip_town(town: str) -> str:
    """Return the town's name alone: "75008 Paris Cedex", "Ottawa, ON" and "Washington, D.C."."""
    first = town.partition(",")[0]
    words = _TOWN_OF.sub("", fold_name(first if first.strip() else town)).split()
    named = [word for word in words if word not in _NO_NAME and not re.search(r"\d", word)]
    return " ".join(named or words)


def _is_latin(text: str) -> bool:
    return bool(re.search(r"[a-z]", text, re.IGNORECASE))


@cache
def _load_towns() -> dict[tuple[str, str], set[str]]:
    """Return the towns that a name means in a country, by the first of their names."""
    towns_by_name: dict[tuple[str, str], set[str]] = defaultdict(set)
    countries, aliases = get_global("zone_territories"), get_global("zone_aliases")
    for code in filter(exists, _LANGUAGES):
        # Read past Babel, which keeps all that it has of a language.
        with Path(resolve_locale_filename(code)).open("rb") as file:
            zones = pickle.load(file).get("time_zones", {})  # noqa: S301
        for alias, names in zones.items():
            zone = aliases.get(alias, alias)
            for name in (names.get("city"), alias.rpartition("/")[2].replace("_", " ")):
                if name:
                    towns_by_name[countries.get(zone) or "", _strip_town(name)].add(zone)
    for country, towns in _TOWNS.items():
        for names in towns.split(";"):
            spelled = [_strip_town(name) for name in names.split("|")]
            for name in spelled:
                towns_by_name[country, name] = {spelled[0]}
    return dict(towns_by_name)
