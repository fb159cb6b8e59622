"""Ticks for new urgent actions on sheets: the members that they make, hours later, and end."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, select
from sqlalchemy.orm import Session

from campaign.core import clock, db, jobs
from campaign.core.sealing import log_wrong_key
from campaign.core.settings import current_settings
from campaign.models.network import NetworkMember
from campaign.models.paper_signature import PaperRow, PaperSheet, RowVerdict
from campaign.models.signature import Signature
from campaign.network import memberships
from campaign.paper_signatures import double_ticks
from campaign.paper_signatures.row_signatures import locale_of, signed_at, words_of

_SETTLED, _LATELY = timedelta(hours=2), timedelta(days=7)
"""A tick becomes a membership after this long: by then a slip of the keyer is mended."""


@jobs.job("paper.join-network", every_minutes=60)
def join_network() -> None:
    now = db.utcnow()
    lately = now - _LATELY, now - _SETTLED
    with db.reading() as session:
        waiting = session.scalars(
            select(Signature.id)
            .join(PaperRow, PaperRow.signature_id == Signature.id)
            .where(
                Signature.consent_network_at.is_not(None), Signature.confirmed_at.between(*lately)
            )
            .order_by(Signature.id)
        ).all()
        doubles = session.scalars(
            select(PaperRow.id)
            .where(_is_double(), PaperRow.keyed_at.between(*lately))
            .order_by(PaperRow.id)
        ).all()
    # In order of entry: who ticked twice is a member by the first tick.
    # Locked, so that who takes a row out meanwhile finds the member that it made.
    for signature_id in waiting:
        with db.transaction() as session:
            signature = session.get(Signature, signature_id, with_for_update={"read": True})
            row_id = session.scalar(
                select(PaperRow.id).where(PaperRow.signature_id == signature_id)
            )
            if signature is not None and row_id is not None:
                memberships.join_signer(session, signature, now=now, paper_row_id=row_id)
    for row_id in doubles:
        with db.transaction() as session, log_wrong_key("row cannot be opened", row=row_id):
            row = session.get(PaperRow, row_id, with_for_update={"read": True})
            signer = double_ticks.make_signer(session, row) if row else None
            if signer is not None:
                memberships.join_signer(session, signer, now=now, paper_row_id=row_id)


def end_membership(session: Session, row: PaperRow, email_hmac: bytes | None) -> None:
    """End the membership that rests on the row, unless the row or another still asks for it.

    `email_hmac`: of the address that the row had; without one its people are forgotten.
    """
    # Locked by the address: of two rows that go at once, the second sees what the first left.
    member = memberships.lock_member(session, NetworkMember.email_hmac == email_hmac)
    if member is None or member.paper_row_id != row.id:
        return
    left_at = member.left_at
    of_member = select(PaperRow).where(PaperRow.email_hmac == email_hmac)
    for asking in session.scalars(of_member.order_by(PaperRow.id != row.id, PaperRow.id)):
        is_since = left_at is None or signed_at(asking.sheet) > left_at
        if is_since and _asks_to_join(asking):
            if asking is not row:
                _move_to_row(member, asking)
            return
    memberships.end_mistaken(session, member)


def correct_day(session: Session, sheet: PaperSheet) -> None:
    """Let who is a member by its rows have joined on the day that the sheet says now."""
    rows = select(PaperRow.id).where(PaperRow.sheet_id == sheet.id)
    by_tick = NetworkMember.paper_row_id.in_(rows)
    db.update_rows(session, NetworkMember, by_tick, joined_at=_day_of(sheet))


def correct_language(session: Session, sheet: PaperSheet, before: str) -> None:
    """Let who is a member by its rows have agreed in its language, and have it for `before`.

    A language that is their own, or of their letter, stays.
    """
    rows = select(PaperRow.id).where(PaperRow.sheet_id == sheet.id)
    of_letter = NetworkMember.paper_row_id.in_(rows.where(_is_double()))
    has_another = of_letter | (NetworkMember.locale != before)
    db.update_rows(
        session,
        NetworkMember,
        NetworkMember.paper_row_id.in_(rows),
        locale=case((has_another, NetworkMember.locale), else_=locale_of(sheet)),
        consent_wording=words_of(sheet).network,
    )


def _asks_to_join(row: PaperRow) -> bool:
    signature = row.signature
    if row.verdict is RowVerdict.COUNTED and signature is not None:
        return signature.consent_network_at is not None and signature.confirmed_at is not None
    return row.verdict is RowVerdict.DOUBLE and double_ticks.asks_to_join(row)


def _move_to_row(member: NetworkMember, row: PaperRow) -> None:
    sheet = row.sheet
    member.paper_row_id, member.origin = row.id, memberships.ORIGINS[sheet.origin]
    member.joined_at = _day_of(sheet)
    member.consent_source = memberships.source_of(sheet.campaign, sheet.origin)
    member.consent_wording = words_of(sheet).network
    member.locale = row.twin.locale if row.twin else locale_of(sheet)


def _day_of(sheet: PaperSheet) -> datetime:
    return clock.keep_day(signed_at(sheet), current_settings().timezone)


def _is_double() -> ColumnElement[bool]:
    return (PaperRow.verdict == RowVerdict.DOUBLE) & PaperRow.email_hmac.is_not(None)
