"""Who is told of what, and when."""

from datetime import UTC, date, datetime

import pytest

from campaign.campaigns.lifecycle import is_news
from campaign.models.campaign import CampaignStatus, UpdateKind
from campaign.models.network import Frequency
from campaign.network.wishes import Subject, Wishes, due_before, matches

CASE = Subject("MX", ["defenders", "women"], ["es", "pt-BR"])
NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wishes", "wanted"),
    [
        (Wishes(), True),
        (Wishes(countries=["MX", "TR"]), True),
        (Wishes(countries=["TR"]), False),
        (Wishes(themes=["women"]), True),
        (Wishes(themes=["torture"]), False),
        (Wishes(languages=["fr", "es"]), True),
        (Wishes(languages=["pt"]), True),
        (Wishes(languages=["fr"]), False),
        (Wishes(["MX"], ["defenders"], ["es"]), True),
        (Wishes(["MX"], ["defenders"], ["en"]), False),
    ],
)
def test_a_member_hears_of_what_meets_every_wish(wishes: Wishes, wanted: bool) -> None:
    assert matches(wishes, CASE) is wanted


def test_who_wants_a_theme_does_not_hear_of_a_case_without_any() -> None:
    assert not matches(Wishes(themes=["women"]), Subject("MX", [], ["es"]))


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
        (Frequency.EACH, NOW),
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
