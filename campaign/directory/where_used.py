"""Where an official or a mission is used.

The features that use them stand above this one, so their tables are found by their foreign keys,
not by import.

Slugs of officials and missions, of which two may want the same at once.
"""

from collections.abc import Collection
from typing import Any

from flask_babel import ngettext
from sqlalchemy import Column, ColumnElement, Table, literal, not_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from campaign.core.db import Base, utcnow
from campaign.core.text.slugs import free_slug
from campaign.models.directory import Mission, Official
from campaign.models.staff import StaffUser, sees

_OWN = {"contact_detail", "membership"}
_OVER = ("closed", "stopped")
"""States of a campaign whose targets matter no more."""


def uses_of(session: Session, table: str, row_id: int) -> list[str]:
    """References ("UA 58/20") of the campaigns that use row `row_id` of `table`, in order.

    Every table with a foreign key to `table` counts, so that a feature that comes later is seen
    too; a use outside campaigns is given as the name of the table that has it.
    """
    uses: set[str] = set()
    for other in Base.metadata.tables.values():
        if other.name in _OWN:
            continue
        for column in other.columns:
            if any(key.target_fullname == f"{table}.id" for key in column.foreign_keys):
                uses.update(_users(session, other, column, row_id))
    return sorted(uses)


def used_among(session: Session, table: str, ids: Collection[int]) -> set[int]:
    """Which of the rows `ids` of `table` something uses."""
    used: set[int] = set()
    for other in Base.metadata.tables.values():
        for column in () if other.name in _OWN else other.columns:
            if any(key.target_fullname == f"{table}.id" for key in column.foreign_keys):
                used.update(session.scalars(select(column).where(column.in_(ids)).distinct()))
    return used


def said_to(session: Session, uses: list[str], user: StaffUser) -> list[str]:
    """`uses` as `user` may read them: campaigns of other teams are counted, not named."""
    campaign = Base.metadata.tables["campaign"]
    hidden = set(
        session.scalars(
            select(campaign.c.reference).where(
                campaign.c.reference.in_(uses), not_(sees(user, campaign.c.id))
            )
        )
    )
    said = [use for use in uses if use not in hidden]
    if hidden:
        said.append(
            ngettext(
                "%(num)s campaign of another team",
                "%(num)s campaigns of other teams",
                len(hidden),
            )
        )
    return said


def _users(session: Session, table: Table, column: Column[int], row_id: int) -> list[str]:
    if "campaign_id" not in table.columns:
        found = select(literal(table.name)).select_from(table).where(column == row_id).limit(1)
        return list(session.scalars(found))
    campaign = Base.metadata.tables["campaign"]
    return list(
        session.scalars(
            select(campaign.c.reference)
            .join(table, table.c.campaign_id == campaign.c.id)
            .where(column == row_id)
            .distinct()
        )
    )


def languages_written_in(session: Session, official_id: int) -> set[str]:
    """Languages in which letters to the official are being signed now."""
    campaign, target = (Base.metadata.tables[name] for name in ("campaign", "target"))
    found = session.scalars(
        select(campaign.c.letter_locales)
        .join(target, target.c.campaign_id == campaign.c.id)
        .where(
            target.c.official_id == official_id,
            target.c.kind == "to",
            campaign.c.status == "open",
        )
    )
    return {locale for locales in found for locale in locales}


def show_change(session: Session, column: str, row_id: int) -> None:
    """Have the public pages made anew on which the row is named as `column` of a target."""
    campaign, target = (Base.metadata.tables[name] for name in ("campaign", "target"))
    theirs = select(target.c.campaign_id).where(target.c[column] == row_id)
    session.execute(update(campaign).where(campaign.c.id.in_(theirs)).values(changed_at=utcnow()))


def is_aimed_at() -> ColumnElement[bool]:
    """Whether a campaign that is not over aims at the official of the outer query."""
    return _is_target_of("official")


def is_gone_through() -> ColumnElement[bool]:
    """Whether a campaign that is not over goes through the mission of the outer query."""
    return _is_target_of("mission")


def _is_target_of(name: str) -> ColumnElement[bool]:
    campaign, target, owner = (Base.metadata.tables[one] for one in ("campaign", "target", name))
    live = (
        select(target.c[f"{name}_id"])
        .join(campaign, campaign.c.id == target.c.campaign_id)
        .where(campaign.c.status.not_in(_OVER), target.c[f"{name}_id"].is_not(None))
    )
    return owner.c.id.in_(live)


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
