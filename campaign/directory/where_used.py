"""Where an official or a mission is used.

Slugs of officials and missions, of which two may want the same at once.
"""

from collections.abc import Collection
from typing import Any

from flask_babel import ngettext
from sqlalchemy import Column, ColumnElement, Select, literal, not_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import QueryableAttribute, Session

from campaign.core.db import references_to, table_of, utcnow
from campaign.core.text.slugs import free_slug
from campaign.models.campaign import ENDED, Campaign, CampaignStatus, Target, TargetKind
from campaign.models.directory import ContactDetail, Membership, Mission, Official
from campaign.models.staff import StaffUser, sees

_OWN = (table_of(ContactDetail), table_of(Membership))


def uses_of(session: Session, row: Official | Mission) -> list[str]:
    """References ("UA 58/20") of the campaigns that use the row, in order.

    Every foreign key counts, so that a feature that comes later is seen too; a use outside
    campaigns is given as the name of the table that has it.
    """
    uses: set[str] = set()
    for column in list_references(type(row)):
        uses.update(_users(session, column, row.id))
    return sorted(uses)


def used_among(session: Session, model: type[Official | Mission], ids: Collection[int]) -> set[int]:
    """Which of the rows `ids` of the model something uses."""
    used: set[int] = set()
    for column in list_references(model):
        used.update(session.scalars(select(column).where(column.in_(ids)).distinct()))
    return used


def list_references(model: type[Official | Mission]) -> list[Column[Any]]:
    """The columns outside the directory that refer to rows of the model."""
    return [one for one in references_to(model) if one.table not in _OWN]


def said_to(session: Session, uses: list[str], user: StaffUser) -> list[str]:
    """`uses` as `user` may read them: campaigns of other teams are counted, not named."""
    hidden = set(
        session.scalars(
            select(Campaign.reference).where(
                Campaign.reference.in_(uses), not_(sees(user, Campaign.id))
            )
        )
    )
    said = [use for use in uses if use not in hidden]
    if hidden:
        said.append(
            ngettext(
                "%(num)s campaign of another team", "%(num)s campaigns of other teams", len(hidden)
            )
        )
    return said


def _users(session: Session, column: Column[Any], row_id: int) -> list[str]:
    table = column.table
    if "campaign_id" not in table.columns:
        found = select(literal(table.name)).select_from(table).where(column == row_id).limit(1)
        return list(session.scalars(found))
    return list(
        session.scalars(
            select(Campaign.reference)
            .join(table, table.c.campaign_id == Campaign.id)
            .where(column == row_id)
            .distinct()
        )
    )


def languages_written_in(session: Session, official_id: int) -> set[str]:
    """Languages in which letters to the official are being signed now."""
    found = session.scalars(
        select(Campaign.letter_locales)
        .join(Target, Target.campaign_id == Campaign.id)
        .where(
            Target.official_id == official_id,
            Target.kind == TargetKind.TO,
            Campaign.status == CampaignStatus.OPEN,
        )
    )
    return {locale for locales in found for locale in locales}


def show_change(session: Session, row: Official | Mission) -> None:
    """Have the public pages made anew on which the row is named."""
    column = Target.official_id if isinstance(row, Official) else Target.mission_id
    theirs = select(Target.campaign_id).where(column == row.id)
    session.execute(
        update(Campaign)
        .where(Campaign.id.in_(theirs))
        .values(changed_at=utcnow())
        .execution_options(synchronize_session=False)
    )


def is_aimed_at() -> ColumnElement[bool]:
    """Whether a campaign that is not over aims at the official of the outer query."""
    return Official.id.in_(_live(Target.official_id))


def is_gone_through() -> ColumnElement[bool]:
    """Whether a campaign that is not over goes through the mission of the outer query."""
    return Mission.id.in_(_live(Target.mission_id))


def _live(entry_id: QueryableAttribute[Any]) -> Select[Any]:
    return (
        select(entry_id)
        .join(Campaign, Campaign.id == Target.campaign_id)
        .where(Campaign.status.not_in(ENDED), entry_id.is_not(None))
    )


_TRIES = 5


def add_named(session: Session, row: Official | Mission, wanted: str) -> None:
    """Add the row under the slug `wanted`, or with the first number from 2 that is free."""
    slug: Any = type(row).slug
    for last in (*[False] * (_TRIES - 1), True):
        taken = set(session.scalars(select(slug).where(slug.startswith(wanted))))
        row.slug = free_slug(wanted, taken)
        try:
            with session.begin_nested():
                session.add(row)
        except IntegrityError:
            # Somebody took it since we looked.
            if last:
                raise
        else:
            return
