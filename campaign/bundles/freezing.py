"""Freezing: which letters go into a bundle, in which order, in which volumes.

One transaction and a handful of statements, whatever the number of letters. A letter is taken by
a conditional UPDATE (`bundle_id IS NULL`), and freezes of one campaign wait for each other.
"""

from dataclasses import replace
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, Select, func, select, update
from sqlalchemy.orm import Session

from campaign import audit, db, i18n
from campaign.bundles import sheets
from campaign.bundles.frozen import Frozen, FrozenMission, FrozenOrganisation, FrozenTarget
from campaign.bundles.loading import day_in
from campaign.bundles.models import Bundle, BundleKind, BundleState, Volume
from campaign.campaigns import lifecycle
from campaign.campaigns.models import Campaign, CampaignStatus, Target, TargetKind
from campaign.errors import Refused
from campaign.letters.checks import check_address, check_characters
from campaign.letters.layouts import LAYOUTS, layout_for
from campaign.officials.models import Mission, Official
from campaign.officials.postal import address_lines
from campaign.settings import Settings
from campaign.signing import translating
from campaign.signing.composing import addressing_of, case_of, name_and_office
from campaign.signing.models import Letter, Signature, SignatureState


def freeze(
    unit: Session,
    *,
    campaign: Campaign,
    mission: Mission,
    settings: Settings,
    locale: str,
    actor: str,
    staff_id: int | None = None,
    rehearsal: bool = False,
    on_paper: int = 0,
) -> Bundle:
    """A new bundle of every letter that waits; a `rehearsal` before the campaign opens, not after.

    With `on_paper`, the sheets that were signed by hand travel with it.

    Raises Refused: `not-open` (a draft), `rehearsal-over`, `stopped`, `nothing-to-print`,
    `address-does-not-fit` (of the mission or an official: every letter would be set aside). Then
    nothing is changed.
    """
    with unit.begin_nested():
        _hold_campaign(unit, campaign, rehearsal=rehearsal)
        if not _count_waiting(unit, campaign.id, mission.id):
            raise Refused("nothing-to-print", campaign=campaign.slug, mission=mission.slug)
        earlier = unit.scalar(
            select(func.max(Bundle.sequence)).where(
                Bundle.campaign_id == campaign.id, Bundle.mission_id == mission.id
            )
        )
        bundle = Bundle(
            campaign=campaign,
            mission=mission,
            sequence=(earlier or 0) + 1,
            kind=_kind(unit, campaign, mission),
            frozen={},
            letter_count=0,
            created_by_id=staff_id,
            created_at=db.utcnow(),
        )
        unit.add(bundle)
        unit.flush()
        bundle.letter_count = _take_letters(unit, bundle)
        _make_volumes(unit, bundle, settings.volume_letters)
        carried = sheets.take_sheets(unit, bundle) if on_paper else 0
        facts = replace(_facts(unit, bundle, settings, locale), on_paper=carried)
        _check_addresses(facts)
        bundle.frozen = facts.to_json()
        unit.flush()
    audit.record(
        unit,
        actor=actor,
        action="bundle.freeze",
        subject=f"bundle:{bundle.id}",
        letters=bundle.letter_count,
        volumes=len(bundle.volumes),
    )
    return bundle


def _kind(unit: Session, campaign: Campaign, mission: Mission) -> BundleKind:
    """A first bundle, unless one stands already; one that was cancelled does not."""
    stands = select(Bundle.id).where(
        Bundle.campaign_id == campaign.id,
        Bundle.mission_id == mission.id,
        Bundle.state != BundleState.CANCELLED,
    )
    found = unit.scalar(stands.limit(1))
    return BundleKind.FIRST if found is None else BundleKind.SUPPLEMENTARY


def _hold_campaign(unit: Session, campaign: Campaign, *, rehearsal: bool) -> None:
    """Wait for another freeze or a stop of this campaign to end, then see how it stands."""
    # `key_share` makes it FOR NO KEY UPDATE: people who sign meanwhile need not wait.
    unit.refresh(campaign, with_for_update={"key_share": True})
    if campaign.status is CampaignStatus.STOPPED:
        raise Refused("stopped", campaign=campaign.slug)
    hidden = lifecycle.is_rehearsal(campaign.status)
    if hidden is not rehearsal:
        raise Refused("not-open" if hidden else "rehearsal-over", campaign=campaign.slug)


def _waits(campaign_id: int, mission_id: int) -> tuple[ColumnElement[bool], ...]:
    return (
        Signature.campaign_id == campaign_id,
        Signature.state == SignatureState.CONFIRMED,
        Target.mission_id == mission_id,
        Letter.bundle_id.is_(None),
    )


def _from_waiting(query: Select[Any], campaign_id: int, mission_id: int) -> Select[Any]:
    return (
        query.select_from(Letter)
        .join(Signature, Signature.id == Letter.signature_id)
        .join(Target, Target.id == Letter.target_id)
        .where(*_waits(campaign_id, mission_id))
    )


