"""Missions: kept, found, listed, and the one that a letter goes through."""

import enum
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, String, cast, func, or_, select
from sqlalchemy.orm import Session

from campaign.core import db
from campaign.core.text.desk_texts import slugify
from campaign.core.text.fold import fold_name
from campaign.directory import where_used
from campaign.directory.countries import slug_name
from campaign.directory.entry_fields import MissionDraft
from campaign.models.directory import Mission, MissionKind
from campaign.web.pagination import MOST_FOUND, Listing, contains_words, load_page, rank_of_country

_STALE_AFTER = timedelta(days=365)
"""After so long an address must be checked again: embassies move, ambassadors change."""
_FIRST_CHOICE = {MissionKind.EMBASSY, MissionKind.HIGH_COMMISSION}
_SLUG_ENDS = {
    MissionKind.CONSULATE: "consulate",
    MissionKind.PERMANENT_MISSION: "permanent-mission",
}


def get_mission(session: Session, *, slug: str) -> Mission:
    return db.get_row(session, select(Mission).where(Mission.slug == slug), "mission", slug=slug)


def find_mission(session: Session, *, slug: str) -> Mission | None:
    return session.scalar(select(Mission).where(Mission.slug == slug))


def list_missions(
    session: Session,
    *,
    query: str = "",
    sending: str = "",
    host: str = "",
    stale_on: date | None = None,
    sort: str = "sending",
    page: int = 1,
) -> Listing[Mission]:
    """Return a page; `host` may be accredited only, `stale_on` wants those unchecked for a year."""
    missions = select(Mission).where(*contains_words(query, Mission.search))
    if sending:
        missions = missions.where(Mission.sending_country == sending)
    if host:
        responsible = cast(Mission.accredited_to, String).contains(f'"{host}"', autoescape=True)
        missions = missions.where(or_(Mission.host_country == host, responsible))
    if stale_on:
        missions = missions.where(is_stale_sql(stale_on))
    by_sender, by_host = (
        rank_of_country(session, column)
        for column in (Mission.sending_country, Mission.host_country)
    )
    orders: dict[str, tuple[Any, ...]] = {
        "sending": (by_sender, by_host),
        "host": (by_host, by_sender),
        "city": (Mission.locality,),
        "checked": (Mission.last_checked_on.is_not(None), Mission.last_checked_on),
    }
    order = orders.get(sort, orders["sending"])
    return load_page(session, missions.order_by(*order, Mission.slug), page)


def search_missions(session: Session, *, query: str) -> Sequence[Mission]:
    if not fold_name(query):
        return []
    missions = select(Mission).where(*contains_words(query, Mission.search)).order_by(Mission.slug)
    return session.scalars(missions.limit(MOST_FOUND)).all()


def count_stale_in_use(session: Session, today: date) -> int:
    stale = select(func.count(Mission.id)).where(is_stale_sql(today), where_used.is_gone_through())
    return session.scalar(stale) or 0


def countries_of_missions(session: Session) -> tuple[list[str], list[str]]:
    sending = session.scalars(select(Mission.sending_country).distinct())
    host = session.scalars(select(Mission.host_country).distinct())
    return sorted(sending), sorted(host)


def check_mission(session: Session, *, mission: Mission, on: date, actor: str) -> None:
    mission.last_checked_on = on
    session.flush()
    where_used.record_change(session, mission, "check", actor, on=on.isoformat())


class Reach(enum.StrEnum):
    HERE = "here"
    ACCREDITED = "accredited"
    CONSULATE = "consulate"
    ELSEWHERE = "elsewhere"


def best_mission(missions: list[Mission], host_country: str) -> Mission | None:
    """Return the one of a country's missions for people in `host_country`; None where none is.

    An embassy or high commission comes first, in the country before one accredited to it from
    elsewhere; then a consulate in the country. A permanent mission speaks to an organisation,
    not to a country's people, and is never the one. Among equals one with an address, then the
    one checked last.
    """
    able = [
        mission for mission in missions if reach_of(mission, host_country) is not Reach.ELSEWHERE
    ]
    return ranked(able, host_country)[0] if able else None


def ranked(missions: list[Mission], host_country: str) -> list[Mission]:
    def preference(mission: Mission) -> tuple[bool, bool, bool, bool, int, str]:
        checked = mission.last_checked_on or date.min
        return (
            reach_of(mission, host_country) is Reach.ELSEWHERE,
            mission.kind not in _FIRST_CHOICE,
            mission.host_country != host_country,
            not (mission.address and mission.locality),
            -checked.toordinal(),
            mission.slug,
        )

    return sorted(missions, key=preference)


def reach_of(mission: Mission, host_country: str) -> Reach:
    near = host_country in {mission.host_country, *mission.accredited_to}
    if not near or mission.kind is MissionKind.PERMANENT_MISSION:
        return Reach.ELSEWHERE
    if mission.kind not in _FIRST_CHOICE:
        return Reach.CONSULATE
    return Reach.HERE if mission.host_country == host_country else Reach.ACCREDITED


def is_stale(mission: Mission, today: date) -> bool:
    checked = mission.last_checked_on
    return checked is None or checked < today - _STALE_AFTER


def is_stale_sql(today: date) -> ColumnElement[bool]:
    checked = Mission.last_checked_on
    return or_(checked.is_(None), checked < today - _STALE_AFTER)


def mission_slug(draft: MissionDraft) -> str:
    """Return the slug that a mission would like: `mexico-ottawa`, `mexico-toronto-consulate`."""
    place = draft.locality or slug_name(draft.host_country)
    return slugify(slug_name(draft.sending_country), place, _SLUG_ENDS.get(draft.kind, ""))
