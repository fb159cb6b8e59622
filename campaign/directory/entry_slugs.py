"""Slugs of officials and missions, of which two may want the same at once."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from campaign.core.text.slugs import free_slug
from campaign.models.directory import Mission, Official

_TRIES = 5


def add_named(unit: Session, row: Official | Mission, wanted: str) -> None:
    """Add the row under the slug `wanted`, or with the first number from 2 that is free."""
    slug: Any = type(row).slug
    for last in (*[False] * (_TRIES - 1), True):
        taken = set(unit.scalars(select(slug).where(slug.startswith(wanted))))
        row.slug = free_slug(wanted, taken)
        try:
            with unit.begin_nested():
                unit.add(row)
        except IntegrityError:
            # Somebody took it since we looked.
            if last:
                raise
        else:
            return
