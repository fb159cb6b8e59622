"""What the entries of the audit are about, in words and with its page."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import Row, func, select
from sqlalchemy.orm import QueryableAttribute, Session

from campaign.core import i18n
from campaign.models.bundle import Bundle, DeliveryAttempt, Journey
from campaign.models.campaign import Campaign
from campaign.models.directory import Mission, Official
from campaign.models.export import DataExport
from campaign.models.paper_signature import PaperImport, PaperSheet
from campaign.models.reply import Reply
from campaign.models.screening import Invalidation
from campaign.staff.audit_log.field_labels import ABOUT_PAGES

Names = Mapping[str, tuple[str, str]]
"""Words and address for each subject."""


def find_names(session: Session, subjects: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Find words and address of each subject that is known, with one look-up for each kind."""
    idents: dict[str, list[str]] = {}
    for subject in subjects:
        kind, _colon, ident = subject.partition(":")
        idents.setdefault(kind, []).append(ident)
    names: dict[str, tuple[str, str]] = {}
    for kind in idents.keys() & _THINGS.keys():
        names |= _find_names_of_kind(session, kind, _THINGS[kind], idents[kind])
    for page in idents.get("about", ()):
        names[f"about:{page}"] = (str(ABOUT_PAGES[page]), url_for("about_desk.index"))
    for number in idents.get("screening-act", ()):
        names[f"screening-act:{number}"] = (_("Decision %(number)s", number=number), "")
    return names


def find_references(session: Session, ids: Iterable[int]) -> dict[int, str]:
    query = select(Campaign.id, Campaign.reference).where(Campaign.id.in_(list(ids)))
    return {row.id: row.reference for row in session.execute(query)}


def find_official_names(session: Session, ids: Iterable[int]) -> dict[int, str]:
    query = select(Official.id, Official.name, Official.slug).where(Official.id.in_(list(ids)))
    return {row.id: row.name or row.slug for row in session.execute(query)}


def number_of(text: str) -> int:
    """Return the number in a subject; 0 where it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


@dataclass(frozen=True, slots=True)
class _Thing:
    """How one kind of subject is found and named."""

    key: QueryableAttribute[Any]
    """By which the audit names it."""
    words: Callable[[Row[Any]], str]
    """From its row: the columns, and `reference` or `place` of what it is of."""
    columns: tuple[QueryableAttribute[Any], ...] = ()
    """What is read of it besides the key."""
    page: tuple[str, str] | None = None
    """Endpoint, and the column that is its argument; None: without a page."""
    campaign_id: QueryableAttribute[Any] | None = None
    """Of the campaign whose reference it is called by."""
    mission_id: QueryableAttribute[Any] | None = None
    """Of the mission whose slug it is called by."""
    has_page: Callable[[Row[Any]], bool] = lambda _row: True


def _find_names_of_kind(
    session: Session, kind: str, thing: _Thing, idents: Iterable[str]
) -> dict[str, tuple[str, str]]:
    query = select(thing.key, *thing.columns)
    if thing.campaign_id is not None:
        query = query.add_columns(Campaign.reference).join(
            Campaign, Campaign.id == thing.campaign_id
        )
    elif thing.mission_id is not None:
        # A journey by post has no mission.
        place = func.coalesce(Mission.slug, "post").label("place")
        query = query.add_columns(place).outerjoin(Mission, Mission.id == thing.mission_id)
    keys = [number_of(ident) for ident in idents] if thing.key.key == "id" else list(idents)
    return {
        f"{kind}:{row[0]}": (thing.words(row), _get_address(thing, row))
        for row in session.execute(query.where(thing.key.in_(keys)))
    }


def _get_address(thing: _Thing, row: Row[Any]) -> str:
    if thing.page is None or not thing.has_page(row):
        return ""
    endpoint, name = thing.page
    return url_for(endpoint, **{name: getattr(row, name)})


def _name_reply(row: Row[Any]) -> str:
    day = i18n.say_date(row.received_on)
    return str(_("%(reference)s, reply of %(day)s", reference=row.reference, day=day))


def _page(endpoint: str, argument: str = "public_id") -> tuple[str, str]:
    return endpoint, argument


_THINGS: Mapping[str, _Thing] = {
    "campaign": _Thing(
        Campaign.id,
        lambda row: str(row.reference),
        (Campaign.slug, Campaign.reference),
        _page("campaigns.show", "slug"),
    ),
    "official": _Thing(
        Official.public_id,
        lambda row: str(row.name or row.slug),
        (Official.slug, Official.name),
        _page("directory.edit", "slug"),
    ),
    "mission": _Thing(
        Mission.public_id,
        lambda row: str(row.slug),
        (Mission.slug,),
        _page("directory.edit_mission", "slug"),
    ),
    "bundle": _Thing(
        Bundle.id,
        lambda row: f"{row.reference} · {row.sequence:03d}",
        (Bundle.public_id, Bundle.sequence),
        _page("bundles.show"),
        campaign_id=Bundle.campaign_id,
    ),
    "journey": _Thing(
        Journey.id,
        lambda row: str(row.place),
        (Journey.public_id,),
        _page("bundles.show_journey"),
        mission_id=Journey.mission_id,
    ),
    "invalidation": _Thing(
        Invalidation.id,
        lambda row: str(_("Exclusion %(number)s", number=row.id)),
        (Invalidation.public_id,),
        _page("screening.invalidation"),
    ),
    "export": _Thing(
        DataExport.id,
        lambda row: str(_("Export %(number)s", number=row.id)),
        (DataExport.public_id,),
        _page("exports.show"),
    ),
    "reply": _Thing(
        Reply.id,
        _name_reply,
        (Reply.public_id, Reply.received_on),
        _page("replies.edit"),
        campaign_id=Reply.campaign_id,
    ),
    "paper-sheet": _Thing(
        PaperSheet.id,
        lambda row: str(
            _("%(reference)s, sheet %(number)s", reference=row.reference, number=row.id)
        ),
        (PaperSheet.public_id,),
        _page("paper_signatures.edit"),
        campaign_id=PaperSheet.campaign_id,
    ),
    # Without a page: only who uploaded a file sees it.
    "paper-import": _Thing(
        PaperImport.id,
        lambda row: str(
            _("%(reference)s, file %(number)s", reference=row.reference, number=row.id)
        ),
        campaign_id=PaperImport.campaign_id,
    ),
    "delivery": _Thing(
        DeliveryAttempt.id,
        lambda row: f"{row.reference} · {i18n.say_date(row.happened_on)}",
        (DeliveryAttempt.public_id, DeliveryAttempt.happened_on, DeliveryAttempt.visit_id),
        _page("deliveries.show_attempt"),
        campaign_id=DeliveryAttempt.campaign_id,
        has_page=lambda row: bool(row.visit_id),
    ),
}
