"""The sheets that people signed by hand: they travel with a bundle, once.

Who stands on them stands in its lists, numbered apart: P00001, P00002 …
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    exists,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.orm import QueryableAttribute, Session, aliased

from campaign.bundles import bundle_status
from campaign.core import db
from campaign.core.db.batches import AnyQuery, AnyRow
from campaign.models.bundle import Bundle, CarriedSignature, DeliveryAttempt
from campaign.models.campaign import Campaign
from campaign.models.delivery import Rerouting
from campaign.models.paper_signature import PaperRow, PaperSheet, RowVerdict
from campaign.models.signature import Origin, Signature, SignatureState

_OWN, _TWIN, _ROW = aliased(Signature), aliased(Signature), aliased(PaperRow)

GONE = (SignatureState.WITHDRAWN, SignatureState.ERASED, SignatureState.INVALID)
"""States of a signature whose letter is not handed over."""
TWIN_GONE = (*GONE, SignatureState.PENDING)
"""States of a letter in which a row that doubles it is not handed over either.

A withdrawn letter that is signed again waits, and is deleted where nobody confirms it: until then,
it was withdrawn.
"""


@dataclass(frozen=True, slots=True)
class TravellingSheet:
    """A sheet, or a file of signatures, as colleagues find it in the folder."""

    collected_on: date
    place: str
    people: int  # how many of those on it still stand in the bundle's lists
    public_id: str = ""
    black_out: tuple[int, ...] = ()  # rows that nobody may read any more


def list_travelling_sheets(session: Session, bundle_id: int) -> list[TravellingSheet]:
    """List the sheets on which somebody counts, or has a row to be blacked out."""
    rows = session.execute(
        select(
            PaperSheet.id,
            PaperSheet.collected_on,
            PaperSheet.place,
            func.count(case((Signature.state == SignatureState.CONFIRMED, 1))),
            PaperSheet.public_id,
        )
        .select_from(CarriedSignature)
        .join(Signature, Signature.id == CarriedSignature.signature_id)
        .join(PaperRow, PaperRow.signature_id == Signature.id)
        .join(PaperSheet, PaperSheet.id == PaperRow.sheet_id)
        .where(CarriedSignature.bundle_id == bundle_id)
        .group_by(PaperSheet.id, PaperSheet.collected_on, PaperSheet.place, PaperSheet.public_id)
        .order_by(PaperSheet.collected_on, PaperSheet.place, PaperSheet.id)
    ).all()
    black_out = list_rows_to_black_out(session, PaperRow.sheet_id.in_([row.id for row in rows]))
    sheets = [TravellingSheet(*row[1:], tuple(black_out.get(row.id, ()))) for row in rows]
    return [sheet for sheet in sheets if sheet.people or sheet.black_out]


def list_rows_to_black_out(
    session: Session, *conditions: ColumnElement[bool]
) -> dict[int, list[int]]:
    """List the numbers of such rows that are not handed over, by the sheet's id.

    Their people withdrew, had everything deleted, or are excluded as false; of a double, that was
    what was signed elsewhere. Those that the team removed are named once the sheet is a bundle's.
    """
    carried = select(CarriedSignature.signature_id)
    is_bound = exists().where(_ROW.sheet_id == PaperRow.sheet_id, _ROW.signature_id.in_(carried))
    is_gone = or_(PaperRow.twin_id.is_(None), _TWIN.state.in_(TWIN_GONE))
    rows = session.execute(
        select(PaperRow.sheet_id, PaperRow.position)
        .join(PaperSheet, PaperSheet.id == PaperRow.sheet_id)
        .outerjoin(_OWN, _OWN.id == PaperRow.signature_id)
        .outerjoin(_TWIN, _TWIN.id == PaperRow.twin_id)
        .where(
            PaperSheet.origin == Origin.PAPER,
            or_(
                and_(
                    PaperRow.verdict == RowVerdict.COUNTED,
                    or_(PaperRow.signature_id.is_(None), _OWN.state.in_(GONE)),
                ),
                and_(PaperRow.verdict == RowVerdict.DOUBLE, is_gone),
                and_(PaperRow.verdict == RowVerdict.REMOVED, is_bound.correlate(PaperRow)),
            ),
            *conditions,
        )
        .order_by(PaperRow.sheet_id, PaperRow.position)
    )
    numbers: dict[int, list[int]] = {}
    for sheet_id, number in rows:
        numbers.setdefault(sheet_id, []).append(number)
    return numbers


def may_take_lists() -> ColumnElement[bool]:
    """Whether lists that were still here went out with an attempt, for a query on attempts.

    They travel with the bundle itself, and in no envelope.
    """
    return and_(
        DeliveryAttempt.outcome.not_in(bundle_status.STILL_HERE),
        ~bundle_status.went_in_envelopes().correlate(DeliveryAttempt),
    )


def may_take_sheets() -> ColumnElement[bool]:
    """Whether sheets that were still here went out with an attempt: with the lists, or came back.

    For a query on attempts.
    """
    return and_(may_take_lists(), ~DeliveryAttempt.sheets_back)


def have_gone(when: ColumnElement[bool] | None = None) -> ColumnElement[bool]:
    """Whether the sheets of a bundle went out, for a query on bundles; with attempts `when`."""
    of_bundle = DeliveryAttempt.bundle_id == Bundle.id
    went = exists().where(of_bundle, may_take_sheets(), true() if when is None else when)
    return went.correlate(Bundle)


def has_sheets() -> ColumnElement[bool]:
    """Whether sheets are bound to a bundle, for a query on bundles: none that moved on is."""
    carried = exists().where(CarriedSignature.bundle_id == Bundle.id)
    return carried.correlate(Bundle)


def has_sheets_here(when: ColumnElement[bool] | None = None) -> ColumnElement[bool]:
    """Whether sheets are bound to a bundle and did not go out, for a query on bundles."""
    return and_(has_sheets(), ~have_gone(when))


def stayed_here() -> ColumnElement[bool]:
    """Whether the sheets of a bundle did not go, and no letter is left with which they could.

    Then they wait again, until another bundle takes them. It is asked of the records alone: where
    one is deleted, the sheets are the bundle's again.
    """
    has_letters = bundle_status.has_unposted(~bundle_status.is_named_of_part())
    none_left = or_(bundle_status.has_as_many_gone(), ~has_letters)
    return and_(bundle_status.handed_over(), ~have_gone(), none_left)


def lie_here(session: Session, bundle: Bundle, *conditions: ColumnElement[bool]) -> bool:
    """Whether its sheets and lists are still here, and may be handed over.

    Of letters that moved on, sheets are left with those whose record was deleted since.
    """
    here = (~have_gone(), or_(~bundle_status.moved_on(), has_sheets()), *conditions)
    return db.is_true_of(session, bundle, *here)


def go_on(session: Session, bundle: Bundle) -> bool:
    """Whether its sheets are here, and go where its letters do."""
    return lie_here(session, bundle, ~stayed_here())


def wait_again(session: Session, bundle: Bundle) -> bool:
    """Whether its sheets stayed here, and wait for another bundle."""
    return lie_here(session, bundle, stayed_here()) and bool(count_carried(session, bundle.id))


def is_out() -> ColumnElement[bool]:
    """Whether a sheet went out with a bundle, for a query on sheets."""
    return (
        exists()
        .where(_ROW.sheet_id == PaperSheet.id, went_with_bundle(_ROW.signature_id))
        .correlate(PaperSheet)
    )


def went_with_bundle(signature_id: QueryableAttribute[int | None]) -> ColumnElement[bool]:
    """Whether the sheet with the signature of that id went out."""
    carrying = Bundle.id.in_(select(CarriedSignature.bundle_id))
    out = select(Bundle.id).where(carrying, have_gone())
    return signature_id.in_(
        select(CarriedSignature.signature_id).where(CarriedSignature.bundle_id.in_(out))
    )


def is_carried(session: Session, signature: Signature) -> bool:
    return db.has_row(
        session,
        select(CarriedSignature.position).where(CarriedSignature.signature_id == signature.id),
    )


def paper_number(position: int) -> str:
    """The number in the lists of a person on a sheet: `P00012`."""
    return f"P{position:05d}"


def read_paper_number(number: str) -> int:
    return int(number.removeprefix("P"))


def waiting_on_paper(session: Session, campaign: Campaign) -> int:
    return count_waiting_on_paper(session, [campaign.id]).get(campaign.id, 0)


def count_waiting_on_paper(session: Session, campaign_ids: Iterable[int]) -> dict[int, int]:
    """The same of each of these campaigns of which some wait, by its id."""
    return dict(session.execute(select_waiting_on_paper(list(campaign_ids))).all())


def select_waiting_on_paper(campaign_ids: Sequence[int] | Select[int]) -> Select[int, int]:
    """Select those campaigns of which some wait, each with how many.

    Without its campaigns, SQLite would read every signature: the index of those on paper has them
    first.
    """
    people = func.count(Signature.id).label("people")
    of_campaigns = Signature.campaign_id.in_(campaign_ids)
    unbound = select(Signature.campaign_id, people).where(of_campaigns, *_unbound())
    return unbound.group_by(Signature.campaign_id)


def take_sheets(session: Session, bundle: Bundle) -> int:
    """Have the sheets that wait travel with the bundle; how many people stand on them.

    Those that stayed here leave the bundle in which they were.
    """
    stayed = _select_stayed().where(Bundle.campaign_id == bundle.campaign_id)
    db.delete_rows(session, CarriedSignature, CarriedSignature.bundle_id.in_(stayed))
    place = func.row_number().over(order_by=Signature.id)
    waiting = select(literal(bundle.id), place, Signature.id).where(
        Signature.campaign_id == bundle.campaign_id, *_unbound()
    )
    session.execute(
        insert(CarriedSignature).from_select(["bundle_id", "position", "signature_id"], waiting)
    )
    return count_carried(session, bundle.id)


def select_carried(bundle_id: int, *columns: Any) -> AnyQuery:
    """Select people on the bundle's sheets who are still in its lists: the place, and `columns`."""
    return (
        select(CarriedSignature.position, *columns)
        .join(Signature, Signature.id == CarriedSignature.signature_id)
        .where(CarriedSignature.bundle_id == bundle_id, Signature.state == SignatureState.CONFIRMED)
    )


