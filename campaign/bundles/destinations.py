"""Where letters go: to a mission, or by post to an official's own address; docs/adr/0020.

One place says of both how they are called, found and addressed, and in which country the paper
and the clocks are: by post those of the organisation, who prints and posts.
"""

from collections.abc import Sequence

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session, joinedload

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
from campaign.models.directory import Mission, Official

_PREFIX = f"{POST}:"
"""What stands before the slug of an official, in addresses and commands."""


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
    officials = officials_by_post(campaign)
    if not officials:
        raise NotFound("mission", slug=POST)
    if len(officials) > 1:
        slugs = ", ".join(slug_of(official) for official in officials)
        raise Refused("post-several", campaign=campaign.slug, destinations=slugs)
    return officials[0]


def officials_by_post(campaign: Campaign) -> Sequence[Official]:
    """The officials to whom the campaign's letters go by post."""
    return [
        one.official
        for one in campaign.targets
        if one.kind is TargetKind.TO and one.mission_id is None
    ]


def name_of(destination: Destination, locale: str) -> str:
    """Return what the desk calls it, in the language of the page."""
    if isinstance(destination, Mission):
        return i18n.words_in(destination.name, locale)
    return str(_("By post to %(official)s", official=name_and_office(destination, locale)))


def country_of(destination: Destination, home: str) -> str:
    """The country whose paper and post it is: the mission's host, by post the organisation's."""
    return destination.host_country if isinstance(destination, Mission) else home


WITH_DESTINATION = (joinedload(Bundle.mission), joinedload(Bundle.official))
"""Options of a query that loads bundles with where they go."""

ATTEMPT_WITH_DESTINATION = (
    joinedload(DeliveryAttempt.mission),
    joinedload(DeliveryAttempt.bundle).joinedload(Bundle.official),
)
"""Options of a query that loads delivery attempts with where they went."""


def sending_country_of(destination: Destination) -> str:
    """Return the country whose officials are written to."""
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
    """Return where letters to a target go."""
    return target.mission or target.official


def frozen_destination(destination: Destination, locale: str, home: str) -> FrozenMission:
    """It as it now stands, in a language."""
    if isinstance(destination, Mission):
        return _frozen_mission(destination, locale, home)
    return FrozenMission(
        slug=f"by-{POST}-{destination.slug}",
        kind=POST,
        name=destination.name or i18n.words_in(destination.office, locale),
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
