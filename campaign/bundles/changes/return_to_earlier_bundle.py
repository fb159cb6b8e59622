"""Letters that came from another bundle go back into it when theirs is given up."""

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from campaign.bundles.freeze import signed_sheets
from campaign.core import audit
from campaign.models.bundle import Bundle, BundleState
from campaign.models.delivery import LetterMove, Rerouting
from campaign.models.signature import Letter

_PLACES = (LetterMove.sequence, LetterMove.volume_id, LetterMove.first_page, LetterMove.pages)


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
    session.execute(
        delete(Rerouting)
        .where(Rerouting.to_bundle_id == bundle.id)
        .execution_options(synchronize_session=False)
    )
    bundle.returned_to_id = first.id
    session.flush()
    audit.record(
        session, actor=actor, action="bundle.give-back", subject=f"bundle:{first.id}", letters=back
    )
    return back


def _first_of(session: Session, bundle: Bundle) -> Bundle | None:
    """The bundle that the letters were in before, as long as its files are kept."""
    return session.scalar(
        select(Bundle)
        .join(Rerouting, Rerouting.from_bundle_id == Bundle.id)
        .where(
            Rerouting.to_bundle_id == bundle.id,
            Bundle.state == BundleState.READY,
            Bundle.emptied_at.is_(None),
        )
    )


def _letters(session: Session, bundle: Bundle, first: Bundle) -> int | None:
    """Move them; None where the place of one is not known: then all wait again."""
    mine = (
        LetterMove.bundle_id == first.id,
        LetterMove.letter_id.in_(select(Letter.id).where(Letter.bundle_id == bundle.id)),
    )
    unknown = (
        select(func.count()).select_from(LetterMove).where(*mine, LetterMove.volume_id.is_(None))
    )
    if session.scalar(unknown):
        return None
    of_letter = (LetterMove.bundle_id == first.id, LetterMove.letter_id == Letter.id)
    places = {
        place.key: select(place).where(*of_letter).correlate(Letter).scalar_subquery()
        for place in _PLACES
    }
    ids = session.scalars(
        update(Letter)
        .where(
            Letter.bundle_id == bundle.id,
            Letter.id.in_(select(LetterMove.letter_id).where(LetterMove.bundle_id == first.id)),
        )
        .values(bundle_id=first.id, set_aside=None, set_aside_detail=None, **places)
        .returning(Letter.id)
        .execution_options(synchronize_session=False)
    ).all()
    session.execute(
        delete(LetterMove)
        .where(
            LetterMove.bundle_id == first.id,
            LetterMove.letter_id.in_(select(Letter.id).where(Letter.bundle_id == first.id)),
        )
        .execution_options(synchronize_session=False)
    )
    return len(ids)
