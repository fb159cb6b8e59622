"""What a mark on a letter's way says."""

import pytest

from campaign.models.bundle import DeliveryAttempt
from campaign.models.directory import Mission
from campaign.tracking.timeline import places_of


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("45 O'Connor Street, Suite 1000", ["Embassy of Mexico, Ottawa"]),
        ("Embassy of Mexico, Ottawa", ["Embassy of Mexico, Ottawa"]),
        ("", ["Embassy of Mexico, Ottawa"]),
        ("At the back door", ["Embassy of Mexico, Ottawa", "At the back door"]),
    ],
)
def test_a_visit_names_the_mission_and_another_place_beside_it(place: str, said: list[str]) -> None:
    mission = Mission(
        name={"en": "Embassy of Mexico"},
        locality="Ottawa",
        address=["45 O'Connor Street", "Suite 1000"],
    )
    assert places_of(DeliveryAttempt(mission=mission, place=place), "en") == said
