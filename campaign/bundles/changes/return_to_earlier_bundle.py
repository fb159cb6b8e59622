"""Letters that came from another bundle go back into it when theirs is given up."""

from sqlalchemy import Integer, column, delete, func, select, table, update
from sqlalchemy.orm import Session

from campaign.bundles.freeze import signed_sheets
from campaign.core import audit
from campaign.models.bundle import Bundle, BundleState
from campaign.models.signature import Letter

# Which letters go through another mission is a higher layer's: read by the tables' names.
_REROUTING = table("rerouting", column("from_bundle_id", Integer), column("to_bundle_id", Integer))
_MOVES = table(
    "letter_move",
    *(
        column(name, Integer)
        for name in ("letter_id", "bundle_id", "sequence", "volume_id", "first_page", "pages")
    ),
)
_PLACES = ("sequence", "volume_id", "first_page", "pages")


def give_back(session: Session, bundle: Bundle, *, actor: str) -> int:
    """Put a bundle's letters back where they were printed before; how many they are.

    None where they came from no other bundle, or where nobody noted their places in it. The
    sheets go back as well.
    """
    first = _first_of(session, bundle)
    if first is None:
        return 0
    back = _letters(session, bundle, first)
    if back is None:
        return 0
    signed_sheets.move(session, bundle, first)
    session.execute(delete(_REROUTING).where(_REROUTING.c.to_bundle_id == bundle.id))
    bundle.returned_to_id = first.id
    session.flush()
    audit.record(
        session, actor=actor, action="bundle.give-back", subject=f"bundle:{first.id}",
        letters=back,
    )  # fmt: skip
    return back


def _first_of(session: Session, bundle: Bundle) -> Bundle | None:
    """The bundle that the letters were in before, as long as its files are kept."""
    return session.scalar(
        select(Bundle)
        .join(_REROUTING, _REROUTING.c.from_bundle_id == Bundle.id)
        .where(
            _REROUTING.c.to_bundle_id == bundle.id,
            Bundle.state == BundleState.READY,
            Bundle.emptied_at.is_(None),
        )
    )


def _letters(session: Session, bundle: Bundle, first: Bundle) -> int | None:
    """Move them; None where the place of one is not known: then all wait again."""
    mine = (
        _MOVES.c.bundle_id == first.id,
        _MOVES.c.letter_id.in_(select(Letter.id).where(Letter.bundle_id == bundle.id)),
    )
    unknown = select(func.count()).select_from(_MOVES).where(*mine, _MOVES.c.volume_id.is_(None))
    if session.scalar(unknown):
        return None
    of_letter = (_MOVES.c.bundle_id == first.id, _MOVES.c.letter_id == Letter.id)
    places = {
        name: select(_MOVES.c[name]).where(*of_letter).correlate(Letter).scalar_subquery()
        for name in _PLACES
    }
    ids = session.scalars(
        update(Letter)
        .where(
            Letter.bundle_id == bundle.id,
            Letter.id.in_(select(_MOVES.c.letter_id).where(_MOVES.c.bundle_id == first.id)),
        )
        .values(bundle_id=first.id, set_aside=None, set_aside_detail=None, **places)
        .returning(Letter.id)
        .execution_options(synchronize_session=False)
    ).all()
    session.execute(
        delete(_MOVES).where(
            _MOVES.c.bundle_id == first.id,
            _MOVES.c.letter_id.in_(select(Letter.id).where(Letter.bundle_id == first.id)),
        )
    )
    return len(ids)
