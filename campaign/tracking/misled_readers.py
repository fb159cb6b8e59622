"""Who was told by email of a record that was deleted since, and of nothing that corrects it.

Emails stay sent. A cancelled bundle names its letters no more: of it, each letter of the mailbox
that may have been in it counts.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Exists, and_, exists, false, or_, select
from sqlalchemy.orm import Session, aliased

from campaign.bundles.bundle_status import GONE_WHOLE, went_in_envelopes
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.core.audit import AuditEntry
from campaign.deliveries.deleted_news import TELL_MISTAKE
from campaign.deliveries.recording_rules import read_numbers
from campaign.deliveries.remaining_letters import is_gone
from campaign.models.bundle import CAME_BACK, Bundle, BundleState, DeliveryAttempt, DeliveryOutcome
from campaign.models.delivery import Envelope, LetterMove
from campaign.models.notice import Notice, NoticeKind, NoticeMail
from campaign.models.signature import Letter, Signature
from campaign.tracking.unnamed import Unnamed, list_unnamed

_WRITER = aliased(Signature)
_OTHER = aliased(DeliveryAttempt)

REFUSALS = CAME_BACK | {DeliveryOutcome.PART}


@dataclass(frozen=True, slots=True)
class FalseNews:
    """A record of which emails told, and that was deleted."""

    bundle_id: int
    notice_id: int
    numbers: str
    outcome: DeliveryOutcome
    happened_on: str
    """Empty where that was not kept."""
    deleted_at: datetime
    sheets_back: bool = False
    corrected_by: Mapping[int, int] = field(default_factory=dict)
    """The bundle of which each notice tells that nothing has happened, by the notice's id."""
    unnamed: Unnamed = field(default_factory=Unnamed)


def list_false_news(
    session: Session, *conditions: ColumnElement[bool], until: datetime | None = None
) -> list[FalseNews]:
    """List the records of whose notices this holds and that were deleted, until then."""
    told = select(Notice.id, Notice.campaign_id).where(
        Notice.kind == NoticeKind.HANDED_OVER, Notice.delivery_id.is_(None), *conditions
    )
    notice_ids = {row.id: row.campaign_id for row in session.execute(told)}
    if not notice_ids:
        return []
    unnamed = list_unnamed(session, set(notice_ids.values()))
    before = [AuditEntry.at <= until] if until else []
    entries = session.execute(
        select(AuditEntry.action, AuditEntry.at, AuditEntry.subject, AuditEntry.detail)
        .where(AuditEntry.action.in_(("delivery.remove", TELL_MISTAKE)), *before)
        .order_by(AuditEntry.id)
    ).all()
    told_mistakes = [
        (int(subject.partition(":")[2]), detail)
        for action, _at, subject, detail in entries
        if action == TELL_MISTAKE
    ]
    return [
        FalseNews(
            detail["bundle"],
            detail["notice"],
            detail["numbers"],
            DeliveryOutcome(detail["outcome"]),
            detail.get("on", ""),
            at,
            detail.get("sheets_back", False),
            {
                told["notice"]: bundle_id
                for bundle_id, told in told_mistakes
                if detail["notice"] in told["corrects"]
            },
            unnamed,
        )
        for action, at, _subject, detail in entries
        if action != TELL_MISTAKE and detail.get("notice") in notice_ids
    ]


def is_misled(
    session: Session, campaign_id: int, told: Sequence[FalseNews], *, besides: int = 0
) -> ColumnElement[bool]:
    """Whether an email told of the letter what is false, and none since corrects it.

    `besides`: an attempt whose own emails do not count.
    """
    cancelled = list_cancelled(session, campaign_id) if told else {}
    return or_(
        false(),
        *(
            and_(
                or_(
                    was_numbered(news.bundle_id, news.numbers),
                    cancelled.get(news.bundle_id, false()) if news.numbers else false(),
                ),
                _was_named(news, news.notice_id),
                ~_is_corrected(news, cancelled, besides),
            )
            for news in told
        ),
    )


def is_signer_misled(
    told: Sequence[FalseNews], bundle_ids: Collection[int], *, besides: int = 0
) -> ColumnElement[bool]:
    """Whether an email told the signer of a sheet what is false, and none since corrects it.

    `bundle_ids`: through which the sheet may have come.
    """
    corrected = and_(
        DeliveryAttempt.bundle_id.in_(bundle_ids),
        DeliveryAttempt.id != besides,
        ~went_in_envelopes().correlate(DeliveryAttempt),
    )
    return or_(
        false(),
        *(
            and_(
                _was_signer_named(news, news.notice_id),
                *(
                    ~_was_signer_named(news, notice_id)
                    for notice_id, bundle_id in news.corrected_by.items()
                    if bundle_id in bundle_ids
                ),
                ~_was_emailed(
                    NoticeMail.notice_id == Notice.id,
                    Notice.delivery_id == DeliveryAttempt.id,
                    DeliveryAttempt.created_at >= news.deleted_at,
                    ~news.unnamed.has_signer_of_any(),
                    corrected,
                ),
            )
            for news in told
        ),
    )


