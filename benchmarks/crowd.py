"""A million signatures, so that pages are measured as they will be after a great action."""

import sqlite3
from pathlib import Path

_COPY = {"public_id": "lower(hex(randomblob(11)))", "email_hmac": "randomblob(32)"}
_EMPTY = {"token_digest", "token_expires_at"}


def grow(database: Path, size: int) -> int:
    """Copy confirmed signatures and their letters until there are `size`; gives how many there are.

    What is sealed is copied as it is: only what must be unique is made anew.
    """
    connection = sqlite3.connect(database, timeout=60)
    try:
        with connection:
            columns = _columns(connection, "signature")
            there = connection.execute("SELECT count(*), max(id) FROM signature").fetchone()
            missing = max(size - there[0], 0)
            values = ", ".join(_value(name) for name in columns)
            connection.execute(
                f"INSERT INTO signature ({', '.join(columns)}) "
                "WITH RECURSIVE many(n) AS "
                "(SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < ?) "
                f"SELECT {values} FROM many JOIN signature AS one ON one.id = "
                f"(SELECT id FROM signature WHERE state = 'confirmed' ORDER BY id DESC LIMIT 1)",
                (missing,),
            )
            connection.execute(
                "INSERT INTO letter (public_id, signature_id, target_id, template_id) "
                "SELECT lower(hex(randomblob(11))), s.id, l.target_id, l.template_id "
                "FROM signature s JOIN letter l ON l.id = (SELECT max(id) FROM letter) "
                "WHERE s.id > ?",
                (there[1],),
            )
        connection.execute("ANALYZE")
        return int(connection.execute("SELECT count(*) FROM signature").fetchone()[0])
    finally:
        connection.close()


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[1] != "id"]


def _value(name: str) -> str:
    if name in _EMPTY:
        return "NULL"
    return _COPY.get(name, f"one.{name}")
