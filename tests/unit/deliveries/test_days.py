"""On which days something can have happened to a bundle."""

from datetime import date

import pytest

from campaign.deliveries.rules import refuse_impossible_day
from campaign.errors import Invalid

FROZEN, TODAY = date(2026, 11, 20), date(2026, 11, 27)


@pytest.mark.parametrize("day", [FROZEN, date(2026, 11, 24), TODAY])
def test_from_the_freeze_until_today_a_day_is_taken(day: date) -> None:
    refuse_impossible_day(day, frozen_on=FROZEN, today=TODAY)


@pytest.mark.parametrize(
    ("day", "slug"),
    [
        (date(2026, 11, 28), "day-to-come"),
        (date(2026, 11, 19), "day-before-bundle"),
        (date(2019, 1, 1), "day-before-bundle"),
    ],
)
def test_a_day_before_the_freeze_or_to_come_is_refused_by_its_field(day: date, slug: str) -> None:
    with pytest.raises(Invalid) as refused:
        refuse_impossible_day(day, frozen_on=FROZEN, today=TODAY, field="posted_on")
    assert refused.value.fields == {"posted_on": slug}
