"""Visits to the gate, envelopes, letters that go through another mission."""

import sqlalchemy as sa
from alembic import op

from campaign.migrations.enums import change_values

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_OUTCOMES = ("accepted", "refused", "left", "posted", "courier")
_MORE_OUTCOMES = ("accepted", "part", "refused", "left", "posted", "courier", "stopped")
_VISIT_COLUMNS = ("update_id", "taken_to", "taken_from", "visit_id")


def upgrade() -> None:
    """To this revision."""
    _make_visits()
    change_values("delivery_attempt", "outcome", "deliveryoutcome", _OUTCOMES, _MORE_OUTCOMES)
    # As SQL: Alembic would make SQLite's table anew, and all that hangs on it would go.
    for name, table in (("visit_id", "gate_visit"), ("update_id", '"update"')):
        op.execute(
            f"ALTER TABLE delivery_attempt ADD COLUMN {name} INTEGER "
            f"CONSTRAINT fk_delivery_attempt_{name} REFERENCES {table} (id)"
        )
    for name in ("taken_from", "taken_to"):
        op.add_column("delivery_attempt", sa.Column(name, sa.Integer(), nullable=True))
    op.create_index(
        "ix_delivery_attempt_visit_id_bundle_id",
        "delivery_attempt",
        ["visit_id", "bundle_id"],
        unique=True,
    )
    op.create_index("ix_delivery_attempt_update_id", "delivery_attempt", ["update_id"], unique=True)
    _make_envelopes()
    _make_moves()
    op.create_table(
        "update_picture",
        _refers("update_picture", "update_id", "update", deletion="CASCADE"),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("alt", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("update_id", "position", name=op.f("pk_update_picture")),
    )
    op.create_index(op.f("ix_update_picture_key"), "update_picture", ["key"])


def downgrade() -> None:
    """Back. What only newer tables hold is lost; letters stay in the bundle that they are in."""
    for table in ("update_picture", "letter_move", "rerouting", "envelope", "envelope_run"):
        op.drop_table(table)
    op.execute("UPDATE delivery_attempt SET outcome = 'accepted' WHERE outcome = 'part'")
    op.execute("UPDATE delivery_attempt SET outcome = 'refused' WHERE outcome = 'stopped'")
    op.drop_index("ix_delivery_attempt_update_id", table_name="delivery_attempt")
    op.drop_index("ix_delivery_attempt_visit_id_bundle_id", table_name="delivery_attempt")
    for name in _VISIT_COLUMNS:
        op.drop_column("delivery_attempt", name)
    change_values("delivery_attempt", "outcome", "deliveryoutcome", _MORE_OUTCOMES, _OUTCOMES)
    op.drop_table("gate_file")
    op.drop_table("gate_visit")


def _make_visits() -> None:
    op.create_table(
        "gate_visit",
        *_named("gate_visit"),
        sa.Column("key", sa.String(length=64), nullable=False),
        _refers("gate_visit", "mission_id", "mission"),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("happened_time", sa.Time(), nullable=True),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("delegates", sa.LargeBinary(), nullable=False),
        sa.Column("received_by", sa.LargeBinary(), nullable=False),
        sa.Column("notes", sa.LargeBinary(), nullable=False),
        sa.Column("tracking", sa.String(length=60), nullable=False),
        _refers("gate_visit", "created_by_id", "staff_user", nullable=True),
        _created(),
        sa.UniqueConstraint("key", name=op.f("uq_gate_visit_key")),
    )
    op.create_index(op.f("ix_gate_visit_mission_id"), "gate_visit", ["mission_id"])
    op.create_table(
        "gate_file",
        *_named("gate_file"),
        _refers("gate_file", "visit_id", "gate_visit", deletion="CASCADE"),
        _enum("kind", "gatefilekind", "picture", "receipt"),
        _enum("format", "gatefileformat", "image", "pdf"),
        sa.Column("folder", sa.String(length=40), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        _created(),
    )
    op.create_index(op.f("ix_gate_file_visit_id"), "gate_file", ["visit_id"])


def _make_envelopes() -> None:
    op.create_table(
        "envelope_run",
        *_named("envelope_run"),
        _refers("envelope_run", "bundle_id", "bundle"),
        sa.Column("letters_each", sa.Integer(), nullable=False),
        sa.Column("with_letters", sa.Boolean(), nullable=False),
        sa.Column("letter_count", sa.Integer(), nullable=False),
        sa.Column("envelope_count", sa.Integer(), nullable=False),
        _enum("state", "runstate", "waiting", "printing", "ready", "failed"),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("failure", sa.String(length=60), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        _refers("envelope_run", "created_by_id", "staff_user", nullable=True),
        _created(),
        sa.UniqueConstraint("bundle_id", name=op.f("uq_envelope_run_bundle_id")),
        sa.CheckConstraint(
            "letters_each BETWEEN 1 AND 500", name=op.f("ck_envelope_run_letters_each")
        ),
    )
    op.create_index("ix_envelope_run_state_lease_until", "envelope_run", ["state", "lease_until"])
    op.create_table(
        "envelope",
        sa.Column("id", sa.Integer(), nullable=False),
        _refers("envelope", "run_id", "envelope_run", deletion="CASCADE"),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("first_number", sa.Integer(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False),
        _refers("envelope", "attempt_id", "delivery_attempt", nullable=True),
        sa.Column("tracking", sa.String(length=60), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_envelope")),
        sa.UniqueConstraint("run_id", "sequence", name=op.f("uq_envelope_run_id_sequence")),
        sa.CheckConstraint("first_number <= last_number", name=op.f("ck_envelope_numbers")),
        sa.CheckConstraint("letters >= 1", name=op.f("ck_envelope_letters")),
    )
    op.create_index(op.f("ix_envelope_attempt_id"), "envelope", ["attempt_id"])


def _make_moves() -> None:
    op.create_table(
        "rerouting",
        sa.Column("id", sa.Integer(), nullable=False),
        _refers("rerouting", "from_bundle_id", "bundle"),
        _refers("rerouting", "to_bundle_id", "bundle"),
        sa.Column("letters", sa.Integer(), nullable=False),
        _refers("rerouting", "created_by_id", "staff_user", nullable=True),
        _created(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rerouting")),
        sa.UniqueConstraint("to_bundle_id", name=op.f("uq_rerouting_to_bundle_id")),
    )
    op.create_index(op.f("ix_rerouting_from_bundle_id"), "rerouting", ["from_bundle_id"])
    op.create_table(
        "letter_move",
        _refers("letter_move", "letter_id", "letter", deletion="CASCADE"),
        _refers("letter_move", "bundle_id", "bundle"),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("letter_id", "bundle_id", name=op.f("pk_letter_move")),
    )


def _named(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("public_id", name=op.f(f"uq_{table}_public_id")),
    )


def _created() -> sa.Column[object]:
    return sa.Column("created_at", sa.DateTime(timezone=True), nullable=False)


def _refers(
    table: str, name: str, other: str, *, nullable: bool = False, deletion: str | None = None
) -> sa.Column[int]:
    key = sa.ForeignKey(f"{other}.id", name=op.f(f"fk_{table}_{name}"), ondelete=deletion)
    return sa.Column(name, sa.Integer(), key, nullable=nullable)


def _enum(name: str, kind: str, *values: str) -> sa.Column[str]:
    choice = sa.Enum(*values, name=kind, native_enum=False, create_constraint=True, length=24)
    return sa.Column(name, choice, nullable=False)
