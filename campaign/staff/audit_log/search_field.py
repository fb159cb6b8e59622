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
from campaign.staff.audit_log.by_campaign import KINDS
from campaign.staff.audit_log.list_entries import known_subjects
from campaign.staff.staff_users import find_by_email

_NUMBERED = {
    "bundle": Bundle.sequence,
    "paper-sheet": PaperSheet.id,
    "paper-import": PaperImport.id,
}
"""What belongs to a campaign and is called by a number, in these columns."""
_NEWEST = 1_000
"""How many are looked at of what is called by its day."""


def subjects_of(session: Session, typed: str) -> tuple[str, ...] | None:
    """The subjects meant: none where there is no such thing, None where nothing is said."""
    typed = " ".join(typed.split())
    if not typed:
        return None
    if named := known_subjects(session, typed.split()):
        return named
    said = typed.lower()
    found = [f"staff:{user.id}" for user in _staff_called(session, typed)]
    called_so = or_(Campaign.slug == said, func.lower(Campaign.reference) == said)
    ids = session.scalars(select(Campaign.id).where(called_so))
    found.extend(f"campaign:{one}" for one in ids)
    found.extend(_of_directory(session, typed))
    return known_subjects(session, found or _shown_so(session, typed))


def _staff_called(session: Session, typed: str) -> list[StaffUser]:
    by_email = find_by_email(session, typed) if "@" in typed else None
    if by_email is not None:
        return [by_email]
    # Names are sealed: only here can they be compared.
    users = session.scalars(select(StaffUser)).all()
    return [user for user in users if user.name and user.name.casefold() == typed.casefold()]


def _of_directory(session: Session, typed: str) -> Iterator[str]:
    """Officials by name or slug, missions by slug, and journeys, which are called as these."""
    said = typed.lower()
    named = or_(Official.slug == said, Official.name == typed)
    for one in session.scalars(select(Official.public_id).where(named)):
        yield f"official:{one}"
    for key, public_id in session.execute(
        select(Mission.id, Mission.public_id).where(Mission.slug == said)
    ).all():
        yield f"mission:{public_id}"
        for number in session.scalars(select(Journey.id).where(Journey.mission_id == key)):
            yield f"journey:{number}"


def _shown_so(session: Session, typed: str) -> list[str]:
    """What the column calls so: “UA 58/20 · 001”, “Export 4”."""
    numbers = [int(one) for one in re.findall(r"\d+", typed) if len(one) < 10]
    likely = [
        f"{kind}:{one}" for kind in ("export", "invalidation", "screening-act") for one in numbers
    ]
    begins = func.lower(Campaign.reference) == func.substr(
        typed.lower(), 1, func.length(Campaign.reference)
    )
    for one in session.scalars(select(Campaign.id).where(begins)).all():
        likely += [subject for kind in KINDS for subject in _likely(session, kind, one, numbers)]
    names = audit_subjects.names_of(session, likely)
    return [one for one in likely if names.get(one, ("",))[0].casefold() == typed.casefold()]


def _likely(session: Session, kind: str, campaign: int, numbers: list[int]) -> list[str]:
    of = KINDS[kind]
    where: list[ColumnElement[bool]] = [of.campaign_id == campaign]
    if kind in _NUMBERED:
        where.append(_NUMBERED[kind].in_(numbers))
    newest = select(of.id).where(*where).order_by(of.id.desc()).limit(_NEWEST)
    return [f"{kind}:{one}" for one in session.scalars(newest)]