def count_carried(session: Session, bundle_id: int) -> int:
    """Count the people on the bundle's sheets who are still in its lists."""
    return db.count_rows(session, select_carried(bundle_id))


def list_with_sheets_here(
    session: Session, bundles: Iterable[Bundle], *, when: ColumnElement[bool] | None = None
) -> set[int]:
    """List the ids of those of which the sheets are here, or were after attempts `when`."""
    ids = Bundle.id.in_([bundle.id for bundle in bundles])
    return set(session.scalars(select(Bundle.id).where(ids, has_sheets_here(when))))


def count_here(session: Session, bundle: Bundle) -> int:
    """Count the same as long as the sheets are here, and go where its letters do."""
    return count_carried(session, bundle.id) if go_on(session, bundle) else 0


def select_onward(bundle_id: int) -> Select[int]:
    """Select the bundle, and those in which its sheets may have gone on: they move on with it."""
    ids = select(literal(bundle_id).label("id")).cte("onward", recursive=True)
    further = select(Rerouting.to_bundle_id).join(ids, Rerouting.from_bundle_id == ids.c.id)
    return select(ids.union(further).c.id)


def digest_lists(session: Session, bundle_id: int) -> str:
    """Return what tells whether the lists and the README would say the same of the sheets."""
    people = [row.position for row in _list_people(session, bundle_id)]
    sheets = list_travelling_sheets(session, bundle_id)
    return hashlib.sha256(repr((people, sheets)).encode()).hexdigest()


