"""Which ids a database has given, so that no id is given again once a backup is restored.

Entries of the audit, mails and addresses name what is deleted by its id.
"""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, Table, func, select, text

from campaign.core import audit

_COUNTING = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'"
_GIVEN = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = current_schema()"


def list_newest_ids(connection: Connection) -> dict[str, int]:
    """List the newest id that each table has given, as far as the database counts."""
    if connection.dialect.name == "postgresql":
        given = connection.execute(text(_GIVEN))
        return {name.removesuffix("_id_seq"): newest for name, newest in given if newest}
    if not connection.scalars(text(_COUNTING)).all():  # before migration 0068
        return {}
    counters = connection.execute(text("SELECT name, seq FROM sqlite_sequence"))
    return {name: newest for name, newest in counters if newest}


def continue_ids(
    connection: Connection, tables: Iterable[Table], newest_ids: Mapping[str, int]
) -> None:
    """Have new rows follow those that are there, those given before, and what the audit names."""
    is_postgres = connection.dialect.name == "postgresql"
    counting = set() if is_postgres else set(connection.scalars(text(_COUNTING)))
    named = audit.find_highest_ids(connection)
    for table in tables:
        if "id" not in table.columns:
            continue
        there = connection.scalar(select(func.max(table.c.id))) or 0
        newest = max(there, newest_ids.get(table.name, 0), named.get(table.name, 0))
        values = {"name": table.name, "id": newest}
        if is_postgres:
            sequence = "pg_get_serial_sequence(quote_ident(:name), 'id')"
            # Called, also where nothing is added: else the next backup would not know it.
            given = f"SELECT setval({sequence}, greatest(:id, 1), :id > 0)"
            connection.execute(text(given), values)
        elif table.name in counting:
            connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), values)
            connection.execute(text("INSERT INTO sqlite_sequence VALUES (:name, :id)"), values)
