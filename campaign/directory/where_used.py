"""Officials and missions alike: where one is used, and its slug, which two may want at once."""

from collections.abc import Collection, Sequence
from typing import Any

from flask_babel import gettext, ngettext
from sqlalchemy import Column, ColumnElement, Select, and_, exists, literal, not_, or_, select
from sqlalchemy.orm import Session, aliased

from campaign.core import audit, i18n
from campaign.core.db import references_to, table_of, update_rows, utcnow
from campaign.core.errors import NotFound
from campaign.directory.entry_fields import Entry, EntryModel, directory_of, model_of
from campaign.models.bundle import WaitingLetters
from campaign.models.campaign import ENDED, Campaign, CampaignStatus, Target, TargetKind
from campaign.models.directory import (
    ContactDetail,
    Directory,
    Membership,
    Mission,
    Official,
    mission_name,
    official_name,
)
from campaign.models.staff import StaffUser, sees

_OWN_TABLES = (table_of(ContactDetail), table_of(Membership))


def list_entries(
    session: Session, model: EntryModel, *where: ColumnElement[bool]
) -> Sequence[Entry]:
    query: Select[Any] = select(model).where(*where).order_by(model.slug)
    return session.scalars(query).all()


def get_entry(session: Session, directory: Directory, slug: str) -> Entry:
    model = model_of(directory)
    entries = list_entries(session, model, model.slug == slug)
    if not entries:
        raise NotFound(model.__tablename__, slug=slug)
    return entries[0]


def list_uses(session: Session, entry: Entry) -> list[str]:
    """List campaigns ("UA 58/20") that use the entry, by every foreign key."""
    columns = list_references(type(entry))
    return sorted({use for column in columns for use in _list_users(session, column, entry.id)})


def find_used(session: Session, model: EntryModel, ids: Collection[int]) -> set[int]:
    queries = (select(column).where(column.in_(ids)) for column in list_references(model))
    return {row_id for query in queries for row_id in session.scalars(query.distinct())}


def list_references(model: EntryModel) -> list[Column[Any]]:
    """List the columns outside the directory that refer to entries of the model."""
    return [column for column in references_to(model) if column.table not in _OWN_TABLES]


def list_uses_for(session: Session, entry: Entry, user: StaffUser) -> list[str]:
    return hide_other_teams(session, list_uses(session, entry), user)


def hide_other_teams(session: Session, uses: list[str], user: StaffUser) -> list[str]:
    """Return `uses` with campaigns of other teams counted, not named."""
    hidden = set(
        session.scalars(
            select(Campaign.reference).where(
                Campaign.reference.in_(uses), not_(sees(user, Campaign.id))
            )
        )
    )
    others = ngettext(
        "%(num)s campaign of another team", "%(num)s campaigns of other teams", len(hidden)
    )
    return [*(use for use in uses if use not in hidden), *([others] if hidden else [])]


def _list_users(session: Session, column: Column[Any], row_id: int) -> list[str]:
    table = column.table
    if "campaign_id" not in table.columns:
        is_used = session.scalar(select(literal(1)).select_from(table).where(column == row_id))
        return [_name_records(table.name)] if is_used else []
    return list(
        session.scalars(
            select(Campaign.reference)
            .join(table, table.c.campaign_id == Campaign.id)
            .where(column == row_id)
            .distinct()
        )
    )


def _name_records(table: str) -> str:
    if table in {"gate_visit", "delivery_attempt"}:
        return gettext("Deliveries")
    return gettext("Bundles") if table in {"bundle", "journey"} else gettext("Other records")


def list_writing_to(session: Session, official_id: int) -> Sequence[Campaign]:
    """List campaigns that are open, or open by themselves, with letters to the official."""
    return session.scalars(
        select(Campaign)
        .join(Target, Target.campaign_id == Campaign.id)
        .where(
            Target.official_id == official_id,
            Target.kind == TargetKind.TO,
            Campaign.status.in_((CampaignStatus.OPEN, CampaignStatus.SCHEDULED)),
        )
        .order_by(Campaign.reference)
    ).all()


def record_change(session: Session, entry: Entry, verb: str, actor: str, **detail: object) -> None:
    action = f"{directory_of(entry)}.{verb}"
    audit.record(session, actor, action, f"{entry.__tablename__}:{entry.public_id}", **detail)


def get_gone_name(entry: Entry) -> str:
    """Return what the audit calls an entry of which it keeps no more than this."""
    if isinstance(entry, Official):
        return official_name(entry, i18n.locale())
    return mission_name(entry, i18n.locale()) if entry.name else entry.slug


def show_change(session: Session, entry: Entry) -> None:
    """Have the public pages made anew on which the entry is named."""
    column = Target.official_id if isinstance(entry, Official) else Target.mission_id
    campaign_ids = select(Target.campaign_id).where(column == entry.id)
    update_rows(session, Campaign, Campaign.id.in_(campaign_ids), changed_at=utcnow())


def is_aimed_at() -> ColumnElement[bool]:
    """Whether a campaign that still writes aims at the official of the outer query."""
    return Official.id.in_(
        select(Target.official_id)
        .join(Campaign, Campaign.id == Target.campaign_id)
        .where(still_writes())
    )


def is_gone_through() -> ColumnElement[bool]:
    """Whether a campaign that is not over goes through the mission of the outer query."""
    return Mission.id.in_(
        select(Target.mission_id)
        .join(Campaign, Campaign.id == Target.campaign_id)
        .where(Campaign.status.not_in(ENDED), Target.mission_id.is_not(None))
    )


def still_writes() -> ColumnElement[bool]:
    """Whether letters to the target of the outer query, with its campaign, may yet be printed."""
    return or_(Campaign.status.not_in(ENDED), is_closed_with_letters())


def is_closed_with_letters() -> ColumnElement[bool]:
    """Whether letters that name the target wait for a bundle: as last counted, each minute."""
    addressed = aliased(Target)
    waiting = exists().where(
        WaitingLetters.letters > 0,
        WaitingLetters.target_id == addressed.id,
        addressed.campaign_id == Target.campaign_id,
        or_(addressed.id == Target.id, Target.kind == TargetKind.COPY),
    )
    return and_(Campaign.status == CampaignStatus.CLOSED, waiting)
