"""What campaigns say is sealed: texts of one that is not open yet lie in no copy in clear."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from campaign.core.db import keyring_of
from campaign.core.sealing import Keyring, KeyState

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

_BATCH = 500
_NAMED = ("edition", "letter_template", "talking_point")
"""Tables whose rows get the name to which their values are bound."""
_TEXT, _SHORT = sa.Text(), sa.String(200)
_COLUMNS: dict[str, dict[str, sa.types.TypeEngine[Any]]] = {
    "campaign": {"person_name": _SHORT, "review_note": _TEXT, "picture_alt": sa.JSON()},
    "edition": {
        "person_name": _SHORT,
        "title": _SHORT,
        "summary": _TEXT,
        "background": _TEXT,
        "asks": sa.JSON(),
        "outcome": _TEXT,
    },
    "letter_template": {"subject": _SHORT, "opening": _TEXT, "closing": _TEXT},
    "talking_point": {"text": _TEXT},
}
_PADDED = {
    ("campaign", "person_name"): 64,
    ("edition", "person_name"): 64,
    ("edition", "title"): 64,
    ("letter_template", "subject"): 64,
}
_EMPTY_JSON = {"asks": "[]", "picture_alt": "{}"}


def upgrade() -> None:
    """To this revision."""
    default = "uuid_send(gen_random_uuid())" if _is_postgres() else "x''"
    for table in _NAMED:
        column = sa.Column(
            "seal_id", sa.LargeBinary(16), nullable=False, server_default=sa.text(default)
        )
        op.add_column(table, column)
        if _is_postgres():
            op.alter_column(table, "seal_id", server_default=None)
        else:
            op.execute(f"UPDATE {table} SET seal_id = randomblob(16)")  # noqa: S608
    empty = "'\\x04'::bytea" if _is_postgres() else "x'04'"
    for table, columns in _COLUMNS.items():
        for name in columns:
            nullable, standing = name in _EMPTY_JSON, None if name in _EMPTY_JSON else empty
            _add(table, name, sa.LargeBinary(), standing, nullable=nullable)
        _change(table, _seal)
        _put_in_place(table)


def downgrade() -> None:
    """Back."""
    for table, columns in _COLUMNS.items():
        for name, kind in columns.items():
            _add(table, name, kind, f"'{_EMPTY_JSON.get(name, '')}'", nullable=False)
        _change(table, _open)
        _put_in_place(table)
    for table in _NAMED:
        op.drop_column(table, "seal_id")


def _add(
    table: str, name: str, kind: sa.types.TypeEngine[Any], empty: str | None, *, nullable: bool
) -> None:
    default = sa.text(empty) if empty else None
    op.add_column(
        table, sa.Column(f"{name}_moved", kind, nullable=nullable, server_default=default)
    )


def _put_in_place(table: str) -> None:
    for name in _COLUMNS[table]:
        op.drop_column(table, name)
        op.alter_column(table, f"{name}_moved", new_column_name=name)
        if _is_postgres():
            op.alter_column(table, name, server_default=None)


def _seal(keyring: Keyring, table: str, name: str, value: Any, seal_id: bytes) -> object:
    if name in _EMPTY_JSON:
        value = json.loads(value) if isinstance(value, str) else value
        value = json.dumps(value, ensure_ascii=False) if value else None
    least = _PADDED.get((table, name), 32)
    return None if value is None else keyring.seal(value, f"{table}.{name}", seal_id, least)


def _open(keyring: Keyring, table: str, name: str, value: Any, seal_id: bytes) -> object:
    text = keyring.open(bytes(value), f"{table}.{name}", seal_id) if value is not None else ""
    return text or _EMPTY_JSON.get(name, "")


def _change(table: str, convert: Any) -> None:
    bind, names = op.get_bind(), tuple(_COLUMNS[table])
    rows_of = sa.table(
        table,
        sa.column("id", sa.Integer()),
        sa.column("seal_id", sa.LargeBinary()),
        *(sa.column(name) for name in names),
        *(sa.column(f"{name}_moved") for name in names),
    )
    pages = sa.select(rows_of).order_by(rows_of.c.id).limit(_BATCH)
    last, keyring = None, None
    while rows := bind.execute(pages if last is None else pages.where(rows_of.c.id > last)).all():
        keyring = keyring or _keyring()
        for row in rows:
            seal_id = bytes(row.seal_id)
            values = {
                f"{name}_moved": convert(keyring, table, name, getattr(row, name), seal_id)
                for name in names
            }
            if convert is _seal:
                # Emptied as well: PostgreSQL leaves a dropped column's values where they lie.
                values |= {name: _EMPTY_JSON.get(name, "") for name in names}
            bind.execute(sa.update(rows_of).where(rows_of.c.id == row.id).values(values))
        last = rows[-1].id


def _keyring() -> Keyring:
    bind = op.get_bind()
    keyring = keyring_of(bind.dialect)
    row = bind.execute(sa.text("SELECT sealing, bound, look_ups, name FROM key_state")).first()
    if row:
        keyring.enter(KeyState(*row))
    return keyring


def _is_postgres() -> bool:
    return op.get_bind().dialect.name == "postgresql"
