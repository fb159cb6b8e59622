"""Who and what the entries of the audit name by number, in words.

What stands above this package is looked up by its table's name.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import Date, column, select, table
from sqlalchemy.orm import Session

from campaign import i18n
from campaign.accounts import deeds
from campaign.accounts.models import StaffUser
from campaign.audit import AuditEntry

_CAMPAIGN = table("campaign", column("id"), column("slug"), column("reference"))
_OFFICIAL = table("official", column("public_id"), column("slug"), column("name"))
_MISSION = table("mission", column("public_id"), column("slug"))
_INVALIDATION = table("invalidation", column("id"), column("public_id"))
_BUNDLE = table(
    "bundle", column("id"), column("public_id"), column("campaign_id"), column("sequence")
)
_DELIVERY = table(
    "delivery_attempt",
    column("id"),
    column("public_id"),
    column("campaign_id"),
    column("happened_on", Date),
    column("visit_id"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as its reader sees it."""

    entry: AuditEntry
    who: str
    what: str
    about: str
    url: str
    """Page of what it is about; empty where there is none."""
    details: list[tuple[str, str]]


Names = Mapping[str, tuple[str, str]]
"""Words and address for each subject."""


def lines_of(unit: Session, entries: Iterable[AuditEntry]) -> list[Line]:
    """The entries in words, with one look-up for each kind of thing."""
    entries = list(entries)
    people = _people(unit, entries)
    names = _names(unit, {entry.subject for entry in entries}, people)
    return [_line(entry, people, names) for entry in entries]


def say_actor(actor: str, people: Mapping[int, str]) -> str:
    """Who did it."""
    kind, _colon, ident = actor.partition(":")
    if kind == "staff":
        return people.get(_number(ident), _("somebody who left"))
    words = {
        "command": _("the command line"),
        "job": _("the system"),
        "supporter": _("a supporter"),
    }
    return str(words.get(kind, actor))


def _line(entry: AuditEntry, people: Mapping[int, str], names: Names) -> Line:
    about, url = names.get(entry.subject, (entry.subject, ""))
    return Line(
        entry=entry,
        who=say_actor(entry.actor, people),
        what=deeds.say(entry.action),
        about=about,
        url=url,
        details=[
            (deeds.say_detail(name), _say_value(name, value, people))
            for name, value in entry.detail.items()
            if value not in (None, "", [])
        ],
    )


def _people(unit: Session, entries: Iterable[AuditEntry]) -> dict[int, str]:
    named = [entry.actor for entry in entries] + [entry.subject for entry in entries]
    ids = {_number(one.partition(":")[2]) for one in named if one.startswith("staff:")}
    ids |= {entry.detail["staff"] for entry in entries if "staff" in entry.detail}
    users = unit.scalars(select(StaffUser).where(StaffUser.id.in_(ids)))
    return {user.id: user.name or user.email for user in users}


def _names(unit: Session, subjects: set[str], people: Mapping[int, str]) -> Names:
    idents: dict[str, list[str]] = {}
    for subject in subjects:
        kind, _colon, ident = subject.partition(":")
        idents.setdefault(kind, []).append(ident)
    found = {
        f"staff:{ident}": (people.get(_number(ident), _("somebody who left")), "")
        for ident in idents.get("staff", [])
    }
    for kind, finder in _FINDERS.items():
        if kind in idents:
            found.update(finder(unit, idents[kind]))
    return found


def _campaigns(unit: Session, idents: list[str]) -> Names:
    wanted = select(_CAMPAIGN).where(_CAMPAIGN.c.id.in_([_number(one) for one in idents]))
    return {
        f"campaign:{row.id}": (row.reference, url_for("campaigns.show", slug=row.slug))
        for row in unit.execute(wanted)
    }


def _officials(unit: Session, idents: list[str]) -> Names:
    wanted = select(_OFFICIAL).where(_OFFICIAL.c.public_id.in_(idents))
    return {
        f"official:{row.public_id}": (
            row.name or row.slug,
            url_for("officials.edit", slug=row.slug),
        )
        for row in unit.execute(wanted)
    }


def _missions(unit: Session, idents: list[str]) -> Names:
    wanted = select(_MISSION).where(_MISSION.c.public_id.in_(idents))
    return {
        f"mission:{row.public_id}": (row.slug, url_for("officials.edit_mission", slug=row.slug))
        for row in unit.execute(wanted)
    }


def _bundles(unit: Session, idents: list[str]) -> Names:
    wanted = (
        select(_BUNDLE, _CAMPAIGN.c.reference)
        .join(_CAMPAIGN, _CAMPAIGN.c.id == _BUNDLE.c.campaign_id)
        .where(_BUNDLE.c.id.in_([_number(one) for one in idents]))
    )
    return {
        f"bundle:{row.id}": (
            f"{row.reference} · {row.sequence:03d}",
            url_for("bundles.show", public_id=row.public_id),
        )
        for row in unit.execute(wanted)
    }


def _deliveries(unit: Session, idents: list[str]) -> Names:
    wanted = (
        select(_DELIVERY, _CAMPAIGN.c.reference)
        .join(_CAMPAIGN, _CAMPAIGN.c.id == _DELIVERY.c.campaign_id)
        .where(_DELIVERY.c.id.in_([_number(one) for one in idents]))
    )
    return {
        f"delivery:{row.id}": (
            f"{row.reference} · {i18n.say_date(row.happened_on)}",
            url_for("deliveries.show_attempt", public_id=row.public_id) if row.visit_id else "",
        )
        for row in unit.execute(wanted)
    }


def _invalidations(unit: Session, idents: list[str]) -> Names:
    wanted = select(_INVALIDATION).where(_INVALIDATION.c.id.in_([_number(one) for one in idents]))
    return {
        f"invalidation:{row.id}": (
            _("Invalidation %(number)s", number=row.id),
            url_for("screening.invalidation", public_id=row.public_id),
        )
        for row in unit.execute(wanted)
    }


_FINDERS: Mapping[str, Callable[[Session, list[str]], Names]] = {
    "campaign": _campaigns,
    "official": _officials,
    "mission": _missions,
    "bundle": _bundles,
    "delivery": _deliveries,
    "invalidation": _invalidations,
}


def _say_value(name: str, value: Any, people: Mapping[int, str]) -> str:
    if name == "staff":
        return people.get(value, _("somebody who left"))
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return str(value)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
