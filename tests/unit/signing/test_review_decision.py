"""What a verdict shows a writer."""

import pytest

from campaign.models.signature import SignatureState
from campaign.signing.checks.review_decision import Verdict
from campaign.signing.checks.screening_rules import Reason

CONFIRMED, HELD, INVALID = SignatureState.CONFIRMED, SignatureState.HELD, SignatureState.INVALID


@pytest.mark.parametrize(
    ("reasons", "shown"),
    [([Reason.RISK], CONFIRMED), ([Reason.RISK, Reason.THREAT], HELD), ([], CONFIRMED)],
)
def test_what_a_verdict_shows_does_not_go_by_what_makes_it_false(
    reasons: list[str], shown: SignatureState
) -> None:
    assert Verdict(reasons, 3).columns(SignatureState.PENDING)["state_before"] is shown
    assert Verdict(reasons, None).columns(INVALID)["state_before"] is shown
    columns = Verdict(reasons, None).columns(SignatureState.PENDING)
    assert (columns["state_before"] or columns["state"]) is shown
