"""Who was emailed of a delivery that never was, and the email that says so: it is still here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, union
from sqlalchemy.orm import Session

from campaign.bundles.destinations import WITH_DESTINATION
from campaign.bundles.freeze.signed_sheets import may_take_sheets
from campaign.campaigns.stop_rule import may_go_out, may_go_out_sql
from campaign.core import db
from campaign.core.audit import AuditEntry
from campaign.deliveries.deleted_news import TELL_MISTAKE, describe_news, is_being_told
from campaign.deliveries.recording_rules import SENT
from campaign.deliveries.remaining_letters import is_gone
from campaign.models.bundle import CAME_BACK, Bundle, BundleState, CarriedSignature, DeliveryAttempt
from campaign.models.campaign import Campaign
from campaign.models.notice import Notice, NoticeKind, NoticeMail
from campaign.models.signature import Letter, Origin, Signature, SignatureState
from campaign.tracking.letter_trips import list_bundles_of_sheets
from campaign.tracking.misled_readers import (
    FalseNews,
    is_misled,
    is_signer_misled,
    list_false_news,
    may_be_misled,
)
from campaign.tracking.news_subscription import gets_correction, gets_news
from campaign.tracking.unnamed import list_unnamed


@dataclass(frozen=True, slots=True)
class StillHere:
    """What is still here though an email said that it was not."""

    bundle: Bundle
    letters: ColumnElement[bool]
    sheets: ColumnElement[bool]
    """On `Signature`: whose sheet it is."""
    delivered: ColumnElement[bool]
    """Whether an email said of a letter that it was delivered: others, that it was sent, or
    refused."""
    sheet_delivered: ColumnElement[bool]

    def is_told(self) -> ColumnElement[bool]:
        """Whether a signature's mailbox is told."""
        campaign_id = self.bundle.campaign_id
        return or_(
            and_(*gets_news(campaign_id), or_(self.has_letter(), self.sheets)),
            and_(*gets_correction(campaign_id), self.has_letter()),
        )

    def has_letter(self) -> ColumnElement[bool]:
        return exists().where(Letter.signature_id == Signature.id, self.letters)


def find_still_here(session: Session, notice: Notice) -> StillHere | None:
    """Find what the notice says is still here; None if it tells of something else."""
    if notice.kind is not NoticeKind.HANDED_OVER or notice.delivery_id is not None:
        return None
    entries = session.execute(
        select(AuditEntry.subject, AuditEntry.detail).where(AuditEntry.action == TELL_MISTAKE)
    )
    for subject, detail in entries:
        if detail["notice"] == notice.id:
            bundle = session.get_one(Bundle, int(subject.partition(":")[2]))
            # Its own emails are no reason not to send them.
            told = [
                replace(
                    news,
                    corrected_by={
                        notice_id: about
                        for notice_id, about in news.corrected_by.items()
                        if notice_id != notice.id
                    },
                )
                for news in _list_of_bundle(session, bundle)
                if notice.id in news.corrected_by
            ]
            return _describe(session, bundle, told)
    return None


def count_misled(session: Session, bundle: Bundle) -> int:
    """Count the mailboxes with an email about the bundle that is false, and that can be told."""
    told = _list_of_bundle(session, bundle) if may_go_out(bundle.campaign.status) else []
    return _count_misled(session, bundle, told)


def _count_misled(session: Session, bundle: Bundle, told: Sequence[FalseNews]) -> int:
    if not told or is_being_told(session, bundle):
        return 0
    emailed = select(NoticeMail.email_hmac).where(may_be_misled(session, bundle, told))
    here = _describe(session, bundle, told)
    return _count(session, [here], Signature.email_hmac.in_(emailed))


def count_told_of(session: Session, attempts: Sequence[DeliveryAttempt]) -> int:
    """Count the mailboxes whose email would be false if the record of these was deleted."""
    here = []
    for attempt in attempts:
        detail, bundle = describe_news(session, attempt), attempt.bundle
        if bundle is None or not detail or not may_go_out(attempt.campaign.status):
            continue
        news = FalseNews(
            bundle.id,
            detail["notice"],
            detail["numbers"],
            attempt.outcome,
            detail["on"],
            db.utcnow(),
            unnamed=list_unnamed(session, [attempt.campaign_id]),
        )
        told = [*_list_of_bundle(session, bundle), news]
        here.append(_describe(session, bundle, told, without=attempt.id))
    return _count(session, here) if here else 0


