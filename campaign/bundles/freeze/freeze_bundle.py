"""Freezing: which letters go into a bundle, in which order, in which volumes.

One transaction and a handful of statements, whatever the number of letters. A letter is taken by
a conditional UPDATE (`bundle_id IS NULL`), and freezes of one campaign wait for each other.
"""

from dataclasses import replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.bundles.destinations import is_for, slug_of
from campaign.bundles.freeze import select_letters, signed_sheets
from campaign.bundles.freeze.bundle_facts import check_addresses, facts_of
from campaign.bundles.freeze.choices import EVERYTHING, MOST_IN_A_VOLUME, Choice
from campaign.campaigns import lifecycle
from campaign.campaigns.content.address_and_salutation import missing_of_address
from campaign.campaigns.stop_rule import refuse_stopped
from campaign.core import audit, db
from campaign.core.errors import Refused
from campaign.core.settings import Settings
from campaign.models.bundle import Bundle, BundleKind, BundleState, Destination
from campaign.models.campaign import Campaign
from campaign.models.directory import Mission, Official
from campaign.models.signature import Letter, Signature


def freeze(
    session: Session,
    *,
    campaign: Campaign,
    mission: Destination,
    settings: Settings,
    locale: str,
    actor: str,
    staff_id: int | None = None,
    rehearsal: bool = False,
    on_paper: int = 0,
    choice: Choice = EVERYTHING,
) -> Bundle:
    """A new bundle of the letters that wait for a mission, or the post, and are chosen.

    A `rehearsal` is made before the campaign opens, and not after. With `on_paper`, the sheets that
    were signed by hand travel with it; alone, where no letter waits.

    Raises Refused: `not-open` (a draft), `rehearsal-over`, `stopped`, `nothing-to-print`,
    `address-missing` (by post), `address-does-not-fit` (of the destination or an official: every
    letter would be set aside). Then nothing is changed.
    """
    with session.begin_nested():
        _hold_campaign(session, campaign, rehearsal=rehearsal)
        _refuse_unaddressed(mission)
        _refuse_nothing(session, campaign, mission, choice, on_paper=on_paper)
        bundle = new_bundle(session, campaign, mission, staff_id)
        first, size = _take_letters(session, bundle, choice, settings=settings, locale=locale)
        people = signed_sheets.take_sheets(session, bundle) if on_paper else 0
        if not bundle.letter_count and not people:
            raise Refused("letters-taken", campaign=campaign.slug)
        facts = facts_of(
            campaign,
            mission,
            pairs=_pairs(session, bundle),
            at=bundle.created_at,
            settings=settings,
            locale=locale,
            choice=choice,
        )
        facts = replace(facts, on_paper=people, volume_letters=size, first_number=first)
        check_addresses(facts)
        bundle.frozen = facts.to_json()
        session.flush()
    _note(session, bundle, actor)
    return bundle


def _refuse_unaddressed(destination: Destination) -> None:
    """Nothing is posted to an official whose address lacks street or town."""
    if isinstance(destination, Official) and missing_of_address(destination):
        raise Refused("address-missing", official=destination.slug)


def _refuse_nothing(
    session: Session, campaign: Campaign, destination: Destination, choice: Choice, *, on_paper: int
) -> None:
    if select_letters.any_waits(session, campaign.id, destination, choice):
        return
    if not on_paper or not signed_sheets.waiting_on_paper(session, campaign):
        raise Refused("nothing-to-print", campaign=campaign.slug, mission=slug_of(destination))


def _take_letters(
    session: Session, bundle: Bundle, choice: Choice, *, settings: Settings, locale: str
) -> tuple[int, int]:
    """Take and number what is chosen, in volumes: the first number, and letters in a volume."""
    size = min(choice.volume_letters or settings.volume_letters, MOST_IN_A_VOLUME)
    first = next_number(session, bundle.campaign, bundle.destination) if choice.goes_on else 1
    groups = select_letters.take_letters(session, bundle, choice, first=first, locale=locale)
    bundle.letter_count = sum(group.letters for group in groups)
    _check_taken(session, bundle, first)
    select_letters.make_volumes(session, bundle, groups, size=size, first=first)
    return (first if bundle.letter_count else 1), size


def _note(session: Session, bundle: Bundle, actor: str) -> None:
    audit.record(
        session,
        actor=actor,
        action="bundle.freeze",
        subject=f"bundle:{bundle.id}",
        letters=bundle.letter_count,
        volumes=len(bundle.volumes),
    )


def new_bundle(
    session: Session, campaign: Campaign, destination: Destination, staff_id: int | None
) -> Bundle:
    """A bundle of the next number, with nothing in it yet."""
    earlier = session.scalar(
        select(func.max(Bundle.sequence)).where(
            Bundle.campaign_id == campaign.id, is_for(destination)
        )
    )
    bundle = Bundle(
        campaign=campaign,
        mission=destination if isinstance(destination, Mission) else None,
        official=destination if isinstance(destination, Official) else None,
        sequence=(earlier or 0) + 1,
        kind=_kind(session, campaign, destination),
        frozen={},
        letter_count=0,
        created_by_id=staff_id,
        created_at=db.utcnow(),
    )
    session.add(bundle)
    session.flush()
    return bundle


def _kind(session: Session, campaign: Campaign, destination: Destination) -> BundleKind:
    """A first bundle, unless one stands already; one that was cancelled does not."""
    stands = select(Bundle.id).where(
        Bundle.campaign_id == campaign.id,
        is_for(destination),
        Bundle.state != BundleState.CANCELLED,
    )
    earlier = session.scalar(stands.limit(1))
    return BundleKind.FIRST if earlier is None else BundleKind.SUPPLEMENTARY


def next_number(session: Session, campaign: Campaign, destination: Destination) -> int:
    """The number after the last of the campaign's bundles for the destination; 1 without any."""
    earlier = session.execute(
        select(Bundle.frozen, Bundle.letter_count).where(
            Bundle.campaign_id == campaign.id, is_for(destination)
        )
    )
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


def _check_taken(session: Session, bundle: Bundle, first: int) -> None:
    """Raises Refused (`letters-taken`) where somebody took letters without holding the campaign."""
    count, last = session.execute(
        select(func.count(Letter.id), func.max(Letter.sequence)).where(
            Letter.bundle_id == bundle.id
        )
    ).one()
    if count != bundle.letter_count or (count and last != first + count - 1):
        raise Refused("letters-taken", campaign=bundle.campaign.slug)


def _pairs(session: Session, bundle: Bundle) -> set[tuple[int, str]]:
    """Target and language of the bundle's letters."""
    rows = session.execute(
        select(Letter.target_id, Signature.letter_locale)
        .join(Signature, Signature.id == Letter.signature_id)
        .where(Letter.bundle_id == bundle.id)
        .distinct()
    )
    return {(target_id, code) for target_id, code in rows}
