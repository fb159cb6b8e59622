"""Who is told of what, and when."""

from datetime import UTC, date, datetime

import pytest

from campaign.campaigns.lifecycle import is_news
from campaign.models.campaign import Campaign, CampaignStatus, UpdateKind
from campaign.models.network import Frequency, NetworkMember
from campaign.network.mailings import due_before, wants

CASE = Campaign(country="MX", themes=["defenders", "women"], letter_locales=["es", "pt-BR"])


def member(**wishes: list[str]) -> NetworkMember:
    return NetworkMember(**{"countries": [], "themes": [], "languages": []} | wishes)


NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wishes", "wanted"),
    [
        ({}, True),
        ({"countries": ["MX", "TR"]}, True),
        ({"countries": ["TR"]}, False),
        ({"themes": ["women"]}, True),
        ({"themes": ["torture"]}, False),
        ({"languages": ["fr", "es"]}, True),
        ({"languages": ["pt"]}, True),
        ({"languages": ["fr"]}, False),
        ({"countries": ["MX"], "themes": ["defenders"], "languages": ["es"]}, True),
        ({"countries": ["MX"], "themes": ["defenders"], "languages": ["en"]}, False),
    ],
)
def test_a_member_hears_of_what_meets_every_wish(
    wishes: dict[str, list[str]], wanted: bool
) -> None:
    assert wants(member(**wishes), CASE) is wanted


def test_who_wants_a_theme_does_not_hear_of_a_case_without_any() -> None:
    assert not wants(
        member(themes=["women"]), Campaign(country="MX", themes=[], letter_locales=["es"])
    )


@pytest.mark.parametrize(
    ("kind", "status", "act_by", "told"),
    [
        (None, CampaignStatus.OPEN, None, True),
        (None, CampaignStatus.OPEN, date(2026, 3, 29), False),
        (None, CampaignStatus.DRAFT, None, False),
        (None, CampaignStatus.CLOSED, None, False),
        (None, CampaignStatus.STOPPED, None, False),
        (UpdateKind.FURTHER_INFORMATION, CampaignStatus.OPEN, None, True),
        (UpdateKind.FURTHER_INFORMATION, CampaignStatus.CLOSED, None, False),
        (UpdateKind.GOOD_NEWS, CampaignStatus.CLOSED, date(2026, 3, 1), True),
        (UpdateKind.GOOD_NEWS, CampaignStatus.STOPPED, None, False),
        (UpdateKind.GOOD_NEWS, CampaignStatus.DRAFT, None, False),
        (UpdateKind.REPLY, CampaignStatus.OPEN, None, False),
        (UpdateKind.STOP, CampaignStatus.OPEN, None, False),
    ],
)
def test_nobody_is_asked_to_write_to_what_takes_no_letters(
    kind: UpdateKind | None, status: CampaignStatus, act_by: date | None, told: bool
) -> None:
    assert is_news(kind, status, act_by, NOW) is told


@pytest.mark.parametrize(
    ("frequency", "before"),
    [
        (Frequency.WEEKLY, datetime(2026, 3, 24, 12, tzinfo=UTC)),
        (Frequency.MONTHLY, datetime(2026, 2, 28, 12, tzinfo=UTC)),
    ],
)
def test_a_week_has_seven_days_and_a_month_ends_with_the_month(
    frequency: Frequency, before: datetime
) -> None:
    assert due_before(frequency, NOW) == before


def test_the_month_before_january_is_december() -> None:
    january = datetime(2027, 1, 5, tzinfo=UTC)
    assert due_before(Frequency.MONTHLY, january) == datetime(2026, 12, 5, tzinfo=UTC)
