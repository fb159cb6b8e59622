"""What a delivery is for each letter and sheet of its bundle: who is told of it by email.

Emails stay sent when a record is deleted that was a mistake. Who got one is then told once what is
so instead, also where that is a refusal, of which nobody else gets an email (`misled_readers`).
"""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import filterfalse

from sqlalchemy import ColumnElement, and_, exists, false, or_, select
from sqlalchemy.orm import Session

from campaign.bundles.freeze.signed_sheets import may_take_sheets, read_paper_number
from campaign.core import db
from campaign.deliveries.carried_paper import is_letter
from campaign.deliveries.gone_lists import list_attempts_with_sheets
from campaign.deliveries.recording_rules import GONE_OUT
from campaign.deliveries.remaining_letters import is_gone, went_with
from campaign.models.bundle import CAME_BACK, CarriedSignature, DeliveryAttempt, DeliveryOutcome
from campaign.models.notice import Notice
from campaign.models.signature import Letter, Signature, SignatureState
from campaign.signing.letter.compose import number_of
from campaign.tracking.letter_trips import list_bundles_of_sheets
from campaign.tracking.misled_readers import (
    REFUSALS,
    FalseNews,
    is_misled,
    is_signer_misled,
    list_cancelled,
    list_false_news,
)

_ACCEPTED = {DeliveryOutcome.ACCEPTED, DeliveryOutcome.PART}
OutcomesTold = list[tuple[str, list[str]]]
"""What an email tells: each outcome with the numbers of its letters; a sheet has none."""


@dataclass(frozen=True, slots=True)
class SheetNews:
    """What a delivery is for the sheets of its bundle, as conditions on `Signature`.

    They go with the first that left, but for envelopes: nobody is told of a later one. Of what was
    withdrawn, or could not be read by hand on what went, nobody is told at all. A signer is
    `misled` if an email told of a record that was deleted since, and none what is so instead.
    """

    misled: ColumnElement[bool]
    went: ColumnElement[bool]
    came_back: ColumnElement[bool]
    unchanged: ColumnElement[bool]
    """Whether an email about a deleted record said what this one says, and none something else."""

    def is_told(self) -> ColumnElement[bool]:
        return or_(self.went, self.came_back)

    def is_due(self) -> ColumnElement[bool]:
        """Whether an email goes out for it; that tells also what is unchanged for its mailbox."""
        return or_(and_(self.went, ~self.unchanged), self.came_back)


@dataclass(frozen=True, slots=True)
class LetterNews(SheetNews):
    """What a delivery is for letters of its bundle, as conditions on `Letter`.

    Those who are misled alone are told of a refusal, or after a withdrawal.
    """

    stayed: ColumnElement[bool]
    """Withdrawn and misled: it was taken out, or came back."""

    def is_due_to_withdrawn(self) -> ColumnElement[bool]:
        return or_(and_(self.went, self.misled, ~self.unchanged), self.stayed)

    def is_told_to_withdrawn(self) -> ColumnElement[bool]:
        return or_(and_(self.went, self.misled), self.stayed)


def sheet_news_of(session: Session, delivery: DeliveryAttempt) -> SheetNews:
    misled, unchanged = _is_signer_misled(session, delivery)
    if delivery.bundle_id is None:
        return SheetNews(misled, false(), false(), unchanged)
    unreadable = [*map(read_paper_number, filterfalse(is_letter, delivery.by_hand))]
    carried = exists().where(
        CarriedSignature.bundle_id == delivery.bundle_id,
        CarriedSignature.signature_id == Signature.id,
        CarriedSignature.position.not_in(unreadable),
    )
    of_campaign = Signature.campaign_id == delivery.campaign_id
    counts = and_(of_campaign, carried, db.unindexed(Signature.state) == SignatureState.CONFIRMED)
    with_sheets = list_attempts_with_sheets(session, [delivery.bundle_id])
    # Of one that was recorded earlier an email has told, whichever went first.
    told_before = exists().where(
        DeliveryAttempt.bundle_id == delivery.bundle_id,
        DeliveryAttempt.id < delivery.id,
        may_take_sheets(),
    )
    went = and_(counts, ~told_before) if delivery in with_sheets else false()
    is_back = (delivery.outcome in CAME_BACK or delivery.sheets_back) and not with_sheets
    return SheetNews(misled, went, and_(counts, misled) if is_back else false(), unchanged)


def news_of(session: Session, delivery: DeliveryAttempt) -> LetterNews:
    """Say which letters went with it, unless an earlier record says that they are gone."""
    of_bundle = Letter.bundle_id == delivery.bundle_id
    in_print = and_(of_bundle, Letter.set_aside.is_(None))
    misled, unchanged = _is_misled(session, delivery)
    went: ColumnElement[bool] = false()
    came_back: ColumnElement[bool] = false()
    if delivery.outcome in GONE_OUT:
        was_gone = is_gone(when=DeliveryAttempt.id < delivery.id)
        went = and_(in_print, went_with(session, delivery), ~was_gone)
    if delivery.outcome in REFUSALS:
        came_back = and_(in_print, misled, ~is_gone())
    taken_out = and_(of_bundle, misled, Letter.set_aside.is_not(None))
    return LetterNews(misled, went, came_back, unchanged, stayed=or_(came_back, taken_out))


