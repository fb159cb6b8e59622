"""Journeys: several campaigns' letters for one destination, frozen in one go.

A bundle stays one campaign's; the journey is what travels. See docs/adr/0013.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from campaign.bundles.destinations import slug_of
from campaign.bundles.freeze.choices import EVERYTHING, Choice
from campaign.bundles.freeze.freeze_bundle import freeze
from campaign.core import audit, db
from campaign.core.errors import NotFound, Refused
from campaign.core.settings import Settings
from campaign.models.bundle import Bundle, Destination, Journey
from campaign.models.campaign import Campaign
from campaign.models.directory import Mission


@dataclass(frozen=True, slots=True)
class Part:
    """One campaign of a journey: which of its letters, and the people on sheets that travel."""

    campaign: Campaign
    choice: Choice = EVERYTHING
    on_paper: int = 0


def freeze_parts(
    session: Session,
    parts: Sequence[Part],
    *,
    mission: Destination,
    settings: Settings,
    locale: str,
    actor: str,
    staff_id: int | None = None,
) -> list[Bundle]:
    """A bundle for each part, all of them or none; several make a journey.

    Raises Refused as `freeze` does, with the campaign's slug; `nothing-chosen` without parts.
    """
    if not parts:
        raise Refused("nothing-chosen", mission=slug_of(mission))
    with session.begin_nested():
        journey = _new_journey(session, mission, staff_id) if len(parts) > 1 else None
        # Always in the same order: two that freeze at once wait for each other, and end.
        bundles = [
            freeze(
                session,
                campaign=part.campaign,
                mission=mission,
                settings=settings,
                locale=locale,
                actor=actor,
                staff_id=staff_id,
                on_paper=part.on_paper,
                choice=part.choice,
            )
            for part in sorted(parts, key=lambda part: part.campaign.id)
        ]
        for bundle in bundles:
            bundle.journey = journey
        session.flush()
    if journey is not None:
        audit.record(
            session,
            actor=actor,
            action="bundle.freeze-together",
            subject=f"journey:{journey.id}",
            bundles=len(bundles),
            letters=sum(bundle.letter_count for bundle in bundles),
        )
    return bundles


def _new_journey(session: Session, destination: Destination, staff_id: int | None) -> Journey:
    mission = destination if isinstance(destination, Mission) else None
    journey = Journey(mission=mission, created_by_id=staff_id, created_at=db.utcnow())
    session.add(journey)
    session.flush()
    return journey


def get_journey(session: Session, public_id: str) -> Journey:
    journey = session.scalar(
        select(Journey)
        .where(Journey.public_id == public_id)
        .options(
            joinedload(Journey.mission), joinedload(Journey.bundles).joinedload(Bundle.campaign)
        )
    )
    # One whose bundles all failed and were given back has nothing left to show.
    if journey is None or not journey.bundles:
        raise NotFound("journey")
    return journey


def list_companions(session: Session, bundle: Bundle) -> Sequence[Bundle]:
    """List the other bundles that travel with this one."""
    if bundle.journey_id is None:
        return ()
    return session.scalars(
        select(Bundle)
        .where(Bundle.journey_id == bundle.journey_id, Bundle.id != bundle.id)
        .options(joinedload(Bundle.campaign))
        .order_by(Bundle.id)
    ).all()