def _count_waiting(unit: Session, campaign_id: int, mission_id: int) -> int:
    query = _from_waiting(select(func.count(Letter.id)), campaign_id, mission_id)
    return unit.scalar(query) or 0


def _take_letters(unit: Session, bundle: Bundle) -> int:
    """Number the letters that wait, in the order in which they were confirmed; how many."""
    place = func.row_number().over(order_by=(Signature.confirmed_at, Letter.id))
    ranked = _from_waiting(
        select(Letter.id.label("letter_id"), place.label("place")),
        bundle.campaign_id,
        bundle.mission_id,
    ).subquery()
    taken = unit.execute(
        update(Letter)
        .where(Letter.id == ranked.c.letter_id, Letter.bundle_id.is_(None))
        .values(bundle_id=bundle.id, sequence=ranked.c.place)
        .execution_options(synchronize_session=False)
    )
    count = cast("CursorResult[object]", taken).rowcount
    last = unit.scalar(select(func.max(Letter.sequence)).where(Letter.bundle_id == bundle.id))
    if not count or last != count:
        # Somebody took letters without holding the campaign: leave all as it was.
        raise Refused("letters-taken", campaign=bundle.campaign.slug)
    return count


def _make_volumes(unit: Session, bundle: Bundle, size: int) -> None:
    for sequence, first in enumerate(range(1, bundle.letter_count + 1, size), start=1):
        last = min(first + size - 1, bundle.letter_count)
        volume = Volume(sequence=sequence, letter_count=last - first + 1)
        bundle.volumes.append(volume)
        unit.flush()
        unit.execute(
            update(Letter)
            .where(Letter.bundle_id == bundle.id, Letter.sequence.between(first, last))
            .values(volume_id=volume.id)
            .execution_options(synchronize_session=False)
        )


def _facts(unit: Session, bundle: Bundle, settings: Settings, locale: str) -> Frozen:
    campaign, mission = bundle.campaign, bundle.mission
    day = day_in(bundle.created_at, campaign.timezone)
    pairs = unit.execute(
        select(Letter.target_id, Signature.letter_locale)
        .join(Signature, Signature.id == Letter.signature_id)
        .where(Letter.bundle_id == bundle.id)
        .distinct()
    ).all()
    copies = tuple(one.official for one in campaign.targets if one.kind is TargetKind.COPY)
    translation = translating.language_of(campaign)
    more = {translation} - {""}
    return Frozen(
        locale=locale,
        frozen_on=day,
        timezone=campaign.timezone,
        layout=layout_for(mission.host_country).slug,
        format=campaign.format.value,
        campaign=campaign.slug,
        case=case_of(campaign),
        mission=frozen_mission(mission, locale),
        organisation=frozen_organisation(settings),
        targets={
            target.id: _target(
                target,
                sorted({code for target_id, code in pairs if target_id == target.id} | more),
                locale,
                mission.host_country,
                copies,
            )
            for target in campaign.targets
            if any(target_id == target.id for target_id, _ in pairs)
        },
        translation=translation,
        rehearsal=lifecycle.is_rehearsal(campaign.status),
    )


def _check_addresses(facts: Frozen) -> None:
    layout = LAYOUTS[facts.layout]
    addresses = [facts.mission.lines]
    addresses += [
        one.lines for target in facts.targets.values() for one in target.addressing.values()
    ]
    for lines in addresses:
        if not lines or check_address(lines, layout) or check_characters({"address": lines}):
            raise Refused("address-does-not-fit", address=", ".join(lines))


def _target(
    target: Target,
    locales: list[str],
    list_locale: str,
    host_country: str,
    copies: tuple[Official, ...],
) -> FrozenTarget:
    return FrozenTarget(
        official=target.official.slug,
        names={
            code: name_and_office(target.official, code)
            for code in dict.fromkeys([list_locale, *locales])
        },
        addressing={
            code: addressing_of(target, code, host_country=host_country, copies=copies)
            for code in dict.fromkeys([list_locale, *locales])
        },
    )


def frozen_organisation(settings: Settings) -> FrozenOrganisation:
    """Who hands over, as the settings now say."""
    return FrozenOrganisation(
        name=settings.organisation_name,
        email=settings.organisation_email,
        place=settings.organisation_place,
        lines=tuple(settings.organisation_address),
    )


def frozen_mission(mission: Mission, locale: str) -> FrozenMission:
    """The mission as it now stands, in a language."""
    name = i18n.words_in(mission.name, locale)
    lines = address_lines(
        country=mission.host_country,
        street=mission.address,
        locality=mission.locality,
        region=mission.region,
        postal_code=mission.postal_code,
    )
    return FrozenMission(
        slug=mission.slug,
        kind=mission.kind.value,
        name=name,
        host_country=mission.host_country,
        head_of_mission=mission.head_of_mission,
        lines=tuple(filter(None, (mission.head_of_mission, name, *lines))),
    )
