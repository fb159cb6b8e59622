"""Signatures on paper, and what officials answered."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from campaign.migrations.enums import change_values

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_SEATS: Any = (1, 2)
_MORE_SEATS: Any = (1, 2, 3)
_ELSEWHERE = sa.text("origin <> 'online'")
_UNFILLED = sa.text("person_hmac IS NULL AND state <> 'erased'")


def upgrade() -> None:
    """To this revision."""
    _alter_shared()
    _make_sheets()
    _make_replies()
    _make_scans()
    _make_imports()


def downgrade() -> None:
    """Back."""
    for table in ("paper_import", "scan", "reply_translation", "reply", "paper_row", "paper_sheet"):
        op.drop_table(table)
    for name in ("without_person", "person", "on_paper"):
        op.drop_index(f"ix_signature_{name}", table_name="signature")
    op.execute("DELETE FROM signature WHERE origin <> 'online'")
    op.drop_column("signature", "origin")
    op.drop_column("signature", "person_hmac")
    change_values("signature", "seat", "seat", _MORE_SEATS, _SEATS)
    op.drop_column("campaign_tally", "on_paper")
    op.drop_column("update", "target_id")


def _alter_shared() -> None:
    change_values("signature", "seat", "seat", _SEATS, _MORE_SEATS)
    op.add_column("signature", sa.Column("person_hmac", sa.LargeBinary(length=32), nullable=True))
    # As SQL: Alembic would make SQLite's tables anew, and all that hangs on them would go.
    op.execute(
        "ALTER TABLE signature ADD COLUMN origin VARCHAR(24) DEFAULT 'online' NOT NULL "
        "CONSTRAINT ck_signature_origin CHECK (origin IN ('online', 'paper', 'import'))"
    )
    op.create_index(
        "ix_signature_on_paper",
        "signature",
        ["campaign_id", "state", "origin"],
        sqlite_where=_ELSEWHERE,
        postgresql_where=_ELSEWHERE,
    )
    op.create_index("ix_signature_person", "signature", ["campaign_id", "person_hmac"])
    op.create_index(
        "ix_signature_without_person",
        "signature",
        ["id"],
        sqlite_where=_UNFILLED,
        postgresql_where=_UNFILLED,
    )
    op.add_column(
        "campaign_tally", sa.Column("on_paper", sa.Integer(), nullable=False, server_default="0")
    )
    op.execute(
        'ALTER TABLE "update" ADD COLUMN target_id INTEGER '
        "CONSTRAINT fk_update_target_id REFERENCES target (id)"
    )


def _make_sheets() -> None:
    op.create_table(
        "paper_sheet",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        _enum("kind", "sheetkind", "sheet", "card"),
        _enum("origin", "origin", "online", "paper", "import"),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("collected_on", sa.Date(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("rows_by_hand", sa.Integer(), nullable=True),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("rows_by_hand >= 0", name=op.f("ck_paper_sheet_rows_by_hand")),
        _reference("paper_sheet", "campaign_id", "campaign"),
        _reference("paper_sheet", "created_by_id", "staff_user"),
        *_keys("paper_sheet"),
    )
    op.create_index("ix_paper_sheet_campaign_id", "paper_sheet", ["campaign_id", "id"])
    op.create_table(
        "paper_row",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("sheet_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        _enum("verdict", "rowverdict", "counted", "double", "removed"),
        sa.Column("told_apart", sa.Boolean(), nullable=False),
        sa.Column("signature_id", sa.Integer(), nullable=True),
        sa.Column("twin_id", sa.Integer(), nullable=True),
        sa.Column("email_hmac", sa.LargeBinary(length=32), nullable=True),
        sa.Column("details", sa.LargeBinary(), nullable=True),
        sa.Column("keyed_by_id", sa.Integer(), nullable=True),
        sa.Column("keyed_at", sa.DateTime(timezone=True), nullable=False),
        _reference("paper_row", "sheet_id", "paper_sheet", "CASCADE"),
        _reference("paper_row", "signature_id", "signature", "SET NULL"),
        _reference("paper_row", "twin_id", "signature", "SET NULL"),
        _reference("paper_row", "keyed_by_id", "staff_user"),
        sa.UniqueConstraint("sheet_id", "position", name=op.f("uq_paper_row_sheet_id_position")),
        sa.UniqueConstraint("signature_id", name=op.f("uq_paper_row_signature_id")),
        *_keys("paper_row"),
    )
    op.create_index(op.f("ix_paper_row_twin_id"), "paper_row", ["twin_id"])
    op.create_index(op.f("ix_paper_row_email_hmac"), "paper_row", ["email_hmac"])


def _make_replies() -> None:
    op.create_table(
        "reply",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=True),
        sa.Column("mission_id", sa.Integer(), nullable=True),
        sa.Column("delivery_id", sa.Integer(), nullable=True),
        sa.Column("received_on", sa.Date(), nullable=False),
        _enum("channel", "channel", "letter", "email", "phone", "meeting", "post"),
        sa.Column("locale", sa.String(length=12), nullable=False),
        sa.Column("sender", sa.LargeBinary(), nullable=False),
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("notes", sa.LargeBinary(), nullable=False),
        sa.Column("titles", sa.JSON(), nullable=False),
        sa.Column("bars", sa.JSON(), nullable=False),
        sa.Column("shown_page", sa.String(length=40), nullable=False),
        _enum("state", "replystate", "draft", "published", "taken-back"),
        sa.Column("from_mail", sa.Boolean(), nullable=False),
        sa.Column("sender_known", sa.Boolean(), nullable=False),
        sa.Column("message_digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("update_id", sa.Integer(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _reference("reply", "campaign_id", "campaign", "CASCADE"),
        _reference("reply", "target_id", "target", "SET NULL"),
        _reference("reply", "mission_id", "mission", "SET NULL"),
        _reference("reply", "delivery_id", "delivery_attempt", "SET NULL"),
        _reference("reply", "update_id", "update", "SET NULL"),
        _reference("reply", "created_by_id", "staff_user"),
        sa.UniqueConstraint("update_id", name=op.f("uq_reply_update_id")),
        sa.UniqueConstraint("message_digest", name=op.f("uq_reply_message_digest")),
        *_keys("reply"),
    )
    for column in ("campaign_id", "target_id", "mission_id"):
        op.create_index(op.f(f"ix_reply_{column}"), "reply", [column])
    op.create_table(
        "reply_translation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reply_id", sa.Integer(), nullable=False),
        sa.Column("locale", sa.String(length=12), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        _reference("reply_translation", "reply_id", "reply", "CASCADE"),
        sa.UniqueConstraint(
            "reply_id", "locale", name=op.f("uq_reply_translation_reply_id_locale")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply_translation")),
    )


def _make_scans() -> None:
    op.create_table(
        "scan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("sheet_id", sa.Integer(), nullable=True),
        sa.Column("reply_id", sa.Integer(), nullable=True),
        _enum("kind", "scankind", "image", "pdf"),
        sa.Column("folder", sa.String(length=40), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("byte_count", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(sheet_id IS NULL) <> (reply_id IS NULL)", name=op.f("ck_scan_one_owner")
        ),
        _reference("scan", "sheet_id", "paper_sheet", "CASCADE"),
        _reference("scan", "reply_id", "reply", "CASCADE"),
        *_keys("scan"),
    )
    op.create_index(op.f("ix_scan_sheet_id"), "scan", ["sheet_id"])
    op.create_index(op.f("ix_scan_reply_id"), "scan", ["reply_id"])


def _make_imports() -> None:
    op.create_table(
        "paper_import",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.LargeBinary(), nullable=False),
        sa.Column("storage_key", sa.String(length=60), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        _enum(
            "state",
            "paperimportstate",
            "uploaded",
            "rehearsing",
            "ready",
            "applying",
            "applied",
            "failed",
        ),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("findings", sa.LargeBinary(), nullable=True),
        sa.Column("sheet_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        _reference("paper_import", "campaign_id", "campaign"),
        _reference("paper_import", "owner_id", "staff_user", "CASCADE"),
        _reference("paper_import", "sheet_id", "paper_sheet", "SET NULL"),
        *_keys("paper_import"),
    )
    for column in ("campaign_id", "owner_id", "expires_at"):
        op.create_index(op.f(f"ix_paper_import_{column}"), "paper_import", [column])


def _enum(column: str, name: str, *values: str) -> sa.Column[str]:
    kind = sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=24)
    return sa.Column(column, kind, nullable=False)


def _reference(
    table: str, column: str, to: str, ondelete: str | None = None
) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}")
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=name, ondelete=ondelete)


def _keys(table: str) -> tuple[sa.Constraint, sa.Constraint]:
    return (
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("public_id", name=op.f(f"uq_{table}_public_id")),
    )
