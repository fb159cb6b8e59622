"""Which signatures fit conditions: a slice of the table at a time, by key."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from campaign.core import db
from campaign.core.text.person_names import full_name
from campaign.models.signature import Signature, SignatureState, WordsPrint
from campaign.signing.checks.conditions import Conditions, wanted_bands
from campaign.signing.checks.similar import are_alike
from campaign.signing.states import list_sources

_OPENED = (
    Signature.given_name,
    Signature.family_name,
    Signature.email,
    Signature.trace,
    Signature.own_words,
    Signature.full_text,
)


@dataclass(frozen=True, slots=True)
class Match:
    """A signature that fits conditions."""

    id: int
    public_id: str
    campaign_id: int
    state: SignatureState
    counts: bool
    """Whether it is in the public number."""


def states_of(conditions: Conditions) -> tuple[SignatureState, ...]:
    """Return the states in which a signature can be found."""
    if conditions.unconfirmed:
        return (SignatureState.PENDING,)
    return list_sources(SignatureState.INVALID)


def find(
    session: Session, conditions: Conditions, *, campaign_id: int | None, after: int, upto: int
) -> list[Match]:
    """List those that fit among the signatures whose ids are beyond `after`, up to `upto`."""
    opened = conditions.reads or bool(conditions.domains)
    columns = (
        Signature.id,
        Signature.public_id,
        Signature.campaign_id,
        Signature.state,
        Signature.state_before,
    )
    rows = session.execute(
        select(*columns, *(_OPENED if opened else ()))
        .where(Signature.id > after, Signature.id <= upto, *_filters(conditions, campaign_id))
        .order_by(Signature.id)
    ).all()
    if opened:
        alike = _alike(session, conditions, [row.id for row in rows])
        rows = [row for row in rows if _fits(row, conditions, alike)]
    return [
        Match(
            row.id,
            row.public_id,
            row.campaign_id,
            row.state,
            counts=SignatureState.CONFIRMED in {row.state, row.state_before},
        )
        for row in rows
    ]


def _filters(conditions: Conditions, campaign_id: int | None) -> list[ColumnElement[bool]]:
    """Return what the database can tell by itself."""
    filters: list[ColumnElement[bool]] = [unindexed(Signature.state).in_(states_of(conditions))]
    if campaign_id is not None:
        filters.append(unindexed(Signature.campaign_id) == campaign_id)
    if conditions.since is not None:
        filters.append(unindexed(Signature.signed_at) >= conditions.since)
    if conditions.until is not None:
        filters.append(unindexed(Signature.signed_at) < conditions.until)
    for name, marks in conditions.marks(db.database().keyring).items():
        column = getattr(Signature, name)
        if name == "domain_mark":
            # Signed before marks were kept: the address itself tells.
            filters.append(or_(column.in_(marks), column.is_(None)))
        else:
            filters.append(column.in_(marks))
    return filters


def unindexed(column: Any) -> Any:
    """Return a column without its index: what the ids name is much less.

    SQLite would rather read every signature of a state than look up twenty-five by their ids.
    """
    return func.coalesce(column, column)


def _alike(session: Session, conditions: Conditions, ids: Sequence[int]) -> dict[int, bool]:
    """Tell by their prints which letters are alike the text looked for."""
    if not conditions.similar_to or not ids:
        return {}
    bands = wanted_bands(conditions.similar_to, db.database().keyring)
    prints: dict[int, list[int]] = {}
    for signature_id, value in session.execute(
        select(WordsPrint.signature_id, WordsPrint.value)
        .where(WordsPrint.signature_id.between(ids[0], ids[-1]))
        .order_by(WordsPrint.signature_id, WordsPrint.band)
    ):
        prints.setdefault(signature_id, []).append(value)
    return {one: are_alike(bands, values) for one, values in prints.items()}


def _fits(row: object, conditions: Conditions, alike: dict[int, bool]) -> bool:
    """Judge what only the opened row tells."""
    signature: Signature = row  # type: ignore[assignment]
    if not conditions.fit_origin(signature.email, signature.trace):
        return False
    if not conditions.fit_name(full_name(signature.given_name, signature.family_name)):
        return False
    if not conditions.similar_to:
        return True
    if signature.id in alike:
        return alike[signature.id]
    text = signature.full_text or signature.own_words
    return bool(text) and conditions.fit_words(text, db.database().keyring)
