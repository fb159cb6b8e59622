"""Ticks for new urgent actions on sheets: the members that they make, hours later, and end."""

from datetime import timedelta

from sqlalchemy import ColumnElement, case, select
from sqlalchemy.orm import Session

from campaign.core import db, i18n, jobs
from campaign.core.db.batches import batched
from campaign.core.sealing import log_wrong_key
from campaign.models.network import NetworkMember
from campaign.models.paper_signature import PaperRow, PaperSheet, RowVerdict
from campaign.models.signature import Signature
from campaign.network import memberships
from campaign.paper_signatures import double_ticks
from campaign.paper_signatures.check_row import Details
from campaign.paper_signatures.duplicates import fingerprints_of
from campaign.paper_signatures.row_signatures import locale_of, signed_at, words_on_sheet

_BATCH = 500
_SETTLED, _LATELY = timedelta(hours=2), timedelta(days=7)
"""A tick becomes a membership after this long: by then a slip of the keyer is mended."""
_CONSENTED = Signature.consent_network_at.is_not(None) & Signature.confirmed_at.is_not(None)


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
        ).all()
        doubles = session.scalars(
            select(PaperRow.id).where(_is_double(), PaperRow.keyed_at.between(*lately))
        ).all()
    # Locked, so that who takes a row out meanwhile finds the member that it made.
    for signature_id in waiting:
        with db.transaction() as session:
            signature = session.get(Signature, signature_id, with_for_update={"read": True})
            if signature is not None:
                memberships.join_signer(session, signature, now=now)
    for row_id in doubles:
        with db.transaction() as session, log_wrong_key("row cannot be opened", row=row_id):
            if row := session.get(PaperRow, row_id, with_for_update={"read": True}):
                double_ticks.make_member(session, row, now)


def end_membership(session: Session, row: PaperRow, before: Details | None) -> None:
    """End the membership that rests on a tick alone which the row had before, and has no more."""
    email_hmac = fingerprints_of(before).email if before and before.network else None
    if email_hmac is None:
        return
    signed = session.scalars(select(Signature).where(Signature.email_hmac == email_hmac)).all()
    rows = select(PaperRow).where(PaperRow.email_hmac == email_hmac, _is_double())
    doubles = filter(double_ticks.makes_member, session.scalars(rows))
    asked = [signed_at(double.sheet) for double in doubles]
    asked += [
        signature.times.signed_at
        for signature in signed
        if signature.consent_network_at and signature.confirmed_at
    ]
    mine = NetworkMember.email_hmac == email_hmac
    left_at = session.scalar(select(NetworkMember.left_at).where(mine))
    if any(left_at is None or moment > left_at for moment in asked):
        return
    memberships.end_by_signing(
        session,
        email_hmac,
        since=signed_at(row.sheet),
        wordings={words_on_sheet(locale).network for locale in i18n.languages()},
        locales={locale_of(row.sheet), *(signature.locale for signature in signed)},
    )


def correct_members(session: Session, sheet: PaperSheet, before: str) -> None:
    """Let its members have agreed in its language instead of `before`, and have that language.

    Not those who agreed elsewhere too; a language that is their own, or of their letter, stays.
    """
    of_sheet, locale = PaperRow.sheet_id == sheet.id, locale_of(sheet)
    signers = select(PaperRow.signature_id).where(of_sheet, PaperRow.signature_id.is_not(None))
    elsewhere = select(Signature.id).where(
        Signature.email_hmac == NetworkMember.email_hmac, Signature.id.not_in(signers), _CONSENTED
    )
    by_sheet = (
        NetworkMember.consent_wording == words_on_sheet(before).network,
        ~elsewhere.exists(),
    )
    wording = words_on_sheet(locale).network
    addresses = select(Signature.email_hmac).where(Signature.id.in_(signers), _CONSENTED)
    db.update_rows(
        session,
        NetworkMember,
        NetworkMember.email_hmac.in_(addresses),
        *by_sheet,
        locale=case((NetworkMember.locale == before, locale), else_=NetworkMember.locale),
        consent_wording=wording,
    )
    doubles = session.scalars(select(PaperRow).where(of_sheet, _is_double())).all()
    for some in batched(filter(double_ticks.makes_member, doubles), _BATCH):
        are_theirs = NetworkMember.email_hmac.in_([row.email_hmac for row in some])
        db.update_rows(session, NetworkMember, are_theirs, *by_sheet, consent_wording=wording)


def _is_double() -> ColumnElement[bool]:
    return (PaperRow.verdict == RowVerdict.DOUBLE) & PaperRow.email_hmac.is_not(None)
