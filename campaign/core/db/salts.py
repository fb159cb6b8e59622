"""Chance that the database makes, a value for each row that a statement writes."""

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class new_salt(FunctionElement[bytes]):  # noqa: N801 — a function of SQL
    """16 bytes of chance, others in each row."""

    type = sa.LargeBinary()
    inherit_cache = True


@compiles(new_salt, "sqlite")
def _compile_for_sqlite(_salt: new_salt, _compiler: object, **_options: object) -> str:
    return "randomblob(16)"


@compiles(new_salt, "postgresql")
def _compile_for_postgresql(_salt: new_salt, _compiler: object, **_options: object) -> str:
    return "uuid_send(gen_random_uuid())"
