"""Where a letter may be by now. Every page and email that promises something asks here."""

import enum
from collections.abc import Iterable

from flask_babel import gettext
from sqlalchemy.orm import Session

from campaign.about.what_stays import Kept
from campaign.models.bundle import DeliveryOutcome
from campaign.models.signature import Signature, SignatureState
from campaign.tracking.timeline import stays_of, trips_of


class Place(enum.Enum):
    """Of the letters of one signature, the furthest that one of them may have come."""

    UNPRINTED = "unprinted"
    PRINTED = "printed"
    """Here, or on its way with somebody who has recorded nothing yet."""
    UNKNOWN = "unknown"
    """Perhaps it is out of our hands: of a part nobody has said which letters it was, or they went
    when staff had been told to take this one out."""
    GONE = "gone"  # Out of our hands


def find_place(session: Session, signature: Signature) -> Place:
    stays = stays_of(session, signature.letters)
    if all(stay.now and stay.letter.set_aside for stay in stays):
        return Place.UNPRINTED
    trips = trips_of(session, signature.letters)
    gone = [trip for trip in trips if trip.is_gone]
    # Nobody knows any more when somebody had theirs erased, before it went or after.
    if signature.state is not SignatureState.ERASED and not all(trip.doubtful for trip in gone):
        return Place.GONE
    is_unnamed = any(trip.fate is DeliveryOutcome.PART for trip in trips)
    return Place.UNKNOWN if gone or is_unnamed else Place.PRINTED


def find_kept_letters(session: Session, signatures: Iterable[Signature]) -> Kept:
    """Find what stays of their letters when all that can be deleted is."""
    places = {find_place(session, signature) for signature in signatures}
    return Kept(
        printed=places - {Place.UNPRINTED} != set(),
        undelivered=not places.isdisjoint({Place.PRINTED, Place.UNKNOWN}),
        delivered=not places.isdisjoint({Place.UNKNOWN, Place.GONE}),
    )


def say_withdrawn(place: Place) -> str:
    """Say what becomes of a letter that was withdrawn."""
    if place is Place.UNPRINTED:
        return gettext("We will not count or deliver it.")
    words = {
        Place.PRINTED: gettext(
            "It was already printed, so we told our staff to take out the sheet. If they were "
            "already on their way with it, it may still be delivered."
        ),
        Place.UNKNOWN: gettext("It may already have been delivered. Then we cannot get it back."),
        Place.GONE: gettext("It was no longer in our hands, so we cannot get it back."),
    }
    return f"{gettext('We will not count it.')} {words[place]}"