def list_misled(session: Session, mine: ColumnElement[bool]) -> list[tuple[Campaign, Bundle, int]]:
    """List the bundles about which somebody has a false email, with how many they are."""
    campaign_ids = select(Campaign.id).where(mine, may_go_out_sql())
    told = list_false_news(session, Notice.campaign_id.in_(campaign_ids))
    if not told:
        return []
    bundles = session.scalars(
        select(Bundle)
        .where(Bundle.id.in_({news.bundle_id for news in told}))
        .options(*WITH_DESTINATION)
        .order_by(Bundle.id)
    ).all()
    counts = [
        (
            bundle.campaign,
            bundle,
            _count_misled(session, bundle, [news for news in told if news.bundle_id == bundle.id]),
        )
        for bundle in bundles
    ]
    return [row for row in counts if row[2]]


def _list_of_bundle(session: Session, bundle: Bundle) -> list[FalseNews]:
    told = list_false_news(session, Notice.campaign_id == bundle.campaign_id)
    return [news for news in told if news.bundle_id == bundle.id]


def _describe(
    session: Session, bundle: Bundle, told: Sequence[FalseNews], *, without: int = 0
) -> StillHere:
    """Describe what is still here, as it would be `without` an attempt."""
    is_here = or_(
        ~is_gone(when=DeliveryAttempt.id != without if without else None),
        Letter.set_aside.is_not(None),
    )
    others = [news for news in told if news.outcome not in SENT | CAME_BACK]
    return StillHere(
        bundle,
        letters=and_(is_misled(session, bundle.campaign_id, told), is_here),
        sheets=_is_sheet_here(session, bundle, told, without),
        delivered=is_misled(session, bundle.campaign_id, others),
        sheet_delivered=_is_sheet_here(session, bundle, others, without),
    )


def _is_sheet_here(
    session: Session, bundle: Bundle, told: Sequence[FalseNews], without: int
) -> ColumnElement[bool]:
    """Whether a sheet that was in the bundle, or may have been, is still here."""
    carried = CarriedSignature.signature_id == Signature.id
    ids = [bundle.id]
    if bundle.state is BundleState.CANCELLED:
        was_there = and_(
            Signature.origin != Origin.ONLINE, Signature.confirmed_at <= bundle.created_at
        )
        of_campaign = select(Bundle.id).where(Bundle.campaign_id == bundle.campaign_id)
        ids += session.scalars(of_campaign)
    else:
        ids += _list_later(session, bundle)
        was_there = exists().where(carried, CarriedSignature.bundle_id.in_(ids))
    gone = exists().where(
        carried,
        DeliveryAttempt.bundle_id == CarriedSignature.bundle_id,
        DeliveryAttempt.id != without,
        may_take_sheets(),
    )
    return and_(
        Signature.campaign_id == bundle.campaign_id,
        db.unindexed(Signature.state) == SignatureState.CONFIRMED,
        was_there,
        ~gone,
        is_signer_misled(told, ids),
    )


def _list_later(session: Session, bundle: Bundle) -> list[int]:
    """List the bundles to which its sheets may have gone on."""
    of_campaign = select(Bundle.id).where(Bundle.campaign_id == bundle.campaign_id)
    return [
        later
        for later in session.scalars(of_campaign.where(Bundle.id > bundle.id))
        if bundle.id in list_bundles_of_sheets(session, later)
    ]


def _count(session: Session, here: Sequence[StillHere], *conditions: ColumnElement[bool]) -> int:
    mailboxes = [
        select(Signature.email_hmac).where(each.is_told(), *conditions).distinct() for each in here
    ]
    return session.scalar(select(func.count()).select_from(union(*mailboxes).subquery())) or 0
