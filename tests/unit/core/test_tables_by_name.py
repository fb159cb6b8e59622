"""Tables are asked about by their models, nowhere by a name: a misspelt one would show too late."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.sources import search_modules

_BY_NAME = {"table", "column", "TableClause", "ColumnClause"}
_MAY_NAME = r"\b(text|execute|exec_driver_sql|table|column|tables|TableClause|ColumnClause)\b"
_WHO_MAY = {
    "models/bundle.py": "the time of an attempt’s visit: the module of visits imports this one",
    "commands/backup_archive.py": "an archive has tables of whatever version",
    "commands/newest_ids.py": "in what databases count with has no model",
    "core/db/turn_keys.py": "it takes tables and columns from the models, as bytes",
}


def _is_sql(node: ast.Call) -> bool:
    """Whether SQL is sent there, written out, that names a table."""
    if ast.unparse(node.func).rpartition(".")[2] not in {"text", "execute", "exec_driver_sql"}:
        return False
    texts = (constant.value for constant in ast.walk(node) if isinstance(constant, ast.Constant))
    words = " ".join(text for text in texts if isinstance(text, str)).casefold().split()
    return bool({"select", "insert", "update", "delete"} & {*words}) and bool(
        {"from", "into", "set"} & {*words}
    )


def _names_one(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        names = {alias.name for alias in node.names}
        return (node.module or "").startswith("sqlalchemy") and bool(_BY_NAME & names)
    if isinstance(node, ast.Attribute):
        of = ast.unparse(node.value).rpartition(".")[2]
        built = node.attr in _BY_NAME and of in {"sa", "sqlalchemy", "sql", "expression"}
        return built or (node.attr == "tables" and of == "metadata")
    return isinstance(node, ast.Call) and _is_sql(node)


def _named(source: str) -> Iterator[int]:
    """Line of each table or column that is called by a name."""
    for node in ast.walk(ast.parse(source)):
        if _names_one(node):
            yield getattr(node, "lineno", 0)


def test_no_table_is_asked_about_by_its_name() -> None:
    places = [
        f"{name}:{line}"
        for name, source in search_modules(_MAY_NAME)
        if name not in _WHO_MAY and not name.startswith("migrations/")
        for line in _named(source)
    ]
    assert not places, "Use the model of campaign/models instead: " + ", ".join(places)


@pytest.mark.parametrize(
    "planted",
    [
        "from sqlalchemy import column, select, table",
        "from sqlalchemy.sql.expression import TableClause",
        'sa.table("bundle", sa.column("id"))',
        'sqlalchemy.table("bundle")',
        'Base.metadata.tables["campaign"]',
        'campaign = db.Base.metadata.tables.get("campaign")',
        """session.execute(text("SELECT id FROM campaign WHERE status = 'open'"))""",
        """connection.execute(f"UPDATE {name} SET state = 'open'")""",
        'connection.exec_driver_sql("DELETE FROM letter")',
    ],
)
def test_each_way_is_found(planted: str) -> None:
    assert re.search(_MAY_NAME, planted)
    assert list(_named(planted))


@pytest.mark.parametrize(
    "allowed",
    [
        "from sqlalchemy import Column, Table, func, select",
        'row.column("hours")',
        "for table in Base.metadata.sorted_tables: pass",
        """Index("ix", "id", sqlite_where=text("state = 'open'"))""",
        'session.execute(text("SELECT pg_advisory_xact_lock(:key)"), lock)',
        'gettext("Update the address and set the day from which it holds")',
    ],
)
def test_what_names_no_table_is_let_be(allowed: str) -> None:
    assert not list(_named(allowed))
