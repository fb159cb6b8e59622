"""What is said of a link whose letter is no longer there."""

from datetime import UTC, datetime, timedelta

import pytest

from campaign.core.errors import Gone
from campaign.models.campaign import Campaign, CampaignStatus, LetterFormat
from campaign.models.signature import Signature, SignatureState
from campaign.signing.confirm_letter import refuse_lost

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def make_signature(state: SignatureState, **facts: object) -> Signature:
    campaign = Campaign(
        slug="case",
        format=LetterFormat.LETTER,
        status=CampaignStatus.OPEN,
        default_locale="en",
        status_reasons={},
    )
    return Signature(campaign=campaign, state=state, **facts)


@pytest.mark.parametrize("before", [SignatureState.PENDING, SignatureState.CONFIRMED])
def test_a_forgotten_letter_is_said_to_be_forgotten_whatever_it_was(before: SignatureState) -> None:
    signature = make_signature(SignatureState.INVALID, state_before=before, forgotten_at=NOW)
    with pytest.raises(Gone, match="letter-forgotten"):
        refuse_lost(signature, NOW)


def test_a_letter_that_waits_is_lost_once_its_link_has_ended() -> None:
    signature = make_signature(SignatureState.PENDING, token_expires_at=NOW + timedelta(seconds=1))
    refuse_lost(signature, NOW)
    with pytest.raises(Gone, match="link-expired"):
        refuse_lost(signature, NOW + timedelta(seconds=1))
