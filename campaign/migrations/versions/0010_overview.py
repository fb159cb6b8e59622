"""Figures of campaigns, and the triggers that tell what must be counted again."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_SIGNATURE = (
    "campaign_id", "state", "origin", "country", "region", "own_words", "full_text", "source", "locale",
    "letter_locale", "signed_at", "confirmed_at", "sent_by_self_at",
)  # fmt: skip
_LETTER = ("signature_id", "target_id", "bundle_id", "set_aside")
_TABLES = (("signature", "id", _SIGNATURE), ("letter", "signature_id", _LETTER))
"""Table, the column that tells the signature, and what counts in it."""


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "figures_due",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_figures_due"),
    )
    op.create_index("ix_figures_due_block", "figures_due", ["block"])
    op.create_table(
        "figures_block",
        sa.Column("block", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("counts", sa.LargeBinary(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("block", name="pk_figures_block"),
    )
    op.create_index("ix_figures_block_counted_at", "figures_block", ["counted_at"])
    numbers = ("confirmed", "pending", "held", "waiting", "expired")
    mails = ("bad_addresses", "mails_failed", "mails_waiting")
    op.create_table(
        "campaign_figures",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("timezone", sa.String(length=60), nullable=False),
        sa.Column("counts", sa.LargeBinary(), nullable=False),
        sa.Column("recent", sa.JSON(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in (*numbers, *mails)),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
            name="fk_campaign_figures_campaign_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("campaign_id", name="pk_campaign_figures"),
    )
    op.create_table(
        "figures_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mails_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expired_to", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_figures_run"),
    )
    op.create_table(
        "waiting_letters",
        sa.Column("block", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("locale", sa.String(length=12), nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["target_id"], ["target.id"], name="fk_waiting_letters_target_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("block", "target_id", "locale", name="pk_waiting_letters"),
    )
    op.create_index("ix_waiting_letters_target_id", "waiting_letters", ["target_id", "locale"])
    op.execute("INSERT INTO figures_due (block) SELECT DISTINCT id / 1000 FROM signature")
    make = _on_sqlite if op.get_bind().dialect.name == "sqlite" else _on_postgres
    for table, key, columns in _TABLES:
        make(table, key, columns)


def downgrade() -> None:
    """Back."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table, _key, _columns in _TABLES:
        for deed in ("insert", "update", "delete"):
            name = f"figures_{table}_{deed}"
            op.execute(f"DROP TRIGGER {name}" if sqlite else f"DROP TRIGGER {name} ON {table}")
        if not sqlite:
            op.execute(f"DROP FUNCTION figures_{table}_changed()")
    op.drop_table("waiting_letters")
    op.drop_table("figures_run")
    op.drop_table("campaign_figures")
    op.drop_table("figures_block")
    op.drop_table("figures_due")


def _on_sqlite(table: str, key: str, columns: tuple[str, ...]) -> None:
    # Who writes has the database alone: no other transaction's row can be lost by looking first.
    mark = (
        "INSERT INTO figures_due (block) SELECT {row}.{key} / 1000 WHERE NOT EXISTS "
        "(SELECT 1 FROM figures_due WHERE block = {row}.{key} / 1000);"
    )
    new, old = mark.format(row="NEW", key=key), mark.format(row="OLD", key=key)
    changed = " OR ".join(f"OLD.{one} IS NOT NEW.{one}" for one in columns)
    moved = old if key in columns else ""
    op.execute(f"CREATE TRIGGER figures_{table}_insert AFTER INSERT ON {table} BEGIN {new} END")
    op.execute(f"CREATE TRIGGER figures_{table}_delete AFTER DELETE ON {table} BEGIN {old} END")
    op.execute(
        f"CREATE TRIGGER figures_{table}_update AFTER UPDATE OF {', '.join(columns)} ON {table} "
        f"WHEN {changed} BEGIN {moved} {new} END"
    )


def _on_postgres(table: str, key: str, columns: tuple[str, ...]) -> None:
    # Once a statement, however many rows it changes; never a row that another one holds.
    changed = " OR ".join(f"n.{one} IS DISTINCT FROM o.{one}" for one in columns)
    op.execute(f"""
        CREATE FUNCTION figures_{table}_changed() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF TG_OP = 'INSERT' THEN
            INSERT INTO figures_due (block) SELECT DISTINCT {key} / 1000 FROM new_rows;
          ELSIF TG_OP = 'DELETE' THEN
            INSERT INTO figures_due (block) SELECT DISTINCT {key} / 1000 FROM old_rows;
          ELSE
            INSERT INTO figures_due (block)
            SELECT DISTINCT side.block FROM new_rows n JOIN old_rows o ON o.id = n.id
            CROSS JOIN LATERAL (VALUES (n.{key} / 1000), (o.{key} / 1000)) AS side(block)
            WHERE {changed};
          END IF;
          RETURN NULL;
        END $$
    """)  # noqa: S608 — names of our own tables
    for deed, rows in (
        ("INSERT", "NEW TABLE AS new_rows"),
        ("UPDATE", "OLD TABLE AS old_rows NEW TABLE AS new_rows"),
        ("DELETE", "OLD TABLE AS old_rows"),
    ):
        op.execute(
            f"CREATE TRIGGER figures_{table}_{deed.lower()} AFTER {deed} ON {table} "
            f"REFERENCING {rows} FOR EACH STATEMENT EXECUTE FUNCTION figures_{table}_changed()"
        )
