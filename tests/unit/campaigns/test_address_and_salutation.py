"""The last line of an address abroad."""

import pytest

from campaign.campaigns.content.address_and_salutation import addressing_of, country_line
from campaign.models.campaign import Target, TargetKind
from tests.factories import make_target_mission, make_target_official


@pytest.mark.parametrize(
    ("country", "locale", "posted_in", "line"),
    [
        ("FR", "en", "CA", "FRANCE"),
        ("GB", "fr", "CA", "ROYAUME-UNI"),
        ("DE", "es", "CA", "GERMANY"),
        ("JP", "ar", "FR", "JAPON"),
        ("CA", "en", "CA", ""),
        ("CA", "en", "", ""),
    ],
)
def test_the_country_is_in_capitals_and_a_language_of_where_it_is_posted(
    country: str, locale: str, posted_in: str, line: str
) -> None:
    assert country_line(country, locale, posted_in) == line


def test_an_address_names_the_country_of_a_mission_abroad_alone() -> None:
    mission = make_target_mission(1, host_country="FR", region="")
    target = Target(kind=TargetKind.TO, official=make_target_official(1), mission=mission)
    abroad = addressing_of(target, "es", host_country="FR", posted_in="CA").lines
    at_home = addressing_of(target, "es", host_country="FR", posted_in="FR").lines
    assert abroad == (*at_home, "FRANCE")
