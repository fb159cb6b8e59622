"""The time zone of a place, from its country and its city."""

from zoneinfo import ZoneInfo

import pytest
from babel.core import get_global

from campaign.core import time_zones
from campaign.core.time_zones import zone_of, zones_in


@pytest.mark.parametrize(
    ("country", "city", "zone"),
    [
        ("CA", "Ottawa", "America/Toronto"),
        ("CA", "Vancouver", "America/Vancouver"),
        ("CA", "Montréal", "America/Toronto"),
        ("CA", "CALGARY", "America/Edmonton"),
        ("CA", "St. John’s, NL", "America/St_Johns"),
        ("US", "San Francisco", "America/Los_Angeles"),
        ("US", "Washington, D.C.", "America/New_York"),
        ("US", "Nowhere in particular", "America/New_York"),
        ("BR", "São Paulo", "America/Sao_Paulo"),
        ("BR", "Manaus", "America/Manaus"),
        ("RU", "Vladivostok", "Asia/Vladivostok"),
        ("AU", "Canberra", "Australia/Sydney"),
        ("AU", "", "Australia/Sydney"),
        ("JP", "Tokyo", "Asia/Tokyo"),
        ("JP", "Osaka", "Asia/Tokyo"),
        ("KZ", "Astana", "Asia/Almaty"),
        ("XX", "Anywhere", "UTC"),
        ("", "", "UTC"),
    ],
)
def test_a_city_has_its_zone_and_an_unknown_one_that_of_the_capital(
    country: str, city: str, zone: str
) -> None:
    assert zone_of(country, city) == zone


def test_every_country_has_a_zone_that_this_python_knows() -> None:
    countries = [code for code in get_global("territory_zones") if code.isalpha()]
    assert len(countries) > 200
    for code in countries:
        assert ZoneInfo(zone_of(code, "")).key == zone_of(code, "")


def test_each_country_of_several_zones_names_the_one_of_its_capital() -> None:
    no_capital = {"AQ", "UM", "ZZ", "001"}
    several = {code for code in get_global("territory_zones") if len(zones_in(code)) > 1}
    assert several - no_capital == set(time_zones._CAPITALS)
    assert all(zone in zones_in(code) for code, zone in time_zones._CAPITALS.items())
    assert all(any(zone in zones_in(code) for code in several) for zone in time_zones._CITIES)
