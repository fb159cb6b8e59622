"""What the entries of the audit are about, in words and with its page.

What stands above this package is looked up by its table's name.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import Date, TableClause, column, func, select, table
from sqlalchemy.orm import Session

from campaign.core import i18n

Names = Mapping[str, tuple[str, str]]
"""Words and address for each subject."""

_CAMPAIGN = table("campaign", column("id"), column("slug"), column("reference"))
_OFFICIAL = table("official", column("id"), column("public_id"), column("slug"), column("name"))
_MISSION = table("mission", column("id"), column("public_id"), column("slug"))
_JOURNEY = table("journey", column("id"), column("public_id"), column("mission_id"))
_INVALIDATION = table("invalidation", column("id"), column("public_id"))
_EXPORT = table("data_export", column("id"), column("public_id"))
_BUNDLE = table(
    "bundle", column("id"), column("public_id"), column("campaign_id"), column("sequence")
)
_REPLY = table(
    "reply",
    column("id"),
    column("public_id"),
    column("campaign_id"),
    column("received_on", Date()),
)
_SHEET = table("paper_sheet", column("id"), column("public_id"), column("campaign_id"))
_FILE = table("paper_import", column("id"), column("campaign_id"))
_DELIVERY = table(
    "delivery_attempt",
    column("id"),
    column("public_id"),
    column("campaign_id"),
    column("happened_on", Date()),
    column("visit_id"),
)


def names_of(session: Session, subjects: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Words and address of each subject that is known, with one look-up for each kind."""
    idents: dict[str, list[str]] = {}
    for subject in subjects:
        kind, _colon, ident = subject.partition(":")
        idents.setdefault(kind, []).append(ident)
    found: dict[str, tuple[str, str]] = {}
    for kind in idents.keys() & _THINGS.keys():
        found |= _named(session, kind, _THINGS[kind], idents[kind])
    for one in idents.get("screening-act", ()):
        found[f"screening-act:{one}"] = (_("Decision %(number)s", number=one), "")
    return found


def references_of(session: Session, ids: Iterable[int]) -> dict[int, str]:
    """The references of campaigns that an entry names by number."""
    wanted = select(_CAMPAIGN.c.id, _CAMPAIGN.c.reference).where(_CAMPAIGN.c.id.in_(list(ids)))
    return {row.id: row.reference for row in session.execute(wanted)}


def officials_of(session: Session, ids: Iterable[int]) -> dict[int, str]:
    """The names of officials that an entry names by number."""
    wanted = select(_OFFICIAL).where(_OFFICIAL.c.id.in_(list(ids)))
    return {row.id: row.name or row.slug for row in session.execute(wanted)}


def number_of(text: str) -> int:
    """The number in a subject; 0 where it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


@dataclass(frozen=True, slots=True)
class _Thing:
    """How one kind of subject is found and named."""

    table: TableClause
    words: Callable[[Any], str]
    """From its row, which has `reference` or `place` beside its own columns."""
    page: tuple[str, str] | None = None
    """Endpoint, and the column that is its argument; None: without a page."""
    key: str = "id"
    """The column by which the audit names it."""
    has_page: Callable[[Any], bool] = lambda _row: True


def _named(
    session: Session, kind: str, thing: _Thing, idents: Iterable[str]
) -> dict[str, tuple[str, str]]:
    key = thing.table.c[thing.key]
    wanted = select(thing.table)
    if "campaign_id" in thing.table.c:
        of = thing.table.c.campaign_id
        wanted = wanted.add_columns(_CAMPAIGN.c.reference).join(_CAMPAIGN, _CAMPAIGN.c.id == of)
    elif "mission_id" in thing.table.c:
        of = thing.table.c.mission_id
        # A journey by post has no mission.
        place = func.coalesce(_MISSION.c.slug, "post").label("place")
        wanted = wanted.add_columns(place).outerjoin(_MISSION, _MISSION.c.id == of)
    keys = [number_of(one) for one in idents] if thing.key == "id" else list(idents)
    return {
        f"{kind}:{getattr(row, thing.key)}": (thing.words(row), _address(thing, row))
        for row in session.execute(wanted.where(key.in_(keys)))
    }


def _address(thing: _Thing, row: Any) -> str:
    if thing.page is None or not thing.has_page(row):
        return ""
    endpoint, name = thing.page
    return url_for(endpoint, **{name: getattr(row, name)})


def _reply(row: Any) -> str:
    day = i18n.say_date(row.received_on)
    return str(_("%(reference)s, reply of %(day)s", reference=row.reference, day=day))


def _page(endpoint: str, argument: str = "public_id") -> tuple[str, str]:
    return endpoint, argument


_THINGS: Mapping[str, _Thing] = {
    "campaign": _Thing(_CAMPAIGN, lambda row: str(row.reference), _page("campaigns.show", "slug")),
    "official": _Thing(
        _OFFICIAL,
        lambda row: str(row.name or row.slug),
        _page("directory.edit", "slug"),
        key="public_id",
    ),
    "mission": _Thing(
        _MISSION,
        lambda row: str(row.slug),
        _page("directory.edit_mission", "slug"),
        key="public_id",
    ),
    "bundle": _Thing(
        _BUNDLE, lambda row: f"{row.reference} · {row.sequence:03d}", _page("bundles.show")
    ),
    "journey": _Thing(_JOURNEY, lambda row: str(row.place), _page("bundles.show_journey")),
    "invalidation": _Thing(
        _INVALIDATION,
        lambda row: str(_("Invalidation %(number)s", number=row.id)),
        _page("screening.invalidation"),
    ),
    "export": _Thing(
        _EXPORT, lambda row: str(_("Export %(number)s", number=row.id)), _page("exports.show")
    ),
    "reply": _Thing(_REPLY, _reply, _page("replies.edit")),
    "paper-sheet": _Thing(
        _SHEET,
        lambda row: str(
            _("%(reference)s, sheet %(number)s", reference=row.reference, number=row.id)
        ),
        _page("paper_signatures.edit"),
    ),
    # Without a page: only who uploaded a file sees it.
    "paper-import": _Thing(
        _FILE,
        lambda row: str(
            _("%(reference)s, file %(number)s", reference=row.reference, number=row.id)
        ),
    ),
    "delivery": _Thing(
        _DELIVERY,
        lambda row: f"{row.reference} · {i18n.say_date(row.happened_on)}",
        _page("deliveries.show_attempt"),
        has_page=lambda row: bool(row.visit_id),
    ),
}
