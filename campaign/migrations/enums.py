"""Other values for a column that is an enum, on both databases, with its rows left in peace.

SQLite cannot alter a check; making the table anew would delete it first, and with it all that
hangs on it. Its manual (ALTER TABLE, "Making Other Kinds Of Table Schema Changes") allows to edit
the schema's text where what lies on the disk stays the same.
"""

from collections.abc import Sequence

from alembic import op


def change_values(
    table: str, column: str, name: str, before: Sequence[str], after: Sequence[str]
) -> None:
    """Let `column` hold `after` instead of `before`; `name` is the enum's class, in small letters.

    Rows must fit both. Raises ValueError where the check does not stand in SQLite's schema so.
    """
    old, new = (f"{column} IN ({', '.join(map(repr, values))})" for values in (before, after))
    change_check(table, name, old, new)


def change_check(table: str, name: str, old: str, new: str) -> None:
    """Put one check in the place of another. Raises ValueError where it does not stand so."""
    constraint = f"ck_{table}_{name}"
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {constraint} CHECK ({new})")
        return
    check = f"CONSTRAINT {constraint} CHECK"
    edit_schema(table, f"{check} ({old})", f"{check} ({new})")


def edit_schema(table: str, old: str, new: str) -> None:
    """Put one text for another in the schema of a table of SQLite; its rows must fit both.

    Raises ValueError where the text does not stand there, once.
    """
    connection = op.get_bind()
    schema = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?"
    text = connection.exec_driver_sql(schema, (table,)).scalar_one()
    if text.count(old) != 1:
        raise ValueError(f"{old} does not stand in {table} as it should")
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    connection.exec_driver_sql(
        "UPDATE sqlite_master SET sql = ? WHERE type = 'table' AND name = ?",
        (text.replace(old, new), table),
    )
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = RESET")
