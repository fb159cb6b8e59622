"""Where letters go: to a mission, or by post to an official's own address; docs/adr/0020.

One place says of both how they are called, found and addressed, and in which country the paper
and the clocks are: by post those of the organisation, who prints and posts.
"""

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session, joinedload

from campaign.bundles import file_names
from campaign.bundles.freeze.frozen_texts import POST, FrozenMission
from campaign.campaigns.content.address_and_salutation import (
    country_line,
    name_and_office,
    official_lines,
)
from campaign.core import i18n
from campaign.core.errors import NotFound, Refused
from campaign.directory.postal_addresses import address_lines
from campaign.models.bundle import Bundle, DeliveryAttempt, Destination
from campaign.models.campaign import Campaign, Target, TargetKind
from campaign.models.directory import Mission, Official, official_name

_PREFIX = f"{POST}:"


def slug_of(destination: Destination) -> str:
    """Return its name for programs: `mexico-ottawa`, by post `post:governor-yucatan`."""
    if isinstance(destination, Mission):
        return destination.slug
    return f"{_PREFIX}{destination.slug}"


def find_destination(session: Session, slug: str, campaign: Campaign | None = None) -> Destination:
    """The destination of that slug; `post` alone is the only one of the campaign by post.

    Raises NotFound (`mission`); Refused (`post-several`, with their slugs).
    """
    destination: Destination | None
    if slug == POST and campaign is not None:
        return _only_by_post(campaign)
    if slug.startswith(_PREFIX):
        official_slug = slug.removeprefix(_PREFIX)
        destination = session.scalar(select(Official).where(Official.slug == official_slug))
    else:
        destination = session.scalar(select(Mission).where(Mission.slug == slug))
    if destination is None:
        raise NotFound("mission", slug=slug)
    return destination


def _only_by_post(campaign: Campaign) -> Official:
    officials = [
        target.official
        for target in campaign.targets
        if target.kind is TargetKind.TO and target.mission_id is None
    ]
    if not officials:
        raise NotFound("mission", slug=POST)
    if len(officials) > 1:
        slugs = ", ".join(slug_of(official) for official in officials)
        raise Refused("post-several", campaign=campaign.slug, destinations=slugs)
    return officials[0]


def name_of(destination: Destination, locale: str) -> str:
    if isinstance(destination, Mission):
        return i18n.words_in(destination.name, locale)
    return _("By post to %(official)s", official=name_and_office(destination, locale))


def country_of(destination: Destination, home: str) -> str:
    """The country whose paper and post it is: the mission's host, by post the organisation's."""
    return destination.host_country if isinstance(destination, Mission) else home


WITH_DESTINATION = (joinedload(Bundle.mission), joinedload(Bundle.official))

ATTEMPT_WITH_DESTINATION = (
    joinedload(DeliveryAttempt.mission),
    joinedload(DeliveryAttempt.bundle).joinedload(Bundle.official),
)


def sending_country_of(destination: Destination) -> str:
    return destination.sending_country if isinstance(destination, Mission) else destination.country


def aims_at(destination: Destination) -> ColumnElement[bool]:
    """Whether letters to a target go there, for a query on targets."""
    if isinstance(destination, Mission):
        return Target.mission_id == destination.id
    return and_(Target.official_id == destination.id, Target.mission_id.is_(None))


def is_for(destination: Destination) -> ColumnElement[bool]:
    """Whether a bundle goes there, for a query on bundles."""
    if isinstance(destination, Mission):
        return Bundle.mission_id == destination.id
    return Bundle.official_id == destination.id


def destination_of(target: Target) -> Destination:
    return target.mission or target.official


def frozen_destination(destination: Destination, locale: str, home: str) -> FrozenMission:
    if isinstance(destination, Mission):
        return _frozen_mission(destination, locale, home)
    return FrozenMission(
        slug=f"by-{POST}-{destination.slug}",
        kind=POST,
        name=official_name(destination, locale),
        host_country=home,
        head_of_mission="",
        lines=official_lines(destination, locale, host_country=home),
        sending_country=destination.country,
    )


def _frozen_mission(mission: Mission, locale: str, home: str) -> FrozenMission:
    name = i18n.words_in(mission.name, locale)
    lines = address_lines(
        country=mission.host_country,
        street=mission.address,
        locality=mission.locality,
        region=mission.region,
        postal_code=mission.postal_code,
        country_name=country_line(mission.host_country, locale, home),
    )
    return FrozenMission(
        slug=mission.slug,
        kind=mission.kind.value,
        name=name,
        host_country=mission.host_country,
        head_of_mission=mission.head_of_mission,
        lines=tuple(filter(None, (mission.head_of_mission, name, *lines))),
        sending_country=mission.sending_country,
    )


def move_bundles(session: Session, kept_id: int, gone_id: int, _actor: str) -> None:
    """Two missions become one: bundles follow, and go on being numbered in each campaign.

    What is printed keeps the number that it has on paper: so does its folder, also made again.
    """
    _move(session, "mission", kept_id, gone_id)


def move_posted(session: Session, kept_id: int, gone_id: int, _actor: str) -> None:
    _move(session, "official", kept_id, gone_id)


def _move(session: Session, owner: str, kept_id: int, gone_id: int) -> None:
    name = f"{owner}_id"
    column = getattr(Bundle, name)
    theirs = select(Bundle).where(column == gone_id).order_by(Bundle.sequence)
    for bundle in session.scalars(theirs).all():
        taken = select(func.max(Bundle.sequence)).where(
            Bundle.campaign_id == bundle.campaign_id, column == kept_id
        )
        last = session.scalar(taken)
        setattr(bundle, name, kept_id)
        if last is not None:
            bundle.frozen = {**bundle.frozen, "folder": file_names.zip_name(bundle)}
            bundle.sequence = last + 1
        session.flush()
        session.expire(bundle, [owner])
