"""What goes on by itself: who signed on paper and then online is one person, and so on."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from campaign.core import audit, db, jobs
from campaign.models.paper_signature import PaperRow, RowVerdict
from campaign.models.signature import Signature
from campaign.network import memberships
from campaign.paper_signatures import data_entry, duplicates

_Row = Row[int, bytes | None, int, bytes | None]
"""A row that counts: its id, mark of the address, campaign, mark of the person."""
_BATCH = 500
_ACTOR = "job:paper.match"
_SETTLED, _LATELY = timedelta(hours=1), timedelta(days=7)
"""A tick becomes a membership after this long: by then a slip of the keyer is mended."""


@jobs.job("paper.match", every_minutes=15)
def match_online() -> None:
    """Count those once who signed a sheet and then online: the letter is what counts."""
    last = 0
    while True:
        with db.reading() as session:
            rows = _list_rows_after(session, last)
            pairs = _find_twins(session, rows)
        if pairs:
            with db.transaction() as session:
                _make_doubles(session, pairs)
        if len(rows) < _BATCH:
            return
        last = rows[-1].id


def _list_rows_after(session: Session, last: int) -> Sequence[_Row]:
    """List the next rows that count, with their fingerprints."""
    return session.execute(
        select(PaperRow.id, PaperRow.email_hmac, Signature.campaign_id, Signature.person_hmac)
        .join(Signature, Signature.id == PaperRow.signature_id)
        .where(
            PaperRow.id > last,
            PaperRow.verdict == RowVerdict.COUNTED,
            PaperRow.told_apart.is_(False),
        )
        .order_by(PaperRow.id)
        .limit(_BATCH)
    ).all()


def _find_twins(session: Session, rows: Sequence[_Row]) -> list[tuple[int, int]]:
    """Return rows whose person has signed online, with that signature."""
    pairs = []
    for campaign_id in {row.campaign_id for row in rows}:
        own = [row for row in rows if row.campaign_id == campaign_id and row.person_hmac]
        fingerprints = [duplicates.Fingerprints(row.person_hmac, row.email_hmac) for row in own]
        online = duplicates.find_online(session, campaign_id, fingerprints)
        for row in own:
            twin = online.get(row.person_hmac) or online.get(row.email_hmac)
            if twin is not None:
                pairs.append((row.id, twin))
    return pairs


def _make_doubles(session: Session, pairs: Sequence[tuple[int, int]]) -> None:
    for row_id, twin_id in pairs:
        row = session.get(PaperRow, row_id, with_for_update=True)
        if row is not None and row.verdict is RowVerdict.COUNTED:
            data_entry.make_double(session, row, twin_id)
    audit.record(session, actor=_ACTOR, action="paper.match", subject="paper", rows=len(pairs))


@jobs.job("paper.join-network", every_minutes=60)
def join_network() -> None:
    """Make members of those who ticked it on a sheet."""
    now = db.utcnow()
    with db.reading() as session:
        waiting = session.scalars(
            select(Signature.id)
            .join(PaperRow, PaperRow.signature_id == Signature.id)
            .where(
                Signature.consent_network_at.is_not(None),
                Signature.confirmed_at.between(now - _LATELY, now - _SETTLED),
            )
        ).all()
    for signature_id in waiting:
        with db.transaction() as session:
            signature = session.get(Signature, signature_id)
            if signature is not None:
                memberships.join_signer(session, signature, now=now)


@jobs.job("paper.forget", every_minutes=60)
def delete_removed() -> None:
    with db.transaction() as session:
        data_entry.delete_removed_rows(session)