def list_letters_told(
    session: Session,
    delivery: DeliveryAttempt,
    news: LetterNews,
    readers: Collection[int],
    withdrawn: Collection[int],
) -> tuple[OutcomesTold, bool]:
    """List what an email says of letters, each outcome with their numbers, and if it corrects one.

    `readers` and `withdrawn` are the ids of those to whom it speaks.
    """
    went_after_all = and_(news.went, news.misled)
    went = _list_numbers(session, readers, news.went)
    went += _list_numbers(session, withdrawn, went_after_all)
    came_back = _list_numbers(session, readers, news.came_back)
    stayed = _list_numbers(session, withdrawn, news.stayed)
    back = delivery.outcome if delivery.outcome in CAME_BACK else DeliveryOutcome.REFUSED
    outcomes = {_told_outcome(delivery): went, back.value: came_back, "withdrawn": stayed}
    corrected = _list_numbers(session, {*readers, *withdrawn}, went_after_all)
    told = [(each, numbers) for each, numbers in outcomes.items() if numbers]
    return told, bool(corrected or came_back or stayed)


def list_sheet_told(
    session: Session, delivery: DeliveryAttempt, sheets: SheetNews, readers: Collection[int]
) -> tuple[OutcomesTold, bool]:
    """List what an email says of a sheet that one of its readers signed, and if it corrects one."""
    signers = select(Signature.id).where(Signature.id.in_(readers), sheets.is_told())
    if not db.has_row(session, signers):
        return [], False
    is_corrected = db.has_row(session, signers.where(sheets.misled))
    return [(_sheet_outcome(delivery), [])], is_corrected


def _told_outcome(delivery: DeliveryAttempt) -> str:
    """Return the outcome as the email words it: whose letter was taken in part, had it handed over.

    What was posted to an official, not to a mission, is said so: `by-post`.
    """
    if delivery.outcome is DeliveryOutcome.PART:
        return DeliveryOutcome.ACCEPTED.value
    if delivery.mission_id is None and delivery.outcome is DeliveryOutcome.POSTED:
        return "by-post"
    return delivery.outcome.value


def _sheet_outcome(delivery: DeliveryAttempt) -> str:
    """Return the outcome for a signature sheet: of a part it may be that nobody was asked."""
    if delivery.sheets_back:
        return f"sheet-{DeliveryOutcome.REFUSED.value}"
    if delivery.outcome is DeliveryOutcome.PART:
        return "sheet-part"
    return f"sheet-{_told_outcome(delivery)}"


def _list_numbers(
    session: Session, writer_ids: Collection[int], told: ColumnElement[bool]
) -> list[str]:
    """Return the numbers of the writers' letters in the bundle: a household gets one email."""
    sequences = session.scalars(
        select(Letter.sequence)
        .where(Letter.signature_id.in_(writer_ids), told)
        .order_by(Letter.sequence)
    )
    return [number_of(sequence) for sequence in sequences if sequence]


def misleads_somebody(session: Session, delivery: DeliveryAttempt) -> bool:
    of_bundle = Letter.bundle_id == delivery.bundle_id
    of_sheets = sheet_news_of(session, delivery).came_back
    return db.has_row(
        session, select(Letter.id).where(of_bundle, _is_misled(session, delivery)[0])
    ) or db.has_row(session, select(Signature.id).where(of_sheets))


def _is_misled(
    session: Session, delivery: DeliveryAttempt
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Whether emails told of a record that was deleted before; and whether all said the same."""
    told = _list_told_before(session, delivery)
    others = [news for news in told if not _says_same(news, delivery, by_part=True)]
    by_any, by_other = (
        is_misled(session, delivery.campaign_id, each, besides=delivery.id)
        for each in (told, others)
    )
    return by_any, and_(by_any, ~by_other)


def _is_signer_misled(
    session: Session, delivery: DeliveryAttempt
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Whether emails told of a record of this bundle that was deleted before, and all the same.

    Or of a bundle from which its sheets came, or of one that was cancelled since.
    """
    bundles = list_bundles_of_sheets(session, delivery.bundle_id) if delivery.bundle_id else []
    bundles += [*list_cancelled(session, delivery.campaign_id)]
    told = [news for news in _list_told_before(session, delivery) if news.bundle_id in bundles]
    others = [news for news in told if not _says_same(news, delivery)]
    by_any, by_other = (
        is_signer_misled(each, bundles, besides=delivery.id) for each in (told, others)
    )
    return by_any, and_(by_any, ~by_other)


def _says_same(news: FalseNews, delivery: DeliveryAttempt, *, by_part: bool = False) -> bool:
    """Whether it told of the same day, mission and outcome; a letter `by_part` was accepted.

    What became of the sheets with a part is told to their signers alone.
    """
    outcomes = {news.outcome, delivery.outcome}
    is_same = by_part and outcomes == _ACCEPTED
    is_same |= len(outcomes) == 1 and (by_part or news.sheets_back is delivery.sheets_back)
    is_of_bundle = news.bundle_id == delivery.bundle_id
    return is_same and is_of_bundle and news.happened_on == delivery.happened_on.isoformat()


def _list_told_before(session: Session, delivery: DeliveryAttempt) -> list[FalseNews]:
    of_campaign = Notice.campaign_id == delivery.campaign_id
    return list_false_news(session, of_campaign, until=delivery.created_at)
