"""Check codes of letters that were delivered, for the posts that tell of it."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core.text.code_groups import group_code
from campaign.models.bundle import Bundle, BundlePrint, DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Campaign
from campaign.public.case_page import CheckCode

_NOT_DELIVERED = (DeliveryOutcome.REFUSED, DeliveryOutcome.STOPPED)


def list_check_codes(session: Session, campaign: Campaign) -> dict[int, CheckCode]:
    """List what is on the papers of deliveries that are published, by the post's id."""
    rows = session.execute(
        select(DeliveryAttempt.update_id, BundlePrint.letters, BundlePrint.check_code)
        .join(Bundle, Bundle.id == DeliveryAttempt.bundle_id)
        .join(
            BundlePrint,
            (BundlePrint.bundle_id == Bundle.id) & (BundlePrint.zip_sha256 == Bundle.zip_sha256),
        )
        .where(
            DeliveryAttempt.campaign_id == campaign.id,
            DeliveryAttempt.update_id.is_not(None),
            DeliveryAttempt.outcome.not_in(_NOT_DELIVERED),
            BundlePrint.check_code.is_not(None),
        )
    )
    return {
        update_id: CheckCode(letters, group_code(code or ""))
        for update_id, letters, code in rows
        if update_id is not None
    }
