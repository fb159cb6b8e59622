"""Bundles that go by post to an official's own address: without a mission.

A bundle has a mission or an official. What belongs to a bundle (journey, visit, attempt) has no
mission where its bundle has none. Going back, each such official becomes a mission, as people
helped themselves before; coming up again, those become officials.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from campaign.migrations.enums import edit_schema

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

_WITH_MISSION = ("bundle", "journey", "gate_visit", "delivery_attempt")
_NOT_NULL, _NULL = "mission_id INTEGER NOT NULL", "mission_id INTEGER"
_ONE = "(mission_id IS NULL) <> (official_id IS NULL)"
_INDEX = "ix_bundle_campaign_id_official_id_sequence"
_SOURCE = "by-post:"
"""What the source of a mission begins with that stands for an official, by the official's id."""
_BUNDLE = sa.table(
    "bundle",
    sa.column("id"),
    sa.column("mission_id"),
    sa.column("official_id"),
    sa.column("journey_id"),
)
_ATTEMPT = sa.table(
    "delivery_attempt", sa.column("mission_id"), sa.column("bundle_id"), sa.column("visit_id")
)
_PLACE = ("address", "locality", "region", "postal_code", "search", "created_at")
_OFFICIAL = sa.table(
    "official",
    sa.column("id"),
    sa.column("public_id"),
    sa.column("office"),
    sa.column("country"),
    *map(sa.column, _PLACE),
)
_MISSION_ONLY = (
    "slug",
    "kind",
    "name",
    "sending_country",
    "host_country",
    "accredited_to",
    "head_of_mission",
    "hours",
    "source_id",
)
_MISSION = sa.table(
    "mission", sa.column("id"), sa.column("public_id"), *map(sa.column, (*_PLACE, *_MISSION_ONLY))
)


def upgrade() -> None:
    """To this revision."""
    for table in _WITH_MISSION:
        _change_null(table, needed=False)
    # Not a batch: a new table in place of `bundle` would take the volumes with the old one.
    op.execute(
        "ALTER TABLE bundle ADD COLUMN official_id INTEGER "
        "CONSTRAINT fk_bundle_official_id REFERENCES official (id) "
        f"CONSTRAINT ck_bundle_one_destination CHECK ({_ONE})"
    )
    op.create_index("ix_bundle_official_id", "bundle", ["official_id"])
    op.create_index(_INDEX, "bundle", ["campaign_id", "official_id", "sequence"], unique=True)
    _officials_of_missions()


def downgrade() -> None:
    """Back: an official to whom a bundle went by post becomes a mission."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE bundle DROP CONSTRAINT ck_bundle_one_destination")
    by_post = op.get_bind().execute(
        sa.select(_BUNDLE.c.official_id).where(_BUNDLE.c.official_id.is_not(None)).distinct()
    )
    missions = {official_id: _mission_of(official_id) for official_id in by_post.scalars().all()}
    op.drop_index(_INDEX, table_name="bundle")
    op.drop_index("ix_bundle_official_id", table_name="bundle")
    bundles = {one: _bundles_of(one) for one in missions}
    op.drop_column("bundle", "official_id")
    for official_id, mission_id in missions.items():
        _set_mission(bundles[official_id], mission_id)
    for table in _WITH_MISSION:
        _change_null(table, needed=True)


def _change_null(table: str, *, needed: bool) -> None:
    if op.get_bind().dialect.name == "postgresql":
        verb = "SET" if needed else "DROP"
        op.execute(f"ALTER TABLE {table} ALTER COLUMN mission_id {verb} NOT NULL")
        return
    old, new = (f"{_NULL},", f"{_NOT_NULL},") if needed else (f"{_NOT_NULL},", f"{_NULL},")
    edit_schema(table, old, new)


def _bundles_of(official_id: int) -> list[int]:
    wanted = sa.select(_BUNDLE.c.id).where(_BUNDLE.c.official_id == official_id)
    return list(op.get_bind().execute(wanted).scalars())


def _mission_of(official_id: int) -> int:
    """A mission that stands for an official, with the official's address."""
    connection = op.get_bind()
    given: dict[str, Any] = {name: _OFFICIAL.c[name] for name in ("public_id", *_PLACE)} | {
        "slug": sa.literal(f"by-post-{official_id}"),
        "kind": sa.literal("embassy"),
        "name": _OFFICIAL.c.office,
        "sending_country": _OFFICIAL.c.country,
        "host_country": _OFFICIAL.c.country,
        "accredited_to": sa.cast("[]", sa.JSON) if _is_postgres() else sa.literal("[]"),
        "head_of_mission": sa.literal(""),
        "hours": sa.literal(""),
        "source_id": sa.literal(f"{_SOURCE}{official_id}"),
    }
    chosen = sa.select(*given.values()).where(_OFFICIAL.c.id == official_id)
    connection.execute(sa.insert(_MISSION).from_select(list(given), chosen))
    source = _MISSION.c.source_id == f"{_SOURCE}{official_id}"
    return int(connection.execute(sa.select(_MISSION.c.id).where(source)).scalar_one())


def _set_mission(bundles: list[int], mission_id: int | None) -> None:
    """Give these bundles, and all that belongs to them, this mission."""
    connection = op.get_bind()
    journeys = sa.select(_BUNDLE.c.journey_id).where(_BUNDLE.c.id.in_(bundles))
    visits = sa.select(_ATTEMPT.c.visit_id).where(_ATTEMPT.c.bundle_id.in_(bundles))
    for name, key, wanted in (
        ("journey", "id", journeys),
        ("gate_visit", "id", visits),
        ("delivery_attempt", "bundle_id", bundles),
        ("bundle", "id", bundles),
    ):
        table = sa.table(name, sa.column(key), sa.column("mission_id"))
        connection.execute(
            sa.update(table).where(table.c[key].in_(wanted)).values(mission_id=mission_id)
        )


def _officials_of_missions() -> None:
    """Missions that stand for officials become these again."""
    connection = op.get_bind()
    standing = sa.select(_MISSION.c.id, _MISSION.c.source_id).where(
        _MISSION.c.source_id.like(f"{_SOURCE}%")
    )
    for mission_id, source in connection.execute(standing).all():
        mine = sa.select(_BUNDLE.c.id).where(_BUNDLE.c.mission_id == mission_id)
        bundles = list(connection.execute(mine).scalars())
        official_id = int(source.removeprefix(_SOURCE))
        # Both at once: the check lets no bundle have two, or none.
        connection.execute(
            sa.update(_BUNDLE)
            .where(_BUNDLE.c.id.in_(bundles))
            .values(official_id=official_id, mission_id=None)
        )
        _set_mission(bundles, None)
        connection.execute(sa.delete(_MISSION).where(_MISSION.c.id == mission_id, _unused()))


def _unused() -> sa.ColumnElement[bool]:
    """Whether nobody has chosen the mission meanwhile."""
    others = [
        sa.table(name, sa.column("mission_id")) for name in (*_WITH_MISSION, "target", "reply")
    ]
    return sa.and_(*(~sa.exists().where(one.c.mission_id == _MISSION.c.id) for one in others))


def _is_postgres() -> bool:
    return bool(op.get_bind().dialect.name == "postgresql")
