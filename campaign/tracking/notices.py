"""News that is due to signers: found in what was recorded, told by a job, once to a mailbox.

Services below only say by a job's name that there is something to tell. Should that message be
lost, `following.find-news` finds the same within minutes: the database is the ledger.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import ColumnElement, Exists, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from campaign.campaigns.closing_reasons import Reasons, reasons_of
from campaign.campaigns.content.updates import EarlierEmails, list_emailed_before
from campaign.campaigns.lifecycle import TOLD_ANYWAY, takes_signatures, tells_signers
from campaign.campaigns.stop_rule import is_stopped_sql, may_go_out
from campaign.core import db, i18n, jobs
from campaign.core.audit import AuditEntry
from campaign.core.i18n import force_locale
from campaign.core.sealing import log_wrong_key
from campaign.core.settings import site_url
from campaign.deliveries.recording_rules import GONE_OUT
from campaign.deliveries.remaining_letters import find_unnamed_part
from campaign.models.bundle import CAME_BACK, DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Campaign, CampaignStatus, Update, UpdateKind
from campaign.models.notice import Notice, NoticeKind, NoticeMail
from campaign.models.signature import Letter, Origin, Signature, SignatureState
from campaign.public.case_page import destination_name, edition_for, told_in
from campaign.public.deadline import say_day
from campaign.signing.mails import CaseFacts, MailName, case_facts
from campaign.tracking.letter_news import (
    LetterNews,
    SheetNews,
    list_letters_told,
    list_sheet_told,
    misleads_somebody,
    news_of,
    sheet_news_of,
)
from campaign.tracking.mails import (
    CaseContinued,
    CaseNews,
    CaseStopped,
    CaseUpdate,
    LetterHandedOver,
    LetterStillHere,
)
from campaign.tracking.news_subscription import (
    gets_correction,
    gets_news,
    list_readers,
    list_sharing,
    name_readers,
    unsubscribe_url,
)
from campaign.tracking.not_named import note_who_was_not_named
from campaign.tracking.still_here import StillHere, find_still_here

_LATELY = timedelta(days=2)  # How far back a lost message is looked for; what is older is no news
_NOTICE_KINDS = {UpdateKind.REPLY: NoticeKind.REPLY, UpdateKind.OUTCOME: NoticeKind.OUTCOME}
_SIGNATURES_AT_ONCE = 100
_AFTER_A_STOP = frozenset({NoticeKind.STOP, NoticeKind.OUTCOME})
"""What is told after a stop: the stop, and what came of the case; also while a letter is held."""
_TRIED_FOR = timedelta(days=2)
"""How long a mailbox is tried that had all its mails of a day already."""
Compose = Callable[[Signature], CaseNews]
Writers = dict[int, Signature]
"""Those to whom an email speaks: their signatures, by id."""


@dataclass(frozen=True, slots=True)
class NewsEvent:
    campaign_id: int
    kind: NoticeKind
    delivery_id: int | None = None
    update_id: int | None = None
    next_id: int | None = None


@jobs.job("following.delivery-recorded")
def delivery_recorded(delivery_id: int) -> None:
    with db.transaction() as session:
        _store_notices(session, _find_deliveries(session, DeliveryAttempt.id == delivery_id))


@jobs.job("following.update-posted")
def update_posted(update_id: int) -> None:
    with db.transaction() as session:
        _store_notices(session, _find_updates(session, Update.id == update_id))


@jobs.job("following.campaign-stopped")
def campaign_stopped(campaign_id: int) -> None:
    with db.transaction() as session:
        _store_notices(session, _find_stops(session, Campaign.id == campaign_id))


@jobs.job("following.continued")
def continued(next_id: int) -> None:
    with db.transaction() as session:
        _store_notices(session, _find_continuations(session, Campaign.id == next_id))


@jobs.job("following.find-news", every_minutes=5)
def find_news() -> None:
    since = db.utcnow() - _LATELY
    with db.transaction() as session:
        events = [
            *_find_deliveries(session, DeliveryAttempt.created_at > since),
            *_find_updates(session, Update.published_at > since),
            *_find_stops(session, Campaign.id.in_(_stopped_since(session, since))),
            *_find_continuations(session, Campaign.opened_at > since),
        ]
        _store_notices(session, events)
        notice_ids = session.scalars(
            select(Notice.id).where(Notice.finished_at.is_(None)).order_by(Notice.id)
        ).all()
        for notice_id in notice_ids:
            jobs.enqueue(session, "following.tell", notice_id)


def tell_nobody(session: Session, campaign_id: int, kind: NoticeKind, update_id: int) -> None:
    now = db.utcnow()
    session.add(
        Notice(
            campaign_id=campaign_id, kind=kind, update_id=update_id, created_at=now, finished_at=now
        )
    )
    session.flush()


def _store_notices(session: Session, events: list[NewsEvent]) -> None:
    """Store a notice for each, and enqueue the job that tells it; of two at once, one does."""
    for event in events:
        values = {
            "public_id": db.new_public_id(),
            "last_signature_id": 0,
            "created_at": db.utcnow(),
        }
        if row := db.insert_new(session, Notice, **asdict(event), **values):
            jobs.enqueue(session, "following.tell", row.id)


def _find_deliveries(session: Session, *conditions: ColumnElement[bool]) -> list[NewsEvent]:
    """Find deliveries of our bundles that got rid of letters; of a part, once it is said which.

    And refusals where an email told of a record that was a mistake and deleted.
    """
    rows = session.scalars(
        select(DeliveryAttempt).where(
            DeliveryAttempt.bundle_id.is_not(None),
            DeliveryAttempt.outcome.in_(GONE_OUT | CAME_BACK),
            or_(DeliveryAttempt.outcome != DeliveryOutcome.PART, DeliveryAttempt.taken.any()),
            ~exists().where(Notice.delivery_id == DeliveryAttempt.id),
            *conditions,
        )
    )
    return [
        NewsEvent(delivery.campaign_id, NoticeKind.HANDED_OVER, delivery_id=delivery.id)
        for delivery in rows
        if delivery.outcome in GONE_OUT or misleads_somebody(session, delivery)
    ]


def _find_updates(session: Session, *conditions: ColumnElement[bool]) -> list[NewsEvent]:
    rows = session.execute(
        select(Update.campaign_id, Update.kind, Update.id).where(
            or_(Update.kind.in_(TOLD_ANYWAY), Update.tell_signers),
            ~exists().where(Notice.update_id == Update.id),
            *conditions,
        )
    )
    return [
        NewsEvent(campaign, _NOTICE_KINDS.get(kind, NoticeKind.NEWS), update_id=update_id)
        for campaign, kind, update_id in rows
    ]


def _find_stops(session: Session, *conditions: ColumnElement[bool]) -> list[NewsEvent]:
    is_told = exists().where(Notice.campaign_id == Campaign.id, Notice.kind == NoticeKind.STOP)
    rows = session.scalars(select(Campaign.id).where(is_stopped_sql(), ~is_told, *conditions))
    return [NewsEvent(campaign_id, NoticeKind.STOP) for campaign_id in rows]


def _find_continuations(session: Session, *conditions: ColumnElement[bool]) -> list[NewsEvent]:
    rows = session.execute(
        select(Campaign.follows_id, Campaign.id).where(
            Campaign.status == CampaignStatus.OPEN,
            Campaign.follows_id.is_not(None),
            ~exists().where(Notice.next_id == Campaign.id),
            *conditions,
        )
    )
    return [
        NewsEvent(earlier, NoticeKind.CONTINUED, next_id=next_id)
        for earlier, next_id in rows
        if earlier is not None
    ]


def _stopped_since(session: Session, since: datetime) -> list[int]:
    """Return campaigns that somebody stopped since then, as the audit has it."""
    subjects = session.scalars(
        select(AuditEntry.subject).where(
            AuditEntry.action == "campaign.stopped", AuditEntry.at > since
        )
    )
    return [int(subject.partition(":")[2]) for subject in subjects]


class NewsFacts(CaseFacts):
    writer: MailName
    unsubscribe: str
    by_hand: bool


@jobs.job("following.tell")
def tell(notice_id: int) -> None:
    while tell_batch(notice_id):
        pass


def tell_batch(notice_id: int) -> bool:
    """Tell the next signers, in a transaction of their own; return whether there may be more."""
    with db.transaction() as session:
        notice = session.get(Notice, notice_id, with_for_update=True)
        if notice is None or notice.finished_at is not None:
            return False
        campaign = session.get_one(Campaign, notice.campaign_id)
        if _is_held_back(session, notice, campaign.status):
            notice.finished_at = db.utcnow()
            return False
        later = session.get_one(Campaign, notice.next_id) if notice.next_id else None
        if later and not takes_signatures(later.status, later.act_by, db.utcnow()):
            notice.finished_at = db.utcnow()  # nobody is asked to write where nothing is taken
            return False
        if _waits_for_numbers(session, notice):
            return False  # `find_news` tries again
        batch = _next(session, notice)
        compose = _composer(session, notice, campaign)
        for signature_id in batch:
            with log_wrong_key("signature cannot be opened", signature=signature_id):
                _tell_one(session, notice, signature_id, compose)
        if batch:
            note_who_was_not_named(session, notice, batch)
            notice.last_signature_id = batch[-1]
        if len(batch) == _SIGNATURES_AT_ONCE:
            return True
        _end(session, notice)
        return False


def _is_held_back(session: Session, notice: Notice, status: CampaignStatus) -> bool:
    """Whether nobody is told any more: a stop holds back what could ask for a letter."""
    if notice.update_id is not None:
        update = session.get_one(Update, notice.update_id)
        return not tells_signers(update.kind, status, is_asked=update.tell_signers)
    return not may_go_out(status) and notice.kind not in _AFTER_A_STOP


def _waits_for_numbers(session: Session, notice: Notice) -> bool:
    """Whether it tells of a refusal while nobody has said which letters a part was."""
    if notice.delivery_id is None:
        return False
    delivery = session.get_one(DeliveryAttempt, notice.delivery_id)
    if delivery.outcome not in CAME_BACK or delivery.bundle is None:
        return False
    return find_unnamed_part(session, delivery.bundle) is not None


def _next(session: Session, notice: Notice, *, after: bool = True) -> Sequence[int]:
    return session.scalars(
        select(Signature.id)
        .where(Signature.id > (notice.last_signature_id if after else 0), *_wants(session, notice))
        .order_by(Signature.id)
        .limit(_SIGNATURES_AT_ONCE)
        # Whoever is erased meanwhile waits, and then erases what was written here as well.
        .with_for_update(read=True, of=Signature)
    ).all()


def _wants(session: Session, notice: Notice) -> list[ColumnElement[bool]]:
    is_told = exists().where(
        NoticeMail.notice_id == notice.id, NoticeMail.email_hmac == Signature.email_hmac
    )
    wants = and_(*gets_news(notice.campaign_id, of_end=notice.kind in _AFTER_A_STOP))
    if notice.delivery_id is not None:
        delivery = session.get_one(DeliveryAttempt, notice.delivery_id)
        news, sheets = news_of(session, delivery), sheet_news_of(session, delivery)
        withdrew = and_(*gets_correction(notice.campaign_id))
        wants = or_(
            and_(wants, or_(_has_letter(news.is_due()), sheets.is_due())),
            and_(withdrew, _has_letter(news.is_due_to_withdrawn())),
        )
    elif here := find_still_here(session, notice):
        wants = here.is_told()
    return [wants, ~is_told]


def _has_letter(told: ColumnElement[bool]) -> Exists:
    return exists().where(Letter.signature_id == Signature.id, told)


def _tell_one(session: Session, notice: Notice, signature_id: int, compose: Compose) -> None:
    """Send one email to one mailbox; one that is not taken (too many today) leaves no mark.

    `NoticeMail` is in the same transaction as the mail: nobody is told twice if a worker dies.
    """
    with session.begin_nested() as step:
        signature = session.get_one(Signature, signature_id)
        address = signature.email_hmac
        if not db.insert_new(session, NoticeMail, notice_id=notice.id, email_hmac=address):
            return
        with force_locale(signature.locale):
            mail = compose(signature)
        if not mail.send(
            session,
            to=signature.email,
            locale=signature.locale,
            campaign_id=notice.next_id or notice.campaign_id,
        ):
            step.rollback()


def _end(session: Session, notice: Notice) -> None:
    """Finish, or begin again for those whose mailbox was full today."""
    now = db.utcnow()
    notice.last_signature_id = 0
    if now - notice.created_at > _TRIED_FOR or not _next(session, notice, after=False):
        notice.finished_at = now


def _composer(session: Session, notice: Notice, campaign: Campaign) -> Compose:
    if notice.delivery_id is not None:
        delivery = session.get_one(DeliveryAttempt, notice.delivery_id)
        news, sheets = news_of(session, delivery), sheet_news_of(session, delivery)
        return partial(_handed_over, session, campaign, delivery, news, sheets)
    if notice.update_id is not None:
        update = session.get_one(Update, notice.update_id)
        earlier = list_emailed_before(session, update)
        return partial(_update, session, campaign, update, earlier)
    if notice.next_id is not None:
        later = session.get_one(Campaign, notice.next_id)
        return lambda signature: _continued(session, campaign, later, signature)
    if here := find_still_here(session, notice):
        return partial(_still_here, session, campaign, here)
    return partial(_stopped, session, reasons_of(campaign), campaign)


def _handed_over(
    session: Session,
    campaign: Campaign,
    delivery: DeliveryAttempt,
    news: LetterNews,
    sheets: SheetNews,
    signature: Signature,
) -> LetterHandedOver:
    locale, withdrew = signature.locale, Signature.state == SignatureState.WITHDRAWN
    told = or_(_has_letter(news.is_told()), sheets.is_told())
    readers = _list_writers(session, signature, told)
    withdrawn = _by_id(
        list_sharing(session, signature, withdrew, _has_letter(news.is_told_to_withdrawn()))
    )
    letters_told, is_writer_corrected = list_letters_told(
        session, delivery, news, readers, withdrawn
    )
    sheet_told, is_signer_corrected = list_sheet_told(session, delivery, sheets, readers)
    (outcome, numbers), *also = letters_told + sheet_told
    return LetterHandedOver(
        numbers=numbers,
        mission=destination_name(delivery.destination, locale),
        day=i18n.say_date(delivery.happened_on, locale),
        place=delivery.place if outcome != "withdrawn" else "",
        outcome=outcome,
        also=also,
        corrects=is_writer_corrected or is_signer_corrected,
        withdrawn=not readers,
        letters_url=_letters_url(signature),
        **_common(campaign, signature, readers | withdrawn),
    )


def _still_here(
    session: Session, campaign: Campaign, here: StillHere, signature: Signature
) -> LetterStillHere:
    told = or_(here.has_letter(), here.sheets)
    readers = _list_writers(session, signature, told)
    withdrew = Signature.state == SignatureState.WITHDRAWN
    withdrawn = _by_id(list_sharing(session, signature, withdrew, here.has_letter()))
    writers = readers | withdrawn
    letters = select(func.count(Letter.id)).where(Letter.signature_id.in_(writers), here.letters)
    sheets = select(Signature.id).where(Signature.id.in_(readers), here.sheets)
    not_delivered = (letters.where(~here.delivered), sheets.where(~here.sheet_delivered))
    return LetterStillHere(
        letters=session.scalar(letters) or 0,
        sheet=db.has_row(session, sheets),
        recipient=destination_name(here.bundle.destination, signature.locale),
        was_delivered=not any(session.scalar(other) for other in not_delivered),
        withdrawn=not readers,
        letters_url=_letters_url(signature),
        **_common(campaign, signature, writers),
    )


def _stopped(
    session: Session, reasons: Reasons, campaign: Campaign, signature: Signature
) -> CaseStopped:
    text, other = reasons.said_in(signature.locale)
    readers = list_readers(session, signature, of_end=True)
    return CaseStopped(
        undecided=all(reader.shown_state is SignatureState.HELD for reader in readers),
        stop_kind=reasons.kind.value,
        reason=text,
        lang=other or signature.locale,
        is_outcome_told=campaign.is_outcome_told,
        **_common(campaign, signature, _by_id(readers)),
    )


def _update(
    session: Session,
    campaign: Campaign,
    update: Update,
    earlier: EarlierEmails,
    signature: Signature,
) -> CaseUpdate:
    text = told_in(update, signature.locale, campaign.default_locale)
    assert text is not None  # none is posted without words
    readers = list_readers(session, signature, of_end=update.kind is UpdateKind.OUTCOME)
    was_told = select(NoticeMail.notice_id).where(
        NoticeMail.notice_id.in_([notice.id for notice in earlier.notices]),
        NoticeMail.email_hmac == signature.email_hmac,
    )
    told = session.scalars(was_told).all() if earlier.notices else ()
    return CaseUpdate(
        update_id=update.id,
        corrects=earlier.find_corrected(told) is not None,
        what=update.kind.value,
        title=text.title,
        text=text.body,
        lang=text.locale,
        letters_url=_letters_url(signature),
        **_common(campaign, signature, _by_id(readers)),
    )


def _continued(
    session: Session, campaign: Campaign, later: Campaign, signature: Signature
) -> CaseContinued:
    locale = signature.locale
    edition = edition_for(later, locale)
    day = say_day(later.act_by, locale, db.utcnow()) if edition and later.act_by else ""
    facts = _common(later, signature, _list_writers(session, signature))
    # Who wrote is addressed by the action for which it was.
    facts |= {"reference": campaign.reference, "cards": campaign.cards}
    return CaseContinued(
        earlier_id=campaign.id,
        title=edition.title if edition else later.name_in(locale),
        text=edition.summary if edition else "",
        lang=edition.locale if edition else locale,
        deadline=day,
        asks_cards=later.cards,
        letters_url=_letters_url(signature),
        **facts,
    )


def _letters_url(signature: Signature) -> str:
    return site_url(f"/{signature.locale}/my-letters")


def _common(campaign: Campaign, signature: Signature, writers: Writers) -> NewsFacts:
    names = name_readers(writer.given_name for writer in writers.values())
    return {
        "writer": MailName(i18n.comma(signature.locale).join(names)),
        "unsubscribe": unsubscribe_url(signature),
        "by_hand": all(writer.origin is not Origin.ONLINE for writer in writers.values()),
        **case_facts(campaign, signature.locale),
    }


def _list_writers(
    session: Session, signature: Signature, *concerned: ColumnElement[bool]
) -> Writers:
    return _by_id(list_readers(session, signature, *concerned))


def _by_id(readers: Sequence[Signature]) -> Writers:
    return {reader.id: reader for reader in readers}
