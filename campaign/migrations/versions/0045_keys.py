"""Rows have a random name to which their sealed values are bound; keys have versions.

Values from before stay as they are until `campaign keys rotate` seals them anew. Backwards, those
that are bound to their row are sealed as before; once fingerprints have turned there is no way back.
"""

import sqlalchemy as sa
from alembic import op

from campaign.core.db import keyring_of

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

_NAME = "seal_id"
_BATCH = 500
_TABLES = {
    "figures_block": (("block",), ("counts",)),
    "letters_link": (("id",), ("email",)),
    "mission": (("id",), ("door_notes",)),
    "network_member": (("id",), ("email",)),
    "staff_user": (("id",), ("email", "name", "totp_secret")),
    "campaign": (("id",), ("forbidden_words",)),
    "directory_import": (("id",), ("file_name", "failure")),
    "export_key": (("id",), ("label",)),
    "gate_visit": (("id",), ("delegates", "received_by", "notes")),
    "new_campaign_draft": (("staff_id",), ("content",)),
    "bundle": (("id",), ("cancel_reason",)),
    "campaign_figures": (("campaign_id",), ("counts",)),
    "desk_draft": (("id",), ("content",)),
    "directory_import_row": (("id",), ("detail",)),
    "invalidation": (("id",), ("conditions", "reason")),
    "outbox_mail": (("id",), ("recipient", "context")),
    "proposal": (("id",), ("payload", "note")),
    "revision": (("id",), ("content",)),
    "risk_flag": (("id",), ("words",)),
    "data_export": (("id",), ("reason", "decision_note")),
    "file_approval": (("id",), ("reason",)),
    "paper_import": (("id",), ("file_name", "findings")),
    "signature": (
        ("id",),
        (
            "given_name",
            "family_name",
            "email",
            "locality",
            "region",
            "postal_code",
            "own_words",
            "full_text",
            "trace",
        ),
    ),
    "volume": (("id",), ("region",)),
    "bundle_reprint": (("id",), ("reason",)),
    "hold": (("signature_id",), ("note",)),
    "letter": (("id",), ("set_aside_detail",)),
    "paper_row": (("id",), ("details",)),
    "reply": (("id",), ("sender", "subject", "text", "notes")),
    "reply_translation": (("id",), ("text",)),
}
"""Primary key and sealed columns of each."""


def upgrade() -> None:
    """To this revision."""
    is_postgres = op.get_bind().dialect.name == "postgresql"
    # PostgreSQL draws another name for each row; SQLite takes constants alone, and is told after.
    default = "uuid_send(gen_random_uuid())" if is_postgres else "x''"
    for table in _TABLES:
        column = sa.Column(
            _NAME, sa.LargeBinary(16), nullable=False, server_default=sa.text(default)
        )
        op.add_column(table, column)
        if is_postgres:
            op.alter_column(table, _NAME, server_default=None)
        else:
            op.execute(f"UPDATE {table} SET {_NAME} = randomblob(16)")  # noqa: S608
    op.create_table(
        "key_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sealing", sa.Integer(), nullable=False),
        sa.Column("bound", sa.Integer(), nullable=False),
        sa.Column("look_ups", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=10), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_state")),
    )


def downgrade() -> None:
    """Back. Raises ValueError where fingerprints are of a later key: nobody would be found."""
    if op.get_bind().scalar(sa.text("SELECT max(look_ups) FROM key_state")) not in {None, 1}:
        raise ValueError("the keys have turned: there is no way back")
    for table, (keys, columns) in _TABLES.items():
        _seal_as_before(table, keys[0], columns)
        op.drop_column(table, _NAME)
    op.drop_table("key_state")


def _seal_as_before(name: str, key: str, columns: tuple[str, ...]) -> None:
    bind = op.get_bind()
    table = sa.table(
        name,
        sa.column(key, sa.Integer()),
        *(sa.column(column, sa.LargeBinary()) for column in (_NAME, *columns)),
    )
    pages = sa.select(table).order_by(table.c[key]).limit(_BATCH)
    last = None
    while rows := bind.execute(pages if last is None else pages.where(table.c[key] > last)).all():
        for row in rows:
            values = row._mapping  # noqa: SLF001 — its public name
            sealed = {
                column: _as_before(bind, f"{name}.{column}", values[column], values[_NAME])
                for column in columns
                if values[column] is not None
            }
            if sealed:
                at = table.c[key] == values[key]
                bind.execute(sa.update(table).where(at).values(sealed))
        last = rows[-1]._mapping[key]  # noqa: SLF001


def _as_before(bind: sa.Connection, place: str, sealed: bytes, row: bytes) -> bytes:
    keyring = keyring_of(bind.dialect)
    return keyring.seal_unversioned(keyring.open(bytes(sealed), place, bytes(row)), place)
