"""What the entries of the audit are about, in words and with its page.

What stands above this package is looked up by its table's name.
"""

from collections.abc import Callable, Iterable, Mapping

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import Date, column, select, table
from sqlalchemy.orm import Session

from campaign import i18n

Names = Mapping[str, tuple[str, str]]
"""Words and address for each subject."""

_CAMPAIGN = table("campaign", column("id"), column("slug"), column("reference"))
_OFFICIAL = table("official", column("public_id"), column("slug"), column("name"))
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


def names_of(unit: Session, subjects: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Words and address of each subject that is known, with one look-up for each kind."""
    idents: dict[str, list[str]] = {}
    for subject in subjects:
        kind, _colon, ident = subject.partition(":")
        idents.setdefault(kind, []).append(ident)
    found: dict[str, tuple[str, str]] = {}
    for kind, finder in _FINDERS.items():
        if kind in idents:
            found.update(finder(unit, idents[kind]))
    return found


def references_of(unit: Session, ids: Iterable[int]) -> dict[int, str]:
    """The references of campaigns that an entry names by number."""
    wanted = select(_CAMPAIGN.c.id, _CAMPAIGN.c.reference).where(_CAMPAIGN.c.id.in_(list(ids)))
    return {row.id: row.reference for row in unit.execute(wanted)}


def number_of(text: str) -> int:
    """The number in a subject; 0 where it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _campaigns(unit: Session, idents: list[str]) -> Names:
    wanted = select(_CAMPAIGN).where(_CAMPAIGN.c.id.in_([number_of(one) for one in idents]))
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
        .where(_BUNDLE.c.id.in_([number_of(one) for one in idents]))
    )
    return {
        f"bundle:{row.id}": (
            f"{row.reference} · {row.sequence:03d}",
            url_for("bundles.show", public_id=row.public_id),
        )
        for row in unit.execute(wanted)
    }


def _journeys(unit: Session, idents: list[str]) -> Names:
    wanted = (
        select(_JOURNEY, _MISSION.c.slug)
        .join(_MISSION, _MISSION.c.id == _JOURNEY.c.mission_id)
        .where(_JOURNEY.c.id.in_([number_of(one) for one in idents]))
    )
    return {
        f"journey:{row.id}": (row.slug, url_for("bundles.show_journey", public_id=row.public_id))
        for row in unit.execute(wanted)
    }


def _invalidations(unit: Session, idents: list[str]) -> Names:
    wanted = select(_INVALIDATION).where(_INVALIDATION.c.id.in_([number_of(one) for one in idents]))
    return {
        f"invalidation:{row.id}": (
            _("Invalidation %(number)s", number=row.id),
            url_for("screening.invalidation", public_id=row.public_id),
        )
        for row in unit.execute(wanted)
    }


def _exports(unit: Session, idents: list[str]) -> Names:
    wanted = select(_EXPORT).where(_EXPORT.c.id.in_([number_of(one) for one in idents]))
    return {
        f"export:{row.id}": (
            _("Export %(number)s", number=row.id),
            url_for("exports.show", public_id=row.public_id),
        )
        for row in unit.execute(wanted)
    }


def _replies(unit: Session, idents: list[str]) -> Names:
    wanted = (
        select(_REPLY, _CAMPAIGN.c.reference)
        .join(_CAMPAIGN, _CAMPAIGN.c.id == _REPLY.c.campaign_id)
        .where(_REPLY.c.id.in_([number_of(one) for one in idents]))
    )
    return {
        f"reply:{row.id}": (
            _(
                "%(reference)s, reply of %(day)s",
                reference=row.reference,
                day=i18n.say_date(row.received_on),
            ),
            url_for("replies.edit", public_id=row.public_id),
        )
        for row in unit.execute(wanted)
    }


def _sheets(unit: Session, idents: list[str]) -> Names:
    wanted = (
        select(_SHEET, _CAMPAIGN.c.reference)
        .join(_CAMPAIGN, _CAMPAIGN.c.id == _SHEET.c.campaign_id)
        .where(_SHEET.c.id.in_([number_of(one) for one in idents]))
    )
    return {
        f"paper-sheet:{row.id}": (
            _("%(reference)s, sheet %(number)s", reference=row.reference, number=row.id),
            url_for("paper.edit", public_id=row.public_id),
        )
        for row in unit.execute(wanted)
    }


def _files(unit: Session, idents: list[str]) -> Names:
    # Without a page: only who uploaded a file sees it.
    wanted = (
        select(_FILE, _CAMPAIGN.c.reference)
        .join(_CAMPAIGN, _CAMPAIGN.c.id == _FILE.c.campaign_id)
        .where(_FILE.c.id.in_([number_of(one) for one in idents]))
    )
    return {
        f"paper-import:{row.id}": (
            _("%(reference)s, file %(number)s", reference=row.reference, number=row.id),
            "",
        )
        for row in unit.execute(wanted)
    }


def _deliveries(unit: Session, idents: list[str]) -> Names:
    wanted = (
        select(_DELIVERY, _CAMPAIGN.c.reference)
        .join(_CAMPAIGN, _CAMPAIGN.c.id == _DELIVERY.c.campaign_id)
        .where(_DELIVERY.c.id.in_([number_of(one) for one in idents]))
    )
    return {
        f"delivery:{row.id}": (
            f"{row.reference} · {i18n.say_date(row.happened_on)}",
            url_for("deliveries.show_attempt", public_id=row.public_id) if row.visit_id else "",
        )
        for row in unit.execute(wanted)
    }


def _decisions(_unit: Session, idents: list[str]) -> Names:
    return {f"screening-act:{one}": (_("Decision %(number)s", number=one), "") for one in idents}


_FINDERS: Mapping[str, Callable[[Session, list[str]], Names]] = {
    "campaign": _campaigns,
    "official": _officials,
    "mission": _missions,
    "bundle": _bundles,
    "journey": _journeys,
    "invalidation": _invalidations,
    "export": _exports,
    "reply": _replies,
    "paper-sheet": _sheets,
    "paper-import": _files,
    "delivery": _deliveries,
    "screening-act": _decisions,
}
