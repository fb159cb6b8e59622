"""How a bundle stands: whether it is out of our hands, and waiting for one's turn at it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Exists, Select, and_, case, exists, func, or_, select
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import QueryableAttribute, Session, aliased
from sqlalchemy.orm.util import AliasedClass

from campaign.bundles.destinations import WITH_DESTINATION
from campaign.campaigns.stop_rule import is_stopped, may_go_out_sql
from campaign.core import db
from campaign.core.errors import NotFound, Refused
from campaign.models.bundle import (
    CAME_BACK,
    Bundle,
    BundleState,
    DeliveryAttempt,
    DeliveryOutcome,
    TakenLetters,
)
from campaign.models.campaign import Campaign
from campaign.models.delivery import Envelope, EnvelopeRun, Rerouting
from campaign.models.signature import LEFT_OUT, Letter, Signature, SignatureState

STILL_HERE = CAME_BACK | {DeliveryOutcome.STOPPED}
"""How an attempt can end so that every letter came back."""
GONE_WHOLE = frozenset(DeliveryOutcome) - STILL_HERE - {DeliveryOutcome.PART}
"""How an attempt can end so that all that was left went out."""
_PAPER_LIES = timedelta(days=60)
"""How long after the files of a bundle were deleted its page says what to do with the paper."""

# Made once: the columns of an alias take a millisecond to make.
_ATTEMPT, _POSTING = aliased(DeliveryAttempt), aliased(DeliveryAttempt)

AnyLetter = type[Letter] | AliasedClass[Letter]


def lock_bundle(session: Session, bundle: Bundle) -> None:
    """Wait for whoever freezes, stops, hands over or withdraws in its campaign to end.

    Then see the bundle as they left it. Raises NotFound where they removed it.
    """
    # `key_share` makes it FOR NO KEY UPDATE: people who sign meanwhile need not wait.
    session.refresh(bundle.campaign, with_for_update={"key_share": True})
    try:
        session.refresh(bundle)
    except InvalidRequestError as problem:
        raise NotFound("bundle") from problem


def _select_running(*conditions: ColumnElement[bool]) -> Select[int]:
    running = select(Bundle.id).join(Campaign, Campaign.id == Bundle.campaign_id)
    return running.where(may_go_out_sql(), *conditions)


def bundle_may_go_out(
    bundle_id: QueryableAttribute[int], *conditions: ColumnElement[bool]
) -> ColumnElement[bool]:
    """Whether no stop holds back the bundle of that id, and the conditions hold of it."""
    return bundle_id.in_(_select_running(*conditions))


def select_ready(*conditions: ColumnElement[bool]) -> Select[int]:
    """Select such bundles that are ready and not stopped, in order."""
    return _select_running(Bundle.state == BundleState.READY, *conditions).order_by(Bundle.id)


def handed_over() -> ColumnElement[bool]:
    return (
        select(DeliveryAttempt.id)
        .where(DeliveryAttempt.bundle_id == Bundle.id, DeliveryAttempt.outcome.not_in(STILL_HERE))
        .correlate(Bundle)
        .exists()
    )


def has_as_many_gone() -> ColumnElement[bool]:
    """Whether as many letters went as a bundle has: then none needs to be looked for."""
    went = select(func.coalesce(func.sum(_ATTEMPT.messages), 0)).where(
        _ATTEMPT.bundle_id == Bundle.id, _ATTEMPT.outcome.not_in(STILL_HERE)
    )
    went_in_all = went.correlate(Bundle).scalar_subquery()
    return and_(Bundle.letter_count > 0, went_in_all >= Bundle.letter_count)


def went_in_envelopes() -> Exists:
    """Whether letters went out with an attempt in envelopes, for a query on attempts."""
    return exists().where(Envelope.attempt_id == DeliveryAttempt.id)


def went_in_part() -> ColumnElement[bool]:
    """Whether an attempt took some letters, counted one by one: a part, or envelopes."""
    return or_(DeliveryAttempt.outcome == DeliveryOutcome.PART, went_in_envelopes())


def is_in_envelope(
    attempt_id: ColumnElement[int] | int, letter: AnyLetter = Letter
) -> ColumnElement[bool]:
    """Whether a letter's envelope went with an attempt: no two envelopes hold the same numbers.

    Only the last one that begins before the letter can hold it, and the index finds that one.
    """
    last_of_nearest = (
        select(Envelope.last_number)
        .where(Envelope.attempt_id == attempt_id, Envelope.first_number <= letter.sequence)
        .order_by(Envelope.first_number.desc())
        .limit(1)
        .correlate_except(Envelope)
        .scalar_subquery()
    )
    return func.coalesce(last_of_nearest, 0) >= letter.sequence


def is_posted(letter: AnyLetter = Letter) -> ColumnElement[bool]:
    """Whether a letter went in an envelope: then it goes with no visit, whichever stands first."""
    is_in_its = is_in_envelope(_POSTING.id.expression, letter)
    return exists().where(_POSTING.bundle_id == letter.bundle_id, is_in_its).correlate(letter)


def has_unposted(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a letter that may go out is in no posted envelope, for a query on bundles.

    `conditions`, on the letter, narrow it.
    """
    may_go_out = (
        Signature.id == Letter.signature_id,
        Signature.state == SignatureState.CONFIRMED,
        Signature.forgotten_at.is_(None),
        Letter.set_aside.is_(None),
    )
    which = (*may_go_out, *conditions)
    printed = select(Letter.id).where(*_is_printed(), *which).correlate(Bundle)
    posted = select(Envelope.id).where(*_is_posted_envelope()).correlate(Bundle)
    return case((posted.exists(), count_unposted(*which) > 0), else_=printed.exists())


