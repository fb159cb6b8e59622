"""Letters that say nearly the same: noticed, so that a supporter can add a line of their own.

Own words come down to 64 bits that change little when the words do (Charikar's simhash, over
three words at a time). Each piece is hashed with the instance's key, so that nobody who has only
the database can try words against it. Stored are four quarters of 16 bits.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from sqlalchemy import delete, exists, func, insert, literal, select, union_all
from sqlalchemy.orm import Session

from campaign.core import db, jobs
from campaign.core.db.batches import batched
from campaign.core.sealing import Keyring, WrongKey, log_wrong_key
from campaign.core.settings import current_settings
from campaign.core.text.fold import split_words
from campaign.models.campaign import Campaign
from campaign.models.signature import Signature, SignatureState, WordsPrint
from campaign.signing.validate import SignedForm

MANY = 5  # From so many on it is worth saying
MOST = 200  # More are not counted: the database looks at so many for each quarter


_LOOKED_AT = -1  # Stands for all quarters of words that are too few to have any
_LATELY = timedelta(days=2)
_SWEEP = 2000
_NOTED_AT_ONCE = 50
"""Letters of one transaction: one for each letter would keep other jobs from SQLite's lock."""


@jobs.job("signing.note-words")
def note_words(*signature_ids: int) -> None:
    """Note the words of these letters anew, in one transaction; of none that does not count."""
    with db.transaction() as session:
        # Their rows are locked: who changes or withdraws a letter meanwhile comes before or after.
        signatures = session.scalars(
            select(Signature)
            .where(Signature.id.in_(signature_ids))
            .order_by(Signature.id)
            .with_for_update()
        ).all()
        session.execute(delete(WordsPrint).where(WordsPrint.signature_id.in_(signature_ids)))
        rows = [
            {
                "signature_id": signature.id,
                "band": band,
                "campaign_id": signature.campaign_id,
                "value": value,
            }
            for signature in signatures
            # Of an invalid one it is kept: who repeats its words is found by it.
            if signature.shown_state is SignatureState.CONFIRMED
            for band, value in _list_bands(signature) or [(_LOOKED_AT, 0)]
        ]
        if rows:
            session.execute(insert(WordsPrint), rows)


def _list_bands(signature: Signature) -> list[tuple[int, int]]:
    text = signature.full_text or signature.own_words
    return list(enumerate(bands_of(text, db.database().keyring)))


@jobs.job("signing.note-missing-words", every_minutes=60)
def note_missing_words() -> None:
    with db.reading() as session:
        missing = session.scalars(
            select(Signature.id)
            .where(
                Signature.campaign_id.in_(select(Campaign.id)),
                Signature.state == SignatureState.CONFIRMED,
                # It tells when it was signed: days before, for who confirms late.
                Signature.confirmed_at
                > db.utcnow() - _LATELY - timedelta(days=current_settings().confirm_days),
                ~exists().where(WordsPrint.signature_id == Signature.id),
            )
            .limit(_SWEEP)
        ).all()
    for batch in batched(missing, _NOTED_AT_ONCE):
        try:
            note_words(*batch)
        except WrongKey:
            for signature_id in batch:
                with log_wrong_key("signature cannot be opened", signature=signature_id):
                    note_words(signature_id)


def forget_words(session: Session, signature_id: int) -> None:
    session.execute(delete(WordsPrint).where(WordsPrint.signature_id == signature_id))


def list_noted_bands(session: Session, first_id: int, last_id: int) -> dict[int, list[int]]:
    """List what `bands_of` gave for the words of these signatures, as far as it is noted."""
    bands: dict[int, list[int]] = {}
    for signature_id, band, value in session.execute(
        select(WordsPrint.signature_id, WordsPrint.band, WordsPrint.value)
        .where(WordsPrint.signature_id.between(first_id, last_id))
        .order_by(WordsPrint.signature_id, WordsPrint.band)
    ):
        noted = bands.setdefault(signature_id, [])
        if band != _LOOKED_AT:
            noted.append(value)
    return bands


def count_alike(session: Session, campaign_id: int, letter: SignedForm) -> int:
    """Count confirmed letters that say nearly the same, up to MOST; 0 where it is only a few."""
    count = count_alike_text(session, campaign_id, letter.full_text or letter.own_words)
    return count if count >= MANY else 0


def count_alike_text(session: Session, campaign_id: int, text: str) -> int:
    bands = bands_of(text, db.database().keyring)
    if not bands:
        return 0
    parts = [
        select(
            select(WordsPrint.signature_id)
            .where(
                WordsPrint.campaign_id == campaign_id,
                WordsPrint.band == literal(band),
                WordsPrint.value == literal(value),
            )
            .order_by(WordsPrint.signature_id)
            .limit(MOST)
            .subquery()
            .c.signature_id
        )
        for band, value in enumerate(bands)
    ]
    matches = union_all(*parts).subquery()
    alike = (
        select(matches.c.signature_id)
        .group_by(matches.c.signature_id)
        .having(func.count() >= SHARED)
    )
    return db.count_rows(session, alike)


BANDS = 4
_BITS = 16
_SHINGLE = 3
_FEWEST_WORDS = 4  # Fewer words are alike by nature
_DIFFERENT = 14
"""Bits of 64 in which alike texts may differ; texts that share nothing differ in about 32."""
SHARED = 2


def bands_of(text: str, keyring: Keyring) -> tuple[int, ...]:
    words = split_words(text)
    if len(words) < _FEWEST_WORDS:
        return ()
    counts = [0] * (BANDS * _BITS)
    for piece in set(_shingles(words)):
        bits = int.from_bytes(keyring.lasting(f"words\0{piece}")[:8])
        for at in range(len(counts)):
            counts[at] += 1 if bits >> at & 1 else -1
    value = sum(1 << at for at, count in enumerate(counts) if count > 0)
    return tuple(value >> (band * _BITS) & 0xFFFF for band in range(BANDS))


def are_alike(first: Sequence[int], second: Sequence[int]) -> bool:
    """Tell it bit by bit, which finds more than equal quarters; those can be indexed."""
    if not first or not second:
        return False
    return sum((a ^ b).bit_count() for a, b in zip(first, second, strict=True)) <= _DIFFERENT


def _shingles(words: Sequence[str]) -> Iterator[str]:
    for at in range(len(words) - _SHINGLE + 1):
        yield " ".join(words[at : at + _SHINGLE])
