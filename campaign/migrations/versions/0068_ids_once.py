"""SQLite gives no id again: the audit, mails and addresses know what is deleted by its id."""

import sqlalchemy as sa
from alembic import op

from campaign.migrations.enums import edit_schema

revision = "0068"
down_revision = "0067"
branch_labels = None
depends_on = None

_ENTRY = sa.table(
    "audit_entry",
    sa.column("action", sa.String()),
    sa.column("subject", sa.String()),
    sa.column("detail", sa.JSON()),
)
_KEY, _KEY_ONCE = "PRIMARY KEY (id)", "PRIMARY KEY (id AUTOINCREMENT)"
_OFFICIALS = ("campaign.targets", "campaign.successor")
"""Actions whose details name officials by their ids."""
_OTHER_NAMES = {"delivery": "delivery_attempt", "export": "data_export", "staff": "staff_user"}


def upgrade() -> None:
    """To this revision."""
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        return  # PostgreSQL's sequences never go back
    # The first such table makes the one in which SQLite counts.
    op.execute("CREATE TABLE first_of_its_kind (id INTEGER PRIMARY KEY AUTOINCREMENT)")
    op.execute("DROP TABLE first_of_its_kind")
    tables = _list_tables(_KEY)
    for table in tables:
        edit_schema(table, _KEY, _KEY_ONCE)
    named = _find_highest_named()
    for table in tables:
        there = connection.exec_driver_sql(f'SELECT max(id) FROM "{table}"').scalar() or 0  # noqa: S608
        highest = max(there, named.get(table, 0))
        connection.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
        connection.exec_driver_sql(
            "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, highest)
        )


def downgrade() -> None:
    """Back: SQLite takes the id after the highest there is."""
    if op.get_bind().dialect.name != "sqlite":
        return
    for table in _list_tables(_KEY_ONCE):
        edit_schema(table, _KEY_ONCE, _KEY)
    op.execute("DELETE FROM sqlite_sequence")


def _list_tables(key: str) -> list[str]:
    tables = op.get_bind().exec_driver_sql(
        "SELECT name, sql FROM sqlite_master WHERE type = 'table'"
    )
    return [name for name, text in tables if key in text and "\tid INTEGER NOT NULL" in text]


def _find_highest_named() -> dict[str, int]:
    """Find the highest id of each table that the audit names."""
    highest: dict[str, int] = {}
    for subject in op.get_bind().scalars(sa.select(_ENTRY.c.subject).distinct()):
        kind, _colon, ident = subject.partition(":")
        table = _OTHER_NAMES.get(kind, kind.replace("-", "_"))
        if ident.isascii() and ident.isdigit():
            highest[table] = max(highest.get(table, 0), int(ident))
    named = sa.select(_ENTRY.c.detail).where(_ENTRY.c.action.in_(_OFFICIALS))
    for detail in op.get_bind().scalars(named):
        ids = [*detail.get("officials", ()), detail.get("before"), detail.get("after")]
        numbers = [number for number in ids if isinstance(number, int)]
        highest["official"] = max([highest.get("official", 0), *numbers])
    return highest
