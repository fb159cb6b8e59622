"""Lists of officials are read in their order from an index, namesakes too."""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_BEFORE = {
    "ix_official_country_name_key": ["country", "name_key"],
    "ix_official_name_key": ["name_key"],
}


def upgrade() -> None:
    """To this revision."""
    for name, columns in _BEFORE.items():
        op.drop_index(name, table_name="official")
        op.create_index(f"{name}_id", "official", [*columns, "id"])


def downgrade() -> None:
    """Back."""
    for name, columns in _BEFORE.items():
        op.drop_index(f"{name}_id", table_name="official")
        op.create_index(name, "official", columns)
