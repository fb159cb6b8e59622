"""Freezing: which letters go into a bundle, in which order, in which volumes.

One transaction and a handful of statements, whatever the number of letters. A letter is taken by
a conditional UPDATE (`bundle_id IS NULL`), and freezes of one campaign wait for each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from secrets import token_hex

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from campaign.bundles.destinations import is_for, slug_of
from campaign.bundles.freeze import select_letters, signed_sheets
from campaign.bundles.freeze.bundle_facts import check_addresses, facts_of
from campaign.bundles.freeze.choices import EVERYTHING, MOST_IN_A_VOLUME, BundleChoice
from campaign.bundles.freeze.named_copies import keep_named_copies
from campaign.campaigns import lifecycle
from campaign.campaigns.content.address_and_salutation import missing_of_address
from campaign.campaigns.stop_rule import refuse_stopped
from campaign.core import audit, db
from campaign.core.errors import NotFound, Refused
from campaign.core.settings import Settings
from campaign.models.bundle import Bundle, BundleKind, BundleState, Destination, Journey
from campaign.models.campaign import Campaign
from campaign.models.directory import Mission, Official
from campaign.models.signature import Letter
from campaign.screening.flag_check import refuse_unchecked


def freeze(
    session: Session,
    *,
    campaign: Campaign,
    mission: Destination,
    settings: Settings,
    locale: str,
    actor: str,
    rehearsal: bool = False,
    on_paper: int = 0,
    choice: BundleChoice = EVERYTHING,
) -> Bundle:
    """A new bundle of the letters that wait for a mission, or the post, and are chosen.

    A `rehearsal` is made before the campaign opens, and not after. With `on_paper`, the sheets that
    were signed by hand travel with it; alone, where no letter waits.

    Raises Refused: `not-open` (a draft), `rehearsal-over`, `stopped`, `nothing-to-print`,
    `letters-unchecked` (against the newest risk flags; a job does it now), `address-missing` (by
    post), `address-does-not-fit` (of the destination or an official: every letter would be set
    aside). Then nothing is changed.
    """
    with session.begin_nested():
        _hold_campaign(session, campaign, rehearsal=rehearsal)
        # Nothing is posted to an official whose address lacks street or town.
        if isinstance(mission, Official) and missing_of_address(mission):
            raise Refused("address-missing", official=mission.slug)
        waiting = select_letters.list_conditions(campaign.id, mission, choice)
        refuse_unchecked(session, campaign, *waiting)
        if not select_letters.any_waits(session, campaign.id, mission, choice) and not (
            on_paper and signed_sheets.waiting_on_paper(session, campaign)
        ):
            raise Refused("nothing-to-print", campaign=campaign.slug, mission=slug_of(mission))
        bundle = new_bundle(session, campaign, mission, actor)
        first, size = _take_letters(session, bundle, choice, settings=settings, locale=locale)
        people = signed_sheets.take_sheets(session, bundle) if on_paper else 0
        if not bundle.letter_count and not people:
            raise Refused("letters-taken", campaign=campaign.slug)
        facts = facts_of(
            campaign,
            mission,
            pairs=select_letters.list_pairs(session, Letter.bundle_id == bundle.id),
            at=bundle.created_at,
            settings=settings,
            locale=locale,
            choice=choice,
        )
        facts = replace(facts, on_paper=people, volume_letters=size, first_number=first)
        check_addresses(facts)
        bundle.frozen = keep_named_copies(session, bundle.id, facts).to_json()
        session.flush()
    audit.record(
        session,
        actor,
        "bundle.freeze",
        bundle,
        letters=bundle.letter_count,
        volumes=len(bundle.volumes),
    )
    return bundle


def _take_letters(
    session: Session, bundle: Bundle, choice: BundleChoice, *, settings: Settings, locale: str
) -> tuple[int, int]:
    """Take and number what is chosen, in volumes: the first number, and letters in a volume."""
    size = min(choice.volume_letters or settings.volume_letters, MOST_IN_A_VOLUME)
    first = next_number(session, bundle.campaign, bundle.destination) if choice.goes_on else 1
    groups = select_letters.take_letters(session, bundle, choice, first=first, locale=locale)
    bundle.letter_count = sum(group.letters for group in groups)
    # Raises Refused (`letters-taken`) where somebody took letters without holding the campaign.
    taken = select(func.count(Letter.id), func.max(Letter.sequence))
    count, last = session.execute(taken.where(Letter.bundle_id == bundle.id)).one()
    if count != bundle.letter_count or (count and last != first + count - 1):
        raise Refused("letters-taken", campaign=bundle.campaign.slug)
    select_letters.make_volumes(session, bundle, groups, size=size, first=first)
    return (first if bundle.letter_count else 1), size


def new_bundle(
    session: Session, campaign: Campaign, destination: Destination, actor: str
) -> Bundle:
    """A bundle of the next number, with nothing in it yet."""
    of_pair = (Bundle.campaign_id == campaign.id, is_for(destination))
    earlier = session.scalar(select(func.max(Bundle.sequence)).where(*of_pair))
    # One that was cancelled does not stand.
    stands = select(Bundle.id).where(*of_pair, Bundle.state != BundleState.CANCELLED).limit(1)
    is_first = not db.has_row(session, stands)
    bundle = Bundle(
        campaign=campaign,
        mission=destination if isinstance(destination, Mission) else None,
        official=destination if isinstance(destination, Official) else None,
        sequence=(earlier or 0) + 1,
        kind=BundleKind.FIRST if is_first else BundleKind.SUPPLEMENTARY,
        frozen={},
        letter_count=0,
        created_by_id=audit.staff_id(actor),
        created_at=db.utcnow(),
        letter_secret=token_hex(32),
    )
    return db.add_row(session, bundle)


def next_number(session: Session, campaign: Campaign, destination: Destination) -> int:
    """The number after the last of the campaign's bundles for the destination; 1 without any."""
    of_pair = (Bundle.campaign_id == campaign.id, is_for(destination))
    earlier = session.execute(select(Bundle.frozen, Bundle.letter_count).where(*of_pair))
    ends = [frozen.get("first_number", 1) + letters for frozen, letters in earlier if letters]
    return max(ends, default=1)


