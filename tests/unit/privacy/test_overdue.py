"""When the time is over for which contact data is kept."""

from datetime import UTC, date, datetime

import pytest

from campaign.core.clock import months_before
from campaign.models.campaign import CampaignStatus
from campaign.privacy.overdue import all_is_over, ended_at

_MARCH = datetime(2026, 3, 5, 12, tzinfo=UTC)
_MAY = datetime(2026, 5, 5, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "months", "before"),
    [
        (date(2026, 11, 25), 6, date(2026, 5, 25)),
        (date(2026, 8, 31), 6, date(2026, 2, 28)),
        (date(2026, 1, 15), 1, date(2025, 12, 15)),
        (date(2026, 6, 30), 18, date(2024, 12, 30)),
    ],
)
def test_months_are_those_of_the_calendar(day: date, months: int, before: date) -> None:
    assert months_before(day, months) == before


def test_a_campaign_ends_when_it_is_closed_and_again_when_it_is_stopped() -> None:
    assert ended_at(CampaignStatus.OPEN, _MARCH, None) is None
    assert ended_at(CampaignStatus.CLOSED, _MARCH, None) == _MARCH
    assert ended_at(CampaignStatus.STOPPED, _MARCH, _MAY) == _MAY
    assert ended_at(CampaignStatus.STOPPED, None, _MAY) == _MAY


@pytest.mark.parametrize(
    ("ended", "delivered", "is_over"),
    [
        (None, date(2020, 1, 1), False),
        (_MARCH, None, True),
        (_MARCH, date(2026, 4, 1), True),
        (_MARCH, date(2026, 4, 3), False),
        (_MAY, date(2026, 1, 1), False),
    ],
)
def test_the_later_of_end_and_last_delivery_counts(
    ended: datetime | None, delivered: date | None, is_over: bool
) -> None:
    assert all_is_over(ended, delivered, date(2026, 4, 2)) is is_over