def count_unposted(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    """Count the printed letters that are in no posted envelope, for a query on bundles.

    `conditions`, on the letter and its signature, narrow it.
    """
    printed = (*_is_printed(), *conditions)
    lies_in_it = Letter.sequence.between(Envelope.first_number, Envelope.last_number)
    # Counted: to try 200 postings for each of 35,000 letters takes seconds, or a minute. Envelopes
    # of a bundle never reach over one another's letters (`split_rest`): none is counted twice.
    letters, in_post = (
        select(func.count(Letter.id)).where(*which).correlate(Bundle).scalar_subquery()
        for which in (printed, (*printed, *_is_posted_envelope(), lies_in_it))
    )
    return letters - in_post


def _is_printed() -> tuple[ColumnElement[bool], ...]:
    return Letter.bundle_id == Bundle.id, lies_in_print()


def lies_in_print() -> ColumnElement[bool]:
    """Whether nobody took a printed letter out; it may be one that envelopes lack."""
    return or_(Letter.set_aside.is_(None), Letter.set_aside == LEFT_OUT)


def _is_posted_envelope() -> tuple[ColumnElement[bool], ...]:
    return (
        EnvelopeRun.bundle_id == Bundle.id,
        Envelope.run_id == EnvelopeRun.id,
        Envelope.attempt_id.is_not(None),
    )


def names_letter(
    attempt_id: ColumnElement[int] | int, letter: AnyLetter = Letter
) -> ColumnElement[bool]:
    """Whether numbers that were taken with an attempt name a letter, for a query on them."""
    lies_between = letter.sequence.between(TakenLetters.first_number, TakenLetters.last_number)
    return and_(TakenLetters.attempt_id == attempt_id, lies_between)


def is_named_of_part() -> ColumnElement[bool]:
    """Whether somebody said of a letter that it was in a part that went."""
    # Of 35,000 letters, to ask `is_gone` or `_is_taken` instead takes up to six times as long.
    named = exists().where(
        DeliveryAttempt.bundle_id == Letter.bundle_id,
        DeliveryAttempt.outcome == DeliveryOutcome.PART,
        names_letter(DeliveryAttempt.id.expression),
    )
    return named.correlate(Letter)


def is_gone_whole() -> ColumnElement[bool]:
    """Whether all that was left of a bundle went at once: then none needs to be looked for."""
    went = exists().where(
        DeliveryAttempt.bundle_id == Bundle.id,
        DeliveryAttempt.outcome.in_(GONE_WHOLE),
        ~went_in_envelopes().correlate(DeliveryAttempt),
    )
    return went.correlate(Bundle)


def has_letters_here() -> ColumnElement[bool]:
    """Whether letters that may go out lie here, or sheets, for a query on bundles."""
    letters = has_unposted(~is_named_of_part())
    sheets_alone = and_(Bundle.letter_count == 0, ~moved_on())
    return and_(~is_gone_whole(), or_(sheets_alone, letters))


def moved_on() -> ColumnElement[bool]:
    """Whether letters of a bundle went on through another mission, for a query on bundles."""
    return exists().where(Rerouting.from_bundle_id == Bundle.id)


def is_handed_over(session: Session, bundle: Bundle) -> bool:
    return db.is_true_of(session, bundle, handed_over())


def is_rerouted(session: Session, bundle: Bundle) -> bool:
    """Whether letters went on through another mission, from this bundle or into it."""
    either = or_(Rerouting.from_bundle_id == bundle.id, Rerouting.to_bundle_id == bundle.id)
    return db.has_row(session, select(Rerouting.to_bundle_id).where(either))


def list_refilled(session: Session, bundles: Sequence[Bundle]) -> set[int]:
    """List the ids of those among these bundles that got the letters of another one."""
    into = Rerouting.to_bundle_id
    ids = session.scalars(select(into).where(into.in_([bundle.id for bundle in bundles])))
    # Of one that was given up the letters are back there, and no rerouting is left.
    return {*ids, *(bundle.id for bundle in bundles if bundle.returned_to_id)}


def moved_on_whole() -> ColumnElement[bool]:
    """Whether so many did that none is here: where a record is deleted, letters come back."""
    return and_(moved_on(), ~has_letters_here())


def settled() -> ColumnElement[bool]:
    """Whether nothing of a bundle in a query changes any more: it went, or its letters went on."""
    return or_(handed_over(), moved_on())


def is_settled(session: Session, bundle: Bundle) -> bool:
    return db.is_true_of(session, bundle, settled())


def refuse_handed_over(session: Session, bundle: Bundle) -> None:
    if is_handed_over(session, bundle):
        raise Refused("handed-over")


def refuse_settled(session: Session, bundle: Bundle) -> None:
    refuse_handed_over(session, bundle)
    if is_settled(session, bundle):
        raise Refused("moved-on")


def refuse_emptied(bundle: Bundle) -> None:
    if bundle.emptied_at is not None:
        raise Refused("emptied")


@dataclass(frozen=True, slots=True)
class FirstPrint:
    """Sheets of a bundle that no one may hand over any more: letters of it went on."""

    printed_again: tuple[Bundle, ...] = ()
    """The bundles in which; none where the letters wait for one."""
    has_others_here: bool = False
    """Whether other letters of the bundle are here, and may be handed over."""
    to_destroy: bool = True
    """Whether nothing can bring the letters back to these sheets; until then they are locked up."""


def find_first_prints(session: Session, bundles: Iterable[Bundle]) -> dict[int, FirstPrint]:
    """Find the first prints among these bundles, by the bundle's id.

    Letters come back to the sheets where the other bundle is given up before it is delivered, and
    the campaign runs. Nothing is said two months after their files were erased: a schedule does so
    long after the delivery, but the withdrawal of every letter at once.
    """
    by_id = {bundle.id: bundle for bundle in bundles if _was_printed(bundle)}
    given_up = {BundleState.CANCELLED, BundleState.FAILED}
    prints = {key: FirstPrint() for key, bundle in by_id.items() if bundle.state in given_up}
    rows = session.execute(
        select(Rerouting.from_bundle_id, Bundle, handed_over().label("delivered"))
        .join(Bundle, Bundle.id == Rerouting.to_bundle_id)
        .where(Rerouting.from_bundle_id.in_(by_id), Rerouting.letters > 0)
        .options(*WITH_DESTINATION)
        .order_by(Rerouting.id)
    )
    again: dict[int, list[tuple[Bundle, bool]]] = defaultdict(list)
    for bundle_id, other, delivered in rows:
        again[bundle_id].append((other, delivered or other.state is BundleState.CANCELLED))
    running = {key for key in again if not is_stopped(by_id[key].campaign.status)}
    with_others = select(Bundle.id).where(Bundle.id.in_(running), has_letters_here())
    parts = set(session.scalars(with_others)) if running else set()
    for bundle_id, others in again.items():
        prints[bundle_id] = FirstPrint(
            tuple(other for other, _final in others if other.state is not BundleState.CANCELLED),
            bundle_id in parts,
            bundle_id not in running or all(final for _other, final in others),
        )
    return prints


def _was_printed(bundle: Bundle) -> bool:
    was_ready = bundle.state is BundleState.READY or bundle.ready_at is not None
    is_recent = bundle.emptied_at is None or bundle.emptied_at > db.utcnow() - _PAPER_LIES
    return was_ready and is_recent
