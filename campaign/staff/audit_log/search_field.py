"""What somebody means who types into the audit's field: a reference, a name, what a column shows.

What it gives names things by their ids, never by what was typed: it may stand in addresses and in
the audit itself.
"""

import re
from collections.abc import Iterator

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from campaign.models.bundle import Bundle, Journey
from campaign.models.campaign import Campaign
from campaign.models.directory import Mission, Official
from campaign.models.paper_signature import PaperImport, PaperSheet
from campaign.models.staff import StaffUser
from campaign.staff.audit_log import audit_subjects
from campaign.staff.audit_log.by_campaign import CAMPAIGN_KINDS
from campaign.staff.audit_log.list_entries import list_known_subjects
from campaign.staff.staff_users import find_by_email

_NUMBERED = {
    "bundle": Bundle.sequence,
    "paper-sheet": PaperSheet.id,
    "paper-import": PaperImport.id,
}
"""What belongs to a campaign and is called by a number, in these columns."""
_NEWEST = 1_000
"""How many are looked at of what is called by its day."""


def find_subjects(session: Session, typed: str) -> tuple[str, ...] | None:
    """Find the subjects meant: none where there is no such thing, None where nothing is said."""
    typed = " ".join(typed.split())
    if not typed:
        return None
    if named := list_known_subjects(session, typed.split()):
        return named
    name = typed.lower()
    subjects = [f"staff:{user.id}" for user in _find_staff(session, typed)]
    is_named = or_(Campaign.slug == name, func.lower(Campaign.reference) == name)
    campaign_ids = session.scalars(select(Campaign.id).where(is_named))
    subjects.extend(f"campaign:{campaign_id}" for campaign_id in campaign_ids)
    subjects.extend(_find_in_directory(session, typed))
    return list_known_subjects(session, subjects or _find_shown(session, typed))


def _find_staff(session: Session, typed: str) -> list[StaffUser]:
    by_email = find_by_email(session, typed) if "@" in typed else None
    if by_email is not None:
        return [by_email]
    # Names are sealed: only here can they be compared.
    users = session.scalars(select(StaffUser)).all()
    return [user for user in users if user.name and user.name.casefold() == typed.casefold()]


def _find_in_directory(session: Session, typed: str) -> Iterator[str]:
    """Find officials by name or slug, missions by slug, and journeys, which are called as these."""
    slug = typed.lower()
    is_named = or_(Official.slug == slug, Official.name == typed)
    for public_id in session.scalars(select(Official.public_id).where(is_named)):
        yield f"official:{public_id}"
    for mission_id, public_id in session.execute(
        select(Mission.id, Mission.public_id).where(Mission.slug == slug)
    ).all():
        yield f"mission:{public_id}"
        for number in session.scalars(select(Journey.id).where(Journey.mission_id == mission_id)):
            yield f"journey:{number}"


def _find_shown(session: Session, typed: str) -> list[str]:
    """Find what the column calls so: “UA 58/20 · 001”, “Export 4”."""
    numbers = [int(figures) for figures in re.findall(r"\d+", typed) if len(figures) < 10]
    likely = [
        f"{kind}:{number}"
        for kind in ("export", "invalidation", "screening-act")
        for number in numbers
    ]
    begins = func.lower(Campaign.reference) == func.substr(
        typed.lower(), 1, func.length(Campaign.reference)
    )
    for campaign_id in session.scalars(select(Campaign.id).where(begins)).all():
        for kind in CAMPAIGN_KINDS:
            likely += _list_newest(session, kind, campaign_id, numbers)
    names = audit_subjects.find_names(session, likely)
    return [
        subject for subject in likely if names.get(subject, ("",))[0].casefold() == typed.casefold()
    ]


def _list_newest(session: Session, kind: str, campaign_id: int, numbers: list[int]) -> list[str]:
    model = CAMPAIGN_KINDS[kind]
    where: list[ColumnElement[bool]] = [model.campaign_id == campaign_id]
    if kind in _NUMBERED:
        where.append(_NUMBERED[kind].in_(numbers))
    newest = select(model.id).where(*where).order_by(model.id.desc()).limit(_NEWEST)
    return [f"{kind}:{row_id}" for row_id in session.scalars(newest)]