def digest_names(session: Session, bundle_id: int) -> str:
    """Return what tells whether the lists would name the same people in the same way."""
    keyed = [
        (row.position, row.keyed_at.isoformat())
        for row in _list_people(session, bundle_id)
        if row.keyed_at
    ]
    return hashlib.sha256(repr(keyed).encode()).hexdigest()


def find_correction(session: Session, bundle_id: int, since: datetime) -> datetime | None:
    """Find when a name in the lists was last keyed in anew after that moment."""
    keyed = [row.keyed_at for row in _list_people(session, bundle_id) if row.keyed_at]
    return max((at for at in keyed if at > since), default=None)


def _list_people(session: Session, bundle_id: int) -> Sequence[AnyRow]:
    people = select_carried(bundle_id, PaperRow.keyed_at)
    people = people.outerjoin(PaperRow, PaperRow.signature_id == Signature.id)
    return session.execute(people.order_by(CarriedSignature.position)).all()


def leave_sheets(session: Session, bundle: Bundle) -> None:
    db.delete_rows(session, CarriedSignature, CarriedSignature.bundle_id == bundle.id)


def move(session: Session, old: Bundle, new: Bundle) -> int:
    """The sheets go on with another bundle, numbered as before; how many people stand on them."""
    db.update_rows(
        session, CarriedSignature, CarriedSignature.bundle_id == old.id, bundle_id=new.id
    )
    return count_carried(session, new.id)


def _select_stayed() -> Select[int]:
    """Select bundles whose sheets stayed here."""
    carrying = Bundle.id.in_(select(CarriedSignature.bundle_id))
    return select(Bundle.id).where(carrying, stayed_here())


def _unbound() -> tuple[ColumnElement[bool], ...]:
    return (
        Signature.state == SignatureState.CONFIRMED,
        Signature.forgotten_at.is_(None),
        Signature.origin == Origin.PAPER,
        # Said as the index says it: it holds only the few that did not sign online.
        Signature.origin != literal_column("'online'"),
        Signature.id.not_in(
            select(CarriedSignature.signature_id).where(
                CarriedSignature.bundle_id.not_in(_select_stayed())
            )
        ),
    )
