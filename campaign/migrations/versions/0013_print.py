"""What was printed of a bundle, reprints, cancelled bundles, sheets that travel, cover letters."""

import sqlalchemy as sa
from alembic import op

from campaign.migrations.enums import change_values

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_STATES = ("printing", "assembling", "ready", "failed")
_COLUMNS = (
    ("remade_at", lambda: sa.DateTime(timezone=True)),
    ("handed_over_at", lambda: sa.DateTime(timezone=True)),
    ("cancelled_at", lambda: sa.DateTime(timezone=True)),
    ("cancel_reason", sa.LargeBinary),
)


def upgrade() -> None:
    """To this revision."""
    change_values("bundle", "state", "bundlestate", _STATES, (*_STATES, "cancelled"))
    for name, kind in _COLUMNS:
        op.add_column("bundle", sa.Column(name, kind(), nullable=True))
    for name in ("taken_out", "released"):
        op.add_column("bundle", sa.Column(name, sa.JSON(), server_default="[]", nullable=False))
    op.execute(
        "UPDATE bundle SET handed_over_at = (SELECT min(a.created_at) FROM delivery_attempt a "
        "WHERE a.bundle_id = bundle.id AND a.outcome IN ('accepted', 'left', 'posted', 'courier'))"
    )
    _make_prints()
    _make_carried()
    _carry()
    _make_cover_texts()


def _make_prints() -> None:
    op.create_table(
        "bundle_print",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("bundle_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("zip_sha256", sa.String(length=64), nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("on_paper", sa.Integer(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("number >= 1", name="ck_bundle_print_number"),
        sa.ForeignKeyConstraint(
            ["bundle_id"], ["bundle.id"], name="fk_bundle_print_bundle_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_bundle_print"),
        sa.UniqueConstraint("bundle_id", "number", name="uq_bundle_print_bundle_id_number"),
    )
    op.create_table(
        "bundle_reprint",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("bundle_id", sa.Integer(), nullable=False),
        sa.Column("print_id", sa.Integer(), nullable=False),
        sa.Column("file", sa.String(length=80), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["bundle_id"], ["bundle.id"], name="fk_bundle_reprint_bundle_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["print_id"], ["bundle_print.id"], name="fk_bundle_reprint_print_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_user.id"], name="fk_bundle_reprint_staff_id"),
        sa.PrimaryKeyConstraint("id", name="pk_bundle_reprint"),
        sa.UniqueConstraint("public_id", name="uq_bundle_reprint_public_id"),
    )
    for name in ("bundle_id", "print_id"):
        op.create_index(f"ix_bundle_reprint_{name}", "bundle_reprint", [name])


def _make_carried() -> None:
    op.create_table(
        "carried_signature",
        sa.Column("bundle_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("signature_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bundle_id"], ["bundle.id"], name="fk_carried_signature_bundle_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["signature_id"],
            ["signature.id"],
            name="fk_carried_signature_signature_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("bundle_id", "position", name="pk_carried_signature"),
        sa.UniqueConstraint("signature_id", name="uq_carried_signature_signature_id"),
    )


def _carry() -> None:
    """The people on sheets that travelled so far: a bundle kept only how many they were."""
    connection = op.get_bind()
    bundle = sa.table(
        "bundle", *map(sa.column, ("id", "campaign_id", "state")), sa.column("frozen", sa.JSON)
    )
    signature = sa.table("signature", *map(sa.column, ("id", "campaign_id", "state", "origin")))
    carried = sa.table(
        "carried_signature", *map(sa.column, ("bundle_id", "position", "signature_id"))
    )
    for row in connection.execute(sa.select(bundle).order_by(bundle.c.id)).all():
        people = int(row.frozen.get("on_paper", 0))
        if not people or row.state == "failed":
            continue
        ids = connection.scalars(
            sa.select(signature.c.id)
            .where(
                signature.c.campaign_id == row.campaign_id,
                signature.c.origin == "paper",
                signature.c.state == "confirmed",
                signature.c.id.not_in(sa.select(carried.c.signature_id)),
            )
            .order_by(signature.c.id)
            .limit(people)
        ).all()
        if ids:
            rows = [
                {"bundle_id": row.id, "position": at, "signature_id": one}
                for at, one in enumerate(ids, 1)
            ]
            connection.execute(sa.insert(carried), rows)


def _make_cover_texts() -> None:
    op.create_table(
        "cover_text",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mission_id", sa.Integer(), nullable=False),
        sa.Column("locale", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("salutation", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("close", sa.String(length=200), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["staff_user.id"], name="fk_cover_text_created_by_id"
        ),
        sa.ForeignKeyConstraint(
            ["mission_id"], ["mission.id"], name="fk_cover_text_mission_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_cover_text"),
        sa.UniqueConstraint(
            "mission_id", "locale", "version", name="uq_cover_text_mission_id_locale_version"
        ),
    )


def downgrade() -> None:
    """Back. A bundle that was cancelled is then one that failed; it holds no letters."""
    for table in ("cover_text", "carried_signature", "bundle_reprint", "bundle_print"):
        op.drop_table(table)
    op.execute(
        "UPDATE bundle SET state = 'failed', failure = 'cancelled' WHERE state = 'cancelled'"
    )
    for name in ("taken_out", "released"):
        op.drop_column("bundle", name)
    for name, _ in reversed(_COLUMNS):
        op.drop_column("bundle", name)
    change_values("bundle", "state", "bundlestate", (*_STATES, "cancelled"), _STATES)
