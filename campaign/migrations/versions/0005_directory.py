"""Imports into the directory, and what it knows of missions and officials."""

import json

import sqlalchemy as sa
from alembic import op

from campaign.core.text.search_words import name_key, search_text

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "post",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("key", sa.String(length=250), nullable=False),
        sa.Column("label", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_post")),
        sa.UniqueConstraint("country", "key", name=op.f("uq_post_country_key")),
        sa.UniqueConstraint("public_id", name=op.f("uq_post_public_id")),
    )
    op.create_table(
        "told_apart",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("first", sa.String(length=22), nullable=False),
        sa.Column("second", sa.String(length=22), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_told_apart")),
        sa.UniqueConstraint("first", "second", name=op.f("uq_told_apart_first_second")),
    )
    op.create_table(
        "directory_import",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column(
            "directory",
            sa.Enum(
                "officials",
                "missions",
                name="directory",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.LargeBinary(), nullable=False),
        sa.Column("storage_key", sa.String(length=60), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "uploaded",
                "rehearsing",
                "ready",
                "applying",
                "applied",
                "failed",
                name="importstate",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("failure", sa.LargeBinary(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"],
            ["staff_user.id"],
            name=op.f("fk_directory_import_owner_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directory_import")),
        sa.UniqueConstraint("public_id", name=op.f("uq_directory_import_public_id")),
    )
    op.create_index(
        op.f("ix_directory_import_expires_at"), "directory_import", ["expires_at"], unique=False
    )
    op.create_index(
        op.f("ix_directory_import_owner_id"), "directory_import", ["owner_id"], unique=False
    )
    op.create_table(
        "membership",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("official_id", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["official_id"],
            ["official.id"],
            name=op.f("fk_membership_official_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_membership_post_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
    )
    op.create_index(op.f("ix_membership_official_id"), "membership", ["official_id"], unique=False)
    op.create_index(op.f("ix_membership_post_id"), "membership", ["post_id"], unique=False)
    op.create_table(
        "directory_import_row",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column(
            "verdict",
            sa.Enum(
                "added",
                "changed",
                "left",
                "refused",
                name="verdict",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("detail", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["directory_import.id"],
            name=op.f("fk_directory_import_row_import_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directory_import_row")),
    )
    op.create_index(
        "ix_directory_import_row_import_id_verdict",
        "directory_import_row",
        ["import_id", "verdict", "id"],
        unique=False,
    )
    op.create_index(
        "ix_contact_detail_type_value", "contact_detail", ["type", "value"], unique=False
    )
    op.add_column(
        "mission", sa.Column("hours", sa.String(length=300), nullable=False, server_default="")
    )
    op.add_column("mission", sa.Column("door_notes", sa.LargeBinary(), nullable=True))
    op.add_column("mission", sa.Column("search", sa.Text(), nullable=False, server_default=""))
    op.create_index(
        "ix_mission_host_country_sending_country",
        "mission",
        ["host_country", "sending_country", "slug"],
        unique=False,
    )
    op.create_index(
        "ix_mission_sending_country_host_country",
        "mission",
        ["sending_country", "host_country", "slug"],
        unique=False,
    )
    op.add_column("official", sa.Column("left_on", sa.Date(), nullable=True))
    op.add_column(
        "official", sa.Column("source_id", sa.String(length=60), nullable=False, server_default="")
    )
    op.add_column(
        "official", sa.Column("name_key", sa.String(length=200), nullable=False, server_default="")
    )
    op.add_column("official", sa.Column("search", sa.Text(), nullable=False, server_default=""))
    op.create_index(
        "ix_official_country_name_key", "official", ["country", "name_key"], unique=False
    )
    op.create_index(op.f("ix_official_name_key"), "official", ["name_key"], unique=False)
    op.create_index(op.f("ix_official_source_id"), "official", ["source_id"], unique=False)

    _note_words()


def downgrade() -> None:
    """Back."""
    op.drop_table("directory_import_row")
    op.drop_table("membership")
    op.drop_table("directory_import")
    op.drop_table("told_apart")
    op.drop_table("post")
    op.drop_index("ix_contact_detail_type_value", table_name="contact_detail")
    for name in ("ix_official_country_name_key", "ix_official_name_key", "ix_official_source_id"):
        op.drop_index(name, table_name="official")
    for name in ("left_on", "source_id", "name_key", "search"):
        op.drop_column("official", name)
    for name in ("host_country_sending_country", "sending_country_host_country"):
        op.drop_index(f"ix_mission_{name}", table_name="mission")
    for name in ("hours", "door_notes", "search"):
        op.drop_column("mission", name)


def _note_words() -> None:
    """What rows from before are ordered and searched by."""
    unit = op.get_bind()
    for row in unit.execute(sa.text("SELECT * FROM official")).mappings().all():
        office = _words(row["office"])
        texts = (row[name] for name in ("name", "given_name", "family_name", "locality"))
        said = search_text(row["slug"], *texts, words=office, countries=[row["country"]])
        unit.execute(
            sa.text("UPDATE official SET name_key = :key, search = :said WHERE id = :id"),
            {"key": name_key(row["name"], office, row["slug"]), "said": said, "id": row["id"]},
        )
    for row in unit.execute(sa.text("SELECT * FROM mission")).mappings().all():
        countries = [row["sending_country"], row["host_country"]]
        places = (row["locality"], row["head_of_mission"])
        said = search_text(row["slug"], *places, words=_words(row["name"]), countries=countries)
        unit.execute(
            sa.text("UPDATE mission SET search = :said WHERE id = :id"),
            {"said": said, "id": row["id"]},
        )


def _words(kept: str | dict[str, str]) -> dict[str, str]:
    """Raw SQL gives JSON as text on SQLite."""
    return json.loads(kept) if isinstance(kept, str) else kept
