"""Who can be the second person, without a database."""

from datetime import UTC, datetime, timedelta

import pytest

from campaign.core.errors import Refused
from campaign.models.staff import StaffUser
from campaign.staff.deciders import can_decide, refuse_decider

NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)


def user(*, days: float, factor: bool = True) -> StaffUser:
    return StaffUser(created_at=NOW - timedelta(days=days), totp_since=NOW if factor else None)


def test_an_account_of_some_days_with_a_second_factor_decides() -> None:
    assert can_decide(user(days=3), NOW, 3)
    assert can_decide(user(days=0), NOW, 0)


@pytest.mark.parametrize(
    ("days", "factor", "problem"), [(2.9, True, "decider-new"), (30, False, "decider-factor")]
)
def test_a_new_account_or_one_without_a_second_factor_does_not(
    days: float, factor: bool, problem: str
) -> None:
    with pytest.raises(Refused) as refused:
        refuse_decider(user(days=days, factor=factor), NOW, 3)
    assert refused.value.slug == problem
    assert not can_decide(user(days=days, factor=factor), NOW, 3)
