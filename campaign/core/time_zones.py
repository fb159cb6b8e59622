"""The time zone of a place: from its country, and in a country of several from its city. Pure."""

import re
from functools import cache
from zoneinfo import available_timezones

from babel.core import get_global

from campaign.core.text.fold import fold_name

_CAPITALS = {
    "AR": "America/Argentina/Buenos_Aires", "AU": "Australia/Sydney", "BR": "America/Sao_Paulo",
    "CA": "America/Toronto", "CD": "Africa/Kinshasa", "CL": "America/Santiago",
    "CN": "Asia/Shanghai", "CY": "Asia/Nicosia", "DE": "Europe/Berlin", "EC": "America/Guayaquil",
    "ES": "Europe/Madrid", "FM": "Pacific/Pohnpei", "GL": "America/Nuuk", "ID": "Asia/Jakarta",
    "KI": "Pacific/Tarawa", "KZ": "Asia/Almaty", "MH": "Pacific/Majuro", "MN": "Asia/Ulaanbaatar",
    "MX": "America/Mexico_City", "MY": "Asia/Kuala_Lumpur", "NZ": "Pacific/Auckland",
    "PF": "Pacific/Tahiti", "PG": "Pacific/Port_Moresby", "PS": "Asia/Hebron",
    "PT": "Europe/Lisbon", "RU": "Europe/Moscow", "UA": "Europe/Kyiv", "US": "America/New_York",
    "UZ": "Asia/Tashkent",
}  # fmt: skip
"""Where the capital is, of countries with several zones: most missions are there."""
_CITIES = {
    "America/Chicago": "austin brownsville dallas houston kansas_city laredo mcallen memphis "
    "milwaukee minneapolis nashville new_orleans omaha saint_paul san_antonio st_louis",
    "America/Denver": "albuquerque el_paso salt_lake_city",
    "America/Los_Angeles": "fresno las_vegas oxnard portland sacramento san_bernardino san_diego "
    "san_francisco san_jose santa_ana seattle",
    "America/Phoenix": "tucson",
    "Pacific/Honolulu": "honolulu",
    "America/Edmonton": "calgary",
    "America/Regina": "saskatoon",
    "America/Vancouver": "victoria",
    "America/Tijuana": "mexicali",
    "America/Cancun": "playa_del_carmen",
    "America/Hermosillo": "nogales",
    "America/Ciudad_Juarez": "ciudad_juarez juarez",
    "Atlantic/Canary": "las_palmas las_palmas_de_gran_canaria santa_cruz_de_tenerife",
    "Atlantic/Azores": "ponta_delgada",
    "Atlantic/Madeira": "funchal",
    "Africa/Lubumbashi": "bukavu goma kisangani",
    "Asia/Makassar": "bali denpasar ujung_pandang",
    "Asia/Kuching": "kota_kinabalu",
    "America/Fortaleza": "natal",
    "America/Bahia": "salvador",
}
"""Cities with missions that give no zone its name, in countries of several zones."""


_OF_PLACES = re.compile(
    "(Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific)/"
)


@cache
def all_zones() -> tuple[str, ...]:
    """Return the names that mean a place: `America/Toronto`, and UTC."""
    named = (zone for zone in available_timezones() if _OF_PLACES.match(zone))
    return ("UTC", *sorted(named))


def zones_in(country: str) -> tuple[str, ...]:
    return tuple(sorted(get_global("territory_zones").get(country, ())))


@cache
def zone_of(country: str, city: str) -> str:
    """Return the zone of a city, else of the capital, else UTC: a suggestion for a form."""
    zones = zones_in(country)
    capital = _CAPITALS.get(country) or next(iter(zones), "UTC")
    return _by_city(zones).get(_plain(city), capital)


@cache
def _by_city(zones: tuple[str, ...]) -> dict[str, str]:
    named = {_plain(zone.rpartition("/")[2].replace("_", " ")): zone for zone in zones}
    others = {
        name.replace("_", ""): zone
        for zone, names in _CITIES.items()
        if zone in zones
        for name in names.split()
    }
    return named | others


def _plain(city: str) -> str:
    """Return it without accents, gaps and what stands behind a comma: "St. John's, NL"."""
    return fold_name(city.partition(",")[0]).replace(" ", "")
