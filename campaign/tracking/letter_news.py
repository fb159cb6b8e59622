"""What a delivery is for each letter of its bundle: whose writers an email tells of it.

Emails stay sent when a record is deleted that was a mistake. Who got one is then told once what is
so instead, also where that is a refusal, of which nobody else gets an email.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Exists, and_, exists, false, or_, select
from sqlalchemy.orm import Session, aliased

from campaign.core import db
from campaign.core.audit import AuditEntry
from campaign.deliveries.recording_rules import GONE_OUT, read_numbers
from campaign.deliveries.remaining_letters import is_gone, went_with
from campaign.models.bundle import DeliveryAttempt, DeliveryOutcome
from campaign.models.delivery import LetterMove
from campaign.models.notice import Notice, NoticeKind, NoticeMail
from campaign.models.signature import Letter, Signature

_REFUSALS = frozenset({DeliveryOutcome.REFUSED, DeliveryOutcome.PART})


@dataclass(frozen=True, slots=True)
class LetterNews:
    """What a delivery is for letters of its bundle, as conditions on `Letter`.

    A letter is `misled` if an email told its writer of a record that was deleted since, and no
    later email what is so instead. Those alone are told of a refusal, or after a withdrawal.
    """

    misled: ColumnElement[bool]
    went: ColumnElement[bool]
    came_back: ColumnElement[bool]
    stayed: ColumnElement[bool]
    """Withdrawn and misled: it was taken out, or came back."""

    def is_told(self) -> ColumnElement[bool]:
        return or_(self.went, self.came_back)

    def is_told_to_withdrawn(self) -> ColumnElement[bool]:
        return or_(and_(self.went, self.misled), self.stayed)


def news_of(session: Session, delivery: DeliveryAttempt) -> LetterNews:
    """Say which letters went with it, unless an earlier record says that they are gone."""
    of_bundle = Letter.bundle_id == delivery.bundle_id
    in_print = and_(of_bundle, Letter.set_aside.is_(None))
    misled = _is_misled(session, delivery)
    went: ColumnElement[bool] = false()
    came_back: ColumnElement[bool] = false()
    if delivery.outcome in GONE_OUT:
        was_gone = is_gone(when=DeliveryAttempt.id < delivery.id)
        went = and_(in_print, went_with(session, delivery), ~was_gone)
    if delivery.outcome in _REFUSALS:
        came_back = and_(in_print, misled, ~is_gone())
    taken_out = and_(of_bundle, misled, Letter.set_aside.is_not(None))
    return LetterNews(misled, went, came_back, stayed=or_(came_back, taken_out))


def misleads_somebody(session: Session, delivery: DeliveryAttempt) -> bool:
    of_bundle = Letter.bundle_id == delivery.bundle_id
    return db.has_row(session, select(Letter.id).where(of_bundle, _is_misled(session, delivery)))


def _is_misled(session: Session, delivery: DeliveryAttempt) -> ColumnElement[bool]:
    """Whether an email told of a record that was deleted before this one, and none corrects it."""
    return or_(
        false(),
        *(
            and_(told, ~_is_corrected(delivery, deleted_at))
            for told, deleted_at in _list_deleted(session, delivery)
        ),
    )


def _list_deleted(
    session: Session, delivery: DeliveryAttempt
) -> list[tuple[ColumnElement[bool], datetime]]:
    """List records that were deleted before: whether an email named a letter, and when that was."""
    told = select(Notice.id).where(
        Notice.campaign_id == delivery.campaign_id,
        Notice.kind == NoticeKind.HANDED_OVER,
        Notice.delivery_id.is_(None),
    )
    notice_ids = set(session.scalars(told))
    if not notice_ids:
        return []
    entries = session.execute(
        select(AuditEntry.at, AuditEntry.detail).where(
            AuditEntry.action == "delivery.remove", AuditEntry.at <= delivery.created_at
        )
    )
    return [
        (and_(_was_numbered(detail["bundle"], detail["numbers"]), _got_email(detail["notice"])), at)
        for at, detail in entries
        if detail.get("notice") in notice_ids
    ]


def _was_numbered(bundle_id: int, numbers: str) -> ColumnElement[bool]:
    """Whether a letter has one of these numbers in a bundle, or had it there before it moved."""
    spans = read_numbers(numbers)
    now_there = or_(*(Letter.sequence.between(*span) for span in spans))
    moved = exists().where(
        LetterMove.letter_id == Letter.id,
        LetterMove.bundle_id == bundle_id,
        or_(*(LetterMove.sequence.between(*span) for span in spans)),
    )
    return or_(and_(Letter.bundle_id == bundle_id, now_there), moved.correlate(Letter))


def _got_email(notice_id: int | ColumnElement[int]) -> Exists:
    writer = aliased(Signature)
    return (
        exists()
        .where(
            NoticeMail.notice_id == notice_id,
            NoticeMail.email_hmac == writer.email_hmac,
            writer.id == Letter.signature_id,
        )
        .correlate(Letter, Notice)
    )


def _is_corrected(delivery: DeliveryAttempt, deleted_at: datetime) -> ColumnElement[bool]:
    """Whether an email about another record since then has told what is so."""
    told = exists().where(
        Notice.delivery_id == DeliveryAttempt.id, _got_email(Notice.id.expression)
    )
    since = and_(
        DeliveryAttempt.id != delivery.id,
        DeliveryAttempt.created_at >= deleted_at,
        told.correlate(DeliveryAttempt, Letter),
    )
    was_there = exists().where(
        LetterMove.letter_id == Letter.id, LetterMove.bundle_id == DeliveryAttempt.bundle_id
    )
    stayed = exists().where(
        or_(
            DeliveryAttempt.bundle_id == Letter.bundle_id,
            was_there.correlate(Letter, DeliveryAttempt),
        ),
        or_(DeliveryAttempt.outcome.in_(_REFUSALS), Letter.set_aside.is_not(None)),
        since,
    )
    return or_(is_gone(when=since), stayed.correlate(Letter))
