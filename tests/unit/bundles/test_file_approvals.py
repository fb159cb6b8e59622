"""Whose approval opens which files until when, without a database."""

from datetime import UTC, datetime, timedelta

import pytest

from campaign.bundles import file_approvals
from campaign.core.errors import Refused
from campaign.models.export import FileApproval, FileApprovalState
from campaign.models.staff import StaffUser

NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)
ASKER, OTHER, THIRD = 1, 2, 3
BUNDLE = 7


def approval(state: FileApprovalState, *, hours: float = 1, **facts: object) -> FileApproval:
    defaults: dict[str, object] = {
        "requested_by_id": ASKER,
        "decided_by_id": OTHER if state is FileApprovalState.APPROVED else None,
        "bundle_id": BUNDLE,
        "state": state,
        "expires_at": NOW + timedelta(hours=hours),
    }
    return FileApproval(**(defaults | facts))


@pytest.mark.parametrize("state", list(FileApprovalState))
@pytest.mark.parametrize("by", [ASKER, OTHER, THIRD])
@pytest.mark.parametrize("bundle", [BUNDLE, 8, None])
@pytest.mark.parametrize("hours", [1, 0, -1])
def test_only_who_asked_has_only_these_files_only_in_time(
    state: FileApprovalState, by: int, bundle: int | None, hours: float
) -> None:
    right = (state, by, bundle, hours) == (FileApprovalState.APPROVED, ASKER, BUNDLE, 1)
    assert file_approvals.opens(approval(state, hours=hours), by, bundle, NOW) is right


def test_what_nobody_else_approved_opens_nothing() -> None:
    for by in (None, ASKER):
        alone = approval(FileApprovalState.APPROVED, decided_by_id=by)
        assert not file_approvals.opens(alone, ASKER, BUNDLE, NOW)


@pytest.mark.parametrize("state", list(FileApprovalState))
@pytest.mark.parametrize("by", [ASKER, OTHER])
@pytest.mark.parametrize("hours", [1, 0])
@pytest.mark.parametrize("days", [3, 2])
def test_only_another_of_some_days_decides_only_what_waits_only_in_time(
    state: FileApprovalState, by: int, hours: float, days: int
) -> None:
    user = StaffUser(id=by, created_at=NOW - timedelta(days=days), totp_since=NOW)
    asked = approval(state, hours=hours)
    if (state, by, hours, days) == (FileApprovalState.ASKED, OTHER, 1, 3):
        file_approvals.refuse_decision(asked, user, NOW, 3)
        return
    with pytest.raises(Refused):
        file_approvals.refuse_decision(asked, user, NOW, 3)
