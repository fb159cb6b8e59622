"""With what the lists and sheets of a bundle went out, and whose names could be read there."""

from collections.abc import Collection, Iterable
from itertools import filterfalse

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session, aliased

from campaign.bundles.changes import prints
from campaign.bundles.freeze import signed_sheets
from campaign.deliveries.attempt_order import oldest_first
from campaign.deliveries.carried_paper import is_letter, prints_differ
from campaign.deliveries.recording_rules import GONE_OUT
from campaign.deliveries.remaining_letters import is_in_envelopes
from campaign.models.bundle import Bundle, BundlePrint, CarriedSignature, DeliveryAttempt
from campaign.models.paper_signature import PaperRow

_CARRIED = aliased(PaperRow)


def find_gone_lists(
    session: Session, attempt: DeliveryAttempt
) -> tuple[BundlePrint | None, list[str], list[str]]:
    """Find which lists went out, who no longer counted and could be read there, and who could not.

    The latter were made unreadable by hand. The print is None where nobody was asked which it was,
    and of what went in envelopes: no cover letter and no list is in these.
    """
    bundle = attempt.bundle
    if bundle is None or attempt.outcome not in GONE_OUT or is_in_envelopes(session, attempt):
        return None, [], []
    several = prints_differ(bundle, prints.list_prints(session, bundle))
    recorded = prints.find_print(session, bundle) if several else None
    named, unreadable = bundle.taken_out.carried, bundle.taken_out.by_hand
    letters = {*filter(is_letter, named | unreadable)}
    return recorded, sorted(named - letters), sorted(unreadable - letters)


def list_attempts_with_lists(
    session: Session, bundle_ids: Collection[int] | Select[int]
) -> list[DeliveryAttempt]:
    """List the attempts with which lists of bundles went: of each bundle the first that may."""
    return _list_first(session, bundle_ids, signed_sheets.may_take_lists())


def list_attempts_with_sheets(
    session: Session, bundle_ids: Collection[int] | Select[int]
) -> list[DeliveryAttempt]:
    """List the same of their signed sheets: these may have come back with a part."""
    return _list_first(session, bundle_ids, signed_sheets.may_take_sheets())


def _list_first(
    session: Session, bundle_ids: Collection[int] | Select[int], may_take: ColumnElement[bool]
) -> list[DeliveryAttempt]:
    attempts = session.scalars(
        select(DeliveryAttempt)
        .where(DeliveryAttempt.bundle_id.in_(bundle_ids), may_take)
        .order_by(*oldest_first())
    )
    first_by_bundle: dict[int | None, DeliveryAttempt] = {}
    for attempt in attempts:
        first_by_bundle.setdefault(attempt.bundle_id, attempt)
    return [*first_by_bundle.values()]


def count_signed_with(session: Session, attempts: Iterable[DeliveryAttempt]) -> dict[int, int]:
    """Count the people on the sheets that went along with letters, by the id of the attempt."""
    with_letters = {
        attempt.bundle_id
        for attempt in attempts
        if attempt.bundle_id is not None and attempt.bundle and attempt.bundle.letter_count
    }
    went = list_attempts_with_sheets(session, with_letters) if with_letters else []
    if not went:
        return {}
    # Of several prints with the same files the newest is the one that the bundle is.
    carried = dict(
        session.execute(
            select(BundlePrint.bundle_id, BundlePrint.on_paper)
            .join(Bundle, Bundle.id == BundlePrint.bundle_id)
            .where(
                BundlePrint.bundle_id.in_([attempt.bundle_id for attempt in went]),
                BundlePrint.zip_sha256 == Bundle.zip_sha256,
                signed_sheets.has_sheets(),
            )
            .order_by(BundlePrint.number)
        ).all()
    )
    counts = {
        attempt.id: carried.get(attempt.bundle_id or 0, 0)
        - len([*filterfalse(is_letter, attempt.by_hand)])
        for attempt in went
    }
    return {attempt_id: count for attempt_id, count in counts.items() if count > 0}


def find_attempt_with_sheet(session: Session, *row: ColumnElement[bool]) -> DeliveryAttempt | None:
    """Find the attempt with which the sheet went out that has such a row."""
    bundle_ids = (
        select(CarriedSignature.bundle_id)
        .join(_CARRIED, _CARRIED.signature_id == CarriedSignature.signature_id)
        .join(PaperRow, PaperRow.sheet_id == _CARRIED.sheet_id)
        .where(*row)
    )
    return next(iter(list_attempts_with_sheets(session, bundle_ids)), None)
