"""Alembic's environment: `campaign db` runs it with a connection of its own."""

from alembic import context

import campaign.models  # noqa: F401 — every table must be known
from campaign.core.db import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
