"""Counting the signatures and letters of one block. Only reads."""

from collections import Counter, defaultdict
from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, Row, and_, case, func, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from campaign.bundles.freeze.waiting_counts import BLOCK
from campaign.core import clock, db
from campaign.core.sealing import LONGEST_EMPTY, Keyring, WrongKey
from campaign.dashboard.campaign_statistics import ONLINE, Counts, delay_of, key_of
from campaign.directory.postal_addresses import region_code
from campaign.models.campaign import Campaign
from campaign.models.signature import REWRITTEN, Letter, Signature, SignatureState

_PLACE = "signature.region"
_COLUMNS = (
    Signature.campaign_id,
    Signature.state,
    Signature.country,
    Signature.seal_id,
    type_coerce(Signature.region, LargeBinary).label("region"),
    func.length(type_coerce(Signature.own_words, LargeBinary)).label("own_length"),
    Signature.full_text.is_not(None).label("rewritten"),
    Signature.forgotten_words,
    Signature.source,
    Signature.locale,
    Signature.letter_locale,
    Signature.signed_at,
    Signature.confirmed_at,
    Signature.sent_by_self_at,
    Signature.origin,
)


def count_block(session: Session, block: int) -> dict[int, Counts]:
    """Count what there is in the block, by campaign."""
    by_campaign: dict[int, Counts] = defaultdict(Counter)
    rows = session.execute(select(*_COLUMNS).where(*_in_block(Signature.id, block))).all()
    zones = _zones(session, {row.campaign_id for row in rows})
    keyring = db.keyring_of(session.get_bind().dialect)
    for row in rows:
        count = by_campaign[row.campaign_id]
        origin = row.origin.value
        count[key_of("state", row.state.value, origin)] += 1
        if row.confirmed_at is not None and origin == ONLINE:
            count[key_of("ever")] += 1
            count[key_of("delay", delay_of(row.confirmed_at - row.signed_at))] += 1
        if row.state is SignatureState.CONFIRMED:
            day = clock.day_of(row.confirmed_at or row.signed_at, zones[row.campaign_id])
            for key in _keys(row, origin, row.own_length > LONGEST_EMPTY):
                count[key] += 1
            count[key_of("day", day, origin)] += 1
            count[key_of("place", row.country, _region(row, keyring))] += 1
    for campaign_id, key, n in _count_letters(session, block):
        by_campaign[campaign_id][key] += n
    return by_campaign


def _in_block(
    column: InstrumentedAttribute[int], block: int
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return column >= block * BLOCK, column < (block + 1) * BLOCK


def _keys(row: Row[Any], origin: str, own: bool) -> list[str]:
    keys = [key_of("locale", row.locale), key_of("letter", row.letter_locale)]
    if origin == ONLINE:
        keys.append(key_of("source", row.source))
    rewritten = row.rewritten or row.forgotten_words == REWRITTEN
    if own or rewritten or row.forgotten_words:
        keys.append(key_of("own"))
    if rewritten:
        keys.append(key_of("rewritten"))
    if row.sent_by_self_at is not None:
        keys.append(key_of("self"))
    return keys


def _region(row: Row[Any], keyring: Keyring) -> str:
    """Return the region's code where the post knows it: what people typed stays sealed."""
    try:
        return region_code(row.country, keyring.open(row.region, _PLACE, row.seal_id))
    except WrongKey:
        return ""


def _zones(session: Session, ids: set[int]) -> dict[int, str]:
    rows = session.execute(select(Campaign.id, Campaign.timezone).where(Campaign.id.in_(ids)))
    return {row.id: row.timezone for row in rows}


def _count_letters(session: Session, block: int) -> list[tuple[int, str, int]]:
    """Count confirmed letters by target and bundle; one of nobody known waits for none."""
    kinds = (Signature.campaign_id, Signature.state, Letter.target_id, Letter.bundle_id)
    known = Signature.forgotten_at.is_(None)
    rows = session.execute(
        select(
            *kinds,
            func.count(),
            func.sum(case((and_(Letter.bundle_id.is_(None), known), 1), else_=0)),
            func.sum(case((and_(Letter.bundle_id.is_(None), ~known), 1), else_=0)),
            func.sum(case((Letter.set_aside.is_not(None), 1), else_=0)),
        )
        .join(Signature, Signature.id == Letter.signature_id)
        # By id alone: a condition on the state would have SQLite read all that are confirmed.
        .where(*_in_block(Letter.signature_id, block), *_in_block(Signature.id, block))
        .group_by(*kinds)
    )
    counts = []
    for campaign_id, state, target_id, bundle_id, n, waiting, never, aside in rows:
        if state is not SignatureState.CONFIRMED:
            continue
        counts += [
            (campaign_id, key_of("target", target_id, "all"), n),
            (campaign_id, key_of("target", target_id, "waiting"), int(waiting)),
            (campaign_id, key_of("target", target_id, "never"), int(never)),
            (campaign_id, key_of("target", target_id, "aside"), int(aside)),
        ]
        if bundle_id is not None:
            # What is set aside is in no file of it, and waits for no delivery.
            counts.append((campaign_id, key_of("bundle", bundle_id), n - int(aside)))
    return counts
