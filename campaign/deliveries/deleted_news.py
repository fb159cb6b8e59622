"""What emails told of a delivery whose record is deleted, and telling that nothing happened.

The notices are written here; `campaign.tracking` finds who is to be told, and has the words.
"""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.bundles import bundle_status
from campaign.core import audit, db, jobs
from campaign.core.audit import AuditEntry
from campaign.deliveries.recording_rules import Numbers, join_spans
from campaign.deliveries.remaining_letters import went_with
from campaign.models.bundle import Bundle, DeliveryAttempt
from campaign.models.notice import Notice, NoticeKind
from campaign.models.signature import Letter

TELL_MISTAKE = "delivery.tell-mistake"


def end_news(session: Session, attempt: DeliveryAttempt) -> dict[str, Any]:
    """End the emails about an attempt that is removed, and describe what they told.

    Who got one stays known: later emails correct it (`tracking/notices.py`).
    """
    telling = select(Notice).where(Notice.delivery_id == attempt.id).with_for_update()
    notice = session.scalar(telling)
    if notice is None:
        return {}
    told = describe_news(session, attempt)
    notice.delivery_id, notice.finished_at = None, db.utcnow()
    session.flush()
    return told


def describe_news(session: Session, attempt: DeliveryAttempt) -> dict[str, Any]:
    """Say by which notice emails tell of an attempt, and which letters they may have named.

    None, where only signature sheets went. Empty, where no email tells of it.
    """
    notice_id = session.scalar(select(Notice.id).where(Notice.delivery_id == attempt.id))
    if notice_id is None:
        return {}
    spans = join_spans((span.first_number, span.last_number) for span in attempt.taken)
    if not spans:
        of_it = (Letter.bundle_id == attempt.bundle_id, went_with(session, attempt))
        ends = select(func.min(Letter.sequence), func.max(Letter.sequence)).where(*of_it)
        first, last = session.execute(ends).one()
        spans = [Numbers(first, last)] if first and last else []
    numbers, day = ",".join(map(str, spans)), attempt.happened_on.isoformat()
    return {"notice": notice_id, "numbers": numbers, "on": day}


def tell_mistake(session: Session, bundle: Bundle, *, actor: str) -> None:
    """Have them told, unless they are being told already.

    Letters go on from a cancelled bundle into the next to the same mission or official: records of
    those that were deleted are corrected with it.
    """
    bundle_status.lock_bundle(session, bundle)
    same_way = select(Bundle.id).where(
        Bundle.campaign_id == bundle.campaign_id,
        Bundle.mission_id.is_not_distinct_from(bundle.mission_id),
        Bundle.official_id.is_not_distinct_from(bundle.official_id),
    )
    bundle_ids = set(session.scalars(same_way))
    deleted = select(AuditEntry.detail).where(AuditEntry.action == "delivery.remove")
    corrects = [
        detail["notice"]
        for detail in session.scalars(deleted)
        if detail.get("bundle") in bundle_ids and "notice" in detail
    ]
    if not corrects or is_being_told(session, bundle):
        return
    notice = Notice(
        campaign_id=bundle.campaign_id, kind=NoticeKind.HANDED_OVER, created_at=db.utcnow()
    )
    session.add(notice)
    session.flush()
    facts = {"notice": notice.id, "corrects": corrects}
    audit.record(session, actor, TELL_MISTAKE, f"bundle:{bundle.id}", **facts)
    jobs.enqueue(session, "following.tell", notice.id)


def is_being_told(session: Session, bundle: Bundle) -> bool:
    told = select(AuditEntry.detail).where(
        AuditEntry.action == TELL_MISTAKE, AuditEntry.subject == f"bundle:{bundle.id}"
    )
    notice_ids = [detail["notice"] for detail in session.scalars(told)]
    return bool(notice_ids) and db.has_row(
        session, select(Notice.id).where(Notice.id.in_(notice_ids), Notice.finished_at.is_(None))
    )
