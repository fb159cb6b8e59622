"""Who may have an export and when, without a database."""

from datetime import UTC, datetime, timedelta

import pytest

from campaign.bundles.file_approvals import check_reason
from campaign.core.errors import DomainError, Gone, Invalid, NotFound, Refused
from campaign.exports import export_rules
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.export import DataExport, ExportKind, ExportState
from campaign.models.signature import SignatureState
from campaign.models.staff import StaffUser

NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)
ASKER, OTHER = 1, 2


def export(state: ExportState, *, hours: float | None = 1, **facts: object) -> DataExport:
    defaults: dict[str, object] = {
        "kind": ExportKind.OFFICIALS,
        "requested_by_id": ASKER,
        "state": state,
        "expires_at": NOW + timedelta(hours=hours) if hours is not None else None,
        "campaign": Campaign(status=CampaignStatus.OPEN),
    }
    return DataExport(**(defaults | facts))


def test_no_list_holds_who_did_not_confirm_or_has_gone() -> None:
    never = {SignatureState.PENDING, SignatureState.WITHDRAWN, SignatureState.ERASED}
    for kind in ExportKind:
        assert not never & set(export_rules.states_in(kind))
    assert export_rules.states_in(ExportKind.OFFICIALS) == (SignatureState.CONFIRMED,)


@pytest.mark.parametrize("status", list(CampaignStatus))
@pytest.mark.parametrize("kind", export_rules.OF_CAMPAIGNS)
def test_a_stop_and_a_draft_hold_back(status: CampaignStatus, kind: ExportKind) -> None:
    stopped = status is CampaignStatus.STOPPED and kind is ExportKind.OFFICIALS
    hidden = status in {CampaignStatus.DRAFT, CampaignStatus.REVIEW, CampaignStatus.SCHEDULED}
    if stopped or hidden:
        with pytest.raises(Refused):
            export_rules.refuse_campaign(kind, status)
    else:
        export_rules.refuse_campaign(kind, status)


@pytest.mark.parametrize("state", list(ExportState))
@pytest.mark.parametrize("by", [ASKER, OTHER])
@pytest.mark.parametrize("hours", [1, 0, -1])
def test_only_another_decides_only_what_waits_only_in_time(
    state: ExportState, by: int, hours: float
) -> None:
    user = StaffUser(id=by, created_at=NOW - timedelta(days=3), totp_since=NOW)
    if by == OTHER and state is ExportState.ASKED and hours > 0:
        export_rules.refuse_decision(export(state, hours=hours), user, NOW, 3)
    else:
        with pytest.raises(Refused):
            export_rules.refuse_decision(export(state, hours=hours), user, NOW, 3)


def test_a_new_account_decides_nothing() -> None:
    user = StaffUser(id=OTHER, created_at=NOW - timedelta(days=2), totp_since=NOW)
    with pytest.raises(Refused, match="decider-new"):
        export_rules.refuse_decision(export(ExportState.ASKED), user, NOW, 3)


@pytest.mark.parametrize(
    ("state", "by", "hours", "problem"),
    [
        (ExportState.READY, ASKER, 1, None),
        (ExportState.READY, OTHER, 1, NotFound),
        (ExportState.READY, ASKER, 0, Gone),
        (ExportState.EXPIRED, ASKER, -1, Gone),
        (ExportState.EXPIRED, OTHER, -1, NotFound),
        (ExportState.ASKED, ASKER, 1, Refused),
        (ExportState.MAKING, ASKER, None, Refused),
        (ExportState.REFUSED, ASKER, None, Refused),
        (ExportState.WITHDRAWN, ASKER, 1, Refused),
        (ExportState.FAILED, ASKER, None, Refused),
    ],
)
def test_the_file_is_one_persons_for_its_time(
    state: ExportState, by: int, hours: float | None, problem: type[DomainError] | None
) -> None:
    if problem is None:
        export_rules.refuse_download(export(state, hours=hours), by, NOW)
        return
    with pytest.raises(problem):
        export_rules.refuse_download(export(state, hours=hours), by, NOW)


def test_a_reason_says_something() -> None:
    assert check_reason("  For the\n vetting. ") == "For the vetting."
    for typed in ("", "         x        ", "because", "x" * 501):
        with pytest.raises(Invalid):
            check_reason(typed)


def test_the_mark_says_whose_it_is() -> None:
    mark = export_rules.Watermark(7, "UA 1/26", ExportKind.FULL, "Ada", NOW, "For the\nvetting")
    lines = dict(mark.lines())
    assert lines["approved by"] == "no approval was needed"
    assert lines["bundle"] == "all"
    assert (lines["export"], lines["campaign"]) == ("7", "UA 1/26")