def may_be_misled(
    session: Session, bundle: Bundle, told: Sequence[FalseNews]
) -> ColumnElement[bool]:
    """Whether an email told of the bundle what is false, and none surely corrects that since.

    For a query on `NoticeMail`. Surely does what speaks of the whole bundle, from which no letter
    went on its own, and names everybody of the mailbox.
    """
    moved = exists().where(LetterMove.bundle_id == bundle.id)
    posted = exists().where(
        _OTHER.bundle_id == bundle.id, Envelope.attempt_id == _OTHER.id.expression
    )
    of_whole = session.execute(
        select(Notice.id, DeliveryAttempt.created_at)
        .join(DeliveryAttempt, DeliveryAttempt.id == Notice.delivery_id)
        .where(
            DeliveryAttempt.bundle_id == bundle.id,
            DeliveryAttempt.outcome.in_(GONE_WHOLE | REFUSALS),
            ~moved,
            ~posted,
        )
    ).all()
    later = aliased(NoticeMail)
    may_be = []
    for news in told:
        sure = [notice_id for notice_id, at in of_whole if at >= news.deleted_at]
        sure += [each for each, about in news.corrected_by.items() if about == bundle.id]
        corrected = exists().where(
            later.email_hmac == NoticeMail.email_hmac,
            later.notice_id.in_(sure),
            ~news.unnamed.shares_mailbox(sure),
        )
        may_be.append(and_(NoticeMail.notice_id == news.notice_id, ~corrected))
    return or_(*may_be)


def list_cancelled(session: Session, campaign_id: int) -> dict[int, ColumnElement[bool]]:
    """Say of each cancelled bundle, by its id, whether a letter may have been in it."""
    cancelled = (Bundle.campaign_id == campaign_id, Bundle.state == BundleState.CANCELLED)
    return {
        bundle.id: and_(
            Letter.target_id.in_([*Frozen.from_json(bundle.frozen).targets]),
            exists()
            .where(Signature.id == Letter.signature_id, Signature.confirmed_at <= bundle.created_at)
            .correlate(Letter),
        )
        for bundle in session.scalars(select(Bundle).where(*cancelled))
    }


def _was_emailed(*conditions: ColumnElement[bool]) -> Exists:
    """Whether such an email went to the mailbox of a signature."""
    to_it = NoticeMail.email_hmac == Signature.email_hmac
    return exists().where(to_it, *conditions).correlate(Signature)


def _was_signer_named(news: FalseNews, notice_id: int) -> ColumnElement[bool]:
    return and_(
        _was_emailed(NoticeMail.notice_id == notice_id), ~news.unnamed.has_signer(notice_id)
    )


def was_numbered(bundle_id: int, numbers: str) -> ColumnElement[bool]:
    """Whether a letter has one of these numbers in a bundle, or had it there before it moved."""
    if not numbers:
        return false()
    spans = read_numbers(numbers)
    now_there = or_(*(Letter.sequence.between(*span) for span in spans))
    moved = exists().where(
        LetterMove.letter_id == Letter.id,
        LetterMove.bundle_id == bundle_id,
        or_(*(LetterMove.sequence.between(*span) for span in spans)),
    )
    return or_(and_(Letter.bundle_id == bundle_id, now_there), moved.correlate(Letter))


def _was_named(news: FalseNews, notice_id: int) -> ColumnElement[bool]:
    """Whether the email of a notice told of the letter, and not only of others of its mailbox."""
    return and_(_got_email(notice_id), ~news.unnamed.has_letter(notice_id))


def _got_email(notice_id: int | ColumnElement[int]) -> Exists:
    return (
        exists()
        .where(
            NoticeMail.notice_id == notice_id,
            NoticeMail.email_hmac == _WRITER.email_hmac,
            _WRITER.id == Letter.signature_id,
        )
        .correlate(Letter, Notice)
    )


def _is_corrected(
    news: FalseNews, cancelled: Mapping[int, ColumnElement[bool]], besides: int
) -> ColumnElement[bool]:
    """Whether an email since then, about another record or the mistake, has told what is so."""
    told = exists().where(
        Notice.delivery_id == DeliveryAttempt.id,
        _got_email(Notice.id.expression),
        ~news.unnamed.has_letter_of_any(),
    )
    since = and_(
        DeliveryAttempt.id != besides,
        DeliveryAttempt.created_at >= news.deleted_at,
        told.correlate(DeliveryAttempt, Letter),
    )
    was_there = exists().where(
        LetterMove.letter_id == Letter.id, LetterMove.bundle_id == DeliveryAttempt.bundle_id
    )
    stayed = exists().where(
        or_(
            DeliveryAttempt.bundle_id == Letter.bundle_id,
            was_there.correlate(Letter, DeliveryAttempt),
            *(
                and_(DeliveryAttempt.bundle_id == bundle_id, may_have_been)
                for bundle_id, may_have_been in cancelled.items()
            ),
        ),
        or_(DeliveryAttempt.outcome.in_(REFUSALS), Letter.set_aside.is_not(None)),
        since,
    )
    told_mistake = [
        and_(_was_named(news, notice_id), _may_have_been(bundle_id, cancelled))
        for notice_id, bundle_id in news.corrected_by.items()
    ]
    return or_(is_gone(when=since), stayed.correlate(Letter), *told_mistake)


def _may_have_been(
    bundle_id: int, cancelled: Mapping[int, ColumnElement[bool]]
) -> ColumnElement[bool]:
    """Whether a letter is in the bundle, or was: an email about this told of no other letter."""
    moved = exists().where(LetterMove.letter_id == Letter.id, LetterMove.bundle_id == bundle_id)
    is_there = or_(Letter.bundle_id == bundle_id, moved.correlate(Letter))
    return or_(is_there, cancelled.get(bundle_id, false()))