def _hold_campaign(session: Session, campaign: Campaign, *, rehearsal: bool) -> None:
    """Wait for another freeze or a stop of this campaign to end, then see how it stands."""
    # `key_share` makes it FOR NO KEY UPDATE: people who sign meanwhile need not wait.
    session.refresh(campaign, with_for_update={"key_share": True})
    refuse_stopped(campaign)
    hidden = lifecycle.is_rehearsal(campaign.status)
    if hidden is not rehearsal:
        raise Refused("not-open" if hidden else "rehearsal-over", campaign=campaign.slug)


@dataclass(frozen=True, slots=True)
class JourneyPart:
    """One campaign of a journey: which of its letters, and the people on sheets that travel."""

    campaign: Campaign
    choice: BundleChoice = EVERYTHING
    on_paper: int = 0


def freeze_parts(
    session: Session,
    parts: Sequence[JourneyPart],
    *,
    mission: Destination,
    settings: Settings,
    locale: str,
    actor: str,
) -> list[Bundle]:
    """A bundle for each part, all or none; several make a journey. Raises Refused as `freeze`."""
    if not parts:
        raise Refused("nothing-chosen", mission=slug_of(mission))
    with session.begin_nested():
        journey = None
        if len(parts) > 1:
            mission_id = mission.id if isinstance(mission, Mission) else None
            journey = Journey(mission_id=mission_id, created_by_id=audit.staff_id(actor))
            db.add_row(session, journey)
        # Always in the same order: two that freeze at once wait for each other, and end.
        bundles = [
            freeze(
                session,
                campaign=part.campaign,
                mission=mission,
                settings=settings,
                locale=locale,
                actor=actor,
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
            actor,
            "bundle.freeze-together",
            journey,
            bundles=len(bundles),
            letters=sum(bundle.letter_count for bundle in bundles),
        )
    return bundles


def get_journey(session: Session, public_id: str) -> Journey:
    with_bundles = joinedload(Journey.bundles).joinedload(Bundle.campaign)
    query = select(Journey).where(Journey.public_id == public_id)
    journey = session.scalar(query.options(joinedload(Journey.mission), with_bundles))
    # One whose bundles all failed and were given back has nothing left to show.
    if journey is None or not journey.bundles:
        raise NotFound("journey")
    return journey


def list_companions(session: Session, bundle: Bundle) -> Sequence[Bundle]:
    if bundle.journey_id is None:
        return ()
    others = select(Bundle).where(Bundle.journey_id == bundle.journey_id, Bundle.id != bundle.id)
    return session.scalars(others.options(joinedload(Bundle.campaign)).order_by(Bundle.id)).all()
