"""Signed letters that are in no bundle yet: what of the campaign they still follow."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns.content.part_contents import texts_of
from campaign.core import db
from campaign.models.campaign import Campaign
from campaign.models.signature import Letter, Signature
from campaign.printing.placeholders import placeholders_in
from campaign.signing.states import LIVE


def count_naming_deadline(session: Session, campaign: Campaign) -> int:
    """Count those whose proposed text names the deadline; who rewrote it wrote a day, or none."""
    naming = [
        template.id
        for template in campaign.templates
        if any("deadline" in placeholders_in(text) for text in texts_of(template))
    ]
    if not naming:
        return 0
    letters = (
        select(Letter.id)
        .join(Signature, Signature.id == Letter.signature_id)
        .where(
            Letter.template_id.in_(naming),
            Letter.bundle_id.is_(None),
            Signature.state.in_(LIVE),
            Signature.full_text.is_(None),
            Signature.forgotten_at.is_(None),
        )
    )
    return db.count_rows(session, letters)
